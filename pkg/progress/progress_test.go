package progress

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
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
		}, func() Moment {
			return Moment{Done: 25 * int(time.Since(begun)/time.Second), Total: 1000, Failed: 2, InFlight: 3, Slots: 5}
		})
		time.Sleep(21 * time.Minute)
		p.Stop()
		if want := "250 of 1,000 links · 25/s · 30 s left · 2 failed, 3 open calls, 5 allowed"; texts[0] != want {
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
		p := StartBar(screen, func() Moment { return Moment{Done: 600, Unit: "parent records", Verb: "found"} })
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
			n := looks
			looks++
			return Moment{Done: 2500 * n, Total: 10_000, Failed: max(0, n-1)}
		})
		time.Sleep(time.Second + time.Millisecond)
		p.Stop()
		want := []string{
			"0 of 10,000 links · 0/s   0% ░░░░░░░░░░░░░░░░░░░░",
			"2,500 of 10,000 links · 6,250/s  25% █████░░░░░░░░░░░░░░░",
			"5,000 of 10,000 links · 8,333/s · 1 failed  50% ██████████░░░░░░░░░░",
			"7,500 of 10,000 links · 9,375/s · 2 failed  75% ███████████████░░░░░",
			"10,000 of 10,000 links · 10,000/s · 3 failed 100% ████████████████████",
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

// moments draws states of a run, of every size that a counter can have.
var moments = rapid.Custom(func(t *rapid.T) Moment {
	size := rapid.SampledFrom([]int{0, 1, 9, 1000, 99_999, 10_000_000})
	m := Moment{
		Done: size.Draw(t, "done"), Total: size.Draw(t, "total"), Failed: size.Draw(t, "failed"),
		InFlight: rapid.IntRange(0, 25).Draw(t, "in flight"), Slots: 25, Stopping: rapid.Bool().Draw(t, "stopping"),
	}
	if rapid.Bool().Draw(t, "parents") {
		m.Unit, m.Verb = "parent records", "counted"
	}
	return m
})

// A frame that is as wide as the terminal would wrap, and could not be drawn over. From 40 columns
// up, failures and the time left, if it is known, are in every frame: as they stand in the widest
// one. A run that stops tells how many calls it waits for in place of the time.
func TestBarFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := moments.Draw(t, "moment")
		rate := pace{rapid.SampledFrom([]float64{0, 1e-9, 0.01, 1, 342.9, 99_999}).Draw(t, "rate"), rapid.Bool().Draw(t, "enough")}
		columns := rapid.IntRange(0, 250).Draw(t, "columns")
		frame := new(bar).frame(m, rate, columns)
		if n := len([]rune(frame)); n > max(0, columns-1) {
			t.Fatalf("the frame has %d characters: %q", n, frame)
		}
		if columns < 40 {
			return
		}
		widest := new(bar).frame(m, rate, 1000)
		for _, part := range strings.FieldsFunc(widest, func(r rune) bool { return strings.ContainsRune("·,;█░%", r) }) {
			part = strings.TrimRight(part, " 0123456789") // the percentage stands behind the last part
			part = strings.TrimSpace(part)
			if (strings.HasSuffix(part, " failed") || strings.Contains(part, "left") && rate.enough) && !strings.Contains(frame, part) {
				t.Fatalf("%d columns: %q is not in %q", columns, part, frame)
			}
		}
		for what, is := range map[string]bool{
			Number(m.Failed) + " failed": m.Failed > 0,
			" left":                      m.Total > 0 && rate.enough && !m.Stopping,
			Number(m.InFlight) + " open": m.Stopping && m.InFlight > 0,
		} {
			if is != strings.Contains(" "+frame, what) {
				t.Fatalf("%d columns: %q is in the frame: %v, want %v: %q", columns, what, !is, is, frame)
			}
		}
	})
}

