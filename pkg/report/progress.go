package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Moment is what progress shows of a run at one moment.
type Moment struct {
	Done     int // links of this run with an outcome
	Total    int // links that this run has to send
	Failed   int // failed or unknown
	InFlight int // calls
	Slots    int // calls in flight that are allowed at the moment
}

// Progress shows how a run goes on: a bar on a terminal, else a line now and then. What else is to
// be written to the same place goes through Above.
type Progress struct {
	w       io.Writer
	look    func() Moment
	bar     *progressbar.ProgressBar
	every   time.Duration
	started time.Time

	mu   sync.Mutex // of w
	quit chan struct{}
	done chan struct{}
}

const (
	frames      = 5 // of the bar, a second
	firstLine   = 10 * time.Second
	mostBetween = 5 * time.Minute

	barWidth     = 20 // characters
	percentWidth = 8  // "  100% " and the cursor
)

// StartProgress shows what look tells until Stop. terminal says whether w is one.
func StartProgress(w io.Writer, terminal, color bool, look func() Moment) *Progress {
	p := &Progress{w: w, look: look, started: time.Now(), quit: make(chan struct{}), done: make(chan struct{}), every: firstLine}
	if terminal {
		p.every = time.Second / frames
		p.bar = progressbar.NewOptions64(int64(max(1, look().Total)),
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetWidth(barWidth),
			progressbar.OptionEnableColorCodes(color),
			progressbar.OptionSetPredictTime(false), // of ours, counted from this run's start
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionThrottle(0),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "", BarEnd: ""}),
		)
	}
	go p.show()
	return p
}

func (p *Progress) show() {
	defer close(p.done)
	next := time.NewTimer(p.every)
	defer next.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-next.C:
			p.frame()
			if p.bar == nil { // 10 s, 20 s, 40 s, … of a run: a long one does not fill a log
				p.every = min(2*p.every, mostBetween)
			}
			next.Reset(p.every)
		}
	}
}

func (p *Progress) frame() {
	m := p.look()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		fmt.Fprintln(p.w, m.line(time.Since(p.started)))
		return
	}
	p.bar.Describe(fit(m.describe(time.Since(p.started)), p.width()-barWidth-percentWidth))
	_ = p.bar.Set64(int64(min(m.Done, max(1, m.Total)))) // draws
}

// width is how many characters fit into a line of the terminal, which can change.
func (p *Progress) width() int {
	if f, ok := p.w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 80
}

// fit cuts a text to so many characters: a line that wraps cannot be drawn over.
func fit(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:max(0, most-1)]) + "…"
}

// Above has something written above the bar, whole.
func (p *Progress) Above(write func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	write()
}

// Stop ends it, and leaves the bar's line empty for what comes.
func (p *Progress) Stop() {
	close(p.quit)
	<-p.done
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (m Moment) rate(elapsed time.Duration) float64 {
	if elapsed <= 0 {
		return 0
	}
	return float64(m.Done) / elapsed.Seconds()
}

// eta is how long the rest takes at the rate of this run so far.
func (m Moment) eta(elapsed time.Duration) string {
	r := m.rate(elapsed)
	if r == 0 {
		return "time left unknown"
	}
	return Duration(time.Duration(float64(m.Total-m.Done)/r*float64(time.Second))) + " left"
}

func (m Moment) describe(elapsed time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s links · %s/s · %s", Number(m.Done), Number(m.Total), Number(int(m.rate(elapsed))), m.eta(elapsed))
	if m.Failed > 0 {
		fmt.Fprintf(&b, " · %s failed", Number(m.Failed))
	}
	return b.String()
}

func (m Moment) line(elapsed time.Duration) string {
	return fmt.Sprintf("%s, %d calls in flight of %d allowed", m.describe(elapsed), m.InFlight, m.Slots)
}

// Number writes a count with commas between the thousands.
func Number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Duration writes a time in the two units that matter.
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return "under 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
}
