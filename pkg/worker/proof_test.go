package worker

import (
	"fmt"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// An empty look-up after an unanswered delink is believed once the CRM has given an answer with
// something in it: how many records the list holds. It is asked once for each relation.
func TestReadsAreProven(t *testing.T) {
	gateway := &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: 204, Code: zoho.CodeForeignAnswer}
	noSuchCall := &zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeRun, Sent: true, Status: 404, Code: "INVALID_URL_PATTERN"}
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
		{"a gateway answers", func() error { return gateway }, true, true, true, 0, 4},
		{"a gateway answers, and the links are gone", func() error { return gateway }, true, true, false, 0, 4},
		{"no such call, and nothing was ever answered", func() error { return noSuchCall }, false, false, false, 0, 4},
		{"no such call, but the org has answered", func() error { return noSuchCall }, true, false, false, 4, 0},
		{"no such call, but a delink was answered", func() error { return noSuchCall }, false, true, false, 4, 0},
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
				if c.count == nil && r.counts != 1 {
					t.Errorf("%d counts", r.counts)
				}
			})
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
