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
	// Ready gives the token for the next call at once; false if there is none, and Token has to
	// make one.
	Ready() (zoho.Token, bool)
	// Token gives the token for the next call, and makes one if there is none.
	Token(ctx context.Context) (zoho.Token, error)
	// Renew drops the token that a call was refused with; true if it was the token in use.
	Renew(err error) bool
	// Credits is what is left of the org's credits, where known.
	Credits() (n int, known bool)
}

// Task is a piece of work that needs calls, one after the other, until it is settled. A type that
// is a Task embeds State.
type Task interface {
	// Call makes the task's next call, with a token. It runs in a worker, beside other tasks'
	// calls. The task keeps the answer until Operation.Answer takes it.
	Call(ctx context.Context, token zoho.Token) error
	// Size orders tasks that wait: the smallest goes first.
	Size() int

	state() *State
}

// State is what the engine keeps of a task.
type State struct {
	Attempts int       // calls that reached the API
	tries    int       // calls in a row that failed for a reason that may pass
	due      time.Time // not before
	called   bool      // a call was made, though it may not have reached the API
	token    zoho.Token
	denied   bool    // the last call was refused for its token
	denial   refusal // how
}

func (s *State) state() *State { return s }

// Fresh forgets the failures so far: the next call is of another kind.
func (s *State) Fresh() { s.tries = 0 }

// Reply is how a call ended. What it says is in the task.
type Reply struct {
	Err      *zoho.Error // nil for an answer
	Finished time.Time
}

// Operation is the work that an engine does. All its methods but Prepare and Sync are called by the
// dispatcher, one at a time.
type Operation interface {
	// Next gives a task for which no call was made yet; false if there is none left.
	Next() (Task, bool)
	// Prepare does what has to be done before the first calls of tasks, such as writing them down.
	// It runs beside everything else, but never twice at a time. An error stops the run.
	Prepare(tasks []Task) error
	// Settled reports whether a task needs no call any more because of what became of others, and
	// settles it. A new task is asked before it is prepared. If Settled parks it for a call of
	// another kind, that call is made without Prepare.
	SettleUncalled(t Task) bool
	// Alone reports whether a task must be called with nothing else in flight.
	Alone(t Task) bool
	// Answer takes the end of a call: an answer, or an error that is not about tokens, limits or
	// the connection. It settles the task, or has it called again with Retry, Park or After.
	Answer(t Task, r Reply)
	// Missed notes a call that ended with an error when there was no time left to act on it. The
	// task comes to Abandon.
	Missed(t Task, e *zoho.Error)
	// Abandon settles the tasks that are left when a run ends: those that were called and are not
	// settled yet.
	Abandon(tasks []Task)
	// Sync brings what the operation has written to disk. It runs beside everything else, but never
	// twice at a time.
	Sync() error
}

// Settings are an engine's limits.
type Settings struct {
	Slots          int           // calls in flight at most
	Rate           *rate.Limiter // from NewRate, shared with whoever else makes calls; nil for no limit
	MaxAttempts    int           // calls for a task that goes unanswered
	MaxCalls       int           // calls in all; 0 for no limit
	ReserveCredits int           // stop once the org has no more than that left
	// Jitter draws from [0, wait]; nil for an even draw. Tests fix it.
	Jitter func(wait time.Duration) time.Duration
	// Note is told what people should know, once for each; nil to ignore it.
	Note func(string)
}

// Engine makes the calls of one operation. It is used for one Run.
type Engine struct {
	api      API
	settings Settings
	*dispatcher

	// Counters for whoever shows progress.
	calls, retries, throttledCalls, nowInFlight, nowSlots, done atomic.Int64
}

// Stats are an engine's counters at one moment.
type Stats struct {
	Calls     int // that reached the API
	Retries   int // of those, calls for a task that was called before
	Throttled int // calls that the API refused as too many
	Done      int // what the operation has counted with Count
	InFlight  int
	Slots     int // calls in flight that are allowed at the moment
}

// NewRate limits calls to so many a second, in an even flow: no two are closer than that. 0 is no
// limit.
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

// makeToken has a token made. Once the run stops no call needs it, so the end of either context
// ends it.
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
	renewed  bool // its token was the one in use, and has been dropped
	sentAt   time.Time
	finished time.Time
}

// sent reports whether a call reached the API.
func (r *result) sent() bool { return r.err == nil || r.err.Sent }

// accepted reports whether the API let the call pass its checks of tokens and limits, and looked at
// what was asked.
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
	if s.Attempts > 0 {
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
		if s.Attempts > 0 {
			e.retries.Add(-1)
		}
	}
	r.renewed = r.err.Kind == zoho.BadToken && e.api.Renew(r.err)
	return r
}
