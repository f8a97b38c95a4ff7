package zoho

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
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
	Status int
	Items  []Item
}

// envelope is every body that the API answers with, decoded leniently (R: code may be a number, details an array).
type envelope struct {
	Data      []result `json:"data"`
	Code      text     `json:"code"`
	ErrorText text     `json:"error"`
	ErrorInfo text     `json:"error_info"`
	Message   text     `json:"message"`
	Details   details  `json:"details"`
}

type result struct {
	Code    text    `json:"code"`
	Details details `json:"details"`
	Message text    `json:"message"`
	Status  text    `json:"status"`
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

// text is the value on one line, without control characters, so that it can stand in a record and on a terminal.
func (t text) text() string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(t), "?"), func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}

// details is an object or an array of them; only the first counts.
type details struct {
	ID        text `json:"id"`
	PathIndex text `json:"resource_path_index"`
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

// trimBody takes off what gateways put around a body: a byte order mark, white space.
func trimBody(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
}

// decode reads a body; nil if it is not one JSON object.
func decode(body []byte) *envelope {
	body = trimBody(body)
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
	} `json:"info"`
}

func decodeList(body []byte) *recordList {
	var l recordList
	if json.Unmarshal(trimBody(body), &l) != nil || l.Data == nil {
		return nil
	}
	return &l
}

// code is Zoho's code; where it is a number, its name stands in "error" (R).
func (e *envelope) code() string {
	code := e.Code.text()
	if _, err := strconv.Atoi(code); err == nil || code == "" {
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
	n, err := strconv.Atoi(string(e.Details.PathIndex))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

func (r result) verdict() Verdict {
	code, failed := r.Code.text(), strings.EqualFold(string(r.Status), "error")
	switch {
	case strings.EqualFold(code, "SUCCESS") && failed, code == "":
		return Silent
	case strings.EqualFold(code, "SUCCESS"):
		// The only wording that is read: the code is the same for both (D, S), and one of them destroys data.
		message := strings.ToLower(string(r.Message))
		if strings.Contains(message, "delete") && !strings.Contains(message, "relation") {
			return Deleted
		}
		return Removed
	case strings.EqualFold(string(r.Status), "success"):
		return Silent
	case code == "INVALID_DATA", code == "MANDATORY_NOT_FOUND":
		return Absent
	case strings.EqualFold(string(r.Message), "contact role not deleted"): // Contact_Roles (D)
		return Absent
	case code == "INTERNAL_ERROR":
		return Silent
	}
	return Failed
}

// match gives each id that was sent its item of the answer.
//
// The order of the items is not promised (D shows none), so they are matched by id alone. Items without an id are taken
// only where it does not matter which is which: as many of them as there are ids without an answer, all with the same
// code. Anything else leaves those ids Silent, and sending them again tells the truth.
func match(ids []ID, data []result) []Item {
	items := make([]Item, len(ids))
	at := make(map[ID]int, len(ids))
	for i, id := range ids {
		items[i] = Item{ID: id, Code: CodeNotInAnswer}
		at[id] = i
	}
	answered := make([]bool, len(ids))
	var nameless []result
	left := len(ids)
	for _, r := range data {
		id, err := ParseID(strings.TrimPrefix(string(r.Details.ID), "zcrm_"))
		if err != nil {
			nameless = append(nameless, r)
			continue
		}
		i, asked := at[id]
		if !asked {
			if r.verdict() == Deleted { // whatever it was, the list holds records
				nameless = append(nameless, r)
			}
			continue
		}
		item := r.item(id)
		if answered[i] {
			item = agree(items[i], item)
		} else {
			answered[i] = true
			left--
		}
		items[i] = item
	}
	deleted := false
	same := len(nameless) > 0
	for _, r := range nameless {
		deleted = deleted || r.verdict() == Deleted
		same = same && r.Code == nameless[0].Code && r.verdict() == nameless[0].verdict()
	}
	for i, id := range ids {
		switch {
		case answered[i]:
		case same && len(nameless) == left:
			items[i] = nameless[0].item(id)
		case deleted: // one of these ids, and nobody knows which
			items[i].Code = CodeRecordDeleted
			items[i].Verdict = Deleted
		}
	}
	return items
}

func (r result) item(id ID) Item {
	v, code := r.verdict(), r.Code.text()
	if v == Deleted {
		code = CodeRecordDeleted
	}
	return Item{ID: id, Verdict: v, Code: code, Message: r.Message.text()}
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

// retryAfter reads Retry-After, in seconds or as a date; 0 where it is missing or makes no sense. It is not documented.
func retryAfter(h http.Header) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 0 && n < 1e6 {
		return time.Duration(n * float64(time.Second))
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, time.Until(t))
	}
	return 0
}

// creditsRemaining reads X-API-CREDITS-REMAINING, which comes once half of the credits are used (R).
func creditsRemaining(h http.Header) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("X-API-CREDITS-REMAINING")))
	return n, err == nil && n >= 0
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
