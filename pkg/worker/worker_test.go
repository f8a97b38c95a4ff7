package worker

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/zoho"
)

// in runs a test in a bubble, where time is fake and a goroutine that is left behind is a failure.
func in(t *testing.T, f func(*testing.T)) { t.Helper(); synctest.Test(t, f) }

func TestAllIsWell(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 30, 7))
		r.linked[link(r, 5)] = false
		r.ends(Completed)
		r.want(209, 1, 0, 0)
		if !slices.IsSorted(r.order) || len(r.calls) != 30 || r.taken != 30 {
			t.Errorf("%d calls, %d batches taken, in the order %v", len(r.calls), r.taken, r.order)
		}
		if s := r.pool.Stats(); s.Calls != 30 || s.Retries != 0 || s.Throttled != 0 || s.Slots != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestNothingToDo(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.ends(Completed)
		if r.writes+r.syncs > 0 {
			t.Error("something was recorded")
		}
	})
}

// The slots are kept full, though results have to be written and brought to disk.
func TestSlotsAreKeptFull(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 3000, 1))
		r.settings.Slots = 20
		r.latency = func(call) time.Duration { return 200*time.Millisecond + rand.N(400*time.Millisecond) }
		r.cost = func() time.Duration { return 200 * time.Microsecond }
		r.syncCost = 5 * time.Millisecond
		r.ends(Completed)
		r.want(3000, 0, 0, 0)
		if share := r.busy.Seconds() / r.took.Seconds() / 20; share < 0.97 || r.peak != 20 {
			t.Errorf("share %.3f, at most %d in flight", share, r.peak)
		}
	})
}

// Disk that is slower than the CRM holds the calls back, so that not too much is believed without being there.
func TestSlowDiskHoldsBack(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 200, 1))
		r.settings.Slots = 4
		r.latency, r.syncCost = steady(10*time.Millisecond), time.Second
		r.ends(Completed)
		if r.took < 20*time.Second {
			t.Errorf("took %v for 200 batches with at most 9 unsynced a second", r.took)
		}
	})
}

// No more calls than the rate in any span of time, however they end.
func TestRate(t *testing.T) {
	for _, limit := range []float64{0.5, 3, 10, 33.3} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 60, 1))
			r.settings.Slots, r.settings.Rate = 20, NewRate(limit)
			r.latency = func(call) time.Duration { return rand.N(3 * time.Second) }
			r.fault = always(func(c call) bool { return c.n%5 == 0 }, fault{err: unanswered()})
			r.ends(Completed)
			at := r.starts()
			gap := time.Duration(float64(time.Second) / limit)
			for i := 1; i < len(at); i++ {
				if at[i]-at[i-1] < gap-time.Microsecond {
					t.Fatalf("limit %v: calls %d and %d are %v apart", limit, i, i+1, at[i]-at[i-1])
				}
			}
			// At the end, the last batch may wait for its backoff and its answer more than once.
			if limit <= 3 && r.took > time.Duration(len(at)+1)*gap+15*time.Second {
				t.Errorf("limit %v: %d calls took %v", limit, len(at), r.took)
			}
		})
	}
}

// A call that has no token yet takes its place in the rate when there is one: the calls that wait for it do not leave together.
func TestRateWhileTokensDie(t *testing.T) {
	for _, limit := range []float64{0.5, 10, 33.3} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 60, 1))
			r.settings.Slots, r.settings.Rate = 20, NewRate(limit)
			r.latency = func(call) time.Duration { return rand.N(time.Second) }
			calls := 0
			r.fault = func(call) *fault {
				if calls++; calls%7 == 0 {
					return &fault{err: badToken()}
				}
				return nil
			}
			r.renew = func(*zoho.Error) bool { return true }
			r.making = func(n int) (time.Duration, error) {
				if n%3 == 0 {
					return rand.N(5 * time.Second), unsent()
				}
				return rand.N(5 * time.Second), nil
			}
			r.ends(Completed)
			r.want(60, 0, 0, 0)
			if r.tokens < 3 {
				t.Errorf("%d tokens were made", r.tokens)
			}
			at := r.starts()
			gap := time.Duration(float64(time.Second) / limit)
			for i := 1; i < len(at); i++ {
				if at[i]-at[i-1] < gap-time.Microsecond {
					t.Fatalf("limit %v: calls %d and %d are %v apart", limit, i, i+1, at[i]-at[i-1])
				}
			}
		})
	}
}

