package login

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"delink/pkg/zoho"
	"delink/pkg/zoho/internal/web"
)

// Server is the accounts host of a data centre, which makes tokens.
type Server struct {
	Accounts  string // base URL
	APIDomain string // base URL of the API, where it is set by hand: what the host says of it then does not matter
	HTTP      *http.Client
}

func (s Server) endpoint() string { return s.Accounts + "/oauth/v2/token" }

// asked is what a request brought: the answer as it came, and what package oauth2 made of it if the
// request was one for a token.
type asked struct {
	endpoint string
	at       time.Time
	spent    bool // a token may have been made, whether or not it arrived
	status   int  // 0 if no whole answer came
	body     []byte
	token    *oauth2.Token
	err      error

	written  atomic.Bool // the request left
	accepted bool        // an answer came with a status of 200 to 299, be it not to its end
}

// heard gives a client that keeps in a what is answered.
func (s Server) heard(a *asked) *http.Client {
	client := web.Direct(s.HTTP)
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = listening{client.Transport, a}
	return client
}

// post sends a form to an endpoint that makes no token.
func (s Server) post(ctx context.Context, endpoint string, form url.Values) *asked {
	a := &asked{endpoint: endpoint, at: time.Now()}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		a.err = err
		return a
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.heard(a).Do(req)
	if err != nil {
		a.err = err
		return a
	}
	_ = resp.Body.Close()
	return a
}

// ask makes one request for a token with package oauth2. The credentials go in the form only:
// trying out where they belong would send them twice.
func (s Server) ask(ctx context.Context, c Credentials, endpoint string, request func(context.Context, *oauth2.Config) (*oauth2.Token, error)) *asked {
	a := &asked{endpoint: endpoint, at: time.Now()}
	client := s.heard(a)
	config := &oauth2.Config{
		ClientID:     c.ClientID,
		ClientSecret: c.ClientSecret,
		Endpoint:     oauth2.Endpoint{TokenURL: endpoint, AuthStyle: oauth2.AuthStyleInParams},
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(w httptrace.WroteRequestInfo) {
		a.written.Store(w.Err == nil)
	}})
	a.token, a.err = request(context.WithValue(ctx, oauth2.HTTPClient, client), config)
	a.spent = a.written.Load() || a.accepted
	if a.status >= 300 {
		a.spent = false
	}
	return a
}

// listening is a transport that keeps the answer, and hands it on in the form that package oauth2
// reads.
type listening struct {
	http.RoundTripper
	to *asked
}

func (l listening) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	l.to.accepted = resp.StatusCode >= 200 && resp.StatusCode < 300
	body, err := io.ReadAll(io.LimitReader(resp.Body, web.MaxBody))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	l.to.status, l.to.body = resp.StatusCode, web.TrimBody(body)
	clean := readable(l.to.body)
	if json.Valid(clean) {
		// JSON comes labelled text/plain, text/html or application/octet-stream as well (R).
		resp.Header.Set("Content-Type", "application/json")
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(clean)), int64(len(clean))
	return resp, nil
}

// readable takes fields out of an answer whose values are of no type that package oauth2 accepts:
// it would not take the token.
func readable(body []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return body
	}
	changed := false
	drop := func(name string) { delete(fields, name); changed = true }
	if life := fields["expires_in"]; life != nil {
		if _, err := strconv.ParseInt(strings.Trim(string(life), `"`), 10, 32); err != nil {
			drop("expires_in")
		}
	}
	for _, name := range []string{"token_type", "error_description", "error_uri"} {
		if v := fields[name]; len(v) > 0 && v[0] != '"' {
			drop(name)
		}
	}
	if b, err := json.Marshal(fields); err == nil && changed {
		return b
	}
	return body
}

// newToken makes a token of what came.
func (s Server) newToken(known *secrets, a *asked) (t token, err error) {
	var domain string
	if said, ok := a.token.Extra("api_domain").(string); ok && said != "" {
		// A secret must not become a part of an address either.
		safe := string(known.with(a.token.AccessToken, a.token.RefreshToken).hide([]byte(said)))
		if domain, err = zoho.CheckBaseURL(withScheme(safe)); err != nil && s.APIDomain == "" {
			return t, &zoho.Error{
				Kind: zoho.Denied, Scope: zoho.ScopeRun, Status: a.status, Code: zoho.CodeNoToken,
				Cause: fmt.Errorf("the token endpoint names the API domain %w", err),
			}
		}
		t.foreign = err != nil
	}
	t.Token = zoho.NewToken(a.token.AccessToken, domain)
	if scopes, ok := a.token.Extra("scope").(string); ok {
		t.scopes = string(known.with(a.token.AccessToken, a.token.RefreshToken).hide([]byte(scopes)))
	}
	// A value that is no number counts as one that is not there.
	inSec, _ := strconv.ParseFloat(fmt.Sprint(a.token.Extra("expires_in_sec")), 64)
	if life := lifeOf(float64(a.token.ExpiresIn), inSec); life > 0 {
		t.expires = a.at.Add(life)
	}
	return t, nil
}

// withScheme adds https to a host that comes without a scheme (R).
func withScheme(domain string) string {
	if strings.Contains(domain, ":/") || strings.HasPrefix(domain, "/") || strings.Contains(domain, "@") {
		return domain
	}
	return "https://" + domain
}

// Grant is what a grant code was exchanged for, or what the user of a Device has allowed.
type Grant struct {
	RefreshToken string
	Scopes       []string // as far as the accounts host says
	APIDomain    string   // base URL; empty if the accounts host does not say
	token        token
}

// Exchange makes a refresh token of the grant code that a self client generates. A code is good for
// minutes, and once (D). memory keeps whether the client is locked out; it may be nil. While it is,
// nothing is sent, so that the code stays good.
//
// POST {accounts}/oauth/v2/token, grant_type=authorization_code (D)
func (s Server) Exchange(ctx context.Context, c Credentials, code string, memory *Cache) (Grant, error) {
	if err := memory.LockedOut(); err != nil {
		return Grant{}, err
	}
	known := newSecrets(c.ClientSecret, c.RefreshToken, c.AccessToken, code)
	a := s.ask(ctx, c, s.endpoint(), func(ctx context.Context, config *oauth2.Config) (*oauth2.Token, error) {
		return config.Exchange(ctx, code)
	})
	if a.err != nil {
		e := a.failure(ctx, known)
		if e.Code == zoho.CodeLockedOut {
			memory.lockOut(time.Now())
		}
		return Grant{}, e
	}
	return s.granted(known, a, "the code was made for online access only, as a browser login without access_type=offline makes it, or it was used before")
}

// granted makes a Grant of what came. without says why there may be no refresh token.
func (s Server) granted(known *secrets, a *asked, without string) (Grant, error) {
	if a.token.RefreshToken == "" {
		return Grant{}, &zoho.Error{
			Kind: zoho.Denied, Scope: zoho.ScopeRun, Status: a.status, Code: zoho.CodeNoRefreshToken, Cause: errors.New(without),
		}
	}
	t, err := s.newToken(known, a)
	if err != nil {
		return Grant{}, err
	}
	return Grant{RefreshToken: a.token.RefreshToken, APIDomain: t.APIDomain(), Scopes: scopesOf(t.scopes), token: t}, nil
}

// scopesOf takes a list of scopes apart.
func scopesOf(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' })
}

// Keep puts the access token that came with the grant into the cache, so that the first run needs
// no other.
func (g Grant) Keep(c *Cache) {
	unlock, err := c.lock(context.Background())
	if err != nil {
		return
	}
	defer unlock()
	c.store(g.token, []time.Time{time.Now()})
}
