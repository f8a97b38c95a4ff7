package progress

import (
	"slices"
	"time"
)

// window is over how long the rate is measured. A run gets slower and faster: limits are lowered and
// raised, and links from one side of a relation need more calls than those from the other. What it
// did at its start says little about what is left.
const window = time.Minute

// sampleEvery is how often the count is noted at the most.
const sampleEvery = time.Second

// What there has to be before it is said how much time is left. The first links are often sent alone,
// as a trial, and nothing is answered before the first answer: what comes before it would make hours
// of seconds.
const (
	leastMeasured = 5 * time.Second  // after the first answer
	mostMeasured  = 30 * time.Second // is enough, however long the first answer took
	leastAnswers  = 3                // after the first one
	steady        = 1.5              // as fast as this, or as slow, in the later half
)

// meter measures how fast a count grows.
type meter struct {
	samples []sample // the first is the last one that is older than the window, if there is one
	begun   time.Time
	first   sample // when the count grew for the first time; its time is zero before
	last    int    // the count
	answers int    // how often it was seen to grow after the first time
	enough  bool   // was measured to say how long the rest takes
}

type sample struct {
	at   time.Time
	done int
}

// pace is how fast a count grows.
type pace struct {
	rate   float64 // a second
	enough bool    // was measured to say how long the rest takes
}

// newMeter gives a meter that begins now, at a count of 0.
func newMeter() *meter {
	now := time.Now()
	return &meter{samples: []sample{{at: now}}, begun: now}
}

// note notes the count.
func (m *meter) note(done int) {
	now := time.Now()
	grew := done > m.last
	m.last = done
	switch {
	case grew && m.first.at.IsZero():
		m.first = sample{now, done}
	case grew:
		m.answers++
	}
	if now.Sub(m.samples[len(m.samples)-1].at) >= sampleEvery {
		m.samples = append(m.samples, sample{now, done})
	}
	if !m.enough && m.isEnough(now) {
		m.enough = true
		m.samples = slices.Insert(m.afterFirst(), 0, m.first)
	}
	for len(m.samples) > 1 && now.Sub(m.samples[1].at) >= window {
		m.samples = m.samples[1:]
	}
}

// isEnough reports whether enough was measured to say how long the rest takes: for as long as the
// first answer took, and at a speed that is about the same by now. A run that begins with some
// batches one at a time is slow at first.
func (m *meter) isEnough(now time.Time) bool {
	if m.first.at.IsZero() || m.answers < leastAnswers {
		return false
	}
	measured := now.Sub(m.first.at)
	if measured >= window {
		return true
	}
	if measured < min(max(m.first.at.Sub(m.begun), leastMeasured), mostMeasured) {
		return false
	}
	middle := m.first
	for _, s := range m.afterFirst() {
		if s.at.Sub(m.first.at) <= measured/2 {
			middle = s
		}
	}
	all, later := m.since(m.first, now), m.since(middle, now)
	return later <= all*steady && all <= later*steady
}

// afterFirst gives the samples after the first answer.
func (m *meter) afterFirst() []sample {
	i := slices.IndexFunc(m.samples, func(s sample) bool { return s.at.After(m.first.at) })
	if i < 0 {
		return nil
	}
	return m.samples[i:]
}

func (m *meter) since(s sample, now time.Time) float64 {
	if !now.After(s.at) {
		return 0
	}
	return float64(m.last-s.done) / now.Sub(s.at).Seconds()
}

// pace is how fast the count has grown in the last minute.
func (m *meter) pace() pace { return pace{m.since(m.samples[0], time.Now()), m.enough} }
