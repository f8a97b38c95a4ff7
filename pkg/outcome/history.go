package outcome

// History is what the attempts so far leave open about a link. It decides what an answer means:
// "there is no such link" is plain if no attempt went unanswered, and may be the work of an attempt
// that did.
type History int

// The histories of a link.
const (
	Clear       History = iota // no attempt was made, or each was answered
	LeftUnknown                // an earlier run sent the link, and got no answer
	InDoubt                    // an earlier run was about to send the link, or sent it, and left no outcome
	Unanswered                 // an attempt of this run went unanswered
)

// Open reports whether an attempt may have removed the link without saying so.
func (h History) Open() bool { return h != Clear }

// OfThisRun reports whether the attempt that went unanswered is one of this run.
func (h History) OfThisRun() bool { return h == Unanswered }

// Evidence is what the CRM shows about a link.
type Evidence int

// What the CRM can show.
const (
	SaidRemoved      Evidence = iota // the answer to a delink: it was removed
	SaidNotThere                     // the answer to a delink, or to a look-up: there is no such link
	RefusedByID                      // the answer to a delink: this id is refused
	StillLinked                      // the answer to a look-up: the link is there
	RefusedAndLinked                 // the same, and an attempt after the last unanswered one was refused by id
	NoEvidence                       // the CRM refuses every question about the link
)

// Judge gives the status that evidence proves for a link of this history. It is false where more
// evidence is needed: a look-up.
//
// An unanswered call can be carried out late, so a link that is still there after one proves
// nothing, unless the CRM has refused the link by id since.
func (h History) Judge(e Evidence) (Status, bool) {
	switch e {
	case SaidRemoved:
		return Removed, true
	case SaidNotThere:
		if h.Open() {
			return Gone, true
		}
		return Absent, true
	case RefusedByID:
		return Failed, !h.Open()
	case StillLinked, NoEvidence:
		if h.Open() {
			return Unknown, true
		}
		return Failed, true
	case RefusedAndLinked:
		return Failed, true
	}
	return Unknown, true
}