// A token that cannot be made: nothing was sent meanwhile, and nothing is told of what was not sent.
func TestNoToken(t *testing.T) {
	denied := &zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: "invalid_code"}
	for _, c := range []struct {
		name   string
		making func(n int) (time.Duration, error)
		stop   bool // while it is being made
		want   Reason
		err    error
		tokens int
	}{
		{"after some tries", func(n int) (time.Duration, error) {
			if n < 4 {
				return time.Second, unsent()
			}
			return time.Second, nil
		}, false, Completed, nil, 4},
		{"never", func(int) (time.Duration, error) { return time.Second, unsent() }, false, Broken, unsent(), 0},
		{"refused", func(int) (time.Duration, error) { return time.Second, denied }, false, Refused, denied, 1},
		{"while it stops", func(int) (time.Duration, error) { return time.Hour, nil }, true, Interrupted, nil, 1},
		{"never, while it stops", func(int) (time.Duration, error) { return time.Hour, unsent() }, true, Interrupted, nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 30, 1))
				r.settings.Slots = 3
				r.none, r.making = true, c.making
				if c.stop {
					time.AfterFunc(time.Minute, func() { r.halt(Interrupted) })
				}
				if err := r.ends(c.want); fmt.Sprint(err) != fmt.Sprint(c.err) {
					t.Errorf("%v, want %v", err, c.err)
				}
				if c.tokens > 0 && r.tokens != c.tokens {
					t.Errorf("%d tokens were asked for, want %d", r.tokens, c.tokens)
				}
				if c.want == Completed {
					r.want(30, 0, 0, 0)
				} else if r.want(0, 0, 0, 0); len(r.calls) > 0 || r.pool.Stats().Calls > 0 {
					t.Errorf("%d calls, %+v", len(r.calls), r.pool.Stats())
				}
			})
		})
	}
}

// The decision to repeat is a function of the attempt and the error.
func TestRetry(t *testing.T) {
	for _, kind := range []zoho.Kind{zoho.Unanswered, zoho.Unsent} {
		want := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second}
		for i, w := range want {
			if wait, again := retry(i+1, len(want), &zoho.Error{Kind: kind}); wait != w || again != (i+1 < len(want)) {
				t.Errorf("kind %d, try %d: %v, %v", kind, i+1, wait, again)
			}
		}
	}
	for _, kind := range []zoho.Kind{zoho.Throttled, zoho.BadToken} {
		if wait, again := retry(100, 1, &zoho.Error{Kind: kind}); wait != 0 || !again {
			t.Errorf("kind %d: %v, %v", kind, wait, again)
		}
	}
	for _, kind := range []zoho.Kind{zoho.Refused, zoho.Nameless, zoho.Denied, 99} {
		if wait, again := retry(1, 5, &zoho.Error{Kind: kind}); wait != 0 || again {
			t.Errorf("kind %d: %v, %v", kind, wait, again)
		}
	}
	for _, tries := range []int{math.MinInt, -1, 0, 100, math.MaxInt} {
		if wait := backoff(tries); wait < backoffBase || wait > backoffMax {
			t.Errorf("try %d waits %v", tries, wait)
		}
	}
}

// The waits of the pool are those of the function: at the most, and drawn from zero to that.
func TestBackoff(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 3))
		r.settings.Jitter = func(most time.Duration) time.Duration { return most }
		r.fault = always(nth(1, 2, 3, 4), fault{err: unanswered()})
		r.ends(Completed)
		want := []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 3500 * time.Millisecond, 7500 * time.Millisecond}
		if !slices.Equal(r.starts(), want) {
			t.Errorf("%v, want %v", r.starts(), want)
		}
		r.want(3, 0, 0, 0)
		if s := r.pool.Stats(); s.Calls != 5 || s.Retries != 4 {
			t.Errorf("%+v", s)
		}
	})
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 400, 1))
		seen := map[zoho.ID]time.Time{}
		var sum time.Duration
		r.settings.Slots = 400
		r.fault = func(c call) *fault {
			if at, ok := seen[c.parent]; ok {
				wait := time.Since(at)
				if sum += wait; wait > backoffBase {
					t.Errorf("waited %v", wait)
				}
				return nil
			}
			seen[c.parent] = time.Now()
			return &fault{err: unanswered()}
		}
		r.ends(Completed)
		if mean := sum / 400; mean < backoffBase*4/10 || mean > backoffBase*6/10 {
			t.Errorf("the mean wait is %v", mean)
		}
	})
}

// What went unanswered is sent again, and that it is absent then is told with the reason.
func TestUnansweredThenAbsent(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 2, 3))
		r.fault = always(nth(1), fault{err: unanswered(), done: true})
		r.ends(Completed)
		r.want(3, 3, 0, 0)
		for _, o := range r.out {
			if said := strings.Contains(o.Message, "an earlier attempt went unanswered"); said != (o.Status == Absent) || o.Attempts != map[Status]int{Absent: 2, Removed: 1}[o.Status] {
				t.Errorf("%+v", o)
			}
		}
	})
}

// After the last attempt the CRM is asked what is there.
func TestLookUp(t *testing.T) {
	for done, status := range map[bool]Status{true: Absent, false: Failed} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 1, 3))
			r.fault = always(delinks, fault{err: unanswered(), done: done})
			r.ends(Completed)
			if r.is(status) != 3 || len(r.calls) != 6 || !r.calls[5].lookup {
				t.Errorf("%v: %+v", done, r.out)
			}
			for _, o := range r.out {
				if o.Code != zoho.CodeServerError || o.HTTPStatus != 502 || o.Message == "" || o.Attempts != 6 {
					t.Errorf("%+v", o)
				}
			}
		})
	}
}

