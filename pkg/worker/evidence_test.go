package worker

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// clear takes all links of a rig away, but for those of the last parents.
func (r *rig) clear(but int) {
	for _, b := range r.batches[:len(r.batches)-but] {
		for _, l := range linksOf(b) {
			r.linked[l] = false
		}
	}
}

// An empty look-up is believed only with a proof.
func TestFindIsProven(t *testing.T) {
	silent := func() error { return silent() }
	refused := func() error { return refusal(zoho.ScopeParent, "ID_ALREADY_CONVERTED") }
	other := reader.Link{Relation: campaignLeads, Parent: 1000, Related: 77} // of no batch
	for _, c := range []struct {
		name        string
		linked      int // parents of three that still have their links
		blank       bool
		other       bool // the first parent has another link
		hides       bool // look-ups are empty, and pages are not
		trusted     bool
		count, page func() error
		not, known  int // links, of six
		counts      int // at one slot
		pages       int
	}{
		{name: "nothing is there, and the counts say so", not: 6, known: 6, counts: 3},
		{name: "a link is there", linked: 1, not: 4, known: 6, counts: 2},
		{name: "another link is there", other: true, not: 6, known: 6, counts: 2, pages: 1},
		{name: "reads show nothing, and the links are there", linked: 3, blank: true, counts: 6, pages: 6},
		{name: "look-ups show nothing, and a page shows the links", linked: 3, hides: true, counts: 3, pages: 3},
		{name: "reads show nothing, and one link is there", linked: 1, blank: true, not: 4, known: 4, counts: 4, pages: 2},
		{name: "reads show nothing, and counts are refused", blank: true, count: refused, counts: 3, pages: 3},
		{name: "a gateway answers all calls", linked: 3, blank: true, count: silent, page: silent, counts: 3, pages: 3},
		{name: "counts are refused, and a page shows a link", other: true, count: refused, not: 6, known: 6, counts: 2, pages: 1},
		{name: "counts are refused, and a link shows later", linked: 1, count: refused, not: 4, known: 6, counts: 2, pages: 2},
		{name: "nothing has to be proved", trusted: true, not: 6, known: 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, some(campaignLeads, 3, 2))
				r.settings.Slots, r.settings.MaxAttempts = slots, 1
				r.clear(c.linked)
				r.linked[other] = c.other
				r.blank, r.trusted, r.counting, r.paging = c.blank, c.trusted, c.count, c.page
				r.hides = c.hides
				s, _ := r.lookUp(outcome.Completed)
				s.want(c.known-c.not, c.not, 6-c.known)
				if slots == 1 && (r.counts != c.counts || r.pages != c.pages) {
					t.Errorf("%d counts and %d pages, want %d and %d", r.counts, r.pages, c.counts, c.pages)
				}
				for _, f := range s.out {
					if f.Err != nil && f.Err.Code != zoho.CodeUnproven || f.Attempts != 1 {
						t.Errorf("%+v", f)
					}
				}
			})
		})
	}
}

// All batches of one list share one proof, and another relation needs its own.
func TestFindSharesProofs(t *testing.T) {
	in(t, func(t *testing.T) {
		var batches []chunker.Batch
		for range 20 {
			batches = after(batches, campaignLeads, 1, 3)
		}
		r := newRig(t, after(batches, productDeals, 1, 3))
		r.settings.Slots, r.latency = 5, mixed
		r.clear(0)
		s, _ := r.lookUp(outcome.Completed)
		s.want(0, 63, 0)
		if r.counts != 2 || r.pages != 0 {
			t.Errorf("%d counts, %d pages", r.counts, r.pages)
		}
	})
}

// A count that fails for a moment is asked for again.
func TestFindCountsAgain(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 2))
		r.clear(0)
		r.counting = func() error {
			if r.counts < 3 {
				return unanswered()
			}
			r.counting = nil
			return unanswered()
		}
		s, _ := r.lookUp(outcome.Completed)
		s.want(0, 2, 0)
	})
}

// When a run is stopped, what is not proved yet has no finding.
func TestFindStopsUnproven(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 3, 2))
		r.settings.MaxCalls = 2 // a look-up and a count
		r.blank, r.counting = true, func() error { return errors.New("refused") }
		s, _ := r.lookUp(outcome.MaxCalls)
		s.want(0, 0, 0)
	})
}

