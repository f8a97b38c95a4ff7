package engine

import "delink/pkg/outcome"

// budget is what has been used of the limits that users set.
type budget struct {
	sent     int // calls, as MaxCalls counts them
	accepted int // calls that passed the API's checks of tokens and limits
}

// used gives the reason to stop for which one more call could overdraw a budget; none if it could
// not. Each call in flight counts as a call and a credit.
func (d *dispatcher) used() outcome.Reason {
	if most := d.engine.settings.MaxCalls; most > 0 && d.budget.sent >= most {
		return outcome.MaxCalls
	}
	if t := d.queue.front; t != nil && !t.state().called && !d.affords(t) {
		return outcome.MaxCalls
	}
	reserve := d.engine.settings.ReserveCredits
	switch n, known := d.engine.api.Credits(); {
	case known && n-d.inFlight <= reserve:
		return outcome.Credits
	case !known && reserve > 0 && d.budget.accepted == 0 && d.inFlight > 0:
		return outcome.Credits // the answer to the first call may say how many are left
	}
	return ""
}

// affords reports whether the budget of calls is enough for a new task as well as for the tasks that
// have begun. Otherwise a run with few calls would begin tasks and finish none.
func (d *dispatcher) affords(t Task) bool {
	most := d.engine.settings.MaxCalls
	needs := 1 + t.state().More
	if most == 0 || needs == 1 {
		return true
	}
	for x := range d.flying {
		needs += x.state().More
	}
	for x := range d.queue.halfDone {
		if s := x.state(); s.waits || s.More > 0 {
			needs += 1 + s.More
		}
	}
	return d.budget.sent+needs <= most
}
