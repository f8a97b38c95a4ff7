package worker

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// shelf is a recorder of findings that looks at what it is given.
type shelf struct {
	t         *testing.T
	mu        sync.Mutex
	out       map[int]Finding
	unsynced  bool
	failWrite error
}

func (s *shelf) Write(out []Finding) error {
	if s.failWrite != nil {
		return s.failWrite
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range out {
		if _, twice := s.out[f.Pos]; twice || f.Time.IsZero() || (f.Err != nil) != (f.Presence == outcome.NotKnown) {
			s.t.Errorf("finding %+v", f)
		}
		s.out[f.Pos] = f
	}
	s.unsynced = true
	return nil
}

func (s *shelf) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsynced = false
	return nil
}

func (s *shelf) is(p outcome.Presence) (n int) {
	for _, f := range s.out {
		if f.Presence == p {
			n++
		}
	}
	return n
}

func (s *shelf) want(linked, notLinked, notKnown int) {
	s.t.Helper()
	if s.is(outcome.Linked) != linked || s.is(outcome.NotLinked) != notLinked || s.is(outcome.NotKnown) != notKnown {
		s.t.Errorf("%d linked, %d not linked, %d not known; want %d, %d, %d", s.is(outcome.Linked), s.is(outcome.NotLinked), s.is(outcome.NotKnown), linked, notLinked, notKnown)
	}
}

// lookUp looks up the links of a rig, and holds the findings against the truth.
func (r *rig) lookUp(want outcome.Reason) (*shelf, error) {
	r.t.Helper()
	defer r.halt(nil)
	defer r.cut(nil)
	s := &shelf{t: r.t, out: map[int]Finding{}, failWrite: r.lookUpFails}
	start := time.Now()
	reason, err := StartLookUp(r.fake, r.seq(), s, LookUpSettings{Settings: r.settings.Settings, Doubtful: r.doubtful, Trusted: r.trusted}).Run(r.stop, r.hard)
	r.took = time.Since(start)
	if want != "" && reason != want {
		r.t.Errorf("ended by %s, want %s (%v)", reason, want, err)
	}
	if r.count(delinks) > 0 {
		r.t.Error("a look-up removes links")
	}
	n := 0
	for _, b := range r.batches {
		for i, l := range linksOf(b) {
			f, found := s.out[b.Pos[i]]
			if found {
				n++
			}
			if found && f.Presence != outcome.NotKnown && (f.Presence == outcome.Linked) != r.linked[l] {
				r.t.Errorf("%v is %s: %+v", l, f.Presence, f)
			}
		}
	}
	if n != len(s.out) || s.unsynced || reason == outcome.Completed && n != sum(r.batches) {
		r.t.Errorf("%s with %d findings, of which %d are of %d links that were given; not synced: %v", reason, len(s.out), n, sum(r.batches), s.unsynced)
	}
	return s, err
}

// sum is how many links the batches have.
func sum(batches []chunker.Batch) (n int) {
	for _, b := range batches {
		n += len(b.Pos)
	}
	return n
}

func TestFind(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newRig(t, some(campaignLeads, 20, 10))
		r.settings.Slots, r.latency = slots, mixed
		for pos := range 200 {
			r.linked[link(r, pos)] = pos%4 == 0
		}
		s, _ := r.lookUp(outcome.Completed)
		s.want(50, 150, 0)
		if len(r.calls) != 20 || s.out[7].Attempts != 1 {
			t.Errorf("%d calls, %+v", len(r.calls), s.out[7])
		}
	})
}

// What goes wrong with calls leaves no more links unknown than it must, and costs no more calls.
func TestFindWithFaults(t *testing.T) {
	third := func(c call) bool { return c.parent == 1003 }
	for _, c := range []struct {
		name   string
		fault  func(call) *fault
		reason outcome.Reason
		known  int // of 50 links of 10 parents
		calls  int
	}{
		{"unanswered at first", always(nth(1, 2, 3), fault{err: unanswered()}), outcome.Completed, 50, 13},
		{"unanswered to the end", always(third, fault{err: unanswered()}), outcome.Completed, 45, 14},
		{"throttled", always(nth(4), fault{err: throttled()}), outcome.Completed, 50, 11},
		{"token refused", always(nth(4), fault{err: badToken()}), outcome.Completed, 50, 11},
		{"one id refused", always(func(c call) bool { return slices.Contains(c.ids, 1_000_017) }, fault{err: nameless()}), outcome.Completed, 49, 14},
		{"one batch refused", always(third, fault{err: refusal(zoho.ScopeBatch, "LIMIT_EXCEEDED")}), outcome.Completed, 45, 10},
		{"list refused", always(func(c call) bool { return c.n > 2 }, fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")}), outcome.Completed, 10, 3},
		{"list denied after a while", always(func(c call) bool { return c.n > 2 }, fault{err: denial(zoho.ScopeList)}), outcome.Completed, 10, 3},
		{"list denied", always(every, fault{err: denial(zoho.ScopeList)}), outcome.LoginRefused, 0, 1},
		{"all refused", always(nth(3), fault{err: refusal(zoho.ScopeRun, "INVALID_URL_PATTERN")}), outcome.Broken, 10, 3},
		{"login refused", always(nth(3), fault{err: denial(zoho.ScopeRun)}), outcome.LoginRefused, 10, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 10, 5))
				r.fault = c.fault
				s, _ := r.lookUp(c.reason)
				if n := s.is(outcome.Linked); n != c.known || len(r.calls) != c.calls {
					t.Errorf("%d linked after %d calls, want %d after %d", n, len(r.calls), c.known, c.calls)
				}
			})
		})
	}
}

