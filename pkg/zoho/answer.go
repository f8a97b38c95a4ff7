package zoho

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"delink/pkg/zoho/internal/web"
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
)

// Item is the answer for one id that was sent.
type Item struct {
	ID      ID
	Verdict Verdict
	Code    string // Zoho's code, or ours
	Message string // Zoho's words
}

// Answer is what the CRM said of the ids of one call: one Item for each id sent, in the order of sending.
type Answer struct {
	Status  int
	Items   []Item
	Deleted bool // some item says that a record was deleted, be it one that nobody asked about
}

// envelope is every body that the API answers with, decoded leniently (R: code may be a number, details an array).
type envelope struct {
	Data      results `json:"data"`
	Code      text    `json:"code"`
	ErrorText text    `json:"error"`
	ErrorInfo text    `json:"error_info"`
	Message   text    `json:"message"`
	Status    text    `json:"status"`
	Details   details `json:"details"`
}

type result struct {
	Code    text    `json:"code"`
	Details details `json:"details"`
	Message text    `json:"message"`
	Status  text    `json:"status"`
}

// results are an array of answers, or one by itself.
type results []result

func (r *results) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		*r = make(results, 1)
		return json.Unmarshal(b, &(*r)[0])
	}
	return json.Unmarshal(b, (*[]result)(r))
}

// text is a JSON string or number; anything else is empty.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) > 1 && b[0] == '"':
		if bytes.IndexByte(b, '\\') < 0 {
			*t = text(b[1 : len(b)-1])
			return nil
		}
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9'):
		*t = text(b)
	}
	return nil
}

// text is the value on one line, without control characters.
func (t text) text() string { return web.Line(string(t)) }

// number reports whether a code is a number, which says no more than the HTTP status (R).
func number(code string) bool {
	_, err := strconv.Atoi(code)
	return err == nil
}

// details is an object or an array of them; only the first counts.
type details struct {
	ID        text `json:"id"`
	PathIndex text `json:"resource_path_index"`

	Permissions names `json:"permissions"` // those that are missing
}

// names is a list of texts; anything else is empty.
type names []text

func (n *names) UnmarshalJSON(b []byte) error {
	*n = nil
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]text)(n))
	}
	return nil
}

// said is Zoho's message, with what its details add for people.
func (d *details) said(message text) string {
	words := message.text()
	if len(d.Permissions) > 0 {
		all := make([]string, len(d.Permissions))
		for i, p := range d.Permissions {
			all[i] = p.text()
		}
		words = strings.TrimSpace(words + " (" + strings.Join(all, ", ") + ")")
	}
	return text(words).text()
}

func (d *details) UnmarshalJSON(b []byte) error {
	type plain details
	switch {
	case len(b) > 0 && b[0] == '{':
		return json.Unmarshal(b, (*plain)(d))
	case len(b) > 0 && b[0] == '[':
		var all []json.RawMessage
		if err := json.Unmarshal(b, &all); err != nil {
			return err
		}
		if len(all) > 0 && all[0][0] == '{' {
			return json.Unmarshal(all[0], (*plain)(d))
		}
	}
	return nil
}

// decode reads a body; nil if it is not one JSON object.
func decode(body []byte) *envelope {
	body = web.TrimBody(body)
	if len(body) == 0 || body[0] != '{' {
		return nil
	}
	var e envelope
	if json.Unmarshal(body, &e) != nil {
		return nil
	}
	return &e
}

// recordList is the answer of a read. Data is nil where there is none.
type recordList struct {
	Data *[]struct {
		ID text `json:"id"`
	} `json:"data"`
	Info struct {
		MoreRecords bool `json:"more_records"`
		Count       text `json:"count"`
	} `json:"info"`
}

// whole reports whether the list is all that there is: nothing says that there is more, and as much came as was counted.
func (l *recordList) whole() bool {
	return !l.Info.MoreRecords && (l.Info.Count == "" || string(l.Info.Count) == strconv.Itoa(len(*l.Data)))
}

func decodeList(body []byte) *recordList {
	var l recordList
	if json.Unmarshal(web.TrimBody(body), &l) != nil || l.Data == nil {
		return nil
	}
	return &l
}

