package worker

import (
	"net/http"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// parent is a parent record.
type parent struct {
	module string
	id     zoho.ID
}

// refusals are the parent records and lists that were refused. No further call is spent on them.
type refusals struct {
	parents map[parent]*zoho.Error
	lists   map[zoho.Relation]*zoho.Error
	hints   map[zoho.Relation]parent // the first parent record of a list that was denied without saying what for
	denied  int                      // links that were refused for want of a scope or permission for their whole list
	left    int                      // tasks that were not sent because of that
	denial  *zoho.Error              // why
}

func newRefusals() refusals {
	return refusals{parents: map[parent]*zoho.Error{}, lists: map[zoho.Relation]*zoho.Error{}, hints: map[zoho.Relation]parent{}}
}

// of is the error that has already refused a list or a parent record; nil if none has.
func (r *refusals) of(list zoho.Relation, p parent) *zoho.Error {
	if e := r.lists[list]; e != nil {
		return e
	}
	return r.parents[p]
}

// remember keeps a refusal that reaches further than its batch, so that no further call is spent on
// it. It reports whether the list is refused for the first time.
//
// A permission that is missing, the CRM does not say for what, is believed of the list when it
// repeats for another parent record.
func (r *refusals) remember(list zoho.Relation, p parent, e *zoho.Error) (first bool) {
	switch e.Scope {
	case zoho.ScopeParent:
		r.parents[p] = e
		before, seen := r.hints[list]
		if e.Unproven && seen && before != p {
			proven := *e
			proven.Scope, proven.Unproven = zoho.ScopeList, false
			return r.remember(list, p, &proven)
		}
		if e.Unproven && !seen {
			r.hints[list] = p
		}
	case zoho.ScopeList:
		first = r.lists[list] == nil
		r.lists[list] = e
	case zoho.ScopeBatch, zoho.ScopeRun:
	}
	return first
}

// Settled settles a task without a call, if its parent record or its list has been refused. A
// look-up is another call, and goes on.
//
// What a login may not do says nothing about links that were not sent: these stay pending. Links
// that earlier runs left open are looked up. A look-up changes nothing, so nothing has to be
// written down before it.
func (d *Delink) SettleUncalled(x engine.Task) bool {
	t := of(x)
	if t.looksUp() {
		return false
	}
	e := d.refused.of(t.relation, t.place())
	if e == nil {
		return false
	}
	if t.other != nil {
		d.engine.Park(t.other, 0)
		t.other = nil
	}
	if e.Kind == zoho.Denied && !t.history.OfThisRun() {
		d.refused.left++
		d.refused.denial = e
		return true
	}
	d.refuse(t, e)
	return true
}

// mostDenials is how often a task is sent again that is answered with 401, although other calls to
// its list went through. Zoho gives no more tokens than that within ten minutes.
const mostDenials = 10

// failed takes a call that was refused, or that went unanswered.
func (d *Delink) failed(t *task, e *zoho.Error) {
	switch {
	case e.Kind == zoho.Unanswered:
		d.repeat(t, e)
	case e.Scope == zoho.ScopeRun && (e.Kind == zoho.Denied || !t.looksUp()):
		t.missed(e)
		d.engine.Park(t, 0)
		d.engine.End(engine.ReasonOf(e), e)
	case e.Kind == zoho.Denied && e.Status == http.StatusUnauthorized && d.accepted[t.relation] && t.denials < mostDenials:
		t.denials++ // the list is not denied, since calls went through: tokens die quickly
		d.engine.Park(t, 0)
	case e.Kind == zoho.Nameless && len(t.ids) > 1:
		d.split(t)
	case t.looksUp() && isParentOf(t, e):
		d.remember(t, e) // so that is what the delinks were refused for, without saying so
		if t.history.MayBeRemoved() {
			d.cannotLookUp(t, e)
			return
		}
		d.refuse(t, e)
	case t.looksUp():
		d.cannotLookUp(t, e)
	case e.Kind == zoho.Nameless: // this id is the one, but whether it is linked was not said
		t.refused = true
		d.lookUp(t, e)
	default:
		d.remember(t, e)
		d.refuse(t, e)
	}
}

// isParentOf reports whether a look-up has shown that a task's parent record is missing, which the
// refusals of the delinks before it did not say.
func isParentOf(t *task, e *zoho.Error) bool {
	return e.Kind == zoho.Refused && e.Scope == zoho.ScopeParent && t.why.Kind == zoho.Nameless && !t.kin.answered
}

// remember keeps a refusal that reaches further than its batch, and tells people of a list that is
// refused.
func (d *Delink) remember(t *task, e *zoho.Error) {
	if first := d.refused.remember(t.relation, t.place(), e); first {
		d.engine.Notef("%s is refused: %s", t.relation, e)
	}
}

// refuse fails the links of a task, unless an attempt went unanswered: then they may be gone, and
// are looked up.
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

// refusedAltogether is why the login is refused: links were not sent because of it, or nothing else
// became of any link.
func (d *Delink) refusedAltogether() *zoho.Error {
	if r := &d.refused; r.left > 0 || r.denied > 0 && r.denied == d.recorded {
		return r.denial
	}
	return nil
}

// split halves a task that was refused because of an id that was not named. The second half waits
// for the answer to the first. If the first goes through, the bad id is in the second half, which
// is then split without a call. So one bad id of a hundred costs 12 calls and not 15. An id that is
// alone is always sent, so that no outcome rests on this conclusion.
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
