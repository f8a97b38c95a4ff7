package worker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// No link is sent before its fields are on disk: the harness checks that for each delink. A link
// that is not there is absent without a delink.
func TestSnapshot(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newSnapshotRig(t, some(campaignLeads, 20, 10))
		r.settings.Slots, r.latency, r.keepCost = slots, mixed, 150*time.Millisecond
		for pos := range 200 {
			r.linked[link(r, pos)] = pos%10 < 7 && pos/10 != 3 // and of one parent record there is none
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 133, absent: 67})
		if r.count(reads) != 20 || r.count(delinks) != 19 || len(r.calls) != 39 || r.worker.Stats().Retries != 0 {
			t.Errorf("%d reads and %d delinks of %d calls, %+v", r.count(reads), r.count(delinks), len(r.calls), r.worker.Stats())
		}
		for _, c := range r.calls {
			for _, l := range c.links() {
				if !c.lookup && !r.removed[l] {
					t.Errorf("%v was sent, and was not there", l)
				}
			}
		}
		if o := r.out[7]; o.Code != zoho.CodeNotLinked || o.HTTPStatus != 0 || !strings.Contains(o.Message, "no delink was sent") {
			t.Errorf("%+v", o)
		}
	})
}

// Whatever befalls the calls, no link is sent without a snapshot, each outcome is true, and a delink
// that is repeated is not read again.
func TestSnapshotWithFaults(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			in(t, func(t *testing.T) {
				d := rand.New(rand.NewPCG(seed, 1))
				r := newSnapshotRig(t, after(with(pickHistory(d), some(campaignLeads, 1+d.IntN(12), 1+d.IntN(9))), productDeals, d.IntN(5), 2))
				r.settings.Slots, r.settings.MaxAttempts = 1+d.IntN(6), 1+d.IntN(4)
				if d.IntN(3) == 0 {
					r.settings.MaxCalls = 1 + d.IntN(40)
				}
				if d.IntN(3) == 0 {
					r.settings.Untried = untried
				}
				r.keepCost = time.Duration(d.IntN(400)) * time.Millisecond
				r.latency = func(call) time.Duration { return time.Duration(d.IntN(900)) * time.Millisecond }
				r.cursed, r.cursedRead, r.locked = map[zoho.ID]bool{}, map[zoho.ID]bool{}, map[zoho.ID]bool{}
				for l := range r.own {
					r.linked[l] = d.IntN(4) > 0
					r.cursed[l.Related], r.locked[l.Related] = d.IntN(20) == 0, d.IntN(20) == 0
					r.cursedRead[l.Related] = d.IntN(30) == 0
				}
				r.fault = func(call) *fault {
					switch d.IntN(12) {
					case 0:
						return &fault{err: unanswered(), done: d.IntN(2) == 0}
					case 1:
						return &fault{err: unanswered(), late: time.Duration(d.IntN(9000)) * time.Millisecond}
					case 2:
						return &fault{err: throttled()}
					case 3:
						return &fault{err: unsent()}
					}
					return nil
				}
				if d.IntN(3) == 0 {
					time.AfterFunc(time.Duration(d.IntN(5000))*time.Millisecond, func() { r.halt(outcome.Deadline) })
				}
				if d.IntN(4) == 0 {
					time.AfterFunc(time.Duration(d.IntN(5000))*time.Millisecond, func() { r.halt(outcome.Interrupted); r.cut(outcome.Interrupted) })
				}
				_, _ = r.run()
				answered := map[zoho.ID]bool{}
				for _, c := range r.calls {
					for _, id := range c.ids {
						if c.fields && answered[id] {
							t.Errorf("%d is read again behind its delink", id)
						}
						answered[id] = answered[id] || !c.lookup
					}
				}
			})
		})
	}
}

func pickHistory(d *rand.Rand) outcome.History {
	return []outcome.History{outcome.Clear, outcome.Clear, outcome.InDoubt, outcome.LeftUnknown}[d.IntN(4)]
}

