package worker

import (
	"context"
	"fmt"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// task is a batch, or what is left of one, on its way through its attempts. All its links have the
// same history.
type task struct {
	engine.State
	crm      CRM
	relation zoho.Relation
	parent   zoho.ID
	ids      []zoho.ID
	pos      []int
	kin      *kin  // what it shares with the other parts of its batch
	other    *task // the other half of a call that was refused without a name, until the answer to this half tells of it

	history    outcome.History
	unanswered *zoho.Error // the last attempt that went unanswered; nil if an earlier run made it
	foreign    bool        // an unanswered attempt got a success that is not Zoho's
	why        *zoho.Error // why the links have to be looked up; nil where the next call is a delink
	refused    bool        // that is a refusal by id
	seenLinked int         // look-ups that found all links there
	counts     bool        // the next call counts the records of the list, to show that the CRM answers reads
	denials    int         // calls that were answered with 401 although others to the list went through

	answer zoho.Answer // to the last delink
	linked []bool      // the answer to the last look-up
}

// kin is what the parts of a batch share.
type kin struct {
	answered bool // a delink of some of them was answered by id: their parent record is there
}

func newTask(crm CRM, b chunker.Batch) *task {
	return &task{crm: crm, kin: &kin{}, relation: b.Relation, parent: b.Parent, ids: b.Related, pos: b.Pos, history: b.History}
}

// place is the task's parent record.
func (t *task) place() parent { return parent{t.relation.Module, t.parent} }

// Size is how many links the task has.
func (t *task) Size() int { return len(t.ids) }

// Call makes the task's next call: a look-up if there is a reason for one, else a delink.
func (t *task) Call(ctx context.Context, token zoho.Token) (err error) {
	switch {
	case t.counts:
		_, err = t.crm.Count(ctx, token, t.relation, t.parent)
	case t.why != nil:
		t.linked, err = t.crm.Linked(ctx, token, t.relation, t.parent, t.ids)
	default:
		t.answer, err = t.crm.Delink(ctx, token, t.relation, t.parent, t.ids)
	}
	return err
}

// looksUp reports whether the next call is a look-up.
func (t *task) looksUp() bool { return t.why != nil }

// missed notes a delink that may have been carried out although no answer says so: it went
// unanswered, or it was redirected, and whoever redirects a call may have passed it on as well.
func (t *task) missed(e *zoho.Error) {
	if t.looksUp() || e.Kind != zoho.Unanswered && (e.Status < 300 || e.Status >= 400) {
		return
	}
	t.history, t.unanswered = outcome.Unanswered, e
	t.foreign = t.foreign || e.Code == zoho.CodeForeignAnswer && e.Status >= 200 && e.Status < 300
}

// part is the task for some of its links.
func (t *task) part(from, to int) *task {
	p := *t
	p.other = nil
	p.ids, p.pos = t.ids[from:to], t.pos[from:to]
	return &p
}

// only is the task for the links at the given indexes.
func (t *task) only(at []int) *task {
	p := *t
	p.other = nil
	p.ids, p.pos = make([]zoho.ID, len(at)), make([]int, len(at))
	for i, j := range at {
		p.ids[i], p.pos[i] = t.ids[j], t.pos[j]
	}
	return &p
}

func (t *task) outcome(i int, s outcome.Status, code, message string, httpStatus int, now time.Time) outcome.Outcome {
	return outcome.Outcome{Pos: t.pos[i], Status: s, Code: code, Message: message, HTTPStatus: httpStatus, Attempts: t.Attempts, Time: now}
}

// all gives every link of the task the same outcome.
func (t *task) all(s outcome.Status, e *zoho.Error, message string, now time.Time) []outcome.Outcome {
	out := make([]outcome.Outcome, len(t.ids))
	for i := range t.ids {
		out[i] = t.outcome(i, s, e.Code, message, e.Status, now)
	}
	return out
}

// notThere is the message for a link that the CRM says is not there; said is what the CRM said.
func (t *task) notThere(said string) string {
	switch t.history {
	case outcome.Clear:
		return said
	case outcome.LeftUnknown:
		return said + " (an earlier run sent it, got no answer, and may have removed it)"
	case outcome.InDoubt:
		return said + " (an earlier run was cut off, and may have removed it)"
	case outcome.Unanswered:
	}
	return said + " (an earlier attempt went unanswered and may have removed it)"
}

// unknown is the outcome of links that may be gone, and of which nothing more can be learned.
func (t *task) unknown(now time.Time) []outcome.Outcome {
	e := t.unanswered
	if e == nil {
		e = &zoho.Error{Kind: zoho.Unanswered, Code: zoho.CodeNoAnswer, Detail: "to an earlier run"}
	}
	return t.all(outcome.Unknown, e, fmt.Sprintf("sent, and the link may have been removed: %s", e), now)
}
