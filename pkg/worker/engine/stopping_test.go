package engine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// A stop ends the run at once, in whatever state it is; what is in flight is finished.
func TestStop(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		name     string
		arrange  func(*rig)
		took     time.Duration // with the stop after a minute
		answered int
		left     int // at most
	}{
		{"before the start", func(r *rig) { r.halt(outcome.Deadline) }, 0, 0, 0},
		{"in flight", func(r *rig) { r.latency = steady(90 * second) }, 90 * second, 4, 0},
		{"in backoff", func(r *rig) {
			r.settings.Jitter = func(time.Duration) time.Duration { return time.Hour }
			r.fault = always(every, unanswered())
		}, 60 * second, 0, 8},
		{"throttled", func(r *rig) {
			e := throttled()
			e.RetryAfter = 3 * time.Minute
			r.fault = always(every, e)
		}, 60 * second, 0, 4},
		{"waiting for the rate", func(r *rig) { r.settings.Rate = NewRate(1. / 3600) }, 60 * second, 1, 1},
		{"while a sync goes on", func(r *rig) {
			r.syncCost, r.latency = 50*second, steady(40*second)
		}, 140 * second, 8, 1}, // syncs end after 90 and 140 s
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 100)
				r.settings.Slots = 4
				c.arrange(r)
				time.AfterFunc(time.Minute, func() { r.halt(outcome.Deadline) })
				r.mustEnd(outcome.Deadline)
				if r.took != c.took || r.count(answered) != c.answered || r.count(left) > c.left {
					t.Errorf("took %v, want %v; %v", r.took, c.took, r.ends)
				}
			})
		})
	}
	in(t, func(t *testing.T) { // the cause of a stop is no Reason
		r := newRig(t, 3)
		r.halt(errors.New("x"))
		r.mustEnd(outcome.Interrupted)
	})
}

// A hard stop cuts off what is in flight, with a stop before it or without. The operation is told
// what was missed.
func TestHardStop(t *testing.T) {
	for _, slots := range []int{1, 8} {
		for _, withStop := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d slots, stop %v", slots, withStop), func(t *testing.T) {
				in(t, func(t *testing.T) {
					r := newRig(t, 100)
					r.settings.Slots = slots
					r.hang = func(c call) bool { return c.n > 5 }
					if withStop {
						time.AfterFunc(time.Minute, func() { r.halt(outcome.Deadline) })
					}
					time.AfterFunc(2*time.Minute, func() { r.cut(outcome.Interrupted) })
					want := outcome.Interrupted
					if withStop {
						want = outcome.Deadline
					}
					r.mustEnd(want)
					if r.took != 2*time.Minute || len(r.calls) != 5+slots || len(r.missed) != slots {
						t.Errorf("took %v with %d calls, of which %d were missed", r.took, len(r.calls), len(r.missed))
					}
				})
			})
		}
	}
}

// An answer that comes although the time is up counts.
func TestAnswerAfterHardStop(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 10)
		r.fault = func(c call) *zoho.Error {
			if c.n == 3 {
				r.halt(outcome.Interrupted)
				r.cut(outcome.Interrupted)
			}
			return nil
		}
		r.mustEnd(outcome.Interrupted)
		r.want(3, 0)
	})
}

// A sync that fails ends the run: nothing more is sent.
func TestSyncFails(t *testing.T) {
	disk := errors.New("disk full")
	for _, slots := range []int{1, 4} {
		for _, n := range []int{1, 3} {
			t.Run(fmt.Sprintf("%d slots, sync %d", slots, n), func(t *testing.T) {
				in(t, func(t *testing.T) {
					r := newRig(t, 100)
					r.settings.Slots = slots
					r.latency = steady(time.Second)
					r.failSync = func(s int) error {
						if s == n {
							return disk
						}
						return nil
					}
					if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) || len(r.calls) > slots*(n+1) {
						t.Errorf("%v after %d calls", err, len(r.calls))
					}
				})
			})
		}
	}
	in(t, func(t *testing.T) { // the last sync of all
		r := newRig(t, 1)
		r.failSync = func(int) error { return disk }
		if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) {
			t.Error(err)
		}
	})
}

// An error is told, though the run was already being stopped for another reason.
func TestErrorAfterStop(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 6)
		disk := errors.New("disk full")
		r.latency = steady(time.Minute)
		r.failSync = func(int) error { return disk }
		time.AfterFunc(time.Second, func() { r.halt(outcome.Deadline) })
		if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) {
			t.Error(err)
		}
	})
}

// A refusal that holds for every call ends the run. What is in flight is finished.
func TestRunRefusals(t *testing.T) {
	for want, e := range map[outcome.Reason]*zoho.Error{
		outcome.Broken:       {Kind: zoho.Refused, Scope: zoho.ScopeRun, Sent: true, Status: 404, Code: "INVALID_URL_PATTERN"},
		outcome.LoginRefused: {Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: "invalid_code"},
	} {
		t.Run(string(want), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 50)
				r.settings.Slots = 3
				r.latency = func(c call) time.Duration { return time.Duration(c.n) * time.Second }
				r.fault = always(nth(2), e)
				if err := zoho.AsError(r.mustEnd(want)); err.Code != e.Code {
					t.Error(err)
				}
				// one went while the second was on its way
				if len(r.calls) != 4 || r.count(answered) != 3 {
					t.Errorf("%d calls, %v", len(r.calls), r.ends)
				}
			})
		})
	}
}