// Where the look-up is refused, that is said once, and the links are unknown.
func TestLookUpDenied(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 4, 3))
		r.fault = func(c call) *fault {
			if c.lookup {
				return &fault{err: denial(zoho.ScopeList)}
			}
			return &fault{err: unanswered(), done: c.n%2 == 0}
		}
		r.ends(Completed)
		r.want(0, 0, 0, 12)
		if r.count(lookups) != 1 || len(r.notes) != 1 || !strings.Contains(r.notes[0], "cannot be looked up, so some may stay unknown: the login lacks a scope") {
			t.Errorf("%d look-ups, notes %q", r.count(lookups), r.notes)
		}
		for _, o := range r.out {
			if !strings.Contains(o.Message, "may have been removed") {
				t.Errorf("%+v", o)
			}
		}
	})
	// The scope of one module says nothing of another one's.
	in(t, func(t *testing.T) {
		r := newRig(t, after(some(campaignLeads, 1, 3), productDeals, 1, 3))
		r.fault = func(c call) *fault {
			switch {
			case !c.lookup:
				return &fault{err: unanswered(), done: true}
			case c.relation == campaignLeads:
				return &fault{err: denial(zoho.ScopeList)}
			}
			return nil
		}
		r.ends(Completed)
		r.want(0, 3, 0, 3)
	})
}

// A look-up is repeated as well, and what it leaves open stays unknown.
func TestLookUpUnanswered(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 3))
		r.fault = always(every, fault{err: unanswered(), done: true})
		r.ends(Completed)
		r.want(0, 0, 0, 3)
		if r.count(lookups) != 5 || len(r.calls) != 10 {
			t.Errorf("%d look-ups in %d calls", r.count(lookups), len(r.calls))
		}
	})
	in(t, func(t *testing.T) { // a look-up that is refused for one id is split
		r := newRig(t, some(campaignLeads, 1, 8))
		r.fault = func(c call) *fault {
			switch {
			case !c.lookup:
				return &fault{err: unanswered(), done: true}
			case slices.Contains(c.ids, 1_000_003):
				return &fault{err: &zoho.Error{Kind: zoho.Nameless, Sent: true, Status: 400, Code: "INVALID_DATA"}}
			}
			return nil
		}
		r.ends(Completed)
		r.want(0, 7, 0, 1)
	})
}

// A refusal after an unanswered call does not tell what the first one did.
func TestRefusedAfterUnanswered(t *testing.T) {
	for name, second := range map[string]*zoho.Error{
		"batch":  refusal(zoho.ScopeBatch, "LIMIT_EXCEEDED"),
		"parent": refusal(zoho.ScopeParent, "INVALID_DATA"),
		"list":   refusal(zoho.ScopeList, "INVALID_MODULE"),
		"denied": denial(zoho.ScopeList),
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 1, 4))
			r.fault = func(c call) *fault {
				switch c.n {
				case 1:
					return &fault{err: unanswered(), done: true}
				case 2:
					return &fault{err: second}
				}
				return nil
			}
			if reason, err := r.run(); reason != Completed {
				t.Errorf("%s: %s, %v", name, reason, err)
			}
			r.want(0, 4, 0, 0)
		})
	}
	in(t, func(t *testing.T) { // each id keeps its own reason
		r := newRig(t, some(campaignLeads, 1, 4))
		r.locked = map[zoho.ID]bool{1_000_000: true, 1_000_001: true, 1_000_002: true}
		r.fault = func(c call) *fault {
			if c.n == 1 {
				return &fault{err: unanswered()}
			}
			return &fault{change: func(a *zoho.Answer) { a.Items[1].Code = "NO_PERMISSION" }}
		}
		r.ends(Completed)
		r.want(1, 0, 3, 0)
		if r.out[0].Code != "RECORD_LOCKED" || r.out[1].Code != "NO_PERMISSION" || r.out[2].Code != "RECORD_LOCKED" {
			t.Errorf("%+v", r.out)
		}
	})
	in(t, func(t *testing.T) { // through a split
		r := newRig(t, some(campaignLeads, 1, 8))
		r.cursed = map[zoho.ID]bool{}
		r.fault = func(c call) *fault {
			if c.n == 1 {
				return &fault{err: unanswered(), done: true}
			}
			r.cursed[1_000_003] = true
			return nil
		}
		r.ends(Completed)
		r.want(0, 8, 0, 0)
		for _, o := range r.out {
			if !strings.Contains(o.Message, "unanswered") {
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
		r.ends(Completed)
		r.want(2, 2, 0, 0)
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
		r.ends(Completed)
		r.want(1, 3, 0, 0)
	})
}

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
				r.ends(Completed)
				if linked {
					r.want(100-len(bad), 0, len(bad), 0)
				} else {
					r.want(100-len(bad), len(bad), 0, 0)
				}
				most := 1 + 2*len(bad)*7
				if n := len(r.calls) - r.count(lookups); n > most || r.count(lookups) != len(bad) {
					t.Errorf("%v: %d calls, at most %d; %d look-ups", bad, n, most, r.count(lookups))
				}
			})
		}
	}
	in(t, func(t *testing.T) { // what is refused by itself and cannot be looked up has failed: no call may have removed it
		r := newRig(t, some(campaignLeads, 1, 4))
		r.cursed = map[zoho.ID]bool{1_000_002: true}
		r.fault = always(lookups, fault{err: unanswered()})
		r.ends(Completed)
		r.want(3, 0, 1, 0)
	})
}

