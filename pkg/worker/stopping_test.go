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
}

// Ten batches in a row that go unanswered to the last attempt end the run. Look-ups that go through
// between them do not count.
func TestUnansweredInARow(t *testing.T) {
	for name, x := range map[string]fault{
		"no answer":   {err: unanswered()},
		"carried out": {err: unanswered(), done: true},
	} {
		t.Run(name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, some(campaignLeads, 1000, 1))
				r.settings.Slots, r.settings.MaxAttempts, r.latency = slots, 2, mixed
				r.fault = always(delinks, x)
				r.mustEnd(outcome.Broken)
				if n := len(r.out); n < 10 || n > 10+3*slots || slots == 1 && n > 10 {
					t.Errorf("%d outcomes", n)
				}
				if r.count(lookups) == 0 {
					t.Error("no look-up has gone through between")
				}
			})
		})
	}
}

// A delink that is answered after nine that were not, begins the count anew.
func TestUnansweredNotInARow(t *testing.T) {
	for name, x := range map[string]*fault{"answered": nil, "refused": {err: refusal(zoho.ScopeParent, "INVALID_DATA")}} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 100, 1))
				r.settings.MaxAttempts = 1
				r.fault = func(c call) *fault {
					switch {
					case c.lookup:
						return nil
					case c.parent%lostMax == 0:
						return x
					}
					return &fault{err: unanswered(), done: true}
				}
				r.mustEnd(outcome.Completed)
			})
		})
	}
}

// Batches that are lost now and then are no outage.
func TestLostNowAndThen(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 60, 1))
		r.settings.MaxAttempts = 1
		r.fault = always(func(c call) bool { return c.parent%2 == 0 && !c.lookup }, fault{err: unanswered(), done: true})
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 30, gone: 30})
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

// A stop ends the run at once, in whatever state it is, with what was in flight recorded. Links
// that wait for an answer are unknown.
func TestStop(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		name    string
		arrange func(*rig)
		took    time.Duration // with the stop after a minute
		want    tally
	}{
		{"before the start", func(r *rig) { r.halt(outcome.Deadline) }, 0, tally{}},
		{"in flight", func(r *rig) { r.latency = steady(90 * second) }, 90 * second, tally{removed: 4}},
		{"in backoff", func(r *rig) {
			r.settings.Jitter = func(time.Duration) time.Duration { return time.Hour }
			r.fault = always(func(c call) bool { return c.n < 4 }, fault{err: unanswered(), done: true})
			r.latency = func(c call) time.Duration { return map[bool]time.Duration{true: 90 * second}[c.n == 4] }
			r.batches = r.batches[:4]
		}, 90 * second, tally{removed: 1, unknown: 3}},
		{"in a look-up", func(r *rig) {
			r.settings.MaxAttempts = 1
			r.batches = r.batches[:4]
			r.fault = always(delinks, fault{err: unanswered(), done: true})
			r.latency = func(c call) time.Duration { return map[bool]time.Duration{true: 100 * second}[c.lookup] }
		}, 100 * second, tally{unknown: 4}}, // that the links are gone is not proven yet
		{"before a second look", func(r *rig) {
			r.settings.MaxAttempts = 1
			r.batches = r.batches[:2]
			r.fault = always(delinks, fault{err: unanswered()})
			r.latency = func(c call) time.Duration { return map[bool]time.Duration{true: 58 * second}[c.lookup] }
		}, 60 * second, tally{unknown: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 100, 1))
				r.settings.Slots = 4
				c.arrange(r)
				time.AfterFunc(time.Minute, func() { r.halt(outcome.Deadline) })
				r.mustEnd(outcome.Deadline)
				r.want(c.want)
				if r.took != c.took {
					t.Errorf("took %v, want %v", r.took, c.took)
				}
			})
		})
	}
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
	// a look-up that is cut off leaves what was unknown, and what was refused as it is
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 2))
		r.cursed = map[zoho.ID]bool{1_000_001: true}
		r.hang = lookups
		time.AfterFunc(time.Minute, func() { r.halt(outcome.Interrupted); r.cut(nil) })
		r.mustEnd(outcome.Interrupted)
		r.want(tally{removed: 1})
	})
}

// Half of a batch that waits for the other half is not forgotten when the run is cut off.
func TestHardStopWhileHalved(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newRig(t, some(campaignLeads, 1, 8))
		r.settings.Slots = slots
		r.fault = func(c call) *fault {
			switch c.n {
			case 1:
				return &fault{err: unanswered(), done: true}
			case 2:
				return &fault{err: nameless()}
			}
			return nil
		}
		r.hang = func(c call) bool { return c.n > 2 }
		time.AfterFunc(time.Minute, func() { r.cut(outcome.Interrupted) })
		r.mustEnd(outcome.Interrupted)
		r.want(tally{unknown: 8})
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