// code is Zoho's code; where it is a number, its name stands in "error" (R).
func (e *envelope) code() string {
	code := e.Code.text()
	if code == "" || number(code) {
		if name := e.ErrorText.text(); name != "" {
			return name
		}
	}
	return code
}

// pathIndex is the part of the path that is wrong, counted after the version: 0 module, 1 parent record, 2 related list
// (S); -1 where the body does not say.
func (e *envelope) pathIndex() int {
	if e == nil {
		return -1
	}
	return e.Details.pathIndex()
}

func (d *details) pathIndex() int {
	n, err := strconv.ParseFloat(string(d.PathIndex), 64)
	if err != nil || n < 0 || n > 100 || n != float64(int(n)) {
		return -1
	}
	return int(n)
}

func (r result) verdict() Verdict {
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
	case went, number(code): // of an error a number says nothing
		return Silent
	case r.Details.pathIndex() >= 0: // the module, the parent record or the list is wrong: nothing is said of the link
		return Failed
	case code == codeInvalidData, code == "MANDATORY_NOT_FOUND":
		return Absent
	case strings.EqualFold(string(r.Message), "contact role not deleted"): // Contact_Roles (D)
		return Absent
	case code == "INTERNAL_ERROR":
		return Silent
	}
	return Failed
}

// deleted reports whether an answer says that a record was deleted. It is the only wording that is read: the code is the
// same as for a link (D, S), and one of them destroys data. What is called a relation or a contact role is a link. Whatever
// is not plainly an error counts.
func (r result) deleted() bool {
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
func (r result) id() (ID, bool) {
	id, err := ParseID(strings.TrimPrefix(string(r.Details.ID), "zcrm_"))
	return id, err == nil
}

// refusedInData is the refusal of a whole call whose body has it in data, as if it were an answer by id; nil if it is not one. All
// that data says is about a part of the path, or about no id.
func refusedInData(sent int, reply reply, data []result) *Error {
	first := data[0]
	_, named := first.id()
	placed := !slices.ContainsFunc(data, func(r result) bool {
		return r.Details.PathIndex == "" || r.Details.PathIndex != first.Details.PathIndex || r.verdict() != Failed
	})
	if placed || len(data) == 1 && !named && first.verdict() != Removed {
		e := classify(reply.status, reply.header, &envelope{Code: first.Code, Message: first.Message, Details: first.Details})
		switch reaches := (e.Kind == Refused || e.Kind == Denied) && e.Scope != ScopeBatch; {
		case reaches && !placed && sent == 1 && first.verdict() != Absent: // as likely of this id
		case reaches && !placed && sent == 1: // of the parent record, or of this id: nobody knows
			return &Error{Kind: Nameless, Sent: true, Status: reply.status, Code: first.Code.text(), Detail: first.Message.text()}
		case reaches:
			return e
		}
	}
	if r, ok := nameless(sent, data); ok && reply.status == http.StatusBadRequest {
		return &Error{Kind: Nameless, Sent: true, Status: reply.status, Code: r.Code.text(), Detail: r.Message.text()}
	}
	return nil
}

// nameless is the item that stands for the refusal of a whole call, for some id that it does not name: the older
// documentation can be read so (D). ok is false if data has an answer by id.
func nameless(sent int, data []result) (r result, ok bool) {
	if len(data) == sent {
		return result{}, false
	}
	for _, r := range data {
		if _, named := r.id(); named || r.verdict() != Absent && r.verdict() != Failed {
			return result{}, false
		}
	}
	return data[0], true
}

// match gives each id that was sent its item of the answer, and reports whether any item says that a record was deleted.
//
// The order of the items is not promised (D shows none), so they are matched by id alone. Items without an id are taken
// only where it does not matter which is which: as many of them as there are ids without an answer, all with the same
// code, and no item about an id that nobody asked for. Anything else leaves those ids Silent, and sending them again
// tells the truth.
func match(ids []ID, data []result) (items []Item, deleted bool) {
	items = make([]Item, len(ids))
	at := make(map[ID]int, len(ids))
	for i, id := range ids {
		items[i] = Item{ID: id, Code: CodeNotInAnswer}
		at[id] = i
	}
	answered := make([]bool, len(ids))
	var nameless []result
	left := len(ids)
	same := true
	lost := false // a record was deleted that is none of those that were asked for by name
	for _, r := range data {
		v := r.verdict()
		deleted = deleted || v == Deleted
		id, named := r.id()
		i, asked := at[id]
		switch {
		case !named:
			nameless = append(nameless, r)
			same = same && r.Code == nameless[0].Code && v == nameless[0].verdict()
			lost = lost || v == Deleted
		case !asked:
			same = false
			lost = lost || v == Deleted
		case answered[i]:
			items[i] = agree(items[i], r.item(id))
		default:
			items[i] = r.item(id)
			answered[i] = true
			left--
		}
	}
	for i, id := range ids {
		switch {
		case answered[i]:
		case same && len(nameless) == left:
			items[i] = nameless[0].item(id)
		case lost: // one of these ids, and nobody knows which
			items[i].Code = CodeRecordDeleted
			items[i].Verdict = Deleted
		}
	}
	return items, deleted
}

func (r result) item(id ID) Item {
	v, code := r.verdict(), r.Code.text()
	switch {
	case v == Deleted:
		code = CodeRecordDeleted
	case code == "":
		code = CodeForeignAnswer
	}
	return Item{ID: id, Verdict: v, Code: code, Message: r.Details.said(r.Message)}
}

// agree settles two answers for one id. "Removed" and "absent" are what a call that names an id twice may get, and the
// link is gone; other pairs prove nothing.
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

// deletion is the answer to a call whose body says, anywhere and with any status, that a record was deleted; ok is false
// if it does not. A failing server's word is taken only for the ids that it names.
func deletion(ids []ID, status int, body *envelope, raw []byte) (a Answer, ok bool) {
	var said results
	switch {
	case body == nil || body.Data == nil && body.Code == "" && body.Message == "": // torn, or wrapped in something else
		if bytes.Contains(bytes.ToLower(raw), []byte("record deleted")) {
			said = results{{Code: "SUCCESS", Message: "record deleted"}}
		}
	default:
		said = body.Data
		if whole := (result{body.Code, body.Details, body.Message, body.Status}); whole.deleted() {
			said = append(said, whole)
		}
	}
	if !slices.ContainsFunc(said, result.deleted) {
		return Answer{}, false
	}
	if status >= 500 {
		said = slices.DeleteFunc(said, func(r result) bool { _, named := r.id(); return !named })
	}
	items, _ := match(ids, said)
	return Answer{Status: status, Items: items, Deleted: true}, true
}

// retryAfter reads Retry-After, in seconds or as a date, else X-RATELIMIT-RESET; 0 where they are missing or make no sense. They
// are not documented.
func retryAfter(h http.Header) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	const year = 365 * 24 * time.Hour
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 0 && !math.IsInf(n, 0) {
		return time.Duration(min(n, year.Seconds()) * float64(time.Second))
	}
	if t, err := http.ParseTime(s); err == nil {
		return min(max(0, time.Until(t)), year)
	}
	// In milliseconds since 1970, as other APIs of Zoho have it (K).
	if n, err := strconv.ParseInt(strings.TrimSpace(h.Get("X-RATELIMIT-RESET")), 10, 64); err == nil && n > 1e12 && n < 1e13 {
		return min(max(0, time.Until(time.UnixMilli(n))), year)
	}
	return 0
}

// creditsRemaining reads X-API-CREDITS-REMAINING, which comes once half of the credits are used (R). Less than nothing is
// nothing.
func creditsRemaining(h http.Header) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("X-API-CREDITS-REMAINING")))
	return max(n, 0), err == nil
}

// creditsGone reports whether a 429 says that the day's credits are used up, by header or by text (R). Neither is
// documented, so a false here proves nothing.
func creditsGone(h http.Header, body *envelope) bool {
	if n, ok := creditsRemaining(h); ok && n == 0 {
		return true
	}
	if body == nil {
		return false
	}
	for _, t := range []text{body.ErrorInfo, body.Message} {
		s := strings.ToLower(string(t))
		if strings.Contains(s, "24 hour") || strings.Contains(s, "credit") || strings.Contains(s, "daily") {
			return true
		}
	}
	return false
}
