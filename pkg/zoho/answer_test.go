package zoho

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// canned is a transport that gives one answer to every call.
type canned struct {
	status int
	body   string
	header http.Header
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	h := c.header
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{StatusCode: c.status, Header: h, Body: io.NopCloser(strings.NewReader(c.body)), Request: r}, nil
}

// ready is a source of one token, for an org at that API domain.
func ready(apiDomain string) Tokens { return &oneToken{token: NewToken("1000.ready", apiDomain)} }

type oneToken struct {
	token   Token
	refused bool
}

func (o *oneToken) Ready() (Token, bool)                 { return o.token, true }
func (o *oneToken) Token(context.Context) (Token, error) { return o.token, nil }
func (o *oneToken) Hide(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte("1000.ready"), []byte("***"))
}

func (o *oneToken) Refused(t Token) bool {
	first := o.token.Is(t) && !o.refused
	o.refused = o.refused || first
	return first
}

// over is a client with a ready token on a transport.
func over(t *testing.T, transport http.RoundTripper) *Client {
	t.Helper()
	c := &http.Client{Transport: transport}
	client, err := NewClient(ready(""), c, Options{APIDomain: "https://api.example", Version: "v8", Timeout: time.Minute, UserAgent: "delink/test"})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// delink removes links of the usual parent record, with whatever token the client gives.
func delink(t *testing.T, c *Client, ids []ID) (Answer, error) {
	t.Helper()
	return c.Delink(t.Context(), token(t, c), campaignLeads, parentID, ids)
}

// linked looks links of the usual parent record up.
func linked(t *testing.T, c *Client, ids []ID) ([]bool, error) {
	t.Helper()
	return c.Linked(t.Context(), token(t, c), campaignLeads, parentID, ids)
}

func token(t *testing.T, c *Client) Token {
	t.Helper()
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

var campaignLeads = Relation{"Campaigns", "Leads"}

const (
	parentID ID = 3652397000000400001
	idA      ID = 3652397000000900001
	idB      ID = 3652397000000900002
	idC      ID = 3652397000000900003
)

func failure(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *Error", err)
	}
	return e
}

// What whole calls answer: sections 2 to 4 of what is known of the API, row by row.
func TestRefusedCalls(t *testing.T) {
	envelope := func(code, details, message string) string {
		return fmt.Sprintf(`{"code":%q,"details":%s,"message":%q,"status":"error"}`, code, details, message)
	}
	const page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   Kind
		scope  Scope
		code   string
	}{
		{"wrong module", 400, envelope("INVALID_MODULE", `{"resource_path_index":0}`, "the module name given seems to be invalid"), Refused, ScopeList, "INVALID_MODULE"},
		{"not supported", 400, envelope("NOT_SUPPORTED", `{"resource_path_index":0}`, "x"), Refused, ScopeList, "NOT_SUPPORTED"},
		{"module as data", 400, envelope("INVALID_DATA", `{"resource_path_index":0}`, "x"), Refused, ScopeList, "INVALID_DATA"},
		{"wrong or hidden list", 400, envelope("INVALID_DATA", `{"resource_path_index":2}`, "the relation name given seems to be invalid"), Refused, ScopeList, "INVALID_DATA"},
		{"no such parent", 400, envelope("INVALID_DATA", `{"resource_path_index":1}`, "the related id given seems to be invalid"), Refused, ScopeParent, "INVALID_DATA"},
		{"no such parent, 404", 404, envelope("INVALID_DATA", `{"resource_path_index":1}`, "x"), Refused, ScopeParent, "INVALID_DATA"},
		{"the record does not exist", 404, envelope("INVALID_DATA", `{}`, "The record does not exist"), Refused, ScopeParent, "INVALID_DATA"},
		{"some id, nameless", 400, envelope("INVALID_DATA", `{}`, "the id given seems to be invalid"), Nameless, ScopeBatch, "INVALID_DATA"},
		{"a part of the path that we do not send", 400, envelope("INVALID_DATA", `{"resource_path_index":3}`, "x"), Nameless, ScopeBatch, "INVALID_DATA"},
		{"not parsed", 400, envelope("UNABLE_TO_PARSE_DATA_TYPE", `{}`, "x"), Nameless, ScopeBatch, "UNABLE_TO_PARSE_DATA_TYPE"},
		{"too many ids", 400, envelope("LIMIT_EXCEEDED", `{"limit":100,"param_name":"ids"}`, "x"), Refused, ScopeBatch, "LIMIT_EXCEEDED"},
		{"no ids", 400, envelope("MANDATORY_NOT_FOUND", `{"param_name":"ids"}`, "x"), Refused, ScopeBatch, "MANDATORY_NOT_FOUND"},
		{"no ids, otherwise", 400, envelope("REQUIRED_PARAM_MISSING", `{"param_name":"ids"}`, "x"), Refused, ScopeBatch, "REQUIRED_PARAM_MISSING"},
		{"privilege", 400, envelope("AUTHORIZATION_FAILED", `{}`, "User does not have sufficient privilege"), Denied, ScopeList, "AUTHORIZATION_FAILED"},
		{"method", 400, envelope("INVALID_REQUEST_METHOD", `{}`, "x"), Refused, ScopeRun, "INVALID_REQUEST_METHOD"},
		{"version", 400, envelope("API_NOT_SUPPORTED", `{}`, "x"), Refused, ScopeRun, "API_NOT_SUPPORTED"},
		{"405", 405, page, Refused, ScopeRun, "METHOD_NOT_ALLOWED"},
		{"405 with a code", 405, envelope("INVALID_REQUEST_METHOD", `{}`, "x"), Refused, ScopeRun, "INVALID_REQUEST_METHOD"},
		{"413", 413, page, Refused, ScopeRun, "REQUEST_ENTITY_TOO_LARGE"},
		{"414", 414, page, Refused, ScopeRun, "REQUEST_URI_TOO_LONG"},
		{"415", 415, "", Refused, ScopeRun, "UNSUPPORTED_MEDIA_TYPE"},
		{"dead token", 401, envelope("INVALID_TOKEN", `{}`, "invalid oauth token"), BadToken, ScopeRun, "INVALID_TOKEN"},
		{"dead token, older", 401, envelope("INVALID_OAUTHTOKEN", `{}`, "x"), BadToken, ScopeRun, "INVALID_OAUTHTOKEN"},
		{"dead token, oldest", 401, envelope("AUTHENTICATION_FAILURE", `{}`, "x"), BadToken, ScopeRun, "AUTHENTICATION_FAILURE"},
		{"dead token as 400", 400, envelope("INVALID_TOKEN", `{}`, "x"), BadToken, ScopeRun, "INVALID_TOKEN"},
		{"401 with a page", 401, page, BadToken, ScopeRun, "INVALID_TOKEN"},
		{"401 with an unknown code", 401, envelope("WHO_ARE_YOU", `{}`, "x"), BadToken, ScopeRun, "WHO_ARE_YOU"},
		{"401 with data", 401, `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"relation removed","status":"success"}]}`, BadToken, ScopeRun, "INVALID_TOKEN"},
		{"scope", 401, envelope("OAUTH_SCOPE_MISMATCH", `{}`, "invalid oauth scope to access this URL"), Denied, ScopeList, "OAUTH_SCOPE_MISMATCH"},
		{"scope, 403", 403, envelope("OAUTH_SCOPE_MISMATCH", `{}`, "x"), Denied, ScopeList, "OAUTH_SCOPE_MISMATCH"},
		{"permission", 403, envelope("NO_PERMISSION", `{"permissions":["Crm_Implied_Edit_Campaigns"]}`, "permission denied"), Denied, ScopeList, "NO_PERMISSION"},
		{"403 of a gateway", 403, page, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"address", 404, envelope("INVALID_URL_PATTERN", `{}`, "Please check if the URL trying to access is a correct one"), Refused, ScopeRun, "INVALID_URL_PATTERN"},
		{"404 of a gateway", 404, page, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"feature", 400, envelope("FEATURE_NOT_SUPPORTED", `{}`, "x"), Refused, ScopeList, "FEATURE_NOT_SUPPORTED"},
		{"record locked", 400, envelope("RECORD_LOCKED", `{}`, "x"), Nameless, ScopeBatch, "RECORD_LOCKED"},
		{"something new", 400, envelope("SOMETHING_NEW", `{}`, "x"), Nameless, ScopeBatch, "SOMETHING_NEW"},
		{"something new, of the parent", 400, envelope("SOMETHING_NEW", `{"resource_path_index":1}`, "x"), Refused, ScopeParent, "SOMETHING_NEW"},
		{"something new, of the list", 400, envelope("SOMETHING_NEW", `{"resource_path_index":2}`, "x"), Refused, ScopeList, "SOMETHING_NEW"},
		{"something new, of nobody's id", 400, envelope("RECORD_LOCKED", `{"id":"3652397000000999999"}`, "x"), Nameless, ScopeBatch, "RECORD_LOCKED"},
		{"parent locked, by name", 400, envelope("RECORD_LOCKED", `{"id":"3652397000000400001"}`, "x"), Refused, ScopeParent, "RECORD_LOCKED"},
		{"permission, nobody knows for what", 403, envelope("NO_PERMISSION", `{}`, "permission denied"), Denied, ScopeParent, "NO_PERMISSION"},
		{"permission, details as a list", 403, envelope("NO_PERMISSION", `[]`, "permission denied"), Denied, ScopeParent, "NO_PERMISSION"},
		{"permission for the parent", 403, envelope("NO_PERMISSION", `{"resource_path_index":1}`, "x"), Refused, ScopeParent, "NO_PERMISSION"},
		{"permission for the parent, by name", 403, envelope("NO_PERMISSION", `{"id":"3652397000000400001"}`, "x"), Refused, ScopeParent, "NO_PERMISSION"},
		{"permission for the list", 403, envelope("NO_PERMISSION", `{"resource_path_index":2}`, "x"), Denied, ScopeList, "NO_PERMISSION"},
		{"429", 429, envelope("TOO_MANY_REQUESTS", `{}`, "x"), Throttled, ScopeRun, "TOO_MANY_REQUESTS"},
		{"429, otherwise", 429, envelope("LIMIT_REACHED", `{}`, "x"), Throttled, ScopeRun, "LIMIT_REACHED"},
		{"429, otherwise again", 429, envelope("RATE_LIMIT_EXCEEDED", `{}`, "x"), Throttled, ScopeRun, "RATE_LIMIT_EXCEEDED"},
		{"429 as 400", 400, envelope("LIMIT_REACHED", `{}`, "x"), Throttled, ScopeRun, "LIMIT_REACHED"},
		{"429 with a page", 429, page, Throttled, ScopeRun, "TOO_MANY_REQUESTS"},
		{"429 empty", 429, "", Throttled, ScopeRun, "TOO_MANY_REQUESTS"},
		{"429 with data", 429, `{"data":[{"code":"SUCCESS","details":{},"message":"relation removed","status":"success"}]}`, Throttled, ScopeRun, "TOO_MANY_REQUESTS"},
		{"internal error", 500, envelope("INTERNAL_ERROR", `{}`, "Internal Server Error"), Unanswered, ScopeBatch, "INTERNAL_ERROR"},
		{"internal error as 200", 200, envelope("INTERNAL_ERROR", `{}`, "x"), Unanswered, ScopeBatch, "INTERNAL_ERROR"},
		{"500 with a refusal proves nothing", 500, envelope("INVALID_MODULE", `{}`, "x"), Unanswered, ScopeBatch, "INVALID_MODULE"},
		{"500 with data", 500, `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"relation removed","status":"success"}]}`, Unanswered, ScopeBatch, CodeServerError},
		{"502", 502, page, Unanswered, ScopeBatch, CodeServerError},
		{"503 empty", 503, "", Unanswered, ScopeBatch, CodeServerError},
		{"504", 504, page, Unanswered, ScopeBatch, CodeServerError},
		{"408", 408, page, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"a page as success", 200, page, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"nothing as success", 200, "", Unanswered, ScopeBatch, CodeForeignAnswer},
		{"no content", 204, "", Unanswered, ScopeBatch, CodeForeignAnswer},
		{"torn", 200, `{"data":[{"code":"SUCCESS","details":{"id":"36523970000009`, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"torn refusal", 400, `{"code":"INVALID_MODU`, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"other JSON", 200, `{"status":"ok"}`, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"a list", 200, `["SUCCESS"]`, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"null", 200, `null`, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"no data", 200, `{"data":[]}`, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"data that is none", 200, `{"data":"SUCCESS"}`, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"two answers in a row", 200, `{"data":[]}{"data":[]}`, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"moved", 301, page, Refused, ScopeRun, CodeRedirected},
		{"moved for now", 307, "", Refused, ScopeRun, CodeRedirected},
		{"details as a list", 400, envelope("INVALID_DATA", `[{"resource_path_index":1}]`, "x"), Refused, ScopeParent, "INVALID_DATA"},
		{"details as an empty list", 400, envelope("INVALID_DATA", `[]`, "x"), Nameless, ScopeBatch, "INVALID_DATA"},
		{"details as a text", 400, envelope("INVALID_DATA", `"ids"`, "x"), Nameless, ScopeBatch, "INVALID_DATA"},
		{"index as a text", 400, envelope("INVALID_DATA", `{"resource_path_index":"1"}`, "x"), Refused, ScopeParent, "INVALID_DATA"},
		{"index that is none", 400, envelope("INVALID_DATA", `{"resource_path_index":-1}`, "x"), Nameless, ScopeBatch, "INVALID_DATA"},
		{"byte order mark and space", 400, "\ufeff \r\n" + envelope("INVALID_MODULE", `{}`, "x") + "\r\n\t", Refused, ScopeList, "INVALID_MODULE"},
		{"code as a number", 429, `{"code":429,"error":"TOO_MANY_REQUESTS","error_info":"x","details":[]}`, Throttled, ScopeRun, "TOO_MANY_REQUESTS"},
		{"code as a number, no name, parent", 400, `{"code":400,"details":{"resource_path_index":1},"message":"x","status":"error"}`, Refused, ScopeParent, "400"},
		{"code as a number, no name", 400, `{"code":400,"details":{},"message":"x","status":"error"}`, Nameless, ScopeBatch, "400"},
		{"code as a number, 401", 401, `{"code":401,"details":{},"message":"x","status":"error"}`, BadToken, ScopeRun, "401"},
		{"code as a number, 403", 403, `{"code":403,"details":{},"message":"x","status":"error"}`, Denied, ScopeParent, "403"},
		{"code as another number, 403", 403, `{"code":401,"details":{},"message":"x","status":"error"}`, Denied, ScopeList, "401"},
		{"code as a number, 405", 405, `{"code":405,"details":{},"message":"x","status":"error"}`, Refused, ScopeRun, "405"},
		{"code as a number, 200", 200, `{"code":200,"details":{},"message":"x","status":"success"}`, Unanswered, ScopeBatch, "200"},
		{"code in lower case", 400, envelope("invalid_module", `{}`, "x"), Refused, ScopeList, "invalid_module"},
		{"index as a fraction", 400, envelope("INVALID_DATA", `{"resource_path_index":1.0}`, "x"), Refused, ScopeParent, "INVALID_DATA"},
		{"the list is wrong, said in data of each id", 400, `{"data":[{"code":"INVALID_DATA","details":{"id":"3652397000000900001","resource_path_index":2},"message":"x","status":"error"},{"code":"INVALID_DATA","details":{"id":"3652397000000900002","resource_path_index":2},"message":"x","status":"error"}]}`, Refused, ScopeList, "INVALID_DATA"},
		{"the parent is wrong, said in data of no id", 400, `{"data":[{"code":"INVALID_DATA","details":{"resource_path_index":1},"message":"x","status":"error"},{"code":"INVALID_DATA","details":{"resource_path_index":1},"message":"x","status":"error"}]}`, Refused, ScopeParent, "INVALID_DATA"},
		{"the module is wrong, said in data once", 400, `{"data":[{"code":"INVALID_MODULE","details":{},"message":"x","status":"error"}]}`, Refused, ScopeList, "INVALID_MODULE"},
		{"the parent does not exist, said in data once", 404, `{"data":[{"code":"INVALID_DATA","details":{},"message":"The record does not exist","status":"error"}]}`, Refused, ScopeParent, "INVALID_DATA"},
		{"a refusal in data that names nobody", 400, `{"data":[{"code":"INVALID_DATA","details":{},"message":"relation not found","status":"error"}]}`, Nameless, ScopeBatch, "INVALID_DATA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := delink(t, over(t, canned{status: c.status, body: c.body}), []ID{idA, idB})
			if err == nil {
				t.Fatalf("answered %+v", answer)
			}
			e := failure(t, err)
			if e.Kind != c.kind || e.Scope != c.scope || e.Code != c.code || e.Status != c.status || !e.Sent || e.Unproven != (c.kind == Denied && c.scope == ScopeParent) {
				t.Errorf("kind %d scope %d code %s status %d sent %v, want %d %d %s", e.Kind, e.Scope, e.Code, e.Status, e.Sent, c.kind, c.scope, c.code)
			}
			if strings.Contains(c.body, "Crm_") && !strings.HasSuffix(e.Error(), "permission denied (Crm_Implied_Edit_Campaigns)") {
				t.Errorf("text %q does not name the permission", e.Error())
			}
			if s := e.Error(); s == "" || strings.ContainsAny(s, "\r\n") || strings.Contains(s, "1000.ready") {
				t.Errorf("text %q", s)
			}
			words := Explain(e.Code)
			if c.code == "INVALID_DATA" || c.code == "400" { // which mean what the place means that they name
				if c.scope == ScopeParent {
					words = "the parent record does not exist"
				} else if c.scope == ScopeList {
					words = "the CRM does not know the module or the related list"
				}
			}
			if !strings.HasPrefix(e.Error(), words) {
				t.Errorf("text %q; want %q", e.Error(), words)
			}
		})
	}
}

