package worker

import (
	"fmt"
	"slices"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// answered takes the answer to a delink. Ids without an item of their own are sent again.
func (d *Delink) answered(t *task, at time.Time) {
	a := t.answer
	d.heedDeletion(t)
	// An answer that only says "not there" does not show what a delink does to a link that is
	// there.
	if !a.Deleted && slices.ContainsFunc(a.Items, func(i zoho.Item) bool { return i.Verdict == zoho.Removed }) {
		d.tried[t.relation] = true
	}
	out := make([]outcome.Outcome, 0, len(t.ids))
	var silent groups   // ids that are sent again, because the answer does not name them
	var refused groups  // ids that are looked up, because they were refused
	var untouched []int // ids that are sent again, because the call was refused for other ids
	elsewhere := d.openElsewhere(t, func(i int) bool {
		return i < len(a.Items) && a.Items[i].ID == t.ids[i] && a.Items[i].Verdict == zoho.Absent
	})
	for i, id := range t.ids {
		item := zoho.Item{ID: id, Code: zoho.CodeNotInAnswer}
		if i < len(a.Items) && a.Items[i].ID == id {
			item = a.Items[i]
		}
		t.kin.answered = t.kin.answered || item.Verdict != zoho.Silent
		switch item.Verdict {
		case zoho.Untouched:
			untouched = append(untouched, i)
			continue
		case zoho.Undecided:
			refused.add(i, item)
			continue
		case zoho.Silent, zoho.Removed, zoho.Absent, zoho.Failed, zoho.Deleted, zoho.Linked:
		}
		history := t.history
		if slices.Contains(elsewhere, i) {
			history = outcome.Elsewhere
		}
		evidence, message := itemEvidence(history, item)
		if evidence == outcome.NoEvidence {
			silent.add(i, item)
			continue
		}
		status, settled := history.Judge(evidence)
		switch {
		case item.Verdict == zoho.Deleted: // a record that is gone cannot be looked up
			status = outcome.Failed
		case !settled:
			refused.add(i, item)
			continue
		}
		out = append(out, t.outcome(i, status, item.Code, message, a.Status, at))
	}
	d.write(out)
	if len(untouched) > 0 {
		d.engine.Park(t.only(untouched), 0)
	}
	for _, g := range refused {
		part := t.only(g.at)
		part.refusedByID = true
		d.lookUp(part, &zoho.Error{Kind: zoho.Refused, Status: a.Status, Code: g.code, Detail: g.message})
	}
	for _, g := range silent {
		d.repeat(t.only(g.at), &zoho.Error{Kind: zoho.Unanswered, Status: a.Status, Code: g.code, Detail: g.message})
	}
}

// heedDeletion ends the run if a delink has deleted a record.
func (d *Delink) heedDeletion(t *task) {
	if t.answer.Deleted {
		d.engine.End(outcome.Broken, &zoho.Error{
			Kind: zoho.Refused, Scope: zoho.ScopeRun, Sent: true, Status: t.answer.Status,
			Code: zoho.CodeRecordDeleted, Detail: fmt.Sprintf("in %s of %s", t.relation, t.parent),
		})
	}
}

// itemEvidence gives what an item of an answer shows, and the message of an outcome that rests on
// it. It gives NoEvidence for an item that says nothing about its link.
func itemEvidence(h outcome.History, i zoho.Item) (outcome.Evidence, string) {
	switch i.Verdict {
	case zoho.Removed:
		return outcome.SaidRemoved, i.Message
	case zoho.Absent:
		return outcome.SaidNotThere, notThere(h, i.Message)
	case zoho.Deleted:
		return outcome.RefusedByID, zoho.Explain(i.Code)
	case zoho.Failed:
		return outcome.RefusedByID, itemMessage(i)
	case zoho.Silent, zoho.Untouched, zoho.Undecided, zoho.Linked:
	}
	return outcome.NoEvidence, ""
}

// itemMessage is what the code of a refused id means, and what the CRM said.
func itemMessage(i zoho.Item) string {
	text := zoho.Explain(i.Code)
	switch {
	case text == "":
		return i.Message
	case i.Message == "":
		return text
	}
	return text + ": " + i.Message
}

// groups sorts the ids of a task by what the CRM said of them. Each group becomes a task of its
// own, because all links of a task get the same code and message.
type groups []group

type group struct {
	code, message string
	at            []int // indexes of ids
}

func (g *groups) add(i int, item zoho.Item) {
	for n := range *g {
		if (*g)[n].code == item.Code && (*g)[n].message == item.Message {
			(*g)[n].at = append((*g)[n].at, i)
			return
		}
	}
	*g = append(*g, group{item.Code, item.Message, []int{i}})
}

// repeat sends a task again whose call went unanswered. After the last attempt, its links are
// looked up.
func (d *Delink) repeat(t *task, e *zoho.Error) {
	t.missed(e)
	switch {
	case d.engine.Retry(t, e):
	case t.reads && !t.looksUp():
		d.lose(t, e)
	case t.looksUp():
		d.cannotLookUp(t, e)
	default:
		d.lookUp(t, e)
		if d.lost++; d.lost >= lostMax {
			d.engine.End(outcome.Broken, e)
		}
	}
}
