package worker

import (
	"errors"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// parent is a parent record.
type parent struct {
	module string
	id     zoho.ID
}

// task is a batch, or what is left of one, on its way through its attempts. All its ids have the same history.
type task struct {
	relation   zoho.Relation
	parent     zoho.ID
	ids        []zoho.ID
	pos        []int
	attempts   int         // calls that named these ids
	tries      int         // calls that failed for a reason that may pass
	unanswered *zoho.Error // the last call that may have removed the links without saying so; nil if there was none
	foreign    bool        // such a call got a success that is not Zoho's
	lookup     bool        // ask whether the links are there, instead of removing them
	last       *zoho.Error // why the links have to be looked up
	due        time.Time   // not before
	token      zoho.Token  // of the next call
	kin        *kin        // what it shares with the other parts of its batch
	other      *task       // the other half of a call that was refused namelessly, until the answer to this one tells of it
}

// kin is what the parts of a batch share.
type kin struct {
	answered bool // a delink of some of them was answered by id: their parent record is there
}

func newTask(b chunker.Batch) *task {
	t := &task{kin: &kin{}, relation: b.Relation, parent: b.Parent, ids: b.Related, pos: b.Pos}
	switch {
	case b.Unanswered:
		t.unanswered = errEarlierRun
	case b.MayBeSent:
		t.unanswered = errCutOff
	}
	return t
}

// errEarlierRun stands for a call of an earlier run.
var errEarlierRun = &zoho.Error{Kind: zoho.Unanswered, Code: zoho.CodeNoAnswer, Detail: "in an earlier run"}

// errCutOff stands for a call that an earlier run may have made before it was cut off.
var errCutOff = &zoho.Error{Kind: zoho.Unanswered, Code: zoho.CodeNoAnswer, Detail: "in an earlier run that was cut off"}

// ofThisRun reports whether a call of this run went unanswered.
func (t *task) ofThisRun() bool {
	return t.unanswered != nil && t.unanswered != errEarlierRun && t.unanswered != errCutOff
}

// part is the task for some of its ids.
func (t *task) part(from, to int) *task {
	p := *t
	p.other = nil
	p.ids, p.pos = t.ids[from:to], t.pos[from:to]
	return &p
}

// only is the task for the ids at the given indexes.
func (t *task) only(at []int) *task {
	p := *t
	p.other = nil
	p.ids, p.pos = make([]zoho.ID, len(at)), make([]int, len(at))
	for i, j := range at {
		p.ids[i], p.pos[i] = t.ids[j], t.pos[j]
	}
	return &p
}

func (t *task) outcome(i int, s Status, code, message string, httpStatus int, now time.Time) Outcome {
	return Outcome{
		Pos:        t.pos[i],
		Link:       reader.Link{Relation: t.relation, Parent: t.parent, Related: t.ids[i]},
		Status:     s,
		Code:       code,
		Message:    message,
		HTTPStatus: httpStatus,
		Attempts:   t.attempts,
		Time:       now,
	}
}

// all gives every id of the task the same outcome.
func (t *task) all(s Status, e *zoho.Error, message string, now time.Time) []Outcome {
	out := make([]Outcome, len(t.ids))
	for i := range t.ids {
		out[i] = t.outcome(i, s, e.Code, message, e.Status, now)
	}
	return out
}

// asError makes sure of the CRM's promise that its errors are *zoho.Error.
func asError(err error) *zoho.Error {
	var e *zoho.Error
	if errors.As(err, &e) {
		return e
	}
	return &zoho.Error{Kind: zoho.Unanswered, Sent: true, Code: zoho.CodeNoAnswer, Cause: err}
}
