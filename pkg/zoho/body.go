package zoho

import (
	"strconv"
	"strings"

	"delink/pkg/zoho/internal/web"
)

// envelope is every body that the API answers with, decoded leniently: names in any case, codes and
// ids as strings or numbers, details as an object or an array (R). What is of another type counts
// as missing.
type envelope struct {
	Data      []result
	Code      text
	ErrorText text
	ErrorInfo text
	Message   text
	Status    text
	Details   details
}

// result is the answer for one id, or for the whole call.
type result struct {
	Code    text
	Details details
	Message text
	Status  text
}

// details say what a result is about. Where there are several, the first counts, and the ids of the
// others.
type details struct {
	ID          text
	PathIndex   text   // resource_path_index
	Param       text   // param_name, else the clause of a query
	Field       text   // api_name
	JSONPath    text   // json_path: the place in the request's body
	Near        text   // the word at which a query cannot be read
	Permissions []text // those that are missing
	More        []text // ids of the other objects
}

// text is a JSON string or number; anything else is empty.
type text string

// text is the value on one line, without control characters.
func (t text) text() string { return web.Line(string(t)) }

// number reports whether a code is a number, which says no more than the HTTP status (R).
func number(code string) bool {
	_, err := strconv.Atoi(code)
	return err == nil
}

// decode reads a body; nil if it is not one JSON object with data of the form that the API
// documents.
func decode(body []byte) *envelope {
	body = web.TrimBody(body)
	if e := usual(body); e != nil {
		return e
	}
	return decodeAny(body)
}

// decodeAny is decode for a body of any form, without what gateways put around it.
func decodeAny(body []byte) *envelope {
	c := newCursor(body, lenient)
	var e envelope
	if c.next() != '{' {
		return nil
	}
	c.object(func(name []byte) {
		switch {
		case is(name, "data"):
			c.results(&e.Data)
		case is(name, "code"):
			e.Code = c.text()
		case is(name, "error"):
			e.ErrorText = c.text()
		case is(name, "error_info"):
			e.ErrorInfo = c.text()
		case is(name, "message"):
			e.Message = c.text()
		case is(name, "status"):
			e.Status = c.text()
		case is(name, "details"):
			e.Details = c.details()
		default:
			c.skip()
		}
	})
	if !c.done() {
		return nil
	}
	return &e
}

// results reads an array of answers, or one by itself, and adds them to the others.
func (c *cursor) results(to *[]result) {
	switch c.next() {
	case '{':
		*to = append(*to, c.result())
	case '[':
		c.array(func() {
			switch c.next() {
			case '{':
				*to = append(*to, c.result())
			case 'n':
				c.skip()
				*to = append(*to, result{})
			default:
				c.fail()
			}
		})
	case 'n':
		c.skip()
	default:
		c.fail()
	}
}

func (c *cursor) result() (r result) {
	c.object(func(name []byte) {
		switch {
		case is(name, "code"):
			r.Code = c.text()
		case is(name, "details"):
			r.Details = c.details()
		case is(name, "message"):
			r.Message = c.text()
		case is(name, "status"):
			r.Status = c.text()
		default:
			c.skip()
		}
	})
	return r
}

func (c *cursor) details() (d details) {
	switch c.next() {
	case '{':
		return c.detail()
	case '[':
		first := true
		c.array(func() {
			switch {
			case c.next() != '{':
				c.skip()
			case first:
				d = c.detail()
			default:
				d.More = append(d.More, c.detail().ID)
			}
			first = false
		})
	default:
		c.skip()
	}
	return d
}

func (c *cursor) detail() (d details) {
	var clause text
	c.object(func(name []byte) {
		switch {
		case is(name, "id"):
			d.ID = c.text()
		case is(name, "resource_path_index"):
			d.PathIndex = c.text()
		case is(name, "param_name"):
			d.Param = c.text()
		case is(name, "clause"):
			clause = c.text()
		case is(name, "api_name"):
			d.Field = c.text()
		case is(name, "json_path"):
			d.JSONPath = c.text()
		case is(name, "near"):
			d.Near = c.text()
		case is(name, "permissions") && c.next() == '[':
			d.Permissions = nil
			c.array(func() { d.Permissions = append(d.Permissions, c.text()) })
		default:
			c.skip()
		}
	})
	if d.Param == "" {
		d.Param = clause
	}
	return d
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

// said is Zoho's message, with what its details add for people: the field and the permissions that
// it is about.
func (d *details) said(message text) string {
	words := message.text()
	if field := d.Field.text(); field != "" {
		words = strings.TrimSuffix(field+": "+words, ": ")
	}
	if near := d.Near.text(); near != "" {
		words = strings.TrimPrefix(words+", near "+strconv.Quote(near), ", ")
	}
	if len(d.Permissions) > 0 {
		all := make([]string, len(d.Permissions))
		for i, p := range d.Permissions {
			all[i] = p.text()
		}
		words = strings.TrimSpace(words + " (" + strings.Join(all, ", ") + ")")
	}
	return text(words).text()
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

// pathIndex is the part of the path that is wrong, counted after the version: 0 module, 1 parent
// record, 2 related list (S); -1 where the body does not say.
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
