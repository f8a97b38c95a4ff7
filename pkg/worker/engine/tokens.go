package engine

import (
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// tokens is what is known of the access token. A call has its token before its place in the rate:
// calls that waited for a token behind their place would leave together.
type tokens struct {
	making bool      // a token is being made, and nothing is sent meanwhile
	tries  int       // how often that failed in a row
	due    time.Time // it is not tried again before

	renewals int                      // of the token, since a call was last accepted
	probing  bool                     // the new token was refused too: wait until nothing is in flight before judging it
	good     map[zoho.Token]time.Time // when the latest call was sent that was accepted with the token

	wanted chan struct{}
	made   chan error
}

func newTokens() tokens {
	return tokens{good: map[zoho.Token]time.Time{}, wanted: make(chan struct{}, 1), made: make(chan error, 1)}
}

// accepted notes that a call with a token was let through.
func (t *tokens) accepted(token zoho.Token, sentAt time.Time) {
	t.renewals, t.probing = 0, false
	if sentAt.After(t.good[token]) {
		t.good[token] = sentAt
	}
}

// refusal is a call that was refused for its token.
type refusal struct {
	token  zoho.Token
	sentAt time.Time
}

// isGood reports whether the token of a refused call was accepted afterwards, so that the refusal
// is not about the token.
func (t *tokens) isGood(r refusal) bool { return t.good[r.token].After(r.sentAt) }

// wantToken has a token made. It returns when to look again, if that has to wait.
func (d *dispatcher) wantToken(now time.Time) time.Time {
	if now.Before(d.tokens.due) {
		return d.tokens.due
	}
	d.tokens.making = true
	d.tokens.wanted <- struct{}{}
	return time.Time{}
}

// tokenMade takes whether there is a token for the task in front. Where the endpoint could not be
// asked, it is asked again as often as calls are sent, while everything waits: no other task would
// fare better.
func (d *dispatcher) tokenMade(err error) {
	d.tokens.making = false
	if err == nil {
		d.tokens.tries = 0
		return
	}
	e := zoho.AsError(err)
	d.tokens.tries++
	if d.stop.Err() != nil || d.hard.Err() != nil { // run sees that too, and knows the reason
		return
	}
	if wait, again := retry(d.tokens.tries, d.engine.settings.MaxAttempts, e); again {
		d.tokens.due = time.Now().Add(max(d.jitter(wait), min(e.RetryAfter, pauseMax)))
		return
	}
	d.End(ReasonOf(e), e)
}

// badToken sends a task again with a new token. If that one is refused too, either the login is at
// fault or the call: a missing scope is also answered with 401, and not always with its own code
// (docs/zoho-api.md, section 3). The call is at fault if another one went through later with the
// very token that this one was refused with. Otherwise each try would cost a new token.
func (d *dispatcher) badToken(r *result) {
	s := r.task.state()
	now := refusal{s.token, r.sentAt}
	again, before := s.denied, s.denial
	s.denied, s.denial = true, now
	if again && (d.tokens.isGood(before) || d.tokens.isGood(now)) {
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

// ReasonOf is the reason of a run that an error ends.
func ReasonOf(e *zoho.Error) outcome.Reason {
	if e.Kind == zoho.Denied || e.Kind == zoho.BadToken {
		return outcome.LoginRefused
	}
	return outcome.Broken
}
