package worker

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// in runs a test in a bubble, where time is fake and a goroutine that is left behind is a failure.
func in(t *testing.T, f func(*testing.T)) { t.Helper(); synctest.Test(t, f) }

// book is a recorder that looks at what it is given.
type book struct {
	*fake
	mu        sync.Mutex
	out       map[int]outcome.Outcome
	order     []int // positions
	ahead     int   // batches that were prepared and not begun, at most
	waiting   []chunker.Batch
	unsynced  bool
	syncs     int
	writes    int
	linkAt    func(pos int) reader.Link
	keeping   int
	keepCost  time.Duration
	failKeep  func(n int) error
	failWrite func(n int) error // before the nth write; nil for none
	failSync  func(n int) error
}

// Prepare notes what may be sent, and how much of that is not yet sent. Batches that are in doubt
// anyway do not count: after a refusal of their parent record they can wait for a look-up, and need
// no delink.
func (b *book) Prepare(batches []chunker.Batch) error {
	synctest.Wait() // for calls that are about to begin
	b.fake.mu.Lock()
	defer b.fake.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, batch := range batches {
		for _, l := range linksOf(batch) {
			// A link that goes back from the other side is written down for both.
			if b.prepared[l] && (batch.IsTurned() || len(b.turned) == 0) {
				b.t.Errorf("%v is written down twice", l)
			}
			b.prepared[l] = true
		}
	}
	b.waiting = slices.DeleteFunc(append(b.waiting, batches...), func(x chunker.Batch) bool {
		_, settled := b.out[x.Pos[0]]
		return settled || b.begun[linksOf(x)[0]] || b.denied[x.Relation] || x.History.MayBeRemoved()
	})
	b.ahead = max(b.ahead, len(b.waiting))
	return nil
}

// Keep notes the fields of links, when they are on disk.
func (b *book) Keep(snapshots []Snapshot) error {
	b.keeping++
	if b.failKeep != nil {
		if err := b.failKeep(b.keeping); err != nil {
			return err
		}
	}
	if b.keepCost > 0 {
		<-time.After(b.keepCost)
	}
	b.fake.mu.Lock()
	defer b.fake.mu.Unlock()
	for _, s := range snapshots {
		b.kept[b.linkAt(s.Pos)] = s.Fields
	}
	return nil
}

func (b *book) Write(out []outcome.Outcome) error {
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
	defer b.mu.Unlock()
	b.syncs++
	b.unsynced = false
	if b.failSync != nil {
		return b.failSync(b.syncs)
	}
	return nil
}

// is counts outcomes.
func (b *book) is(s outcome.Status) (n int) {
	for _, o := range b.out {
		if o.Status == s {
			n++
		}
	}
	return n
}

// tally is how many links have each status.
type tally struct{ removed, gone, absent, failed, unknown int }

func (b *book) want(want tally) {
	b.t.Helper()
	got := tally{b.is(outcome.Removed), b.is(outcome.Gone), b.is(outcome.Absent), b.is(outcome.Failed), b.is(outcome.Unknown)}
	if got != want {
		b.t.Errorf("%+v, want %+v", got, want)
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

// with are the batches with a history.
func with(h outcome.History, batches []chunker.Batch) []chunker.Batch {
	for i := range batches {
		batches[i].History = h
	}
	return batches
}

// rig is a CRM and a recorder, and the run between them.
type rig struct {
	*fake
	*book
	t           *testing.T
	batches     []chunker.Batch
	settings    Settings
	notes       []string
	lookUpFails error // of what keeps findings
	doubtful    func(pos int, shown outcome.Presence) bool
	trusted     bool
	taken       int
	worker      *Run

	stop, hard context.Context
	halt, cut  context.CancelCauseFunc
	took       time.Duration
}

func newRig(t *testing.T, batches []chunker.Batch) *rig {
	f := newFake(t, batches)
	r := &rig{
		fake: f, book: &book{fake: f, out: map[int]outcome.Outcome{}}, t: t, batches: batches,
		settings: Settings{Settings: engine.Settings{Slots: 1, MaxAttempts: 5}, MaxFailures: -1},
	}
	r.linkAt = func(pos int) reader.Link { return link(r, pos) }
	r.settings.Regroup = func(positions []uint32) func() (chunker.Batch, bool) {
		return func() (b chunker.Batch, ok bool) {
			if len(positions) == 0 {
				return b, false
			}
			pos := int(positions[0])
			positions = positions[1:]
			l := link(r, pos)
			return chunker.Batch{Relation: l.Relation, Parent: l.Parent, Related: []zoho.ID{l.Related}, Pos: []int{pos}}, true
		}
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

// link is the link at a position.
func link(r *rig, pos int) reader.Link {
	for _, b := range r.batches {
		if i := slices.Index(b.Pos, pos); i >= 0 {
			return linksOf(b)[i]
		}
	}
	return reader.Link{}
}

// newSnapshotRig is a rig whose run keeps the links' own fields, of which each has one.
func newSnapshotRig(t *testing.T, batches []chunker.Batch) *rig {
	r := newRig(t, batches)
	r.settings.Snapshots, r.keeps = r.book, true
	for l := range r.linked {
		r.own[l] = zoho.Fields{"Member_Status": l.Related.String()}
	}
	return r
}

// run removes the links, and holds what the outcomes say against the truth.
func (r *rig) run() (outcome.Reason, error) {
	r.t.Helper()
	defer r.halt(nil)
	defer r.cut(nil)
	r.worker = Start(r.fake, r.seq(), r.book, r.settings)
	start := time.Now()
	reason, err := r.worker.Run(r.stop, r.hard)
	r.took = time.Since(start)
	<-time.After(time.Hour) // until the last call that is carried out late
	synctest.Wait()
	if r.failWrite == nil {
		mustBeTrue(r.t, r.fake, r.book, r.batches)
	}
	if r.peak > r.settings.Slots {
		r.t.Errorf("%d calls in flight with %d slots", r.peak, r.settings.Slots)
	}
	most := max(r.settings.Slots, 4)
	if r.settings.Regroup != nil { // what was to be sent to the other side, and is written down again when it goes back
		most *= 2
	}
	if r.ahead > most {
		r.t.Errorf("%d batches were written down ahead, at most %d may be", r.ahead, most)
	}
	sent := r.count(func(c call) bool { return !c.unsent })
	if s := r.worker.Stats(); s.InFlight != 0 || s.Calls != sent+r.proofs || r.failWrite == nil && s.Done != len(r.out) {
		r.t.Errorf("%+v after %d calls with %d outcomes", s, sent, len(r.out))
	}
	if (err != nil) != (reason == outcome.Broken || reason == outcome.LoginRefused) {
		r.t.Errorf("reason %s with error %v", reason, err)
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
