package emulator

import (
	"encoding/json"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An answer is a response before knobs and faults change its form.
type answer struct {
	status int
	body   []byte
	html   bool   // the body is no JSON
	label  string // Content-Type, if it is not the usual one; none for no such header
	header [][2]string
	codes  []string // of the whole call or of its items, for the books
}

func (a *answer) set(name, value string) { a.header = append(a.header, [2]string{name, value}) }

// send writes an answer.
func (c *call) send(a answer) {
	c.headers(a, nil)
	if a.status == http.StatusNoContent {
		c.w.WriteHeader(a.status)
		return
	}
	body := c.decorate(a)
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(a.status)
	// The error would say that the client has left, which changes nothing here.
	_, _ = c.w.Write(body)
}

func (c *call) headers(a answer, h http.Header) {
	if h == nil {
		h = c.w.Header()
	}
	switch {
	case a.html:
		h.Set("Content-Type", "text/html;charset=UTF-8")
	case a.label == "none":
		h["Content-Type"] = nil // else the server would guess one
	case a.label != "":
		h.Set("Content-Type", a.label+";charset=UTF-8")
	default:
		h.Set("Content-Type", "application/json;charset=UTF-8")
	}
	if c.cfg.ClockSkew != 0 {
		h.Set("Date", time.Now().Add(time.Duration(c.cfg.ClockSkew)).UTC().Format(http.TimeFormat))
	}
	if c.credits >= 0 {
		h.Set("X-API-CREDITS-REMAINING", strconv.Itoa(c.credits))
	}
	c.rateHeaders(h, a.status)
	for _, kv := range a.header {
		h.Set(kv[0], kv[1])
	}
}

// decorate puts around a body what some gateways put there: a byte order mark, white space.
func (c *call) decorate(a answer) []byte {
	body := a.body
	if c.cfg.Decor == "none" || a.html {
		return body
	}
	if c.cfg.Decor != "space" {
		body = append([]byte("\xef\xbb\xbf"), body...)
	}
	if c.cfg.Decor != "bom" {
		body = append(body[:len(body):len(body)], "\r\n \t\n"...)
	}
	return body
}

// refuse is the answer to a whole call that is refused; details may be nil.
func (c *call) refuse(status int, code string, details map[string]any, message string) answer {
	return answer{status: status, body: c.envelope(code, details, message), codes: []string{code}}
}

// envelope is the JSON that every error outside data comes in (D).
func (c *call) envelope(code string, details map[string]any, message string) []byte {
	if details == nil {
		details = map[string]any{}
	}
	var shown any = details
	switch {
	case c.cfg.DetailsForm == "object":
	case c.cfg.DetailsForm == "array" && len(details) > 0:
		shown = []any{details}
	default:
		shown = []any{}
	}
	var codeShown any = code
	if c.cfg.CodeForm != "string" {
		codeShown = codeNumber(code)
	}
	return toJSON(struct {
		Code    any    `json:"code"`
		Details any    `json:"details"`
		Message string `json:"message"`
		Status  string `json:"status"`
	}{codeShown, shown, c.word(message), "error"})
}

// codeNumber is the HTTP status that a code comes with. Where code is a number, it was seen to be
// that status (R).
func codeNumber(code string) int {
	switch code {
	case "SUCCESS":
		return 200
	case "INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE", "OAUTH_SCOPE_MISMATCH":
		return 401
	case "NO_PERMISSION":
		return 403
	case "INVALID_URL_PATTERN":
		return 404
	case "TOO_MANY_REQUESTS", "LIMIT_REACHED", "RATE_LIMIT_EXCEEDED":
		return 429
	case "INTERNAL_ERROR":
		return 500
	}
	return 400
}

// index makes the details that say which part of the path is wrong (S): 0 the module, 1 the parent
// record, 2 the related list.
func index(n int) map[string]any { return map[string]any{"resource_path_index": n} }

// pathMessage is the message that comes with an index.
const pathMessage = "the related id given seems to be invalid"

// word varies a message as knob wording says. The wording differs between Zoho's pages, and a
// client must not depend on it.
func (c *call) word(message string) string {
	switch c.cfg.Wording {
	case "upper":
		return strings.ToUpper(message)
	case "varied":
		if others := wordings[message]; others != nil {
			return others[c.rng.IntN(len(others))]
		}
		return strings.ToUpper(message[:1]) + message[1:] + "."
	}
	return message
}

var wordings = map[string][]string{
	msgRemoved:  {"Relation removed", "relation has been removed", "The relation was removed successfully", "record delinked"},
	msgNotFound: {"Relation not found", "RELATION NOT FOUND", "the relation could not be found", "no such relation"},
	msgAdded:    {"Relation added", "relation has been added", "the relation was added"},
	msgUpdated:  {"Relation updated", "relation has been updated", "record updated"},
	// A client stops at this message, so only its case varies.
	msgDeleted: {"Record deleted", "RECORD DELETED", "record Deleted"},
}

const (
	msgRemoved   = "relation removed"
	msgNotFound  = "relation not found"
	msgNoRole    = "contact role not deleted"
	msgDeleted   = "record deleted"
	msgAdded     = "relation added"
	msgUpdated   = "relation updated"
	msgConverted = "id already converted"
)

// id is a record id as the answer shows it.
func (c *call) id(text string) any {
	if c.cfg.IDForm == "number" {
		return json.RawMessage(bare(text))
	}
	return text
}

// bare makes a JSON number of digits: it takes off leading zeros.
func bare(digits string) string {
	if trimmed := strings.TrimLeft(digits, "0"); trimmed != "" {
		return trimmed
	}
	return "0"
}

// toJSON marshals a value that is known to be valid JSON.
func toJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return b
}

func quote(s string) string { return string(toJSON(s)) }

func htmlPage(title, text string) []byte {
	return []byte("<html><head><title>" + html.EscapeString(title) + "</title></head><body><h1>" +
		html.EscapeString(title) + "</h1><p>" + html.EscapeString(text) + "</p></body></html>\n")
}
