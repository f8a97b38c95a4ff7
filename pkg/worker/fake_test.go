package worker

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

var (
	campaignLeads = zoho.Relation{Module: "Campaigns", List: "Leads"}
	productDeals  = zoho.Relation{Module: "Products", List: "Deals"}
)

// call is one call as the fake CRM saw it.
type call struct {
	n        int // from 1
	lookup   bool
	unsent   bool // it never came here
	relation zoho.Relation
	parent   zoho.ID
	ids      []zoho.ID
	at       time.Time
}

// fault is what befalls a call.
type fault struct {
	err    *zoho.Error        // instead of the answer
	done   bool               // the links were removed all the same
	change func(*zoho.Answer) // of the answer
}

// fake is a CRM that knows the truth: which links there are, and which of them calls have removed.
type fake struct {
	mu       sync.Mutex
	linked   map[reader.Link]bool
	removed  map[reader.Link]bool // by calls
	locked   map[zoho.ID]bool     // refused by name
	cursed   map[zoho.ID]bool     // one of them in a call has the whole call refused, namelessly
	calls    []call
	inFlight int
	peak     int
	busy     time.Duration
	last     time.Time // end of the last call
	tokens   int       // that were made, or tried
	none     bool      // no token is ready

	latency func(call) time.Duration
	fault   func(call) *fault                  // before the work; nil for none
	credits func() (int, bool)                 // nil: not known
	renew   func(*zoho.Error) bool             // nil: the first token never dies
	making  func(n int) (time.Duration, error) // of the nth new token; nil: it is there at once
	hang    func(call) bool                    // answers only when the caller leaves
	blank   bool                               // look-ups tell of no links
}

func newFake(batches []chunker.Batch) *fake {
	f := &fake{linked: map[reader.Link]bool{}, removed: map[reader.Link]bool{}}
	for _, b := range batches {
		for _, id := range b.Related {
			f.linked[reader.Link{Relation: b.Relation, Parent: b.Parent, Related: id}] = true
		}
	}
	return f
}

// do is a call's way through the CRM.
func (f *fake) do(ctx context.Context, c call, work func()) *fault {
	f.mu.Lock()
	c.n, c.at, c.ids = len(f.calls)+1, time.Now(), slices.Clone(c.ids)
	f.calls = append(f.calls, c)
	f.inFlight++
	f.peak = max(f.peak, f.inFlight)
	var x *fault
	if f.fault != nil {
		x = f.fault(c)
	}
	if x != nil && x.err != nil && !x.err.Sent {
		f.calls[c.n-1].unsent = true
	}
	if x == nil || x.err == nil || x.done {
		work()
	}
	wait := time.Duration(0)
	if f.latency != nil {
		wait = f.latency(c)
	}
	hang := f.hang != nil && f.hang(c)
	f.mu.Unlock()
	if hang {
		wait = 1000 * time.Hour
	}
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			if x != nil && x.err != nil && !x.err.Sent {
				break
			}
			x = &fault{err: &zoho.Error{Kind: zoho.Unanswered, Sent: true, Code: zoho.CodeNoAnswer, Cause: context.Cause(ctx)}}
		}
	}
	f.mu.Lock()
	f.inFlight--
	f.busy += time.Since(c.at)
	f.last = time.Now()
	f.mu.Unlock()
	if x == nil {
		x = &fault{}
	}
	return x
}

func (f *fake) Delink(ctx context.Context, _ zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error) {
	a := zoho.Answer{Status: 207, Items: make([]zoho.Item, len(ids))}
	cursed := false
	x := f.do(ctx, call{relation: r, parent: parent, ids: ids}, func() {
		for _, id := range ids {
			cursed = cursed || f.cursed[id]
		}
		for i, id := range ids {
			l := reader.Link{Relation: r, Parent: parent, Related: id}
			switch {
			case cursed:
			case f.locked[id]:
				a.Items[i] = zoho.Item{ID: id, Verdict: zoho.Failed, Code: "RECORD_LOCKED", Message: "locked"}
			case f.linked[l]:
				a.Items[i] = zoho.Item{ID: id, Verdict: zoho.Removed, Code: "SUCCESS", Message: "relation removed"}
				f.linked[l], f.removed[l] = false, true
			default:
				a.Items[i] = zoho.Item{ID: id, Verdict: zoho.Absent, Code: "INVALID_DATA", Message: "relation not found"}
			}
		}
	})
	switch {
	case x.err != nil:
		return zoho.Answer{}, x.err
	case cursed:
		return zoho.Answer{}, &zoho.Error{Kind: zoho.Nameless, Scope: zoho.ScopeBatch, Sent: true, Status: 400, Code: "INVALID_DATA"}
	case x.change != nil:
		x.change(&a)
	}
	return a, nil
}

func (f *fake) Linked(ctx context.Context, _ zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]bool, error) {
	linked := make([]bool, len(ids))
	x := f.do(ctx, call{lookup: true, relation: r, parent: parent, ids: ids}, func() {
		for i, id := range ids {
			linked[i] = !f.blank && f.linked[reader.Link{Relation: r, Parent: parent, Related: id}]
		}
	})
	if x.err != nil {
		return nil, x.err
	}
	return linked, nil
}

