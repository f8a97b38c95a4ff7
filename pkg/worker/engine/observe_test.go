package engine

import (
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// Every call is observed once, when it has ended: those that are refused as too many, that go
// unanswered, that are cut off, and that were never sent. What it says is so.
func TestObserve(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 100)
		r.settings.Slots = 10
		r.latency = steady(time.Second)
		r.fault = func(c call) *zoho.Error {
			switch c.n {
			case 15:
				e := throttled()
				e.RetryAfter = 7 * time.Second
				return e
			case 40:
				return &zoho.Error{Kind: zoho.Unanswered, Sent: true}
			case 41:
				return &zoho.Error{Kind: zoho.Unsent}
			case 42:
				return &zoho.Error{Kind: zoho.Refused, Sent: true}
			}
			return nil
		}
		var seen []Call
		r.settings.Observe = func(c Call) { seen = append(seen, c) }
		r.mustEnd(outcome.Completed)
		if len(seen) != len(r.calls) {
			t.Errorf("%d calls were made, %d observed", len(r.calls), len(seen))
		}
		kinds, again, least := map[zoho.Kind]int{}, 0, 10
		for _, c := range seen {
			if c.Kind != KindOther || c.Attempt < 1 || c.InFlight < 1 || c.InFlight > c.Allowed || c.Allowed > 10 || c.Sent.IsZero() {
				t.Errorf("%+v", c)
			}
			least = min(least, c.Allowed)
			if c.Attempt > 1 {
				again++
			}
			if c.Err != nil {
				kinds[c.Err.Kind]++
			}
			throttled := c.Err != nil && c.Err.Kind == zoho.Throttled
			if throttled != (c.Pause == 7*time.Second) {
				t.Errorf("a pause of %v: %+v", c.Pause, c)
			}
		}
		if kinds[zoho.Throttled] != 1 || kinds[zoho.Unanswered] != 1 || kinds[zoho.Unsent] != 1 || kinds[zoho.Refused] != 1 {
			t.Errorf("%v", kinds)
		}
		if again != 2 { // the refused one and the unanswered one; what was not sent is no attempt
			t.Errorf("%d calls were further attempts", again)
		}
		if least > 9 {
			t.Errorf("the slots fell to %d, and no call says so", least)
		}
	})
	in(t, func(t *testing.T) { // calls that are cut off
		r := newRig(t, 10)
		r.settings.Slots = 3
		r.hang = func(call) bool { return true }
		n := 0
		r.settings.Observe = func(c Call) {
			if n++; c.Err == nil || c.Took != time.Minute {
				t.Errorf("%+v", c)
			}
		}
		time.AfterFunc(time.Minute, func() { r.halt(nil); r.cut(nil) })
		r.mustEnd(outcome.Interrupted)
		if n != 3 {
			t.Errorf("%d calls were observed", n)
		}
	})
}
