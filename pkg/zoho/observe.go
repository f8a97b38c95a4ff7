package zoho

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"delink/pkg/zoho/internal/web"
)

// Exchange is what passed over the wire in one call, for whoever looks at the API itself. It has
// the form of the answer and none of its values, but for the ids that it names.
type Exchange struct {
	Method  string
	Path    string // behind the version, without the query
	Sent    time.Time
	Ended   time.Time
	Status  int       // HTTP status; 0 if no answer came
	Date    time.Time // the clock of the other side; zero if the answer does not say
	Credits int       // what the org has left; -1 if the answer does not say
	Shape   string    // of the body: see shapeOf
	IDs     []ID      // that the items of data name, in their order
}

// observe tells of a call that was answered.
func (c *Client) observe(req *http.Request, sent time.Time, got reply) {
	if c.options.Observe == nil {
		return
	}
	x := Exchange{Method: req.Method, Path: pathOf(req), Sent: sent, Ended: time.Now(), Status: got.status, Credits: -1, Shape: shapeOf(got.body), IDs: namedIDs(got.body)}
	if n, ok := creditsRemaining(got.header); ok {
		x.Credits = n
	}
	if at, err := http.ParseTime(got.header.Get("Date")); err == nil {
		x.Date = at
	}
	c.options.Observe(x)
}

// pathOf is the path of a call behind the version.
func pathOf(req *http.Request) string {
	if _, rest, ok := strings.Cut(req.URL.Path, "/crm/"); ok {
		_, path, _ := strings.Cut(rest, "/")
		return "/" + path
	}
	return req.URL.Path
}

// mostShape bounds a shape, in bytes. A record can have hundreds of fields.
const mostShape = 4000

// shapeOf is the form of a JSON text: its names and the types of its values. Lists show each form
// of their elements once. Names are those of fields, which the API defines or an administrator.
//
//	{"data":[{"code":string,"details":{"id":string},"message":string,"status":string}]}
//
// A body that is not JSON is "not JSON", and no body at all is empty.
func shapeOf(body []byte) string {
	v := jsontext.Value(web.TrimBody(body)).Clone()
	switch {
	case len(v) == 0:
		return ""
	case !v.IsValid():
		return "not JSON"
	}
	s := shape(v)
	return strings.ToValidUTF8(s[:min(len(s), mostShape)], "")
}

func shape(v jsontext.Value) string {
	switch v.Kind() {
	case '{':
		var parts []string
		members(v, func(name string, v jsontext.Value) { parts = append(parts, strconv.Quote(name)+":"+shape(v)) })
		return "{" + strings.Join(parts, ",") + "}"
	case '[':
		var forms []string
		elements(v, func(v jsontext.Value) {
			if form := shape(v); !slices.Contains(forms, form) {
				forms = append(forms, form)
			}
		})
		return "[" + strings.Join(forms, "|") + "]"
	case '"':
		return "string"
	case '0':
		return "number"
	case 't', 'f':
		return "boolean"
	default:
		return "null"
	}
}

// members calls yield with each member of a valid JSON object.
func members(v jsontext.Value, yield func(name string, v jsontext.Value)) {
	c := newCursor(v, lenient)
	if c.next() == '{' {
		c.object(func(name []byte) {
			n := string(name)
			yield(n, c.value().Clone())
		})
	}
}

// elements calls yield with each element of a valid JSON array.
func elements(v jsontext.Value, yield func(v jsontext.Value)) {
	c := newCursor(v, lenient)
	if c.next() == '[' {
		c.array(func() { yield(c.value().Clone()) })
	}
}

// namedIDs are the ids that the items of data name, in their order: their own, or those of their
// details.
func namedIDs(body []byte) (ids []ID) {
	members(jsontext.Value(web.TrimBody(body)), func(name string, v jsontext.Value) {
		if name != "data" {
			return
		}
		elements(v, func(v jsontext.Value) {
			members(v, func(name string, v jsontext.Value) {
				if name == "details" {
					members(v, func(name string, v jsontext.Value) { ids = appendID(ids, name, v) })
				}
				ids = appendID(ids, name, v)
			})
		})
	})
	return ids
}

func appendID(ids []ID, name string, v jsontext.Value) []ID {
	if id, err := ParseID(strings.Trim(string(v), `"`)); name == "id" && err == nil {
		return append(ids, id)
	}
	return ids
}