// A parent record that is missing costs one call, whatever number of batches it has.
func TestFindMissingParent(t *testing.T) {
	in(t, func(t *testing.T) {
		var batches []chunker.Batch
		for range 10 {
			batches = after(batches, campaignLeads, 2, 3)
		}
		r := newRig(t, batches)
		r.fault = always(func(c call) bool { return c.parent == 1001 }, fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")})
		s, _ := r.lookUp(outcome.Completed)
		s.want(30, 0, 30)
		if len(r.calls) != 11 || len(r.notes) > 0 {
			t.Errorf("%d calls, notes %q", len(r.calls), r.notes)
		}
	})
}

// An API that answers nothing any more ends the run.
func TestFindOutOfReach(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newRig(t, some(campaignLeads, 1000, 1))
		r.settings.Slots = slots
		r.fault = always(every, fault{err: unanswered()})
		s, _ := r.lookUp(outcome.Broken)
		if n := s.is(outcome.NotKnown); n < lostMax || n > lostMax+3*slots {
			t.Errorf("%d findings", n)
		}
	})
	in(t, func(t *testing.T) { // one that answers now and then does not
		r := newRig(t, some(campaignLeads, 100, 1))
		r.settings.MaxAttempts = 1
		r.fault = always(func(c call) bool { return c.n%lostMax != 0 }, fault{err: unanswered()})
		s, _ := r.lookUp(outcome.Completed)
		s.want(10, 0, 90)
	})
}

// A stop leaves the links that were not answered for without a finding.
func TestFindStop(t *testing.T) {
	eachOrder(t, func(t *testing.T, slots int) {
		r := newRig(t, some(campaignLeads, 100, 1))
		r.settings.Slots = slots
		r.hang = func(c call) bool { return c.n > 10 }
		time.AfterFunc(time.Minute, func() { r.halt(outcome.Deadline) })
		time.AfterFunc(2*time.Minute, func() { r.cut(outcome.Interrupted) })
		s, _ := r.lookUp(outcome.Deadline)
		s.want(10, 0, 0)
	})
}

func TestFindingsCannotBeKept(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 100, 1))
		r.lookUpFails = errors.New("disk full")
		if _, err := r.lookUp(outcome.Broken); !errors.Is(err, r.lookUpFails) || len(r.calls) != 1 {
			t.Errorf("%v after %d calls", err, len(r.calls))
		}
	})
}

// Whatever befalls the calls, a finding is true, and a link is unknown only if a call for it or for
// its list or parent failed.
func TestFindsNoLies(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		batches := drawBatches(rt)
		script := rapid.SliceOfN(rapid.IntRange(0, len(troubles)-1), 0, 30).Draw(rt, "script")
		there := rapid.SliceOfN(rapid.Bool(), 60, 60).Draw(rt, "there")
		cursed := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 3).Draw(rt, "cursed")
		slots := rapid.IntRange(1, 6).Draw(rt, "slots")
		if !t.Run("run", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, batches)
				r.settings.Slots, r.settings.MaxAttempts, r.latency = slots, 2, mixed
				for pos := range sum(batches) {
					r.linked[link(r, pos)] = there[pos]
				}
				clean := true
				r.fault = func(c call) *fault {
					var x *fault
					if c.n <= len(script) {
						x = troubles[script[c.n-1]]()
					}
					for _, i := range cursed {
						if slices.Contains(c.ids, zoho.ID(1_000_000+i)) {
							x = &fault{err: nameless()}
						}
					}
					clean = clean && x == nil
					return x
				}
				s, _ := r.lookUp("")
				if clean && s.is(outcome.NotKnown) > 0 {
					t.Errorf("%d links are unknown, though every call was answered", s.is(outcome.NotKnown))
				}
			})
		}) {
			rt.Fatalf("see above")
		}
	})
}
