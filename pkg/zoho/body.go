package zoho

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"delink/pkg/zoho/internal/web"
)

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

// details is an object or an array of them. Of an array the first counts, and the ids of the others.
type details struct {
	ID        text `json:"id"`
	PathIndex text `json:"resource_path_index"`

	Permissions names  `json:"permissions"` // those that are missing
	More        []text `json:"-"`           // ids of the other objects
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

// names reports whether the details name a record by its id.
func (d *details) names(id ID) bool {
	for _, s := range append([]text{d.ID}, d.More...) {
		if n, err := ParseID(strings.TrimPrefix(string(s), "zcrm_")); err == nil && n == id {
			return true
		}
	}
	return false
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
		for i, one := range all {
			var other plain
			switch {
			case one[0] != '{':
				continue
			case json.Unmarshal(one, &other) != nil:
				continue
			case i == 0:
				*d = details(other)
			case other.ID != "":
				d.More = append(d.More, other.ID)
			}
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

// recordList is the answer of a read. Data is nil where there is none. A list has neither code nor
// message: these are of an error.
type recordList struct {
	Code    text `json:"code"`
	Error   text `json:"error"`
	Message text `json:"message"`
	Status  text `json:"status"`
	Data    *[]struct {
		ID text `json:"id"`
	} `json:"data"`
	Info struct {
		MoreRecords bool `json:"more_records"`
		Count       text `json:"count"`
		Page        text `json:"page"`
		NextPage    text `json:"next_page_token"`
	} `json:"info"`
}

// whole reports whether the list is all that there is: no error stands beside it, nothing says that there is another page, and as
// many records came as were counted.
func (l *recordList) whole() bool {
	info := l.Info
	return l.Code == "" && l.Error == "" && l.Message == "" && l.Status == "" && !info.MoreRecords && info.NextPage == "" && (info.Page == "" || info.Page == "1") &&
		(info.Count == "" || string(info.Count) == strconv.Itoa(len(*l.Data)))
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
