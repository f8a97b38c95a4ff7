package progress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// longestEstimate bounds the estimate of what is left. A rate near zero would give centuries.
const longestEstimate = 99 * 24 * time.Hour

// timeLeft is how long the rest takes. It is empty if nobody knows how much is left, or not enough was
// measured yet.
func (m Moment) timeLeft(speed pace) string {
	if m.Total == 0 || !speed.enough {
		return ""
	}
	if speed.rate <= 0 {
		return "time left unknown"
	}
	left := float64(m.Total-m.Done) / speed.rate
	if left > longestEstimate.Seconds() {
		return "over 99 days left"
	}
	return Duration(max(time.Second, time.Duration(left*float64(time.Second)))) + " left"
}

// share is how much is done, in percent; empty if nobody knows how much there is. It is what package
// progressbar writes before its blocks.
func (m Moment) share() string {
	if m.Total == 0 {
		return ""
	}
	return fmt.Sprintf("%4d%%", min(100, 100*m.Done/m.Total))
}

// forms tells a moment in a line, in several lengths, the longest first. The failures are in all of
// them, and so is the time left, if there is enough to say it by. Both have room in 39 columns.
func (m Moment) forms(speed pace) []string {
	failed := ""
	if m.Failed > 0 {
		failed = Number(m.Failed) + " failed"
	}
	numbers := Number(m.Done)
	if m.Total > 0 {
		numbers += " of " + Number(m.Total)
	}
	short := numbers + " " + cmp.Or(m.Unit, "links")
	count, share := strings.TrimSpace(short+" "+m.Verb), m.share()
	if m.Stopping { // what is left is not done by this run
		stopping, shortest := Stopping(m.InFlight), "stopping"
		if m.InFlight > 0 {
			shortest = openCalls(m.InFlight)
		}
		return []string{
			join(count, stopping, failed) + share,
			join(count, stopping, failed),
			join(stopping, failed),
			join(strings.TrimSuffix(stopping, thenStopping), failed),
			join(shortest, failed),
		}
	}
	left := m.timeLeft(speed)
	forms := []string{
		join(count, speedOf(speed.rate), left, failed) + share,
		join(count, left, failed) + share,
		join(count, left, failed),
		join(short, left, failed),
		join(numbers, left, failed),
		join(strings.TrimSpace(share), left, failed),
		join(left, failed),
	}
	switch {
	case m.Total == 0: // there is no share, and no time left
		return append(forms[:5], cmp.Or(failed, numbers))
	case left == "" && failed == "":
		return forms[:6]
	}
	return forms
}

func speedOf(rate float64) string {
	if rate > 0 && rate < 1 {
		return "less than 1/s"
	}
	return Number(int(rate)) + "/s"
}

// join writes texts one behind the other, without those that are empty.
func join(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), " · ")
}

// longest gives the longest of some texts that has room, or else what has room of the shortest.
func longest(forms []string, room int) string {
	for _, f := range forms {
		if utf8.RuneCountInString(f) <= room {
			return f
		}
	}
	return fit(forms[len(forms)-1], room)
}

// line tells all of a moment in one line of a log.
func (m Moment) line(speed pace) string {
	text := strings.TrimSuffix(m.forms(speed)[0], m.share())
	if m.Stopping {
		return text
	}
	return fmt.Sprintf("%s, %d open calls, %d allowed", text, m.InFlight, m.Slots)
}

// thenStopping is what comes after the open calls.
const thenStopping = ", then stopping"

// Stopping tells of a run that stops while so many calls are in flight.
func Stopping(inFlight int) string {
	if inFlight == 0 {
		return "stopping"
	}
	return "finishing " + openCalls(inFlight) + thenStopping
}

func openCalls(n int) string {
	if n == 1 {
		return "1 open call"
	}
	return Number(n) + " open calls"
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
		return "less than 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
}
