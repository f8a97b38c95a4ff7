package worker

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
	"delink/pkg/zoho/login"
)

var (
	campaignLeads = zoho.Relation{Module: "Campaigns", List: "Leads"}
	productDeals  = zoho.Relation{Module: "Products", List: "Deals"}
)

// call is one call as the fake CRM saw it.
type call struct {
	n        int // from 1
	lookup   bool
	fields   bool // a look-up with fields
	unsent   bool // it never came here
	relation zoho.Relation
	turned   zoho.Relation // of the links, if relation is their other side
	parent   zoho.ID
	ids      []zoho.ID
	at       time.Time
	token    zoho.Token
}

// links are the links that a call names.
func (c *call) links() []reader.Link {
	b := chunker.Batch{Relation: c.relation, Parent: c.parent, Related: c.ids, Turned: c.turned}
	return linksOf(b)
}

// fault is what befalls a call.
type fault struct {
	err    *zoho.Error        // instead of the answer
	done   bool               // the links were removed all the same
	late   time.Duration      // the links are removed so long after the answer
	change func(*zoho.Answer) // of the answer
}

// fake is a CRM that knows the truth: which links there are, which of them calls have removed, and
// which calls went unanswered.
type fake struct {
	t          *testing.T
	mu         sync.Mutex
	linked     map[reader.Link]bool
	removed    map[reader.Link]bool            // by calls
	unanswered map[reader.Link]bool            // a delink told nothing of it
	elsewhere  map[reader.Link]bool            // another run has them open
	cursedRead map[zoho.ID]bool                // the same, of calls that read fields
	locked     map[zoho.ID]bool                // refused by name
	cursed     map[zoho.ID]bool                // one of them in a call has the whole call refused, namelessly
	prepared   map[reader.Link]bool            // by the recorder
	turned     map[zoho.Relation]zoho.Relation // other sides, and the relations of their links
	apart      bool                            // the other sides show links of their own
	unseen     map[zoho.ID]bool                // the other sides do not show these records
	keeps      bool                            // nothing is removed whose fields the recorder does not have
	kept       map[reader.Link]zoho.Fields
	own        map[reader.Link]zoho.Fields
	begun      map[reader.Link]bool // some call named it
	denied     map[zoho.Relation]bool
	calls      []call
	counts     int          // questions how many records a list holds
	counting   func() error // why they have no answer; nil for one
	pages      int          // pages of lists that were read
	paging     func() error // why they have no answer; nil for one
	proofs     int          // such questions and pages that came here
	inFlight   int
	peak       int
	token      zoho.Token
	tokens     int // that were made

	latency func(call) time.Duration
	fault   func(call) *fault  // before the work; nil for none
	credits func() (int, bool) // nil: not known
	hang    func(call) bool    // answers only when the caller leaves
	held    map[*zoho.Error]zoho.Token
	blank   bool // look-ups tell of no links
	hides   bool // look-ups tell of no links, and pages of a list do
}

func newFake(t *testing.T, batches []chunker.Batch) *fake {
	f := &fake{
		t: t, linked: map[reader.Link]bool{}, removed: map[reader.Link]bool{}, unanswered: map[reader.Link]bool{},
		kept: map[reader.Link]zoho.Fields{}, own: map[reader.Link]zoho.Fields{}, prepared: map[reader.Link]bool{}, begun: map[reader.Link]bool{}, denied: map[zoho.Relation]bool{},
		held: map[*zoho.Error]zoho.Token{}, token: newToken(0), turned: map[zoho.Relation]zoho.Relation{},
	}
	for _, b := range batches {
		if b.IsTurned() {
			f.turned[b.Relation] = b.Turned
		}
		for _, l := range linksOf(b) {
			f.linked[l] = true
		}
	}
	return f
}

func linksOf(b chunker.Batch) []reader.Link {
	out := make([]reader.Link, len(b.Related))
	for i := range b.Related {
		out[i] = b.Link(i)
	}
	return out
}

