package worker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"delink/pkg/chunker"
	"delink/pkg/zoho"
)

// dispatcher decides what is sent and when, and what each answer leads to. It runs in one goroutine.
type dispatcher struct {
	pool    *Pool
	stop    context.Context // when it ends, nothing new is sent
	hard    context.Context // when it ends, nothing is waited for
	next    func() (chunker.Batch, bool)
	record  Recorder
	tasks   chan<- *task
	results <-chan *result
	dirty   chan<- struct{}
	synced  <-chan error
	wanted  chan<- struct{}
	made    <-chan error

	throttle *throttle
	limiter  *rate.Limiter
	parked   []*task // wait to be sent again, in no order
	front    *task   // goes next; nil if none was chosen yet
	inFlight int
	sent     int  // calls, as MaxCalls counts them
	drained  bool // no batch is left to take
	stopped  bool // nothing more is sent

	unsynced int // batches written since the last sync began
	syncing  int // batches that the sync covers that is under way; 0 for none is

	parents  map[parent]*zoho.Error // refused: their batches fail unsent
	lists    map[zoho.Relation]*zoho.Error
	unproven map[zoho.Relation]zoho.ID // the first parent record that was denied without saying what for

	making     bool      // a token is being made
	tokenTries int       // how often that failed in a row
	tokenDue   time.Time // it is not tried again before

	renewals int  // of the token, since a call was last accepted
	probing  bool // the new token was refused too: wait until nothing is in flight before judging it
	lost     int  // batches in a row whose attempts were used up, with no call answered between them
	answers  int  // calls that were let through
	heard    bool // a delink was answered by the CRM itself
	denied   int  // of those, for want of a scope or permission for the whole list
	denial   *zoho.Error
	failures int

	noLookup map[zoho.Relation]bool // links that cannot be read

	tried map[zoho.Relation]bool // a link of it was removed, and nothing deleted
	alone bool                   // what is in flight is a trial: nothing goes beside it

	reason Reason
	err    error
}

// lostMax is how many batches in a row may go unanswered to the last attempt before the CRM counts as out of reach. The
// rest is better left pending than sent into a void and called unknown.
const lostMax = 10

func (d *dispatcher) run() {
	d.reason = Completed
	stop, hard := d.stop.Done(), d.hard.Done()
	for {
		wake := d.send()
		if d.inFlight == 0 && d.syncing == 0 && !d.making && (d.stopped || d.drained && d.front == nil && len(d.parked) == 0) {
			break
		}
		var timer <-chan time.Time
		if !wake.IsZero() {
			timer = time.After(time.Until(wake))
		}
		select {
		case r := <-d.results:
			d.inFlight--
			d.pool.inFlight.Store(int64(d.inFlight))
			d.settle(r)
			d.pool.slots.Store(int64(d.throttle.slots))
		case err := <-d.synced:
			d.syncing = 0
			d.check(err)
			d.sync()
		case err := <-d.made:
			d.tokenMade(err)
		case <-timer:
		case <-stop:
			stop = nil
			d.end(cause(d.stop), nil)
		case <-hard:
			hard = nil
			if d.stop.Err() == nil { // else its cause is the reason, which of both may be seen first
				d.end(cause(d.hard), nil)
			}
		}
	}
	d.abandon()
	if e := d.altogether(); e != nil && d.reason == Completed {
		d.reason, d.err = Refused, e
	}
}

// cause is the reason for which a context ended.
func cause(ctx context.Context) Reason {
	reason := Interrupted
	errors.As(context.Cause(ctx), &reason)
	return reason
}