// What may be out of date is looked up again after a while, and the second look counts.
func TestFindLooksAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		doubtful outcome.Presence
		later    bool // whether the links are there after three seconds
		calls    int  // of four parents with three links, of which every other parent has its links
	}{
		{"linked, and stays", outcome.Linked, true, 6},
		{"linked, and goes", outcome.Linked, false, 6},
		{"not linked, and stays away", outcome.NotLinked, false, 6},
		{"not linked, and comes", outcome.NotLinked, true, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				r := newRig(t, some(campaignLeads, 4, 3))
				r.settings.Slots = slots
				r.doubtful = func(_ int, shown outcome.Presence) bool { return shown == c.doubtful }
				var doubted []reader.Link
				for i, b := range r.batches {
					for _, l := range linksOf(b) {
						r.linked[l] = i%2 == 0
						if r.linked[l] == (c.doubtful == outcome.Linked) {
							doubted = append(doubted, l)
						}
					}
				}
				time.AfterFunc(3*time.Second, func() {
					r.fake.mu.Lock()
					defer r.fake.mu.Unlock()
					for _, l := range doubted {
						r.linked[l] = c.later
					}
				})
				s, _ := r.lookUp(outcome.Completed)
				if n := s.is(outcome.NotKnown); n > 0 || len(r.calls) != c.calls {
					t.Errorf("%d not known after %d calls", n, len(r.calls))
				}
				if r.took < lookAgain || r.took > lookAgain+time.Second {
					t.Errorf("it took %v: second looks wait for each other", r.took)
				}
				twice := 0
				for _, f := range s.out {
					if f.Attempts == 2 {
						twice++
					}
				}
				if twice != len(doubted) {
					t.Errorf("%d links were looked up twice, want %d", twice, len(doubted))
				}
			})
		})
	}
}

// Many doubtful links cost one wait, not one for each.
func TestFindWaitsOnce(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 500, 1))
		r.settings.Slots = 5
		r.doubtful = func(int, outcome.Presence) bool { return true }
		s, _ := r.lookUp(outcome.Completed)
		s.want(500, 0, 0)
		if r.took > 2*lookAgain {
			t.Errorf("it took %v", r.took)
		}
	})
}

// A second look that fails leaves the link unknown, and one that a stop prevents leaves it without a
// finding.
func TestFindSecondLookFails(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 3))
		r.settings.MaxAttempts = 1
		r.doubtful = func(pos int, _ outcome.Presence) bool { return pos == 1 }
		r.fault = always(nth(2), fault{err: unanswered()})
		s, _ := r.lookUp(outcome.Completed)
		s.want(2, 0, 1)
	})
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 3))
		r.doubtful = func(pos int, _ outcome.Presence) bool { return pos == 1 }
		time.AfterFunc(time.Second, func() { r.halt(outcome.Interrupted) })
		s, _ := r.lookUp(outcome.Interrupted)
		s.want(2, 0, 0)
	})
}

// Whatever befalls reads, counts and pages, and whether reads show anything or not, no finding is
// untrue.
func TestFindsNoLiesWithoutProof(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		batches := drawBatches(rt)
		script := rapid.SliceOfN(rapid.IntRange(0, len(troubles)-1), 0, 10).Draw(rt, "script")
		there := rapid.SliceOfN(rapid.Bool(), 60, 60).Draw(rt, "there")
		blank := rapid.Bool().Draw(rt, "blank")
		counts := rapid.SliceOfN(rapid.IntRange(0, len(troubles)-1), 0, 5).Draw(rt, "counts")
		doubtful := rapid.SliceOfN(rapid.Bool(), 60, 60).Draw(rt, "doubtful")
		slots := rapid.IntRange(1, 6).Draw(rt, "slots")
		if !t.Run("run", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, batches)
				r.settings.Slots, r.settings.MaxAttempts, r.latency, r.blank = slots, 2, mixed, blank
				for pos := range sum(batches) {
					r.linked[link(r, pos)] = there[pos]
				}
				r.fault = func(c call) *fault {
					if c.n <= len(script) {
						return troubles[script[c.n-1]]()
					}
					return nil
				}
				r.counting = nil
				if len(counts) > 0 {
					r.counting = func() error {
						if r.counts <= len(counts) {
							if x := troubles[counts[r.counts-1]](); x != nil && x.err != nil {
								return x.err
							}
						}
						return refusal(zoho.ScopeParent, "ID_ALREADY_CONVERTED")
					}
				}
				r.doubtful = func(pos int, _ outcome.Presence) bool { return doubtful[pos] }
				r.lookUp("")
			})
		}) {
			rt.Fatalf("see above")
		}
	})
}

// What is not proved is told with its reason.
func TestUnprovenText(t *testing.T) {
	task := &lookUpTask{batch: chunker.Batch{Relation: campaignLeads, Parent: 1000}}
	if text, want := whyUnproven(task).Error(), "the link is not shown, and nothing proves that this login sees the list: the CRM counts records in Campaigns.Leads of 1000, and reads show none"; text != want {
		t.Errorf("%q", text)
	}
	task.uncounted = refusal(zoho.ScopeParent, "ID_ALREADY_CONVERTED")
	if text, want := whyUnproven(task).Detail, fmt.Sprintf("reads of Campaigns.Leads show no record at all, and the CRM does not count them (%s)", task.uncounted); text != want {
		t.Errorf("%q", text)
	}
	if !slices.Contains([]zoho.Kind{zoho.Unanswered}, whyUnproven(task).Kind) {
		t.Error("it is no refusal")
	}
}
