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

// step says which call a relinkTask makes next.
type step int

const (
	looks  step = iota // the look-up before the links are made
	links              // the call that makes the links
	checks             // a look-up of links whose attempts do not say what became of them
)

// relinkTask is a piece of a batch whose links are to be made.
type relinkTask struct {
	piece
	crm    RelinkCRM
	fields []zoho.Fields // of the links
	step   step
	trial  bool // it is the trial of its relation

	unanswered   *zoho.Error     // why it is open whether an attempt of this run made the links
	why          *zoho.Error     // why the links are checked
	refusedByID  bool            // they are, because the CRM refused them by id
	said         *zoho.Item      // the links are checked because a trial was answered with this success
	before       outcome.History // of the trial, before that success
	sends        int             // calls that were to make the links
	notSeen      int             // checks that did not find the links
	unauthorized int             // see mostUnauthorized

	answer zoho.Answer // to the last call that makes the links
	linked []bool      // the answer to the last look-up
}

func newRelinkTask(crm RelinkCRM, b chunker.Batch, fields func(pos int) zoho.Fields) *relinkTask {
	t := &relinkTask{piece: pieceOf(b), crm: crm, fields: make([]zoho.Fields, len(b.Pos))}
	for i, pos := range b.Pos {
		t.fields[i] = fields(pos)
	}
	return t
}

// relinkOf gives the task of Next that the engine hands back.
func relinkOf(x engine.Task) *relinkTask {
	own, _ := x.(*relinkTask) // the engine has only tasks of Next
	return own
}

// Call makes the task's next call.
func (t *relinkTask) Call(ctx context.Context, token zoho.Token) (err error) {
	if t.proves() {
		return t.askForProof(ctx, t.crm, token, t.list())
	}
	switch t.step {
	case links:
		t.sends++
		to := make([]zoho.NewLink, len(t.ids))
		for i, id := range t.ids {
			to[i] = zoho.NewLink{ID: id, Fields: t.fields[i]}
		}
		t.answer, err = t.crm.Link(ctx, token, t.relation, t.parent, to)
	case looks, checks:
		t.linked, err = t.crm.Linked(ctx, token, t.relation, t.parent, t.ids)
	}
	return err
}

// CallsLeft is how many calls the task takes at the least beside its next one. What the trial of its
// relation takes is not counted before it has begun: see Relink.Owed.
func (t *relinkTask) CallsLeft() int {
	switch {
	case t.proves(): // then its first link is tried
		return t.proofLeft() + 1 + trialCalls(len(t.ids), true)
	case t.step == looks, t.step == links && t.trial:
		return 1
	}
	return 0
}

// missed notes a call that the CRM may have carried out although no answer says so.
func (t *relinkTask) missed(e *zoho.Error) {
	if t.step == links && !t.proves() && mayBeCarriedOut(e) {
		t.history, t.unanswered = outcome.Unanswered, e
	}
}

// part gives a task for the links from one index up to another.
func (t *relinkTask) part(from, to int) *relinkTask {
	p := *t
	p.cut(from, to)
	p.fields = t.fields[from:to]
	return &p
}

// only gives a task for the links at the given indexes.
func (t *relinkTask) only(at []int) *relinkTask {
	p := *t
	p.pick(at)
	p.fields = picked(t.fields, at)
	return &p
}

// unknown gives the outcomes of links that may be there, if the CRM does not say whether they are.
func (t *relinkTask) unknown(now time.Time) []outcome.Outcome {
	e := t.unanswered
	if e == nil {
		e = &zoho.Error{Kind: zoho.Unanswered, Code: zoho.CodeNoAnswer, Detail: "to an earlier run"}
	}
	return t.all(outcome.Unknown, e, fmt.Sprintf("sent, and the link may have been made: %s", e), now)
}

// foundThere gives the message for a link that a look-up found.
func foundThere(h outcome.History) string {
	switch h {
	case outcome.LeftUnknown:
		return "the link is there (an earlier run sent it, got no answer, and probably made it)"
	case outcome.InDoubt:
		return "the link is there (an earlier run was cut off, and probably made it)"
	case outcome.Elsewhere:
		return "the link is there (another run was about to send it, has no outcome of it, and probably made it)"
	case outcome.Unanswered:
		return "the link is there (an earlier call got no answer and probably made it)"
	case outcome.Clear:
	}
	return "the link is there already, and was left as it is"
}
