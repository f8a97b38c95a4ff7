package engine

import (
	"math"

	"delink/pkg/outcome"
)

// budget is what has been used of the limits that users set.
type budget struct {
	sent     int // calls, as MaxCalls counts them
	accepted int // calls that passed the API's checks of tokens and limits
}

// room is how many more calls can be sent before one could overdraw a budget, and the reason to stop
// then. Each call in flight counts as a call and a credit.
func (d *dispatcher) room() (calls int, then outcome.Reason) {
	calls = math.MaxInt
	if most := d.engine.settings.MaxCalls; most > 0 {
		calls, then = most-d.budget.sent, outcome.MaxCalls
	}
	reserve := d.engine.settings.ReserveCredits
	switch n, known := d.engine.api.Credits(); {
	case known && n-d.inFlight-reserve < calls:
		return n - d.inFlight - reserve, outcome.Credits
	case !known && reserve > 0 && d.budget.accepted == 0 && d.inFlight > 0:
		return 0, outcome.Credits // the answer to the first call may say how many are left
	}
	return calls, then
}

// used gives the reason to stop if the budgets have no room for the task in front, or for any call;
// none if they have.
func (d *dispatcher) used() outcome.Reason {
	room, then := d.room()
	if t := d.queue.front; room <= 0 || t != nil && room < d.needs(t) {
		return then
	}
	return ""
}

// affords reports whether the budgets have room for a new task as well as for all that has begun.
// Otherwise a run with few calls would begin tasks and finish none.
func (d *dispatcher) affords(t Task) bool {
	room, then := d.room()
	return then == "" || room >= d.needs(t)
}

// needs is for how many calls there has to be room before a task is called: those that the task needs
// itself, and if it is new, also those that are needed by all that has begun.
func (d *dispatcher) needs(t Task) int {
	n := 1 + t.CallsLeft()
	if t.state().called {
		return n
	}
	tasks := []Task{t}
	for x := range d.flying {
		n += x.CallsLeft()
		tasks = append(tasks, x)
	}
	for x := range d.queue.halfDone {
		n += 1 + x.CallsLeft()
		tasks = append(tasks, x)
	}
	if op, owes := d.op.(Debtor); owes {
		n += op.Owed(tasks)
	}
	return n
}
