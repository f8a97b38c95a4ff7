package zoho

import (
	"bytes"
	"slices"
	"strings"
)

// Verdict is what the CRM said of one id.
type Verdict int

// The verdicts of an item.
const (
	Silent  Verdict = iota // it said nothing that can be trusted: the link may have been removed
	Removed                // the relation was removed
	Absent                 // there is no such relation (already delinked, never linked or no such record: all the same, I)
	Failed                 // it refused this id, for good
	Deleted                // it deleted the record: the list holds records, and the run must stop

	// Untouched: the CRM refused the whole call because of other ids, which it named. This link was
	// not removed, nothing was said against it, and it can be sent again at once. Each such answer
	// has at least one id with another verdict, so that sending the untouched ones again comes to
	// an end.
	Untouched
	// Undecided: the CRM reported an error for this id, and not which. This link was not removed. It
	// may be there or not.
	Undecided

	// Linked: the link is there now. It was made, or it was there before and has the fields that
	// were sent. Only Link answers so.
	Linked
)

// Item is the answer for one id that was sent.
type Item struct {
	ID      ID
	Verdict Verdict
	Code    string // Zoho's code, or ours
	Message string // Zoho's words
	// WasThere says of Linked that the words are those for a link that was there already: "relation
	// updated". The code is the same as for one that is made (D). Words may differ, so nothing but a
	// warning may rest on this.
	WasThere bool
}

// Answer is what the CRM said of the ids of one call: one Item for each id sent, in the order of
// sending.
type Answer struct {
	Status  int
	Items   []Item
	Deleted bool // some item says that a record was deleted, be it one that nobody asked about
}

// verdict is what an item says of its id.
func (r *result) verdict() Verdict {
	code := strings.ToUpper(r.Code.text())
	failed, went := strings.EqualFold(string(r.Status), "error"), strings.EqualFold(string(r.Status), "success")
	success := code == "SUCCESS" || went && number(code) && code[0] == '2'
	switch {
	case r.deleted():
		return Deleted
	case success && failed, code == "":
		return Silent
	case success:
		return Removed
	case failed && number(code) && code[0] != '2': // of an error a number says nothing
		return Undecided
	case went, number(code):
		return Silent
	case r.Details.pathIndex() >= 0: // the module, the parent record or the list is wrong: nothing is said of the link
		return Failed
	case code == CodeInvalidData, code == "MANDATORY_NOT_FOUND":
		return Absent
	case strings.EqualFold(string(r.Message), "contact role not deleted"): // Contact_Roles (D)
		return Absent
	case code == "INTERNAL_ERROR":
		return Silent
	}
	return Failed
}

// deleted reports whether an item says that a record was deleted. This is the only place that reads
// the words of a success: its code is the same as for a link that was removed (D, S), and a
// deletion destroys data. A relation or a contact role that was deleted is a link. An item that is
// not plainly an error counts, since a run that stops for nothing does less harm.
func (r *result) deleted() bool {
	if len(r.Message) == 0 {
		return false
	}
	message := strings.ToLower(string(r.Message))
	if !strings.Contains(message, "delete") || strings.Contains(message, "relation") || strings.Contains(message, "contact role") {
		return false
	}
	code := r.Code.text()
	return strings.EqualFold(code, "SUCCESS") || strings.EqualFold(string(r.Status), "success") ||
		!strings.EqualFold(string(r.Status), "error") && (code == "" && strings.Contains(message, "record deleted") || number(code) && code[0] == '2')
}

// id is the id that an item names; false where it names none.
func (r *result) id() (ID, bool) {
	id, err := ParseID(strings.TrimPrefix(string(r.Details.ID), "zcrm_"))
	return id, err == nil
}

