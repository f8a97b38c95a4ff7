package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// dispatcher decides which call is made and when, and what its end leads to. It runs in one
// goroutine. Each of its parts knows one thing: which tasks there are, what is on disk, whether
// there is a token, what the budgets leave, how many calls may be in flight, and how the run ends.
type dispatcher struct {
	engine *Engine
	op     Operation
	stop   context.Context // when it ends, nothing new is sent
	hard   context.Context // when it ends, nothing is waited for

	calls    chan Task
	results  chan *result
	flying   map[Task]bool // the tasks whose calls are in flight
	inFlight int
	running  []time.Time // when calls that delink gave up will have ended at the API
	alone    bool        // Operation.Alone is true of the task that was looked at last

	queue    queue
	disk     disk
	tokens   tokens
	budget   budget
	throttle *throttle
	ending   ending
}

func newDispatcher(stop, hard context.Context, e *Engine, op Operation) *dispatcher {
	return &dispatcher{
		engine: e, op: op, stop: stop, hard: hard,
		calls:    make(chan Task),
		results:  make(chan *result),
		flying:   map[Task]bool{},
		queue:    newQueue(e.settings.Slots),
		disk:     newDisk(),
		tokens:   newTokens(),
		throttle: newThrottle(e.settings.Slots),
		ending:   ending{reason: outcome.Completed},
	}
}

// ending is how a run ends: see End.
type ending struct {
	stopped bool // nothing more is sent
	reason  outcome.Reason
	err     error
}

func (d *dispatcher) run() {
	stop, hard := d.stop.Done(), d.hard.Done()
	for {
		wake := d.send()
		if d.isOver() {
			break
		}
		var timer <-chan time.Time
		if !wake.IsZero() {
			timer = time.After(time.Until(wake))
		}
		select {
		case r := <-d.results:
			d.returned(r)
		case err := <-d.disk.synced:
			d.disk.syncing = 0
			d.check(err)
			d.sync()
		case err := <-d.queue.prepared:
			d.queue.isPrepared()
			d.check(err)
		case err := <-d.tokens.made:
			d.tokenMade(err)
		case <-timer:
		case <-stop:
			stop = nil
			d.End(outcome.ReasonOf(d.stop), nil)
		case <-hard:
			hard = nil
			if d.stop.Err() == nil { // else the reason is the cause of stop, seen before or not
				d.End(outcome.ReasonOf(d.hard), nil)
			}
		}
	}
	d.abandon()
}

// isOver reports whether nothing is under way, and nothing more is to be sent.
func (d *dispatcher) isOver() bool {
	underWay := d.inFlight > 0 || d.disk.syncing > 0 || d.tokens.making || d.queue.preparing()
	return !underWay && (d.ending.stopped || d.queue.isEmpty())
}

// send hands tasks to workers while that is allowed. wake is the time at which send has to be
// called again even if no event comes before; it is zero if an event has to come.
func (d *dispatcher) send() (wake time.Time) {
	// run sees the end of either context as well, and notes the reason.
	for !d.ending.stopped && d.stop.Err() == nil && d.hard.Err() == nil {
		if d.tokens.making || (d.tokens.probing || d.alone) && d.inFlight > 0 || d.exposed() {
			return wake
		}
		now := time.Now()
		d.putBack()
		if d.queue.front == nil {
			if wake = d.take(now); d.queue.front == nil && wake.IsZero() {
				return wake
			}
		}
		if d.queue.front != nil && d.op.SettleUncalled(d.queue.front) {
			d.queue.front = nil
			continue
		}
		if reason := d.used(); reason != "" {
			if d.inFlight == 0 {
				d.End(reason, nil)
			}
			return time.Time{}
		}
		if d.queue.front == nil {
			return wake
		}
		sent, at := d.sendFront(now)
		if !sent {
			return at
		}
	}
	return time.Time{}
}

