package engine

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"delink/pkg/zoho"
	"delink/pkg/zoho/login"
)

// call is one call as the service saw it.
type call struct {
	n      int // from 1
	task   int // from 0
	second bool
	unsent bool
	at     time.Time
	token  zoho.Token
}

// service is an API. Whatever a test does not set goes well and takes no time.
type service struct {
	t             *testing.T
	mu            sync.Mutex
	calls         []call
	inFlight      int
	peak          int
	busy          time.Duration
	token         zoho.Token
	none          bool // there is no token
	tokens        int  // that were made, or tried
	held          map[*zoho.Error]zoho.Token
	prepared      map[int]bool
	preparedAgain map[int]bool // for their second calls
	begun         map[int]bool // tasks that were called, or that needed no call
	slots         int
	unsynced      int // ends of tasks that no sync has covered, and those that the sync under way covers
	covered       int

	latency func(call) time.Duration
	hang    func(call) bool                    // ends only when it is cut off
	fault   func(call) *zoho.Error             // nil for none
	credits func() (int, bool)                 // nil: not known
	making  func(n int) (time.Duration, error) // of the nth token; nil: it is there at once
}

// newToken is a token that differs from all others.
func newToken(n int) zoho.Token {
	token, _ := login.NewSource(login.Credentials{AccessToken: strconv.Itoa(n)}, login.Server{HTTP: http.DefaultClient}, nil).Ready()
	return token
}

func (s *service) do(ctx context.Context, task int, second bool, token zoho.Token) error {
	c, e, wait := s.enter(task, second, token)
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			if e == nil || e.Sent {
				e = &zoho.Error{Kind: zoho.Unanswered, Sent: true, Code: zoho.CodeNoAnswer, Cause: context.Cause(ctx)}
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	s.busy += time.Since(c.at)
	if e == nil {
		return nil
	}
	return e
}

func (s *service) enter(task int, second bool, token zoho.Token) (c call, e *zoho.Error, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c = call{n: len(s.calls) + 1, task: task, second: second, at: time.Now(), token: token}
	if !s.prepared[task] {
		s.t.Errorf("task %d is called, and was not prepared", task)
	}
	if second && !s.preparedAgain[task] {
		s.t.Errorf("task %d is called once more, and was not prepared for that", task)
	}
	s.calls = append(s.calls, c)
	s.begun[task] = true
	s.inFlight++
	s.peak = max(s.peak, s.inFlight)
	if n := s.inFlight + s.unsynced + s.covered; n > 2*s.slots {
		s.t.Errorf("%d tasks are in flight or not on disk, with %d slots", n, s.slots)
	}
	if s.fault != nil {
		if x := s.fault(c); x != nil {
			own := *x
			e = &own
			s.held[e] = token
			s.calls[c.n-1].unsent = !e.Sent
		}
	}
	if s.latency != nil {
		wait = s.latency(c)
	}
	if s.hang != nil && s.hang(c) {
		wait = 1000 * time.Hour
	}
	return c, e, wait
}

func (s *service) Ready() (zoho.Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, !s.none
}

func (s *service) Token(ctx context.Context) (zoho.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.none {
		return s.token, nil
	}
	s.tokens++
	var err error
	if s.making != nil {
		var wait time.Duration
		wait, err = s.making(s.tokens)
		s.mu.Unlock()
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			err = unsent()
		}
		s.mu.Lock()
	}
	if err != nil {
		return zoho.Token{}, err
	}
	s.none, s.token = false, newToken(s.tokens)
	return s.token, nil
}

func (s *service) Renew(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var e *zoho.Error
	if !errors.As(err, &e) || s.none || s.held[e] != s.token {
		return false
	}
	s.none = true
	return true
}

func (s *service) Credits() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.credits == nil {
		return 0, false
	}
	return s.credits()
}

// called is how many calls have begun.
func (s *service) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// starts are the times of the calls, from the first one's.
func (s *service) starts() (at []time.Duration) {
	for _, c := range s.calls {
		at = append(at, c.at.Sub(s.calls[0].at))
	}
	return at
}

// What goes wrong, by kind.
func unanswered() *zoho.Error {
	return &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: 502, Code: zoho.CodeServerError}
}

func unsent() *zoho.Error {
	return &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNotConnected, Cause: errors.New("refused")}
}

func throttled() *zoho.Error {
	return &zoho.Error{Kind: zoho.Throttled, Scope: zoho.ScopeRun, Sent: true, Status: 429, Code: "TOO_MANY_REQUESTS"}
}

func badToken() *zoho.Error {
	return &zoho.Error{Kind: zoho.BadToken, Scope: zoho.ScopeRun, Sent: true, Status: 401, Code: "INVALID_TOKEN"}
}

// always gives an error to each call that which chooses.
func always(which func(call) bool, e *zoho.Error) func(call) *zoho.Error {
	return func(c call) *zoho.Error {
		if which(c) {
			return e
		}
		return nil
	}
}

func every(call) bool { return true }

func nth(numbers ...int) func(call) bool {
	return func(c call) bool { return slices.Contains(numbers, c.n) }
}

func steady(d time.Duration) func(call) time.Duration {
	return func(call) time.Duration { return d }
}