// send hands tasks to workers while that is allowed. It returns when to look again by itself, if at all.
func (d *dispatcher) send() (wake time.Time) {
	for !d.stopped && d.stop.Err() == nil && d.hard.Err() == nil { // run sees their end too, and knows the reason
		if d.making || (d.probing || d.alone) && d.inFlight > 0 || d.exposed() {
			return wake
		}
		now := time.Now()
		if d.front == nil {
			if d.front, wake = d.take(now); d.front == nil && wake.IsZero() {
				return wake
			}
		}
		if t := d.front; t != nil {
			if e := d.refusal(t); e != nil {
				d.front = nil
				if t.other != nil {
					d.park(t.other, 0)
					t.other = nil
				}
				d.refuse(t, e)
				continue
			}
		}
		if reason := d.used(); reason != "" {
			if d.inFlight == 0 {
				d.end(reason, nil)
			}
			return time.Time{}
		}
		if d.front == nil {
			return wake
		}
		d.alone = d.trial(d.front)
		if d.alone && d.inFlight > 0 {
			return time.Time{}
		}
		if free, at := d.throttle.free(d.inFlight, now); !free {
			return at
		}
		token, ready := d.pool.crm.Ready()
		if !ready && now.Before(d.tokenDue) {
			return d.tokenDue
		}
		if !ready {
			d.making = true
			d.wanted <- struct{}{}
			return time.Time{}
		}
		if at := d.turn(now); at.After(now) {
			return at
		}
		t := d.front
		t.token = token
		d.front, d.probing = nil, false
		d.sent++
		d.inFlight++
		d.pool.inFlight.Store(int64(d.inFlight))
		d.tasks <- t // there is a worker for each slot, so one is free
	}
	return time.Time{}
}

// tokenMade takes whether there is a token for the task in front. Where the endpoint could not be asked, it is asked again, as often
// as calls are, while everything waits: no other task would fare better.
func (d *dispatcher) tokenMade(err error) {
	d.making = false
	if err == nil {
		d.tokenTries = 0
		return
	}
	e := asError(err)
	d.tokenTries++
	if wait, again := retry(d.tokenTries, d.pool.settings.MaxAttempts, e); again && d.hard.Err() == nil {
		d.tokenDue = time.Now().Add(max(d.jitter(wait), min(e.RetryAfter, pauseMax)))
		return
	}
	if d.hard.Err() == nil { // else run sees that, and knows the reason
		d.end(runReason(e), e)
	}
}

// exposed reports whether as many batches as may be are in flight or not yet sure to be on disk: two for each slot. A power
// failure makes these go out again.
func (d *dispatcher) exposed() bool {
	return d.inFlight+d.unsynced+d.syncing >= 2*d.pool.settings.Slots
}

// used reports which budget one more call could overdraw. Calls in flight are counted as if they used a call and a credit
// each, so nothing is lost by waiting for them.
func (d *dispatcher) used() Reason {
	if most := d.pool.settings.MaxCalls; most > 0 && d.sent >= most {
		return MaxCalls
	}
	reserve := d.pool.settings.ReserveCredits
	switch n, known := d.pool.crm.Credits(); {
	case known && n-d.inFlight <= reserve:
		return Credits
	case !known && reserve > 0 && d.answers == 0 && d.inFlight > 0: // the first call may tell
		return Credits
	}
	return ""
}

// trial reports whether a task is of a relation that is yet to be tried.
func (d *dispatcher) trial(t *task) bool {
	return d.pool.settings.Untried != nil && !d.tried[t.relation] && d.pool.settings.Untried(t.relation)
}

// turn takes the next call's place in the rate: it goes at that time. Where that is not now, no place is taken, so that
// calls are not promised before it is known whether they may still go.
func (d *dispatcher) turn(now time.Time) time.Time {
	place := d.limiter.ReserveN(now, 1)
	wait := place.DelayFrom(now)
	if wait > 0 {
		place.CancelAt(now)
	}
	return now.Add(wait)
}

