package login

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"delink/pkg/zoho"
)

// trip is a transport.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// canned is a transport that gives one answer to every call.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.body)), Request: r}, nil
}

const (
	parentID zoho.ID = 3652397000000400001
	idA      zoho.ID = 3652397000000900001
	idB      zoho.ID = 3652397000000900002
)

var campaignLeads = zoho.Relation{Module: "Campaigns", List: "Leads"}

// delink removes links of the usual parent record, with whatever token the client gives.
func delink(t *testing.T, c *zoho.Client, ids []zoho.ID) (zoho.Answer, error) {
	t.Helper()
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.Delink(t.Context(), token, campaignLeads, parentID, ids)
}

// linked looks links of the usual parent record up.
func linked(t *testing.T, c *zoho.Client, ids []zoho.ID) ([]bool, error) {
	t.Helper()
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.Linked(t.Context(), token, campaignLeads, parentID, ids)
}

func failure(t *testing.T, err error) *zoho.Error {
	t.Helper()
	var e *zoho.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *zoho.Error", err)
	}
	return e
}

// inCache is the token that a cache holds.
func inCache(c *Cache) token {
	t, _ := c.load()
	return t
}