func (f *fake) Renew(err error) bool {
	var e *zoho.Error
	f.mu.Lock()
	defer f.mu.Unlock()
	dropped := errors.As(err, &e) && f.renew != nil && f.renew(e)
	f.none = f.none || dropped
	return dropped
}

func (f *fake) Ready() (zoho.Token, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return zoho.Token{}, !f.none
}

func (f *fake) Token(ctx context.Context) (zoho.Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.none {
		return zoho.Token{}, nil
	}
	f.tokens++
	if f.making == nil {
		f.none = false
		return zoho.Token{}, nil
	}
	wait, err := f.making(f.tokens)
	f.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		err = unsent()
	}
	f.mu.Lock()
	f.none = err != nil
	return zoho.Token{}, err
}

func (f *fake) Credits() (int, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.credits == nil {
		return 0, false
	}
	return f.credits()
}

// count counts calls.
func (f *fake) count(which func(call) bool) (n int) {
	for _, c := range f.calls {
		if which(c) {
			n++
		}
	}
	return n
}

func lookups(c call) bool { return c.lookup }

// starts are the times of the calls, from the first one's.
func (f *fake) starts() (at []time.Duration) {
	for _, c := range f.calls {
		at = append(at, c.at.Sub(f.calls[0].at))
	}
	return at
}

// book is a recorder that looks at what it is given.
type book struct {
	t         *testing.T
	mu        sync.Mutex
	out       map[int]Outcome
	order     []int // positions
	unsynced  bool
	syncs     int
	failWrite func(n int) error // before the nth write; nil for none
	failSync  func(n int) error
	writes    int
	cost      func() time.Duration // of a write
	syncCost  time.Duration
}

