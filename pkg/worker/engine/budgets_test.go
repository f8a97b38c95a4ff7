package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// As many calls as are allowed, and not one more; a run that needs no more is complete.
func TestMaxCalls(t *testing.T) {
	for _, slots := range []int{1, 4, 25} {
		for _, most := range []int{1, 2, 7, 19, 20, 21} {
			t.Run(fmt.Sprintf("%d slots, %d calls", slots, most), func(t *testing.T) {
				in(t, func(t *testing.T) {
					r := newRig(t, 20)
					r.settings.Slots, r.settings.MaxCalls = slots, most
					r.latency = func(call) time.Duration { return rand.N(time.Second) }
					want := outcome.MaxCalls
					if most >= 20 {
						want = outcome.Completed
					}
					r.mustEnd(want)
					if len(r.calls) != min(20, most) || r.count(answered) != min(20, most) {
						t.Errorf("%d calls of %d, %v", len(r.calls), most, r.ends)
					}
				})
			})
		}
	}
	in(t, func(t *testing.T) { // no wait for a call that may not be made
		r := newRig(t, 1)
		r.settings.MaxCalls = 1
		r.settings.Jitter = func(most time.Duration) time.Duration { return most }
		r.fault = always(every, unanswered())
		r.mustEnd(outcome.MaxCalls)
		if r.took != 0 || r.ends[0] != left {
			t.Errorf("took %v, %v", r.took, r.ends)
		}
	})
	in(t, func(t *testing.T) { // calls that wait for their turn are within the budget
		r := newRig(t, 20)
		r.settings.Slots, r.settings.MaxCalls, r.settings.Rate = 10, 5, NewRate(1)
		r.mustEnd(outcome.MaxCalls)
		if len(r.calls) != 5 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
}

// reserveRig has so many credits more than the reserve; the API tells of them from the start, or
// with each answer.
func reserveRig(t *testing.T, slots, more int, fromStart bool) *rig {
	r := newRig(t, 20)
	r.settings.Slots, r.settings.ReserveCredits = slots, 100
	r.latency = func(call) time.Duration { return rand.N(time.Second) }
	credits := 100 + more
	r.fault = func(call) *zoho.Error { credits--; return nil }
	known := fromStart
	r.credits = func() (int, bool) {
		known = known || len(r.calls) > 0 && r.inFlight < len(r.calls)
		return credits + r.inFlight, known // the last answer did not count those in flight
	}
	return r
}

// The reserve is not touched, whatever is in flight, and a run that needs just the credits above it
// is complete.
func TestReserveCredits(t *testing.T) {
	for _, slots := range []int{1, 4, 25} {
		for _, fromStart := range []bool{true, false} {
			for _, more := range []int{0, 1, 7, 20, 30} {
				t.Run(fmt.Sprintf("%d slots, known %v, %d more", slots, fromStart, more), func(t *testing.T) {
					in(t, func(t *testing.T) {
						r := reserveRig(t, slots, more, fromStart)
						want, calls := outcome.Credits, more
						if more >= 20 {
							want, calls = outcome.Completed, 20
						}
						if more == 0 && !fromStart {
							calls = 1 // which tells
						}
						r.mustEnd(want)
						if len(r.calls) != calls {
							t.Errorf("%d calls, want %d", len(r.calls), calls)
						}
					})
				})
			}
		}
	}
	in(t, func(t *testing.T) { // an org that never says is not held up
		r := newRig(t, 100)
		r.settings.Slots, r.settings.ReserveCredits = 10, 5
		r.latency = steady(time.Second)
		r.mustEnd(outcome.Completed)
		if r.took > 12*time.Second {
			t.Errorf("took %v", r.took)
		}
	})
}

// Without a reserve, the run ends in good order once the API has said that nothing is left, and is
// not slowed down before.
func TestNoCreditsLeft(t *testing.T) {
	for _, credits := range []int{0, 1, 13, 40} {
		t.Run(fmt.Sprint(credits), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 40)
				r.settings.Slots = 10
				r.latency = steady(time.Second)
				now := credits
				r.fault = func(call) *zoho.Error { now--; return nil }
				// the last answer did not count those in flight
				r.credits = func() (int, bool) { return now + r.inFlight, true }
				want := outcome.Credits
				if credits >= 40 {
					want = outcome.Completed
				}
				r.mustEnd(want)
				if n := r.count(answered); n != credits {
					t.Errorf("%d tasks were answered", n)
				}
				if most := time.Duration(credits/10+2) * time.Second; r.took > most {
					t.Errorf("took %v", r.took)
				}
			})
		})
	}
	in(t, func(t *testing.T) { // the first call is not alone
		r := newRig(t, 40)
		r.settings.Slots = 10
		r.latency = steady(time.Second)
		r.mustEnd(outcome.Completed)
		if at := r.starts(); at[9] > 5*firstApart {
			t.Errorf("%v", at)
		}
	})
}

