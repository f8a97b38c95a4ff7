package engine

import (
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// tokens is what is known of the access token. A call gets its token before its place in the rate.
// In the reverse order, calls that have their place and wait for a token would leave together.
type tokens struct {
	making bool      // a token is being made, and nothing is sent meanwhile
	tries  int       // how often that failed in a row
	due    time.Time // no token is asked for before

	renewals int // how often the token was renewed since a call was last accepted
	// probing says that the new token was refused, too. The next call is sent when no other is in
	// flight, and decides whether the login is refused.
	probing bool
	good    map[zoho.Token]time.Time // the latest time at which a call was sent that was accepted

	wanted chan struct{}
	made   chan error
}

func newTokens() tokens {
	return tokens{good: map[zoho.Token]time.Time{}, wanted: make(chan struct{}, 1), made: make(chan error, 1)}
}

// accepted notes that a call with a token was accepted.
func (t *tokens) accepted(token zoho.Token, sentAt time.Time) {
	t.renewals, t.probing = 0, false
	if sentAt.After(t.good[token]) {
		t.good[token] = sentAt
	}
}

// tokenRefusal is a call that was refused for its token.
type tokenRefusal struct {
	token  zoho.Token
	sentAt time.Time
}

// isGood reports whether the token of a refused call was accepted in a later call. Then the token
// is not the reason of the refusal.
func (t *tokens) isGood(r *tokenRefusal) bool { return t.good[r.token].After(r.sentAt) }

// wantToken has a token made. If it is too early for that, it returns the time to try again.
func (d *dispatcher) wantToken(now time.Time) time.Time {
	if now.Before(d.tokens.due) {
		return d.tokens.due
	}
	d.tokens.making = true
	d.tokens.wanted <- struct{}{}
	return time.Time{}
}

// tokenMade notes how the making of a token ended. If the token endpoint could not be asked, it is
// asked again, as often as a call is sent again. All tasks wait for that, since none could be sent
// without a token.
func (d *dispatcher) tokenMade(err error) {
	d.tokens.making = false
	if err == nil {
		d.tokens.tries = 0
		return
	}
	e := zoho.AsError(err)
	d.tokens.tries++
	if d.stop.Err() != nil || d.hard.Err() != nil { // run sees that as well, and notes the reason
		return
	}
	if wait, again := retry(d.tokens.tries, d.engine.settings.MaxAttempts, e); again {
		d.tokens.due = time.Now().Add(max(d.jitter(wait), min(e.RetryAfter, pauseMax)))
		return
	}
	d.End(ReasonOf(e), e)
}

// badToken takes a call that was refused for its token, and sends its task again with a new one. If
// the CRM refuses the new token as well, either the login is not valid or the call is not allowed:
// a missing scope is also answered with 401, and not always with its own code (docs/zoho-api.md,
// section 3). If another call was accepted later with the refused token, this call is not allowed.
// It is not sent again then, because each attempt would cost a new token.
func (d *dispatcher) badToken(r *result) {
	s := r.task.state()
	before := s.tokenRefused
	s.tokenRefused = &tokenRefusal{s.token, r.sentAt}
	if before != nil && (d.tokens.isGood(before) || d.tokens.isGood(s.tokenRefused)) {
		e := *r.err
		e.Kind, e.Scope = zoho.Denied, zoho.ScopeList
		d.op.Answer(r.task, Reply{Err: &e, Finished: r.finished})
		return
	}
	if r.renewed {
		d.tokens.renewals++
	}
	d.Park(r.task, 0)
	if d.tokens.renewals > 1 {
		d.tokens.probing = true
		if d.inFlight == 0 {
			d.End(outcome.LoginRefused, r.err)
		}
	}
}

// ReasonOf gives the reason of a run that ends because of an error.
func ReasonOf(e *zoho.Error) outcome.Reason {
	if e.Kind == zoho.Denied || e.Kind == zoho.BadToken {
		return outcome.LoginRefused
	}
	return outcome.Broken
}
