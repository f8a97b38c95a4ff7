package report

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Where there is no terminal, a long run must not fill a log: lines come at 10, 30, 70, 150 s, … and then every 5 minutes.
func TestProgressWithoutATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		p := StartProgress(&out, false, false, func() Moment { return Moment{Done: 250, Total: 1000, Failed: 2, InFlight: 3, Slots: 5} })
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if got, want := out.String(), "250 of 1,000 links · 25/s · 30 s left · 2 failed, 3 calls in flight of 5 allowed\n"; got != want {
			t.Errorf("after 25 s %q, want %q", got, want)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := strings.Count(out.String(), "\n"); n < 10 || n > 20 {
			t.Errorf("%d lines in an hour", n)
		}
		p.Stop()
	})
}

func TestProgressBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		p := StartProgress(&out, true, false, func() Moment { return Moment{Done: 250, Total: 1000} })
		time.Sleep(time.Second)
		synctest.Wait()
		p.Above(func() { _, _ = out.Write([]byte("a note\n")) })
		time.Sleep(time.Second)
		p.Stop()
		frames := strings.Split(out.String(), "\r")
		for _, frame := range frames {
			if strings.Contains(frame, "a note") && strings.Contains(frame, "links") {
				t.Errorf("a note stands in the line of the bar: %q", frame)
			}
			if n := len([]rune(frame)); n > 80+len("a note\n") {
				t.Errorf("a frame has %d characters: %q", n, frame)
			}
		}
		if last := strings.TrimSpace(frames[len(frames)-1]); last != "" {
			t.Errorf("the bar's line is not empty at the end: %q", last)
		}
	})
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 10_000_000: "10,000,000"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) is %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		time.Millisecond:             "under 1 s",
		59 * time.Second:             "59 s",
		61 * time.Second:             "1 min 1 s",
		26*time.Hour + 3*time.Minute: "26 h 3 min",
		75 * time.Hour:               "3 days 3 h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) is %q, want %q", d, got, want)
		}
	}
}
