package worker

import (
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// A call that goes unanswered can be carried out later. "Still linked" is asked again after 5 s,
// and proves nothing even then: the link is gone or unknown, never failed. The harness waits for
// the late call before it holds the outcomes against the truth.
func TestLateCall(t *testing.T) {
	for _, c := range []struct {
		name string
		late time.Duration // after the answer
		want tally
	}{
		{"before the first look", time.Nanosecond, tally{gone: 3}},
		{"between the looks", 4 * time.Second, tally{gone: 3}},
		{"behind the second look", 6 * time.Second, tally{unknown: 3}},
		{"never", 0, tally{unknown: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, some(campaignLeads, 1, 3))
				r.settings.Slots, r.settings.MaxAttempts = slots, 1
				r.latency = steady(time.Millisecond)
				r.fault = always(delinks, fault{err: unanswered(), late: c.late})
				r.mustEnd(outcome.Completed)
				r.want(c.want)
				if n := r.count(lookups); c.late != time.Nanosecond && (n != 2 || r.calls[2].at.Sub(r.calls[1].at) < lookAgain) {
					t.Errorf("%d look-ups, at %v", n, r.starts())
				}
			})
		})
	}
}

// Only the links that the first look has found are looked up again.
func TestSecondLookIsForTheRest(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newRig(t, some(campaignLeads, 1, 10))
		r.settings.Slots, r.settings.MaxAttempts = slots, 1
		for pos := range 7 {
			r.linked[link(r, pos)] = false
		}
		r.fault = always(delinks, fault{err: unanswered()})
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 7, unknown: 3})
		if len(r.calls) != 3 || len(r.calls[2].ids) != 3 {
			t.Errorf("%+v", r.calls)
		}
	})
}

// A second look that cannot be made leaves the links unknown.
func TestSecondLookFails(t *testing.T) {
	for name, e := range map[string]*zoho.Error{"unanswered": unanswered(), "denied": denial(zoho.ScopeList), "refused": refusal(zoho.ScopeParent, "INVALID_DATA")} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 1, 3))
				r.settings.MaxAttempts = 2
				r.fault = func(c call) *fault {
					if c.lookup && c.n > 3 {
						return &fault{err: e}
					}
					return always(delinks, fault{err: unanswered()})(c)
				}
				r.mustEnd(outcome.Completed)
				r.want(tally{unknown: 3})
			})
		})
	}
}

// What is still linked at the second look has failed if the CRM has refused it by id after the
// attempt that went unanswered.
func TestStillLinkedAndRefusedByID(t *testing.T) {
	for name, history := range map[string]outcome.History{"this run": outcome.Clear, "in doubt": outcome.InDoubt, "left unknown": outcome.LeftUnknown} {
		t.Run(name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, with(history, some(campaignLeads, 1, 2)))
				r.settings.Slots = slots
				r.locked = map[zoho.ID]bool{1_000_000: true, 1_000_001: true}
				if history == outcome.Clear {
					r.fault = always(nth(1), fault{err: unanswered()})
				}
				r.mustEnd(outcome.Completed)
				r.want(tally{failed: 2})
				if r.count(lookups) != 2 { // some seconds apart
					t.Errorf("%d look-ups", r.count(lookups))
				}
			})
		})
	}
}

// A lock that passes lets the unanswered call remove the link behind the first look.
func TestLateBehindARefusal(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newRig(t, some(campaignLeads, 1, 2))
		r.settings.Slots = slots
		r.locked = map[zoho.ID]bool{1_000_000: true, 1_000_001: true}
		r.fault = func(c call) *fault {
			switch {
			case c.n == 1:
				return &fault{err: unanswered(), late: 3 * time.Second}
			case c.lookup:
				clear(r.locked)
			}
			return nil
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 2})
	})
}

// A call that names one id only, and is refused without a name, refuses that id. An attempt of this
// run that went unanswered can remove the link all the same.
func TestStillLinkedAndRefusedAlone(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		for _, c := range []struct {
			history outcome.History
			first   *fault
			want    tally
		}{
			{outcome.Clear, nil, tally{failed: 1}},
			{outcome.LeftUnknown, nil, tally{failed: 1}},
			{outcome.InDoubt, nil, tally{failed: 1}},
			{outcome.Clear, &fault{err: unanswered()}, tally{unknown: 1}},
			{outcome.Clear, &fault{err: unanswered(), late: 7 * time.Second}, tally{unknown: 1}},
		} {
			batches := some(campaignLeads, 1, 1)
			batches[0].History = c.history
			r := newRig(t, batches)
			r.settings.Slots = slots
			r.fault = func(call call) *fault {
				switch {
				case call.n == 1 && c.first != nil:
					return c.first
				case !call.lookup:
					return &fault{err: nameless()}
				}
				return nil
			}
			r.mustEnd(outcome.Completed)
			r.want(c.want)
		}
	})
}

// A refusal of more than the id says nothing about the attempt that went unanswered.
func TestRefusedBeforeUnanswered(t *testing.T) {
	for name, second := range map[string]*zoho.Error{
		"batch":  refusal(zoho.ScopeBatch, "LIMIT_EXCEEDED"),
		"parent": refusal(zoho.ScopeParent, "INVALID_DATA"),
		"list":   refusal(zoho.ScopeList, "INVALID_MODULE"),
	} {
		t.Run(name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, some(campaignLeads, 1, 1))
				r.settings.Slots = slots
				r.fault = func(c call) *fault {
					switch {
					case c.n == 1:
						return &fault{err: unanswered(), late: time.Minute}
					case !c.lookup:
						return &fault{err: second}
					}
					return nil
				}
				r.mustEnd(outcome.Completed)
				r.want(tally{unknown: 1})
			})
		})
	}
}

// Gone and absent differ by what the attempts before have left open, be they of this run or of an
// earlier one.
func TestGoneOrAbsent(t *testing.T) {
	for _, c := range []struct {
		name    string
		history outcome.History
		first   *zoho.Error // of the first call
		want    tally
	}{
		{"no attempt before", outcome.Clear, nil, tally{absent: 2}},
		{"left unknown", outcome.LeftUnknown, nil, tally{gone: 2}},
		{"in doubt", outcome.InDoubt, nil, tally{gone: 2}},
		{"unanswered", outcome.Clear, unanswered(), tally{gone: 2}},
		{"never sent", outcome.Clear, unsent(), tally{absent: 2}},
		{"throttled", outcome.Clear, throttled(), tally{absent: 2}},
		{"token refused", outcome.Clear, badToken(), tally{absent: 2}},
		{"refused without a name", outcome.Clear, nameless(), tally{absent: 2}},
		{"in doubt and refused without a name", outcome.InDoubt, nameless(), tally{gone: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, with(c.history, some(campaignLeads, 1, 2)))
				r.settings.Slots = slots
				r.linked[link(r, 0)], r.linked[link(r, 1)] = false, false
				if c.first != nil {
					r.fault = always(nth(1), fault{err: c.first})
				}
				r.mustEnd(outcome.Completed)
				r.want(c.want)
			})
		})
	}
}
