package worker

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// eachOrder runs a test with one slot, where answers come in the order of the calls, and with
// several, where they do not.
func eachOrder(t *testing.T, f func(t *testing.T, slots int)) {
	t.Helper()
	for _, slots := range []int{1, 5} {
		t.Run(fmt.Sprintf("%d slots", slots), func(t *testing.T) {
			in(t, func(t *testing.T) { f(t, slots) })
		})
	}
}

// mixed is a latency that lets answers of several slots come in any order.
func mixed(call) time.Duration { return 100*time.Millisecond + rand.N(400*time.Millisecond) }

// What the login may not do says nothing about links: only those that were sent and refused have
// failed. The others stay pending, and the run does not complete, though another list goes through.
func TestDeniedList(t *testing.T) {
	for name, history := range map[string]outcome.History{"clear": outcome.Clear, "in doubt": outcome.InDoubt, "left unknown": outcome.LeftUnknown} {
		t.Run(name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, after(with(history, some(campaignLeads, 20, 2)), productDeals, 20, 2))
				r.settings.Slots, r.latency = slots, mixed
				for pos := range 40 { // an earlier run has removed some of them
					r.linked[link(r, pos)] = pos%3 > 0
				}
				r.fault = always(func(c call) bool { return c.relation == campaignLeads && !c.lookup }, fault{err: denial(zoho.ScopeList)})
				if e := zoho.AsError(r.mustEnd(outcome.LoginRefused)); e.Kind != zoho.Denied || e.Code != "OAUTH_SCOPE_MISMATCH" {
					t.Errorf("%+v", e)
				}
				sent := map[int]bool{}
				for _, c := range r.calls {
					for _, id := range c.ids {
						sent[int(id)-1_000_000] = true
					}
				}
				for pos := range 40 {
					o, settled := r.out[pos]
					if settled != sent[pos] || settled && history == outcome.Clear && o.Status != outcome.Failed {
						t.Errorf("link %d: sent %v, %+v", pos, sent[pos], o)
					}
				}
				if n := r.count(func(c call) bool { return c.relation == campaignLeads && !c.lookup }); n > slots {
					t.Errorf("%d calls to a list that is denied", n)
				}
				if r.is(outcome.Removed) != 40 {
					t.Errorf("%d links of the other list were removed", r.is(outcome.Removed))
				}
			})
		})
	}
}

// A run that ends for another reason keeps that reason, though a list was denied.
func TestDeniedListAndOtherEnd(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newRig(t, after(some(campaignLeads, 20, 2), productDeals, 20, 2))
		r.settings.Slots, r.settings.MaxCalls = slots, 15
		r.fault = always(func(c call) bool { return c.relation == campaignLeads }, fault{err: denial(zoho.ScopeList)})
		r.mustEnd(outcome.MaxCalls)
	})
}

// A denied list of which no link is left pending ends the run with Refused only if nothing else
// became of any link.
func TestDeniedWithoutRest(t *testing.T) {
	for _, c := range []struct {
		name   string
		other  *fault // for the other list
		reason outcome.Reason
	}{
		{"both", &fault{err: denial(zoho.ScopeList)}, outcome.LoginRefused},
		{"one", nil, outcome.Completed},
		{"parent missing", &fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")}, outcome.Completed},
		{"no such list", &fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")}, outcome.Completed},
		{"unanswered", &fault{err: unanswered()}, outcome.Completed},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, after(some(campaignLeads, 1, 2), productDeals, 1, 2))
				r.fault = func(x call) *fault {
					if x.relation == campaignLeads {
						return &fault{err: denial(zoho.ScopeList)}
					}
					return c.other
				}
				r.mustEnd(c.reason)
			})
		})
	}
}

// A list that is refused with 401 in every token, while others go through, is denied. It does not
// cost a new token for ever.
func TestListDeniedWithoutItsCode(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, after(some(campaignLeads, 30, 2), productDeals, 300, 2))
		for i := range 30 { // of both lists in turn
			r.batches[i], r.batches[2*i+31] = r.batches[2*i+31], r.batches[i]
		}
		r.settings.Slots, r.settings.MaxCalls, r.latency = 5, 3000, mixed
		r.fault = always(func(c call) bool { return c.relation == campaignLeads }, fault{err: badToken()})
		if e := zoho.AsError(r.mustEnd(outcome.LoginRefused)); e.Kind != zoho.Denied || e.Code != "INVALID_TOKEN" {
			t.Errorf("%+v", e)
		}
		if r.is(outcome.Removed) != 600 || r.is(outcome.Failed) == 0 || len(r.out) > 620 || r.tokens > 40 {
			t.Errorf("%d removed, %d failed, %d tokens", r.is(outcome.Removed), r.is(outcome.Failed), r.tokens)
		}
		if len(r.notes) != 1 {
			t.Errorf("%q", r.notes)
		}
	})
}

// A list to which delinks went through is not denied by a few 401 in a row: tokens die quickly. It
// is denied if that goes on, so that the run ends.
func TestListDeniedAfterAccepted(t *testing.T) {
	for name, times := range map[string]int{"a few": 6, "for ever": 10_000} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(productDeals, 600, 2))
				r.settings.Slots, r.settings.MaxCalls, r.latency = 5, 3000, mixed
				n := 0
				r.fault = func(c call) *fault {
					if c.parent != 1050 || n == times {
						return nil
					}
					n++
					return &fault{err: badToken()}
				}
				if times < 100 {
					r.mustEnd(outcome.Completed)
					r.want(tally{removed: 1200})
					return
				}
				r.mustEnd(outcome.LoginRefused)
				if r.is(outcome.Failed) != 2 || r.is(outcome.Removed) != len(r.out)-2 || n > 10*mostUnauthorized {
					t.Errorf("%d failed of %d, after %d refusals", r.is(outcome.Failed), len(r.out), n)
				}
			})
		})
	}
}
