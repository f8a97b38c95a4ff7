package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"delink/pkg/zoho"
)

// Source hands out one access token to all workers and makes a new one when the CRM refuses it. It
// implements zoho.Tokens.
//
// An access token lives for an hour; of one refresh token 10 can be made in 10 minutes, and 15 are
// alive at a time (D). So tokens are kept between runs in a Cache, all callers share one refresh, a
// refusal of the login itself is final, and no more are asked for than Zoho gives: asking again
// makes a lock-out longer (R).
type Source struct {
	credentials func() Credentials // a function, into which package fmt does not look
	server      Server
	cache       *Cache
	secrets     *secrets
	turn        chan struct{} // holds one element: whoever has it may change what is below
	current     token
	dropped     zoho.Token  // the last one that the CRM refused
	made        []time.Time // when tokens were asked for, in the last madeWithin
	final       error       // the login is refused: never asked again
}

// Zoho's limit on access tokens for one refresh token (D).
const (
	madeMost   = 10
	madeWithin = 10 * time.Minute
)

// NewSource makes a source of tokens. cache may be nil.
func NewSource(c Credentials, server Server, cache *Cache) *Source {
	s := &Source{credentials: func() Credentials { return c }, server: server, cache: cache, turn: make(chan struct{}, 1)}
	s.secrets = newSecrets(c.ClientSecret, c.RefreshToken)
	s.secrets.token(c.AccessToken)
	s.turn <- struct{}{}
	if c.AccessToken != "" {
		s.current = token{Token: zoho.NewToken(c.AccessToken, "")}
	}
	return s
}

// Token gives the current access token, or makes one. Its error is a *zoho.Error: Denied if the
// login is refused or as many tokens were made as Zoho allows, else Unsent.
func (s *Source) Token(ctx context.Context) (zoho.Token, error) {
	select {
	case <-ctx.Done():
		return zoho.Token{}, unsent(context.Cause(ctx))
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()
	switch {
	case s.final != nil:
		return zoho.Token{}, s.final
	case s.current.usable(time.Now()):
		return s.current.Token, nil
	case s.credentials().RefreshToken == "":
		s.final = &zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: zoho.CodeTokenRefused}
		return zoho.Token{}, s.final
	}
	t, err := s.renew(ctx)
	var e *zoho.Error
	switch {
	case err == nil:
		s.secrets.token(t.Secret())
		s.current = t
	case errors.As(err, &e) && e.Kind == zoho.Denied && e.Code != zoho.CodeTooManyTokens:
		s.final = err
	}
	return t.Token, err
}

// Ready gives the current access token if it can be used, without any wait.
func (s *Source) Ready() (zoho.Token, bool) {
	select {
	case <-s.turn:
	default: // one is being made
		return zoho.Token{}, false
	}
	defer func() { s.turn <- struct{}{} }()
	return s.current.Token, s.current.usable(time.Now())
}

// Scopes are what the login may do, as far as the token endpoint said when it made the current
// token. They are nil if it did not, or if there is no token yet.
func (s *Source) Scopes() []string {
	<-s.turn
	defer func() { s.turn <- struct{}{} }()
	if s.current.scopes == "" {
		return nil
	}
	return scopesOf(s.current.scopes)
}

// Refused tells the source that the CRM did not accept a token, and reports whether it was the
// current one: of all callers that had it, only the first makes a difference.
func (s *Source) Refused(t zoho.Token) bool {
	<-s.turn
	defer func() { s.turn <- struct{}{} }()
	if t.Secret() == "" || !s.current.Is(t) {
		return false
	}
	s.cache.drop(s.current)
	s.current, s.dropped = token{}, t
	return true
}

// Hide replaces the login's secrets in what a server sent.
func (s *Source) Hide(b []byte) []byte { return s.secrets.hide(b) }

// renew takes a token that another process has made, or makes one.
func (s *Source) renew(ctx context.Context) (token, error) {
	unlock, err := s.cache.lock(ctx)
	if err != nil {
		return token{}, unsent(err)
	}
	defer unlock()
	now := time.Now()
	has, made := s.cache.load()
	// A cache that could not be changed still holds the token that was refused.
	if has.usable(now) && !has.Is(s.dropped) {
		return has, nil
	}
	if err := s.cache.loginLockedOut(); err != nil {
		return token{}, err
	}
	if s.made = lately(now, s.made, made); len(s.made) >= madeMost {
		again := s.made[len(s.made)-madeMost].Add(madeWithin)
		return token{}, &zoho.Error{
			Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: zoho.CodeTooManyTokens, RetryAfter: again.Sub(now),
			Cause: fmt.Errorf("%d were asked for in %d minutes, which is as many as Zoho gives; the next one is not asked for before %s",
				madeMost, int(madeWithin.Minutes()), again.Local().Format("15:04:05")),
		}
	}
	return s.exchange(ctx)
}

// exchange makes a token, and keeps it.
func (s *Source) exchange(ctx context.Context) (t token, err error) {
	c := s.credentials()
	a := s.server.ask(ctx, c, s.server.endpoint(), func(ctx context.Context, config *oauth2.Config) (*oauth2.Token, error) {
		return config.TokenSource(ctx, &oauth2.Token{RefreshToken: c.RefreshToken}).Token()
	})
	if a.spent {
		s.made = append(s.made, a.at)
	}
	if a.err != nil {
		e := a.failure(ctx, s.secrets)
		if e.Code == zoho.CodeLockedOut {
			s.cache.lockOut(time.Now())
		}
		s.cache.store(token{}, s.made)
		return token{}, e
	}
	if t, err = s.server.newToken(s.secrets, a); err == nil {
		s.cache.store(t, s.made)
	}
	return t, err
}

// lately are the times of both lists that count for Zoho's limit, in order and each once. Times
// that lie ahead are of a clock that was wrong.
func lately(now time.Time, lists ...[]time.Time) []time.Time {
	var all []time.Time
	for _, list := range lists {
		for _, t := range list {
			if now.Sub(t) < madeWithin && !t.After(now) {
				all = append(all, t)
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

func unsent(err error) *zoho.Error {
	return &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNotConnected, Cause: err}
}
