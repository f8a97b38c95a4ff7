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
	settings Settings
	source
	results

	refused  refusals
	accepted map[zoho.Relation]bool // relations of which a delink was answered without an error
	tried    map[zoho.Relation]bool // relations of which a link was removed, and no record deleted

	heard  bool // a delink was answered by the CRM itself
	lost   int  // tasks that used up their attempts since a delink was last answered
	unread int  // tasks whose fields could not be read since that was last possible

	noLookUp map[zoho.Relation]bool // relations whose links cannot be looked up
	evidence evidence[*task]

	readsAlike int // of calls that read fields: see refusesAll

	sides sides
}

// Settings are the limits of Delink.
type Settings struct {
	engine.Settings
	MaxFailures int // stop once more links than that are failed or unknown; -1 for no limit
	// Untried reports whether the user alone says that a relation can be delinked; nil if there is
	// no such relation. Until a call has removed a link of it and deleted no record, its batches
	// are sent one at a time, with no other call in flight.
	Untried func(zoho.Relation) bool
	// Elsewhere reports which links of a parent record another run may have removed meanwhile: that
	// run was about to send them, and has no outcome of them. It is asked before a link is called
	// Absent. It may be nil, and it may return nil if there is no such link.
	Elsewhere func(r zoho.Relation, parent zoho.ID, related []zoho.ID) []bool
	// Snapshots keeps the fields of links before they are removed. If it is nil, they are not read.
	Snapshots SnapshotRecorder
	// Regroup gives batches of the links at some positions of the set that the batches are from. It
	// is needed if some batch is turned: see chunker.Batch.
	Regroup func(positions []uint32) (next func() (chunker.Batch, bool))
	// OrgAnswers says that the org has answered a question in this run, which shows that reads
	// reach the CRM.
	OrgAnswers bool
}

// lostMax is the number of tasks in a row that use up their attempts without an answer before the
// run stops. The other links then stay pending. If they were sent without an answer, they would
// become unknown.
const lostMax = 10

// refusedMax is the number of delinks in a row that are refused for an unknown reason before the
// run stops: see refusesAll.
const refusedMax = 20

// Start gives the Run that removes the links of the batches. When the run has ended, record has
// every outcome and has synced it, unless record itself failed.
func Start(crm CRM, batches iter.Seq[chunker.Batch], record Recorder, s Settings) *Run {
	d := &Delink{
		crm: crm, settings: s,
		results:  results{engine: engine.New(crm, s.Settings), record: record, maxFailures: s.MaxFailures},
		refused:  newRefusals(),
		accepted: map[zoho.Relation]bool{},
		tried:    map[zoho.Relation]bool{},
		noLookUp: map[zoho.Relation]bool{},
		sides:    newSides(s.Regroup),
	}
	d.evidence = newEvidence(d.engine, d.settleLookUp, d.held, d.answersOtherwise)
	return &Run{Engine: d.engine, op: d, batches: batches}
}

// Next takes the next batch.
func (d *Delink) Next() (engine.Task, bool) {
	b, ok := d.nextBatch()
	if !ok {
		return nil, false
	}
	t := newTask(d.crm, b)
	switch {
	case t.isTurned():
		d.beginTurned(t)
	case t.history.OfThisRun(): // it comes from the other side
		t.unanswered, t.foreign = d.sides.unanswered, d.sides.foreign
	case d.settings.Snapshots != nil:
		t.reads = true
	}
	return t, true
}

// Prepare writes down which links are about to be sent. If their fields are kept, it keeps these
// first. A task whose fields are to be read is about to change nothing.
func (d *Delink) Prepare(tasks []engine.Task) error {
	var sent []engine.Task
	var snapshots []Snapshot
	for _, x := range tasks {
		if t := of(x); !t.reads {
			sent, snapshots = append(sent, x), append(snapshots, t.snapshots()...)
		}
	}
	if len(snapshots) > 0 {
		if err := d.settings.Snapshots.Keep(snapshots); err != nil {
			return err
		}
	}
	if len(sent) == 0 {
		return nil
	}
	return d.results.Prepare(sent)
}

// of gives the task of Next that the engine hands back.
func of(t engine.Task) *task {
	own, _ := t.(*task) // the engine has only tasks of Next
	return own
}

// Alone reports whether a task's relation is still untried: see Settings. The trial of another side
// is alone, too.
func (d *Delink) Alone(x engine.Task) bool {
	t := of(x)
	if t.isTurned() {
		return t.trial != noTrial
	}
	return d.settings.Untried != nil && !d.tried[t.relation] && d.settings.Untried(t.relation)
}

// Owed counts the second halves of split tasks. Each waits for the answer to its first half, and
// needs one call at the least.
func (d *Delink) Owed(tasks []engine.Task) (calls int) {
	for _, x := range tasks {
		for other := of(x).other; other != nil; other = other.other {
			calls++
		}
	}
	return calls
}

// Missed notes a call that was cut off.
func (d *Delink) Missed(x engine.Task, e *zoho.Error) { of(x).missed(e) }

// Answer decides what an answer leads to: outcomes, another attempt, or the end of the run.
func (d *Delink) Answer(x engine.Task, r engine.Reply) {
	t := of(x)
	if t.proves() {
		d.evidence.proved(t, r.Err)
		return
	}
	if isHeard(t, r.Err) {
		d.heard = true
	}
	if t.isTurned() {
		d.otherSideAnswered(t, r)
		return
	}
	other := t.other
	t.other = nil
	if r.Err == nil && t.delinks() {
		d.accepted[t.relation] = true
	}
	if isHeard(t, r.Err) || r.Err == nil && t.delinks() {
		d.lost = 0
	}
	if r.Err == nil && !t.looksUp() {
		*d.alike(t) = 0
	}
	switch {
	case r.Err != nil:
		d.failed(t, r.Err)
	case t.looksUp():
		d.lookedUp(t, r.Finished)
	case t.reads:
		d.fieldsRead(t, r.Finished)
	default:
		d.answered(t, r.Finished)
	}
	d.goOn(other, r.Err)
}

// goOn goes on with the second half of a split task, when its first half was answered. It may be
// nil.
func (d *Delink) goOn(other *task, e *zoho.Error) {
	switch {
	case other == nil:
	case e == nil: // the first half went through, so the bad id is in the other half
		d.split(other)
	default:
		d.engine.Park(other, 0)
	}
}

// isHeard reports whether a delink was answered by the CRM itself: the answer names ids, or it is a
// refusal in Zoho's form.
func isHeard(t *task, e *zoho.Error) bool {
	switch {
	case !t.delinks():
		return false
	case e == nil:
		return slices.ContainsFunc(t.answer.Items, func(i zoho.Item) bool { return i.Verdict != zoho.Silent })
	}
	return isRefusal(e)
}

// isRefusal reports whether an error is a refusal in Zoho's form, which a gateway does not give.
func isRefusal(e *zoho.Error) bool {
	return e.Sent && (e.Kind == zoho.Refused || e.Kind == zoho.Nameless || e.Kind == zoho.Denied) && e.Scope != zoho.ScopeRun
}

// Abandon settles the tasks that are left when the run ends. If an attempt of this run went
// unanswered, their links are Unknown, because it may have removed them. The other links were not
// removed by this run, and stay without an outcome.
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
	d.abandonUnproven()
	d.abandonSides()
	if e := d.refused.altogether(d.recorded); e != nil && d.engine.Ended() == outcome.Completed {
		d.engine.End(outcome.LoginRefused, e)
	}
}