// match gives each id that was sent its item of the answer, and reports whether any item says that
// a record was deleted.
//
// Zoho does not promise the order of the items, so they are matched by id alone. Items without an
// id are used only where all of them say the same: there are as many of them as ids without an
// answer, they have the same code, and no item is about an id that nobody asked for. Else these ids
// stay Silent, and another call has to find out.
func match(ids []ID, data []result) (items []Item, deleted bool) {
	items = make([]Item, len(ids))
	for i, id := range ids {
		items[i] = Item{ID: id, Code: CodeNotInAnswer}
	}
	at := sentIDs{ids: ids}
	answered := make([]bool, len(ids))
	var nameless []result
	left := len(ids)
	same := true
	lost := false // a record was deleted that is none of those that were asked for by name
	for n := range data {
		r := &data[n]
		v := r.verdict()
		deleted = deleted || v == Deleted
		id, named := r.id()
		i, asked := at.of(id, n)
		switch {
		case !named:
			nameless = append(nameless, *r)
			same = same && r.Code == nameless[0].Code && v == nameless[0].verdict()
			lost = lost || v == Deleted
		case !asked:
			same = false
			lost = lost || v == Deleted
		case answered[i]:
			items[i] = agree(items[i], r.item(id, v))
		default:
			items[i] = r.item(id, v)
			answered[i] = true
			left--
		}
	}
	for i, id := range ids {
		switch {
		case answered[i]:
		case same && len(nameless) == left:
			items[i] = nameless[0].item(id, nameless[0].verdict())
		case lost: // one of these ids, and nobody knows which
			items[i].Code = CodeRecordDeleted
			items[i].Verdict = Deleted
		}
	}
	return items, deleted
}

// sentIDs finds ids among those that were sent.
type sentIDs struct {
	ids []ID
	at  map[ID]int // made when it is needed: nearly always, item n is about id n
}

func (s *sentIDs) of(id ID, n int) (at int, sent bool) {
	if n < len(s.ids) && s.ids[n] == id {
		return n, true
	}
	if s.at == nil {
		s.at = make(map[ID]int, len(s.ids))
		for i, id := range s.ids {
			s.at[id] = i
		}
	}
	at, sent = s.at[id]
	return at, sent
}

// item is the item for an id. v is the verdict.
func (r *result) item(id ID, v Verdict) Item {
	code := r.Code.text()
	switch {
	case v == Deleted:
		code = CodeRecordDeleted
	case code == "":
		code = CodeForeignAnswer
	}
	return Item{ID: id, Verdict: v, Code: code, Message: r.Details.said(r.Message)}
}

// agree makes one item of two for the same id. "Removed" and "absent" together mean that the link
// is gone: the CRM took the id twice. Other pairs prove nothing.
func agree(a, b Item) Item {
	switch {
	case a.Verdict == b.Verdict || a.Verdict == Deleted:
		return a
	case b.Verdict == Deleted:
		return b
	case a.Verdict == Removed && b.Verdict == Absent:
		return a
	case a.Verdict == Absent && b.Verdict == Removed:
		return b
	}
	return Item{ID: a.ID, Verdict: Silent, Code: CodeContradiction, Message: a.Code + " and " + b.Code}
}

// deletion is the answer to a call whose body says that a record was deleted, wherever it says so
// and with whatever status. ok is false if it does not. A failing server is believed only for the
// ids that it names.
func deletion(ids []ID, status int, body *envelope, raw []byte) (a Answer, ok bool) {
	var said []result
	switch {
	case body == nil || body.Data == nil && body.Code == "" && body.Message == "": // torn, or wrapped in something else
		if bytes.Contains(bytes.ToLower(raw), []byte("record deleted")) {
			said = []result{{Code: "SUCCESS", Message: "record deleted"}}
		}
	default:
		said = body.Data
		if whole := (result{body.Code, body.Details, body.Message, body.Status}); whole.deleted() {
			said = append(said, whole)
		}
	}
	if !slices.ContainsFunc(said, func(r result) bool { return r.deleted() }) {
		return Answer{}, false
	}
	if status >= 500 {
		said = slices.DeleteFunc(said, func(r result) bool { _, named := r.id(); return !named })
	}
	items, _ := match(ids, said)
	return Answer{Status: status, Items: items, Deleted: true}, true
}
