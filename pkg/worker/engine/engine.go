package engine

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"delink/pkg/crash"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// API is what an engine needs of a client, beside the calls themselves. Errors are of type
// *zoho.Error.
type API interface {
	// Ready gives the token for the next call, without a wait. It returns false if there is none:
	// then Token has to make one.
	Ready() (zoho.Token, bool)
	// Token gives the token for the next call, and makes one if there is none.
	Token(ctx context.Context) (zoho.Token, error)
	// Renew drops the token with which a call was refused. It returns false if another token is in
	// use already.
	Renew(err error) bool
	// Credits gives what is left of the org's credits, if that is known.
	Credits() (n int, known bool)
}

// Task is a piece of work that needs calls, one after the other, until it is settled. A type that
// implements Task embeds State.
type Task interface {
	// Call makes the task's next call, with a token. It runs in a worker, at the same time as the
	// calls of other tasks. The task keeps the answer until Operation.Answer takes it.
	Call(ctx context.Context, token zoho.Token) error
	// Size decides which of several waiting tasks goes first: the smallest.
	Size() int
	// CallsLeft is how many calls the task needs beside its next one, or beside the one that is in
	// flight, at the least. A call is not sent if a budget has no room for these as well.
	CallsLeft() int

	state() *State
}

// State is what the engine keeps of a task.
type State struct {
	Attempts int // calls that reached the API

	earlier      int       // of Attempts, those that were another call than the next one: see Fresh
	tries        int       // calls in a row that failed for a reason that may pass
	due          time.Time // the next call is not made before
	called       bool      // a call was made, though it may not have reached the API
	waits        bool      // Prepare was asked for again, and no call was made since
	token        zoho.Token
	tokenRefused *tokenRefusal // the last call, if it was refused for its token; else nil
	load         load          // when the last call was sent
}

func (s *State) state() *State { return s }

// CallsLeft is that of a task that is settled by its next call.
func (s *State) CallsLeft() int { return 0 }

// Fresh makes the engine count attempts from the beginning, because the next call is another one,
// and does not repeat the last one.
func (s *State) Fresh() { s.tries, s.earlier = 0, s.Attempts }

// Reply is how a call ended. What it says is in the task.
type Reply struct {
	Err      *zoho.Error // nil for an answer
	Finished time.Time
}

// Operation is the work that an engine does. All its methods but Prepare and Sync are called by the
// dispatcher, one at a time.
type Operation interface {
	// Next gives a task for which no call was made yet. It returns false if none is left. An
	// operation that has others later says so with dispatcher.More.
	Next() (Task, bool)
	// Prepare does what has to be done before the first calls of tasks, such as writing them down,
	// and before the next calls of tasks for which the operation has asked for that with
	// dispatcher.Prepare. It runs beside all other methods, but never twice at a time. An error
	// stops the run.
	Prepare(tasks []Task) error
	// SettleUncalled settles a task without a call, if the outcome is known from other tasks. It
	// returns whether the engine is to drop the task. The engine asks before each call of a task,
	// and for a new task also before Prepare. SettleUncalled may instead park the task for another
	// call and return true. That call is made without Prepare.
	SettleUncalled(t Task) bool
	// Alone reports whether a task must be called with nothing else in flight.
	Alone(t Task) bool
	// Answer takes the end of a call: an answer, or an error that is not about tokens, limits or
	// the connection. It settles the task, or has it called again with Retry, Park, After or
	// Prepare.
	Answer(t Task, r Reply)
	// Missed notes a call that ended with an error after the hard stop. The task is one of those
	// that Abandon gets.
	Missed(t Task, e *zoho.Error)
	// Abandon settles the tasks that are left when a run ends: those that were called and are not
	// settled yet.
	Abandon(tasks []Task)
	// Sync brings to disk what the operation has written. It runs beside all other methods, but
	// never twice at a time.
	Sync() error
}

// Debtor is an Operation that needs calls of which the engine's tasks do not tell.
type Debtor interface {
	// Owed is how many calls it takes at the least, beside those that each of the tasks needs for
	// itself, to settle the tasks and those that the operation holds back. The tasks are those that
	// have begun, and perhaps one that is about to begin.
	Owed(tasks []Task) int
}

// Settings are an engine's limits.
type Settings struct {
	Slots int // calls in flight at most
	// Rate is from NewRate. Several engines can share it, and then have one rate together. nil is
	// no limit.
	Rate           *rate.Limiter
	MaxAttempts    int // calls for a task that goes unanswered
	MaxCalls       int // calls in all; 0 for no limit
	ReserveCredits int // stop once the org has no more than that left
	// Jitter draws a wait from zero to the given one; nil draws evenly.
	Jitter func(wait time.Duration) time.Duration
	// Note takes messages for people. It may be nil.
	Note func(string)
	// Observe gets every call that has ended. The dispatcher waits for it, so it must be quick. It may
	// be nil.
	Observe func(Call)
}