// A refusal that reaches further than its batch costs no further call.
func TestRefusalsReachFurther(t *testing.T) {
	in(t, func(t *testing.T) {
		batches := some(campaignLeads, 50, 2)
		batches = after(batches, productDeals, 5, 2)
		r := newRig(t, batches)
		r.fault = always(func(c call) bool { return c.relation == campaignLeads }, fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")})
		r.ends(Completed)
		r.want(10, 0, 100, 0)
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
		r.ends(Completed)
		r.want(20, 0, 20, 0)
		if len(r.calls) != 11 {
			t.Errorf("%d calls", len(r.calls))
		}
		for _, o := range r.out {
			if o.Status == Failed && (o.Code != "INVALID_DATA" || o.Attempts > 1) {
				t.Errorf("%+v", o)
			}
		}
	})
	in(t, func(t *testing.T) { // nor do calls that were waiting for their turn
		r := newRig(t, some(campaignLeads, 50, 2))
		r.settings.Slots, r.settings.Rate = 20, NewRate(1)
		r.latency = steady(100 * time.Millisecond)
		r.fault = always(every, fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")})
		r.ends(Completed)
		if len(r.calls) != 1 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
}

func TestRunRefusals(t *testing.T) {
	for want, e := range map[Reason]*zoho.Error{
		Broken:  refusal(zoho.ScopeRun, "INVALID_URL_PATTERN"),
		Refused: {Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: "invalid_code"},
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 50, 2))
			r.settings.Slots = 3
			r.latency = func(c call) time.Duration { return time.Duration(c.n) * time.Second }
			r.fault = always(nth(2), fault{err: e})
			if err := r.ends(want); !errors.Is(err, e) {
				t.Error(err)
			}
			if len(r.calls) != 4 { // one went while the second was on its way
				t.Errorf("%d calls", len(r.calls))
			}
			r.want(6, 0, 0, 0)
		})
	}
}

// Every list is refused for want of a scope: then the login is refused, unless something was answered otherwise.
func TestRefusedAltogether(t *testing.T) {
	for _, c := range []struct {
		second *fault // for the other relation
		reason Reason
	}{
		{&fault{err: denial(zoho.ScopeList)}, Refused},
		{nil, Completed},
		{&fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")}, Completed},
		{&fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")}, Completed},
		{&fault{err: unanswered()}, Completed},
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, after(some(campaignLeads, 3, 2), productDeals, 3, 2))
			r.fault = func(x call) *fault {
				if x.relation == campaignLeads {
					return &fault{err: denial(zoho.ScopeList)}
				}
				return c.second
			}
			r.ends(c.reason)
		})
	}
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
			err := r.ends(Broken)
			if e := (*zoho.Error)(nil); !errors.As(err, &e) || e.Code != zoho.CodeRecordDeleted || len(r.calls) != 3 {
				t.Errorf("%s: %v after %d calls", name, err, len(r.calls))
			}
		})
	}
}

// A CRM that is out of reach is not sent everything there is.
func TestOutOfReach(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1000, 1))
		r.settings.Slots = 5
		r.fault = always(every, fault{err: unanswered(), done: true})
		r.ends(Broken)
		if n := len(r.out); n < lostMax || n > lostMax+3*5 || r.is(Unknown) != n {
			t.Errorf("%d outcomes", n)
		}
	})
	in(t, func(t *testing.T) { // nothing was sent at all: nothing is unknown
		r := newRig(t, some(campaignLeads, 1000, 1))
		r.settings.Slots, r.settings.MaxCalls = 5, 7
		r.fault = always(every, fault{err: unsent()})
		r.ends(Broken)
		if len(r.out) != 0 || r.pool.Stats().Calls != 0 {
			t.Errorf("%d outcomes, %+v", len(r.out), r.pool.Stats())
		}
	})
	in(t, func(t *testing.T) { // a network that comes back
		r := newRig(t, some(campaignLeads, 20, 1))
		r.settings.Slots, r.settings.MaxCalls = 5, 20 // unsent calls are none
		r.fault = always(nth(4, 5, 6, 7, 8), fault{err: unsent()})
		r.ends(Completed)
		r.want(20, 0, 0, 0)
	})
}

// A token that dies every 13 calls, with 25 calls in flight, costs no outcome.
func TestTokenDies(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 500, 2))
		r.settings.Slots = 25
		token, calls, renewed := 0, 0, 0
		held := map[*zoho.Error]int{}
		r.latency = func(call) time.Duration { return 100*time.Millisecond + rand.N(400*time.Millisecond) }
		r.fault = func(call) *fault {
			if calls++; calls > 13 {
				e := badToken()
				held[e] = token
				return &fault{err: e}
			}
			return nil
		}
		r.renew = func(e *zoho.Error) bool {
			if held[e] != token {
				return false
			}
			token, calls = token+1, 0
			renewed++
			return true
		}
		r.ends(Completed)
		r.want(1000, 0, 0, 0)
		if renewed < 500/13-1 {
			t.Errorf("%d renewals", renewed)
		}
	})
}

