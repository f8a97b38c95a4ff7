// Package progress shows how a run goes on: as a bar on a terminal, elsewhere as a line now and
// then.
package progress

import (
	"io"
	"strings"
	"time"
	"unicode/utf8"

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
	Verb     string // what is done with them, where the line has room for it: found
	Stopping bool   // nothing more is sent, and the run ends when the calls in flight have ended
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
	lookEvery       = sampleEvery     // where there are lines

	mostBlocks  = 20 // columns of the bar alone
	leastBlocks = 5  // a bar with fewer shows nothing that the percentage does not
)

// Progress shows a run until Stop.
type Progress struct {
	stop    chan struct{}
	stopped chan struct{}
}

// StartBar begins to draw a bar on a terminal, five times a second. look returns the state of the
// run.
func StartBar(screen Screen, look func() Moment) *Progress {
	meter, bar := newMeter(), new(bar)
	draw := func() {
		m := look()
		meter.note(m.Done)
		screen.Replace(bar.frame(m, meter.pace(), screen.Width()))
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
		say(m, m.line(meter.pace()))
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
// away for this reason, and draw returns the state after both changes.
type bar struct {
	drawn         *progressbar.ProgressBar // nil before the first frame that has blocks
	total, blocks int                      // of drawn
}

// frame returns the bar at one moment, no wider than the terminal. Where there is not room for
// everything, the blocks are left out first: see Moment.forms for what follows.
func (b *bar) frame(m Moment, speed pace, width int) string {
	room := width - 1 // a line that is as wide as the terminal would wrap, and could not be drawn over
	forms := m.forms(speed)
	if blocks := room - utf8.RuneCountInString(forms[0]) - len(" "); m.Total > 0 && blocks >= leastBlocks {
		return b.draw(m, strings.TrimSuffix(forms[0], m.share()), min(blocks, mostBlocks))
	}
	return longest(forms, room)
}

// draw returns a frame with a text, the share that is done, and so many blocks.
func (b *bar) draw(m Moment, text string, blocks int) string {
	if b.drawn == nil || b.total != m.Total || b.blocks != blocks {
		b.total, b.blocks = m.Total, blocks
		b.drawn = progressbar.NewOptions64(int64(m.Total),
			progressbar.OptionSetWriter(io.Discard),
			progressbar.OptionSetWidth(blocks),
			progressbar.OptionSetPredictTime(false), // Moment counts from the start of this run
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionThrottle(0),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "", BarEnd: ""}),
		)
	}
	_ = b.drawn.Set64(int64(min(m.Done, m.Total)))
	b.drawn.Describe(text)
	return trimFrame(b.drawn.String())
}