// A refusal of the whole call that names ids is their fate. The others can be sent again.
func TestRefusalThatNamesAnID(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   [3]Verdict
	}{
		{"locked", 400, `{"code":"RECORD_LOCKED","details":{"id":"3652397000000900002"},"message":"x","status":"error"}`, [3]Verdict{Untouched, Failed, Untouched}},
		{"not allowed", 400, `{"code":"NOT_ALLOWED","details":{"id":"3652397000000900001"},"message":"x","status":"error"}`, [3]Verdict{Failed, Untouched, Untouched}},
		{"not approved, 403", 403, `{"code":"NOT_APPROVED","details":{"id":"3652397000000900003"},"message":"x","status":"error"}`, [3]Verdict{Untouched, Untouched, Failed}},
		{"duplicate", 400, `{"code":"DUPLICATE_DATA","details":{"id":3652397000000900002},"message":"x","status":"error"}`, [3]Verdict{Untouched, Failed, Untouched}},
		{"permission for the record", 403, `{"code":"NO_PERMISSION","details":{"id":"3652397000000900002"},"message":"x","status":"error"}`, [3]Verdict{Untouched, Failed, Untouched}},
		{"something new", 409, `{"code":"SOMETHING_NEW","details":[{"id":"zcrm_3652397000000900002"}],"message":"x","status":"error"}`, [3]Verdict{Untouched, Failed, Untouched}},
		{"two of them", 400, `{"code":"RECORD_LOCKED","details":[{"id":"3652397000000900002"},{"id":"3652397000000900003"}],"message":"x","status":"error"}`, [3]Verdict{Untouched, Failed, Failed}},
		{"not there", 400, `{"code":"INVALID_DATA","details":{"id":"3652397000000900002"},"message":"the id given seems to be invalid","status":"error"}`, [3]Verdict{Untouched, Absent, Untouched}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ids := []ID{idA, idB, idC}
			a, err := delink(t, over(t, canned{status: c.status, body: c.body}), ids)
			if err != nil || a.Status != c.status || len(a.Items) != 3 || a.Deleted {
				t.Fatalf("%+v, %v", a, err)
			}
			for i, item := range a.Items {
				if item.ID != ids[i] || item.Verdict != c.want[i] || item.Code == "" || (item.Verdict == Untouched) != (item.Message == "") {
					t.Errorf("%+v, want %d", item, c.want[i])
				}
			}
		})
	}
	// What is about the list, the login, or a failing server stays that, whatever it names.
	for _, c := range []struct {
		status int
		body   string
		kind   Kind
		scope  Scope
	}{
		{400, `{"code":"INVALID_MODULE","details":{"id":"3652397000000900002"},"message":"x"}`, Refused, ScopeList},
		{403, `{"code":"NO_PERMISSION","details":{"id":"3652397000000900002","permissions":["Crm_X"]},"message":"x"}`, Denied, ScopeList},
		{401, `{"code":"RECORD_LOCKED","details":{"id":"3652397000000900002"},"message":"x"}`, BadToken, ScopeRun},
		{429, `{"code":"RECORD_LOCKED","details":{"id":"3652397000000900002"},"message":"x"}`, Throttled, ScopeRun},
		{500, `{"code":"RECORD_LOCKED","details":{"id":"3652397000000900002"},"message":"x"}`, Unanswered, ScopeBatch},
		{200, `{"code":"RECORD_LOCKED","details":{"id":"3652397000000900002"},"message":"x"}`, Unanswered, ScopeBatch},
		{400, `{"code":"RECORD_LOCKED","details":{"id":"3652397000000900002","resource_path_index":1},"message":"x"}`, Refused, ScopeParent},
	} {
		_, err := delink(t, over(t, canned{status: c.status, body: c.body}), []ID{idA, idB, idC})
		if e := failure(t, err); e.Kind != c.kind || e.Scope != c.scope {
			t.Errorf("%d %s: %+v", c.status, c.body, e)
		}
	}
}

