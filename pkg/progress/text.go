package progress

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// timeLeft is how long the rest takes at a rate, in links a second.
func (m Moment) timeLeft(rate float64) string {
	if rate <= 0 {
		return "time left unknown"
	}
	return Duration(time.Duration(float64(m.Total-m.Done)/rate*float64(time.Second))) + " left"
}

// describe tells all of a moment in at most so many characters. rate is how fast it goes on, in
// links a second. If all does not fit, describe leaves out the rate. If that is not enough, it
// leaves out the time left, too.
func (m Moment) describe(rate float64, most int) string {
	count := fmt.Sprintf("%s of %s %s", Number(m.Done), Number(m.Total), cmp.Or(m.Unit, "links"))
	if m.Total == 0 {
		count = fmt.Sprintf("%s %s", Number(m.Done), cmp.Or(m.Unit, "links"))
	}
	speed := " · " + Number(int(rate)) + "/s"
	left := ""
	if m.Total > 0 {
		left = " · " + m.timeLeft(rate)
	}
	failed := ""
	if m.Failed > 0 {
		failed = " · " + Number(m.Failed) + " failed"
	}
	text := count + speed + left + failed
	for _, shorter := range []string{count + left + failed, count + failed} {
		if utf8.RuneCountInString(text) > most {
			text = shorter
		}
	}
	return fit(text, most)
}

// line tells all of a moment in one line of a log.
func (m Moment) line(rate float64) string {
	return fmt.Sprintf("%s, %d calls in flight of %d allowed", m.describe(rate, math.MaxInt), m.InFlight, m.Slots)
}

// trimFrame removes what package progressbar adds to a frame to place it on a terminal.
func trimFrame(s string) string {
	return strings.TrimRight(strings.Trim(s, "\r"), " ")
}

// fit cuts a text to so many characters, because a line that wraps cannot be drawn over.
func fit(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	if most < 1 {
		return ""
	}
	return string(r[:most-1]) + "…"
}

// Number writes a count with commas between the thousands.
func Number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Duration writes a time in its two largest units.
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