// A login that is dead gets one new token, and no more.
func TestDeadLogin(t *testing.T) {
	for _, slots := range []int{1, 2, 25} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 500, 2))
			r.settings.Slots = slots
			token, renewed := 0, 0
			held := map[*zoho.Error]int{}
			r.latency = func(c call) time.Duration { return 100*time.Millisecond + rand.N(400*time.Millisecond) }
			r.fault = func(call) *fault {
				e := badToken()
				held[e] = token
				return &fault{err: e}
			}
			r.renew = func(e *zoho.Error) bool {
				if held[e] != token {
					return false
				}
				token++
				renewed++
				return true
			}
			r.ends(Refused)
			r.want(0, 0, 0, 0)
			if renewed != 2 || len(r.calls) > 4*slots { // the second is made by the call that finds the new token refused
				t.Errorf("%d slots: %d renewals, %d calls", slots, renewed, len(r.calls))
			}
		})
	}
}

// As many calls as are allowed, and not one more; a run that needs no more is complete.
func TestMaxCalls(t *testing.T) {
	for _, slots := range []int{1, 4, 25} {
		for _, most := range []int{1, 2, 7, 19, 20, 21} {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 20, 1))
				r.settings.Slots, r.settings.MaxCalls = slots, most
				r.latency = func(call) time.Duration { return rand.N(time.Second) }
				want := MaxCalls
				if most >= 20 {
					want = Completed
				}
				r.ends(want)
				r.want(min(20, most), 0, 0, 0)
				if len(r.calls) != min(20, most) {
					t.Errorf("%d calls of %d", len(r.calls), most)
				}
			})
		}
	}
	in(t, func(t *testing.T) { // no wait for a call that may not be made
		r := newRig(t, some(campaignLeads, 1, 1))
		r.settings.MaxCalls = 1
		r.settings.Jitter = func(most time.Duration) time.Duration { return most }
		r.fault = always(every, fault{err: unanswered(), done: true})
		r.ends(MaxCalls)
		r.want(0, 0, 0, 1)
		if r.took != 0 {
			t.Errorf("took %v", r.took)
		}
	})
	in(t, func(t *testing.T) { // calls that wait for their turn are within the budget
		r := newRig(t, some(campaignLeads, 20, 1))
		r.settings.Slots, r.settings.MaxCalls, r.settings.Rate = 10, 5, NewRate(1)
		r.ends(MaxCalls)
		if len(r.calls) != 5 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
}

// The reserve is not touched, whatever is in flight, and a run that ends on it is complete.
func TestReserveCredits(t *testing.T) {
	for _, slots := range []int{1, 4, 25} {
		for _, told := range []string{"from the start", "with each answer", "late"} {
			for _, left := range []int{0, 1, 7, 20, 30} {
				in(t, func(t *testing.T) {
					r := newRig(t, some(campaignLeads, 20, 1))
					r.settings.Slots, r.settings.ReserveCredits = slots, 100
					r.latency = func(call) time.Duration { return rand.N(time.Second) }
					credits, known, heard := 100+left, told == "from the start", 100+left
					r.fault = func(call) *fault { credits--; return nil }
					r.credits = func() (int, bool) {
						if told != "from the start" && len(r.calls) > 0 && r.inFlight < len(r.calls) {
							known = true
						}
						heard = credits + r.inFlight // the last answer did not count those in flight
						return heard, known
					}
					want, calls := Credits, max(left, 0)
					if left >= 20 {
						want, calls = Completed, 20
					}
					if left == 0 && told != "from the start" {
						calls = 1 // which tells
					}
					r.ends(want)
					if len(r.calls) != calls {
						t.Errorf("%d slots, told %s, %d to spend: %d calls", slots, told, left, len(r.calls))
					}
				})
			}
		}
	}
	in(t, func(t *testing.T) { // an org that never says is not held up
		r := newRig(t, some(campaignLeads, 100, 1))
		r.settings.Slots, r.settings.ReserveCredits = 10, 5
		r.latency = steady(time.Second)
		r.ends(Completed)
		if r.took > 12*time.Second {
			t.Errorf("took %v", r.took)
		}
	})
}

func TestMaxFailures(t *testing.T) {
	for _, most := range []int{-1, 0, 1, 5, 19, 20} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 20, 1))
			r.settings.MaxFailures = most
			r.locked = map[zoho.ID]bool{}
			for i := range 20 {
				r.locked[zoho.ID(1_000_000+i)] = true
			}
			want, n := Failures, most+1
			if most < 0 || most >= 20 {
				want, n = Completed, 20
			}
			r.ends(want)
			r.want(0, 0, n, 0)
		})
	}
}

