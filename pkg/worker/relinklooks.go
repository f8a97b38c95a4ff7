package worker

import (
	"net/http"
	"slices"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// looked takes the answer to the look-up before links are made. It settles the links that are there,
// and has the others made.
func (r *Relink) looked(t *relinkTask, at time.Time) {
	if slices.Contains(t.linked, true) {
		r.evidence.shown(t.relation)
	}
	status, _ := t.history.JudgeLink(outcome.SeenLinked)
	var out []outcome.Outcome
	var missing []int
	for i, linked := range t.linked {
		if !linked {
			missing = append(missing, i)
			continue
		}
		out = append(out, t.outcome(i, status, zoho.CodeLinkedAlready, foundThere(t.history), http.StatusOK, at))
	}
	r.settle(t, out)
	if len(missing) > 0 {
		r.send(t.only(missing))
	}
}

// answersOtherwise reports whether the CRM itself has answered some call, or a question about the
// org.
func (r *Relink) answersOtherwise() bool { return r.heard || r.orgAnswers }

// held ends the run because of a look-up that is not proved. Its links stay pending.
func (r *Relink) held(t *relinkTask) {
	e := whyUnproven(t)
	e.Code, e.Sent = zoho.CodeEmptyAnswers, false
	r.engine.End(outcome.Broken, e)
}

// check has a task looked up, because its attempts do not say what became of its links.
func (r *Relink) check(t *relinkTask, why *zoho.Error) {
	t.step, t.why = checks, why
	t.Fresh()
	r.engine.Park(t, 0)
}

// checked takes the answer to a look-up of links that may have been made. A call that went
// unanswered can still be carried out, so links that are not there are looked up once more after a
// while.
func (r *Relink) checked(t *relinkTask, at time.Time) {
	if slices.Contains(t.linked, true) {
		r.evidence.shown(t.relation)
	}
	status, _ := t.history.JudgeLink(outcome.SeenLinked)
	var out []outcome.Outcome
	var missing []int
	for i, linked := range t.linked {
		if !linked {
			missing = append(missing, i)
			continue
		}
		code, message := t.why.Code, foundThere(t.history)
		if t.said != nil {
			code = t.said.Code
			status, message = r.made(t, t.before, *t.said)
		}
		out = append(out, t.outcome(i, status, code, message, t.why.Status, at))
	}
	r.settle(t, out)
	if len(missing) > 0 {
		r.notThere(t.only(missing), at)
	}
}

// notThere settles links that were to be made and that a check has not found.
func (r *Relink) notThere(t *relinkTask, at time.Time) {
	if t.notSeen++; t.notSeen < 2 {
		r.engine.After(t, lookAgain)
		return
	}
	evidence := outcome.NotSeenAgain
	if t.refusedByID && r.evidence.readable[t.relation] {
		evidence = outcome.RefusedAndNotSeen
	}
	if t.said != nil {
		r.notShown(t)
	}
	status, _ := t.history.JudgeLink(evidence)
	if status == outcome.Unknown {
		r.settle(t, t.unknown(at))
		return
	}
	r.settle(t, t.all(status, t.why, "the link is not there: "+t.why.Error(), at))
}

// cannotLook settles links that cannot be looked up because of e. Those that no attempt may have
// made have not been sent.
func (r *Relink) cannotLook(t *relinkTask, e *zoho.Error) {
	status, _ := t.history.JudgeLink(outcome.NothingSeen)
	if status == outcome.Unknown {
		r.settle(t, t.unknown(time.Now()))
		return
	}
	r.settle(t, t.all(status, e, "not sent, because it cannot be looked up whether the link is there: "+e.Error(), time.Now()))
}
