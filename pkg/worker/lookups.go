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
	t.why, t.reads, t.More = why, false, 0
	if d.noLookUp[t.relation] {
		d.cannotLookUp(t, why)
		return
	}
	t.Fresh()
	d.engine.Park(t, 0)
}

// judgeLookUp takes the answer to a look-up. All links of the task have one history.
func (d *Delink) judgeLookUp(t *task, at time.Time) {
	switch {
	case slices.Contains(t.linked, true):
		d.proofs.shown(t.relation)
	case d.saysNothing(t):
		d.write(t.unknown(at))
		return
	case (t.history.MayBeRemoved() || t.why == errNotLinked) && !d.proofs.readable[t.relation]:
		d.proveReads(t)
		return
	}
	d.settleLookUp(t, at)
}

// proveReads takes a look-up that found no link, and has the CRM count the records of the list: see
// proofs.
func (d *Delink) proveReads(t *task) {
	if first := d.proofs.await(t.relation, t); !first {
		return
	}
	t.counts = true
	t.Fresh()
	d.engine.Park(t, 0)
}

// counted takes the answer to the call that counts the records of a list. If the CRM does not count
// them, it is enough that it has answered a delink, or a question about the org.
func (d *Delink) counted(t *task, e *zoho.Error, at time.Time) {
	t.counts = false
	if isWorthAsking(e) && d.engine.Retry(t, e) {
		t.counts = true
		return
	}
	isReadable, tasks := d.proofs.counted(t.relation, e, d.heard || d.settings.OrgAnswers)
	for _, t := range tasks {
		switch {
		case isReadable:
			d.settleLookUp(t, at)
		case t.why == errNotLinked:
			d.lose(t, errNotProven)
		default:
			d.write(t.unknown(at))
		}
	}
}

// settleLookUp settles the links of a look-up that is believed.
func (d *Delink) settleLookUp(t *task, at time.Time) {
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
	status, _ := t.history.Judge(outcome.NoEvidence)
	if status == outcome.Unknown {
		d.write(t.unknown(time.Now()))
		return
	}
	d.write(t.all(status, t.why, t.why.Error(), time.Now()))
}
