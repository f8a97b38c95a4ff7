package worker

import (
	"errors"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// A CRM that is out of reach is not sent everything there is.
func TestOutOfReach(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1000, 1))
		r.settings.Slots = 5
		r.fault = always(every, fault{err: unanswered(), done: true})
		r.mustEnd(outcome.Broken)
		if n := len(r.out); n < lostMax || n > lostMax+3*5 || r.is(outcome.Unknown) != n {
			t.Errorf("%d outcomes", n)
		}
	})
	in(t, func(t *testing.T) { // nothing was sent at all: nothing is unknown
		r := newRig(t, some(campaignLeads, 1000, 1))
		r.settings.Slots, r.settings.MaxCalls = 5, 7
		r.fault = always(every, fault{err: unsent()})
		r.mustEnd(outcome.Broken)
		if len(r.out) != 0 || r.worker.Stats().Calls != 0 {
			t.Errorf("%d outcomes, %+v", len(r.out), r.worker.Stats())
		}
	})
	in(t, func(t *testing.T) { // a network that comes back
		r := newRig(t, some(campaignLeads, 20, 1))
		r.settings.Slots, r.settings.MaxCalls = 5, 20 // unsent calls are none
		r.fault = always(nth(4, 5, 6, 7, 8), fault{err: unsent()})
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 20})
	})
}

// Batches that are lost now and then are no outage.
func TestLostNowAndThen(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 60, 1))
		r.settings.MaxAttempts = 1
		r.fault = always(func(c call) bool { return c.parent%2 == 0 && !c.lookup }, fault{err: unanswered(), done: true})
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 30, absent: 30})
	})
}

func TestMaxFailures(t *testing.T) {
	for _, most := range []int{-1, 0, 1, 5, 19, 20} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 20, 1))
			r.settings.MaxFailures = most
			r.locked = map[zoho.ID]bool{}
			for i := range 20 {
				r.locked[zoho.ID(1_000_000+i)] = true
			}
			want, n := outcome.Failures, most+1
			if most < 0 || most >= 20 {
				want, n = outcome.Completed, 20
			}
			r.mustEnd(want)
			r.want(tally{failed: n})
		})
	}
}

// A stop ends the run at once, in whatever state it is, with what was in flight recorded.
func TestStop(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		name    string
		arrange func(*rig)
		took    time.Duration // with the stop after a minute
		settled int
		unknown int
	}{
		{"before the start", func(r *rig) { r.halt(outcome.Deadline) }, 0, 0, 0},
		{"in flight", func(r *rig) { r.latency = steady(90 * second) }, 90 * second, 4, 0},
		{"in backoff", func(r *rig) {
			r.settings.Jitter = func(time.Duration) time.Duration { return time.Hour }
			r.fault = always(every, fault{err: unanswered(), done: true})
		}, 60 * second, 4, 4},
		{"throttled", func(r *rig) {
			e := throttled()
			e.RetryAfter = 3 * time.Minute
			r.fault = always(every, fault{err: e})
		}, 60 * second, 0, 0},
		{"waiting for the rate", func(r *rig) { r.settings.Rate = NewRate(1. / 3600) }, 60 * second, 1, 0},
		{"in a look-up", func(r *rig) {
			r.settings.MaxAttempts = 1
			r.fault = always(delinks, fault{err: unanswered(), done: true})
			r.latency = func(c call) time.Duration { return map[bool]time.Duration{true: 100 * second}[c.lookup] }
		}, 100 * second, 4, 0},
		{"while the disk is busy", func(r *rig) { r.syncCost = 100 * second }, 200 * second, 0, 0},
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 100, 1))
			r.settings.Slots = 4
			c.arrange(r)
			time.AfterFunc(time.Minute, func() { r.halt(outcome.Deadline) })
			r.mustEnd(outcome.Deadline)
			if r.took != c.took && c.name != "while the disk is busy" || r.took > c.took {
				t.Errorf("%s: took %v, want %v", c.name, r.took, c.took)
			}
			switch n := len(r.out); c.name {
			case "in backoff": // as many wait as there are slots, and as many were in flight when the last of them came
				if n < 4 || n > 8 || r.is(outcome.Unknown) != n {
					t.Errorf("%d outcomes, %d unknown", n, r.is(outcome.Unknown))
				}
			case "in a look-up": // four are looked up when the stop comes; others that wait for it stay unknown
				if n < 4 || n > 8 || r.is(outcome.Unknown) != n-4 {
					t.Errorf("%d outcomes, %d unknown", n, r.is(outcome.Unknown))
				}
			case "while the disk is busy":
			default:
				if n != c.settled || r.is(outcome.Unknown) != c.unknown {
					t.Errorf("%s: %d outcomes, %d unknown", c.name, n, r.is(outcome.Unknown))
				}
			}
		})
	}
	in(t, func(t *testing.T) { // the cause of a stop is no outcome.Reason
		r := newRig(t, some(campaignLeads, 3, 1))
		r.halt(errors.New("x"))
		r.mustEnd(outcome.Interrupted)
	})
}

