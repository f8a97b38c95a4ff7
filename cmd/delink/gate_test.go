package main

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"delink/pkg/zoho/emulator"
)

// crm is the emulator of one script, behind a gate at which delink calls can be held.
type crm struct {
	*emulator.Emulator                    // whose books are looked at
	gated              *emulator.Emulator // the one behind the gate
	last               *exec.Cmd          // started with &
	remembered         map[string]string  // see remember
	recommended        string             // see recommends

	mu      sync.Mutex
	arrived int
	kind    string // of the calls that are held: see gateKinds; empty for delinks
	from    int    // calls from this number on are held; 0 for none
	done    bool   // behind their work
	late    bool   // even if the client leaves
	once    bool   // later calls are not held
	held    sync.WaitGroup
	open    chan struct{} // closed when they are let go
	more    chan struct{} // closed when a call arrives, and replaced
}

type crmKey struct{}

func crmOf(ts *testscript.TestScript) *crm {
	c, _ := ts.Value(crmKey{}).(*crm)
	return c
}

func running(ts *testscript.TestScript) *crm {
	c := crmOf(ts)
	if c.Emulator == nil {
		ts.Fatalf("no emulator is running")
	}
	return c
}

// gateKinds are the kinds of calls that can be held in place of delinks.
var gateKinds = map[string]func(r *http.Request) bool{
	"lists": func(r *http.Request) bool { // pages of a list of links
		return r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") == 5 && r.URL.Query().Has("sort_by")
	},
	"looks": func(r *http.Request) bool { // look-ups, and reads of links' own fields
		return r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") == 5 && r.URL.Query().Has("ids")
	},
	"links": func(r *http.Request) bool { return r.Method == http.MethodPut }, // calls that make links
}

// gates reports whether a call is one of those that can be held.
func (c *crm) gates(r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if is := gateKinds[c.kind]; is != nil {
		return is(r)
	}
	return r.Method == http.MethodDelete
}

// ServeHTTP holds delink calls, and lets all others through.
func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !c.gates(r) {
		c.gated.ServeHTTP(w, r)
		return
	}
	c.mu.Lock()
	done, late := c.done, c.late
	if c.once && c.arrived+1 != c.from {
		done, late = false, false
	}
	c.mu.Unlock()
	// kept whole: what is written to w may leave before the call is let go
	answer := httptest.NewRecorder()
	if done {
		c.gated.ServeHTTP(answer, r)
	}
	c.mu.Lock()
	c.arrived++
	close(c.more)
	c.more = make(chan struct{})
	held, open := c.from > 0 && (c.arrived == c.from || c.arrived > c.from && !c.once), c.open
	if held {
		c.held.Add(1)
		defer c.held.Done()
	}
	c.mu.Unlock()
	gone := r.Context().Done()
	if late {
		gone = nil
		r = r.WithContext(context.WithoutCancel(r.Context()))
	}
	if held {
		select {
		case <-open:
		case <-gone:
		}
	}
	if !done {
		c.gated.ServeHTTP(w, r)
		return
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// cmdHold has the Nth delink call and later ones wait. A call is held before its work, or behind
// it. A call that is late does its work when it is let go, even if the client has left long before.
// With once, later calls are let through.
func cmdHold(ts *testscript.TestScript, neg bool, args []string) {
	ok := len(args) > 0
	for _, a := range args[min(1, len(args)):] {
		ok = ok && (slices.Contains([]string{"done", "late", "once"}, a) || gateKinds[a] != nil)
	}
	plainCommand(ts, neg, ok, "hold N [done|late] [once] [lists|looks|links]")
	c := running(ts)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done, c.late = slices.Contains(args, "done"), slices.Contains(args, "late")
	c.once = slices.Contains(args, "once")
	kind := ""
	for _, a := range args[1:] {
		if gateKinds[a] != nil {
			kind = a
		}
	}
	if kind != c.kind {
		c.kind, c.arrived = kind, 0
	}
	c.from, c.open = number(ts, args[0]), make(chan struct{})
}

// cmdRelease lets the held calls go, and waits until they have done their work.
func cmdRelease(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 0, "release")
	c := running(ts)
	c.letGo()
	c.held.Wait()
}

func cmdArrived(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 1, "arrived N")
	c, n := running(ts), number(ts, args[0])
	background(ts) // wait forgets it
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		c.mu.Lock()
		arrived, more := c.arrived, c.more
		c.mu.Unlock()
		if arrived >= n {
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			ts.Fatalf("%d calls have arrived, not %d", arrived, n)
		}
	}
}

func (c *crm) letGo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from > 0 {
		close(c.open)
	}
	c.from, c.done, c.late = 0, false, false
}