// sendFront sends the task in front, if there are a slot, a token and a place in the rate for it.
// If not, at is the time to try again; it is zero if an event has to come.
func (d *dispatcher) sendFront(now time.Time) (sent bool, at time.Time) {
	t := d.queue.front
	if d.exposed() { // send has checked that, but tasks settled without a call write as well
		return false, time.Time{}
	}
	if d.alone = d.op.Alone(t); d.alone && d.inFlight > 0 {
		return false, time.Time{}
	}
	left, ends := d.left(now)
	if free, at := d.throttle.free(d.inFlight+left, now); !free {
		if at.IsZero() {
			at = ends
		}
		return false, at
	}
	token, ready := d.engine.api.Ready()
	if !ready {
		return false, d.wantToken(now)
	}
	// A call's place in the rate is taken last. Otherwise calls that waited for a slot or a token
	// would leave together.
	if at := d.turn(now); at.After(now) {
		return false, at
	}
	s := t.state()
	s.token, s.called, s.waits = token, true, false
	d.queue.front, d.tokens.probing = nil, false
	d.flying[t] = true
	d.budget.sent++
	d.setInFlight(d.inFlight + 1)
	t.state().load = load{d.inFlight, int(d.throttle.slots)}
	d.calls <- t // one of the workers is free, because there is one for each slot
	return true, time.Time{}
}

func (d *dispatcher) setInFlight(n int) {
	d.inFlight = n
	d.engine.nowInFlight.Store(int64(n))
}

// turn takes the next call's place in the rate, and returns its time. If that time is yet to come,
// turn gives the place back: until then, the call may have become needless or forbidden.
func (d *dispatcher) turn(now time.Time) time.Time {
	place := d.engine.settings.Rate.ReserveN(now, 1)
	wait := place.DelayFrom(now)
	if wait > 0 {
		place.CancelAt(now)
	}
	return now.Add(wait)
}

// leaveMax is how long at most a call that delink gave up counts as being in flight at the API.
const leaveMax = time.Minute

// leave notes a call that delink gave up. The API may still be at work on the call, and counts it
// among the calls in flight. How long that takes is not known. The estimate is as long again as
// delink waited for the answer.
func (d *dispatcher) leave(r *result) {
	ends := r.finished.Add(min(r.finished.Sub(r.sentAt), leaveMax))
	i, _ := slices.BinarySearchFunc(d.running, ends, time.Time.Compare)
	d.running = slices.Insert(d.running, i, ends)
}

// left gives how many calls that delink gave up are still in flight at the API, and when the first
// of them will have ended.
func (d *dispatcher) left(now time.Time) (n int, ends time.Time) {
	for len(d.running) > 0 && !d.running[0].After(now) {
		d.running = d.running[1:]
	}
	if len(d.running) > 0 {
		ends = d.running[0]
	}
	return len(d.running), ends
}

// returned takes a call that has ended.
func (d *dispatcher) returned(r *result) {
	d.setInFlight(d.inFlight - 1)
	delete(d.flying, r.task)
	s := r.task.state()
	if r.sent() {
		s.Attempts++
	} else {
		d.budget.sent--
	}
	if r.err != nil && r.err.Running {
		d.leave(r)
	}
	if r.accepted() {
		s.tokenRefused = nil
		d.budget.accepted++
		d.tokens.accepted(s.token, r.sentAt)
		d.throttle.answered(r.finished)
		d.engine.took.note(r.finished.Sub(r.sentAt))
	}
	call := d.observed(r)
	switch {
	case r.err == nil:
		d.op.Answer(r.task, Reply{Finished: r.finished})
	case d.hard.Err() != nil: // the operation settles the task when the run ends
		d.op.Missed(r.task, r.err)
		d.Park(r.task, 0)
	default:
		d.failed(r)
	}
	d.engine.nowSlots.Store(int64(d.throttle.slots))
	d.observe(call)
}