// newToken is a token that differs from all others.
func newToken(n int) zoho.Token {
	token, _ := login.NewSource(login.Credentials{AccessToken: strconv.Itoa(n)}, login.Server{HTTP: http.DefaultClient}, nil).Ready()
	return token
}

// enter is the beginning of a call: what befalls it, and how long it takes.
func (f *fake) enter(c call, work func()) (*fault, call, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.n, c.at, c.ids = len(f.calls)+1, time.Now(), slices.Clone(c.ids)
	f.calls = append(f.calls, c)
	f.inFlight++
	f.peak = max(f.peak, f.inFlight)
	if n := len(c.ids); n < 1 || n > 100 { // as Zoho documents it
		f.t.Errorf("a call with %d ids", n)
	}
	for _, l := range c.links() {
		f.begun[l] = true
		if !c.lookup && !f.prepared[l] {
			f.t.Errorf("%v is sent, and was not written down before", l)
		}
		if !c.lookup && f.keeps {
			if had, is := f.kept[l]; !is || !maps.Equal(had, f.own[l]) {
				f.t.Errorf("%v is sent with the fields %v, of which %v were kept", l, f.own[l], had)
			}
		}
	}
	x := &fault{}
	if f.fault != nil {
		if given := f.fault(c); given != nil {
			*x = *given
		}
	}
	if x.err != nil {
		own := *x.err
		x.err = &own
		f.held[x.err] = c.token
		f.calls[c.n-1].unsent = !own.Sent
		f.denied[c.relation] = f.denied[c.relation] || own.Kind == zoho.Denied || own.Kind == zoho.BadToken
	}
	if x.err == nil || x.done {
		work()
	}
	wait := time.Duration(0)
	if f.latency != nil {
		wait = f.latency(c)
	}
	if f.hang != nil && f.hang(c) {
		wait = 1000 * time.Hour
	}
	if x.late > 0 {
		time.AfterFunc(wait+x.late, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			work()
		})
	}
	return x, c, wait
}

// do is a call's way through the CRM.
func (f *fake) do(ctx context.Context, c call, work func()) *fault {
	x, c, wait := f.enter(c, work)
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			if x.err == nil || x.err.Sent {
				x.err = &zoho.Error{Kind: zoho.Unanswered, Sent: true, Code: zoho.CodeNoAnswer, Cause: context.Cause(ctx)}
			}
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight--
	if e := x.err; e != nil && !c.lookup && (e.Kind == zoho.Unanswered || e.Status >= 300 && e.Status < 400) {
		for _, l := range c.links() {
			f.unanswered[l] = true
		}
	}
	return x
}