// A stop ends the run at once, in whatever state it is, with what was in flight recorded.
func TestStop(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		name    string
		arrange func(*rig)
		took    time.Duration // with the stop after a minute
		settled int
		unknown int
	}{
		{"before the start", func(r *rig) { r.halt(Deadline) }, 0, 0, 0},
		{"in flight", func(r *rig) { r.latency = steady(90 * second) }, 90 * second, 4, 0},
		{"in backoff", func(r *rig) {
			r.settings.Jitter = func(time.Duration) time.Duration { return time.Hour }
			r.fault = always(every, fault{err: unanswered(), done: true})
		}, 60 * second, 4, 4},
		{"throttled", func(r *rig) {
			e := throttled()
			e.RetryAfter = 3 * time.Minute
			r.fault = always(every, fault{err: e})
		}, 60 * second, 0, 0},
		{"waiting for the rate", func(r *rig) { r.settings.Rate = NewRate(1. / 3600) }, 60 * second, 1, 0},
		{"in a look-up", func(r *rig) {
			r.settings.MaxAttempts = 1
			r.fault = always(delinks, fault{err: unanswered(), done: true})
			r.latency = func(c call) time.Duration { return map[bool]time.Duration{true: 100 * second}[c.lookup] }
		}, 100 * second, 4, 0},
		{"while the disk is busy", func(r *rig) { r.syncCost = 100 * second }, 200 * second, 0, 0},
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 100, 1))
			r.settings.Slots = 4
			c.arrange(r)
			time.AfterFunc(time.Minute, func() { r.halt(Deadline) })
			r.ends(Deadline)
			if r.took != c.took && c.name != "while the disk is busy" || r.took > c.took {
				t.Errorf("%s: took %v, want %v", c.name, r.took, c.took)
			}
			switch n := len(r.out); c.name {
			case "in backoff": // as many wait as there are slots, and as many were in flight when the last of them came
				if n < 4 || n > 8 || r.is(Unknown) != n {
					t.Errorf("%d outcomes, %d unknown", n, r.is(Unknown))
				}
			case "in a look-up": // four are looked up when the stop comes; others that wait for it stay unknown
				if n < 4 || n > 8 || r.is(Unknown) != n-4 {
					t.Errorf("%d outcomes, %d unknown", n, r.is(Unknown))
				}
			case "while the disk is busy":
			default:
				if n != c.settled || r.is(Unknown) != c.unknown {
					t.Errorf("%s: %d outcomes, %d unknown", c.name, n, r.is(Unknown))
				}
			}
		})
	}
	in(t, func(t *testing.T) { // the cause of a stop is no Reason
		r := newRig(t, some(campaignLeads, 3, 1))
		r.halt(errors.New("x"))
		r.ends(Interrupted)
	})
}

// A second stop cuts off what is in flight; those links are unknown.
func TestHardStop(t *testing.T) {
	for _, slots := range []int{1, 8} {
		for _, withStop := range []bool{true, false} {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 100, 3))
				r.settings.Slots = slots
				r.hang = func(c call) bool { return c.n > 5 }
				if withStop {
					time.AfterFunc(time.Minute, func() { r.halt(Interrupted) })
				}
				time.AfterFunc(2*time.Minute, func() { r.cut(Interrupted) })
				r.ends(Interrupted)
				r.want(15, 0, 0, 3*slots)
				if r.took != 2*time.Minute || len(r.calls) != 5+slots {
					t.Errorf("took %v with %d calls", r.took, len(r.calls))
				}
			})
		}
	}
	in(t, func(t *testing.T) { // a look-up that is cut off leaves what was unknown, and what was refused as it is
		r := newRig(t, some(campaignLeads, 1, 2))
		r.cursed = map[zoho.ID]bool{1_000_001: true}
		r.hang = lookups
		time.AfterFunc(time.Minute, func() { r.halt(Interrupted); r.cut(nil) })
		r.ends(Interrupted)
		r.want(1, 0, 0, 0)
	})
}

// Outcomes that cannot be kept end the run: nothing more is sent.
func TestRecorderFails(t *testing.T) {
	disk := errors.New("disk full")
	for _, slots := range []int{1, 4} {
		for _, n := range []int{1, 3} {
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 100, 1))
				r.settings.Slots = slots
				r.latency = steady(time.Second)
				r.failWrite = func(w int) error {
					if w >= n {
						return disk
					}
					return nil
				}
				if err := r.ends(Broken); !errors.Is(err, disk) || len(r.calls) > n-1+2*slots || len(r.out) != n-1 {
					t.Errorf("write %d, %d slots: %v after %d calls, %d outcomes", n, slots, err, len(r.calls), len(r.out))
				}
			})
			in(t, func(t *testing.T) {
				r := newRig(t, some(campaignLeads, 100, 1))
				r.settings.Slots = slots
				r.latency = steady(time.Second)
				r.failSync = func(s int) error {
					if s == n {
						return disk
					}
					return nil
				}
				if err := r.ends(Broken); !errors.Is(err, disk) || len(r.calls) > slots*(n+1) {
					t.Errorf("sync %d, %d slots: %v after %d calls", n, slots, err, len(r.calls))
				}
				if len(r.out) != len(r.calls) || r.unsynced {
					t.Errorf("%d outcomes of %d calls", len(r.out), len(r.calls))
				}
			})
		}
	}
	in(t, func(t *testing.T) { // the last sync of all
		r := newRig(t, some(campaignLeads, 1, 1))
		r.failSync = func(int) error { return disk }
		if err := r.ends(Broken); !errors.Is(err, disk) {
			t.Error(err)
		}
	})
}

func TestReasonIsError(t *testing.T) {
	if fmt.Sprint(MaxCalls) != "max_calls" || MaxCalls.Error() != "max_calls" {
		t.Error(MaxCalls)
	}
}