// A budget of either kind has room first for what has begun: no other task is begun as long as one
// waits for its next call, also one that repeats the last.
func TestBudgetIsForWhatHasBegun(t *testing.T) {
	budgets := map[string]func(r *rig, calls int){
		"calls": func(r *rig, calls int) { r.settings.MaxCalls = calls },
		"credits": func(r *rig, calls int) {
			left, fault := 100+calls, r.fault
			r.settings.ReserveCredits = 100
			r.fault = func(c call) *zoho.Error { left--; return fault(c) }
			r.credits = func() (int, bool) { return left + r.inFlight, true } // the last answer did not count those in flight
		},
	}
	reasons := map[string]outcome.Reason{"calls": outcome.MaxCalls, "credits": outcome.Credits}
	for kind, limit := range budgets {
		for _, slots := range []int{1, 4, 20} {
			for _, c := range []struct{ calls, answered int }{{1, 0}, {2, 1}, {3, 1}, {20, 10}, {39, 19}} {
				t.Run(fmt.Sprintf("%s, %d slots, %d calls", kind, slots, c.calls), func(t *testing.T) {
					in(t, func(t *testing.T) {
						r := newDoubleRig(t, 20)
						r.settings.Slots, r.latency = slots, func(call) time.Duration { return rand.N(time.Second) }
						r.fault = func(call) *zoho.Error { return nil }
						limit(r, c.calls)
						r.mustEnd(reasons[kind])
						if r.wantAnswered(c.answered); len(r.calls) != 2*c.answered {
							t.Errorf("%d calls for %d tasks", len(r.calls), c.answered)
						}
					})
				})
			}
		}
	}
	in(t, func(t *testing.T) { // the last call is the second attempt of the first task, although that waits
		r := newRig(t, 20)
		r.settings.Slots, r.settings.MaxCalls = 2, 4
		r.settings.Jitter = func(most time.Duration) time.Duration { return most }
		r.latency, r.fault = steady(time.Second), always(nth(1), unanswered())
		r.mustEnd(outcome.MaxCalls)
		r.wantAnswered(3)
	})
}

// owing is an operation that holds back some calls' worth of work.
type owing struct {
	*errands
	calls int
}

func (o owing) Owed(tasks []Task) int {
	if len(tasks) == 0 {
		o.t.Error("no tasks")
	}
	return o.calls
}

// What the operation holds back counts as begun.
func TestBudgetIsForWhatIsHeldBack(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 20)
		r.settings.Slots, r.settings.MaxCalls, r.latency = 4, 12, steady(time.Second)
		r.engine, r.slots = New(r.service, r.settings), r.settings.Slots
		reason, err := r.engine.Run(r.stop, r.hard, owing{r.errands, 5})
		if err != nil || reason != outcome.MaxCalls || len(r.calls) != 7 {
			t.Errorf("%s (%v) after %d calls", reason, err, len(r.calls))
		}
	})
}

// If calls that went unanswered have used up what was meant for all that has begun, the rest goes to a
// task that can still be finished.
func TestBudgetFinishesWhatItCan(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newDoubleRig(t, 20)
		r.settings.Slots, r.settings.MaxCalls, r.latency = 2, 4, steady(time.Second)
		r.settings.Jitter = func(time.Duration) time.Duration { return 0 }
		r.fault = always(nth(1, 2), unanswered())
		r.mustEnd(outcome.MaxCalls)
		r.wantAnswered(1)
	})
}
