package worker

import (
	"context"
	"iter"
	"slices"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// LookUp is the operation that asks which links are there. It changes nothing in the CRM. It is
// used for one run.
type LookUp struct {
	crm      LinkReader
	keep     FindingRecorder
	settings LookUpSettings
	engine   *engine.Engine
	source

	refused  refusals
	evidence evidence[*lookUpTask]
	ahead    int           // links that were taken, and that the first look at is not over
	again    []*lookUpTask // second looks that are to be made, in the order of their time
	drained  bool          // Next gives no other task
	lost     int           // tasks in a row that used up their attempts
	denied   int           // links that the login may not look up
	recorded int           // links that have a finding
}

// LookUpSettings are the limits of LookUp.
type LookUpSettings struct {
	engine.Settings
	// Doubtful reports whether what a look-up shows of a link may be out of date: a late call can
	// still change it, or reads do not show yet what a call has done. Such a link is looked up once
	// more after a while, and the second look counts. It may be nil: then one look is enough.
	Doubtful func(pos int, shown outcome.Presence) bool
	// Trusted says that an empty answer needs no proof: the CRM is the emulator inside this process.
	Trusted bool
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
func StartLookUp(crm LinkReader, batches iter.Seq[chunker.Batch], keep FindingRecorder, s LookUpSettings) *Run {
	l := &LookUp{crm: crm, keep: keep, settings: s, engine: engine.New(crm, s.Settings), refused: newRefusals()}
	l.evidence = newEvidence(l.engine, l.found, nil, nil)
	return &Run{Engine: l.engine, op: l, batches: batches}
}

// lookUpTask is a task of LookUp: a batch, or a part of one.
type lookUpTask struct {
	engine.State
	crm    LinkReader
	parent parentRecord
	batch  chunker.Batch
	second bool      // it is the second look
	due    time.Time // of the second look: not before

	proving
	linked []bool // the answer to the look-up
}

func (t *lookUpTask) named() []zoho.ID { return t.batch.Related }

func (t *lookUpTask) list() listOf { return listOf{t.batch.Relation, t.batch.Parent} }

// Size is how many links the task has.
func (t *lookUpTask) Size() int { return len(t.batch.Pos) }

// CallsLeft is how many calls the task takes beside its next one. What the proof for it takes is not
// counted before it has begun: see LookUp.Owed.
func (t *lookUpTask) CallsLeft() int { return t.proofLeft() }

// Call makes the task's next call.
func (t *lookUpTask) Call(ctx context.Context, token zoho.Token) (err error) {
	if t.proves() {
		return t.askForProof(ctx, t.crm, token, t.list())
	}
	t.linked, err = t.crm.Linked(ctx, token, t.batch.Relation, t.batch.Parent, t.batch.Related)
	return err
}

// part gives a task for the links from one index up to another.
func (t *lookUpTask) part(from, to int) *lookUpTask {
	p := *t
	p.batch.Related, p.batch.Pos = t.batch.Related[from:to], t.batch.Pos[from:to]
	return &p
}

// lookAgain gives the task of the second look at the links at the given indexes.
func (t *lookUpTask) lookAgain(at []int) *lookUpTask {
	p := *t
	p.batch.Related, p.batch.Pos = make([]zoho.ID, len(at)), make([]int, len(at))
	for i, j := range at {
		p.batch.Related[i], p.batch.Pos[i] = t.batch.Related[j], t.batch.Pos[j]
	}
	p.second, p.due = true, t.at.Add(lookAgain)
	p.Fresh()
	return &p
}

// Next takes the next batch. When there is none left, it gives the second looks whose time has come.
// They go last, so that nothing else waits for their time.
func (l *LookUp) Next() (engine.Task, bool) {
	if l.drained {
		return nil, false
	}
	if b, ok := l.next(); ok {
		l.ahead += len(b.Pos)
		return &lookUpTask{crm: l.crm, parent: parentRecord{b.Relation.Module, b.Parent}, batch: b}, true
	}
	if len(l.again) > 0 && time.Until(l.again[0].due) <= 0 {
		t := l.again[0]
		l.again = l.again[1:]
		return t, true
	}
	l.drained = true
	l.parkAgain()
	return nil, false
}

// parkAgain has the second looks that are left made when their time comes, once no first look is
// left to be made: tasks that wait keep new ones from being sent.
func (l *LookUp) parkAgain() {
	if !l.drained || l.ahead > 0 {
		return
	}
	for _, t := range l.again {
		l.engine.After(t, time.Until(t.due))
	}
	l.again = nil
}

// looked notes that the first look at the links of a task is over.
func (l *LookUp) looked(t *lookUpTask) {
	if !t.second {
		l.ahead -= t.Size()
	}
}

// Prepare has nothing to do: a look-up changes nothing.
func (l *LookUp) Prepare([]engine.Task) error { return nil }

// SettleUncalled settles a task without a call, if its parent record or its list has been refused,
// or if its proof is not needed any more.
func (l *LookUp) SettleUncalled(x engine.Task) bool {
	t := lookUpOf(x)
	if l.evidence.settleUncalled(t) {
		l.parkAgain()
		return true
	}
	e := l.refused.of(t.batch.Relation, t.parent)
	if e == nil {
		return false
	}
	l.notKnown(t, e)
	l.parkAgain()
	return true
}

// lookUpOf gives the task of Next that the engine hands back.
func lookUpOf(x engine.Task) *lookUpTask {
	own, _ := x.(*lookUpTask) // the engine has only tasks of Next
	return own
}

// Alone reports false: look-ups do not disturb each other.
func (l *LookUp) Alone(engine.Task) bool { return false }

// LookUpCalls is how many calls a LookUp takes for its first batch if an empty answer needs a proof.
// With a budget of fewer, it sends none.
const LookUpCalls = 1 + proofCalls

// Owed counts the proofs that look-ups may need.
func (l *LookUp) Owed(tasks []engine.Task) (calls int) {
	lists := map[listOf]bool{}
	for _, x := range tasks {
		t := lookUpOf(x)
		if l.settings.Trusted || t.proves() || l.evidence.believes(t) || l.evidence.isAsked(t.list()) || lists[t.list()] {
			continue
		}
		lists[t.list()] = true
		calls += proofCalls
	}
	return calls
}

// Missed has nothing to do: the links stay without a finding.
func (l *LookUp) Missed(engine.Task, *zoho.Error) {}

// Answer decides what an answer leads to: findings, another attempt, or the end of the run.
func (l *LookUp) Answer(x engine.Task, r engine.Reply) {
	t, e := lookUpOf(x), r.Err
	defer l.parkAgain()
	if t.proves() {
		l.evidence.proved(t, e)
		return
	}
	if e == nil || e.Kind != zoho.Unanswered {
		l.lost = 0
	}
	switch {
	case e == nil:
		t.at = r.Finished
		l.lookedUp(t)
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

// lookedUp takes the answer to a look-up. If it shows none of the links, it may need a proof first.
func (l *LookUp) lookedUp(t *lookUpTask) {
	l.looked(t)
	switch {
	case slices.Contains(t.linked, true):
		l.evidence.shown(t.batch.Relation)
	case !l.settings.Trusted && !l.evidence.believes(t):
		l.evidence.prove(t)
		return
	}
	l.found(t)
}

// found settles the links of a look-up that is believed, but for those that are looked up again.
func (l *LookUp) found(t *lookUpTask) {
	out := make([]Finding, 0, len(t.linked))
	var doubtful []int
	for i, linked := range t.linked {
		f := Finding{Pos: t.batch.Pos[i], Presence: outcome.NotLinked, Attempts: t.Attempts - t.unnamed, Time: t.at}
		if linked {
			f.Presence = outcome.Linked
		}
		if !t.second && l.settings.Doubtful != nil && l.settings.Doubtful(f.Pos, f.Presence) {
			doubtful = append(doubtful, i)
			continue
		}
		out = append(out, f)
	}
	l.write(out)
	if len(doubtful) > 0 {
		l.lookAgain(t.lookAgain(doubtful))
	}
}

// lookAgain has a second look made.
func (l *LookUp) lookAgain(t *lookUpTask) {
	l.evidence.forget(t) // a count is as old as the look that it was made for
	l.again = append(l.again, t)
}

// notKnown settles links that cannot be looked up because of e.
func (l *LookUp) notKnown(t *lookUpTask, e *zoho.Error) {
	if !t.proves() {
		l.looked(t)
	}
	for _, t := range l.evidence.release(t) {
		l.writeNotKnown(t, e)
	}
}

func (l *LookUp) writeNotKnown(t *lookUpTask, e *zoho.Error) {
	now := time.Now()
	out := make([]Finding, t.Size())
	for i, pos := range t.batch.Pos {
		out[i] = Finding{Pos: pos, Presence: outcome.NotKnown, Err: e, Attempts: t.Attempts - t.unnamed, Time: now}
	}
	if e.Kind == zoho.Denied {
		l.denied += len(out)
		l.refused.denial = e
	}
	l.write(out)
}

// write records findings.
func (l *LookUp) write(out []Finding) {
	if len(out) == 0 {
		return
	}
	l.recorded += len(out)
	l.engine.Count(len(out))
	if err := l.keep.Write(out); err != nil {
		l.engine.End(outcome.Broken, err)
	}
	l.engine.Wrote()
}

// Abandon leaves the links of unsettled tasks without a finding. When all calls were made, nothing
// will prove any more what is still unproven. If the login may look up no link at all, the run ends
// with LoginRefused.
func (l *LookUp) Abandon([]engine.Task) {
	if l.engine.Ended() == outcome.Completed {
		for _, t := range l.evidence.unproven {
			l.writeNotKnown(t, whyUnproven(t))
		}
	}
	if l.denied > 0 && l.denied == l.recorded && l.engine.Ended() == outcome.Completed {
		l.engine.End(outcome.LoginRefused, l.refused.denial)
	}
}

// Sync brings findings to disk.
func (l *LookUp) Sync() error { return l.keep.Sync() }
