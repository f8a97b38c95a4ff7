package worker

import (
	"context"
	"iter"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// LookUp is the operation that asks which links are there. It changes nothing in the CRM. It is
// used for one run.
type LookUp struct {
	crm    LinkReader
	keep   FindingRecorder
	engine *engine.Engine
	source

	refused  refusals
	lost     int // tasks in a row that used up their attempts
	denied   int // links that the login may not look up
	recorded int // links that have a finding
}

// Finding is what a look-up has shown of one link.
type Finding struct {
	Pos      int // the link's position in the set that the batches are from
	Presence outcome.Presence
	Err      *zoho.Error // why the presence is NotKnown, else nil
	Attempts int         // calls that named the link
	Time     time.Time
}

// FindingRecorder keeps findings.
type FindingRecorder interface {
	// Write keeps findings. When it returns, they survive the end of this process.
	Write([]Finding) error
	// Sync makes what Write has kept so far survive a power failure. It runs beside Write.
	Sync() error
}

// StartLookUp gives the Run that looks up the links of the batches. When the run has completed,
// keep has a finding for every link. When it has ended early, keep has those that were made so far.
func StartLookUp(crm LinkReader, batches iter.Seq[chunker.Batch], keep FindingRecorder, s engine.Settings) *Run {
	l := &LookUp{crm: crm, keep: keep, engine: engine.New(crm, s), refused: newRefusals()}
	return &Run{Engine: l.engine, op: l, batches: batches}
}

// lookUpTask is a task of LookUp: a batch, or a part of one.
type lookUpTask struct {
	engine.State
	crm    LinkReader
	parent parentRecord
	batch  chunker.Batch
	linked []bool // the answer
}

// Size is how many links the task has.
func (t *lookUpTask) Size() int { return len(t.batch.Pos) }

// Call asks which of the links are there.
func (t *lookUpTask) Call(ctx context.Context, token zoho.Token) (err error) {
	t.linked, err = t.crm.Linked(ctx, token, t.batch.Relation, t.batch.Parent, t.batch.Related)
	return err
}

// part gives a task for the links from one index up to another.
func (t *lookUpTask) part(from, to int) *lookUpTask {
	p := *t
	p.batch.Related, p.batch.Pos = t.batch.Related[from:to], t.batch.Pos[from:to]
	return &p
}

// Next takes the next batch.
func (l *LookUp) Next() (engine.Task, bool) {
	b, ok := l.next()
	if !ok {
		return nil, false
	}
	return &lookUpTask{crm: l.crm, parent: parentRecord{b.Relation.Module, b.Parent}, batch: b}, true
}

// Prepare has nothing to do: a look-up changes nothing.
func (l *LookUp) Prepare([]engine.Task) error { return nil }

// SettleUncalled settles a task without a call, if its parent record or its list has been refused.
func (l *LookUp) SettleUncalled(x engine.Task) bool {
	t := lookUpOf(x)
	e := l.refused.of(t.batch.Relation, t.parent)
	if e == nil {
		return false
	}
	l.notKnown(t, e)
	return true
}

// lookUpOf gives the task of Next that the engine hands back.
func lookUpOf(x engine.Task) *lookUpTask {
	own, _ := x.(*lookUpTask) // the engine has only tasks of Next
	return own
}

// Alone reports false: look-ups do not disturb each other.
func (l *LookUp) Alone(engine.Task) bool { return false }

// Missed has nothing to do: the links stay without a finding.
func (l *LookUp) Missed(engine.Task, *zoho.Error) {}

// Answer decides what an answer leads to: findings, another attempt, or the end of the run.
func (l *LookUp) Answer(x engine.Task, r engine.Reply) {
	t, e := lookUpOf(x), r.Err
	if e == nil || e.Kind != zoho.Unanswered {
		l.lost = 0
	}
	switch {
	case e == nil:
		l.found(t, r.Finished)
	case e.Kind == zoho.Unanswered:
		l.repeat(t, e)
	case e.Scope == zoho.ScopeRun:
		l.engine.Park(t, 0)
		l.engine.End(engine.ReasonOf(e), e)
	case e.Kind == zoho.Nameless && t.Size() > 1: // the half with the bad id is refused again
		half := t.Size() / 2
		l.engine.Park(t.part(0, half), 0)
		l.engine.Park(t.part(half, t.Size()), 0)
	default:
		if first := l.refused.remember(t.batch.Relation, t.parent, e); first {
			l.engine.Notef("links of %s cannot be looked up: %s", t.batch.Relation, e)
		}
		l.notKnown(t, e)
	}
}

// repeat makes a look-up again that went unanswered. After the last attempt, its links are not
// known. The run ends if that happens to lostMax tasks in a row.
func (l *LookUp) repeat(t *lookUpTask, e *zoho.Error) {
	if l.engine.Retry(t, e) {
		return
	}
	l.notKnown(t, e)
	if l.lost++; l.lost >= lostMax {
		l.engine.End(outcome.Broken, e)
	}
}

// found takes the answer to a look-up.
func (l *LookUp) found(t *lookUpTask, at time.Time) {
	out := make([]Finding, len(t.linked))
	for i, linked := range t.linked {
		out[i] = Finding{Pos: t.batch.Pos[i], Presence: outcome.NotLinked, Attempts: t.Attempts, Time: at}
		if linked {
			out[i].Presence = outcome.Linked
		}
	}
	l.write(out)
}

// notKnown settles links that cannot be looked up because of e.
func (l *LookUp) notKnown(t *lookUpTask, e *zoho.Error) {
	now := time.Now()
	out := make([]Finding, t.Size())
	for i, pos := range t.batch.Pos {
		out[i] = Finding{Pos: pos, Presence: outcome.NotKnown, Err: e, Attempts: t.Attempts, Time: now}
	}
	if e.Kind == zoho.Denied {
		l.denied += len(out)
		l.refused.denial = e
	}
	l.write(out)
}

// write records findings.
func (l *LookUp) write(out []Finding) {
	l.recorded += len(out)
	l.engine.Count(len(out))
	if err := l.keep.Write(out); err != nil {
		l.engine.End(outcome.Broken, err)
	}
	l.engine.Wrote()
}

// Abandon leaves the links of unsettled tasks without a finding. If the login may look up no link
// at all, the run ends with LoginRefused.
func (l *LookUp) Abandon([]engine.Task) {
	if l.denied > 0 && l.denied == l.recorded && l.engine.Ended() == outcome.Completed {
		l.engine.End(outcome.LoginRefused, l.refused.denial)
	}
}

// Sync brings findings to disk.
func (l *LookUp) Sync() error { return l.keep.Sync() }
