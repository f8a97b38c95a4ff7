package worker

import (
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

func untried(r zoho.Relation) bool { return r == productDeals }

// mustNotOverlap checks that nothing goes beside the first calls to the untried relation.
func (r *rig) mustNotOverlap(until int) {
	r.t.Helper()
	for _, c := range r.calls {
		for _, o := range r.calls {
			if c.relation == productDeals && c.n <= until && o.n != c.n && o.at.Sub(c.at).Abs() < time.Second {
				r.t.Errorf("call %d beside %d of %v", o.n, c.n, productDeals)
			}
		}
	}
}

// A relation for which nobody but the user vouches is tried with one batch, alone, until a link of
// it was removed.
func TestUntriedBetweenOthers(t *testing.T) {
	in(t, func(t *testing.T) {
		batches := after(after(some(campaignLeads, 10, 2), productDeals, 10, 2), campaignLeads, 10, 2)
		r := newRig(t, batches)
		r.settings.Slots, r.settings.Untried = 4, untried
		r.latency = steady(time.Second)
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 60})
		r.mustNotOverlap(11)
		if r.peak != 4 || r.took > 12*time.Second {
			t.Errorf("at most %d in flight, in %v", r.peak, r.took)
		}
	})
}

// If the relation deletes records, it deletes those of one call.
func TestUntriedDeletes(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(productDeals, 10, 2))
		r.settings.Slots, r.settings.Untried = 4, untried
		r.latency = steady(time.Second)
		r.fault = always(every, fault{change: func(a *zoho.Answer) {
			a.Deleted = true
			for i := range a.Items {
				a.Items[i].Verdict, a.Items[i].Code = zoho.Deleted, zoho.CodeRecordDeleted
			}
			clear(r.removed)
		}})
		r.mustEnd(outcome.Broken)
		r.want(tally{failed: 2})
		if len(r.calls) != 1 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
}

// Neither a call without an answer nor links that are not there show what a delink does.
func TestUntriedShowsNothing(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(productDeals, 12, 2))
		r.settings.Slots, r.settings.Untried = 4, untried
		r.latency = steady(time.Second)
		r.linked[link(r, 2)], r.linked[link(r, 3)] = false, false
		r.fault = func(c call) *fault {
			if c.n <= 3 && c.parent != r.calls[0].parent {
				t.Errorf("another batch is sent before the first is answered")
			}
			return always(nth(1, 2), fault{err: unanswered(), done: true})(c)
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 20, gone: 2, absent: 2})
		r.mustNotOverlap(5)
		if r.peak != 4 {
			t.Errorf("at most %d in flight", r.peak)
		}
	})
}

// After a batch that is refused, the next one shows what a delink does.
func TestUntriedIsRefused(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(productDeals, 12, 4))
		r.settings.Slots, r.settings.Untried = 4, untried
		r.latency = steady(time.Second)
		r.fault = func(c call) *fault {
			switch c.n {
			case 1:
				return &fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")}
			case 2:
				return &fault{err: nameless()}
			}
			return nil
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 44, failed: 4})
		r.mustNotOverlap(3)
		if r.peak != 4 {
			t.Errorf("at most %d in flight", r.peak)
		}
	})
}
