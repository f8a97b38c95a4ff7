package outcome

// LinkEvidence is what the CRM shows about a link that is to be made.
type LinkEvidence int

// What the CRM can show of it. History means the same as for a link that is to be removed: an
// attempt that got no answer may have made the link.
const (
	SaidLinked  LinkEvidence = iota // a call was answered: the link is there now
	SaidUpdated                     // a call was answered: the link was there before it
	SeenLinked                      // a look-up was answered: the link is there
	NotSeen                         // a look-up was answered: the link is not there
	// NotSeenAgain is NotSeen for a link for which no attempt is left, at the last look.
	NotSeenAgain
	RefusedToLink // a call was answered: this id is refused
	// RefusedAndNotSeen is NotSeenAgain for a link that the CRM has refused by id since the last
	// attempt that went unanswered.
	RefusedAndNotSeen
	NothingSeen // the CRM refuses every question about the link
)

// JudgeLink gives the status that evidence proves for a link of this history that is to be made. It
// returns false if that takes another call first: after NotSeen the link is sent, and after
// RefusedToLink it is looked up.
//
// The CRM can carry out an unanswered call late. So if such a call may still make a link, it proves
// nothing that the link is not there now. If the CRM has refused the link by id since, it is not
// made.
func (h History) JudgeLink(e LinkEvidence) (Status, bool) {
	open := h != Clear
	switch e {
	case SaidLinked:
		return Restored, true
	case SeenLinked, SaidUpdated:
		if open {
			return Restored, true
		}
		return Present, true
	case NotSeen:
		return Pending, false
	case RefusedToLink:
		return Failed, !open
	case NotSeenAgain, NothingSeen:
		if open {
			return Unknown, true
		}
		return Failed, true
	case RefusedAndNotSeen:
		return Failed, true
	}
	return Unknown, true
}
