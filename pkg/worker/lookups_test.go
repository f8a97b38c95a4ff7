package worker

import (
	"slices"
	"strings"
	"testing"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// After the last attempt the CRM is asked what is there. "Still there" is asked twice, and proves
// nothing even then.
func TestLookUpAfterLastAttempt(t *testing.T) {
	for _, c := range []struct {
		done   bool
		status outcome.Status
		calls  int
	}{{true, outcome.Gone, 6}, {false, outcome.Unknown, 7}} {
		t.Run(string(c.status), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 1, 3))
				r.fault = always(delinks, fault{err: unanswered(), done: c.done})
				r.mustEnd(outcome.Completed)
				if r.is(c.status) != 3 || len(r.calls) != c.calls || r.count(lookups) != c.calls-5 {
					t.Errorf("%d calls, %+v", len(r.calls), r.out)
				}
				for _, o := range r.out {
					if o.Code != zoho.CodeServerError || o.HTTPStatus != 502 || o.Message == "" || o.Attempts != c.calls {
						t.Errorf("%+v", o)
					}
				}
			})
		})
	}
}

// Where the look-up is refused, that is said once, and the links are unknown.
func TestLookUpDenied(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 4, 3))
		r.fault = func(c call) *fault {
			if c.lookup {
				return &fault{err: denial(zoho.ScopeList)}
			}
			return &fault{err: unanswered(), done: c.n%2 == 0}
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{unknown: 12})
		if r.count(lookups) != 1 || len(r.notes) != 1 || !strings.Contains(r.notes[0], "cannot be looked up, so some may stay unknown: the login lacks a scope") {
			t.Errorf("%d look-ups, notes %q", r.count(lookups), r.notes)
		}
		for _, o := range r.out {
			if !strings.Contains(o.Message, "may have been removed") {
				t.Errorf("%+v", o)
			}
		}
	})
	// The scope of one module says nothing of another one's.
	in(t, func(t *testing.T) {
		r := newRig(t, after(some(campaignLeads, 1, 3), productDeals, 1, 3))
		r.fault = func(c call) *fault {
			switch {
			case !c.lookup:
				return &fault{err: unanswered(), done: true}
			case c.relation == campaignLeads:
				return &fault{err: denial(zoho.ScopeList)}
			}
			return nil
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 3, unknown: 3})
	})
}

// A look-up is repeated as well, and what it leaves open stays unknown.
func TestLookUpUnanswered(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 3))
		r.fault = always(every, fault{err: unanswered(), done: true})
		r.mustEnd(outcome.Completed)
		r.want(tally{unknown: 3})
		if r.count(lookups) != 5 || len(r.calls) != 10 {
			t.Errorf("%d look-ups in %d calls", r.count(lookups), len(r.calls))
		}
	})
	in(t, func(t *testing.T) { // a look-up that is refused for one id is split
		r := newRig(t, some(campaignLeads, 1, 8))
		r.fault = func(c call) *fault {
			switch {
			case !c.lookup:
				return &fault{err: unanswered(), done: true}
			case slices.Contains(c.ids, 1_000_003):
				return &fault{err: nameless()}
			}
			return nil
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 7, unknown: 1})
	})
}

