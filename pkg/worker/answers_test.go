package worker

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

func TestAllIsWell(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 30, 7))
		r.linked[link(r, 5)] = false
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 209, absent: 1})
		if !slices.IsSorted(r.order) || len(r.calls) != 30 || r.taken != 30 {
			t.Errorf("%d calls, %d batches taken, in the order %v", len(r.calls), r.taken, r.order)
		}
		if s := r.worker.Stats(); s.Calls != 30 || s.Retries != 0 || s.Throttled != 0 || s.Slots != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestNothingToDo(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.mustEnd(outcome.Completed)
		if r.writes+r.syncs > 0 {
			t.Error("something was recorded")
		}
	})
}

// What went unanswered is sent again. That a link is not there then may be the work of the first
// attempt.
func TestUnansweredThenNotThere(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 2, 3))
		r.linked[link(r, 4)] = false
		r.fault = always(nth(1), fault{err: unanswered(), done: true})
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 3, removed: 2, absent: 1})
		for _, o := range r.out {
			want := 1
			if o.Status == outcome.Gone {
				want = 2
			}
			if o.Attempts != want || strings.Contains(o.Message, "an earlier call got no answer") != (o.Status == outcome.Gone) {
				t.Errorf("%+v", o)
			}
		}
	})
}

// Ids without an item of their own are sent again, and the others are not.
func TestSilentItems(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 4))
		r.fault = func(c call) *fault {
			if c.n > 1 {
				return nil
			}
			return &fault{change: func(a *zoho.Answer) {
				a.Items[1] = zoho.Item{ID: a.Items[1].ID, Code: zoho.CodeNotInAnswer}
				a.Items[3] = zoho.Item{ID: a.Items[3].ID, Code: zoho.CodeContradiction, Message: "x"}
			}}
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 2, gone: 2})
		if len(r.calls) > 3 || len(r.calls[1].ids) > 2 {
			t.Errorf("%+v", r.calls)
		}
	})
	in(t, func(t *testing.T) { // an answer that is too short, or about other ids, loses none
		r := newRig(t, some(campaignLeads, 1, 4))
		r.fault = func(c call) *fault {
			if c.n > 1 {
				return nil
			}
			return &fault{change: func(a *zoho.Answer) { a.Items[0].ID = 7; a.Items = a.Items[:2] }}
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 1, gone: 3})
	})
}

// A record that was deleted stops the run at once.
func TestDeletedStops(t *testing.T) {
	for name, change := range map[string]func(*zoho.Answer){
		"asked for": func(a *zoho.Answer) {
			a.Items[0].Verdict, a.Items[0].Code, a.Deleted = zoho.Deleted, zoho.CodeRecordDeleted, true
		},
		"foreign": func(a *zoho.Answer) { a.Deleted = true },
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 50, 2))
			r.failWrite = func(int) error { return nil } // the truth is another one here
			r.fault = always(nth(3), fault{change: change})
			err := r.mustEnd(outcome.Broken)
			if e := (*zoho.Error)(nil); !errors.As(err, &e) || e.Code != zoho.CodeRecordDeleted || len(r.calls) != 3 {
				t.Errorf("%s: %v after %d calls", name, err, len(r.calls))
			}
		})
	}
}

// A record that was deleted stops the run at once, with any status. Ids that the answer does not
// name may be gone.
func TestDeletedRecordWithAnyStatus(t *testing.T) {
	for _, status := range []int{200, 401, 429, 500} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 10, 2))
			r.fault = func(c call) *fault {
				return &fault{change: func(a *zoho.Answer) {
					a.Status, a.Deleted = status, true
					a.Items[0].Verdict, a.Items[0].Code = zoho.Deleted, zoho.CodeRecordDeleted
					a.Items[1].Verdict, a.Items[1].Code = zoho.Silent, zoho.CodeNotInAnswer
					// it is no link that is gone
					r.removed[link(r, 0)], r.linked[link(r, 0)] = false, true
				}}
			}
			err := r.mustEnd(outcome.Broken)
			if e := zoho.AsError(err); e.Kind != zoho.Refused || e.Scope != zoho.ScopeRun || e.Code != zoho.CodeRecordDeleted || e.Status != status {
				t.Errorf("%+v", e)
			}
			r.want(tally{failed: 1, unknown: 1})
			if len(r.calls) != 1 {
				t.Errorf("%d calls", len(r.calls))
			}
		})
	}
}

// A call that is redirected stops the run, and its links were sent: they may be gone.
func TestRedirectedCall(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 10, 2))
		r.fault = always(nth(3), fault{done: true, err: &zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeRun, Sent: true, Status: 307, Code: zoho.CodeRedirected}})
		if e := zoho.AsError(r.mustEnd(outcome.Broken)); e.Code != zoho.CodeRedirected {
			t.Errorf("%+v", e)
		}
		r.want(tally{removed: 4, unknown: 2})
		for _, o := range r.out {
			if o.Status == outcome.Unknown && (o.Code != zoho.CodeRedirected || o.HTTPStatus != 307) {
				t.Errorf("%+v", o)
			}
		}
	})
	in(t, func(t *testing.T) { // after the time is up
		r := newRig(t, some(campaignLeads, 10, 2))
		r.fault = func(call) *fault {
			r.halt(outcome.Interrupted)
			r.cut(outcome.Interrupted)
			return &fault{done: true, err: &zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeRun, Sent: true, Status: 307, Code: zoho.CodeRedirected}}
		}
		r.mustEnd(outcome.Interrupted)
		r.want(tally{unknown: 2})
	})
}

// No call names more ids than Zoho takes, whatever size is asked for. The fake CRM holds every call
// to that.
func TestNoCallIsTooLarge(t *testing.T) {
	in(t, func(t *testing.T) {
		b := chunker.NewBuilder()
		for i := range 450 {
			l := reader.Link{Relation: campaignLeads, Parent: 1000, Related: zoho.ID(1_000_000 + i)}
			if err := b.Add(l, i+2); err != nil {
				t.Fatal(err)
			}
		}
		r := newRig(t, slices.Collect(b.Build().Batches(500, nil)))
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 450})
		if len(r.calls) != 5 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
}
