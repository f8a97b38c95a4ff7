package worker

import (
	"cmp"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// trialStep says which call the trial of another side makes next. That two relations show the same
// links is known from Zoho's documentation or less, and nobody has tried it in this org. So the
// first link goes alone: it is looked up from the side of the input and has to be there, it is
// removed from the other side, and is looked up again. If the first look-up did not find it, the
// second one would prove nothing.
type trialStep int

const (
	noTrial     trialStep = iota
	trialSees             // the look-up before
	trialSends            // the delink from the other side
	trialMisses           // the look-up behind it
)

// looks reports whether the step is a look-up.
func (s trialStep) looks() bool { return s == trialSees || s == trialMisses }

// otherSideAnswered takes the end of a turned task's call.
func (d *Delink) otherSideAnswered(t *task, r engine.Reply) {
	other := t.other
	t.other = nil
	if isHeard(t, r.Err) {
		d.sideOf(t).lost, d.lost = 0, 0
	}
	switch {
	case r.Err != nil && r.Err.Scope == zoho.ScopeRun && r.Err.Kind == zoho.Denied: // of the login, whatever is called
		t.missed(r.Err)
		d.engine.Park(t, 0)
		d.engine.End(engine.ReasonOf(r.Err), r.Err)
	case t.trial.looks() && r.Err != nil:
		d.trialBlind(t, r.Err)
	case t.trial.looks():
		d.trialLooked(t, r.Finished)
	case r.Err != nil:
		d.otherSideFailed(t, r.Err)
	default:
		d.sideOf(t).alike = 0
		d.otherSideRemoved(t, r.Finished)
	}
	d.goOn(other, r.Err)
}

// otherSideFailed takes a delink from the other side that was refused or went unanswered.
func (d *Delink) otherSideFailed(t *task, e *zoho.Error) {
	side := d.sideOf(t)
	t.missed(e)
	switch {
	case e.Kind == zoho.Unanswered:
		d.otherSideSilent(t, e)
		return
	case e.Kind == zoho.Nameless && refusesAll(&side.alike, e), e.Scope == zoho.ScopeRun:
		d.turnBack(t, e)
	case e.Kind == zoho.Nameless && len(t.ids) > 1:
		d.split(t)
		return
	case d.sides.refused.remember(t.relation, t.parentRecord(), e):
		d.turnBack(t, d.sides.refused.lists[t.relation])
	}
	d.goBack(t, reason(e.Code))
}

// otherSideSilent trialSends a task again whose delink from the other side went unanswered. After the
// last attempt, the side of the input has to say what became of the links.
func (d *Delink) otherSideSilent(t *task, e *zoho.Error) {
	side := d.sideOf(t)
	t.missed(e)
	if d.engine.Retry(t, e) {
		return
	}
	if side.lost++; side.lost >= lostMax {
		d.turnBack(t, e)
	}
	d.goBack(t, reason(e.Code))
}

// otherSideRemoved takes the answer to a delink from the other side.
func (d *Delink) otherSideRemoved(t *task, at time.Time) {
	d.heedDeletion(t)
	a := t.answer
	var out []outcome.Outcome
	var silent, back groups
	var untouched []int
	for i, id := range t.ids {
		item := zoho.Item{ID: id, Code: zoho.CodeNotInAnswer}
		if i < len(a.Items) && a.Items[i].ID == id {
			item = a.Items[i]
		}
		switch item.Verdict {
		case zoho.Removed:
			if t.trial != noTrial {
				d.lookBehind(t)
				return
			}
			out = append(out, t.outcome(i, outcome.Removed, item.Code, item.Message, a.Status, at))
		case zoho.Deleted: // a record that is gone cannot be looked up
			out = append(out, t.outcome(i, outcome.Failed, item.Code, zoho.Explain(item.Code), a.Status, at))
		case zoho.Silent:
			silent.add(i, item)
		case zoho.Untouched:
			untouched = append(untouched, i)
		case zoho.Absent:
			back.add(i, zoho.Item{Message: "there is no such link from there"})
		case zoho.Failed, zoho.Undecided, zoho.Linked:
			back.add(i, zoho.Item{Message: reason(item.Code)})
		}
	}
	d.settleTurned(t, out)
	if len(untouched) > 0 {
		d.engine.Park(t.only(untouched), 0)
	}
	for _, g := range silent {
		d.otherSideSilent(t.only(g.at), &zoho.Error{Kind: zoho.Unanswered, Status: a.Status, Code: g.code, Detail: g.message})
	}
	for _, g := range back {
		d.goBack(t.only(g.at), g.message)
	}
}

// reason is what a code means, as a note tells it.
func reason(code string) string { return cmp.Or(zoho.Explain(code), code) }

// settleTurned records outcomes of a turned task.
func (d *Delink) settleTurned(t *task, out []outcome.Outcome) {
	if len(out) > 0 {
		d.write(out)
		d.turnedEnds(t, len(out))
	}
}

// lookBehind has the link of a trial looked up that the other side has removed, as it says. Until a
// look-up shows that the link is gone, the answer counts as one that says nothing.
func (d *Delink) lookBehind(t *task) {
	e := &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: t.answer.Status, Code: zoho.CodeStillShown}
	t.trial = trialMisses
	t.history, t.unanswered = outcome.Unanswered, e
	t.Fresh()
	d.engine.Park(t, 0)
}

// trialLooked takes the answer to a look-up of a trial.
func (d *Delink) trialLooked(t *task, at time.Time) {
	linked := t.linked[0]
	if linked {
		d.evidence.shown(t.turned)
	}
	switch {
	case t.trial == trialSees && !linked:
		d.goBack(t, "a look-up does not show the link")
	case t.trial == trialSees:
		t.trial = trialSends
		t.Fresh()
		d.engine.Park(t, 0)
	case linked && t.seenLinked == 0:
		t.seenLinked++
		d.engine.After(t, lookAgain)
	case linked:
		d.turnBack(t, t.unanswered)
		d.goBack(t, reason(t.unanswered.Code))
	default:
		d.sideOf(t).proven = true
		item := t.answer.Items[0]
		d.settleTurned(t, []outcome.Outcome{t.outcome(0, outcome.Removed, item.Code, item.Message, t.answer.Status, at)})
	}
}

// trialBlind takes a look-up of a trial that was refused or went unanswered. Another link may be
// looked up, if the record of this one is the reason.
func (d *Delink) trialBlind(t *task, e *zoho.Error) {
	if e.Kind == zoho.Unanswered && d.engine.Retry(t, e) {
		return
	}
	if t.trial == trialMisses || e.Scope != zoho.ScopeParent {
		d.turnBack(t, e)
	}
	d.goBack(t, reason(e.Code))
}
