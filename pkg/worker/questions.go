package worker

import (
	"context"
	"slices"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Question is something that an org is asked about itself, in one call that changes nothing.
type Question struct {
	Ask func(ctx context.Context) error // its errors are of type *zoho.Error
	Err *zoho.Error                     // why there is no answer; nil if there is one

	asked bool // at least once
}

// questionTries is how often a question is asked if it goes unanswered.
const questionTries = 2

// questionTime is how long a question waits for its answer. The run goes on without the answer, so
// the wait is shorter than that of other calls.
const questionTime = 20 * time.Second

// Ask asks questions, as many at the same time as the settings allow. When ctx ends, questions
// without an answer stay without one. Ask returns an error if no other call would fare better: the
// login is refused, or there is no connection.
//
// If the CRM does not give the code of a missing scope, its answer looks like that to a token that
// is not valid. So the login counts as refused only if no question is answered. Before Ask returns
// that error, it asks the questions that were not asked yet.
func Ask(ctx context.Context, api engine.API, questions []*Question, s engine.Settings) error {
	s.MaxAttempts = questionTries
	s.Slots = min(s.Slots, max(1, len(questions)))
	for _, q := range questions {
		q.Err = errNotAsked
	}
	err := askAll(ctx, api, questions, s)
	if e := zoho.AsError(err); err == nil || e.Kind != zoho.BadToken {
		return err
	}
	if unasked := noteRefusal(questions, zoho.AsError(err)); !anyAnswered(questions) && len(unasked) > 0 {
		if e := askAll(ctx, api, unasked, s); e != nil {
			return err
		}
	}
	if anyAnswered(questions) {
		return nil
	}
	return err
}

// AskOne makes a single call through an engine: it waits for its token and its place in the rate, and
// is made again as the settings allow if it goes unanswered. It may be a call that changes
// something: then MaxAttempts is 1, or what the call does twice is what it does once. When ctx ends,
// the call is cut off. The error is of type *zoho.Error.
func AskOne(ctx context.Context, api engine.API, ask func(ctx context.Context) error, s engine.Settings) error {
	s.Slots = 1
	q := &Question{Ask: ask, Err: errNotAsked}
	err := askAll(ctx, api, []*Question{q}, s)
	switch {
	case err != nil:
		return zoho.AsError(err)
	case q.Err != nil:
		return q.Err
	}
	return nil
}

func askAll(ctx context.Context, api engine.API, questions []*Question, s engine.Settings) error {
	op := &asking{left: questions}
	op.engine = engine.New(api, s)
	_, err := op.engine.Run(ctx, ctx, op)
	return err
}

// noteRefusal notes the error in the questions that were asked and have no answer. It returns the
// questions that were not asked.
func noteRefusal(questions []*Question, e *zoho.Error) (unasked []*Question) {
	for _, q := range questions {
		switch {
		case q.Err != errNotAsked:
		case q.asked:
			q.Err = e
		default:
			unasked = append(unasked, q)
		}
	}
	return unasked
}

func anyAnswered(questions []*Question) bool {
	return slices.ContainsFunc(questions, func(q *Question) bool { return q.Err == nil })
}

// asking is the operation that asks questions.
type asking struct {
	engine *engine.Engine
	left   []*Question
}

type questionTask struct {
	engine.State
	question *Question
}

func (t *questionTask) Size() int { return 1 }

func (t *questionTask) Call(ctx context.Context, _ zoho.Token) error {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	t.question.asked = true
	return t.question.Ask(ctx)
}

// errNotAsked is the error of a question before it is answered or fails.
var errNotAsked = &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNoAnswer}

func (a *asking) Next() (engine.Task, bool) {
	if len(a.left) == 0 {
		return nil, false
	}
	q := a.left[0]
	a.left = a.left[1:]
	return &questionTask{question: q}, true
}

func (a *asking) Prepare([]engine.Task) error { return nil }

func (a *asking) SettleUncalled(engine.Task) bool { return false }

func (a *asking) Alone(engine.Task) bool { return false }

func (a *asking) Quiet(engine.Task) bool { return false }

func (a *asking) Missed(t engine.Task, e *zoho.Error) {
	if q, ok := t.(*questionTask); ok {
		q.question.Err = e
	}
}

func (a *asking) Answer(t engine.Task, r engine.Reply) {
	q, ok := t.(*questionTask)
	if !ok {
		return
	}
	q.question.Err = r.Err
	switch e := r.Err; {
	case e == nil:
	case e.Kind == zoho.Unanswered:
		a.engine.Retry(t, e)
	case e.Kind == zoho.Denied && e.Scope == zoho.ScopeRun:
		a.engine.End(outcome.LoginRefused, e)
	}
}

func (a *asking) Abandon([]engine.Task) {}

func (a *asking) Sync() error { return nil }
