package engine

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// in runs a test in a bubble, where time is fake and a goroutine that is left behind is a failure.
func in(t *testing.T, f func(*testing.T)) { t.Helper(); synctest.Test(t, f) }

// end is how a task ended.
type end string

const (
	answered end = "answered"
	givenUp  end = "given up" // unanswered to the last attempt
	refused  end = "refused"
	denied   end = "denied"
	left     end = "left" // when the run ended
)

// errand is a task that needs one answer.
type errand struct {
	State
	s      *service
	n      int
	double bool // it needs two
	second bool // the first of its two calls was answered
}

func (e *errand) Call(ctx context.Context, token zoho.Token) error {
	return e.s.do(ctx, e.n, e.second, token)
}
func (e *errand) Size() int { return 1 }
func (e *errand) CallsLeft() int {
	if e.double && !e.second {
		return 1
	}
	return 0
}

// errands is an operation of so many errands. It holds the engine to what Operation says about who
// calls what.
type errands struct {
	*service
	engine *Engine
	number int
	taken  int
	ends   map[int]end
	missed map[int]bool

	prepares, syncs       int
	ahead                 int // tasks that were prepared and never called, at most
	prepareCost, syncCost time.Duration
	failPrepare, failSync func(n int) error
	settled, skipped      func(task int) bool // skipped tasks end without a word
	isAlone               func(task int) bool
	isDouble              func(task int) bool // these need two calls, and are prepared before each

	dispatching, preparing, syncing atomic.Int32
}

// once checks that no other call of the same kind runs.
func (o *errands) once(n *atomic.Int32) func() {
	if n.Add(1) != 1 {
		o.t.Error("two methods that exclude each other are called at once")
	}
	return func() { n.Add(-1) }
}

func (o *errands) Next() (Task, bool) {
	defer o.once(&o.dispatching)()
	if o.taken == o.number {
		return nil, false
	}
	o.taken++
	return &errand{s: o.service, n: o.taken - 1, double: o.double(o.taken - 1)}, true
}

