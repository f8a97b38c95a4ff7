package engine

import (
	"time"

	"delink/pkg/zoho"
)

// Call is one call that has ended, as Settings.Observe gets it.
type Call struct {
	What
	Sent     time.Time
	Took     time.Duration
	Err      *zoho.Error   // nil for an answer
	Attempt  int           // 1, or more if this call repeats others that were refused, failed or went unanswered
	InFlight int           // calls in flight when this one was sent, this one included
	Allowed  int           // calls that could be in flight at that moment
	Pause    time.Duration // after a 429: how long nothing is sent from now on
}

// CallKind is what a call does.
type CallKind string

// The kinds of calls. KindOther is that of a task that does not describe its calls.
const (
	KindOther  CallKind = "other"
	KindDelink CallKind = "delink"
	KindLink   CallKind = "link"
	KindLookUp CallKind = "look-up"
	KindFields CallKind = "fields" // a look-up that reads the fields of links
	KindCount  CallKind = "count"
	KindPage   CallKind = "page" // a page of a list
	KindQuery  CallKind = "query"
)

// What says what a call is about.
type What struct {
	Kind     CallKind
	Relation zoho.Relation // without a list where the call is about a module
	Parent   zoho.ID       // 0 if there is none
	IDs      int           // how many ids the call names
	Status   int           // of an answer, if the task knows it; else 0
}

// Describer is a task that can say what its last call was. It is asked before Operation.Answer.
type Describer interface{ Describe() What }

// load is how many calls were in flight, and how many could be, when a call was sent.
type load struct{ inFlight, allowed int }

// observed begins the Call for a call that has ended. It comes before the operation takes the
// answer, which changes the task.
func (d *dispatcher) observed(r *result) (c Call) {
	if d.engine.settings.Observe == nil {
		return c
	}
	s := r.task.state()
	c = Call{
		What: What{Kind: KindOther},
		Sent: r.sentAt, Took: r.finished.Sub(r.sentAt), Err: r.err,
		Attempt: s.Attempts - s.earlier, InFlight: s.load.inFlight, Allowed: s.load.allowed,
	}
	if !r.sent() {
		c.Attempt++
	}
	if t, ok := r.task.(Describer); ok {
		c.What = t.Describe()
	}
	return c
}

// observe hands on a Call. It comes after the throttle knows of the call.
func (d *dispatcher) observe(c Call) {
	if d.engine.settings.Observe == nil {
		return
	}
	if c.Err != nil && c.Err.Kind == zoho.Throttled {
		c.Pause = max(0, time.Until(d.throttle.paused))
	}
	d.engine.settings.Observe(c)
}
