package worker

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
	"delink/pkg/zoho/emulator"
	"delink/pkg/zoho/emulator/wire"
	"delink/pkg/zoho/login"
)

var (
	contactRoles = zoho.Relation{Module: "Deals", List: "Contact_Roles"}
	priceBooks   = zoho.Relation{Module: "Products", List: "Price_Books"}
)

// relatedModule is the module of the records that a list of these tests holds.
func relatedModule(r zoho.Relation) string {
	if r == contactRoles {
		return "Contacts"
	}
	return r.List
}

// linkFields are the fields that the link at a position is to get.
func linkFields(r zoho.Relation, pos int) zoho.Fields {
	switch n := strconv.Itoa(pos); r {
	case campaignLeads:
		return zoho.Fields{"Member_Status": "Sent " + n}
	case priceBooks:
		return zoho.Fields{"list_price": n + ".5"}
	case contactRoles:
		return zoho.Fields{"Contact_Role": "Role " + n, "Contact_Role.id": "7" + n}
	}
	return nil
}

// ownFields are the fields of a link that is there before the run.
func ownFields(r zoho.Relation) map[string]any {
	switch r {
	case campaignLeads:
		return map[string]any{"Member_Status": "Own"}
	case priceBooks:
		return map[string]any{"list_price": 9.5}
	case contactRoles:
		return map[string]any{"Contact_Role": map[string]any{"name": "Own", "id": "5"}}
	}
	return nil
}

// spy is a client that notes what it is called for, and what it answers. It has its notes in the
// same place as the fake CRM.
type spy struct {
	*zoho.Client
	notes *fake
	said  map[reader.Link]bool // a call was answered: the link is there
	puts  map[reader.Link]int  // calls that may have made it

	change func(n int, a *zoho.Answer) // of a call that makes links; nil for none
}

func (s *spy) begin(c call) int {
	f := s.notes
	f.mu.Lock()
	defer f.mu.Unlock()
	c.n, c.at, c.ids = len(f.calls)+1, time.Now(), slices.Clone(c.ids)
	f.calls = append(f.calls, c)
	f.inFlight++
	f.peak = max(f.peak, f.inFlight)
	for _, l := range c.links() {
		f.begun[l] = true
		if !c.lookup && !f.prepared[l] {
			f.t.Errorf("%v is sent, and was not written down before", l)
		}
	}
	return c.n - 1
}

// end notes the end of a call. mu is held when it returns.
func (s *spy) end(n int, err error) {
	s.notes.mu.Lock()
	s.notes.inFlight--
	s.notes.calls[n].unsent = err != nil && !zoho.AsError(err).Sent
}

func (s *spy) Linked(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]bool, error) {
	n := s.begin(call{lookup: true, relation: r, parent: parent, ids: ids})
	linked, err := s.Client.Linked(ctx, t, r, parent, ids)
	s.end(n, err)
	defer s.notes.mu.Unlock()
	return linked, err
}

func (s *spy) Link(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, links []zoho.NewLink) (zoho.Answer, error) {
	c := call{relation: r, parent: parent}
	for _, l := range links {
		c.ids = append(c.ids, l.ID)
	}
	n := s.begin(c)
	a, err := s.Client.Link(ctx, t, r, parent, links)
	if s.change != nil {
		s.change(s.notes.count(sends), &a)
	}
	s.end(n, err)
	defer s.notes.mu.Unlock()
	for i, l := range c.links() {
		if !s.notes.calls[n].unsent {
			s.puts[l]++
		}
		switch {
		case err != nil:
			s.notes.unanswered[l] = s.notes.unanswered[l] || mayBeCarriedOut(zoho.AsError(err))
		case a.Items[i].Verdict == zoho.Linked:
			s.said[l] = true
		case a.Items[i].Verdict == zoho.Silent:
			s.notes.unanswered[l] = true
		}
	}
	return a, err
}

func (s *spy) Count(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID) (int, error) {
	count, err := s.Client.Count(ctx, t, r, parent)
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	s.notes.counts++
	s.notes.proof(err)
	return count, err
}

func (s *spy) Links(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, p zoho.PageOf) (zoho.Page, error) {
	page, err := s.Client.Links(ctx, t, r, parent, p)
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	s.notes.pages++
	s.notes.proof(err)
	return page, err
}

