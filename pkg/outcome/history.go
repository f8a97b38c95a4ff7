package outcome

// History is what the attempts so far leave open about a link. The meaning of an answer depends on
// it. If every attempt was answered, "there is no such link" means that there was none. If an
// attempt went unanswered, that attempt may have removed the link.
type History int

// The histories of a link.
const (
	Clear       History = iota // no attempt was made, or each was answered
	LeftUnknown                // an earlier run sent the link, and got no answer
	InDoubt                    // an earlier run may have sent the link, and left no outcome
	Unanswered                 // an attempt of this run went unanswered
	Elsewhere                  // another run, or a row about its other side, may have sent the link, and has no outcome yet
)

// MayBeRemoved reports whether an attempt that got no answer may have removed the link.
func (h History) MayBeRemoved() bool { return h != Clear }

// OfThisRun reports whether the attempt that went unanswered is one of this run.
func (h History) OfThisRun() bool { return h == Unanswered }

// Evidence is what the CRM shows about a link.
type Evidence int

// What the CRM can show.
const (
	SaidRemoved  Evidence = iota // a delink was answered: the link was removed
	SaidNotThere                 // a delink or a look-up was answered: there is no such link
	RefusedByID                  // a delink was answered: this id is refused
	StillLinked                  // a look-up was answered: the link is there
	// RefusedAndLinked is StillLinked for a link that the CRM has refused by id since the last
	// attempt that went unanswered.
	RefusedAndLinked
	NoEvidence // the CRM refuses every question about the link
)

// Judge gives the status that evidence proves for a link of this history. It returns false if that
// takes a look-up first.
//
// The CRM can carry out an unanswered call late. So if such a call may still remove a link, it
// proves nothing that the link is there now. If the CRM has refused the link by id since, the link
// stays.
func (h History) Judge(e Evidence) (Status, bool) {
	switch e {
	case SaidRemoved:
		return Removed, true
	case SaidNotThere:
		if h.MayBeRemoved() {
			return Gone, true
		}
		return Absent, true
	case RefusedByID:
		return Failed, !h.MayBeRemoved()
	case StillLinked, NoEvidence:
		if h.MayBeRemoved() {
			return Unknown, true
		}
		return Failed, true
	case RefusedAndLinked:
		return Failed, true
	}
	return Unknown, true
}