// Engine makes the calls of one operation. It is used for one Run.
type Engine struct {
	api      API
	settings Settings
	*dispatcher

	took answerTimes // of calls that were accepted

	// Counters for whoever shows progress.
	calls, retries, throttledCalls, nowInFlight, nowSlots, done atomic.Int64
	stopping                                                    atomic.Bool
}

// Stats are an engine's counters at one moment.
type Stats struct {
	Calls     int // calls that reached the API
	Retries   int // of those, calls that repeat one that was refused, failed or went unanswered
	Throttled int // calls that the API refused as too many
	Done      int // what the operation has counted with Count
	InFlight  int // calls
	Slots     int // calls that may be in flight at the moment
	// Stopping says that nothing more is sent, and that the run ends before its tasks do.
	Stopping bool
}

// NewRate limits calls to so many a second, at even distances. 0 is no limit.
func NewRate(perSecond float64) *rate.Limiter {
	limit := rate.Inf
	if perSecond > 0 {
		limit = rate.Limit(perSecond)
	}
	return rate.NewLimiter(limit, 1)
}

// New makes an engine.
func New(api API, s Settings) *Engine {
	if s.Rate == nil {
		s.Rate = NewRate(0)
	}
	e := &Engine{api: api, settings: s}
	e.nowSlots.Store(int64(s.Slots))
	return e
}

// Slots is how many calls can be in flight at most.
func (e *Engine) Slots() int { return e.settings.Slots }

// Stats may be called at any time.
func (e *Engine) Stats() Stats {
	return Stats{
		Calls:     int(e.calls.Load()),
		Retries:   int(e.retries.Load()),
		Throttled: int(e.throttledCalls.Load()),
		Done:      int(e.done.Load()),
		InFlight:  int(e.nowInFlight.Load()),
		Slots:     int(e.nowSlots.Load()),
		Stopping:  e.stopping.Load(),
	}
}

// Run makes the operation's calls until no task is left. When stop ends, nothing new is sent and
// what is in flight is finished; the reason is the cause of stop if that is an outcome.Reason. When
// hard ends too, calls in flight are cut off.
//
// The error says why the run could not go on; the reason is then Broken or Refused.
func (e *Engine) Run(stop, hard context.Context, op Operation) (outcome.Reason, error) {
	d := newDispatcher(stop, hard, e, op)
	e.dispatcher = d
	var workers errgroup.Group
	for range e.settings.Slots {
		workers.Go(func() error {
			defer crash.Guard()
			for t := range d.calls {
				d.results <- e.call(hard, t)
			}
			return nil
		})
	}
	workers.Go(func() error {
		defer crash.Guard()
		for range d.disk.dirty {
			d.disk.synced <- op.Sync()
		}
		return nil
	})
	workers.Go(func() error {
		defer crash.Guard()
		for tasks := range d.queue.prepare {
			d.queue.prepared <- op.Prepare(tasks)
		}
		return nil
	})
	workers.Go(func() error {
		defer crash.Guard()
		for range d.tokens.wanted {
			d.tokens.made <- e.makeToken(stop, hard)
		}
		return nil
	})
	d.run()
	close(d.calls)
	close(d.disk.dirty)
	close(d.queue.prepare)
	close(d.tokens.wanted)
	_ = workers.Wait() // workers give results, not errors
	return d.ending.reason, d.ending.err
}

// makeToken has a token made. The end of either context ends that, because a run that stops needs
// no other token.
func (e *Engine) makeToken(stop, hard context.Context) error {
	ctx, cancel := context.WithCancel(stop)
	defer cancel()
	defer context.AfterFunc(hard, cancel)()
	_, err := e.api.Token(ctx)
	return err
}

// result is what became of one call.
type result struct {
	task     Task
	err      *zoho.Error
	renewed  bool // the call was refused for its token, and that token was in use until now
	sentAt   time.Time
	finished time.Time
}

// sent reports whether a call reached the API.
func (r *result) sent() bool { return r.err == nil || r.err.Sent }

// accepted reports whether the call passed the API's checks of tokens and limits.
func (r *result) accepted() bool {
	if r.err == nil {
		return true
	}
	switch r.err.Kind {
	case zoho.Refused, zoho.Nameless:
		return true
	case zoho.Denied:
		return r.err.Sent
	case zoho.Unanswered, zoho.Unsent, zoho.Throttled, zoho.BadToken:
	}
	return false
}

// call makes one call, in a worker.
func (e *Engine) call(hard context.Context, t Task) *result {
	s := t.state()
	r := &result{task: t, sentAt: time.Now()}
	e.calls.Add(1)
	if s.Attempts > s.earlier {
		e.retries.Add(1)
	}
	err := t.Call(hard, s.token)
	r.finished = time.Now()
	if err == nil {
		return r
	}
	r.err = zoho.AsError(err)
	if !r.err.Sent {
		e.calls.Add(-1)
		if s.Attempts > s.earlier {
			e.retries.Add(-1)
		}
	}
	r.renewed = r.err.Kind == zoho.BadToken && e.api.Renew(r.err)
	return r
}
