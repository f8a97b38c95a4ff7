package worker

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Whatever befalls the calls of a run, and however it ends: each link has one outcome or none,
// every outcome is true, and a link without one was not touched. The fake CRM knows the truth.
// Histories are drawn too; whether an earlier run has removed a link is drawn with the links that
// are absent.
func TestNoLies(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var p plan
		p.batches = drawBatches(rt)
		p.settings = Settings{Settings: engine.Settings{
			Slots:          rapid.IntRange(1, 6).Draw(rt, "slots"),
			Rate:           engine.NewRate(rapid.SampledFrom([]float64{1e9, 2}).Draw(rt, "rate")),
			MaxAttempts:    rapid.IntRange(1, 4).Draw(rt, "attempts"),
			MaxCalls:       rapid.SampledFrom([]int{0, 0, 0, 9}).Draw(rt, "calls"),
			ReserveCredits: rapid.SampledFrom([]int{0, 0, 0, 20}).Draw(rt, "reserve"),
		}, MaxFailures: rapid.SampledFrom([]int{-1, -1, -1, 3}).Draw(rt, "failures")}
		// A fault for each call that a run may make, in their order; none after the last.
		p.script = rapid.SliceOfN(rapid.IntRange(0, len(misfortunes)-1), 0, 60).Draw(rt, "script")
		p.lookups = rapid.SliceOfN(rapid.IntRange(0, 5), 0, 20).Draw(rt, "look-ups")
		p.latencies = rapid.SliceOfN(rapid.IntRange(0, 2000), 1, 10).Draw(rt, "latencies")
		p.absent = rapid.SliceOfN(rapid.IntRange(0, 40), 0, 5).Draw(rt, "absent")
		p.cursed = rapid.SliceOfN(rapid.IntRange(0, 40), 0, 3).Draw(rt, "cursed")
		p.locked = rapid.SliceOfN(rapid.IntRange(0, 40), 0, 3).Draw(rt, "locked")
		p.stop = rapid.SampledFrom([]int{0, 0, 1, 500, 1500, 4000}).Draw(rt, "stop")
		p.cut = rapid.SampledFrom([]int{0, 0, 100, 3000}).Draw(rt, "cut")
		p.snapshot = rapid.SampledFrom([]bool{false, false, true}).Draw(rt, "snapshot")
		if p.turned = rapid.Bool().Draw(rt, "turned"); p.turned {
			turn(p.batches)
			p.apart, p.snapshot = rapid.SampledFrom([]bool{false, false, true}).Draw(rt, "apart"), false
		}
		p.proofs = rapid.SampledFrom([]string{"", "", "counts are refused", "reads show nothing", "a gateway answers reads"}).Draw(rt, "proofs")
		p.counts = rapid.SliceOfN(rapid.IntRange(0, len(troubles)-1), 0, 5).Draw(rt, "counts")
		waits := rapid.SampledFrom([]time.Duration{0, 1, 2}).Draw(rt, "half waits")
		p.settings.Jitter = func(most time.Duration) time.Duration { return most * waits / 2 }

		if !t.Run("run", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { p.run(t) })
		}) {
			rt.Fatalf("see above")
		}
	})
}

// plan is what befalls a run.
type plan struct {
	batches                []chunker.Batch
	settings               Settings
	script, lookups        []int // which misfortune, or trouble, each call has; none after the last
	latencies              []int // milliseconds, in turn
	absent, cursed, locked []int // positions
	stop, cut              int   // milliseconds; 0 for never
	snapshot               bool
	turned, apart          bool
	proofs                 string // what is wrong with them
	counts                 []int  // which trouble each count has; none after the last
}

func (p plan) run(t *testing.T) {
	r := newRig(t, p.batches)
	if p.snapshot {
		r = newSnapshotRig(t, p.batches)
	}
	p.settings.Note, p.settings.Snapshots, p.settings.Regroup = r.settings.Note, r.settings.Snapshots, r.settings.Regroup
	r.apart, r.unseen = p.apart, map[zoho.ID]bool{1_000_002: true, 1_000_007: true}
	p.spoilProofs(r)
	r.settings = p.settings
	for _, i := range p.absent {
		if l := link(r, i); l.Related != 0 {
			r.linked[l] = false
		}
	}
	r.cursed, r.locked = map[zoho.ID]bool{}, map[zoho.ID]bool{}
	for _, i := range p.cursed {
		r.cursed[zoho.ID(1_000_000+i)] = true
	}
	for _, i := range p.locked {
		r.locked[zoho.ID(1_000_000+i)] = true
	}
	r.latency = func(c call) time.Duration {
		return time.Duration(p.latencies[c.n%len(p.latencies)]) * time.Millisecond
	}
	credits := 60
	r.credits = func() (int, bool) { return credits + r.inFlight, len(r.calls) > 0 }
	asked, sent := 0, 0
	r.fault = func(c call) *fault {
		credits--
		var x *fault
		if c.lookup {
			if asked++; asked <= len(p.lookups) {
				x = troubles[p.lookups[asked-1]]()
			}
		} else if sent++; sent <= len(p.script) {
			x = misfortunes[p.script[sent-1]](c)
		}
		return x
	}
	if p.stop > 0 {
		time.AfterFunc(time.Duration(p.stop)*time.Millisecond, func() { r.halt(outcome.Deadline) })
		if p.cut > 0 {
			time.AfterFunc(time.Duration(p.stop+p.cut)*time.Millisecond, func() { r.cut(errors.New("left")) })
		}
	}
	reason, _ := r.run()
	n, links := len(r.out), 0
	for _, b := range p.batches {
		links += len(b.Related)
	}
	if reason == outcome.Completed && n != links || n > links {
		t.Errorf("%s with %d outcomes of %d links", reason, n, links)
	}
	if most := p.settings.MaxCalls; most > 0 && len(r.calls)-r.count(func(c call) bool { return c.unsent }) > most {
		t.Errorf("%d calls of %d", len(r.calls), most)
	}
	if p.settings.ReserveCredits > 0 && credits < p.settings.ReserveCredits {
		t.Errorf("%d credits are left, %d were reserved", credits, p.settings.ReserveCredits)
	}
}

