package progress

import "time"

// window is over how long the rate is measured. A run gets slower and faster: limits are lowered and
// raised, and links from one side of a relation need more calls than those from the other. What it
// did at its start says little about what is left.
const window = time.Minute

// sampleEvery is how often the count is noted at the most.
const sampleEvery = time.Second

// meter measures how fast a count grows.
type meter struct {
	samples []sample // the first is the last one that is older than the window, if there is one
}

type sample struct {
	at   time.Time
	done int
}

// newMeter gives a meter that begins now, at a count of 0.
func newMeter() *meter { return &meter{samples: []sample{{at: time.Now()}}} }

// note notes the count.
func (m *meter) note(done int) {
	now := time.Now()
	if now.Sub(m.samples[len(m.samples)-1].at) >= sampleEvery {
		m.samples = append(m.samples, sample{now, done})
	}
	for len(m.samples) > 1 && now.Sub(m.samples[1].at) >= window {
		m.samples = m.samples[1:]
	}
}

// rate is how much a second the count has grown in the last minute.
func (m *meter) rate(done int) float64 {
	first := m.samples[0]
	elapsed := time.Since(first.at)
	if elapsed <= 0 {
		return 0
	}
	return float64(done-first.done) / elapsed.Seconds()
}
