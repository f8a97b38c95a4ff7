package worker

import (
	"iter"
	"slices"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Delink is the operation that removes links. It is used for one run.
type Delink struct {
	crm      CRM
	record   Recorder
	settings Settings
	engine   *engine.Engine
	source

	refused  refusals
	accepted map[zoho.Relation]bool // a delink of the list was answered
	trials   map[zoho.Relation]bool // a link of the relation was removed, and nothing deleted

	heard    bool // a delink was answered by the CRM itself
	lost     int  // tasks that used up their attempts since a delink was last answered
	failures int  // links that are failed or unknown
	recorded int  // links that have an outcome

	noLookUp map[zoho.Relation]bool // links that cannot be read
}

// Settings are the limits of Delink.
type Settings struct {
	engine.Settings
	MaxFailures int // stop once more links than that are failed or unknown; -1 for no limit
	// Untried tells of relations whose delink nobody but the user vouches for; nil if there is
	// none. Until a call has removed a link of such a relation and deleted nothing, its batches are
	// sent one at a time, with nothing else in flight.
	Untried func(zoho.Relation) bool
}

// lostMax is how many tasks in a row may go unanswered to the last attempt before the CRM counts as
// out of reach. The other links are better left pending than sent without an answer, and unknown.
const lostMax = 10

// Start gives the Run that removes the links of the batches. When the run has ended, record has
// every outcome that was reached, and has synced it, unless record itself failed.
func Start(crm CRM, batches iter.Seq[chunker.Batch], record Recorder, s Settings) *Run {
	d := &Delink{
		crm: crm, record: record, settings: s, engine: engine.New(crm, s.Settings),
		refused:  newRefusals(),
		accepted: map[zoho.Relation]bool{},
		trials:   map[zoho.Relation]bool{},
		noLookUp: map[zoho.Relation]bool{},
	}
	return &Run{Engine: d.engine, op: d, batches: batches}
}

// Next takes the next batch.
func (d *Delink) Next() (engine.Task, bool) {
	b, ok := d.next()
	if !ok {
		return nil, false
	}
	return newTask(d.crm, b), true
}

// Prepare writes down which links are about to be sent.
func (d *Delink) Prepare(tasks []engine.Task) error {
	batches := make([]chunker.Batch, len(tasks))
	for i, x := range tasks {
		t := of(x)
		batches[i] = chunker.Batch{Relation: t.relation, Parent: t.parent, Related: t.ids, Pos: t.pos, History: t.history}
	}
	return d.record.Prepare(batches)
}

// of is the task behind the engine's view of it.
func of(t engine.Task) *task {
	own, _ := t.(*task) // the engine has no others than those of Next
	return own
}

// Sync brings outcomes to disk.
func (d *Delink) Sync() error { return d.record.Sync() }

// Alone reports whether a task is of a relation that is yet to be tried.
func (d *Delink) Alone(x engine.Task) bool {
	t := of(x)
	return d.settings.Untried != nil && !d.trials[t.relation] && d.settings.Untried(t.relation)
}

// Missed notes a call that was cut off, or never made.
func (d *Delink) Missed(x engine.Task, e *zoho.Error) { of(x).missed(e) }

// Answer decides what an answer leads to: outcomes, another attempt, or the end of the run.
func (d *Delink) Answer(x engine.Task, r engine.Reply) {
	t := of(x)
	other := t.other
	t.other = nil
	if r.Err == nil && !t.looksUp() {
		d.accepted[t.relation] = true
	}
	if proves(t, r.Err) {
		d.heard = true
	}
	if proves(t, r.Err) || r.Err == nil && !t.looksUp() {
		d.lost = 0
	}
	switch {
	case r.Err != nil:
		d.failed(t, r.Err)
	case t.looksUp():
		d.lookedUp(t, r.Finished)
	default:
		d.answered(t, r.Finished)
	}
	switch {
	case other == nil:
	case r.Err == nil: // so it is the other half that was refused
		d.split(other)
	default:
		d.engine.Park(other, 0)
	}
}

// proves reports whether a delink was answered by the CRM itself: by id, or by a refusal in its
// form.
func proves(t *task, e *zoho.Error) bool {
	switch {
	case t.looksUp():
		return false
	case e == nil:
		return slices.ContainsFunc(t.answer.Items, func(i zoho.Item) bool { return i.Verdict != zoho.Silent })
	}
	return e.Sent && (e.Kind == zoho.Refused || e.Kind == zoho.Nameless || e.Kind == zoho.Denied) && e.Scope != zoho.ScopeRun
}

// write records outcomes and counts what failed.
func (d *Delink) write(out []outcome.Outcome) {
	if len(out) == 0 {
		return
	}
	d.recorded += len(out)
	d.engine.Count(len(out))
	for _, o := range out {
		if f, _ := o.Status.Facts(); f.Bad {
			d.failures++
		}
	}
	if err := d.record.Write(out); err != nil {
		d.engine.End(outcome.Broken, err)
	}
	d.engine.Wrote()
	if most := d.settings.MaxFailures; most >= 0 && d.failures > most {
		d.engine.End(outcome.Failures, nil)
	}
}

// Abandon records links that were left half done. If an attempt of this run went unanswered they
// are Unknown, since they may be gone. All others were not removed by this run, and stay without an
// outcome.
func (d *Delink) Abandon(tasks []engine.Task) {
	for i := 0; i < len(tasks); i++ {
		t := of(tasks[i])
		if t.other != nil {
			tasks = append(tasks, t.other)
		}
		if t.history.OfThisRun() {
			d.write(t.unknown(time.Now()))
		}
	}
	if e := d.refusedAltogether(); e != nil && d.engine.Ended() == outcome.Completed {
		d.engine.End(outcome.LoginRefused, e)
	}
}
