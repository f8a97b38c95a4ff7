package engine

import (
	"fmt"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// Zoho limits the calls in flight, per org and app, and says neither what the limit is nor who else
// uses it up (docs/zoho-api.md, section 4). The throttle finds the limit: one number of slots for
// all workers, which falls when a call is refused and rises while calls are answered.
//
//	slots
//	 max ┤▁                                        told by the user or the edition
//	     │ ╲              probe   ╱▔▔╲ refused
//	 ceil┤  ╲   ╱▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔    ▔▔▔▔▔        the last known limit
//	     │   ╲╱ rise: +1 a round
//	   1 ┤
//
// The fall is multiplicative, once for all calls that were sent before it. The calls that were in
// flight and not refused show how low it has to go, so one round is enough. Below the last refused
// number, slots come back at one a round. Above it they come back one at a time, at growing
// intervals, because each such probe can cost a refused call.
type throttle struct {
	max     int
	slots   float64
	ceiling float64   // a number of slots that was refused; max+1 if none was
	cut     time.Time // of the last fall: calls that were sent before do not count again
	probe   time.Time // when to try one more than the ceiling allows
	between time.Duration
	climbed int       // probes since the last refusal
	paused  time.Time // nothing is sent until then
	toldTo  time.Time // people know of a pause until then
	alone   int       // refusals in a row with no other call in flight
	began   time.Time // the first call
}

const (
	fall = 0.7
	// A refusal comes at once, so a probe that was let through is soon followed by the next. After
	// a probe that was refused, the wait doubles, unless the limit had risen before.
	probeNext  = time.Second
	probeFirst = 5 * time.Second
	probeMax   = 30 * time.Second
	// A refusal with nothing else in flight is not about the number of calls in flight. After so
	// many of these in a row, with growing waits between them, the day's credits must be gone.
	aloneMax = 4
	// pauseMax bounds what a Retry-After can ask: a longer wait is better spent stopped.
	pauseMax = 5 * time.Minute
	// At first, as many calls go at once as every edition allows, and the others one by one.
	// Refusals come fast, so the first one comes before all calls have gone. A limit that is lower
	// than was told costs a few refusals then, and not one for each slot above it.
	firstAtOnce = 5
	firstApart  = 4 * time.Millisecond
	// waitsApart is how many times the wait that a refusal asked for lies between probes, at the
	// least.
	waitsApart = 20
	// pauseTold is the shortest pause that people are told of.
	pauseTold = 5 * time.Second
)

func newThrottle(slots int) *throttle {
	return &throttle{max: slots, slots: float64(slots), ceiling: float64(slots + 1)}
}

// free reports whether one more call may be sent; if not, and only time is needed, when.
func (t *throttle) free(inFlight int, now time.Time) (ok bool, at time.Time) {
	switch {
	case inFlight >= int(t.slots):
		return false, at
	case now.Before(t.paused):
		return false, t.paused
	case t.began.IsZero():
		t.began = now
	}
	if at = t.began.Add(time.Duration(inFlight-firstAtOnce+1) * firstApart); now.Before(at) {
		return false, at
	}
	return true, time.Time{}
}

// answered notes a call that the CRM let through.
func (t *throttle) answered(now time.Time) {
	t.alone = 0
	rise := t.slots + 1/t.slots
	switch {
	case t.ceiling > float64(t.max):
		t.slots = min(float64(t.max), rise)
	case rise < t.ceiling:
		t.slots = rise
	case now.After(t.probe):
		t.ceiling++
		t.slots = min(float64(t.max), t.ceiling-0.5)
		t.climbed++
		t.probe = now.Add(probeNext)
	default:
		t.slots = max(1, t.ceiling-0.5)
	}
}

// verdict is what a refusal means for the run; the zero value is that the run goes on.
type verdict int

const (
	goOn     verdict = iota
	told             // the CRM said that the credits are gone
	tooLong          // it asks to wait for longer than a pause may be
	conclude         // it refuses even one call at a time, and does not say why
)

// refused notes a 429 for a call sent at that time; others are still in flight. It says whether
// that ends the run.
func (t *throttle) refused(e *zoho.Error, sent time.Time, others int, now time.Time) verdict {
	switch {
	case e.CreditsGone:
		return told
	case e.RetryAfter > pauseMax:
		return tooLong
	}
	// A refusal with nothing else in flight is not about the number of slots. Nor is one that is
	// part of the round that was cut already.
	if others > 0 && !sent.Before(t.cut) {
		t.ceiling = min(t.ceiling, max(2, float64(int(t.slots))))
		t.slots = max(1, t.slots*fall)
		t.cut = now
		if t.climbed > 1 { // the limit had risen
			t.between = 0
		}
		t.climbed = 0
		t.between = max(min(max(2*t.between, probeFirst), probeMax), waitsApart*e.RetryAfter)
		t.probe = now.Add(t.between)
	}
	if others < int(t.slots) {
		t.slots = max(1, float64(others))
		t.ceiling = min(t.ceiling, t.slots+1)
	}
	wait := e.RetryAfter
	if others == 0 {
		t.alone++
		wait = max(wait, time.Second<<(t.alone-1))
	}
	if until := now.Add(min(wait, pauseMax)); until.After(t.paused) {
		t.paused = until
	}
	if t.alone > aloneMax {
		return conclude
	}
	return goOn
}

// pause is how long nothing is sent from now on, if people should know that: once for each pause.
func (t *throttle) pause(now time.Time) (wait time.Duration, worth bool) {
	wait = t.paused.Sub(now)
	if wait < pauseTold || now.Before(t.toldTo) {
		return wait, false
	}
	t.toldTo = t.paused
	return wait, true
}

// refusedAsTooMany tells people what a refusal as too many leads to, and ends the run if the
// throttle says so.
func (d *dispatcher) refusedAsTooMany(then verdict, e *zoho.Error, now time.Time) {
	switch then {
	case goOn:
		if wait, worth := d.throttle.pause(now); worth && !d.ending.stopped {
			d.Notef("Zoho refuses calls as too many: waiting %s, with %s in flight allowed", inWords(wait), callsInWords(int(d.throttle.slots)))
		}
		return
	case told:
	case tooLong:
		d.Notef("Zoho refuses calls as too many, and asks to wait %s: that is better spent stopped", inWords(e.RetryAfter))
	case conclude:
		d.Notef("Zoho refuses even one call at a time, and does not say why: the credits of the last 24 hours may be used up, or another program uses the limit")
	}
	d.End(outcome.Credits, nil)
}

func callsInWords(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// inWords is a wait, rounded up to what people count in.
func inWords(wait time.Duration) string {
	up := func(unit time.Duration) int { return int((wait + unit - 1) / unit) }
	switch {
	case wait <= 2*time.Minute:
		return fmt.Sprintf("%d s", up(time.Second))
	case wait <= 2*time.Hour:
		return fmt.Sprintf("%d min", up(time.Minute))
	}
	return fmt.Sprintf("%d h", up(time.Hour))
}