// If the fields cannot be kept, the run ends and nothing is sent that was not kept before.
func TestSnapshotIsNotKept(t *testing.T) {
	full := errors.New("disk full")
	for _, n := range []int{1, 3} {
		eachOrder(t, func(t *testing.T, slots int) {
			r := newSnapshotRig(t, some(campaignLeads, 30, 4))
			r.settings.Slots, r.latency = slots, mixed
			r.failKeep = func(i int) error {
				if i >= n {
					return full
				}
				return nil
			}
			if err := r.mustEnd(outcome.Broken); !errors.Is(err, full) {
				t.Error(err)
			}
			if n == 1 && r.count(delinks) > 0 {
				t.Errorf("%d delinks", r.count(delinks))
			}
			if r.is(outcome.Removed) > len(r.kept) || len(r.out) != r.is(outcome.Removed) {
				t.Errorf("%d outcomes, and %d links were kept", len(r.out), len(r.kept))
			}
		})
	}
}

// An empty read is believed only with a proof. If a gateway gives an empty success to every call, or
// the CRM counts links and shows none, no link is called absent that is there, the run ends soon,
// and nothing is sent.
func TestSnapshotReadsAreProven(t *testing.T) {
	for _, history := range []outcome.History{outcome.Clear, outcome.InDoubt} {
		for _, counts := range []func() error{nil, func() error { return silent() }, func() error { return unanswered() }} {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newSnapshotRig(t, with(history, some(campaignLeads, 30, 4)))
				r.settings.Slots, r.blank, r.settings.OrgAnswers = slots, true, true
				r.counting = counts
				if err := r.mustEnd(outcome.Broken); zoho.AsError(err).Code != zoho.CodeUnproven {
					t.Error(err)
				}
				if n := r.is(outcome.Failed) + r.is(outcome.Unknown); n < 4*lostMax || n > 4*(lostMax+2*slots) || n != len(r.out) || r.count(delinks) > 0 {
					t.Errorf("%d outcomes, %d delinks", n, r.count(delinks))
				}
				for _, o := range r.out {
					if history == outcome.Clear && (o.Code != zoho.CodeUnproven || !strings.Contains(o.Message, "could not be read, so it was not removed")) {
						t.Errorf("%+v", o)
					}
				}
			})
		}
		eachOrder(t, func(t *testing.T, slots int) { // every list is counted, and empty
			r := newSnapshotRig(t, with(history, some(campaignLeads, 30, 4)))
			r.settings.Slots = slots
			clear(r.linked)
			r.mustEnd(outcome.Completed)
			want := tally{absent: 120}
			if history == outcome.InDoubt {
				want = tally{gone: 120}
			}
			r.want(want)
			if r.counts != 30 || r.pages > 0 || r.count(delinks) > 0 {
				t.Errorf("%d counts, %d pages, %d delinks", r.counts, r.pages, r.count(delinks))
			}
		})
	}
	eachOrder(t, func(t *testing.T, slots int) { // every third list is empty, and reads show none of the others
		r := newSnapshotRig(t, some(campaignLeads, 12, 4))
		r.settings.Slots, r.blank = slots, true
		for pos := range 48 {
			r.linked[link(r, pos)] = pos/4%3 != 0
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{absent: 16, failed: 32})
	})
	eachOrder(t, func(t *testing.T, slots int) { // counts are refused, and the last list shows links
		r := newSnapshotRig(t, some(campaignLeads, 8, 4))
		r.settings.Slots = slots
		r.counting = func() error { return refusal(zoho.ScopeParent, "ID_ALREADY_CONVERTED") }
		for pos := range 28 {
			r.linked[link(r, pos)] = false
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{absent: 28, removed: 4})
	})
}

// A CRM that does not answer reads stops the run, and no link is sent.
func TestSnapshotUnread(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newSnapshotRig(t, some(campaignLeads, 100, 4))
		r.settings.Slots, r.settings.MaxAttempts = slots, 2
		r.fault = always(reads, fault{err: unanswered()})
		r.mustEnd(outcome.Broken)
		if n := r.is(outcome.Failed); n < 4*lostMax || n > 4*(lostMax+2*slots) || n != len(r.out) || r.count(delinks) > 0 {
			t.Errorf("%d failed, %d delinks", n, r.count(delinks))
		}
		for _, o := range r.out {
			if o.Code != zoho.CodeServerError || !strings.Contains(o.Message, "its own fields could not be read, so it was not removed") {
				t.Errorf("%+v", o)
			}
		}
	})
	eachOrder(t, func(t *testing.T, slots int) { // now and then is no reason to stop
		r := newSnapshotRig(t, some(campaignLeads, 100, 1))
		r.settings.Slots, r.settings.MaxAttempts = slots, 1
		r.fault = always(func(c call) bool { return c.fields && c.ids[0]%4 == 0 }, fault{err: unanswered()})
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 75, failed: 25})
	})
}