// failed takes a call that ended with an error.
func (d *dispatcher) failed(r *result) {
	e := r.err
	switch e.Kind {
	case zoho.Throttled:
		d.engine.throttledCalls.Add(1)
		d.afterTooMany(d.throttle.tooMany(e, r.sentAt, d.inFlight, r.finished), e, r.finished)
		d.Park(r.task, 0)
	case zoho.BadToken:
		d.badToken(r)
	case zoho.Unsent:
		if !d.Retry(r.task, e) { // without network or token, no other task would fare better
			d.Park(r.task, 0)
			d.End(outcome.Broken, e)
		}
	case zoho.Unanswered, zoho.Refused, zoho.Nameless, zoho.Denied:
		d.op.Answer(r.task, Reply{Err: e, Finished: r.finished})
	}
}

// Retry has a task called again after a wait. It returns false if the task has no attempts left.
func (d *dispatcher) Retry(t Task, e *zoho.Error) bool {
	s := t.state()
	s.tries++
	wait, again := retry(s.tries, d.engine.settings.MaxAttempts, e)
	if !again {
		return false
	}
	d.Park(t, wait)
	if least := time.Now().Add(min(e.RetryAfter, pauseMax)); s.due.Before(least) {
		s.due = least
	}
	return true
}

// Park has a task called again after a wait that is drawn from zero to the given one.
func (d *dispatcher) Park(t Task, wait time.Duration) {
	t.state().due = time.Now().Add(d.jitter(wait))
	d.queue.parked = append(d.queue.parked, t)
}

// After has a task called again after exactly the given wait, because what its last call has shown
// may change until then. So its attempts are counted from the beginning.
func (d *dispatcher) After(t Task, wait time.Duration) {
	t.state().Fresh()
	t.state().due = time.Now().Add(wait)
	d.queue.parked = append(d.queue.parked, t)
}

// jitter draws a wait from zero to the given one.
func (d *dispatcher) jitter(wait time.Duration) time.Duration {
	switch {
	case wait <= 0:
		return 0
	case d.engine.settings.Jitter != nil:
		return d.engine.settings.Jitter(wait)
	}
	return rand.N(wait + 1)
}

// Prepare has a task called again as soon as Operation.Prepare has been called for it once more. The
// next call is another one than before, so its attempts are counted from the beginning.
func (d *dispatcher) Prepare(t Task) {
	s := t.state()
	s.Fresh()
	s.waits, s.due = true, time.Time{}
	d.queue.again = append(d.queue.again, t)
}

func (d *dispatcher) check(err error) {
	if err != nil {
		d.End(outcome.Broken, err)
	}
}

// End stops the run in good order: what is in flight is finished, and nothing more is sent. If End
// is called again, the first reason stays, unless only the later call has an error.
func (d *dispatcher) End(reason outcome.Reason, err error) {
	if d.ending.stopped && (d.ending.err != nil || err == nil) {
		return
	}
	d.ending = ending{true, reason, err}
	d.engine.stopping.Store(true)
}

// Ended gives the reason for which the run ends. It is Completed as long as End was not called.
func (d *dispatcher) Ended() outcome.Reason { return d.ending.reason }

// abandon has the operation settle the tasks that are left, and waits until that is on disk.
func (d *dispatcher) abandon() {
	q := &d.queue
	left := slices.Concat(q.parked, q.again)
	if q.front != nil && q.front.state().called {
		left = append(left, q.front)
	}
	q.front, q.parked, q.again = nil, nil, nil
	d.op.Abandon(left)
	for d.disk.syncing > 0 {
		err := <-d.disk.synced
		d.disk.syncing = 0
		d.check(err)
		d.sync()
	}
}

// Notef gives people a message.
func (d *dispatcher) Notef(format string, args ...any) {
	if d.engine.settings.Note != nil {
		d.engine.settings.Note(fmt.Sprintf(format, args...))
	}
}

// More says that Operation.Next may give a task again, although it gave none before.
func (d *dispatcher) More() { d.queue.drained = false }

// Count adds to Stats.Done.
func (d *dispatcher) Count(n int) { d.engine.done.Add(int64(n)) }
