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
	reserve := d.engine.settings.ReserveCredits
	switch n, known := d.engine.api.Credits(); {
	case known && n-d.inFlight <= reserve:
		return outcome.Credits
	case !known && reserve > 0 && d.budget.accepted == 0 && d.inFlight > 0:
		return outcome.Credits // the answer to the first call may say how many are left
	}
	return ""
}
