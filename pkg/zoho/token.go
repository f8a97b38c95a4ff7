package zoho

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Login is what an access token is made from. Either AccessToken is ready to use, or the other three make one.
type Login struct {
	ClientID, ClientSecret, RefreshToken string
	AccessToken                          string
}

// Format prints a placeholder, whatever the verb.
func (Login) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "(login)") }

// Token is an access token. It is never printed: its own text is a placeholder, and inside of other values, where
// package fmt does not ask for that, it is an address.
type Token struct {
	value     *string   // nil for no token
	apiDomain string    // where the token's org lives; empty if not known
	expires   time.Time // zero if not known
}

func (t Token) String() string { return "(access token)" }

// Format prints String, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

func (t Token) secret() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

func (t Token) is(other Token) bool { return t.secret() == other.secret() }

// expiryMargin is how long before its end a token is no longer used, so that it does not die on the way.
const expiryMargin = 30 * time.Second

func (t Token) usable(now time.Time) bool {
	return t.secret() != "" && (t.expires.IsZero() || now.Before(t.expires.Add(-expiryMargin)))
}

// TokenSource hands out one access token to all workers and makes a new one when the CRM refuses it.
//
// An access token lives for an hour; of one refresh token 10 can be made in 10 minutes, and 15 are alive at a time (D).
// So tokens are kept between runs in a TokenCache, all callers share one refresh, and a refusal of the login itself is
// final: asking again prolongs a lock-out (R).
type TokenSource struct {
	login    func() Login // a function, into which package fmt does not look
	endpoint string       // the accounts host
	http     *http.Client
	cache    *TokenCache
	secrets  *secrets
	turn     chan struct{} // holds one element: whoever has it may change what is below
	current  Token
	dropped  Token // the last one that the CRM refused
	final    error // the login is refused: never asked again
}

// NewTokenSource makes a source that asks the token endpoint of the accounts host (a base URL) through client. cache may
// be nil.
func NewTokenSource(login Login, accounts string, client *http.Client, cache *TokenCache) *TokenSource {
	s := &TokenSource{login: func() Login { return login }, endpoint: tokenEndpoint(accounts), http: accountsClient(client), cache: cache, turn: make(chan struct{}, 1)}
	s.secrets = newSecrets(login.ClientSecret, login.RefreshToken)
	s.secrets.token(login.AccessToken)
	s.turn <- struct{}{}
	if login.AccessToken != "" {
		s.current = Token{value: &login.AccessToken}
	}
	return s
}

func tokenEndpoint(accounts string) string { return accounts + "/oauth/v2/token" }

// accountsClient is the client for the token endpoint, whose answers package oauth2 reads.
func accountsClient(client *http.Client) *http.Client {
	own := direct(client)
	if own.Transport == nil {
		own.Transport = http.DefaultTransport
	}
	own.Transport = trimming{own.Transport}
	return own
}

// trimming takes off what gateways put around a body.
type trimming struct{ http.RoundTripper }

func (t trimming) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	body = withoutNonsense(trimBody(body))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// withoutNonsense takes a lifetime out of an answer that is no whole number: package oauth2 would not take the token.
func withoutNonsense(body []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields["expires_in"] == nil {
		return body
	}
	if _, err := strconv.ParseInt(strings.Trim(string(fields["expires_in"]), `"`), 10, 32); err == nil {
		return body
	}
	delete(fields, "expires_in")
	if b, err := json.Marshal(fields); err == nil {
		return b
	}
	return body
}

