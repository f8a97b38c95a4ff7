package worker

import (
	"fmt"
	"testing"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
)

// limitRelink gives a run so many calls, or so many credits above its reserve.
func limitRelink(r *relinkRig, kind string, calls int) outcome.Reason {
	if kind == "calls" {
		r.settings.MaxCalls = calls
		return outcome.MaxCalls
	}
	r.set(fmt.Sprintf("credits=%d", calls+50), "credits-header=always")
	r.settings.ReserveCredits = 50
	return outcome.Credits
}

// Any budget that is enough for the first batch gets on, however many calls may be in flight: what is
// looked up is linked. Nothing is looked up in vain, and nothing is left unknown.
func TestRelinkBudget(t *testing.T) {
	for _, kind := range []string{"calls", "credits"} {
		for _, slots := range []int{1, 4, 20} {
			for calls := 1; calls <= 24; calls++ {
				t.Run(fmt.Sprintf("%s, %d slots, %d calls", kind, slots, calls), func(t *testing.T) {
					in(t, func(t *testing.T) {
						r := newRelinkRig(t, some(campaignLeads, 40, 5), "latency=100ms..2s")
						r.settings.Slots = slots
						r.mustEnd(limitRelink(r, kind, calls))
						restored := r.is(outcome.Restored)
						r.want(relinked{restored: restored})
						sent := r.worker.Stats().Calls
						// A list that is empty needs no page for its proof, and two calls are for a
						// batch.
						least := 5 * ((calls - (RelinkCalls(5) - 2)) / 2)
						if calls < RelinkCalls(5) {
							least = 0
						}
						if restored < least || sent > calls {
							t.Errorf("%d calls restored %d links, want %d at the least", sent, restored, least)
						}
						if kind == "calls" && calls < RelinkCalls(5) && sent > 0 {
							t.Errorf("%d calls were made, and %d are needed", sent, RelinkCalls(5))
						}
						looks := r.count(func(c call) bool { return c.lookup })
						if batches := restored / 5; restored%5 != 0 || restored > 0 && looks != batches+1 {
							t.Errorf("%d look-ups for %d links", looks, restored)
						}
					})
				})
			}
		}
	}
}

// A trial is sent only if there is a call left to read it back, whatever went unanswered or was refused
// before.
func TestRelinkBudgetOfTrial(t *testing.T) {
	for _, knobs := range [][]string{
		{"faults-on=read,count", "fault-script=1:502,3:502,8:502"},
		{"id-errors=1000000:RECORD_LOCKED,1000001:RECORD_LOCKED,1000002:RECORD_LOCKED"},
	} {
		for calls := 1; calls <= 20; calls++ {
			in(t, func(t *testing.T) {
				r := newRelinkRig(t, after(some(campaignLeads, 6, 5), priceBooks, 6, 3), knobs...)
				r.settings.Slots, r.settings.MaxCalls = 6, calls
				r.mustEnd(outcome.MaxCalls)
				r.want(relinked{restored: r.is(outcome.Restored), failed: r.is(outcome.Failed)})
			})
		}
	}
}

// Only a call that is sent again is counted as repeated: not a look-up, the call that links, the proof
// and the read-back of one batch.
func TestRelinkRepeats(t *testing.T) {
	for _, c := range []struct {
		faults  string
		repeats int
	}{{"", 0}, {"3:502", 1}, {"2:502,3:429", 2}} {
		in(t, func(t *testing.T) {
			r := newRelinkRig(t, some(campaignLeads, 8, 5), "faults-on=link", "fault-script="+c.faults)
			r.put(30)
			attempts := 0
			r.settings.Observe = func(c engine.Call) {
				if c.Attempt > 1 {
					attempts++
				}
			}
			r.mustEnd(outcome.Completed)
			r.want(relinked{restored: 39, present: 1})
			if n := r.worker.Stats().Retries; n != c.repeats || attempts != c.repeats {
				t.Errorf("%q: %d calls count as repeated, and %d in the record, want %d", c.faults, n, attempts, c.repeats)
			}
		})
	}
}
