package worker

import (
	"slices"
	"testing"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// k bad ids among a hundred are found by about 2·k·log2(100) calls, and a look-up for each.
func TestNamelessSplits(t *testing.T) {
	for _, bad := range [][]int{{0}, {99}, {50}, {0, 99}, {3, 4, 5}, {10, 30, 50, 70, 90}} {
		for _, linked := range []bool{false, true} {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 1, 100))
				r.settings.Slots = 4
				r.cursed = map[zoho.ID]bool{}
				for _, i := range bad {
					r.cursed[zoho.ID(1_000_000+i)] = true
					r.linked[link(r, i)] = linked
				}
				r.mustEnd(outcome.Completed)
				if linked {
					r.want(tally{removed: 100 - len(bad), failed: len(bad)})
				} else {
					r.want(tally{removed: 100 - len(bad), absent: len(bad)})
				}
				most := 1 + 2*len(bad)*7
				// always in the second half, which needs no call then
				if slices.Equal(bad, []int{99}) {
					most = 9
				}
				if n := len(r.calls) - r.count(lookups); n > most || r.count(lookups) != len(bad) {
					t.Errorf("%v: %d calls, at most %d; %d look-ups", bad, n, most, r.count(lookups))
				}
			})
		}
	}
	// what is refused by itself and cannot be looked up has failed: no call may have removed it
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 4))
		r.cursed = map[zoho.ID]bool{1_000_002: true}
		r.fault = always(lookups, fault{err: unanswered()})
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 3, failed: 1})
	})
}

// A refusal that reaches further than its batch costs no further call.
func TestRefusalsReachFurther(t *testing.T) {
	in(t, func(t *testing.T) {
		batches := some(campaignLeads, 50, 2)
		batches = after(batches, productDeals, 5, 2)
		r := newRig(t, batches)
		r.fault = always(func(c call) bool { return c.relation == campaignLeads }, fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")})
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 10, failed: 100})
		if len(r.calls) != 6 || len(r.notes) != 1 {
			t.Errorf("%d calls, notes %q", len(r.calls), r.notes)
		}
	})
	in(t, func(t *testing.T) {
		var batches []chunker.Batch
		for range 10 { // of two parents
			batches = after(batches, campaignLeads, 2, 2)
		}
		r := newRig(t, batches)
		r.fault = always(func(c call) bool { return c.parent == 1001 }, fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")})
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 20, failed: 20})
		if len(r.calls) != 11 {
			t.Errorf("%d calls", len(r.calls))
		}
		for _, o := range r.out {
			if o.Status == outcome.Failed && (o.Code != "INVALID_DATA" || o.Attempts > 1) {
				t.Errorf("%+v", o)
			}
		}
	})
	in(t, func(t *testing.T) { // nor do calls that were waiting for their turn
		r := newRig(t, some(campaignLeads, 50, 2))
		r.settings.Slots, r.settings.Rate = 20, engine.NewRate(1)
		r.latency = steady(100 * time.Millisecond)
		r.fault = always(every, fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")})
		r.mustEnd(outcome.Completed)
		if len(r.calls) != 1 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
}

func TestRunRefusals(t *testing.T) {
	for want, e := range map[outcome.Reason]*zoho.Error{
		outcome.Broken:       refusal(zoho.ScopeRun, "INVALID_URL_PATTERN"),
		outcome.LoginRefused: {Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: "invalid_code"},
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 50, 2))
			r.settings.Slots = 3
			r.latency = func(c call) time.Duration { return time.Duration(c.n) * time.Second }
			r.fault = always(nth(2), fault{err: e})
			if err := r.mustEnd(want); zoho.AsError(err).Code != e.Code {
				t.Error(err)
			}
			if len(r.calls) != 4 { // one went while the second was on its way
				t.Errorf("%d calls", len(r.calls))
			}
			r.want(tally{removed: 6})
		})
	}
}

// A parent record that does not exist, where the refusal of a delink does not say so, and that of a
// look-up does: it is found out by the first id that stands alone. Where other ids of the batch
// went through, the parent is there, whatever a look-up says.
func TestMissingParentNamedByLookUps(t *testing.T) {
	for _, slots := range []int{1, 10} {
		in(t, func(t *testing.T) {
			batches := some(campaignLeads, 1, 100)
			for range 9 { // more of the same parent
				batches = after(batches, campaignLeads, 1, 100)
			}
			r := newRig(t, batches)
			r.settings.Slots = slots
			r.latency = steady(time.Second)
			r.fault = func(c call) *fault {
				if c.lookup {
					return &fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")}
				}
				return &fault{err: nameless()}
			}
			r.mustEnd(outcome.Completed)
			r.want(tally{failed: 1000})
			if len(r.calls) > 20*slots {
				t.Errorf("%d slots: %d calls", slots, len(r.calls))
			}
		})
	}
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 2, 100))
		r.cursed = map[zoho.ID]bool{r.batches[0].Related[17]: true}
		r.fault = always(lookups, fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")})
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 199, failed: 1})
	})
}