// direct is a client that follows no redirect: one can lead anywhere, and what is sent holds secrets.
func direct(client *http.Client) *http.Client {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Token gives the current access token, or makes one. Its error is an *Error: Denied if the login is refused, else
// Unsent.
func (s *TokenSource) Token(ctx context.Context) (Token, error) {
	select {
	case <-ctx.Done():
		return Token{}, unsent(context.Cause(ctx))
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()
	switch {
	case s.final != nil:
		return Token{}, s.final
	case s.current.usable(time.Now()):
		return s.current, nil
	case s.login().RefreshToken == "":
		s.final = &Error{Kind: Denied, Scope: ScopeRun, Code: CodeTokenRefused}
		return Token{}, s.final
	}
	t, err := s.renew(ctx)
	var e *Error
	switch {
	case err == nil:
		s.secrets.token(t.secret())
		s.current = t
	case errors.As(err, &e) && e.Kind == Denied:
		s.final = err
	}
	return t, err
}

// Ready gives the current access token if it can be used, without any wait.
func (s *TokenSource) Ready() (Token, bool) {
	select {
	case <-s.turn:
	default: // one is being made
		return Token{}, false
	}
	defer func() { s.turn <- struct{}{} }()
	return s.current, s.current.usable(time.Now())
}

// refused tells the source that the CRM did not accept a token, and reports whether it was the current one: of all
// callers that had it, only the first makes a difference.
func (s *TokenSource) refused(t Token) bool {
	<-s.turn
	defer func() { s.turn <- struct{}{} }()
	if t.secret() == "" || !s.current.is(t) {
		return false
	}
	s.current, s.dropped = Token{}, t
	s.cache.drop(t)
	return true
}

// renew takes a token that another process has made, or makes one.
func (s *TokenSource) renew(ctx context.Context) (Token, error) {
	unlock, err := s.cache.lock(ctx)
	if err != nil {
		return Token{}, unsent(err)
	}
	defer unlock()
	// A cache that could not be changed still holds the token that was refused.
	if t := s.cache.load(); t.usable(time.Now()) && !t.is(s.dropped) {
		return t, nil
	}
	if until := s.cache.lockedOut(time.Now()); !until.IsZero() {
		return Token{}, &Error{
			Kind: Denied, Scope: ScopeRun, Code: codeLockedOut,
			Cause: fmt.Errorf("it is not asked again before %s", until.Local().Format("15:04:05")),
		}
	}
	t, err := s.exchange(ctx)
	if err != nil {
		if e := new(Error); errors.As(err, &e) && e.Code == codeLockedOut {
			s.cache.lockOut(time.Now())
		}
		return Token{}, err
	}
	s.cache.store(t)
	return t, nil
}

func (s *TokenSource) exchange(ctx context.Context) (Token, error) {
	asked := time.Now()
	login := s.login()
	t, err := exchangeConfig(login, s.endpoint).
		TokenSource(context.WithValue(ctx, oauth2.HTTPClient, s.http), &oauth2.Token{RefreshToken: login.RefreshToken}).Token()
	if err != nil {
		return Token{}, tokenError(ctx, s.secrets, s.endpoint, err)
	}
	return newToken(s.secrets, t, asked)
}

// exchangeConfig sends the credentials in the form only: trying out where they belong would send them twice.
func exchangeConfig(l Login, endpoint string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     l.ClientID,
		ClientSecret: l.ClientSecret,
		Endpoint:     oauth2.Endpoint{TokenURL: endpoint, AuthStyle: oauth2.AuthStyleInParams},
	}
}

func newToken(known *secrets, t *oauth2.Token, asked time.Time) (token Token, err error) {
	token = Token{value: &t.AccessToken}
	if life := lifeOf(t); life > 0 {
		token.expires = asked.Add(life)
	}
	if domain, ok := t.Extra("api_domain").(string); ok && domain != "" {
		// A secret must not become a part of an address either.
		if token.apiDomain, err = CheckBaseURL(known.with(t.AccessToken, t.RefreshToken).hideText(domain)); err != nil {
			return Token{}, &Error{Kind: Denied, Scope: ScopeRun, Code: CodeNoToken, Cause: fmt.Errorf("the token endpoint names the API domain %w", err)}
		}
	}
	return token, nil
}

// What the life of a token can be. Zoho's live for an hour (D).
const (
	lifeMin = 2 * expiryMargin
	lifeMax = 24 * time.Hour
)

// lifeOf is how long a token lives; 0 if that is not said, or makes no sense. Such a token is used until the CRM refuses it:
// asking for one for each call would end in a lock-out.
func lifeOf(t *oauth2.Token) time.Duration {
	// Where expires_in_sec is there too, expires_in is in milliseconds (K).
	said, err := strconv.ParseFloat(fmt.Sprint(t.Extra("expires_in_sec")), 64)
	if err != nil || said <= 0 {
		said = float64(t.ExpiresIn)
	}
	if said <= lifeMin.Seconds() || said > lifeMax.Seconds() {
		return 0
	}
	return time.Duration(said * float64(time.Second))
}

// passing are error codes of the token endpoint that say nothing about the login.
var passing = map[string]bool{"server_error": true, "temporarily_unavailable": true, "general_error": true, "internal_error": true}

// tokenError says why there is no token. Errors of the endpoint come with HTTP 200 or 400 alike (R).
func tokenError(ctx context.Context, known *secrets, endpoint string, err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return &Error{Kind: Unsent, Code: CodeNoToken, Cause: noToken(ctx, known, endpoint, err)}
	}
	status := answer.Response.StatusCode
	var body struct {
		Error        text `json:"error"`
		AccessToken  text `json:"access_token"`
		RefreshToken text `json:"refresh_token"`
	}
	code := text(answer.ErrorCode)
	if json.Unmarshal(answer.Body, &body) == nil {
		known = known.with(string(body.AccessToken), string(body.RefreshToken))
		if code == "" {
			code = body.Error
		}
	}
	said := text(known.hideText(string(code))).text()
	if said == "" || passing[said] || status >= 500 {
		if said != "" {
			return &Error{Kind: Unsent, Status: status, Code: CodeNoToken, Cause: fmt.Errorf("%s answered HTTP %d, %q", endpoint, status, said)}
		}
		return &Error{Kind: Unsent, Status: status, Code: CodeNoToken, Cause: fmt.Errorf("%s answered HTTP %d", endpoint, status)}
	}
	return &Error{Kind: Denied, Scope: ScopeRun, Status: status, Code: said, Cause: fmt.Errorf("the token endpoint %s answered %q", endpoint, said)}
}

func noToken(ctx context.Context, known *secrets, endpoint string, err error) error {
	var transport *url.Error
	switch words := err.Error(); {
	case ctx.Err() != nil, errors.As(err, &transport):
		return fmt.Errorf("%s: %w", endpoint, known.hideError(because(ctx, err)))
	case strings.Contains(words, "missing access_token"):
		return errors.New("the token endpoint answered without a token")
	case strings.Contains(words, "cannot parse"):
		return errors.New("the token endpoint's answer cannot be read")
	}
	return fmt.Errorf("%s: %w", endpoint, known.hideError(plain(err)))
}
