package worker

import (
	"net/http"
	"slices"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// looked takes the answer to the look-up before links are made. That none of them is there is said
// by an empty answer, and counts only once it is proven that reads reach the CRM: a call for a link
// that is there would overwrite its fields.
func (r *Relink) looked(t *relinkTask, at time.Time) {
	switch {
	case slices.Contains(t.linked, true):
		r.proofs.shown(t.relation)
	case !r.proofs.readable[t.relation]:
		if first := r.proofs.await(t.relation, t); first {
			t.step = counts
			t.Fresh()
			r.engine.Park(t, 0)
		}
		return
	}
	r.believe(t, at)
}

// counted takes the answer to the call that counts the records of a list: see proofs. If it proves
// nothing, the run ends, and nothing was sent.
func (r *Relink) counted(t *relinkTask, e *zoho.Error, at time.Time) {
	if isWorthAsking(e) && r.engine.Retry(t, e) {
		return
	}
	t.step = looks
	isReadable, tasks := r.proofs.counted(t.relation, e, r.heard || r.orgAnswers)
	if !isReadable {
		r.engine.End(outcome.Broken, &zoho.Error{Kind: zoho.Unanswered, Code: zoho.CodeEmptyAnswers, Detail: e.Error(), Status: e.Status})
		return
	}
	for _, t := range tasks {
		r.believe(t, at)
	}
}

// believe settles the links that a look-up has found, and has the others made.
func (r *Relink) believe(t *relinkTask, at time.Time) {
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
			code, message = t.said.Code, t.said.Message
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
	if t.refusedByID {
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
