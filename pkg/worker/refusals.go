package worker

import (
	"net/http"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// parentRecord names a parent record.
type parentRecord struct {
	module string
	id     zoho.ID
}

// refusals are the parent records and lists that were refused. No further call is made for them.
type refusals struct {
	parents map[parentRecord]*zoho.Error
	lists   map[zoho.Relation]*zoho.Error
	// unproven has, for each list, the first parent record that was denied while the CRM did not
	// say what is missing: see zoho.Error.Unproven.
	unproven map[zoho.Relation]parentRecord
	// What was denied for want of a scope or a permission:
	denied int         // links that got an outcome because of it
	left   int         // tasks that were not sent because of it, and got none
	denial *zoho.Error // the last error that said so

	alike int // see refusesAll
}

func newRefusals() refusals {
	return refusals{
		parents:  map[parentRecord]*zoho.Error{},
		lists:    map[zoho.Relation]*zoho.Error{},
		unproven: map[zoho.Relation]parentRecord{},
	}
}

// of gives the error for which a list or a parent record is refused already; nil if neither is.
func (r *refusals) of(list zoho.Relation, p parentRecord) *zoho.Error {
	if e := r.lists[list]; e != nil {
		return e
	}
	return r.parents[p]
}

// remember keeps a refusal that reaches further than its batch. It reports whether the list is
// refused for the first time.
//
// If a permission is missing and the CRM does not say for what, it may be missing for the parent
// record or for the list. A second parent record that is refused in this way shows that it is the
// list.
func (r *refusals) remember(list zoho.Relation, p parentRecord, e *zoho.Error) (first bool) {
	switch e.Scope {
	case zoho.ScopeParent:
		r.parents[p] = e
		before, seen := r.unproven[list]
		if e.Unproven && seen && before != p {
			proven := *e
			proven.Scope, proven.Unproven = zoho.ScopeList, false
			return r.remember(list, p, &proven)
		}
		if e.Unproven && !seen {
			r.unproven[list] = p
		}
	case zoho.ScopeList:
		first = r.lists[list] == nil
		r.lists[list] = e
	case zoho.ScopeBatch, zoho.ScopeRun:
	}
	return first
}

// SettleUncalled settles a task without a call, if its parent record or its list has been refused.
// A task that is to be looked up goes on, because a look-up may be allowed, unless its look-up has
// been answered and needs no proof any more.
//
// If the login lacks a permission, links that were not sent stay pending: another login may remove
// them. If a link that was not sent is refused for another reason and an earlier run may have
// removed it, it is looked up. A look-up changes nothing, so it needs no Prepare.
func (d *Delink) SettleUncalled(x engine.Task) bool {
	t := of(x)
	if t.isTurned() {
		return d.turnsBack(t)
	}
	if t.looksUp() {
		return d.evidence.settleUncalled(t)
	}
	e := d.refused.of(t.relation, t.parentRecord())
	if e == nil {
		return false
	}
	if t.other != nil {
		d.engine.Park(t.other, 0)
		t.other = nil
	}
	if e.Kind == zoho.Denied && !t.history.OfThisRun() {
		d.leave(e)
		return true
	}
	d.refuse(t, e)
	return true
}

// leave leaves a task that was not sent without an outcome, because the login lacks a permission.
func (d *Delink) leave(e *zoho.Error) {
	d.refused.left++
	d.refused.denial = e
}

// failed takes a call that was refused or went unanswered.
func (d *Delink) failed(t *task, e *zoho.Error) {
	switch {
	case e.Kind == zoho.Unanswered:
		d.repeat(t, e)
	case e.Scope == zoho.ScopeRun && (e.Kind == zoho.Denied || !t.looksUp()):
		t.missed(e)
		d.engine.Park(t, 0)
		d.engine.End(engine.ReasonOf(e), e)
	case e.Kind == zoho.Denied && e.Status == http.StatusUnauthorized && d.isAccepted(t) && t.unauthorized < mostUnauthorized:
		t.unauthorized++ // others were accepted, so the token was the reason
		d.engine.Park(t, 0)
	case !t.looksUp() && refusesAll(d.alike(t), e):
		d.engine.Park(t, 0)
		d.engine.End(outcome.Broken, e)
	case e.Kind == zoho.Nameless && len(t.ids) > 1:
		d.split(t)
	case t.looksUp() && showsParent(t, e):
		d.remember(t, e)
		if t.history.MayBeRemoved() {
			d.cannotLookUp(t, e)
			return
		}
		d.refuse(t, e)
	case t.looksUp():
		d.cannotLookUp(t, e)
	case t.reads:
		d.remember(t, e)
		d.cannotRead(t, e)
	case e.Kind == zoho.Nameless: // the bad id; the CRM did not say whether it is linked
		// A refusal without a name can be about something that passes. So it does not show that the
		// CRM refuses this id also in a call of this run that went unanswered. What an earlier run
		// sent has been carried out by now, or never will be.
		t.refusedByID = !t.history.OfThisRun()
		d.lookUp(t, e)
	default:
		d.remember(t, e)
		d.refuse(t, e)
	}
}

// isAccepted reports whether another call like that of a task was accepted: a delink of the same
// list, or a read.
func (d *Delink) isAccepted(t *task) bool {
	if t.delinks() {
		return d.accepted[t.relation]
	}
	return d.accepted[t.relation] || d.evidence.readable[t.relation]
}

// alike gives the counter of refusesAll for a task that is not looked up. Reads of fields and
// delinks are counted by themselves.
func (d *Delink) alike(t *task) *int {
	if t.reads {
		return &d.readsAlike
	}
	return &d.refused.alike
}

// refusesAll counts calls in a row that were to change links, or went before such a call, and were
// refused as a whole, without a name, and with a code that is not known. It reports whether these
// are refusedMax: then the refusal is not about ids, and halving batches would find no bad one.
func refusesAll(alike *int, e *zoho.Error) bool {
	if e.Kind != zoho.Nameless || zoho.Explain(e.Code) != "" {
		return false
	}
	*alike++
	return *alike >= refusedMax
}

// showsParent reports whether the error of a look-up explains the refusals of the delinks before
// it, which gave no reason: the CRM does not accept the parent record.
func showsParent(t *task, e *zoho.Error) bool {
	return e.Kind == zoho.Refused && e.Scope == zoho.ScopeParent && t.why.Kind == zoho.Nameless && !t.kin.answered
}

// remember keeps a refusal that reaches further than its batch, and tells people of a list that is
// refused.
func (d *Delink) remember(t *task, e *zoho.Error) {
	if first := d.refused.remember(t.relation, t.parentRecord(), e); first {
		d.engine.Notef("%s is refused: %s", t.relation, e)
	}
}

// refuse fails the links of a task. If an attempt that went unanswered may have removed them, they
// are looked up instead.
func (d *Delink) refuse(t *task, e *zoho.Error) {
	status, settled := t.history.Judge(outcome.RefusedByID)
	if !settled {
		d.lookUp(t, e)
		return
	}
	if e.Kind == zoho.Denied {
		d.refused.denied += len(t.ids)
		d.refused.denial = e
	}
	d.write(t.all(status, e, e.Error(), time.Now()))
}

// altogether gives the error for which the login counts as refused: tasks were not sent because of
// it, or every outcome of this run is a denial. recorded is the number of outcomes. It gives nil if
// neither is so.
func (r *refusals) altogether(recorded int) *zoho.Error {
	if r.left > 0 || r.denied > 0 && r.denied == recorded {
		return r.denial
	}
	return nil
}

// split halves a task that was refused because of an id that was not named. The second half waits
// for the answer to the first. If the first half goes through, the bad id is in the second half,
// which is then split without a call. So one bad id of a hundred costs 12 calls and not 15. A task
// of one id is always sent, so that no outcome rests on this conclusion.
func (d *Delink) split(t *task) {
	if len(t.ids) == 1 {
		d.engine.Park(t, 0)
		return
	}
	half := len(t.ids) / 2
	first := t.part(0, half)
	first.other = t.part(half, len(t.ids))
	d.engine.Park(first, 0)
}
