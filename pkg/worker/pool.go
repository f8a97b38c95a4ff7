package worker

import (
	"context"
	"iter"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"delink/pkg/chunker"
	"delink/pkg/zoho"
)

// CRM is what the pool needs of a client. Errors are *zoho.Error.
type CRM interface {
	// Ready gives the token for the next call, without any wait; false if there is none, and Token has to make one.
	Ready() (zoho.Token, bool)
	// Token gives the token for the next call, and makes one if there is none.
	Token(ctx context.Context) (zoho.Token, error)
	// Delink removes links of one parent and answers for each id, in their order.
	Delink(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error)
	// Linked says which of the ids are linked, in their order.
	Linked(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]bool, error)
	// Renew drops the token that a call was refused with; true if it was the token in use.
	Renew(err error) bool
	// Credits is what is left of the org's credits, where known.
	Credits() (n int, known bool)
}

// Recorder keeps outcomes. Its methods are called from one goroutine at a time each, Sync beside Write.
type Recorder interface {
	// Write keeps outcomes so that they survive the end of this process.
	Write([]Outcome) error
	// Sync makes what was written before it survive the loss of power.
	Sync() error
}

// Settings are a pool's limits.
type Settings struct {
	Slots          int           // calls in flight at most
	Rate           *rate.Limiter // from NewRate, shared with whoever else makes calls; nil for no limit
	MaxAttempts    int           // calls for a batch that goes unanswered
	MaxCalls       int           // calls in all; 0 for no limit
	ReserveCredits int           // stop once the org has no more than that left
	MaxFailures    int           // stop once more links than that are failed or unknown; -1 for no limit
	// Untried tells of relations whose delink nobody but the user vouches for; nil if there is none. Until a call has removed
	// a link of such a relation and deleted nothing, its batches are sent one at a time, with nothing else in flight.
	Untried func(zoho.Relation) bool
	// Jitter draws from [0, wait]; nil for an even draw. Tests fix it.
	Jitter func(wait time.Duration) time.Duration
	// Note is told what people should know, once for each; nil to ignore it.
	Note func(string)
}

// Pool sends batches. It is used for one Run.
type Pool struct {
	crm      CRM
	settings Settings

	// Counters for whoever shows progress.
	calls, retries, throttled, inFlight, slots, outcomes atomic.Int64
}

// Stats are a pool's counters at one moment.
type Stats struct {
	Calls     int // calls sent, reads included
	Retries   int // of those, calls that repeat one that failed
	Throttled int // calls that the CRM refused as too many
	Outcomes  int // links that have one
	InFlight  int
	Slots     int // calls in flight that are allowed at the moment
}

// NewRate limits calls to so many a second, in an even flow: no two are closer than that. 0 is no limit.
func NewRate(perSecond float64) *rate.Limiter {
	limit := rate.Inf
	if perSecond > 0 {
		limit = rate.Limit(perSecond)
	}
	return rate.NewLimiter(limit, 1)
}

// New makes a pool.
func New(crm CRM, s Settings) *Pool {
	if s.Rate == nil {
		s.Rate = NewRate(0)
	}
	p := &Pool{crm: crm, settings: s}
	p.slots.Store(int64(s.Slots))
	return p
}

// Slots is how many calls can be in flight at most.
func (p *Pool) Slots() int { return p.settings.Slots }

// Stats may be called at any time.
func (p *Pool) Stats() Stats {
	return Stats{
		Calls:     int(p.calls.Load()),
		Retries:   int(p.retries.Load()),
		Throttled: int(p.throttled.Load()),
		Outcomes:  int(p.outcomes.Load()),
		InFlight:  int(p.inFlight.Load()),
		Slots:     int(p.slots.Load()),
	}
}

// Run sends all batches and gives the outcomes to record. When stop ends, nothing new is sent, what is in flight is
// finished and recorded, and the reason is the cause of stop if that is a Reason. When hard ends too, calls in flight are
// cut off and their links are Unknown.
//
// The error says why the run could not go on; the reason is then Broken or Refused. Every outcome that was reached has
// been given to record, and synced, unless record itself failed.
func (p *Pool) Run(stop, hard context.Context, batches iter.Seq[chunker.Batch], record Recorder) (Reason, error) {
	tasks := make(chan *task)
	results := make(chan *result)
	dirty := make(chan struct{}, 1)
	synced := make(chan error, 1)
	wanted := make(chan struct{}, 1)
	made := make(chan error, 1)

	var workers errgroup.Group
	for range p.settings.Slots {
		workers.Go(func() error {
			for t := range tasks {
				results <- p.attempt(hard, t)
			}
			return nil
		})
	}
	workers.Go(func() error {
		for range dirty {
			synced <- record.Sync()
		}
		return nil
	})
	workers.Go(func() error {
		for range wanted {
			_, err := p.crm.Token(hard)
			made <- err
		}
		return nil
	})

	next, done := iter.Pull(batches)
	defer done()
	d := &dispatcher{
		pool: p, stop: stop, hard: hard, next: next, record: record,
		tasks: tasks, results: results, dirty: dirty, synced: synced, wanted: wanted, made: made,
		throttle: newThrottle(p.settings.Slots),
		// A call's place in the rate is taken after its slot, else the calls that waited for slots leave in a bunch.
		limiter:  p.settings.Rate,
		parents:  map[parent]*zoho.Error{},
		lists:    map[zoho.Relation]*zoho.Error{},
		unproven: map[zoho.Relation]zoho.ID{},
		noLookup: map[zoho.Relation]bool{},
		tried:    map[zoho.Relation]bool{},
	}
	d.run()
	close(tasks)
	close(dirty)
	close(wanted)
	_ = workers.Wait() // workers give results, not errors
	return d.reason, d.err
}

// result is what became of one attempt.
type result struct {
	task     *task
	answer   zoho.Answer
	linked   []bool // of a look-up
	err      *zoho.Error
	renewed  bool // its token was the one in use, and has been dropped
	sentAt   time.Time
	finished time.Time
}

// sent reports whether a call reached the CRM.
func (r *result) sent() bool { return r.err == nil || r.err.Sent }

// accepted reports whether the CRM let the call through to where it looks at ids: past tokens and limits.
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

// attempt makes one call, in a worker.
func (p *Pool) attempt(hard context.Context, t *task) *result {
	r := &result{task: t, sentAt: time.Now()}
	p.calls.Add(1)
	if t.attempts > 0 {
		p.retries.Add(1)
	}
	var err error
	if t.lookup {
		r.linked, err = p.crm.Linked(hard, t.token, t.relation, t.parent, t.ids)
	} else {
		r.answer, err = p.crm.Delink(hard, t.token, t.relation, t.parent, t.ids)
	}
	r.finished = time.Now()
	if err != nil {
		r.err = asError(err)
		if !r.err.Sent {
			p.calls.Add(-1)
			if t.attempts > 0 {
				p.retries.Add(-1)
			}
		}
		r.renewed = r.err.Kind == zoho.BadToken && p.crm.Renew(r.err)
	}
	return r
}