// What a frame loses first: the blocks, the rate, the percentage, the numbers. At 80 columns a run
// with failures loses nothing.
func TestBarOfSeveralWidths(t *testing.T) {
	running := Moment{Done: 12_345, Total: 50_000, Failed: 43, InFlight: 20, Slots: 20}
	large := Moment{Done: 1_234_567, Total: 10_000_000, Failed: 4321}
	counted := Moment{Done: 2, Total: 30, Unit: "parent records", Verb: "counted"}
	stopping := running
	stopping.Stopping = true
	for _, c := range []struct {
		name    string
		m       Moment
		columns int
		want    string
	}{
		{"running", running, 200, "12,345 of 50,000 links · 342/s · 1 min 49 s left · 43 failed  24% ████░░░░░░░░░░░░░░░░"},
		{"running", running, 80, "12,345 of 50,000 links · 342/s · 1 min 49 s left · 43 failed  24% ███░░░░░░░░░░"},
		{"running", running, 70, "12,345 of 50,000 links · 342/s · 1 min 49 s left · 43 failed  24%"},
		{"running", running, 60, "12,345 of 50,000 links · 1 min 49 s left · 43 failed  24%"},
		{"running", running, 55, "12,345 of 50,000 links · 1 min 49 s left · 43 failed"},
		{"running", running, 50, "12,345 of 50,000 · 1 min 49 s left · 43 failed"},
		{"running", running, 40, "24% · 1 min 49 s left · 43 failed"},
		{"large", large, 80, "1,234,567 of 10,000,000 links · 342/s · 7 h 6 min left · 4,321 failed  12%"},
		{"large", large, 60, "1,234,567 of 10,000,000 · 7 h 6 min left · 4,321 failed"},
		{"large", large, 40, "12% · 7 h 6 min left · 4,321 failed"},
		{"counted", counted, 60, "2 of 30 parent records counted · 342/s · 1 s left   6%"},
		{"counted", counted, 40, "2 of 30 parent records · 1 s left"},
		{"stopping", stopping, 200, "12,345 of 50,000 links · finishing 20 open calls, then stopping · 43 failed  24% ████░░░░░░░░░░░░░░░░"},
		{"stopping", stopping, 80, "12,345 of 50,000 links · finishing 20 open calls, then stopping · 43 failed"},
		{"stopping", stopping, 60, "finishing 20 open calls, then stopping · 43 failed"},
		{"stopping", stopping, 40, "finishing 20 open calls · 43 failed"},
	} {
		if got := new(bar).frame(c.m, pace{342.9, true}, c.columns); got != c.want {
			t.Errorf("%s, %d columns:\n%q, want\n%q", c.name, c.columns, got, c.want)
		}
	}
}

// A run that stops may wait for no call, but for the disk.
func TestBarOfAStopWithoutCalls(t *testing.T) {
	m := Moment{Done: 12_345, Total: 50_000, Failed: 43, Stopping: true}
	for columns, want := range map[int]string{54: "12,345 of 50,000 links · stopping · 43 failed  24%", 40: "stopping · 43 failed"} {
		if got := new(bar).frame(m, pace{342.9, true}, columns); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}

// A line of a log says that a run stops, too.
func TestLineOfAStop(t *testing.T) {
	m := Moment{Done: 250, Total: 1000, Failed: 2, InFlight: 1, Slots: 5, Stopping: true}
	if got, want := m.line(pace{25, true}), "250 of 1,000 links · finishing 1 open call, then stopping · 2 failed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 10_000_000: "10,000,000"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) is %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		time.Millisecond:             "less than 1 s",
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

// grown gives what each frame of a bar says of the time that is left while a count grows.
func grown(t *testing.T, total int, long time.Duration, done func(time.Duration) int) (said map[time.Duration]string) {
	t.Helper()
	said = map[time.Duration]string{}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		screen := &frames{columns: 200}
		p := StartBar(screen, func() Moment { return Moment{Done: done(time.Since(begun)), Total: total} })
		time.Sleep(long + time.Millisecond)
		p.Stop()
		for i, frame := range screen.drawn {
			_, left, _ := strings.Cut(strings.TrimRight(frame, " █░%0123456789"), "/s · ")
			said[time.Duration(i+1)*time.Second/framesPerSecond] = left
		}
	})
	return said
}

// What was measured before the first links were answered says little about the rest: no time is said
// to be left until enough was measured after that.
func TestTimeLeftAtTheStart(t *testing.T) {
	const s = time.Second
	wave := func(from, d time.Duration, each int) int { return each * int(max(0, d-from)/s) }
	for _, c := range []struct {
		name  string
		total int
		done  func(d time.Duration) int
		quiet time.Duration // until then, no time is said to be left
		then  string
	}{
		{"the first link goes alone", 948, func(d time.Duration) int { return int(min(d/(6*s), 1)) + wave(7*s, d, 40) }, 12 * s, "22 s left"},
		{"even from the start", 1000, func(d time.Duration) int { return wave(0, d, 40) }, 6 * s, "19 s left"},
		{"some batches go one at a time", 2000, func(d time.Duration) int { return wave(s, min(d, 4*s), 1) + wave(4*s, d, 50) }, 8 * s, "53 s left"},
		{"slow answers in waves", 2000, func(d time.Duration) int { return 100 * int(d/(20*s)) }, 80 * s, "5 min 20 s left"},
		{"one answer in half a minute", 20, func(d time.Duration) int { return int(d / (30 * s)) }, 120 * s, "8 min 0 s left"},
	} {
		said := grown(t, c.total, 150*s, c.done)
		for at := s / framesPerSecond; at < 150*s; at += s / framesPerSecond {
			if said[at] == "" {
				continue
			}
			if at != c.quiet || said[at] != c.then {
				t.Errorf("%s: after %v there is %q, want %q after %v", c.name, at, said[at], c.then, c.quiet)
			}
			break
		}
	}
}

// A narrow terminal has the share in place of the time that is not said yet.
func TestBarWithoutTime(t *testing.T) {
	m := Moment{Done: 12_345, Total: 50_000}
	for columns, want := range map[int]string{40: "12,345 of 50,000 links · 342/s  24%", 26: "12,345 of 50,000 links", 20: "12,345 of 50,000", 10: "24%"} {
		if got := new(bar).frame(m, pace{342.9, false}, columns); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}