// An id that is refused now may have been removed by the call that went unanswered.
func TestRefusedByNameAfterUnanswered(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 1, 4))
		r.locked = map[zoho.ID]bool{}
		r.fault = func(c call) *fault {
			if c.n == 1 {
				return &fault{err: unanswered(), done: true}
			}
			r.locked[1_000_001] = true
			return nil
		}
		r.ends(Completed)
		r.want(0, 4, 0, 0)
	})
}

// Batches that are lost now and then are no outage.
func TestLostNowAndThen(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 60, 1))
		r.settings.MaxAttempts = 1
		r.fault = always(func(c call) bool { return c.parent%2 == 0 && !c.lookup }, fault{err: unanswered(), done: true})
		r.ends(Completed)
		r.want(30, 30, 0, 0)
	})
}

// Tokens that die one after another are no dead login, as long as calls go through with them.
func TestTokensDieInARow(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 30, 1))
		r.fault = always(func(c call) bool { return c.n%2 == 0 }, fault{err: badToken()})
		r.renew = func(*zoho.Error) bool { return true }
		r.ends(Completed)
		r.want(30, 0, 0, 0)
	})
	in(t, func(t *testing.T) { // the judgement waits for the call that is still on its way
		r := newRig(t, some(campaignLeads, 6, 1))
		r.settings.Slots = 2
		r.latency = func(c call) time.Duration {
			if c.n == 1 {
				return time.Minute
			}
			return time.Second
		}
		r.fault = always(nth(2, 3), fault{err: badToken()})
		r.renew = func(*zoho.Error) bool { return true }
		r.ends(Completed)
		r.want(6, 0, 0, 0)
		if at := r.starts(); at[3] != time.Minute {
			t.Errorf("%v", at)
		}
	})
}

// An error is told, though the run was already being stopped for another reason.
func TestErrorAfterStop(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 6, 1))
		disk := errors.New("disk full")
		r.settings.MaxCalls = 6
		r.latency = steady(time.Minute)
		r.failWrite = func(int) error { return disk }
		time.AfterFunc(time.Second, func() { r.halt(Deadline) })
		if err := r.ends(Broken); !errors.Is(err, disk) {
			t.Error(err)
		}
	})
}

// A record that was deleted stops the run at once, with any status. Ids that the answer does not name may be gone.
func TestDeletedRecordWithAnyStatus(t *testing.T) {
	for _, status := range []int{200, 401, 429, 500} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 10, 2))
			r.fault = func(c call) *fault {
				return &fault{change: func(a *zoho.Answer) {
					a.Status, a.Deleted = status, true
					a.Items[0].Verdict, a.Items[0].Code = zoho.Deleted, zoho.CodeRecordDeleted
					a.Items[1].Verdict, a.Items[1].Code = zoho.Silent, zoho.CodeNotInAnswer
					r.removed[link(r, 0)], r.linked[link(r, 0)] = false, true // it is no link that is gone
				}}
			}
			err := r.ends(Broken)
			if e := asError(err); e.Kind != zoho.Refused || e.Scope != zoho.ScopeRun || e.Code != zoho.CodeRecordDeleted || e.Status != status {
				t.Errorf("%+v", e)
			}
			r.want(0, 0, 1, 1)
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
		if e := asError(r.ends(Broken)); e.Code != zoho.CodeRedirected {
			t.Errorf("%+v", e)
		}
		r.want(4, 0, 0, 2)
		for _, o := range r.out {
			if o.Status == Unknown && (o.Code != zoho.CodeRedirected || o.HTTPStatus != 307) {
				t.Errorf("%+v", o)
			}
		}
	})
	in(t, func(t *testing.T) { // after the time is up
		r := newRig(t, some(campaignLeads, 10, 2))
		r.fault = func(call) *fault {
			r.halt(Interrupted)
			r.cut(Interrupted)
			return &fault{done: true, err: &zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeRun, Sent: true, Status: 307, Code: zoho.CodeRedirected}}
		}
		r.ends(Interrupted)
		r.want(0, 0, 0, 2)
	})
}

// Whatever answers every call with an empty success says nothing about links, unless the CRM has answered a delink before.
func TestEmptyLookUpIsNotBelieved(t *testing.T) {
	foreign := fault{err: &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: 204, Code: zoho.CodeForeignAnswer}}
	lost := foreign
	lost.done = true
	for _, c := range []struct {
		name                    string
		fault                   func(call) *fault
		blank                   bool
		removed, absent, failed int
		unknown                 int
	}{
		{"empty always", always(delinks, foreign), true, 0, 0, 0, 4},
		{"empty once, then an error", func(c call) *fault {
			if c.lookup || c.n == 1 {
				return always(delinks, foreign)(c)
			}
			return always(delinks, fault{err: unanswered()})(c)
		}, true, 0, 2, 0, 2},
		{"errors", always(delinks, fault{err: unanswered(), done: true}), true, 0, 4, 0, 0},
		{"links are told of", always(delinks, foreign), false, 0, 0, 4, 0},
		{"answered by id before", always(nth(2, 3), lost), true, 2, 2, 0, 0},
		{"refused by the CRM before", func(c call) *fault {
			if c.n == 1 {
				return &fault{err: refusal(zoho.ScopeBatch, "RECORD_LOCKED")}
			}
			return always(delinks, lost)(c)
		}, true, 0, 2, 2, 0},
	} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 2, 2))
			r.settings.MaxAttempts = 2
			r.fault, r.blank = c.fault, c.blank
			if c.name == "empty once, then an error" { // the second batch never got anything empty, and is believed
				r.linked[link(r, 2)], r.linked[link(r, 3)] = false, false
			}
			r.ends(Completed)
			t.Log(c.name)
			r.want(c.removed, c.absent, c.failed, c.unknown)
		})
	}
	in(t, func(t *testing.T) { // and the run does not go on for ever against such a box
		r := newRig(t, some(campaignLeads, 100, 1))
		r.fault, r.blank = always(delinks, foreign), true
		r.ends(Broken)
		if n, unknown := len(r.calls), r.is(Unknown); n > (lostMax+1)*6 || unknown != len(r.out) || unknown > lostMax+1 {
			t.Errorf("%d calls, %d of %d unknown", n, unknown, len(r.out))
		}
	})
}

