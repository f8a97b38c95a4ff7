package progress

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Where there is no terminal, a long run must not fill a log: lines come at 10, 30, 70, 150 s, …
// and then every five minutes.
func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var at []time.Duration
		var texts []string
		p := StartLines(func(m Moment, text string) {
			at, texts = append(at, time.Since(begun)), append(texts, text)
		}, func() Moment { return Moment{Done: 250, Total: 1000, Failed: 2, InFlight: 3, Slots: 5} })
		time.Sleep(21 * time.Minute)
		p.Stop()
		if want := "250 of 1,000 links · 25/s · 30 s left · 2 failed, 3 calls in flight of 5 allowed"; texts[0] != want {
			t.Errorf("the first line is %q, want %q", texts[0], want)
		}
		s := time.Second
		want := []time.Duration{10 * s, 30 * s, 70 * s, 150 * s, 310 * s, 610 * s, 910 * s, 1210 * s}
		if !slices.Equal(at, want) {
			t.Errorf("lines came after %v, want %v", at, want)
		}
		time.Sleep(time.Hour)
		if len(at) != len(want) {
			t.Error("a line came after Stop")
		}
	})
}

// What is looked for has no total before all of it is found: there is no bar, and no time left.
func TestUnknownTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := &frames{columns: 80}
		p := StartBar(screen, func() Moment { return Moment{Done: 600, Unit: "parent records found"} })
		time.Sleep(time.Second + time.Millisecond)
		p.Stop()
		if got, want := screen.drawn[4], "600 parent records found · 600/s"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// frames is a terminal that remembers what was drawn.
type frames struct {
	columns int
	drawn   []string
}

func (f *frames) Width() int          { return f.columns }
func (f *frames) Replace(line string) { f.drawn = append(f.drawn, line) }

// Every frame has the numbers and the percentage of one moment.
func TestBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := &frames{columns: 80}
		looks := 0
		p := StartBar(screen, func() Moment {
			looks++
			n := max(0, looks-2) // before the first frame there is a look for the total
			return Moment{Done: 2500 * n, Total: 10_000, Failed: max(0, n-1)}
		})
		time.Sleep(time.Second + time.Millisecond)
		p.Stop()
		want := []string{
			"0 of 10,000 links · 0/s · time left unknown   0% ░░░░░░░░░░░░░░░░░░░░",
			"2,500 of 10,000 links · 6,250/s · 1 s left  25% █████░░░░░░░░░░░░░░░",
			"5,000 of 10,000 links · under 1 s left · 1 failed  50% ██████████░░░░░░░░░░",
			"7,500 of 10,000 links · under 1 s left · 2 failed  75% ███████████████░░░░░",
			"10,000 of 10,000 links · under 1 s left · 3 failed 100% ████████████████████",
			"",
		}
		if !slices.Equal(screen.drawn, want) {
			t.Errorf("drawn was\n%s\nwant\n%s", strings.Join(screen.drawn, "\n"), strings.Join(want, "\n"))
		}
		time.Sleep(time.Minute)
		if len(screen.drawn) != len(want) {
			t.Error("a frame was drawn after Stop")
		}
	})
}

// A frame that is as wide as the terminal would wrap, and could not be drawn over.
func TestBarFits(t *testing.T) {
	m := Moment{Done: 1_234_567, Total: 10_000_000, Failed: 4321}
	for _, columns := range []int{0, 1, 10, 40, 80, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			frame := newBar(m.Total).frame(m, 342.9, columns)
			if n := len([]rune(frame)); n > max(0, columns-1) {
				t.Errorf("the frame has %d characters: %q", n, frame)
			}
			if columns >= 40 && !strings.HasPrefix(frame, "1,234,567 of 10,000,000 links") {
				t.Errorf("the frame does not show the numbers: %q", frame)
			}
		})
	}
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

// The estimate is that of the last minute: a run that has become slow says so, and one that stands
// still does not know when it ends.
func TestRateOfTheLastMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		done := func() int { // 100 a second for two minutes, then 10, then none
			s := int(time.Since(begun) / time.Second)
			return 100*min(s, 120) + 10*min(max(s-120, 0), 180)
		}
		texts := map[int]string{}
		p := StartLines(func(_ Moment, text string) { texts[int(time.Since(begun)/time.Second)] = text }, func() Moment { return Moment{Done: done(), Total: 20_000} })
		time.Sleep(20 * time.Minute)
		p.Stop()
		for at, want := range map[int]string{70: "· 100/s ·", 310: "· 8/s ·", 610: "· time left unknown"} {
			if !strings.Contains(texts[at], want) {
				t.Errorf("after %d s: %q, want %q", at, texts[at], want)
			}
		}
	})
}