// relinkRig is an emulator and a recorder, and a run between them that makes links.
type relinkRig struct {
	*book
	t        *testing.T
	emulator *emulator.Emulator
	spy      *spy
	batches  []chunker.Batch
	settings RelinkSettings
	notes    []string
	fields   func(pos int) zoho.Fields
	was      map[reader.Link]bool // before the run

	stop, hard context.Context
	halt, cut  context.CancelCauseFunc
	worker     *Run
	took       time.Duration
}

// newRelinkRig makes a CRM with these knobs, in which none of the links is there.
func newRelinkRig(t *testing.T, batches []chunker.Batch, knobs ...string) *relinkRig {
	cfg := emulator.Config{}
	if err := cfg.SetAll(append([]string{"in-flight=none", "credits=none", "faults-on=link"}, knobs...)...); err != nil {
		t.Fatal(err)
	}
	e := emulator.New(cfg)
	cfg = e.Config()
	transport := &http.Transport{DialContext: wire.Serve(t, e).Dial, MaxIdleConnsPerHost: 30}
	t.Cleanup(transport.CloseIdleConnections)
	h := &http.Client{Transport: transport}
	grants := login.Credentials{ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, RefreshToken: cfg.RefreshToken}
	tokens := login.NewSource(grants, login.Server{Accounts: "http://localhost", HTTP: h}, nil)
	client, err := zoho.NewClient(tokens, h, zoho.Options{APIDomain: "http://localhost", Version: "v8", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t, nil)
	r := &relinkRig{
		book: &book{fake: f, out: map[int]outcome.Outcome{}}, t: t, emulator: e, batches: batches,
		spy:      &spy{Client: client, notes: f, said: map[reader.Link]bool{}, puts: map[reader.Link]int{}},
		settings: RelinkSettings{Settings: engine.Settings{Slots: 4, MaxAttempts: 3}, MaxFailures: -1},
		was:      map[reader.Link]bool{},
	}
	r.settings.Note = func(s string) { r.notes = append(r.notes, s) }
	r.fields = func(pos int) zoho.Fields { return linkFields(r.link(pos).Relation, pos) }
	r.stop, r.halt = context.WithCancelCause(context.Background())
	r.hard, r.cut = context.WithCancelCause(context.Background())
	for _, b := range batches {
		e.Parent(b.Relation.Module, uint64(b.Parent))
		for _, id := range b.Related {
			e.Parent(relatedModule(b.Relation), uint64(id))
		}
	}
	return r
}

// link is the link at a position, and put makes it be there before the run.
func (r *relinkRig) link(pos int) reader.Link { return link(&rig{batches: r.batches}, pos) }

func (r *relinkRig) put(positions ...int) {
	for _, pos := range positions {
		l := r.link(pos)
		if l.Related == 0 {
			continue
		}
		r.was[l] = true
		r.emulator.Link(l.Relation.Module, uint64(l.Parent), l.Relation.List, uint64(l.Related))
		r.emulator.SetFields(l.Relation.Module, uint64(l.Parent), l.Relation.List, uint64(l.Related), ownFields(l.Relation))
	}
}

func (r *relinkRig) set(knobs ...string) {
	r.emulator.Update(func(c *emulator.Config) {
		if err := c.SetAll(knobs...); err != nil {
			r.t.Fatal(err)
		}
	})
}

func (r *relinkRig) run() (outcome.Reason, error) {
	r.t.Helper()
	defer r.halt(nil)
	defer r.cut(nil)
	seq := func(yield func(chunker.Batch) bool) {
		for _, b := range r.batches {
			if !yield(b) {
				return
			}
		}
	}
	r.worker = StartRelink(r.spy, iter.Seq[chunker.Batch](seq), r.fields, r.book, r.settings)
	start := time.Now()
	reason, err := r.worker.Run(r.stop, r.hard)
	r.took = time.Since(start)
	<-time.After(time.Hour) // until the last call that is carried out late
	synctest.Wait()
	r.mustBeTrue()
	if r.peak > r.settings.Slots {
		r.t.Errorf("%d calls in flight with %d slots", r.peak, r.settings.Slots)
	}
	sent := r.count(func(c call) bool { return !c.unsent })
	if s := r.worker.Stats(); s.InFlight != 0 || s.Calls != sent+r.proofs || s.Done != len(r.out) {
		r.t.Errorf("%+v after %d calls, %d counts and %d pages, with %d outcomes", s, sent, r.counts, r.pages, len(r.out))
	}
	if (err != nil) != (reason == outcome.Broken || reason == outcome.LoginRefused) {
		r.t.Errorf("reason %s with error %v", reason, err)
	}
	return reason, err
}

func (r *relinkRig) mustEnd(want outcome.Reason) error {
	r.t.Helper()
	reason, err := r.run()
	if reason != want {
		r.t.Errorf("ended by %s, want %s (%v)", reason, want, err)
	}
	return err
}

// relinked is how many links have each status.
type relinked struct{ restored, present, failed, unknown int }

func (r *relinkRig) want(want relinked) {
	r.t.Helper()
	got := relinked{r.is(outcome.Restored), r.is(outcome.Present), r.is(outcome.Failed), r.is(outcome.Unknown)}
	if got != want || len(r.out) != want.restored+want.present+want.failed+want.unknown {
		r.t.Errorf("%+v of %d outcomes, want %+v", got, len(r.out), want)
	}
}

// mustBeTrue holds every outcome against the emulator's books, when no call is left that could be
// carried out late.
func (r *relinkRig) mustBeTrue() {
	r.t.Helper()
	attempts := map[reader.Link]int{}
	for _, c := range r.calls {
		if !c.unsent {
			for _, l := range c.links() {
				attempts[l]++
			}
		}
	}
	for _, batch := range r.batches {
		fields := r.stored(batch)
		for i, l := range linksOf(batch) {
			o, settled := r.out[batch.Pos[i]]
			if !settled {
				o.Status = outcome.Pending
			} else if o.Attempts != attempts[l] {
				r.t.Errorf("%v has %d attempts, and %d calls named it: %+v", l, o.Attempts, attempts[l], o)
			}
			if wrong := r.lie(batch.History, l, o.Status); wrong != "" {
				r.t.Errorf("%v is %s, %s: %+v", l, o.Status, wrong, o)
			}
			want := linkFields(l.Relation, batch.Pos[i])
			if r.was[l] {
				want = ownTexts(l.Relation)
			}
			// Where the CRM refuses to count, and shows no link, the trial of a relation is sent
			// all the same. That is found out by its read-back, before another link is sent.
			isBlindTrial := o.Status == outcome.Unknown && o.Code == zoho.CodeNotShown
			if fields[i].Linked && !maps.Equal(fields[i].Fields, want) && !isBlindTrial {
				r.t.Errorf("%v is %s and has the fields %v, want %v", l, o.Status, fields[i].Fields, want)
			}
		}
	}
	if r.unsynced {
		r.t.Error("the last outcomes were not synced")
	}
}

// ownTexts are ownFields as a read gives them.
func ownTexts(r zoho.Relation) zoho.Fields {
	switch r {
	case campaignLeads:
		return zoho.Fields{"Member_Status": "Own"}
	case priceBooks:
		return zoho.Fields{"list_price": "9.5"}
	case contactRoles:
		return zoho.Fields{"Contact_Role": "Own", "Contact_Role.id": "5"}
	}
	return nil
}

// stored reads the links of a batch with their fields, from a CRM to which nothing happens any
// more.
func (r *relinkRig) stored(b chunker.Batch) []zoho.LinkState {
	r.emulator.Update(func(c *emulator.Config) {
		*c = emulator.Default()
		c.MemberInfo, c.InFlight, c.Credits = "fields", -1, -1
	})
	token, err := r.spy.Token(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	states, err := r.spy.LinkFields(context.Background(), token, b.Relation, b.Parent, b.Related)
	if err != nil {
		r.t.Fatal(err)
	}
	return states
}

// lie is what is wrong with the status of a link; empty if it is true.
func (r *relinkRig) lie(history outcome.History, l reader.Link, s outcome.Status) string {
	is := r.emulator.Linked(l.Relation.Module, uint64(l.Parent), l.Relation.List, uint64(l.Related))
	was, said, open := r.was[l], r.spy.said[l], history != outcome.Clear || r.unanswered[l]
	switch s {
	case outcome.Pending:
		return whatHolds(is != was, "and was made", said, "and was said to be made", r.unanswered[l], "and a call for it went unanswered")
	case outcome.Restored:
		return whatHolds(!is, "and is not there", was && history == outcome.Clear, "and was there before", !said && !open, "and no call made it")
	case outcome.Present:
		return whatHolds(!is, "and is not there", !was, "and was not there before", history != outcome.Clear, "and an earlier run may have made it", r.spy.puts[l] > 0, "and was sent")
	case outcome.Failed:
		return whatHolds(is != was, "and was made", said, "and was said to be made")
	case outcome.Unknown:
		return whatHolds(!open && !said, "and every attempt was answered")
	default:
		return "which is no status of links that are made"
	}
}

// sends are the calls that make links.
func sends(c call) bool { return !c.lookup }
