package engine

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// limited makes the API refuse calls above a limit of calls in flight, which may change with time.
type limited struct {
	limit   func(since time.Duration) int
	start   time.Time
	refused int
	ends    []time.Time // of accepted calls
}

func (l *limited) fault() *zoho.Error {
	now := time.Now()
	if l.start.IsZero() {
		l.start = now
	}
	// What is in flight is counted by when it ends: the answer to a refusal comes at once.
	l.ends = slices.DeleteFunc(l.ends, func(end time.Time) bool { return !end.After(now) })
	if len(l.ends) >= l.limit(now.Sub(l.start)) {
		l.refused++
		return throttled()
	}
	return nil
}

// drive runs an engine for some time against a limit, with calls of 400 ms, and gives the share of
// the limit that it used and the share of its calls that were refused.
func drive(t *testing.T, slots int, whole time.Duration, limit func(time.Duration) int) (use, refused float64) {
	t.Helper()
	r := newRig(t, int(whole.Seconds())*slots*3)
	r.settings.Slots = slots
	l := &limited{limit: limit}
	refusing := false
	r.latency = func(call) time.Duration {
		if refusing {
			return 20 * time.Millisecond
		}
		d := 300*time.Millisecond + rand.N(200*time.Millisecond)
		l.ends = append(l.ends, time.Now().Add(d))
		return d
	}
	r.fault = func(call) *zoho.Error {
		x := l.fault()
		refusing = x != nil
		return x
	}
	time.AfterFunc(whole, func() { r.halt(outcome.Deadline) })
	r.mustEnd(outcome.Deadline)
	capacity := time.Duration(0)
	for at := time.Duration(0); at < whole; at += 100 * time.Millisecond {
		capacity += 100 * time.Millisecond * time.Duration(min(slots, limit(at)))
	}
	accepted := len(r.calls) - l.refused
	return float64(accepted) * 0.4 / capacity.Seconds(), float64(l.refused) / float64(len(r.calls))
}

func TestThrottleFindsTheLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		slots int
		limit func(time.Duration) int
		use   float64 // at least
		lost  float64 // at most: the share of calls that were refused
	}{
		{"4 of 20", 20, func(time.Duration) int { return 4 }, 0.9, 0.03},
		{"1 of 20", 20, func(time.Duration) int { return 1 }, 0.9, 0.05},
		{"19 of 20", 20, func(time.Duration) int { return 19 }, 0.9, 0.03},
		{"12 of 25", 25, func(time.Duration) int { return 12 }, 0.9, 0.03},
		{"no limit", 20, func(time.Duration) int { return 1000 }, 0.97, 0.03},
		{"falls, and comes back", 20, func(at time.Duration) int {
			if at > 3*time.Minute && at < 5*time.Minute {
				return 3
			}
			return 15
		}, 0.8, 0.03},
		{"others come and go", 20, func(at time.Duration) int {
			if int(at/(45*time.Second))%2 == 1 {
				return 6
			}
			return 14
		}, 0.7, 0.03},
		{"others use it up, for ten seconds in each minute", 20, func(at time.Duration) int {
			if at%time.Minute > 50*time.Second {
				return 0
			}
			return 10
		}, 0.5, 0.03},
	} {
		in(t, func(t *testing.T) {
			whole := 10 * time.Minute
			if c.limit(0) >= 12 { // many calls, and the same in the end
				whole = 7 * time.Minute
			}
			use, refused := drive(t, c.slots, whole, c.limit)
			t.Logf("%s: %.3f of the limit used, %.2f %% refused", c.name, use, 100*refused)
			if use < c.use || refused > c.lost {
				t.Errorf("%s: %.3f of the limit used, %.2f %% refused", c.name, use, 100*refused)
			}
		})
	}
}

// What the API asks to wait is waited, by all, up to a bound.
func TestRetryAfter(t *testing.T) {
	for asked, waited := range map[time.Duration]time.Duration{
		7 * time.Second: 7 * time.Second,
		3 * time.Minute: 3 * time.Minute,
		pauseMax:        pauseMax,
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, 100)
			r.settings.Slots = 10
			r.latency = steady(time.Second)
			var at time.Time
			r.fault = func(c call) *zoho.Error {
				if c.n == 15 {
					at = time.Now().Add(time.Second)
					e := throttled()
					e.RetryAfter = asked
					return e
				}
				if !at.IsZero() && time.Now().After(at) && time.Since(at) < waited {
					t.Errorf("a call %v after the refusal, of %v", time.Since(at), waited)
				}
				return nil
			}
			r.mustEnd(outcome.Completed)
			r.want(100, 0)
			if r.took > waited+time.Minute {
				t.Errorf("took %v", r.took)
			}
			if s := r.engine.Stats(); s.Throttled != 1 || s.Calls != 101 {
				t.Errorf("%+v", s)
			}
		})
	}
	in(t, func(t *testing.T) { // calls that were waiting for their turn wait as well
		r := newRig(t, 30)
		r.settings.Slots, r.settings.Rate = 10, NewRate(1)
		r.fault = func(c call) *zoho.Error {
			if c.n == 3 {
				e := throttled()
				e.RetryAfter = time.Minute
				return e
			}
			return nil
		}
		r.mustEnd(outcome.Completed)
		if at := r.starts(); at[3]-at[2] < time.Minute {
			t.Errorf("%v", at)
		}
	})
}

