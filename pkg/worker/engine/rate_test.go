package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// mustKeepRate checks that no two calls are closer than the rate allows.
func (r *rig) mustKeepRate(limit float64) {
	r.t.Helper()
	at := r.starts()
	gap := time.Duration(float64(time.Second) / limit)
	for i := 1; i < len(at); i++ {
		if at[i]-at[i-1] < gap-time.Microsecond {
			r.t.Fatalf("calls %d and %d are %v apart, want %v", i, i+1, at[i]-at[i-1], gap)
		}
	}
}

// No more calls than the rate in any span of time, however they end.
func TestRate(t *testing.T) {
	for _, limit := range []float64{0.5, 3, 10, 33.3} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 60)
				r.settings.Slots, r.settings.Rate = 20, NewRate(limit)
				r.latency = func(call) time.Duration { return rand.N(3 * time.Second) }
				r.fault = always(func(c call) bool { return c.n%5 == 0 }, unanswered())
				r.mustEnd(outcome.Completed)
				r.mustKeepRate(limit)
				// At the end, the last task may wait for its backoff and its answer more than once.
				gap := time.Duration(float64(time.Second) / limit)
				if most := time.Duration(len(r.calls)+1)*gap + 15*time.Second; limit <= 3 && r.took > most {
					t.Errorf("%d calls took %v", len(r.calls), r.took)
				}
			})
		})
	}
}

// Calls that wait for a token do not leave together when there is one: each takes its place in the
// rate then.
func TestRateWhileTokensDie(t *testing.T) {
	for _, limit := range []float64{0.5, 10, 33.3} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 60)
				r.settings.Slots, r.settings.Rate = 20, NewRate(limit)
				r.latency = func(call) time.Duration { return rand.N(time.Second) }
				used := map[zoho.Token]int{}
				r.fault = always(func(c call) bool { used[c.token]++; return used[c.token] > 6 }, badToken())
				r.making = func(n int) (time.Duration, error) {
					if n%3 == 0 {
						return rand.N(5 * time.Second), unsent()
					}
					return rand.N(5 * time.Second), nil
				}
				r.mustEnd(outcome.Completed)
				r.want(60, 0)
				if r.tokens < 3 {
					t.Errorf("%d tokens were made", r.tokens)
				}
				r.mustKeepRate(limit)
			})
		})
	}
}

// Whoever else makes calls with the same limiter takes part in the rate.
func TestRateIsShared(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 10)
		r.settings.Slots, r.settings.Rate = 20, NewRate(1)
		time.AfterFunc(3500*time.Millisecond, func() { r.settings.Rate.ReserveN(time.Now(), 1) })
		r.mustEnd(outcome.Completed)
		if r.took != 10*time.Second {
			t.Errorf("ten calls beside another one took %v", r.took)
		}
	})
}
