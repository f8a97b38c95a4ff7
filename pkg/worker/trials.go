package worker

import (
	"fmt"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// trials hold back the links of a relation until one of them was made and read back. What the CRM
// makes of the call that links is documented for few relations, and a success that makes no link
// would be believed of all of them. So one link is sent, with nothing else in flight. If it is
// refused, the next one is tried.
type trials struct {
	passed map[zoho.Relation]bool          // a link was made, and a look-up has shown it
	open   map[zoho.Relation]bool          // a trial is under way
	held   map[zoho.Relation][]*relinkTask // tasks that wait for its end
}

// trialCalls is how many calls it takes at the most to have the links of a task made that is the first
// of its relation, beside its look-up and the one call that every task takes. Where a read has shown
// a record of the relation, no proof is needed.
func trialCalls(links int, readable bool) int {
	n := 1 // the read-back
	if !readable {
		n += proofCalls
	}
	if links > 1 { // the others follow the first link
		n++
	}
	return n
}

// Owed counts what the trials take of the relations whose links are being looked up, and one call for
// each task that waits for the end of a trial.
func (r *Relink) Owed(tasks []engine.Task) (calls int) {
	for _, held := range r.trials.held {
		calls += len(held)
	}
	untried := map[zoho.Relation]int{} // the most links of a task
	for _, x := range tasks {
		to := relinkOf(x).relation
		if t := relinkOf(x); t.step == looks && !r.trials.passed[to] && !r.trials.open[to] {
			untried[to] = max(untried[to], len(t.ids))
		}
	}
	for to, links := range untried {
		calls += trialCalls(links, r.evidence.readable[to])
	}
	return calls
}

// RelinkCalls is how many calls a Relink takes at the most for the first batch of a relation, if all
// is answered. It sends none with a budget of fewer.
func RelinkCalls(links int) int { return 2 + trialCalls(links, false) }

func newTrials() trials {
	return trials{map[zoho.Relation]bool{}, map[zoho.Relation]bool{}, map[zoho.Relation][]*relinkTask{}}
}

// send has the links of a task made, as soon as the trial of their relation has passed. Before a link
// is tried, it has to be proved that it is not there. The read-back of a trial that passes proves
// that for all other links of the relation. So they wait for it, and cost no call for a proof.
func (r *Relink) send(t *relinkTask) {
	t.step = links
	t.Fresh()
	switch to := t.relation; {
	case r.trials.passed[to] && zoho.LinksSingly(to):
		for i := range t.ids {
			r.engine.Park(t.part(i, i+1), 0)
		}
	case r.trials.passed[to]:
		r.engine.Park(t, 0)
	case r.trials.open[to]:
		r.trials.held[to] = append(r.trials.held[to], t)
	default:
		r.trials.open[to] = true
		if r.evidence.believes(t) {
			r.try(t)
		} else {
			r.evidence.prove(t)
		}
	}
}

// try sends the first link of a task alone.
func (r *Relink) try(t *relinkTask) {
	if len(t.ids) > 1 {
		r.trials.held[t.relation] = append(r.trials.held[t.relation], t.part(1, len(t.ids)))
	}
	first := t.part(0, 1)
	first.trial = true
	first.Fresh()
	r.engine.Park(first, 0)
}

// readBack has the link of a trial looked up that was answered with a success. Until a look-up
// shows the link, the success counts as an answer that says nothing.
func (r *Relink) readBack(t *relinkTask, item zoho.Item) {
	e := &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: t.answer.Status, Code: zoho.CodeNotShown, Detail: item.Message}
	t.said, t.before = &item, t.history
	t.history, t.unanswered = outcome.Unanswered, e
	r.check(t, e)
}

// notShown ends the run because a trial was answered with a success, and no link is there.
func (r *Relink) notShown(t *relinkTask) {
	e := *t.unanswered
	e.Detail = fmt.Sprintf("%s of %s to %s", t.relation, t.parent, t.ids[0])
	r.engine.End(outcome.Broken, &e)
}

// trialEnds lets the tasks go on that have waited for the end of a trial. If the trial has not
// passed, the first of them becomes the next one.
func (r *Relink) trialEnds(t *relinkTask, passed bool) {
	if !t.trial {
		return
	}
	held := r.trials.held[t.relation]
	delete(r.trials.held, t.relation)
	delete(r.trials.open, t.relation)
	r.trials.passed[t.relation] = passed
	for _, next := range held {
		r.send(next)
	}
}
