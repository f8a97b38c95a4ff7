package engine

import (
	"math"
	"slices"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// The decision to repeat is a function of the attempt and the error.
func TestRetry(t *testing.T) {
	for _, kind := range []zoho.Kind{zoho.Unanswered, zoho.Unsent} {
		want := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second}
		for i, w := range want {
			if wait, again := retry(i+1, len(want), &zoho.Error{Kind: kind}); wait != w || again != (i+1 < len(want)) {
				t.Errorf("kind %d, try %d: %v, %v", kind, i+1, wait, again)
			}
		}
	}
	for _, kind := range []zoho.Kind{zoho.Throttled, zoho.BadToken} {
		if wait, again := retry(100, 1, &zoho.Error{Kind: kind}); wait != 0 || !again {
			t.Errorf("kind %d: %v, %v", kind, wait, again)
		}
	}
	for _, kind := range []zoho.Kind{zoho.Refused, zoho.Nameless, zoho.Denied, 99} {
		if wait, again := retry(1, 5, &zoho.Error{Kind: kind}); wait != 0 || again {
			t.Errorf("kind %d: %v, %v", kind, wait, again)
		}
	}
	for _, tries := range []int{math.MinInt, -1, 0, 100, math.MaxInt} {
		if wait := backoff(tries); wait < backoffBase || wait > backoffMax {
			t.Errorf("try %d waits %v", tries, wait)
		}
	}
}

// The waits of the engine are those of the function at the most, and are drawn from zero to that.
func TestBackoff(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.settings.Jitter = func(most time.Duration) time.Duration { return most }
		r.fault = always(nth(1, 2, 3, 4), unanswered())
		r.mustEnd(outcome.Completed)
		want := []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 3500 * time.Millisecond, 7500 * time.Millisecond}
		if !slices.Equal(r.starts(), want) {
			t.Errorf("%v, want %v", r.starts(), want)
		}
		if s := r.engine.Stats(); s.Calls != 5 || s.Retries != 4 {
			t.Errorf("%+v", s)
		}
	})
	in(t, func(t *testing.T) {
		r := newRig(t, 400)
		seen := map[int]time.Time{}
		var sum time.Duration
		r.settings.Slots = 400
		r.fault = func(c call) *zoho.Error {
			if at, ok := seen[c.task]; ok {
				wait := time.Since(at)
				if sum += wait; wait > backoffBase {
					t.Errorf("waited %v", wait)
				}
				return nil
			}
			seen[c.task] = time.Now()
			return unanswered()
		}
		r.mustEnd(outcome.Completed)
		if mean := sum / 400; mean < backoffBase*4/10 || mean > backoffBase*6/10 {
			t.Errorf("the mean wait is %v", mean)
		}
	})
}

// What an error asks to wait is waited by its task at the least, up to a bound, and by no other.
func TestErrorAsksToWait(t *testing.T) {
	for asked, waited := range map[time.Duration]time.Duration{time.Minute: time.Minute, time.Hour: pauseMax} {
		in(t, func(t *testing.T) {
			r := newRig(t, 3)
			r.settings.Slots = 2
			e := unanswered()
			e.RetryAfter = asked
			r.fault = always(nth(1), e)
			r.mustEnd(outcome.Completed)
			if at := r.starts(); at[2] != 0 || at[3] != waited {
				t.Errorf("asked to wait %v: %v", asked, at)
			}
		})
	}
}

// No task has more attempts than are allowed.
func TestAttempts(t *testing.T) {
	for _, most := range []int{1, 2, 5} {
		in(t, func(t *testing.T) {
			r := newRig(t, 3)
			r.settings.MaxAttempts = most
			r.fault = always(every, unanswered())
			r.mustEnd(outcome.Completed)
			if len(r.calls) != 3*most || r.count(givenUp) != 3 {
				t.Errorf("%d calls, %v", len(r.calls), r.ends)
			}
		})
	}
}

// No new task is begun while as many wait to be repeated as there are slots.
func TestFewAreHalfDone(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 100)
		r.settings.Slots = 3
		r.settings.Jitter = func(time.Duration) time.Duration { return time.Hour }
		r.latency = steady(time.Second)
		r.fault = always(func(c call) bool { return c.n <= 40 }, unanswered())
		time.AfterFunc(time.Minute, func() { r.halt(outcome.Deadline) })
		r.mustEnd(outcome.Deadline)
		if len(r.calls) > 6 {
			t.Errorf("%d tasks were begun while all went unanswered", len(r.calls))
		}
	})
}

// A network that is gone ends the run, and one that comes back does not.
func TestUnsent(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 1000)
		r.settings.Slots, r.settings.MaxCalls = 5, 7
		r.fault = always(every, unsent())
		r.mustEnd(outcome.Broken)
		if r.count(left) != len(r.ends) || r.engine.Stats().Calls != 0 || r.engine.Stats().Retries != 0 {
			t.Errorf("%v, %+v", r.ends, r.engine.Stats())
		}
	})
	in(t, func(t *testing.T) {
		r := newRig(t, 20)
		r.settings.Slots, r.settings.MaxCalls = 5, 20 // unsent calls are none
		r.fault = always(nth(4, 5, 6, 7, 8), unsent())
		r.mustEnd(outcome.Completed)
		r.want(20, 0)
	})
}
