package worker

import (
	"fmt"

	"delink/pkg/zoho"
)

// evidence says which empty look-ups are believed. That none of the links is there is said by an
// empty answer. A gateway that gives an empty success to every call says the same, and so does a
// CRM that hides the records of a list from this login. So an empty look-up of a relation is
// believed only
//
//   - once a read of the relation has shown some record: one of the links, or the first page of the
//     list, or
//   - if the CRM counts no record in the list of that parent record.
//
// Answers to other questions, such as those about the org, do not count: they show that the login
// is let in, and not that it sees the records of this list. If there is no proof of either kind, the
// look-up is held until the end, since another parent record may give one.
type evidence struct {
	readable map[zoho.Relation]bool // a read has shown some record
	empty    map[listOf]bool        // the CRM counts no record
	waiting  map[listOf][]*lookUpTask
	unproven map[listOf][]*lookUpTask
}

// listOf is the list of one parent record.
type listOf struct {
	relation zoho.Relation
	parent   zoho.ID
}

func newEvidence() evidence {
	return evidence{map[zoho.Relation]bool{}, map[listOf]bool{}, map[listOf][]*lookUpTask{}, map[listOf][]*lookUpTask{}}
}

func (t *lookUpTask) list() listOf { return listOf{t.batch.Relation, t.batch.Parent} }

// believes reports whether an empty look-up is believed.
func (v *evidence) believes(t *lookUpTask) bool {
	return v.readable[t.batch.Relation] || v.empty[t.list()]
}

// forget drops the count of a list.
func (v *evidence) forget(t *lookUpTask) { delete(v.empty, t.list()) }

// release gives a task, and those that have waited for its proof.
func (v *evidence) release(t *lookUpTask) []*lookUpTask {
	if t.asks == whichLinks {
		return []*lookUpTask{t}
	}
	waited := v.waiting[t.list()]
	delete(v.waiting, t.list())
	return append([]*lookUpTask{t}, waited...)
}

// held gives the tasks without a proof.
func (v *evidence) held() (tasks []*lookUpTask) {
	for _, held := range v.unproven {
		tasks = append(tasks, held...)
	}
	return tasks
}

// shown notes that a read has shown a record of a relation. What was held for the want of that is
// settled. A task that waits for the proof of another one is settled with it.
func (l *LookUp) shown(r zoho.Relation) {
	if l.evidence.readable[r] {
		return
	}
	l.evidence.readable[r] = true
	for list, held := range l.evidence.unproven {
		if list.relation != r {
			continue
		}
		delete(l.evidence.unproven, list)
		for _, t := range held {
			l.found(t)
		}
	}
}

// prove takes an empty look-up that is not believed yet, and asks how many records the list holds.
// Other tasks of the list wait for that.
func (l *LookUp) prove(t *lookUpTask) {
	list := t.list()
	if held, tried := l.evidence.unproven[list]; tried {
		l.evidence.unproven[list] = append(held, t)
		t.count, t.counted = held[0].count, held[0].counted
		return
	}
	if waiting, proving := l.evidence.waiting[list]; proving {
		l.evidence.waiting[list] = append(waiting, t)
		return
	}
	l.evidence.waiting[list] = nil
	l.ask(t, howMany)
}

func (l *LookUp) ask(t *lookUpTask, what asked) {
	t.asks = what
	t.Fresh()
	l.engine.Park(t, 0)
}

// proved takes the end of a call that was made for a proof.
func (l *LookUp) proved(t *lookUpTask, e *zoho.Error) {
	if e == nil || e.Sent {
		t.Attempts-- // the call names no link
	}
	if isWorthAsking(e) && l.engine.Retry(t, e) {
		return
	}
	switch {
	case l.evidence.readable[t.batch.Relation]: // another task has proved it meanwhile
	case t.asks == howMany && e == nil && t.count == 0:
		l.evidence.empty[t.list()] = true
	case t.asks == howMany:
		t.counted = e
		l.ask(t, firstPage)
		return
	case e == nil && len(t.page.Records) > 0:
		l.shown(t.batch.Relation)
	case t.counted == nil && !t.recounted: // perhaps the count is out of date
		t.recounted, t.asks = true, howMany
		t.Fresh()
		l.engine.After(t, lookAgain)
		return
	default:
		tasks := l.evidence.release(t)
		for _, w := range tasks {
			w.count, w.counted = t.count, t.counted
		}
		l.evidence.unproven[t.list()] = tasks
		return
	}
	for _, w := range l.evidence.release(t) {
		w.asks = whichLinks
		l.found(w)
	}
}

// unproven is why the links of a task are not known although their look-up was answered.
func (t *lookUpTask) unproven() *zoho.Error {
	e := &zoho.Error{Kind: zoho.Unanswered, Sent: true, Code: zoho.CodeUnproven}
	switch {
	case t.counted != nil:
		e.Detail = fmt.Sprintf("reads of %s show no record at all, and the CRM does not count them (%s)", t.batch.Relation, t.counted)
	default:
		e.Detail = fmt.Sprintf("the CRM counts records in %s of %s, and reads show none", t.batch.Relation, t.batch.Parent)
	}
	return e
}
