package outcome

import (
	"context"
	"errors"
	"slices"
)

// Reason says why a run ended. A Reason is an error, so that a caller can give it as the cause when
// it cancels the context that stops a run.
type Reason string

// The reasons.
const (
	Completed    Reason = "completed"   // nothing was left to send
	Interrupted  Reason = "interrupted" // by a signal
	Deadline     Reason = "deadline"
	MaxCalls     Reason = "max_calls"
	Credits      Reason = "credits" // used up, or down to the reserve
	LoginRefused Reason = "refused" // the CRM refuses this login
	Failures     Reason = "failures"
	Broken       Reason = "error" // the run could not go on
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
	{ExitBroken, "could not go on: disk, network, bug"},
	{ExitUsage, "usage, configuration or input: nothing was sent"},
	{ExitFailures, "finished, but not all is as wanted: links failed, are unknown or invalid; verify disagrees; an export is incomplete"},
	{ExitRefused, "Zoho refuses the login altogether: token, scope, permission"},
	{ExitStopped, "stopped early, and can be resumed: signal, deadline, budget, credits, too many failures"},
	{ExitInterrupted, "stopped at once by a second signal"},
}

// ReasonOf gives the Reason with which a context was cancelled. It is Interrupted if the cause is
// none.
func ReasonOf(ctx context.Context) Reason {
	reason := Interrupted
	errors.As(context.Cause(ctx), &reason)
	return reason
}

// Ending is all that depends on a reason.
type Ending struct {
	Reason Reason
	Exit   int    // if it is ExitDone, the statuses decide between that and ExitFailures
	Text   string // how the run ended, for people: "stopped by Ctrl-C or a signal"
}

// Endings has all reasons.
var Endings = []Ending{
	{Completed, ExitDone, "done"},
	{Interrupted, ExitStopped, "stopped by Ctrl-C or a signal"},
	{Deadline, ExitStopped, "stopped at the deadline"},
	{MaxCalls, ExitStopped, "stopped at the limit of calls"},
	{Credits, ExitStopped, "stopped: the org has no API credits left to use"},
	{LoginRefused, ExitRefused, "stopped: Zoho refuses this login"},
	{Failures, ExitStopped, "stopped: too many links failed"},
	{Broken, ExitBroken, "stopped by an error"},
}

// Ending gives what depends on a reason. A value that is not in Endings counts as Broken.
func (r Reason) Ending() Ending {
	i := slices.IndexFunc(Endings, func(e Ending) bool { return e.Reason == r })
	if i < 0 {
		return Ending{r, ExitBroken, "stopped by an error"}
	}
	return Endings[i]
}

// State says how far a run has come.
type State string

// The states of a run. If a summary says Running and no run holds its lock, the run was killed.
const (
	Running  State = "running"
	Finished State = "finished" // nothing is pending
	Stopped  State = "stopped"  // in good order, and can go on
)

// End gives the state, the reason and the exit code of a run that ended for a reason. bad says that
// some row has a status that the user does not want; cut says that calls in flight were cut off.
//
// A run that reached its limit of failures with its last link left nothing to send: it is
// completed.
func End(reason Reason, pending int, bad, cut bool) (State, Reason, int) {
	exit := reason.Ending().Exit
	switch {
	case pending == 0 && (reason == Completed || reason == Failures):
		if bad {
			return Finished, Completed, ExitFailures
		}
		return Finished, Completed, ExitDone
	case exit == ExitDone: // it says that it completed, and left something
		exit = ExitBroken
	case exit == ExitStopped && cut:
		exit = ExitInterrupted
	}
	return Stopped, reason, exit
}
