// Package progress shows how a run goes on: as a bar on a terminal, elsewhere as a line now and
// then.
package progress

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"delink/pkg/crash"
)

// Moment is the state of a run at one moment.
type Moment struct {
	Done     int    // links that got an outcome in this run
	Total    int    // links that this run has to send; 0 if that is not known
	Failed   int    // links of the input that are failed or unknown
	InFlight int    // calls in flight
	Slots    int    // calls that may be in flight now
	Unit     string // what is counted; empty for links
}

// Screen is a terminal whose last line can be replaced. Its methods must not wait for the terminal.
type Screen interface {
	Width() int          // columns
	Replace(line string) // draws a line in place of the line before; an empty line draws nothing
}

const (
	framesPerSecond = 5
	firstLine       = 10 * time.Second
	longestPause    = 5 * time.Minute // between two lines
	lookEvery       = 5 * time.Second // where there are lines

	barWidth     = 20 // columns of the bar alone
	percentWidth = 8  // columns of " 100% " and of the cursor
)

// Progress shows a run until Stop.
type Progress struct {
	stop    chan struct{}
	stopped chan struct{}
}

// StartBar begins to draw a bar on a terminal, five times a second. look returns the state of the
// run.
func StartBar(screen Screen, look func() Moment) *Progress {
	meter := newMeter()
	bar := newBar(look().Total)
	draw := func() {
		m := look()
		meter.note(m.Done)
		screen.Replace(bar.frame(m, meter.rate(m.Done), screen.Width()))
	}
	return start(draw, time.Second/framesPerSecond, func() { screen.Replace("") })
}

// StartLines begins to call say with a line after 10 s, 30 s, 70 s and so on of the run, and later
// every five minutes. The pauses grow so that a long run does not fill a log.
func StartLines(say func(m Moment, text string), look func() Moment) *Progress {
	meter := newMeter()
	pause, next := firstLine, time.Now().Add(firstLine)
	line := func() {
		m := look()
		meter.note(m.Done)
		if time.Now().Before(next) {
			return
		}
		say(m, m.line(meter.rate(m.Done)))
		pause = min(2*pause, longestPause)
		next = next.Add(pause)
	}
	return start(line, lookEvery, func() {})
}

// start begins to call show at even distances until Stop, and then calls end.
func start(show func(), every time.Duration, end func()) *Progress {
	p := &Progress{stop: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer crash.Guard()
		defer close(p.stopped)
		defer end()
		next := time.NewTicker(every)
		defer next.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-next.C:
				show()
			}
		}
	}()
	return p
}

// Stop ends the display. The bar's line is empty afterwards.
func (p *Progress) Stop() {
	close(p.stop)
	<-p.stopped
}

// bar makes the frames of a progress bar. Package progressbar draws a frame whenever the count or
// the text changes, and so one frame with the new count beside the old text. Its output is thrown
// away for this reason, and frame returns the state after both changes.
type bar struct{ *progressbar.ProgressBar }

func newBar(total int) bar {
	return bar{progressbar.NewOptions64(int64(max(1, total)),
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionSetWidth(barWidth),
		progressbar.OptionSetPredictTime(false), // Moment counts from the start of this run
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionThrottle(0),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "", BarEnd: ""}),
	)}
}

// frame returns the bar at one moment, no wider than the terminal.
func (b bar) frame(m Moment, rate float64, width int) string {
	_ = b.Set64(int64(min(m.Done, b.GetMax())))
	room := width - barWidth - percentWidth
	if m.Total == 0 || room < len("100 of 100 links") { // nothing to draw, or too narrow for a bar beside the numbers
		return m.describe(rate, width-1)
	}
	b.Describe(m.describe(rate, room))
	return fit(trimFrame(b.String()), width-1)
}