// take gives the next task: of those that waited to be sent again and are due the one with the fewest ids, so that a batch
// that is halved soon tells by a single id what is wrong; else a new batch. So that few batches are half done at any time, no
// new ones are taken while as many are parked as there are slots. Where there is none, it says when the first parked one is
// due.
func (d *dispatcher) take(now time.Time) (t *task, due time.Time) {
	first, ready := -1, -1
	for i, p := range d.parked {
		if first < 0 || p.due.Before(d.parked[first].due) {
			first = i
		}
		if !p.due.After(now) && (ready < 0 || len(p.ids) < len(d.parked[ready].ids)) {
			ready = i
		}
	}
	if ready >= 0 {
		t = d.parked[ready]
		d.parked = slices.Delete(d.parked, ready, ready+1)
		return t, due
	}
	if !d.drained && len(d.parked) < d.pool.settings.Slots && !slices.ContainsFunc(d.parked, d.trial) {
		if b, ok := d.next(); ok {
			return newTask(b), due
		}
		d.drained = true
	}
	if first >= 0 {
		due = d.parked[first].due
	}
	return nil, due
}

// refusal is the error that has already refused a task's parent or list. A look-up is another call, and goes on.
func (d *dispatcher) refusal(t *task) *zoho.Error {
	if t.lookup {
		return nil
	}
	if e := d.lists[t.relation]; e != nil {
		return e
	}
	return d.parents[parent{t.relation.Module, t.parent}]
}

func (d *dispatcher) park(t *task, wait time.Duration) {
	t.due = time.Now().Add(d.jitter(wait))
	d.parked = append(d.parked, t)
}

// jitter draws a wait of up to that.
func (d *dispatcher) jitter(wait time.Duration) time.Duration {
	switch {
	case wait <= 0:
		return 0
	case d.pool.settings.Jitter != nil:
		return d.pool.settings.Jitter(wait)
	}
	return rand.N(wait + 1)
}

// write records outcomes and counts what failed.
func (d *dispatcher) write(out []Outcome) {
	if len(out) == 0 {
		return
	}
	d.pool.outcomes.Add(int64(len(out)))
	for _, o := range out {
		if o.Status == Failed || o.Status == Unknown {
			d.failures++
		}
	}
	d.check(d.record.Write(out))
	d.unsynced++
	d.sync()
	if most := d.pool.settings.MaxFailures; most >= 0 && d.failures > most {
		d.end(Failures, nil)
	}
}

// sync has what was written brought to disk, by one sync for all that has come since the last one.
func (d *dispatcher) sync() {
	if d.unsynced > 0 && d.syncing == 0 {
		d.unsynced, d.syncing = 0, d.unsynced
		d.dirty <- struct{}{}
	}
}

func (d *dispatcher) check(err error) {
	if err != nil {
		d.end(Broken, err)
	}
}

// end stops the run in good order: what is in flight is finished, and nothing more is sent. The first reason counts,
// except that an error is never lost.
func (d *dispatcher) end(reason Reason, err error) {
	if d.stopped && (d.err != nil || err == nil) {
		return
	}
	d.stopped, d.reason, d.err = true, reason, err
}

// abandon records what was left half done: links of which a call went unanswered are Unknown, since they may be gone.
// All others were not removed, and stay without an outcome.
func (d *dispatcher) abandon() {
	if d.front != nil {
		d.parked = append(d.parked, d.front)
		d.front = nil
	}
	for _, t := range d.parked {
		if t.other != nil {
			d.parked = append(d.parked, t.other)
		}
	}
	for _, t := range d.parked {
		if t.ofThisRun() { // what is of an earlier one is recorded already, or pending
			d.write(t.all(Unknown, t.unanswered, unknownMessage(t.unanswered), time.Now()))
		}
	}
	d.parked = nil
	for d.syncing > 0 {
		err := <-d.synced
		d.syncing = 0
		d.check(err)
		d.sync()
	}
}

func (d *dispatcher) note(format string, args ...any) {
	if d.pool.settings.Note != nil {
		d.pool.settings.Note(fmt.Sprintf(format, args...))
	}
}