// A refusal after an unanswered call does not tell what the first one did.
func TestRefusedAfterUnanswered(t *testing.T) {
	for name, second := range map[string]*zoho.Error{
		"batch":  refusal(zoho.ScopeBatch, "LIMIT_EXCEEDED"),
		"parent": refusal(zoho.ScopeParent, "INVALID_DATA"),
		"list":   refusal(zoho.ScopeList, "INVALID_MODULE"),
		"denied": denial(zoho.ScopeList),
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 1, 4))
			r.fault = func(c call) *fault {
				switch c.n {
				case 1:
					return &fault{err: unanswered(), done: true}
				case 2:
					return &fault{err: second}
				}
				return nil
			}
			if reason, err := r.run(); reason != outcome.Completed {
				t.Errorf("%s: %s, %v", name, reason, err)
			}
			r.want(tally{gone: 4})
		})
	}
	in(t, func(t *testing.T) { // each id keeps its own reason
		r := newRig(t, some(campaignLeads, 1, 4))
		r.locked = map[zoho.ID]bool{1_000_000: true, 1_000_001: true, 1_000_002: true}
		r.fault = func(c call) *fault {
			if c.n == 1 {
				return &fault{err: unanswered()}
			}
			return &fault{change: func(a *zoho.Answer) { a.Items[1].Code = "NO_PERMISSION" }}
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 1, failed: 3})
		if r.out[0].Code != "RECORD_LOCKED" || r.out[1].Code != "NO_PERMISSION" || r.out[2].Code != "RECORD_LOCKED" {
			t.Errorf("%+v", r.out)
		}
	})
	in(t, func(t *testing.T) { // through a split
		r := newRig(t, some(campaignLeads, 1, 8))
		r.cursed = map[zoho.ID]bool{}
		r.fault = func(c call) *fault {
			if c.n == 1 {
				return &fault{err: unanswered(), done: true}
			}
			r.cursed[1_000_003] = true
			return nil
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 8})
		for _, o := range r.out {
			if !strings.Contains(o.Message, "got no answer") {
				t.Errorf("%+v", o)
			}
		}
	})
}

// An id that is refused now may have been removed by the call that went unanswered.
func TestRefusedByNameAfterUnanswered(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 4))
		r.locked = map[zoho.ID]bool{}
		r.fault = func(c call) *fault {
			if c.n == 1 {
				return &fault{err: unanswered(), done: true}
			}
			r.locked[1_000_001] = true
			return nil
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 4})
	})
}

// Whatever answers every call with an empty success says nothing about links, unless the CRM has
// answered a delink before.
func TestEmptyLookUpIsNotBelieved(t *testing.T) {
	foreign := fault{err: &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: 204, Code: zoho.CodeForeignAnswer}}
	lost := foreign
	lost.done = true
	for _, c := range []struct {
		name  string
		fault func(call) *fault
		blank bool
		want  tally
	}{
		{"empty always", always(delinks, foreign), true, tally{unknown: 4}},
		{"errors", always(delinks, fault{err: unanswered(), done: true}), true, tally{gone: 4}},
		{"links are told of", always(delinks, foreign), false, tally{unknown: 4}},
		{"answered by id before", always(nth(2, 3), lost), true, tally{removed: 2, gone: 2}},
		{"refused by the CRM before", func(c call) *fault {
			if c.n == 1 {
				return &fault{err: refusal(zoho.ScopeBatch, "RECORD_LOCKED")}
			}
			return always(delinks, lost)(c)
		}, true, tally{gone: 2, failed: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 2, 2))
				r.settings.MaxAttempts = 2
				r.fault, r.blank = c.fault, c.blank
				r.mustEnd(outcome.Completed)
				r.want(c.want)
			})
		})
	}
	in(t, func(t *testing.T) { // a batch that never got anything empty is believed
		r := newRig(t, some(campaignLeads, 2, 2))
		r.settings.MaxAttempts, r.blank = 2, true
		r.linked[link(r, 2)], r.linked[link(r, 3)] = false, false
		r.fault = func(c call) *fault {
			if c.n == 1 {
				return always(delinks, foreign)(c)
			}
			return always(delinks, fault{err: unanswered()})(c)
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 2, unknown: 2})
	})
	in(t, func(t *testing.T) { // and the run does not go on for ever against such a box
		r := newRig(t, some(campaignLeads, 100, 1))
		r.fault, r.blank = always(delinks, foreign), true
		r.mustEnd(outcome.Broken)
		if n, unknown := len(r.calls), r.is(outcome.Unknown); n > (lostMax+1)*6 || unknown != len(r.out) || unknown > lostMax+1 {
			t.Errorf("%d calls, %d of %d unknown", n, unknown, len(r.out))
		}
	})
}
