package worker

import (
	"context"
	"errors"
	"iter"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Errand is work that reads from the CRM, in one call after the other. Each call depends on the
// answer to the one before it. All methods but Call are called one at a time, also those of
// different errands.
type Errand interface {
	// Settled reports whether the errand needs no call any more. It is asked before each call.
	Settled() bool
	// Call makes the next call, and keeps its answer for Heard.
	Call(ctx context.Context, token zoho.Token) error
	// Heard takes the answer to the call, if e is nil. Else e says why there is none, after all
	// attempts. It reports whether there is another call to make. An error ends the run.
	Heard(e *zoho.Error) (more bool, err error)
}

// LongErrand is an errand that knows how many calls it takes. Where calls are limited, it is begun
// only if they are enough for it as well as for those that have begun. Else they could be spent on
// errands of which none comes to its end.
type LongErrand interface {
	Errand
	// CallsLeft is how many calls the errand takes beside its next one.
	CallsLeft() int
}

// Errands is the operation that runs errands. It changes nothing in the CRM. It is used for one
// run.
type Errands struct {
	*engine.Engine
	errands iter.Seq[Errand]
	next    func() (Errand, bool)
	keep    func() error
	lost    int // errands in a row that used up their attempts
}

// NewErrands gives the Errands of a run. keep brings to disk what errands have written and told the
// engine of by Wrote; it runs beside the errands.
func NewErrands(api engine.API, errands iter.Seq[Errand], keep func() error, s engine.Settings) *Errands {
	return &Errands{Engine: engine.New(api, s), errands: errands, keep: keep}
}

// Run makes the calls: see engine.Engine.Run. Errands that are not at their end when the run ends
// stay as they are.
func (o *Errands) Run(stop, hard context.Context) (outcome.Reason, error) {
	next, done := iter.Pull(o.errands)
	defer done()
	o.next = next
	return o.Engine.Run(stop, hard, o)
}

// errandTask is an errand on its way.
type errandTask struct {
	engine.State
	Errand
	callsLeft int // kept, since the errand's own may change during its call
}

// plan notes how many calls the errand takes.
func (t *errandTask) plan() {
	if e, ok := t.Errand.(LongErrand); ok {
		t.callsLeft = e.CallsLeft()
	}
}

// CallsLeft is how many calls the errand takes beside its next one.
func (t *errandTask) CallsLeft() int { return t.callsLeft }

// Size is the same for all: none goes before another.
func (t *errandTask) Size() int { return 1 }

// Next takes the next errand.
func (o *Errands) Next() (engine.Task, bool) {
	e, ok := o.next()
	if !ok {
		return nil, false
	}
	t := &errandTask{Errand: e}
	t.plan()
	return t, true
}

// Prepare has nothing to do: errands change nothing.
func (o *Errands) Prepare([]engine.Task) error { return nil }

// SettleUncalled asks the errand.
func (o *Errands) SettleUncalled(x engine.Task) bool { return errandOf(x).Settled() }

// errandOf gives the task of Next that the engine hands back.
func errandOf(x engine.Task) *errandTask {
	own, _ := x.(*errandTask) // the engine has only tasks of Next
	return own
}

// Alone reports false: reads do not disturb each other.
func (o *Errands) Alone(engine.Task) bool { return false }

// Missed has nothing to do: the errand is not at its end.
func (o *Errands) Missed(engine.Task, *zoho.Error) {}

// Answer hands the end of a call to its errand.
func (o *Errands) Answer(x engine.Task, r engine.Reply) {
	t, e := errandOf(x), r.Err
	switch {
	case e == nil:
		o.lost = 0
	case e.Kind == zoho.Unanswered:
		if o.Retry(t, e) {
			return
		}
		if o.lost++; o.lost >= lostMax {
			o.End(outcome.Broken, e)
			return
		}
	case e.Scope == zoho.ScopeRun:
		o.End(engine.ReasonOf(e), e)
		return
	default:
		o.lost = 0
	}
	more, err := t.Heard(e)
	switch {
	case err != nil:
		reason := outcome.Broken
		if api := new(zoho.Error); errors.As(err, &api) {
			reason = engine.ReasonOf(api)
		}
		o.End(reason, err)
	case more: // it is another call, whose attempts count from the beginning
		t.Attempts = 0
		t.Fresh()
		t.plan()
		o.Park(t, 0)
	}
}

// Abandon has nothing to do: see Run.
func (o *Errands) Abandon([]engine.Task) {}

// Sync brings to disk what errands have written.
func (o *Errands) Sync() error { return o.keep() }
