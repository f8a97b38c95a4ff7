package engine

import (
	"fmt"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// Zoho limits the calls in flight, per org and app, and says neither what the limit is nor who else
// uses it up (docs/zoho-api.md, section 4). The throttle finds the limit: one number of slots for
// all workers, which falls when a call is refused as too many and rises while calls are answered.
//
//	slots
//	 max ┤▁                                        set by the user or the edition
//	     │ ╲              probe   ╱▔▔╲ refused
//	 ceil┤  ╲   ╱▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔    ▔▔▔▔▔        the last known limit
//	     │   ╲╱ rise: +1 a round
//	   1 ┤
//
// A refusal multiplies the slots by a factor below one, once for all calls that were sent before
// the fall. If even fewer calls were in flight without being refused, the slots fall to that
// number, so one round is enough. Below the last refused number, slots come back at one a round.
// Above that number they come back one at a time, at growing intervals, because each such probe can
// cost a refused call.
type throttle struct {
	max     int
	slots   float64
	ceiling float64       // a number of slots that was refused; max+1 if none was
	cut     time.Time     // the last fall: calls that were sent before do not count again
	probe   time.Time     // when to try one slot more than the ceiling allows
	between time.Duration // the wait before a probe that follows a refused one
	climbed int           // probes since the last refusal
	paused  time.Time     // nothing is sent until then
	toldTo  time.Time     // the end of the last pause that people were told of
	lone    int           // refusals in a row with no other call in flight
	began   time.Time     // the first call
}

const (
	// fall is the factor by which the slots fall after a refusal.
	fall = 0.7
	// The CRM refuses at once. So if a probe is not refused, the next one follows soon. After a
	// probe that was refused, the wait doubles, unless the limit had risen before.
	probeNext  = time.Second
	probeFirst = 5 * time.Second
	probeMax   = 30 * time.Second
	// If the CRM refuses a call although no other is in flight, the number of calls in flight is
	// not the reason. After more than loneMax such refusals in a row, with growing waits between
	// them, the credits of the last 24 hours are probably used up.
	loneMax = 4
	// pauseMax is the longest wait that a run makes because the CRM asks for it. If the CRM asks
	// for more, the run stops and can be resumed later.
	pauseMax = 5 * time.Minute
	// At first, as many calls are sent at once as every edition allows, and the others one by one.
	// Refusals come fast, so the first one comes before all calls are sent. If the limit is lower
	// than max, it costs a few refusals then, and not one for each slot above the limit.
	firstAtOnce = zoho.LeastSlots
	firstApart  = time.Millisecond
	// If a refusal asks for a wait, waitsApart such waits lie between two probes at the least.
	waitsApart = 20
	// pauseTold is the shortest pause that people are told of.
	pauseTold = 5 * time.Second
)

func newThrottle(slots int) *throttle {
	return &throttle{max: slots, slots: float64(slots), ceiling: float64(slots + 1)}
}

// free reports whether one more call may be sent. If not, at is the time to try again; it is zero
// if a call has to end first.
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

// answered notes a call that was not refused as too many.
func (t *throttle) answered(now time.Time) {
	t.lone = 0
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

// verdict is what a refusal as too many means for the run.
type verdict int

const (
	goOn        verdict = iota // the run goes on
	creditsGone                // the CRM said that the credits are used up
	waitTooLong                // the CRM asks for a longer wait than pauseMax
	refusesAll                 // the CRM refuses even one call at a time, and does not say why
)

// tooMany takes a 429 for a call that was sent at the given time. others is how many calls are
// still in flight.
func (t *throttle) tooMany(e *zoho.Error, sent time.Time, others int, now time.Time) verdict {
	switch {
	case e.CreditsGone:
		return creditsGone
	case e.RetryAfter > pauseMax:
		return waitTooLong
	}
	// A refusal with no other call in flight has another reason than the number of slots. A refusal
	// of a call that was sent before the last fall says nothing about the slots since.
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
		t.lone++
		wait = max(wait, time.Second<<(t.lone-1))
	}
	if until := now.Add(min(wait, pauseMax)); until.After(t.paused) {
		t.paused = until
	}
	if t.lone > loneMax {
		return refusesAll
	}
	return goOn
}

// pause gives how long nothing is sent from now on. worth says that people should be told of it:
// the pause is long, and they were not told yet.
func (t *throttle) pause(now time.Time) (wait time.Duration, worth bool) {
	wait = t.paused.Sub(now)
	if wait < pauseTold || now.Before(t.toldTo) {
		return wait, false
	}
	t.toldTo = t.paused
	return wait, true
}

// afterTooMany tells people what a refusal as too many leads to, and ends the run if the throttle
// says so.
func (d *dispatcher) afterTooMany(then verdict, e *zoho.Error, now time.Time) {
	switch then {
	case goOn:
		if wait, worth := d.throttle.pause(now); worth && !d.ending.stopped {
			d.Notef("Zoho says that these are too many calls: waiting %s, then at most %s at a time", inWords(wait), callsInWords(int(d.throttle.slots)))
		}
		return
	case creditsGone:
	case waitTooLong:
		d.Notef("Zoho says that these are too many calls, and asks for a wait of %s: this run stops instead", inWords(e.RetryAfter))
	case refusesAll:
		d.Notef("Zoho says that even one call at a time is too many: the org's API credits for the last 24 hours may be used up, or another program may be using the limit")
	}
	d.End(outcome.Credits, nil)
}

func callsInWords(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// inWords writes a wait, rounded up to whole seconds, minutes or hours.
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