func (b *book) Write(out []Outcome) error {
	if b.cost != nil {
		<-time.After(b.cost())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes++
	if b.failWrite != nil {
		if err := b.failWrite(b.writes); err != nil {
			return err
		}
	}
	if len(out) == 0 {
		b.t.Error("an empty write")
	}
	for _, o := range out {
		if old, twice := b.out[o.Pos]; twice {
			b.t.Errorf("two outcomes of link %d: %+v, %+v", o.Pos, old, o)
		}
		if o.Code == "" || o.Time.IsZero() {
			b.t.Errorf("outcome %+v", o)
		}
		b.out[o.Pos] = o
		b.order = append(b.order, o.Pos)
	}
	b.unsynced = true
	return nil
}

func (b *book) Sync() error {
	b.mu.Lock()
	b.syncs++
	n := b.syncs
	b.unsynced = false
	b.mu.Unlock()
	if b.syncCost > 0 {
		<-time.After(b.syncCost)
	}
	if b.failSync != nil {
		return b.failSync(n)
	}
	return nil
}

// is counts outcomes.
func (b *book) is(s Status) (n int) {
	for _, o := range b.out {
		if o.Status == s {
			n++
		}
	}
	return n
}

// want holds the counts of removed, absent, failed and unknown links against what is expected.
func (b *book) want(removed, absent, failed, unknown int) {
	b.t.Helper()
	if b.is(Removed) != removed || b.is(Absent) != absent || b.is(Failed) != failed || b.is(Unknown) != unknown {
		b.t.Errorf("%d removed, %d absent, %d failed, %d unknown; want %d, %d, %d, %d", b.is(Removed), b.is(Absent), b.is(Failed), b.is(Unknown), removed, absent, failed, unknown)
	}
}

// mustBeTrue holds every outcome against the truth, at the end of a run.
func mustBeTrue(t testing.TB, f *fake, b *book, batches []chunker.Batch) {
	t.Helper()
	sent := map[reader.Link]int{}
	for _, c := range f.calls {
		if c.unsent {
			continue
		}
		for _, id := range c.ids {
			sent[reader.Link{Relation: c.relation, Parent: c.parent, Related: id}]++
		}
	}
	n := 0
	for _, batch := range batches {
		for i, id := range batch.Related {
			l := reader.Link{Relation: batch.Relation, Parent: batch.Parent, Related: id}
			o, settled := b.out[batch.Pos[i]]
			if settled {
				n++
				if o.Link != l {
					t.Errorf("position %d is %v, not %v", batch.Pos[i], o.Link, l)
				}
				if o.Attempts != sent[l] {
					t.Errorf("%v: %d attempts are told, %d calls named it: %+v", l, o.Attempts, sent[l], o)
				}
			}
			switch {
			case !settled && f.removed[l]:
				t.Errorf("%v is gone, and has no outcome", l)
			case (o.Status == Removed || o.Status == Absent) && f.linked[l]:
				t.Errorf("%v is told to be %s, and is there: %+v", l, o.Status, o)
			case o.Status == Removed && !f.removed[l]:
				t.Errorf("%v is told to be removed, and was not there: %+v", l, o)
			case o.Status == Failed && f.removed[l]:
				t.Errorf("%v is told to have failed, and is gone: %+v", l, o)
			}
		}
	}
	if n != len(b.out) {
		t.Errorf("%d outcomes, of which %d are links that were given", len(b.out), n)
	}
	if b.unsynced {
		t.Error("the last outcomes were not synced")
	}
}

// some are batches of a relation: so many parents with so many links each.
func some(r zoho.Relation, parents, links int) []chunker.Batch { return after(nil, r, parents, links) }

func after(batches []chunker.Batch, r zoho.Relation, parents, links int) []chunker.Batch {
	pos := 0
	for _, b := range batches {
		pos += len(b.Pos)
	}
	for p := range parents {
		b := chunker.Batch{Relation: r, Parent: zoho.ID(1000 + p)}
		for range links {
			b.Related = append(b.Related, zoho.ID(1_000_000+pos))
			b.Pos = append(b.Pos, pos)
			pos++
		}
		batches = append(batches, b)
	}
	return batches
}

// rig is a pool, a CRM and a recorder.
type rig struct {
	*fake
	*book
	t        *testing.T
	batches  []chunker.Batch
	settings Settings
	notes    []string
	taken    int
	pool     *Pool

	stop, hard context.Context
	halt, cut  context.CancelCauseFunc
	took       time.Duration
}

func newRig(t *testing.T, batches []chunker.Batch) *rig {
	r := &rig{
		fake: newFake(batches), book: &book{t: t, out: map[int]Outcome{}}, t: t, batches: batches,
		settings: Settings{Slots: 1, MaxAttempts: 5, MaxFailures: -1},
	}
	r.settings.Note = func(s string) { r.notes = append(r.notes, s) }
	r.stop, r.halt = context.WithCancelCause(context.Background())
	r.hard, r.cut = context.WithCancelCause(context.Background())
	return r
}

func (r *rig) seq() iter.Seq[chunker.Batch] {
	return func(yield func(chunker.Batch) bool) {
		for _, b := range r.batches {
			r.taken++
			if !yield(b) {
				return
			}
		}
	}
}

// run runs the pool and holds what it did against the truth.
func (r *rig) run() (Reason, error) {
	r.t.Helper()
	defer r.halt(nil)
	defer r.cut(nil)
	r.pool = New(r.fake, r.settings)
	start := time.Now()
	reason, err := r.pool.Run(r.stop, r.hard, r.seq(), r.book)
	r.took = time.Since(start)
	if r.failWrite == nil && r.failSync == nil {
		mustBeTrue(r.t, r.fake, r.book, r.batches)
	}
	if r.peak > r.settings.Slots {
		r.t.Errorf("%d calls in flight with %d slots", r.peak, r.settings.Slots)
	}
	if s := r.pool.Stats(); s.InFlight != 0 || s.Calls > len(r.calls) {
		r.t.Errorf("%+v after %d calls", s, len(r.calls))
	}
	if (err != nil) != (reason == Broken || reason == Refused) {
		r.t.Errorf("reason %s with error %v", reason, err)
	}
	return reason, err
}

func (r *rig) ends(want Reason) error {
	r.t.Helper()
	reason, err := r.run()
	if reason != want {
		r.t.Errorf("ended by %s, want %s (%v)", reason, want, err)
	}
	return err
}

// What goes wrong, by kind.
func unanswered() *zoho.Error {
	return &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: 502, Code: zoho.CodeServerError}
}

func unsent() *zoho.Error {
	return &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNotConnected, Cause: errors.New("refused")}
}

func throttled() *zoho.Error {
	return &zoho.Error{Kind: zoho.Throttled, Scope: zoho.ScopeRun, Sent: true, Status: 429, Code: "TOO_MANY_REQUESTS"}
}

func badToken() *zoho.Error {
	return &zoho.Error{Kind: zoho.BadToken, Scope: zoho.ScopeRun, Sent: true, Status: 401, Code: "INVALID_TOKEN"}
}

func refusal(s zoho.Scope, code string) *zoho.Error {
	return &zoho.Error{Kind: zoho.Refused, Scope: s, Sent: true, Status: 400, Code: code}
}

func denial(s zoho.Scope) *zoho.Error {
	return &zoho.Error{Kind: zoho.Denied, Scope: s, Sent: true, Status: 401, Code: "OAUTH_SCOPE_MISMATCH"}
}

// always is a fault for each call that which chooses.
func always(which func(call) bool, x fault) func(call) *fault {
	return func(c call) *fault {
		if which(c) {
			return &x
		}
		return nil
	}
}

func every(call) bool     { return true }
func delinks(c call) bool { return !c.lookup }
func nth(numbers ...int) func(call) bool {
	return func(c call) bool { return slices.Contains(numbers, c.n) }
}

func steady(d time.Duration) func(call) time.Duration {
	return func(call) time.Duration { return d }
}

// link is the link at a position.
func link(r *rig, pos int) reader.Link {
	for _, b := range r.batches {
		if i := slices.Index(b.Pos, pos); i >= 0 {
			return reader.Link{Relation: b.Relation, Parent: b.Parent, Related: b.Related[i]}
		}
	}
	return reader.Link{}
}
