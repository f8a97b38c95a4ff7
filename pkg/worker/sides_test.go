package worker

import (
	"slices"
	"strings"
	"testing"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

var leadCampaigns = zoho.Relation{Module: "Leads", List: "Campaigns"}

// turn has the links of campaigns be those of leads, sent from the side of the campaigns.
func turn(batches []chunker.Batch) []chunker.Batch {
	for i := range batches {
		if batches[i].Relation == campaignLeads {
			batches[i].Turned = leadCampaigns
		}
	}
	return batches
}

func fromSide(r zoho.Relation) func(call) bool {
	return func(c call) bool { return !c.lookup && c.relation == r }
}

// The first link goes alone and is looked up before and behind. All others need no look-up.
func TestOtherSideIsProven(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, turn(some(campaignLeads, 3, 50)))
		r.settings.Slots, r.latency = 5, steady(time.Second)
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 150})
		if len(r.calls) != 6 || len(r.notes) > 0 {
			t.Fatalf("%d calls, want 6, with the notes %q", len(r.calls), r.notes)
		}
		first := r.calls[0]
		if !first.lookup || first.relation != leadCampaigns || first.parent != 1_000_000 || !slices.Equal(first.ids, []zoho.ID{1000}) {
			t.Errorf("the first call is %+v", first)
		}
		if trial := r.calls[1]; trial.relation != campaignLeads || len(trial.ids) != 1 || !r.calls[2].lookup {
			t.Errorf("the trial is %+v, and then comes %+v", trial, r.calls[2])
		}
		for i, at := range r.starts()[:4] {
			if at != time.Duration(i)*time.Second {
				t.Errorf("call %d goes beside the trial, after %v", i+1, at)
			}
		}
	})
}

// Where the other side is another list, nothing is believed of it. A look-up can be late, so there
// is a second one.
func TestOtherSideIsAnotherList(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, turn(some(campaignLeads, 2, 5)))
		r.apart = true
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 10})
		if n := r.count(fromSide(campaignLeads)); n != 1 {
			t.Errorf("%d calls from the other side, want the trial", n)
		}
		if r.calls[3].at.Sub(r.calls[2].at) != lookAgain {
			t.Errorf("the second look-up comes %v behind the first", r.calls[3].at.Sub(r.calls[2].at))
		}
		if len(r.notes) == 0 || !strings.Contains(r.notes[0], "Campaigns.Leads cannot be used") {
			t.Errorf("%q", r.notes)
		}
	})
}

// Whatever the other side refuses, every link is removed from the side of the input.
func TestOtherSideRefuses(t *testing.T) {
	tests := []struct {
		name  string
		err   *zoho.Error
		from  int // the first of its calls that is refused
		calls int // from the other side
	}{
		{"the list", refusal(zoho.ScopeList, "INVALID_DATA"), 1, 1},
		{"the list, later", refusal(zoho.ScopeList, "INVALID_DATA"), 3, 3},
		{"a scope", denial(zoho.ScopeList), 1, 1},
		{"a scope, later", denial(zoho.ScopeList), 2, 2},
		{"the method", refusal(zoho.ScopeRun, "API_NOT_SUPPORTED"), 1, 1},
		{"every record", refusal(zoho.ScopeParent, "ID_ALREADY_CONVERTED"), 1, 4},
		{"each call", refusal(zoho.ScopeBatch, "LIMIT_EXCEEDED"), 1, 10},
		{"no answer", unanswered(), 1, 10},
		{"tokens", badToken(), 1, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, turn(some(campaignLeads, 4, 5)))
				r.settings.MaxAttempts = 1
				other := 0
				r.fault = func(c call) *fault {
					if !fromSide(campaignLeads)(c) {
						return nil
					}
					if other++; other < test.from {
						return nil
					}
					return &fault{err: test.err}
				}
				r.mustEnd(outcome.Completed)
				r.want(tally{removed: 20})
				if n := r.count(fromSide(campaignLeads)); n != test.calls {
					t.Errorf("%d calls from the other side, want %d", n, test.calls)
				}
			})
		})
	}
}

// What the other side does not find is absent only if the side of the input says so, and gone if a
// call from the other side went unanswered.
func TestOtherSideDoesNotFind(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, turn(some(campaignLeads, 2, 6)))
		r.settings.MaxAttempts = 1
		r.linked[link(r, 3)] = false
		r.unseen = map[zoho.ID]bool{1_000_004: true}
		sent := 0
		r.fault = func(c call) *fault {
			if fromSide(campaignLeads)(c) {
				if sent++; sent == 3 {
					return &fault{err: unanswered(), done: true}
				}
			}
			return nil
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 5, absent: 1, gone: 6})
		if o := r.out[3]; o.Status != outcome.Absent || o.Attempts != 2 {
			t.Errorf("%+v", o)
		}
		if len(r.notes) != 1 || !strings.HasPrefix(r.notes[0], "8 links of Leads.Campaigns were not removed from the side of Campaigns") {
			t.Errorf("%q", r.notes)
		}
	})
}

// No outcome is given for a link that goes back and is not sent any more, unless a call from the
// other side may have removed it.
func TestOtherSideIsStopped(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, turn(some(campaignLeads, 2, 6)))
		r.settings.MaxAttempts, r.settings.MaxCalls = 1, 5
		r.linked[link(r, 3)] = false
		sent := 0
		r.fault = func(c call) *fault {
			if sent++; sent == 5 {
				return &fault{err: unanswered(), done: true}
			}
			return nil
		}
		r.mustEnd(outcome.MaxCalls)
		r.want(tally{removed: 5, unknown: 6})
	})
}