func (f *fake) Delink(ctx context.Context, token zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error) {
	a := zoho.Answer{Status: 207, Items: make([]zoho.Item, len(ids))}
	cursed := false
	c := call{relation: r, turned: f.turned[r], parent: parent, ids: ids, token: token}
	x := f.do(ctx, c, func() {
		for _, id := range ids {
			cursed = cursed || f.cursed[id]
		}
		for i, l := range c.links() {
			switch id := ids[i]; {
			case cursed:
			case f.apart && c.turned != zoho.Relation{}:
				a.Items[i] = zoho.Item{ID: id, Verdict: zoho.Removed, Code: "SUCCESS", Message: "relation removed"}
			case f.unseen[id] && c.turned != zoho.Relation{}:
				a.Items[i] = zoho.Item{ID: id, Verdict: zoho.Absent, Code: "INVALID_DATA", Message: "relation not found"}
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
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, l := range c.links() {
		// That a trial has removed its link is not proven yet. Only its link was looked up before.
		trial := c.turned != zoho.Relation{} && i < len(a.Items) && a.Items[i].Verdict == zoho.Removed && f.count(func(before call) bool { return before.lookup && slices.Contains(before.links(), l) }) > 0
		if trial || i >= len(a.Items) || a.Items[i].ID != ids[i] || a.Items[i].Verdict == zoho.Silent {
			f.unanswered[l] = true
		}
	}
	return a, nil
}

func (f *fake) Linked(ctx context.Context, token zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]bool, error) {
	linked := make([]bool, len(ids))
	c := call{lookup: true, relation: r, parent: parent, ids: ids, token: token}
	x := f.do(ctx, c, func() {
		for i, l := range c.links() {
			linked[i] = !f.blank && !f.hides && f.linked[l]
		}
	})
	if x.err != nil {
		return nil, x.err
	}
	return linked, nil
}

func (f *fake) LinkFields(ctx context.Context, token zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]zoho.LinkState, error) {
	states := make([]zoho.LinkState, len(ids))
	c := call{lookup: true, fields: true, relation: r, parent: parent, ids: ids, token: token}
	cursed := false
	x := f.do(ctx, c, func() {
		for i, l := range c.links() {
			cursed = cursed || f.cursedRead[l.Related]
			if !f.blank && f.linked[l] {
				states[i] = zoho.LinkState{Linked: true, Fields: f.own[l]}
			}
		}
	})
	switch {
	case x.err != nil:
		return nil, x.err
	case cursed:
		return nil, nameless()
	}
	return states, nil
}

// Count answers at once, and is no call that names links.
func (f *fake) Count(_ context.Context, _ zoho.Token, r zoho.Relation, parent zoho.ID) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() { f.proof(err) }()
	f.counts++
	if f.counting != nil {
		if err := f.counting(); err != nil {
			return 0, err
		}
	}
	for l, linked := range f.linked {
		if linked && l.Relation == r && l.Parent == parent {
			n++
		}
	}
	return n, nil
}

// proof notes the end of a call for a proof.
func (f *fake) proof(err error) {
	if err == nil || zoho.AsError(err).Sent {
		f.proofs++
	}
}

// Links answers at once, and is no call that names links.
func (f *fake) Links(_ context.Context, _ zoho.Token, r zoho.Relation, parent zoho.ID, _ zoho.PageOf) (p zoho.Page, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() { f.proof(err) }()
	f.pages++
	if f.paging != nil {
		return p, f.paging()
	}
	for l, linked := range f.linked {
		if linked && !f.blank && l.Relation == r && l.Parent == parent {
			p.Records = append(p.Records, zoho.Record{ID: l.Related})
		}
	}
	return p, nil
}

func (f *fake) Renew(err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	var e *zoho.Error
	if !errors.As(err, &e) || f.held[e] != f.token {
		return false
	}
	f.tokens++
	f.token = newToken(f.tokens)
	return true
}

func (f *fake) Ready() (zoho.Token, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.token, true
}

func (f *fake) Token(context.Context) (zoho.Token, error) { return f.token, nil }

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

// starts are the times of the calls, from the first one's.
func (f *fake) starts() (at []time.Duration) {
	for _, c := range f.calls {
		at = append(at, c.at.Sub(f.calls[0].at))
	}
	return at
}

// What goes wrong, by kind.
func unanswered() *zoho.Error {
	return &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: 502, Code: zoho.CodeServerError}
}

// silent is an empty success, as a gateway may give it.
func silent() *zoho.Error {
	return &zoho.Error{Kind: zoho.Unanswered, Sent: true, Status: 204, Code: zoho.CodeForeignAnswer}
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

func nameless() *zoho.Error {
	return &zoho.Error{Kind: zoho.Nameless, Sent: true, Status: 400, Code: "INVALID_DATA"}
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
func lookups(c call) bool { return c.lookup }
func reads(c call) bool   { return c.fields }

func nth(numbers ...int) func(call) bool {
	return func(c call) bool { return slices.Contains(numbers, c.n) }
}

func steady(d time.Duration) func(call) time.Duration {
	return func(call) time.Duration { return d }
}
