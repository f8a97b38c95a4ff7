package job

import (
	"fmt"

	"delink/pkg/reader"
	"delink/pkg/worker"
)

// Refusal is why a run does not begin: usage, configuration or input. Nothing was sent.
type Refusal struct {
	Cause string
	Hint  string             // what to do, may be empty
	Rows  []*reader.RowError // the rows that cannot be used, if that is why
	More  int                // and how many of them are not in Rows
	Err   error              // what is behind it, or nil

	FileRemedy FileRemedy // what helps, if it is about a file
	Role       Role       // which file that is
}

func (r *Refusal) Error() string {
	if r.Err != nil && r.Cause == "" {
		return r.Err.Error()
	}
	if r.Err != nil {
		return r.Cause + ": " + r.Err.Error()
	}
	return r.Cause
}

// Unwrap is what is behind the refusal.
func (r *Refusal) Unwrap() error { return r.Err }

func refusef(hint, format string, args ...any) *Refusal {
	return &Refusal{Cause: fmt.Sprintf(format, args...), Hint: hint}
}

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

// exitOf is the exit code of a run that ended for a reason. bad says that rows failed, in the
// user's sense.
func exitOf(reason worker.Reason, bad bool) int {
	switch reason {
	case worker.Completed:
		if bad {
			return ExitFailures
		}
		return ExitDone
	case worker.Interrupted, worker.Deadline, worker.MaxCalls, worker.Credits:
		return ExitStopped
	case worker.Failures:
		return ExitFailures
	case worker.Refused:
		return ExitRefused
	case worker.Broken:
	}
	return ExitBroken
}
