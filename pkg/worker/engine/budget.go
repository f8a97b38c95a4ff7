package engine

import "delink/pkg/outcome"

// budget is what has been used of the limits that users set.
type budget struct {
	sent    int // calls, as MaxCalls counts them
	answers int // calls that were let through
}

// used reports which budget one more call could overdraw. Calls in flight are counted as if they
// used a call and a credit each, so nothing is lost by waiting for them.
func (d *dispatcher) used() outcome.Reason {
	if most := d.engine.settings.MaxCalls; most > 0 && d.budget.sent >= most {
		return outcome.MaxCalls
	}
	reserve := d.engine.settings.ReserveCredits
	switch n, known := d.engine.api.Credits(); {
	case known && n-d.inFlight <= reserve:
		return outcome.Credits
	case !known && reserve > 0 && d.budget.answers == 0 && d.inFlight > 0: // the first call may tell
		return outcome.Credits
	}
	return ""
}
