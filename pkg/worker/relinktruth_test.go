package worker

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
)

// Whatever befalls the calls of a run that makes links, and however it ends: each link has one
// outcome or none, every outcome is true in the CRM's books, and links that were there keep their
// fields. See lie.
func TestNoLiesOfRelink(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawRelinks(rt)
		if !t.Run("run", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { p.run(t) })
		}) {
			rt.Fatalf("see above")
		}
	})
}

// relinkPlan is what befalls a run that makes links.
type relinkPlan struct {
	batches   []chunker.Batch
	settings  RelinkSettings
	knobs     []string
	there     []int // positions of links that are there
	stop, cut int   // milliseconds; 0 for never
}

func drawRelinks(rt *rapid.T) (p relinkPlan) {
	p.batches = some(campaignLeads, rapid.IntRange(0, 5).Draw(rt, "campaigns"), rapid.IntRange(1, 5).Draw(rt, "leads"))
	p.batches = after(p.batches, priceBooks, rapid.IntRange(0, 3).Draw(rt, "products"), rapid.IntRange(1, 4).Draw(rt, "books"))
	p.batches = after(p.batches, contactRoles, rapid.IntRange(0, 3).Draw(rt, "deals"), rapid.IntRange(1, 3).Draw(rt, "roles"))
	histories := []outcome.History{outcome.Clear, outcome.Clear, outcome.LeftUnknown, outcome.InDoubt}
	for i := range p.batches {
		p.batches[i].History = rapid.SampledFrom(histories).Draw(rt, "history")
	}
	p.settings = RelinkSettings{
		Settings: engine.Settings{
			Slots:       rapid.IntRange(1, 6).Draw(rt, "slots"),
			Rate:        engine.NewRate(rapid.SampledFrom([]float64{1e9, 2}).Draw(rt, "rate")),
			MaxAttempts: rapid.IntRange(1, 4).Draw(rt, "attempts"),
			MaxCalls:    rapid.SampledFrom([]int{0, 0, 0, 9, 20}).Draw(rt, "calls"),
		},
		MaxFailures: rapid.SampledFrom([]int{-1, -1, -1, 3}).Draw(rt, "failures"),
		OrgAnswers:  rapid.Bool().Draw(rt, "org"),
	}
	p.there = rapid.SliceOfN(rapid.IntRange(0, 40), 0, 8).Draw(rt, "there")
	p.stop = rapid.SampledFrom([]int{0, 0, 1, 500, 1500, 4000, 9000}).Draw(rt, "stop")
	p.cut = rapid.SampledFrom([]int{0, 100, 3000}).Draw(rt, "cut")
	p.knobs = drawKnobs(rt)
	return p
}

// drawKnobs draws what the CRM is like, and what goes wrong with calls.
func drawKnobs(rt *rapid.T) []string {
	one := func(name string, values ...string) string {
		return name + "=" + rapid.SampledFrom(values).Draw(rt, name)
	}
	var script []string
	for n := range rapid.IntRange(0, 40).Draw(rt, "calls with faults") {
		f := rapid.SampledFrom([]string{
			"", "", "", "", "", "", "", "", "drop", "drop-after", "reset-late", "hang", "hang-after", "torn", "short", "html-after", "empty", "empty-after", "foreign",
			"500", "502-after", "504-late", "429", "invalid-token", "SOMETHING_NEW", "LIMIT_EXCEEDED", "INVALID_MODULE", "NO_PERMISSION", "RECORD_LOCKED",
		}).Draw(rt, "fault")
		if f != "" {
			script = append(script, fmt.Sprintf("%d:%s", n+1, f))
		}
	}
	var ids []string
	for _, pos := range rapid.SliceOfN(rapid.IntRange(0, 40), 0, 4).Draw(rt, "refused") {
		ids = append(ids, fmt.Sprintf("%d:%s", 1_000_000+pos, rapid.SampledFrom([]string{"RECORD_LOCKED", "INVALID_DATA", "NEW_CODE"}).Draw(rt, "code")))
	}
	return []string{
		"token-life=1h", "fault-script=" + strings.Join(script, ","), "id-errors=" + strings.Join(ids, ","),
		one("faults-on", "link", "link,read", "link,read,count", "read"),
		one("late", "1s", "4s", "8s", "20s"),
		one("latency", "0s", "300ms", "100ms..2s"),
		one("work", "start", "end", "always"),
		one("read-lag", "0s", "0s", "3s", "20s"),
		one("all-bad", "400", "200", "207"), one("mixed", "207", "200"),
		one("details-form", "object", "array", "empty-array"),
		one("code-form", "string", "string", "number", "number-envelope"),
		one("read-answer", "whole", "whole", "whole", "beside", "more", "twice", "nothing"),
		one("contact-roles", "single", "list"), one("list-price", "shown", "hidden"),
		one("converted", "", "1000001,1000011"), one("converted-links", "refused", "allowed"),
		one("parent-errors", "", "1001:RECORD_LOCKED", "1000:NO_PERMISSION"), one("missing", "", "1002"),
		one("scopes", "ZohoCRM.modules.ALL", "ZohoCRM.modules.ALL", "ZohoCRM.modules.READ,ZohoCRM.modules.Deals.ALL"),
	}
}

func (p relinkPlan) run(t *testing.T) {
	r := newRelinkRig(t, p.batches, p.knobs...)
	p.settings.Note = r.settings.Note
	r.settings = p.settings
	r.put(p.there...)
	time.Sleep(time.Hour) // what is there has been there for long
	if p.stop > 0 {
		time.AfterFunc(time.Duration(p.stop)*time.Millisecond, func() { r.halt(outcome.Deadline) })
		if p.cut > 0 {
			time.AfterFunc(time.Duration(p.stop+p.cut)*time.Millisecond, func() { r.cut(errors.New("left")) })
		}
	}
	reason, _ := r.run()
	n := 0
	for _, b := range p.batches {
		n += len(b.Related)
	}
	if reason == outcome.Completed && len(r.out) != n || len(r.out) > n {
		t.Errorf("%s with %d outcomes of %d links", reason, len(r.out), n)
	}
	if most := p.settings.MaxCalls; most > 0 && r.worker.Stats().Calls > most {
		t.Errorf("%d calls of %d", r.worker.Stats().Calls, most)
	}
}
