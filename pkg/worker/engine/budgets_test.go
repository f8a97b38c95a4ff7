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