// Credits that are gone end the run, however the API says so: the rest stays pending.
func TestCreditsGone(t *testing.T) {
	in(t, func(t *testing.T) {
		gone := throttled()
		gone.CreditsGone = true
		r := newRig(t, 100)
		r.settings.Slots = 4
		r.latency = steady(time.Second)
		r.fault = always(func(c call) bool { return c.n > 10 }, gone)
		r.mustEnd(outcome.Credits)
		r.wantAnswered(10)
		if len(r.calls) > 14 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
	// it does not say: refused again and again with nothing else in flight
	in(t, func(t *testing.T) {
		r := newRig(t, 100)
		r.settings.Slots = 20
		r.latency = steady(time.Second)
		r.fault = always(func(c call) bool { return c.n > 30 }, throttled())
		r.mustEnd(outcome.Credits)
		r.wantAnswered(30)
		if r.took > 5*time.Minute || len(r.calls) > 100 {
			t.Errorf("%d calls in %v", len(r.calls), r.took)
		}
	})
}

// However refusals and answers come, there is at least one slot and at most as many as are allowed,
// and no pause is longer than its bound.
func TestThrottleBounds(t *testing.T) {
	for range 200 {
		most := 1 + rand.N(25)
		now := time.Unix(0, 0)
		x := newThrottle(most)
		for range 300 {
			now = now.Add(rand.N(time.Second))
			if rand.N(3) == 0 {
				e := throttled()
				e.RetryAfter = rand.N(2 * pauseMax)
				x.tooMany(e, now.Add(-rand.N(time.Second)), rand.N(most), now)
			} else {
				x.answered(now)
			}
			if x.slots < 1 || x.slots > float64(most) || x.paused.Sub(now) > pauseMax {
				t.Fatalf("%+v", x)
			}
			if ok, _ := x.free(most, now); ok {
				t.Fatal("more calls than slots")
			}
		}
	}
}

// One fall for all calls that were sent before it, and never below what was in flight and not
// refused.
func TestThrottleFalls(t *testing.T) {
	start := time.Unix(1000, 0)
	x := newThrottle(20)
	x.tooMany(throttled(), start, 19, start.Add(time.Second))
	if int(x.slots) != 14 {
		t.Errorf("%v slots after a refusal beside 19 others", x.slots)
	}
	x.tooMany(throttled(), start, 18, start.Add(time.Second))
	if int(x.slots) != 14 {
		t.Errorf("%v slots after another of the same round", x.slots)
	}
	x.tooMany(throttled(), start.Add(2*time.Second), 17, start.Add(3*time.Second))
	if int(x.slots) != 9 {
		t.Errorf("%v slots after one of the next round", x.slots)
	}
	x.tooMany(throttled(), start.Add(2*time.Second), 4, start.Add(3*time.Second))
	if x.slots != 4 || x.ceiling != 5 {
		t.Errorf("%v slots under %v, with 4 in flight that were not refused", x.slots, x.ceiling)
	}
}

// A wait that is longer than a pause may be ends the run, once nothing is in flight that could tell
// otherwise.
func TestWaitTooLong(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 10)
		r.fault = func(c call) *zoho.Error {
			if c.n < 3 {
				return nil
			}
			e := throttled()
			e.RetryAfter = 6 * time.Hour
			return e
		}
		r.mustEnd(outcome.Credits)
		r.wantAnswered(2)
		if len(r.calls) != 3 || r.took > time.Second {
			t.Errorf("%d calls in %v", len(r.calls), r.took)
		}
		if len(r.notes) != 1 || !strings.Contains(r.notes[0], "asks for a wait of 6 h") {
			t.Errorf("%q", r.notes)
		}
	})
}

// People are told of long pauses, once each.
func TestPausesAreTold(t *testing.T) {
	for asked, want := range map[time.Duration]string{
		2 * time.Second:   "",
		5 * time.Second:   "5 s",
		30 * time.Second:  "30 s",
		3*time.Minute + 1: "4 min",
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, 40)
			r.settings.Slots = 4
			r.latency = steady(time.Second)
			r.fault = func(c call) *zoho.Error {
				if c.n < 13 || c.n > 16 { // all four of a round, once
					return nil
				}
				e := throttled()
				e.RetryAfter = asked
				return e
			}
			r.mustEnd(outcome.Completed)
			r.want(40, 0)
			var told []string
			if want != "" {
				told = []string{"Zoho says that these are too many calls: waiting " + want + ", then at most 2 calls at a time"}
			}
			if !slices.Equal(r.notes, told) {
				t.Errorf("%v: %q", asked, r.notes)
			}
		})
	}
}

// Each pause is told once.
func TestTwoPausesAreTold(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 10)
		r.fault = func(c call) *zoho.Error {
			if c.n != 2 && c.n != 6 {
				return nil
			}
			e := throttled()
			e.RetryAfter = 30 * time.Second
			return e
		}
		r.mustEnd(outcome.Completed)
		const want = "Zoho says that these are too many calls: waiting 30 s, then at most 1 call at a time"
		if !slices.Equal(r.notes, []string{want, want}) {
			t.Errorf("%q", r.notes)
		}
	})
}

// People are told of a conclusion, but not of what the API has said itself.
func TestConclusionIsTold(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 10)
		r.fault = always(every, throttled())
		r.mustEnd(outcome.Credits)
		if n := len(r.notes); n == 0 || !strings.Contains(r.notes[n-1], "even one call at a time is too many") {
			t.Errorf("%q", r.notes)
		}
	})
	in(t, func(t *testing.T) {
		gone := throttled()
		gone.CreditsGone = true
		r := newRig(t, 10)
		r.fault = always(every, gone)
		r.mustEnd(outcome.Credits)
		if len(r.notes) > 0 {
			t.Errorf("%q", r.notes)
		}
	})
}
