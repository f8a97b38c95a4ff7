package worker

import (
	"time"

	"delink/pkg/reader"
)

// Status is what became of a link.
type Status string

// The statuses that a call can lead to.
const (
	Removed Status = "removed" // the CRM said that it removed the relation
	Absent  Status = "absent"  // the CRM said that there is no such relation
	Failed  Status = "failed"  // the CRM refused for good, or kept refusing
	Unknown Status = "unknown" // sent, and no answer that can be trusted: it may be removed
)

// Outcome is what is known of one link after all that was tried.
type Outcome struct {
	Pos        int // the link's position in the Set that its batch came from
	Link       reader.Link
	Status     Status
	Code       string // Zoho's code, or one of package zoho's
	Message    string // for people, on one line
	HTTPStatus int    // of the answer that decided; 0 if there was none
	Attempts   int    // calls that named this link
	Time       time.Time
}

// Reason says why a run ended. As an error it is the cause with which a caller cancels the context that stops a run.
type Reason string

// The reasons.
const (
	Completed   Reason = "completed"   // every batch has its outcomes
	Interrupted Reason = "interrupted" // by a signal
	Deadline    Reason = "deadline"
	MaxCalls    Reason = "max_calls"
	Credits     Reason = "credits" // used up, or down to the reserve
	Refused     Reason = "refused" // the CRM refuses this login altogether
	Failures    Reason = "failures"
	Broken      Reason = "error" // the run could not go on
)

func (r Reason) Error() string { return string(r) }
