package outcome

import "time"

// Status is what became of a row of the input, or of its link.
type Status string

// The statuses. All but Pending are written to the result file.
const (
	Removed   Status = "removed"   // the CRM said that it removed the link
	Gone      Status = "gone"      // not there; an unanswered attempt may have removed it
	Absent    Status = "absent"    // not there, and every attempt was answered: none removed it
	Failed    Status = "failed"    // the CRM refuses to remove it
	Unknown   Status = "unknown"   // sent, and no answer that can be trusted: it may be removed
	Pending   Status = "pending"   // not sent, or not since an earlier run left it in doubt
	Duplicate Status = "duplicate" // the same link as an earlier line
	Invalid   Status = "invalid"   // the row cannot be used

	Restored Status = "restored" // linked again by undo
	Present  Status = "present"  // undo found it linked, and no attempt of its own had linked it
)

// Resend says when a run sends a link again that has the status already.
type Resend int

// When a link is sent again. A link is settled by a status with Never or OnRequest.
const (
	Never     Resend = iota
	OnRequest        // if the user asks for it
	Always
)

// Facts is all that depends on a status.
type Facts struct {
	Status Status
	OfLink bool     // it is a status of links; rows that no call names have the others
	Resend Resend   // whether a run sends a link with this status again
	Bad    bool     // the run did not do what the user wanted: exit code 3
	Claims Presence // what the status says of the link in the CRM; NotKnown if it says nothing
	Undone Presence // the same, if an undo gave the status
	Note   string   // what people see beside the count; may be empty
}

// Table has all statuses, in the order in which people see them.
var Table = []Facts{
	{Status: Removed, OfLink: true, Claims: NotLinked},
	{Status: Gone, OfLink: true, Claims: NotLinked, Note: "not linked any more; probably removed by a call whose answer was lost"},
	{Status: Absent, OfLink: true, Claims: NotLinked, Note: "were not linked"},
	{Status: Restored, OfLink: true, Undone: Linked},
	{Status: Present, OfLink: true, Undone: Linked, Note: "were linked already, and were left as they are"},
	{Status: Failed, OfLink: true, Resend: OnRequest, Bad: true, Claims: Linked},
	{Status: Unknown, OfLink: true, Resend: Always, Bad: true, Note: "no clear answer, so they may be removed; run again to find out"},
	{Status: Pending, OfLink: true, Resend: Always, Note: "not sent yet"},
	{Status: Duplicate, Note: "rows that repeat an earlier line"},
	{Status: Invalid, Bad: true, Note: "rows that cannot be used"},
}

// Facts gives what depends on a status. It returns false for a value that is not in Table.
func (s Status) Facts() (Facts, bool) {
	f := s.facts()
	return *f, f != &none
}

// facts is Facts without a copy: it is asked of every row of a result file.
func (s Status) facts() *Facts {
	for i := range Table {
		if Table[i].Status == s {
			return &Table[i]
		}
	}
	return &none
}

// none is what depends on a value that is no status.
var none Facts

// InResults reports whether a row of the result file can have the status.
func (s Status) InResults() bool {
	return s.facts() != &none && s != Pending
}

// IsOfLink reports whether it is a status of links.
func (s Status) IsOfLink() bool {
	return s.facts().OfLink
}

// IsBad reports whether the run did not do what the user wanted.
func (s Status) IsBad() bool { return s.facts().Bad }

// Claims gives what a status of a run says of its link in the CRM: NotKnown if it says nothing.
func (s Status) Claims() Presence {
	return s.facts().Claims
}

// UndoClaims is Claims for a status of an undo. A link that an undo could not make may be there or
// not, and a link that a run could not remove is there.
func (s Status) UndoClaims() Presence {
	return s.facts().Undone
}

// ToSend reports whether a run sends a link of this status; retry says that the user wants failed
// links sent again.
func (s Status) ToSend(retry bool) bool {
	f := s.facts()
	return f.Resend == Always || f.Resend == OnRequest && retry
}

// Outcome is what became of one link in this run.
type Outcome struct {
	Pos        int // the link's position in the set that the batches are from
	Status     Status
	Code       string // Zoho's code, or one of package zoho
	Message    string // for people
	HTTPStatus int    // of the answer that decided; 0 if there was none
	Attempts   int    // calls of this run that named the link
	Time       time.Time
}

// Presence says whether a link is there in the CRM.
type Presence string

// What can be known of that. The zero value is NotKnown.
const (
	NotKnown  Presence = ""
	Linked    Presence = "yes"
	NotLinked Presence = "no"
)