// A second stop cuts off what is in flight; those links are unknown.
func TestHardStop(t *testing.T) {
	for _, slots := range []int{1, 8} {
		for _, withStop := range []bool{true, false} {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 100, 3))
				r.settings.Slots = slots
				r.hang = func(c call) bool { return c.n > 5 }
				if withStop {
					time.AfterFunc(time.Minute, func() { r.halt(outcome.Interrupted) })
				}
				time.AfterFunc(2*time.Minute, func() { r.cut(outcome.Interrupted) })
				r.mustEnd(outcome.Interrupted)
				r.want(tally{removed: 15, unknown: 3 * slots})
				if r.took != 2*time.Minute || len(r.calls) != 5+slots {
					t.Errorf("took %v with %d calls", r.took, len(r.calls))
				}
			})
		}
	}
	in(t, func(t *testing.T) { // a look-up that is cut off leaves what was unknown, and what was refused as it is
		r := newRig(t, some(campaignLeads, 1, 2))
		r.cursed = map[zoho.ID]bool{1_000_001: true}
		r.hang = lookups
		time.AfterFunc(time.Minute, func() { r.halt(outcome.Interrupted); r.cut(nil) })
		r.mustEnd(outcome.Interrupted)
		r.want(tally{removed: 1})
	})
}

// Outcomes that cannot be kept end the run: nothing more is sent.
func TestRecorderFails(t *testing.T) {
	disk := errors.New("disk full")
	for _, slots := range []int{1, 4} {
		for _, n := range []int{1, 3} {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 100, 1))
				r.settings.Slots = slots
				r.latency = steady(time.Second)
				r.failWrite = func(w int) error {
					if w >= n {
						return disk
					}
					return nil
				}
				if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) || len(r.calls) > n-1+2*slots || len(r.out) != n-1 {
					t.Errorf("write %d, %d slots: %v after %d calls, %d outcomes", n, slots, err, len(r.calls), len(r.out))
				}
			})
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 100, 1))
				r.settings.Slots = slots
				r.latency = steady(time.Second)
				r.failSync = func(s int) error {
					if s == n {
						return disk
					}
					return nil
				}
				if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) || len(r.calls) > slots*(n+1) {
					t.Errorf("sync %d, %d slots: %v after %d calls", n, slots, err, len(r.calls))
				}
				if len(r.out) != len(r.calls) || r.unsynced {
					t.Errorf("%d outcomes of %d calls", len(r.out), len(r.calls))
				}
			})
		}
	}
	in(t, func(t *testing.T) { // the last sync of all
		r := newRig(t, some(campaignLeads, 1, 1))
		r.failSync = func(int) error { return disk }
		if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) {
			t.Error(err)
		}
	})
}

// An error is told, though the run was already being stopped for another reason.
func TestErrorAfterStop(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 6, 1))
		disk := errors.New("disk full")
		r.settings.MaxCalls = 6
		r.latency = steady(time.Minute)
		r.failWrite = func(int) error { return disk }
		time.AfterFunc(time.Second, func() { r.halt(outcome.Deadline) })
		if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) {
			t.Error(err)
		}
	})
}