// Reads that the CRM refuses: no link of theirs is sent.
func TestSnapshotRefused(t *testing.T) {
	half := func(c call) bool { return c.fields && c.relation == campaignLeads }
	for _, c := range []struct {
		name   string
		err    *zoho.Error
		reason outcome.Reason
		want   tally
		reads  int // of the list that is refused, at most with one slot
	}{
		{"a missing scope", denial(zoho.ScopeList), outcome.LoginRefused, tally{removed: 20}, 1},
		{"a missing permission for a parent record", denial(zoho.ScopeParent), outcome.LoginRefused, tally{removed: 20}, 10},
		{"no such parent record", refusal(zoho.ScopeParent, "INVALID_DATA"), outcome.Completed, tally{removed: 20, failed: 20}, 10},
		{"no such list", refusal(zoho.ScopeList, "INVALID_DATA"), outcome.Completed, tally{removed: 20, failed: 20}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newSnapshotRig(t, after(some(campaignLeads, 10, 2), productDeals, 10, 2))
				r.settings.Slots, r.latency = slots, mixed
				r.fault = always(half, fault{err: c.err})
				r.mustEnd(c.reason)
				r.want(c.want)
				if n := r.count(half); slots == 1 && n > c.reads {
					t.Errorf("%d reads of the list", n)
				}
				if n := r.count(func(c call) bool { return !c.lookup && c.relation == campaignLeads }); n > 0 {
					t.Errorf("%d delinks", n)
				}
			})
		})
	}
	t.Run("every call, without a name", func(t *testing.T) {
		eachOrder(t, func(t *testing.T, slots int) {
			r := newSnapshotRig(t, some(campaignLeads, 30, 100))
			r.settings.Slots = slots
			r.fault = always(reads, fault{err: &zoho.Error{Kind: zoho.Nameless, Sent: true, Status: 400, Code: "LICENSE_LIMIT_EXCEEDED"}})
			r.mustEnd(outcome.Broken)
			if n := len(r.calls); n > refusedMax+2*slots+10 || r.count(delinks) > 0 {
				t.Errorf("%d calls", n)
			}
		})
	})
	t.Run("one id, without a name", func(t *testing.T) {
		eachOrder(t, func(t *testing.T, slots int) {
			r := newSnapshotRig(t, some(campaignLeads, 2, 50))
			r.settings.Slots = slots
			r.cursedRead = map[zoho.ID]bool{1_000_007: true}
			r.mustEnd(outcome.Completed)
			r.want(tally{removed: 99, failed: 1})
			if o := r.out[7]; !strings.Contains(o.Message, "could not be read") {
				t.Errorf("%+v", o)
			}
		})
	})
}

// A link that another run may have removed is gone, not absent, if it is not there when its fields
// are read.
func TestSnapshotElsewhere(t *testing.T) {
	in(t, func(t *testing.T) {
		r, asked := newSnapshotRig(t, some(campaignLeads, 3, 4)), 0
		for _, pos := range []int{1, 2, 5} {
			r.linked[link(r, pos)] = false
		}
		r.settings.Elsewhere = another(r, &asked, 0, 2, 5)
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 9, gone: 2, absent: 1})
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// An untried relation is tried alone: its reads and delinks go beside no other call.
func TestSnapshotUntried(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newSnapshotRig(t, after(after(some(campaignLeads, 10, 2), productDeals, 10, 2), campaignLeads, 10, 2))
		r.settings.Slots, r.settings.Untried = 4, untried
		r.latency = steady(time.Second)
		tried := 0
		r.fault = func(c call) *fault {
			if c.relation == productDeals && tried == 0 && !c.lookup {
				tried = c.n
			}
			return nil
		}
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 60})
		r.mustNotOverlap(tried)
	})
}