// Where one id was sent and one item without an id came, with 404, it may be about the parent
// record as well.
func TestOneNamelessItemOfNobodyKnowsWhat(t *testing.T) {
	const body = `{"data":[{"code":"INVALID_DATA","details":{},"message":"The record does not exist","status":"error"}]}`
	if _, err := delink(t, over(t, canned{status: 404, body: body}), []ID{idA}); failure(t, err).Kind != Nameless {
		t.Error(err)
	}
}

// What a 429 says of waiting and of credits.
func TestThrottledCalls(t *testing.T) {
	date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		name   string
		body   string
		header []string
		after  time.Duration
		gone   bool
	}{
		{"plain", `{"code":"TOO_MANY_REQUESTS","details":{},"message":"Too many requests","status":"error"}`, nil, 0, false},
		{"24 hours", `{"code":429,"error":"TOO_MANY_REQUESTS","error_info":"You have exceeded the limit for the past 24 hours.","details":[]}`, nil, 0, true},
		{"credits", `{"code":"LIMIT_REACHED","details":{},"message":"API Credits exhausted","status":"error"}`, nil, 0, true},
		{"header", "", []string{"X-API-CREDITS-REMAINING", "0"}, 0, true},
		{"header, lower case", "", []string{"x-api-credits-remaining", " 0 "}, 0, true},
		{"header, overdrawn", "", []string{"X-API-CREDITS-REMAINING", "-12"}, 0, true},
		{"credits left", "", []string{"X-API-CREDITS-REMAINING", "12"}, 0, false},
		{"seconds", "", []string{"Retry-After", "7"}, 7 * time.Second, false},
		{"part of a second", "", []string{"Retry-After", "0.5"}, 500 * time.Millisecond, false},
		{"date", "", []string{"Retry-After", date}, 90 * time.Second, false},
		{"past", "", []string{"Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"}, 0, false},
		{"nonsense", "", []string{"Retry-After", "soon"}, 0, false},
		{"not a number", "", []string{"Retry-After", "NaN"}, 0, false},
		{"for ever", "", []string{"Retry-After", "Inf"}, 0, false},
		{"before", "", []string{"Retry-After", "-3"}, 0, false},
		{"very long", "", []string{"Retry-After", "99999999999"}, 365 * 24 * time.Hour, false},
		{"another header", "", []string{"X-RATELIMIT-RESET", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli())}, time.Minute, false},
		{"another header, in another unit", "", []string{"X-RATELIMIT-RESET", "60"}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{}
			for i := 0; i+1 < len(c.header); i += 2 {
				h.Set(c.header[i], c.header[i+1])
			}
			_, err := delink(t, over(t, canned{429, c.body, h}), []ID{idA})
			e := failure(t, err)
			if e.Kind != Throttled || e.CreditsGone != c.gone || e.RetryAfter > c.after || c.after-e.RetryAfter > 2*time.Second {
				t.Errorf("%+v", e)
			}
		})
	}
}

