package worker

import (
	"context"
	"fmt"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// task is a piece of a batch on its way through its attempts.
type task struct {
	piece
	crm   CRM
	kin   *kin  // what it shares with the other parts of its batch
	other *task // the second half of a split task, which waits for the answer to this half

	unanswered   *zoho.Error // the last attempt of this run that went unanswered; nil if none did
	foreign      bool        // an unanswered attempt was answered with a success that is not Zoho's
	why          *zoho.Error // why the links have to be looked up; nil if the next call is a delink
	refusedByID  bool        // the links have to be looked up because the CRM refused them by id
	seenLinked   int         // look-ups that found the links there
	reads        bool        // the next call reads the links' own fields, unless they are looked up
	unauthorized int         // see mostUnauthorized
	trial        trialStep   // of the task that tries the other side of its relation
	badToken     bool        // the last call was refused for its token

	answer zoho.Answer      // to the last delink
	linked []bool           // the answer to the last look-up
	states []zoho.LinkState // the answer to the call that reads fields; then that of the links that are there
}

// mostUnauthorized is how often a task is sent again that is answered with 401 although other calls
// to its list were accepted. Zoho gives no more tokens than that in ten minutes (docs/zoho-api.md,
// section 5).
const mostUnauthorized = 10

// kin is what the parts of a batch share.
type kin struct {
	answered bool // an answer named some of their ids, so the CRM accepts the parent record
}

func newTask(crm CRM, b chunker.Batch) *task {
	return &task{piece: pieceOf(b), crm: crm, kin: &kin{}}
}

// Call makes the task's next call: a look-up if the task is to be looked up, else a delink, or what
// goes before it.
func (t *task) Call(ctx context.Context, token zoho.Token) (err error) {
	switch {
	case t.proves():
		err = t.askForProof(ctx, t.crm, token, t.list())
	case t.trial.looks():
		t.linked, err = t.crm.Linked(ctx, token, t.turned, t.ids[0], []zoho.ID{t.parent})
	case t.looksUp():
		t.linked, err = t.crm.Linked(ctx, token, t.relation, t.parent, t.ids)
	case t.reads:
		t.states, err = t.crm.LinkFields(ctx, token, t.relation, t.parent, t.ids)
	default:
		t.answer, err = t.crm.Delink(ctx, token, t.relation, t.parent, t.ids)
	}
	t.badToken = err != nil && zoho.AsError(err).Kind == zoho.BadToken
	return err
}

// What Delink needs at the least for a batch that takes more than one call. With a smaller budget, it
// sends none.
const (
	SnapshotCalls = 2 // one reads the links' own fields
	TrialCalls    = 3 // of another side: see trialStep
)

// CallsLeft is how many calls the task takes at the least beside its next one: those that follow a
// call that reads fields, or the calls of a trial.
func (t *task) CallsLeft() int {
	switch {
	case t.proves():
		return t.proofLeft()
	case t.trial == trialSees:
		return TrialCalls - 1
	case t.trial == trialSends:
		return TrialCalls - 2
	case t.reads:
		return SnapshotCalls - 1
	}
	return 0
}

// looksUp reports whether the next call is a look-up.
func (t *task) looksUp() bool { return t.why != nil }

// delinks reports whether the next call is a delink.
func (t *task) delinks() bool { return !t.looksUp() && !t.reads && !t.trial.looks() }

// missed notes a delink that the CRM may have carried out although no answer says so.
func (t *task) missed(e *zoho.Error) {
	if !t.delinks() || !mayBeCarriedOut(e) {
		return
	}
	t.history, t.unanswered = outcome.Unanswered, e
	t.foreign = t.foreign || e.Code == zoho.CodeForeignAnswer && e.Status >= 200 && e.Status < 300
}

// part gives a task for the links from one index up to another.
func (t *task) part(from, to int) *task {
	p := *t
	p.other = nil
	p.cut(from, to)
	return &p
}

// only gives a task for the links at the given indexes.
func (t *task) only(at []int) *task {
	p := *t
	p.other = nil
	p.pick(at)
	return &p
}

// notThere gives the message for a link that is not there. said is what the CRM said.
func notThere(h outcome.History, said string) string {
	switch h {
	case outcome.Clear:
		return said
	case outcome.LeftUnknown:
		return said + " (an earlier run sent it, got no answer, and may have removed it)"
	case outcome.InDoubt:
		return said + " (an earlier run was cut off, and may have removed it)"
	case outcome.Elsewhere:
		return said + " (another run or another row was about to send it, has no outcome of it, and may have removed it)"
	case outcome.Unanswered:
	}
	return said + " (an earlier call got no answer and may have removed it)"
}

// unknown gives the outcomes of links that may be removed, if the CRM does not say whether they
// are.
func (t *task) unknown(now time.Time) []outcome.Outcome {
	e := t.unanswered
	if e == nil {
		e = &zoho.Error{Kind: zoho.Unanswered, Code: zoho.CodeNoAnswer, Detail: "to an earlier run"}
		if t.history == outcome.Elsewhere {
			e.Detail = "to another run"
		}
	}
	return t.all(outcome.Unknown, e, fmt.Sprintf("sent, and the link may have been removed: %s", e), now)
}
