package engine

import (
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// tokens is what is known of the access token. A call has its token before its place in the rate: calls that waited for a token
// behind their place would leave together.
type tokens struct {
	making bool      // a token is being made, and nothing is sent meanwhile
	tries  int       // how often that failed in a row
	due    time.Time // it is not tried again before

	renewals int       // of the token, since a call was last accepted
	probing  bool      // the new token was refused too: wait until nothing is in flight before judging it
	latest   time.Time // when the latest of the calls was sent that were accepted

	wanted chan struct{}
	made   chan error
}

func newTokens() tokens {
	return tokens{wanted: make(chan struct{}, 1), made: make(chan error, 1)}
}

// accepted notes that a call with the token was let through.
func (t *tokens) accepted(sentAt time.Time) {
	t.renewals, t.probing = 0, false
	if sentAt.After(t.latest) {
		t.latest = sentAt
	}
}

// wantToken has a token made. It returns when to look again, if that has to wait.
func (d *dispatcher) wantToken(now time.Time) time.Time {
	if now.Before(d.tokens.due) {
		return d.tokens.due
	}
	d.tokens.making = true
	d.tokens.wanted <- struct{}{}
	return time.Time{}
}

// tokenMade takes whether there is a token for the task in front. Where the endpoint could not be asked, it is asked again as often
// as calls are sent, while everything waits: no other task would fare better.
func (d *dispatcher) tokenMade(err error) {
	d.tokens.making = false
	if err == nil {
		d.tokens.tries = 0
		return
	}
	e := zoho.AsError(err)
	d.tokens.tries++
	if wait, again := retry(d.tokens.tries, d.engine.settings.MaxAttempts, e); again && d.hard.Err() == nil {
		d.tokens.due = time.Now().Add(max(d.jitter(wait), min(e.RetryAfter, pauseMax)))
		return
	}
	if d.hard.Err() == nil { // else run sees that, and knows the reason
		d.End(ReasonOf(e), e)
	}
}

// badToken sends a task again with a new token. If that is refused too, it is the login that is at fault, or the call: a scope that
// is missing is answered with 401 as well, and not always with its name (R). It is the call, if another one was accepted since the
// task's first refusal.
func (d *dispatcher) badToken(r *result) {
	s := r.task.state()
	if s.denials++; s.denials == 1 {
		s.denied = r.sentAt
	} else if d.tokens.latest.After(s.denied) {
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
			d.End(outcome.Refused, r.err)
		}
	}
}

// ReasonOf is the reason of a run that an error ends.
func ReasonOf(e *zoho.Error) outcome.Reason {
	if e.Kind == zoho.Denied || e.Kind == zoho.BadToken {
		return outcome.Refused
	}
	return outcome.Broken
}
