package worker

import (
	"context"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Question is something that an org is asked about itself, in one call that changes nothing.
type Question struct {
	Ask func(ctx context.Context) error // its errors are of type *zoho.Error
	Err *zoho.Error                     // why there is no answer; nil if there is one
}

// questionTries is how often a question is asked that goes unanswered.
const questionTries = 2

// questionTime is how long the answer to a question is waited for: an org that says nothing is one that cannot be asked.
const questionTime = 20 * time.Second

// Ask asks questions, all at the same time as far as the settings allow. When ctx ends, those without an answer stay so. The error is
// why no other call would fare better: the login is refused, or there is no connection.
func Ask(ctx context.Context, api engine.API, questions []*Question, s engine.Settings) error {
	s.MaxAttempts = questionTries
	s.Slots = min(s.Slots, max(1, len(questions)))
	op := &asking{left: questions, all: questions}
	op.engine = engine.New(api, s)
	_, err := op.engine.Run(ctx, ctx, op)
	return err
}

// asking is the operation that asks questions.
type asking struct {
	engine    *engine.Engine
	left, all []*Question
}

type questionTask struct {
	engine.State
	question *Question
}

func (t *questionTask) Size() int { return 1 }

func (t *questionTask) Call(ctx context.Context, _ zoho.Token) error {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	return t.question.Ask(ctx)
}

// errNotAsked is why a question has no answer as long as none came.
var errNotAsked = &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNoAnswer}

func (a *asking) Next() (engine.Task, bool) {
	if len(a.left) == 0 {
		return nil, false
	}
	q := a.left[0]
	a.left = a.left[1:]
	q.Err = errNotAsked
	return &questionTask{question: q}, true
}

func (a *asking) Prepare([]engine.Task) error { return nil }

func (a *asking) Settled(engine.Task) bool { return false }

func (a *asking) Alone(engine.Task) bool { return false }

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
		a.engine.End(outcome.Refused, e)
	}
}

func (a *asking) Abandon([]engine.Task) {}

func (a *asking) Sync() error { return nil }
