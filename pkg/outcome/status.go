package outcome

import (
	"slices"
	"time"
)

// Status is what became of a row of the input, or of its link.
type Status string

// The statuses. All but Pending are written to the result file.
const (
	Removed   Status = "removed"   // the CRM said that it removed the relation
	Gone      Status = "gone"      // the link is not there, and an unanswered attempt may have removed it
	Absent    Status = "absent"    // the CRM said that there is no such relation, and every attempt was answered
	Failed    Status = "failed"    // the CRM refused it for good, or kept refusing
	Unknown   Status = "unknown"   // sent, and no answer that can be trusted: it may be removed
	Pending   Status = "pending"   // not sent
	Duplicate Status = "duplicate" // the same link as an earlier line
	Invalid   Status = "invalid"   // the row cannot be used
)

// Resend says when a run sends a link again that has the status already.
type Resend int

// When a settled link is sent again.
const (
	Never     Resend = iota
	OnRequest        // if the user asks for it
	Always           // the status settles nothing
)

// Facts is all that depends on a status.
type Facts struct {
	Status  Status
	OfLink  bool   // it is a status of links; the others are of rows that no call names
	Resend  Resend // of the link
	Bad     bool   // the run did not do what was wanted: exit code 3
	NotSeen bool   // the link was not there when the CRM was last asked
	Note    string // for people, beside the count; may be empty
}

// Table has all statuses, in the order in which people see them.
var Table = []Facts{
	{Status: Removed, OfLink: true, NotSeen: true},
	{Status: Gone, OfLink: true, NotSeen: true, Note: "not there any more; an attempt that went unanswered may have removed them"},
	{Status: Absent, OfLink: true, NotSeen: true, Note: "there was no such link"},
	{Status: Failed, OfLink: true, Resend: OnRequest, Bad: true},
	{Status: Unknown, OfLink: true, Resend: Always, Bad: true, Note: "may be removed; run again to find out"},
	{Status: Pending, OfLink: true, Resend: Always, Note: "not sent"},
	{Status: Duplicate, Note: "rows that repeat an earlier line"},
	{Status: Invalid, Bad: true, Note: "rows that cannot be used"},
}

// Facts gives what depends on a status; false if it is none.
func (s Status) Facts() (Facts, bool) {
	i := slices.IndexFunc(Table, func(f Facts) bool { return f.Status == s })
	if i < 0 {
		return Facts{}, false
	}
	return Table[i], true
}

// InResults reports whether a row of the result file can have the status.
func (s Status) InResults() bool {
	_, known := s.Facts()
	return known && s != Pending
}

// IsOfLink reports whether it is a status of links.
func (s Status) IsOfLink() bool {
	f, _ := s.Facts()
	return f.OfLink
}

// IsNotSeen reports whether a link of this status was not there when the CRM was last asked.
func (s Status) IsNotSeen() bool {
	f, _ := s.Facts()
	return f.NotSeen
}

// ToSend reports whether a run sends a link of this status; retry says that the user wants failed
// links sent again.
func (s Status) ToSend(retry bool) bool {
	f, _ := s.Facts()
	return f.Resend == Always || f.Resend == OnRequest && retry
}

// Outcome is what is known of one link after all that was tried.
type Outcome struct {
	Pos        int // the link's position in the set of links that was sent
	Status     Status
	Code       string // Zoho's code, or one of package zoho's
	Message    string // for people, on one line
	HTTPStatus int    // of the answer that decided; 0 if there was none
	Attempts   int    // calls that named the link
	Time       time.Time
}