// What answers by id say: each with the verdict of the ids A, B and C.
func TestItems(t *testing.T) {
	item := func(code, id, message, status string) string {
		return fmt.Sprintf(`{"code":%q,"details":{"id":%q},"message":%q,"status":%q}`, code, id, message, status)
	}
	bare := func(code, message, status string) string {
		return fmt.Sprintf(`{"code":%q,"details":{},"message":%q,"status":%q}`, code, message, status)
	}
	a, b, c := idA.String(), idB.String(), idC.String()
	removed := func(id string) string { return item("SUCCESS", id, "relation removed", "success") }
	absent := func(id string) string { return item("INVALID_DATA", id, "relation not found", "error") }
	const foreign = "3652397000000999999"
	data := func(items ...string) string { return `{"data":[` + strings.Join(items, ",") + `]}` }
	type verdicts [3]Verdict
	for _, test := range []struct {
		name    string
		status  int
		body    string
		want    verdicts
		deleted bool
	}{
		{"all removed", 200, data(removed(a), removed(b), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"mixed", 207, data(removed(a), absent(b), removed(c)), verdicts{Removed, Absent, Removed}, false},
		{"none removed", 400, data(absent(a), absent(b), absent(c)), verdicts{Absent, Absent, Absent}, false},
		{"not found, by the other code", 400, data(item("MANDATORY_NOT_FOUND", a, "relation not found", "error"), absent(b), absent(c)), verdicts{Absent, Absent, Absent}, false},
		{"contact role", 400, data(item("INVALID_DATA", a, "contact role not deleted", "error"), item("CONTACT_ROLE", b, "Contact Role not deleted", "error"), absent(c)), verdicts{Absent, Absent, Absent}, false},
		{"contact role deleted is no record", 200, data(item("SUCCESS", a, "contact role deleted", "success"), removed(b), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"relation deleted is no record", 200, data(item("SUCCESS", a, "Relation deleted", "success"), removed(b), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"record deleted", 200, data(removed(a), item("SUCCESS", b, "record deleted", "success"), removed(c)), verdicts{Removed, Deleted, Removed}, true},
		{"RECORD DELETED", 200, data(removed(a), item("SUCCESS", b, "RECORD DELETED", "success"), removed(c)), verdicts{Removed, Deleted, Removed}, true},
		{"a record deleted that nobody asked for", 200, data(removed(a), removed(b), removed(c), item("SUCCESS", foreign, "record deleted", "success")), verdicts{Removed, Removed, Removed}, true},
		{"a record deleted that is not named", 200, data(removed(a), removed(b), bare("SUCCESS", "record deleted", "success"), bare("SUCCESS", "record deleted", "success")), verdicts{Removed, Removed, Deleted}, true},
		{"a foreign record deleted instead", 200, data(removed(a), removed(b), item("SUCCESS", foreign, "record deleted", "success")), verdicts{Removed, Removed, Deleted}, true},
		{"refused ids", 207, data(item("DUPLICATE_DATA", a, "x", "error"), item("NO_PERMISSION", b, "x", "error"), removed(c)), verdicts{Failed, Failed, Removed}, false},
		{"more refused ids", 400, data(item("RECORD_LOCKED", a, "x", "error"), item("NOT_APPROVED", b, "x", "error"), item("SOMETHING_NEW", c, "x", "error")), verdicts{Failed, Failed, Failed}, false},
		{"internal error", 207, data(removed(a), item("INTERNAL_ERROR", b, "x", "error"), removed(c)), verdicts{Removed, Silent, Removed}, false},
		{"in any order", 207, data(removed(c), absent(a), removed(b)), verdicts{Absent, Removed, Removed}, false},
		{"wording", 207, data(item("SUCCESS", a, "The relation was removed!", "success"), item("INVALID_DATA", b, "NO SUCH RELATION", "error"), item("SUCCESS", c, "", "success")), verdicts{Removed, Absent, Removed}, false},
		{"case of code and status", 200, data(item("success", a, "x", "SUCCESS"), item("Success", b, "x", "Success"), item("SUCCESS", c, "x", "")), verdicts{Removed, Removed, Removed}, false},
		{"one is missing", 200, data(removed(a), removed(c)), verdicts{Removed, Silent, Removed}, false},
		{"a foreign one instead", 200, data(removed(a), removed(foreign), removed(c)), verdicts{Removed, Silent, Removed}, false},
		{"a foreign one beside", 200, data(removed(a), removed(b), removed(foreign), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"twice the same", 200, data(removed(a), removed(b), removed(b), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"removed and absent", 207, data(removed(a), absent(b), removed(b), absent(a), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"removed and refused", 207, data(removed(a), removed(b), item("NO_PERMISSION", b, "x", "error"), removed(c)), verdicts{Removed, Silent, Removed}, false},
		{"deleted and refused", 207, data(removed(a), item("NO_PERMISSION", b, "x", "error"), item("SUCCESS", b, "record deleted", "success"), removed(c)), verdicts{Removed, Deleted, Removed}, true},
		{"all nameless, counts agree", 200, data(bare("SUCCESS", "x", "success"), bare("SUCCESS", "x", "success"), bare("SUCCESS", "x", "success")), verdicts{Removed, Removed, Removed}, false},
		{"the nameless fill the gap", 207, data(bare("INVALID_DATA", "x", "error"), removed(b), bare("INVALID_DATA", "x", "error")), verdicts{Absent, Removed, Absent}, false},
		{"nameless and different", 207, data(bare("SUCCESS", "x", "success"), bare("INVALID_DATA", "x", "error"), removed(c)), verdicts{Silent, Silent, Removed}, false},
		{"nameless and too few", 207, data(bare("SUCCESS", "x", "success"), removed(c)), verdicts{Silent, Silent, Removed}, false},
		{"nameless and too many", 200, data(bare("SUCCESS", "x", "success"), bare("SUCCESS", "x", "success"), removed(b), removed(c)), verdicts{Silent, Removed, Removed}, false},
		{"nameless beside a foreign one", 200, data(bare("SUCCESS", "x", "success"), removed(foreign), removed(b), removed(c)), verdicts{Silent, Removed, Removed}, false},
		{"success that failed", 200, data(item("SUCCESS", a, "x", "error"), removed(b), removed(c)), verdicts{Silent, Removed, Removed}, false},
		{"failure that succeeded", 200, data(item("NO_PERMISSION", a, "x", "success"), removed(b), removed(c)), verdicts{Silent, Removed, Removed}, false},
		{"no code", 200, data(`{"details":{"id":"`+a+`"},"status":"success"}`, removed(b), removed(c)), verdicts{Silent, Removed, Removed}, false},
		{"no object", 200, data("null", removed(b), removed(c)), verdicts{Silent, Removed, Removed}, false},
		{"code as a number", 207, data(`{"code":200,"details":{"id":"`+a+`"},"message":"x","status":"success"}`, `{"code":400,"details":{"id":"`+b+`"},"message":"x","status":"error"}`, `{"code":200,"details":{"id":"`+c+`"},"message":"x","status":"error"}`), verdicts{Removed, Undecided, Silent}, false},
		{"code as a number, deleted", 200, data(`{"code":200,"details":{"id":"`+a+`"},"message":"record deleted","status":"success"}`, removed(b), removed(c)), verdicts{Deleted, Removed, Removed}, true},
		{"id as a number", 200, data(`{"code":"SUCCESS","details":{"id":`+a+`},"message":"x","status":"success"}`, removed(b), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"id as a rounded number", 200, data(`{"code":"SUCCESS","details":{"id":3.652397000000900e18},"message":"x","status":"success"}`, absent(b), removed(c)), verdicts{Removed, Absent, Removed}, false},
		{"id with the prefix of an export", 200, data(removed("zcrm_"+a), removed(b), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"details as lists", 200, data(`{"code":"SUCCESS","details":[{"id":"`+a+`"}],"message":"x","status":"success"}`, `{"code":"SUCCESS","details":[],"message":"x","status":"success"}`, removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"byte order mark", 200, "\ufeff" + data(removed(a), removed(b), removed(c)) + "\r\n", verdicts{Removed, Removed, Removed}, false},
		{"escapes", 200, data(`{"code":"SUCC\u0045SS","details":{"id":"\u0033`+a[1:]+`"},"message":"x","status":"success"}`, removed(b), removed(c)), verdicts{Removed, Removed, Removed}, false},
		{"a refusal in data that names nobody, of three", 207, data(bare("INVALID_DATA", "x", "error")), verdicts{Silent, Silent, Silent}, false},
		{"status 404", 404, data(absent(a), absent(b), absent(c)), verdicts{Absent, Absent, Absent}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ids := []ID{idA, idB, idC}
			answer, err := delink(t, over(t, canned{status: test.status, body: test.body}), ids)
			if err != nil {
				t.Fatal(err)
			}
			var got verdicts
			for i, item := range answer.Items {
				if got[i] = item.Verdict; item.ID != ids[i] || item.Code == "" && item.Verdict != Silent {
					t.Errorf("item %+v", item)
				}
			}
			if got != test.want || answer.Deleted != test.deleted || answer.Status != test.status || len(answer.Items) != 3 {
				t.Errorf("%v deleted %v, want %v %v: %+v", got, answer.Deleted, test.want, test.deleted, answer)
			}
		})
	}
}

// A deleted record is noticed wherever it is told: the run must stop.
func TestDeletedRecords(t *testing.T) {
	const (
		bare  = `{"code":"SUCCESS","details":{},"message":"record deleted","status":"success"}`
		named = `{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"record deleted","status":"success"}`
		other = `{"code":"SUCCESS","details":{"id":"3652397000000900002"},"message":"relation removed","status":"success"}`
	)
	all := [2]Verdict{Deleted, Deleted}
	for _, c := range []struct {
		name, body string
		status     int
		want       [2]Verdict
	}{
		{"bare", bare, 200, all},
		{"bare, 202", bare, 202, all},
		{"bare, by name", named, 200, [2]Verdict{Deleted, Silent}},
		{"bare, only a message", `{"message":"Record Deleted"}`, 200, all},
		{"bare, a number", `{"code":200,"message":"record deleted"}`, 200, all},
		{"bare, beside data", `{"code":"SUCCESS","message":"record deleted","data":[` + other + `]}`, 200, [2]Verdict{Deleted, Removed}},
		{"bare, beside no data", `{"code":"SUCCESS","message":"record deleted","data":[]}`, 200, all},
		{"data", `{"data":[` + named + "," + other + `]}`, 200, [2]Verdict{Deleted, Removed}},
		{"data that is no array", `{"data":` + named + `}`, 200, [2]Verdict{Deleted, Silent}},
		{"400", `{"data":[` + named + "," + other + `]}`, 400, [2]Verdict{Deleted, Removed}},
		{"401", `{"data":[` + bare + `]}`, 401, all},
		{"429", `{"data":[` + bare + "," + bare + `]}`, 429, all},
		{"302", `{"data":[` + bare + "," + bare + `]}`, 302, all},
		{"500", `{"data":[` + named + `]}`, 500, [2]Verdict{Deleted, Silent}},
		{"500, nameless", `{"data":[` + bare + `]}`, 500, [2]Verdict{}},
		{"503, bare", bare, 503, [2]Verdict{}},
		{"called an error as well", `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"record deleted","status":"error"}]}`, 200, [2]Verdict{Deleted, Silent}},
		{"wrapped", `{"response":{"data":[` + named + `]}}`, 200, all},
		{"torn", `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"record deleted","st`, 200, all},
	} {
		answer, err := delink(t, over(t, canned{status: c.status, body: c.body}), []ID{idA, idB})
		if err != nil || !answer.Deleted || answer.Status != c.status || len(answer.Items) != 2 || [2]Verdict{answer.Items[0].Verdict, answer.Items[1].Verdict} != c.want {
			t.Errorf("%s: %+v, %v", c.name, answer, err)
			continue
		}
		for _, i := range answer.Items {
			if (i.Verdict == Deleted) != (i.Code == CodeRecordDeleted) || i.Code == "" {
				t.Errorf("%s: %+v", c.name, i)
			}
		}
	}
	for _, status := range []int{200, 207, 400, 403} {
		broken := trip(func(*http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader(`{"data":[{"code":"SUCCESS","message":"record deleted",`), broken{})
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body)}, nil
		})
		if answer, err := delink(t, over(t, broken), []ID{idA}); err != nil || !answer.Deleted {
			t.Errorf("broken off, %d: %+v, %v", status, answer, err)
		}
	}
	for _, body := range []string{
		`{"code":"INVALID_DATA","details":{},"message":"the record deleted is not known","status":"error"}`,
		`{"code":"NO_PERMISSION","details":{},"message":"record cannot be deleted","status":"error"}`,
		`{"message":"record not deleted","status":"error"}`,
		`{"message":"the record was deleted by somebody"}`,
		`{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"relation deleted","status":"success"}]}`,
		`{"data":[{"code":"NO_PERMISSION","details":{"id":"3652397000000900001"},"message":"record cannot be deleted","status":"error"}]}`,
	} {
		if answer, _ := delink(t, over(t, canned{status: 400, body: body}), []ID{idA}); answer.Deleted {
			t.Errorf("%s: %+v", body, answer)
		}
	}
}

// broken is a body that ends in an error.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// One id and one item: nothing else can be meant, so that no call is spent on splitting.
func TestOneNamelessItemForOneID(t *testing.T) {
	const body = `{"data":[{"code":"INVALID_DATA","details":{},"message":"relation not found","status":"error"}]}`
	a, err := delink(t, over(t, canned{status: 400, body: body}), []ID{idA})
	want := Answer{Status: 400, Items: []Item{{idA, Absent, "INVALID_DATA", "relation not found", false}}}
	if diff := cmp.Diff(want, a); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// Words of a stranger end up in files and on terminals.
func TestTextIsOneShortLine(t *testing.T) {
	body := `{"code":"SOME_CODE","details":{},"message":"a\nb\u001b[31m\u009bc\u2028d\u0085e` + "\xff" + strings.Repeat("é", 1000) + `","status":"error"}`
	_, err := delink(t, over(t, canned{status: 400, body: body}), []ID{idA})
	e := failure(t, err)
	if !strings.HasPrefix(e.Detail, "a b [31m c d e?éé") && !strings.HasPrefix(e.Detail, "a b [31m c d e\ufffdéé") || len(e.Detail) > 600 {
		t.Errorf("%d bytes: %q", len(e.Detail), e.Detail)
	}
}

// Every code that is documented for the call says what it means.
func TestDocumentedCodesAreExplained(t *testing.T) {
	for _, code := range strings.Fields(`
		DUPLICATE_DATA NO_PERMISSION RECORD_LOCKED NOT_APPROVED INVALID_MODULE NOT_SUPPORTED INVALID_DATA
		UNABLE_TO_PARSE_DATA_TYPE LIMIT_EXCEEDED MANDATORY_NOT_FOUND REQUIRED_PARAM_MISSING AUTHORIZATION_FAILED
		INVALID_REQUEST_METHOD API_NOT_SUPPORTED INVALID_TOKEN INVALID_OAUTHTOKEN AUTHENTICATION_FAILURE
		OAUTH_SCOPE_MISMATCH INVALID_URL_PATTERN TOO_MANY_REQUESTS LIMIT_REACHED RATE_LIMIT_EXCEEDED INTERNAL_ERROR
		FEATURE_NOT_SUPPORTED METHOD_NOT_ALLOWED REQUEST_ENTITY_TOO_LARGE REQUEST_URI_TOO_LONG UNSUPPORTED_MEDIA_TYPE
		invalid_code invalid_client invalid_client_secret
		FOREIGN_ANSWER SERVER_ERROR NOT_CONNECTED REDIRECTED RECORD_DELETED`) {
		if Explain(code) == "" {
			t.Errorf("%s has no text", code)
		}
	}
	if Explain(CodeLockedOut) == "" {
		t.Error("a lock-out has no text")
	}
	for code := range refusals {
		if Explain(code) == "" {
			t.Errorf("%s has no text", code)
		}
	}
	for code, s := range explanations {
		if strings.HasSuffix(s, ".") || strings.Contains(s, "failed to") || strings.Contains(s, "--") || s != strings.TrimSpace(s) {
			t.Errorf("%s: %q", code, s)
		}
	}
	if x := Explain("SOMETHING_NEW"); x != "" {
		t.Errorf("%q", x)
	}
}

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		e    Error
		want string
	}{
		{Error{Code: "INVALID_MODULE"}, "the CRM does not know the module"},
		{Error{Code: "INVALID_MODULE", Detail: "x"}, "the CRM does not know the module: x"},
		{Error{Code: "NEW", Status: 400}, "the CRM answered NEW (HTTP 400)"},
		{Error{Code: "NEW", Detail: "x"}, "the CRM answered NEW: x"},
		{Error{Code: "NEW", Cause: io.EOF}, "EOF"},
		{Error{Code: CodeNoAnswer, Cause: io.EOF}, "no answer came: EOF"},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if c.e.Cause != nil && !errors.Is(&c.e, c.e.Cause) {
			t.Errorf("%v does not wrap its cause", c.e.Cause)
		}
	}
}

// Whatever mixture of items comes, an id is told to be gone only where an item proves it. The items
// are made together with what they prove.
func TestMatchProvesWhatItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.Map(rapid.Uint64Range(1, 12), func(n uint64) ID { return ID(n) }), 1, 8, rapid.ID).Draw(t, "ids")
		type said struct{ gone, absent, other, named bool }
		by := map[ID]*said{}
		nameless, foreign := 0, false
		var namelessGone int
		data := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) result {
			r := result{
				Code:    text(rapid.SampledFrom([]string{"SUCCESS", "SUCCESS", "INVALID_DATA", "NO_PERMISSION", "INTERNAL_ERROR", "", "200", "400"}).Draw(t, "code")),
				Status:  text(rapid.SampledFrom([]string{"success", "error", ""}).Draw(t, "status")),
				Message: text(rapid.SampledFrom([]string{"relation removed", "record deleted", ""}).Draw(t, "message")),
			}
			if rapid.IntRange(0, 3).Draw(t, "named") > 0 {
				r.Details.ID = text(fmt.Sprint(rapid.Uint64Range(1, 12).Draw(t, "id")))
			}
			return r
		}), 0, 12).Draw(t, "data")
		for _, id := range ids {
			by[id] = &said{}
		}
		for _, r := range data {
			gone := (r.Code == "SUCCESS" && r.Status != "error" || r.Code == "200" && r.Status == "success") && r.Message != "record deleted"
			id, err := ParseID(string(r.Details.ID))
			s := by[id]
			switch {
			case err != nil:
				nameless++
				if gone {
					namelessGone++
				}
			case s == nil:
				foreign = true
			default:
				s.named = true
				s.gone = s.gone || gone
				s.absent = s.absent || r.Code == "INVALID_DATA" && r.Status != "success"
				s.other = s.other || !gone && !(r.Code == "INVALID_DATA" && r.Status != "success")
			}
		}
		left := 0
		for _, s := range by {
			if !s.named {
				left++
			}
		}
		items, _ := match(ids, data)
		if len(items) != len(ids) {
			t.Fatalf("%d items for %d ids", len(items), len(ids))
		}
		for i, item := range items {
			if item.ID != ids[i] {
				t.Fatalf("item %d is %v, not %v", i, item.ID, ids[i])
			}
			s := by[item.ID]
			proved := s.gone && !s.other || !s.named && !foreign && nameless == left && namelessGone == nameless
			if (item.Verdict == Removed) != proved {
				t.Fatalf("%v is %d, proved removed: %v", item.ID, item.Verdict, proved)
			}
			if s.named && s.absent && !s.gone && !s.other && item.Verdict != Absent {
				t.Fatalf("%v is %d, not absent", item.ID, item.Verdict)
			}
		}
	})
}
