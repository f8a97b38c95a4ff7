package worker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// An empty look-up after an unanswered delink is believed once a read of the relation has shown
// something, or if the CRM counts nothing in the list.
func TestReadsAreProven(t *testing.T) {
	gateway := func() error { return silent() }
	noSuchCall := func() error {
		return &zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeRun, Sent: true, Status: 404, Code: "INVALID_URL_PATTERN"}
	}
	down := func() error { return unanswered() }
	for _, c := range []struct {
		name    string
		count   func() error // nil for an answer
		org     bool         // the org has answered its questions
		heard   bool         // a delink is answered before
		blank   bool         // every look-up is empty, though the links are there
		gone    int
		unknown int
	}{
		{"the list is counted", nil, false, false, false, 4, 0},
		{"the list is counted, and reads do not show what is in it", nil, true, true, true, 0, 4},
		{"a gateway answers", gateway, true, true, true, 0, 4},
		{"a gateway answers, and the links are gone", gateway, true, true, false, 0, 4},
		{"counts go unanswered", down, true, true, false, 0, 4},
		{"no such call, and nothing was ever answered", noSuchCall, false, false, false, 0, 4},
		{"no such call, but the org has answered", noSuchCall, true, false, false, 4, 0},
		{"no such call, but a delink was answered", noSuchCall, false, true, false, 4, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, after(some(productDeals, 1, 1), campaignLeads, 2, 2))
				r.settings.Slots, r.settings.MaxAttempts, r.settings.OrgAnswers = slots, 1, c.org
				r.counting, r.blank = c.count, c.blank
				r.latency = func(x call) time.Duration {
					return map[bool]time.Duration{true: time.Second}[x.relation == campaignLeads]
				}
				r.fault = func(x call) *fault {
					switch {
					case x.lookup || c.heard && x.relation == productDeals:
						return nil
					}
					return &fault{err: unanswered(), done: !c.blank}
				}
				if !c.heard {
					r.batches = r.batches[1:]
				}
				r.mustEnd(outcome.Completed)
				want := tally{gone: c.gone, unknown: c.unknown}
				if c.heard {
					want.removed = 1
				}
				r.want(want)
				if c.count == nil && !c.blank && r.counts != 2 { // one for each list
					t.Errorf("%d counts", r.counts)
				}
			})
		})
	}
}

// A look-up that is not proved is held until another parent record of the relation proves it.
func TestHeldUntilProven(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, after(some(productDeals, 1, 2), campaignLeads, 2, 2))
		r.settings.MaxAttempts = 1
		r.counting = func() error { return refusal(zoho.ScopeParent, "ID_ALREADY_CONVERTED") }
		r.fault = func(c call) *fault {
			if c.lookup {
				return nil
			}
			return &fault{err: unanswered(), done: c.parent == 1000}
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 2, unknown: 4}) // the other relation has no proof
	})
}

// If the run is stopped, links of an earlier run whose look-ups are held stay as they were.
func TestHeldWhenStopped(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newSnapshotRig(t, after(with(outcome.InDoubt, some(campaignLeads, 2, 2)), campaignLeads, 2, 2))
		r.blank, r.settings.MaxCalls = true, 7
		r.counting = func() error { return silent() }
		r.mustEnd(outcome.MaxCalls)
		if len(r.out) > 0 {
			t.Errorf("%v", r.out)
		}
	})
}

// An id that the CRM refuses without a name, and that no read shows, is not absent for that.
func TestRefusedAndNotShown(t *testing.T) {
	for _, blank := range []bool{false, true} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 1, 1))
			r.cursed, r.blank = map[zoho.ID]bool{1_000_000: true}, blank
			r.linked[link(r, 0)] = blank
			r.mustEnd(outcome.Completed)
			if blank {
				r.want(tally{failed: 1})
			} else {
				r.want(tally{absent: 1})
			}
			if o := r.out[0]; blank && (o.Code != "INVALID_DATA" || !strings.Contains(o.Message, "nothing proves")) {
				t.Errorf("%+v", o)
			}
		})
	}
}

// A refusal of every delink with a code that is not known is one of the org, not of ids.
func TestRefusedAlike(t *testing.T) {
	for _, code := range []string{"INVALID_REQUEST", "LICENSE_LIMIT_EXCEEDED"} {
		t.Run(code, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, some(campaignLeads, 30, 100))
				r.settings.Slots = slots
				r.fault = always(delinks, fault{err: &zoho.Error{Kind: zoho.Nameless, Sent: true, Status: 400, Code: code}})
				if err := r.mustEnd(outcome.Broken); zoho.AsError(err).Code != code {
					t.Error(err)
				}
				if n := len(r.calls); n > refusedMax+2*slots+10 {
					t.Errorf("%d calls", n)
				}
			})
		})
	}
	t.Run("one id among many", func(t *testing.T) {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 30, 100))
			r.fault = func(c call) *fault {
				for _, id := range c.ids {
					if id%100 == 7 && !c.lookup {
						return &fault{err: &zoho.Error{Kind: zoho.Nameless, Sent: true, Status: 400, Code: "INVALID_REQUEST"}}
					}
				}
				return nil
			}
			r.mustEnd(outcome.Completed)
			r.want(tally{removed: 2970, failed: 30})
		})
	})
}

// A call that was not waited for any longer still runs at the CRM, which counts it.
func TestCallsThatWereLeft(t *testing.T) {
	for _, slots := range []int{1, 3} {
		t.Run(fmt.Sprint(slots, " slots"), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 12, 1))
				r.settings.Slots = slots
				r.latency = steady(10 * time.Second)
				left := map[int]bool{1: true, 2: true, 5: true}
				r.fault = func(c call) *fault {
					if left[c.n] {
						return &fault{err: &zoho.Error{Kind: zoho.Unanswered, Sent: true, Running: true, Code: zoho.CodeNoAnswer}}
					}
					return nil
				}
				r.mustEnd(outcome.Completed)
				for _, at := range r.calls { // each left call runs for twice as long
					n := 0
					for _, c := range r.calls {
						took := 10 * time.Second
						if left[c.n] {
							took *= 2
						}
						if !c.at.After(at.at) && c.at.Add(took).After(at.at) {
							n++
						}
					}
					if n > slots {
						t.Errorf("%d calls run at the CRM when call %d is made", n, at.n)
					}
				}
			})
		})
	}
}
