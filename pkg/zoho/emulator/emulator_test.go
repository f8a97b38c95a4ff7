package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const (
	campaign = 3652397000000001001
	lead     = 3652397000000925128
)

// leads returns n ids that are linked to campaign by serve.
func leads(n int) []uint64 {
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = lead + uint64(i)
	}
	return ids
}

func join(ids ...uint64) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = fmt.Sprint(id)
	}
	return strings.Join(words, ",")
}

// A client of the tests: it knows nothing but HTTP.
type client struct {
	t    *testing.T
	url  string
	http *http.Client
}

// serve starts an emulator with knobs set, in which campaign has ten leads.
func serve(t *testing.T, settings ...string) (*Emulator, client) {
	t.Helper()
	var cfg Config
	if err := cfg.SetAll(settings...); err != nil {
		t.Fatal(err)
	}
	e := New(cfg)
	if e.Config().Links == "listed" {
		e.Link("Campaigns", campaign, "Leads", leads(10)...)
	}
	return serveIt(t, e)
}

func serveIt(t *testing.T, e *Emulator) (*Emulator, client) {
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return e, client{t, server.URL, server.Client()}
}

type reply struct {
	status int
	header http.Header
	body   string
	err    error // of the transport, or of reading the body
	json   any   // the body, if it is JSON
}

func (c client) do(method, path, body string, header ...string) reply {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken 1000.emulator.access")
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			req.Header.Del(header[i])
		} else {
			req.Header.Set(header[i], header[i+1])
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header, body: string(data), err: err}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if decoder.Decode(&r.json) != nil {
		r.json = nil
	}
	return r
}

func (c client) delink(ids ...uint64) reply {
	c.t.Helper()
	return c.do("DELETE", fmt.Sprintf("/crm/v8/Campaigns/%d/Leads?ids=%s", uint64(campaign), join(ids...)), "")
}

func (c client) token(form ...string) reply {
	c.t.Helper()
	values := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {"1000.EMULATOR"},
		"client_secret": {"emulator-secret"}, "refresh_token": {"1000.emulator.refresh"},
	}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return c.do("POST", "/oauth/v2/token", values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
}

// get reads a value of a JSON body, such as "data.0.details.id"; an absent one
// is "<none>".
func (r reply) get(path string) string {
	v := r.json
	if v == nil {
		return "<not JSON>"
	}
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = x[name]; !ok {
				return "<none>"
			}
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(x) {
				return "<none>"
			}
			v = x[i]
		default:
			return "<none>"
		}
	}
	switch x := v.(type) {
	case string:
		return x
	default:
		b, _ := json.Marshal(x)
		return string(b)
	}
}

func (r reply) want(t *testing.T, status int, values ...string) {
	t.Helper()
	if r.err != nil {
		t.Fatalf("no answer: %v", r.err)
	}
	if r.status != status {
		t.Errorf("status %d, want %d: %s", r.status, status, r.body)
	}
	for i := 0; i < len(values); i += 2 {
		if got := r.get(values[i]); got != values[i+1] {
			t.Errorf("%s is %s, want %s: %s", values[i], got, values[i+1], r.body)
		}
	}
}

func TestDelink(t *testing.T) {
	e, c := serve(t)
	c.delink(lead, lead+1).want(t, 200,
		"data.0.code", "SUCCESS", "data.0.details.id", fmt.Sprint(uint64(lead)), "data.0.message", "relation removed", "data.0.status", "success",
		"data.1.code", "SUCCESS", "data.2", "<none>")
	c.delink(lead, lead+2).want(t, 207,
		"data.0.code", "INVALID_DATA", "data.0.message", "relation not found", "data.0.status", "error", "data.0.details.id", fmt.Sprint(uint64(lead)),
		"data.1.code", "SUCCESS")
	c.delink(lead, 36547).want(t, 400, "data.0.code", "INVALID_DATA", "data.1.code", "INVALID_DATA", "data.1.details.id", "36547")
	c.do("DELETE", fmt.Sprintf("/crm/v2/Campaigns/%d/Leads/%d", uint64(campaign), uint64(lead+3)), "").want(t, 200, "data.0.code", "SUCCESS")

	s := e.State("Campaigns", campaign, "Leads", lead)
	if s.Linked || s.Sent != 3 || s.Removed.IsZero() {
		t.Errorf("state %+v", s)
	}
	if s := e.State("Campaigns", campaign, "Leads", lead+9); !s.Linked || s.Sent != 0 || !s.Removed.IsZero() {
		t.Errorf("state of an untouched link %+v", s)
	}
	b := e.Books()
	if b.Calls["delink"] != 4 || b.Removed != 4 || b.Links != 11 || b.Linked != 6 || b.IDs != 7 || b.MinIDs != 1 || b.MaxIDs != 2 || b.Peak != 1 ||
		b.Codes["SUCCESS"] != 4 || b.Codes["INVALID_DATA"] != 3 || b.Credits != 4 || len(b.Violations) != 0 {
		t.Errorf("books %+v", b)
	}
	lists := slices.Collect(e.Lists())
	if len(lists) != 1 || lists[0] != (ListState{"Campaigns", campaign, "Leads", 4, 6}) {
		t.Errorf("lists %+v", lists)
	}
}
