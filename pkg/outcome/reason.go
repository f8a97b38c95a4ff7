package outcome

import "slices"

// Reason says why a run ended. As an error it is the cause with which a caller cancels the context
// that stops a run.
type Reason string

// The reasons.
const (
	Completed   Reason = "completed"   // nothing was left to send
	Interrupted Reason = "interrupted" // by a signal
	Deadline    Reason = "deadline"
	MaxCalls    Reason = "max_calls"
	Credits     Reason = "credits" // used up, or down to the reserve
	Refused     Reason = "refused" // the CRM refuses this login
	Failures    Reason = "failures"
	Broken      Reason = "error" // the run could not go on
)

func (r Reason) Error() string { return string(r) }

// The exit codes that scripts rely on.
const (
	ExitDone        = 0
	ExitBroken      = 1
	ExitUsage       = 2
	ExitFailures    = 3
	ExitRefused     = 4
	ExitStopped     = 5
	ExitInterrupted = 130
)

// ExitCodes has all exit codes with their meaning, in order.
var ExitCodes = []struct {
	Code    int
	Meaning string
}{
	{ExitDone, "all is as wanted"},
	{ExitBroken, "the run could not go on (disk, network, bug)"},
	{ExitUsage, "usage, configuration or input: nothing was sent"},
	{ExitFailures, "finished, but links failed, are unknown or invalid"},
	{ExitRefused, "Zoho refuses the login (token, scope, permission)"},
	{ExitStopped, "stopped early and can be resumed"},
	{ExitInterrupted, "stopped at once by a second signal"},
}

// Ending is all that depends on a reason.
type Ending struct {
	Reason Reason
	Exit   int    // ExitDone: it depends on the statuses
	Text   string // how the run ended, for people: "stopped by a signal"
	Again  bool   // the same command goes on with it
}

// Endings has all reasons.
var Endings = []Ending{
	{Completed, ExitDone, "done", false},
	{Interrupted, ExitStopped, "stopped by a signal", true},
	{Deadline, ExitStopped, "stopped at the deadline", true},
	{MaxCalls, ExitStopped, "stopped at the limit of calls", true},
	{Credits, ExitStopped, "stopped for want of credits", true},
	{Refused, ExitRefused, "stopped because Zoho refuses this login", true},
	{Failures, ExitStopped, "stopped because too many links failed", true},
	{Broken, ExitBroken, "stopped because of an error", true},
}

// Ending gives what depends on a reason. What is no reason counts as Broken.
func (r Reason) Ending() Ending {
	i := slices.IndexFunc(Endings, func(e Ending) bool { return e.Reason == r })
	if i < 0 {
		return Ending{r, ExitBroken, "stopped because of an error", true}
	}
	return Endings[i]
}

// State says how far a run has come.
type State string

// The states of a run. A summary that says Running while nothing runs is of a run that was killed.
const (
	Running  State = "running"
	Finished State = "finished" // nothing is pending
	Stopped  State = "stopped"  // in good order, and can go on
)

// End gives the state, the reason and the exit code of a run that ended for a reason. Bad says that
// some row is not as the user wants it.
//
// A run that reached its limit of failures with its last link left nothing to send: it is completed.
func End(reason Reason, pending int, bad bool) (State, Reason, int) {
	switch {
	case pending == 0 && (reason == Completed || reason == Failures):
		if bad {
			return Finished, Completed, ExitFailures
		}
		return Finished, Completed, ExitDone
	case reason == Completed: // it says that it completed, and left something
		return Stopped, reason, ExitBroken
	}
	return Stopped, reason, reason.Ending().Exit
}
