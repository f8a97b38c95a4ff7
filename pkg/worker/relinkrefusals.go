package worker

import (
	"net/http"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// SettleUncalled settles a task without a call, if its parent record or its list has been refused.
// If the login lacks a permission, links that were not sent stay pending: another login may make
// them. If an earlier attempt may have made them, they are looked up. A task whose look-up has been
// answered is settled as soon as it needs no proof any more.
func (r *Relink) SettleUncalled(x engine.Task) bool {
	t := relinkOf(x)
	if t.proves() || t.step == checks {
		return r.evidence.settleUncalled(t)
	}
	e := r.refused.of(t.relation, t.parentRecord())
	if e == nil {
		return false
	}
	if e.Kind == zoho.Denied && !t.history.OfThisRun() {
		r.leave(t, e)
		return true
	}
	r.refuse(t, e)
	return true
}

// leave drops a task whose links were not sent because the login was denied that.
func (r *Relink) leave(t *relinkTask, e *zoho.Error) {
	r.refused.left++
	r.refused.denial = e
	r.trialEnds(t, false)
}

// failed takes a call that was refused or went unanswered.
func (r *Relink) failed(t *relinkTask, e *zoho.Error) {
	switch {
	case e.Kind == zoho.Unanswered:
		r.repeat(t, e)
	case e.Scope == zoho.ScopeRun:
		t.missed(e)
		r.engine.Park(t, 0)
		r.engine.End(engine.ReasonOf(e), e)
	case e.Kind == zoho.Denied && e.Status == http.StatusUnauthorized && r.accepted[t.relation] && t.unauthorized < mostUnauthorized:
		t.unauthorized++ // others were accepted, so the token was the reason
		r.engine.Park(t, 0)
	case t.step == links && refusesAll(&r.refused.alike, e):
		r.engine.Park(t, 0)
		r.engine.End(outcome.Broken, e)
	case e.Kind == zoho.Nameless && len(t.ids) > 1: // the half with the bad id is refused again
		half := len(t.ids) / 2
		r.engine.Park(t.part(0, half), 0)
		r.engine.Park(t.part(half, len(t.ids)), 0)
	case t.step == checks:
		r.cannotLook(t, e)
	case t.step == looks:
		r.lookRefused(t, e)
	default:
		// A refusal without a name can be about something that passes. So it does not show that the
		// CRM refuses this id also in a call of this run that went unanswered.
		t.refusedByID = e.Kind == zoho.Nameless && !t.history.OfThisRun()
		r.remember(t, e)
		r.refuse(t, e)
	}
}

// lookRefused takes the refusal of the look-up before links are made.
func (r *Relink) lookRefused(t *relinkTask, e *zoho.Error) {
	r.remember(t, e)
	switch {
	case e.Kind == zoho.Denied && e.Scope == zoho.ScopeList:
		r.leave(t, e)
		return
	case e.Kind == zoho.Denied:
		r.refused.denied += len(t.ids)
		r.refused.denial = e
	}
	r.cannotLook(t, e)
}

// remember keeps a refusal that reaches further than its batch, and tells people of a list that is
// refused.
func (r *Relink) remember(t *relinkTask, e *zoho.Error) {
	if first := r.refused.remember(t.relation, t.parentRecord(), e); first {
		r.engine.Notef("links of %s cannot be made: %s", t.relation, e)
	}
}

// refuse fails the links of a task. If an attempt that went unanswered may have made them, they are
// looked up instead.
func (r *Relink) refuse(t *relinkTask, e *zoho.Error) {
	status, settled := t.history.JudgeLink(outcome.RefusedToLink)
	if !settled {
		r.check(t, e)
		return
	}
	if e.Kind == zoho.Denied {
		r.refused.denied += len(t.ids)
		r.refused.denial = e
	}
	r.settle(t, t.all(status, e, e.Error(), time.Now()))
}

// repeat makes a call again that went unanswered. After the last attempt, links that were sent are
// looked up, and links that could not be looked up are not sent.
func (r *Relink) repeat(t *relinkTask, e *zoho.Error) {
	t.missed(e)
	if r.engine.Retry(t, e) {
		return
	}
	lost := &r.lost
	if t.step == links {
		r.check(t, e)
	} else {
		lost = &r.lostLooks
		r.cannotLook(t, e)
	}
	if *lost++; *lost >= lostMax {
		r.engine.End(outcome.Broken, e)
	}
}
