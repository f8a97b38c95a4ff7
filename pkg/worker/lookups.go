package worker

import (
	"slices"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// lookAgain is the time between two look-ups of links that a late call may still remove. It is not
// documented how soon a read shows what a delink did (docs/zoho-api.md, section 6.1).
const lookAgain = 5 * time.Second

// lookUp has a task looked up, because the answers so far do not say what became of its links.
func (d *Delink) lookUp(t *task, why *zoho.Error) {
	t.why, t.reads = why, false
	if d.noLookUp[t.relation] {
		d.cannotLookUp(t, why)
		return
	}
	t.Fresh()
	d.engine.Park(t, 0)
}

// judgeLookUp takes the answer to a look-up. If it shows none of the links, it may need a proof
// first. All links of the task have one history.
func (d *Delink) judgeLookUp(t *task, at time.Time) {
	t.at = at
	switch {
	case slices.Contains(t.linked, true):
		d.evidence.shown(t.relation)
	case d.saysNothing(t):
		d.write(t.unknown(at))
		return
	case !d.evidence.believes(t):
		d.evidence.prove(t)
		return
	}
	d.settleLookUp(t)
}

// answersOtherwise reports whether the CRM has answered a delink, or a question about the org.
func (d *Delink) answersOtherwise() bool { return d.heard || d.settings.OrgAnswers }

// held notes a task whose look-up is not proved. If a gateway answers all calls that read fields,
// nothing will be proved, and nothing will be sent. So the run ends if lostMax of them are held in a
// row.
func (d *Delink) held(t *task) {
	if t.why == errNotLinked {
		d.unread++
		d.endUnread(whyUnproven(t))
	}
}

// abandonUnproven settles the tasks that are still held or wait for a proof when the run ends.
// Unless it was stopped, nothing will prove any more what is held. A call that may have removed
// links of this run makes them Unknown in any case.
func (d *Delink) abandonUnproven() {
	isOver := d.engine.Ended() == outcome.Completed || d.engine.Ended() == outcome.Broken
	for _, t := range d.evidence.unproven {
		switch e := whyUnproven(t); {
		case !isOver && !t.history.OfThisRun():
		case t.why == errNotLinked:
			d.settleUnread(t, e)
		default:
			d.settleBlind(t, t.why, t.why.Error()+"; "+e.Error())
		}
	}
	for _, t := range d.evidence.waited() {
		if t.history.OfThisRun() {
			d.write(t.unknown(time.Now()))
		}
	}
}

// settleLookUp settles the links of a look-up that is believed.
func (d *Delink) settleLookUp(t *task) {
	at := t.at
	if t.why == errNotLinked {
		d.unread = 0
	}
	var out []outcome.Outcome
	var there []int
	for i, linked := range t.linked {
		if linked {
			there = append(there, i)
			continue
		}
		status, _ := t.history.Judge(outcome.SaidNotThere)
		out = append(out, t.outcome(i, status, t.why.Code, notThere(t.history, foundMissing(t)), t.why.Status, at))
	}
	d.write(out)
	if len(there) > 0 {
		d.stillThere(t.only(there), at)
	}
}

// foundMissing is what a look-up shows of a link that is not there.
func foundMissing(t *task) string {
	switch {
	case t.history.MayBeRemoved():
		return "the link is no longer there"
	case t.why == errNotLinked:
		return "the link was not there when its own fields were to be read, and no delink was sent"
	}
	return "the CRM does not accept this id, and the link is not there"
}

// stillThere settles links that a look-up has found. An unanswered call can still be carried out,
// so they are looked up once more after a while.
func (d *Delink) stillThere(t *task, at time.Time) {
	evidence := outcome.StillLinked
	if t.refusedByID {
		evidence = outcome.RefusedAndLinked
	}
	status, _ := t.history.Judge(evidence)
	if t.seenLinked++; t.history.MayBeRemoved() && t.seenLinked < 2 {
		d.engine.After(t, lookAgain)
		return
	}
	if status == outcome.Unknown {
		d.write(t.unknown(at))
		return
	}
	d.write(t.all(status, t.why, "the link is still there: "+t.why.Error(), at))
}

// saysNothing reports whether a look-up proves nothing. If none of the links is there, the CRM
// gives an empty answer. A gateway between delink and the CRM may give an empty success to every
// call. So if a delink of the task got a success that is not Zoho's, an empty look-up counts only
// after the CRM itself has answered some delink of this run.
func (d *Delink) saysNothing(t *task) bool {
	return t.foreign && !d.heard && !slices.Contains(t.linked, true)
}

// cannotLookUp settles links that cannot be looked up because of e.
func (d *Delink) cannotLookUp(t *task, e *zoho.Error) {
	if e.Kind == zoho.Denied && !e.Unproven && e != t.why && !d.noLookUp[t.relation] {
		d.noLookUp[t.relation] = true
		d.engine.Notef("links of %s cannot be looked up, so some may stay unknown: %s", t.relation, e)
	}
	d.settleBlind(t, t.why, t.why.Error())
}

// settleBlind settles links of which the CRM shows nothing.
func (d *Delink) settleBlind(t *task, e *zoho.Error, message string) {
	now := time.Now()
	status, _ := t.history.Judge(outcome.NoEvidence)
	if status == outcome.Unknown {
		d.write(t.unknown(now))
		return
	}
	d.write(t.all(status, e, message, now))
}
