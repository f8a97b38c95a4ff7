package emulator

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An Emulator answers as Zoho's accounts host and API host at once. It is an
// [http.Handler]; see [Emulator.Start] for a server around it.
type Emulator struct {
	cfg atomic.Pointer[Config]

	mu     sync.Mutex // guards all below
	books  ledger
	tokens vault
	limits limits
	calls  uint64 // API and token calls so far, which seed their chances
	faulty uint64 // calls so far that faults can strike
}

// New returns an emulator with nothing in its books. What cfg leaves at zero
// has its default.
func New(cfg Config) *Emulator {
	e := &Emulator{books: newLedger(), tokens: newVault()}
	cfg = cfg.withDefaults()
	e.cfg.Store(&cfg)
	return e
}

// Config returns the configuration as it is now.
func (e *Emulator) Config() Config { return *e.cfg.Load() }

// Update changes the configuration while calls go on; those that have arrived
// keep the old one. Maps and slices must be replaced, not changed.
func (e *Emulator) Update(change func(*Config)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	cfg := *e.cfg.Load()
	change(&cfg)
	cfg = cfg.withDefaults()
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
	fault   *Fault // what strikes it, nil for nothing
	arrived time.Time
	inside  bool // it counts among the calls in flight
	credits int  // what is left of them, as the header says; -1: it says nothing
}

// begin notes that a call has arrived.
func (e *Emulator) begin(w http.ResponseWriter, r *http.Request, kind string) *call {
	c := &call{e: e, cfg: e.cfg.Load(), w: w, r: r, kind: kind, arrived: time.Now(), credits: -1}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.books.Calls[kind]++
	e.calls++
	c.rng = rand.New(rand.NewPCG(c.cfg.Seed, e.calls))
	return c
}

// run does the work of a call, in its answer time and with the fault that
// strikes it, and answers.
func (c *call) run(latency time.Duration, work func() answer) {
	defer c.leave()
	var a answer
	works := c.fault == nil || c.fault.After
	if works && c.cfg.Work == "start" {
		a = c.locked(work)
	}
	if !c.wait(latency) {
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
	// The slot is free before the answer goes out: a client may send its next
	// call as soon as it has this one's answer.
	c.leave()
	c.send(a)
}

// locked does work on the books.
func (c *call) locked(work func() answer) answer {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	a := work()
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

// always decides for an id by the seed and the id alone, so that it stays
// decided when the id is sent again.
func always(cfg *Config, id uint64, salt uint64, s Share) bool {
	if s <= 0 {
		return false
	}
	// splitmix64
	x := id + (cfg.Seed+salt)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11)/(1<<53) < float64(s)
}
