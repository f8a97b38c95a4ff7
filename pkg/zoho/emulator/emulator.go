package emulator

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"delink/pkg/zoho/emulator/demo"
	"delink/pkg/zoho/emulator/knob"
)

// An Emulator answers as Zoho's accounts host and API host at once. It is an [http.Handler];
// [Emulator.Start] puts a server around it.
type Emulator struct {
	cfg atomic.Pointer[Config]

	mu     sync.Mutex // guards all below; lock takes it
	books  ledger
	tokens vault
	limits limits
	calls  uint64  // API and token calls so far, which seed their chances
	faulty uint64  // calls so far that faults can strike
	late   []*call // calls whose work is still to be done although nobody waits, earliest first
}

// New returns an emulator with nothing in its books, or with the demo org if cfg asks for it. What
// cfg leaves at zero has its default.
func New(cfg Config) *Emulator {
	cfg = cfg.WithDefaults()
	e := &Emulator{books: newLedger(cfg.Sides), tokens: newVault()}
	e.cfg.Store(&cfg)
	if cfg.Demo {
		e.fillDemo()
	}
	return e
}

// Demo returns an emulator with the small, believable org that package demo makes. What knobs say
// of converted leads, of records that are not approved and of the company counts more.
func Demo(cfg Config) *Emulator {
	cfg.Demo = true
	return New(cfg)
}

func (e *Emulator) fillDemo() {
	// Its error is one of the demo org itself, which the tests of that package would show.
	states, _ := demo.Fill(e)
	e.Update(func(c *Config) {
		if c.Converted == nil {
			c.Converted = knob.IDSet(states.Converted)
		}
		if c.Unapproved == nil {
			c.Unapproved = knob.IDSet(states.Unapproved)
		}
		if c.Company == Default().Company {
			c.Company = demo.Company
		}
	})
}

// Config returns the configuration as it is now.
func (e *Emulator) Config() Config { return *e.cfg.Load() }

// Update changes the configuration while calls go on; those that have arrived keep the old one.
// Maps and slices must be replaced, not changed.
func (e *Emulator) Update(change func(*Config)) {
	e.lock()
	defer e.mu.Unlock()
	cfg := *e.cfg.Load()
	change(&cfg)
	cfg = cfg.WithDefaults()
	e.cfg.Store(&cfg)
}

// FailIDs lets related ids answer an error code from now on.
func (e *Emulator) FailIDs(code string, related ...uint64) {
	e.Update(func(c *Config) {
		codes := IDCodes{}
		maps.Copy(codes, c.IDErrors)
		for _, id := range related {
			codes[id] = code
		}
		c.IDErrors = codes
	})
}

// ServeHTTP answers one request, whichever host it was meant for.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, adminPath):
		e.serveAdmin(w, r)
	case strings.HasPrefix(r.URL.Path, "/oauth/"):
		e.serveOAuth(w, r)
	default:
		e.serveAPI(w, r)
	}
}

// A call is one request under way.
type call struct {
	e       *Emulator
	cfg     *Config
	w       http.ResponseWriter
	r       *http.Request
	kind    string
	rng     *rand.Rand
	number  uint64
	fault   *Fault // what strikes it, nil for nothing
	arrived time.Time
	inside  bool // it counts among the calls in flight
	credits int  // what is left of them, as the header says; -1: it says nothing

	// Of a call whose work is done late: what to do, and when.
	work func(*call) answer
	due  time.Time
}

// begin notes that a call has arrived.
func (e *Emulator) begin(w http.ResponseWriter, r *http.Request, kind string) *call {
	c := &call{e: e, cfg: e.cfg.Load(), w: w, r: r, kind: kind, arrived: time.Now(), credits: -1}
	e.lock()
	defer e.mu.Unlock()
	e.books.Calls[kind]++
	e.calls++
	c.number = e.calls
	c.rng = rand.New(rand.NewPCG(c.cfg.Seed, c.number))
	return c
}

// lock locks the books. Work that is due is done first, so whoever looks sees it done in time.
func (e *Emulator) lock() {
	e.mu.Lock()
	if len(e.late) == 0 {
		return
	}
	now := time.Now()
	for len(e.late) > 0 && !e.late[0].due.After(now) {
		c := e.late[0]
		e.late = e.late[1:]
		e.books.note(c.work(c))
		c.giveBack(c.due)
	}
}

// run does the work of a call, in its answer time and with the fault that strikes it, and answers.
func (c *call) run(latency time.Duration, work func(*call) answer) {
	defer c.leave()
	var a answer
	works := c.fault == nil || c.fault.After
	if works && c.cfg.Work == "start" {
		a = c.locked(work)
	}
	if c.fault != nil && c.fault.Late {
		c.postpone(c.arrived.Add(c.cfg.Late), work)
	}
	if !c.wait(latency) {
		if works && c.cfg.Work == "always" {
			c.postpone(c.arrived.Add(latency), work)
		}
		abort(c.w, false)
		return
	}
	if works && c.cfg.Work != "start" {
		a = c.locked(work)
	}
	if c.fault != nil {
		c.strike(a)
		return
	}
	// The slot is free before the answer goes out: a client may send its next call as soon as it
	// has this one's answer.
	c.leave()
	c.send(a)
}

// postpone lets the work of a call be done later, and keeps its slot until then: a server does not
// stop because the client or a gateway has lost patience (?).
func (c *call) postpone(due time.Time, work func(*call) answer) {
	e := c.e
	e.lock()
	defer e.mu.Unlock()
	later := *c
	later.work, later.due = work, due
	// Its own chances: this call may still be drawing some for its answer.
	later.rng = rand.New(rand.NewPCG(c.cfg.Seed, ^c.number))
	c.inside = false
	at, _ := slices.BinarySearchFunc(e.late, due, func(l *call, due time.Time) int {
		// Behind those that are due at the same time.
		return cmp.Or(l.due.Compare(due), -1)
	})
	e.late = slices.Insert(e.late, at, &later)
}

// now is when the work of a call is done.
func (c *call) now() time.Time {
	if !c.due.IsZero() {
		return c.due
	}
	return time.Now()
}

// locked does work on the books.
func (c *call) locked(work func(*call) answer) answer {
	c.e.lock()
	defer c.e.mu.Unlock()
	a := work(c)
	c.e.books.note(a)
	return a
}

// wait lets time pass, and reports whether the client is still there.
func (c *call) wait(d time.Duration) bool {
	if d <= 0 {
		return c.r.Context().Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.r.Context().Done():
		return false
	}
}

// span draws a duration.
func (c *call) span(s Span) time.Duration {
	if s.Max <= s.Min {
		return s.Min
	}
	return s.Min + time.Duration(c.rng.Int64N(int64(s.Max-s.Min)+1))
}

// chance draws whether something with that chance happens.
func (c *call) chance(s Share) bool {
	return s > 0 && c.rng.Float64() < float64(s)
}

// always decides for an id by the seed and the id alone, so the decision stays the same when the id
// is sent again.
func always(cfg *Config, id uint64, salt uint64, s Share) bool {
	if s <= 0 {
		return false
	}
	// The splitmix64 generator.
	x := id + (cfg.Seed+salt)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11)/(1<<53) < float64(s)
}