// A relation for which nobody but the user vouches is tried with one batch, alone, until a link of it was removed.
func TestUntriedRelation(t *testing.T) {
	untried := func(r zoho.Relation) bool { return r == productDeals }
	overlap := func(r *rig, until int) {
		t.Helper()
		for _, c := range r.calls {
			for _, o := range r.calls {
				if c.relation == productDeals && c.n <= until && o.n != c.n && o.at.Sub(c.at).Abs() < time.Second {
					t.Errorf("call %d beside %d of %v", o.n, c.n, productDeals)
				}
			}
		}
	}
	in(t, func(t *testing.T) { // between others
		batches := after(after(some(campaignLeads, 10, 2), productDeals, 10, 2), campaignLeads, 10, 2)
		r := newRig(t, batches)
		r.settings.Slots, r.settings.Untried = 4, untried
		r.latency = steady(time.Second)
		r.ends(Completed)
		r.want(60, 0, 0, 0)
		overlap(r, 11)
		if r.peak != 4 || r.took > 12*time.Second {
			t.Errorf("at most %d in flight, in %v", r.peak, r.took)
		}
	})
	in(t, func(t *testing.T) { // it deletes records: those of one call
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
		r.ends(Broken)
		r.want(0, 0, 2, 0)
		if len(r.calls) != 1 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
	in(t, func(t *testing.T) { // neither a call without an answer nor links that are not there tell anything
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
		r.ends(Completed)
		r.want(20, 4, 0, 0)
		overlap(r, 5)
		if r.peak != 4 {
			t.Errorf("at most %d in flight", r.peak)
		}
	})
	in(t, func(t *testing.T) { // the first batch is refused: the next one tells
		r := newRig(t, some(productDeals, 12, 4))
		r.settings.Slots, r.settings.Untried = 4, untried
		r.latency = steady(time.Second)
		r.fault = func(c call) *fault {
			switch c.n {
			case 1:
				return &fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")}
			case 2:
				return &fault{err: &zoho.Error{Kind: zoho.Nameless, Sent: true, Status: 400, Code: "INVALID_DATA"}}
			}
			return nil
		}
		r.ends(Completed)
		r.want(44, 0, 4, 0)
		overlap(r, 3)
		if r.peak != 4 {
			t.Errorf("at most %d in flight", r.peak)
		}
	})
}

// Without a reserve, the run ends in good order once the CRM has said that nothing is left, and is not slowed down before.
func TestNoCreditsLeft(t *testing.T) {
	for _, left := range []int{0, 1, 13, 40} {
		in(t, func(t *testing.T) {
			r := newRig(t, some(campaignLeads, 40, 1))
			r.settings.Slots = 10
			r.latency = steady(time.Second)
			credits := left
			r.fault = func(call) *fault { credits--; return nil }
			r.credits = func() (int, bool) { return credits + r.inFlight, true } // the last answer did not count those in flight
			want := Credits
			if left >= 40 {
				want = Completed
			}
			r.ends(want)
			r.want(left, 0, 0, 0)
			if most := time.Duration(left/10+2) * time.Second; r.took > most {
				t.Errorf("took %v for %d", r.took, left)
			}
		})
	}
	in(t, func(t *testing.T) { // the first call is not alone
		r := newRig(t, some(campaignLeads, 40, 1))
		r.settings.Slots = 10
		r.latency = steady(time.Second)
		r.ends(Completed)
		if at := r.starts(); at[9] > 5*firstApart {
			t.Errorf("%v", at)
		}
	})
}

// A parent record that does not exist, where the refusal of a delink does not say so, and that of a look-up does: it is found out by
// the first id that stands alone. Where other ids of the batch went through, the parent is there, whatever a look-up says.
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
				return &fault{err: &zoho.Error{Kind: zoho.Nameless, Sent: true, Status: 400, Code: "INVALID_DATA"}}
			}
			r.ends(Completed)
			r.want(0, 0, 1000, 0)
			if len(r.calls) > 20*slots {
				t.Errorf("%d slots: %d calls", slots, len(r.calls))
			}
		})
	}
	in(t, func(t *testing.T) {
		r := newRig(t, some(campaignLeads, 2, 100))
		r.cursed = map[zoho.ID]bool{r.batches[0].Related[17]: true}
		r.fault = always(lookups, fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")})
		r.ends(Completed)
		r.want(199, 0, 1, 0)
	})
}