func (o *errands) Prepare(tasks []Task) error {
	defer o.once(&o.preparing)()
	o.prepares++
	if o.prepareCost > 0 {
		<-time.After(o.prepareCost)
	}
	synctest.Wait() // for calls that are about to begin
	if len(tasks) == 0 {
		o.t.Error("no tasks are prepared")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, x := range tasks {
		t, _ := x.(*errand)
		done := o.prepared
		if t.second {
			done = o.preparedAgain
		}
		if done[t.n] {
			o.t.Errorf("task %d is prepared twice for the same call", t.n)
		}
		done[t.n] = true
	}
	o.ahead = max(o.ahead, len(o.prepared)-len(o.begun))
	if o.failPrepare != nil {
		return o.failPrepare(o.prepares)
	}
	return nil
}

func (o *errands) SettleUncalled(x Task) bool {
	defer o.once(&o.dispatching)()
	t, _ := x.(*errand)
	if o.skipped != nil && o.skipped(t.n) {
		return true
	}
	if o.settled != nil && o.settled(t.n) {
		o.note(x, refused)
		return true
	}
	return false
}

func (o *errands) Alone(x Task) bool {
	defer o.once(&o.dispatching)()
	t, _ := x.(*errand)
	return o.isAlone != nil && o.isAlone(t.n)
}

func (o *errands) Answer(x Task, r Reply) {
	defer o.once(&o.dispatching)()
	switch e := r.Err; {
	case e == nil && o.goesOn(x):
	case e == nil:
		o.note(x, answered)
	case e.Kind == zoho.Unanswered:
		if !o.engine.Retry(x, e) {
			o.note(x, givenUp)
		}
	case e.Scope == zoho.ScopeRun:
		o.note(x, refused)
		o.engine.End(ReasonOf(e), e)
	case e.Kind == zoho.Denied:
		o.note(x, denied)
	default:
		o.note(x, refused)
	}
}

func (o *errands) double(task int) bool { return o.isDouble != nil && o.isDouble(task) }

// goesOn has a task of two calls prepared for its second one.
func (o *errands) goesOn(x Task) bool {
	t, _ := x.(*errand)
	if !o.double(t.n) || t.second {
		return false
	}
	t.second = true
	o.engine.Prepare(t)
	return true
}

// note keeps how a task ended.
func (o *errands) note(x Task, how end) {
	t, _ := x.(*errand)
	if old, twice := o.ends[t.n]; twice {
		o.t.Errorf("task %d ends twice: %s, %s", t.n, old, how)
	}
	o.engine.Count(1)
	o.mu.Lock()
	o.ends[t.n], o.begun[t.n] = how, true
	o.unsynced++
	o.mu.Unlock()
	o.engine.Wrote()
}

func (o *errands) Missed(x Task, _ *zoho.Error) {
	defer o.once(&o.dispatching)()
	t, _ := x.(*errand)
	o.missed[t.n] = true
}

func (o *errands) Abandon(tasks []Task) {
	defer o.once(&o.dispatching)()
	for _, x := range tasks {
		o.note(x, left)
	}
}

func (o *errands) Sync() error {
	defer o.once(&o.syncing)()
	o.mu.Lock()
	o.syncs++
	n := o.syncs
	o.unsynced, o.covered = 0, o.unsynced
	o.mu.Unlock()
	if o.syncCost > 0 {
		<-time.After(o.syncCost)
	}
	o.mu.Lock()
	o.covered = 0
	o.mu.Unlock()
	if o.failSync != nil {
		return o.failSync(n)
	}
	return nil
}

// count is how many tasks ended like that.
func (o *errands) count(how end) (n int) {
	for _, e := range o.ends {
		if e == how {
			n++
		}
	}
	return n
}

// rig is an engine with a service and an operation.
type rig struct {
	*errands
	settings Settings
	notes    []string

	stop, hard context.Context
	halt, cut  context.CancelCauseFunc
	took       time.Duration
}

func newRig(t *testing.T, number int) *rig {
	s := &service{t: t, token: newToken(0), held: map[*zoho.Error]zoho.Token{}, prepared: map[int]bool{}, preparedAgain: map[int]bool{}, begun: map[int]bool{}}
	r := &rig{
		errands:  &errands{service: s, number: number, ends: map[int]end{}, missed: map[int]bool{}},
		settings: Settings{Slots: 1, MaxAttempts: 5},
	}
	r.settings.Note = func(s string) { r.notes = append(r.notes, s) }
	r.stop, r.halt = context.WithCancelCause(context.Background())
	r.hard, r.cut = context.WithCancelCause(context.Background())
	return r
}

// run runs the engine, and checks what holds for every run.
func (r *rig) run() (outcome.Reason, error) {
	r.t.Helper()
	defer r.halt(nil)
	defer r.cut(nil)
	r.engine, r.slots = New(r.service, r.settings), r.settings.Slots
	start := time.Now()
	reason, err := r.engine.Run(r.stop, r.hard, r.errands)
	r.took = time.Since(start)
	if r.peak > r.settings.Slots {
		r.t.Errorf("%d calls in flight with %d slots", r.peak, r.settings.Slots)
	}
	if most := max(r.settings.Slots, 4); r.ahead > most {
		r.t.Errorf("%d tasks were prepared ahead, at most %d may be", r.ahead, most)
	}
	if r.unsynced > 0 {
		r.t.Errorf("%d ends of tasks were not synced", r.unsynced)
	}
	sent, called := 0, map[int]bool{}
	for _, c := range r.calls {
		called[c.task] = true
		if !c.unsent {
			sent++
		}
		if _, ended := r.ends[c.task]; !ended {
			r.t.Errorf("task %d was called, and did not end", c.task)
		}
	}
	for n, how := range r.ends {
		if how == left && !called[n] {
			r.t.Errorf("task %d is left over, and was never called", n)
		}
	}
	if s := r.engine.Stats(); s.InFlight != 0 || s.Calls != sent || s.Done != len(r.ends) {
		r.t.Errorf("%+v after %d calls and %d ends", s, sent, len(r.ends))
	}
	if (err != nil) != (reason == outcome.Broken || reason == outcome.LoginRefused) {
		r.t.Errorf("reason %s with error %v", reason, err)
	}
	if reason == outcome.Completed && (len(r.ends) != r.number || r.count(left) > 0) {
		r.t.Errorf("completed with %d of %d tasks, %d of them left", len(r.ends), r.number, r.count(left))
	}
	return reason, err
}

func (r *rig) mustEnd(want outcome.Reason) error {
	r.t.Helper()
	reason, err := r.run()
	if reason != want {
		r.t.Errorf("ended by %s, want %s (%v)", reason, want, err)
	}
	return err
}

// want says how many tasks must have been answered, and how many must have ended in another way.
func (r *rig) want(good, others int) {
	r.t.Helper()
	if n := r.count(answered); n != good || len(r.ends)-n != others {
		r.t.Errorf("%d tasks were answered and %d others ended, want %d and %d", n, len(r.ends)-n, good, others)
	}
}

// wantAnswered says how many tasks must have been answered; the others were left.
func (r *rig) wantAnswered(n int) {
	r.t.Helper()
	if r.count(answered) != n || r.count(left) != len(r.ends)-n {
		r.t.Errorf("%d of %d tasks were answered, want %d: %v", r.count(answered), len(r.ends), n, r.ends)
	}
}