// spoilProofs lets the CRM count and show no more than the plan wants it to.
func (p plan) spoilProofs(r *rig) {
	var always *zoho.Error
	switch p.proofs {
	case "counts are refused":
		always = refusal(zoho.ScopeParent, "ID_ALREADY_CONVERTED")
	case "reads show nothing":
		r.blank = true
	case "a gateway answers reads":
		r.blank, always = true, silent()
		r.paging = func() error { return silent() }
	}
	r.counting = func() error {
		if r.counts <= len(p.counts) {
			x := troubles[p.counts[r.counts-1]]()
			if x != nil && (!r.blank || x.err.Kind != zoho.Refused && x.err.Kind != zoho.Denied) {
				return x.err
			}
		}
		if always != nil {
			return always
		}
		return nil
	}
}

func drawBatches(rt *rapid.T) []chunker.Batch {
	batches := some(campaignLeads, rapid.IntRange(0, 5).Draw(rt, "campaigns"), rapid.IntRange(1, 5).Draw(rt, "leads"))
	batches = after(batches, productDeals, rapid.IntRange(0, 3).Draw(rt, "products"), rapid.IntRange(1, 4).Draw(rt, "deals"))
	batches = after(batches, campaignLeads, rapid.IntRange(0, 3).Draw(rt, "campaigns again"), 2)
	histories := rapid.SliceOfN(rapid.SampledFrom([]outcome.History{outcome.Clear, outcome.Clear, outcome.LeftUnknown, outcome.InDoubt}), len(batches), len(batches)).Draw(rt, "histories")
	for i, h := range histories {
		batches[i].History = h
	}
	return batches
}

// misfortunes of calls that remove.
var misfortunes = []func(call) *fault{
	func(call) *fault { return nil },
	func(call) *fault { return nil },
	func(call) *fault { return &fault{err: unanswered()} },
	func(call) *fault { return &fault{err: unanswered(), done: true} },
	func(call) *fault { return &fault{err: unanswered(), late: time.Second} },
	func(call) *fault { return &fault{err: unanswered(), late: 7 * time.Second} },
	func(call) *fault { return &fault{err: unsent()} },
	func(call) *fault { return &fault{err: throttled()} },
	func(call) *fault { e := throttled(); e.RetryAfter = time.Second; return &fault{err: e} },
	func(call) *fault { return &fault{err: badToken()} },
	func(call) *fault { return &fault{err: refusal(zoho.ScopeBatch, "LIMIT_EXCEEDED")} },
	func(call) *fault { return &fault{err: refusal(zoho.ScopeParent, "INVALID_DATA")} },
	func(call) *fault {
		return &fault{err: nameless()}
	},
	func(c call) *fault { // some ids are not answered, though the work was done
		return &fault{change: func(a *zoho.Answer) {
			for i := range a.Items {
				if (i+c.n)%2 == 0 {
					a.Items[i] = zoho.Item{ID: a.Items[i].ID, Code: zoho.CodeNotInAnswer}
				}
			}
		}}
	},
	func(call) *fault { return &fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")} },
	func(call) *fault { return &fault{err: denial(zoho.ScopeList)} },
	func(c call) *fault {
		if c.n < 10 {
			return nil
		}
		return &fault{err: refusal(zoho.ScopeRun, "API_NOT_SUPPORTED")}
	},
	func(c call) *fault {
		if c.n < 10 {
			return nil
		}
		e := throttled()
		e.CreditsGone = true
		return &fault{err: e}
	},
}

// troubles of calls that look.
var troubles = []func() *fault{
	func() *fault { return nil },
	func() *fault { return &fault{err: unanswered()} },
	func() *fault { return &fault{err: unsent()} },
	func() *fault { return &fault{err: refusal(zoho.ScopeList, "INVALID_MODULE")} },
	func() *fault { return &fault{err: denial(zoho.ScopeList)} },
	func() *fault { return &fault{err: throttled()} },
}
