package emulator

import (
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs a test in a bubble, with an emulator whose knobs are set.
func inBubble(t *testing.T, settings []string, test func(t *testing.T, e *Emulator, c client)) {
	synctest.Test(t, func(t *testing.T) {
		var cfg Config
		if err := cfg.SetAll(settings...); err != nil {
			t.Fatal(err)
		}
		e := New(cfg)
		test(t, e, bubble(t, e))
	})
}

// The answer comes at once, and a look-up sees the link; the work is done later, and keeps a slot
// until then.
func TestLate(t *testing.T) {
	for _, fault := range []string{"504-late", "drop-late", "empty-late", "hang-late"} {
		inBubble(t, []string{"links=all", "in-flight=2", "late=5s", "fault-script=1:" + fault}, func(t *testing.T, e *Emulator, c client) {
			c.http.Timeout = time.Second
			start := time.Now()
			c.delink(lead, lead+1)
			c.http.Timeout = 0
			if d := time.Since(start); (d == time.Second) != (fault == "hang-late") {
				t.Errorf("%s: answered after %v", fault, d)
			}
			c.read("ids="+join(lead)+both).want(t, 200, "data.0.id", "3652397000000925128")
			if e.limits.inFlight != 1 {
				t.Errorf("%s: %d calls in flight while the work is still to be done", fault, e.limits.inFlight)
			}
			time.Sleep(time.Until(start.Add(5*time.Second - time.Millisecond)))
			c.read("ids="+join(lead)+both).want(t, 200)
			time.Sleep(time.Millisecond)
			if r := c.read("ids=" + join(lead, lead+1) + both); r.status != 204 {
				t.Errorf("%s: %+v", fault, r)
			}
			s := e.State("Campaigns", campaign, "Leads", lead)
			if want := start.Add(5 * time.Second); s.Linked || !s.Removed.Equal(want) || s.Sent != 1 {
				t.Errorf("%s: state %+v", fault, s)
			}
			if b := e.Books(); b.Removed != 2 || e.limits.inFlight != 0 || b.Busy != 5*time.Second || b.Faults[fault] != 1 {
				t.Errorf("%s: books %+v", fault, b)
			}
		})
	}
}

// Work that is due at different times is done in that order, whatever the order of the calls.
func TestLateOrder(t *testing.T) {
	inBubble(t, []string{"links=all", "late=9s", "faults=504-late:100%"}, func(t *testing.T, e *Emulator, c client) {
		c.delink(lead)
		time.Sleep(time.Second)
		e.Update(func(cfg *Config) { cfg.Late = time.Second })
		c.delink(lead + 1)
		c.delink(lead)
		time.Sleep(time.Hour)
		if b := e.Books(); b.Removed != 2 || b.Codes["INVALID_DATA"] != 1 {
			t.Errorf("books %+v", b)
		}
		first, second := e.State("Campaigns", campaign, "Leads", lead), e.State("Campaigns", campaign, "Leads", lead+1)
		if !first.Removed.Equal(second.Removed) {
			t.Errorf("removed at %v and %v", first.Removed, second.Removed)
		}
	})
}

// With work=always, the CRM goes on although the client has left, and the call keeps its slot.
func TestWorkAlways(t *testing.T) {
	inBubble(t, []string{"links=all", "work=always", "latency=10s"}, func(t *testing.T, e *Emulator, c client) {
		c.http.Timeout = time.Second
		if r := c.delink(lead); r.err == nil {
			t.Errorf("%+v", r)
		}
		synctest.Wait()
		if !e.Linked("Campaigns", campaign, "Leads", lead) || e.limits.inFlight != 1 {
			t.Errorf("before its time: %d calls in flight", e.limits.inFlight)
		}
		time.Sleep(9 * time.Second)
		if e.Linked("Campaigns", campaign, "Leads", lead) || e.limits.inFlight != 0 {
			t.Errorf("in the end: %d calls in flight", e.limits.inFlight)
		}
		c.http.Timeout = 0
		c.delink(lead+1).want(t, 200)
	})
}

// A call whose fault says that its work is not done is not carried out later either.
func TestWorkAlwaysWithFault(t *testing.T) {
	inBubble(t, []string{"links=all", "work=always", "latency=10s", "fault-script=1:504"}, func(t *testing.T, e *Emulator, c client) {
		c.http.Timeout = time.Second
		if r := c.delink(lead); r.err == nil {
			t.Errorf("%+v", r)
		}
		time.Sleep(time.Minute)
		if !e.Linked("Campaigns", campaign, "Leads", lead) || e.limits.inFlight != 0 {
			t.Errorf("the work was done, or %d calls are in flight", e.limits.inFlight)
		}
	})
}

// Answers that are cut off can have any status, to delinks and to reads alike.
func TestTornStatus(t *testing.T) {
	_, c := serve(t, "faults=short:100%", "faults-on=all", "torn-status=400")
	for _, r := range []reply{c.delink(lead), c.read("ids=" + join(lead+1) + both)} {
		if r.status != 400 || !errors.Is(r.err, io.ErrUnexpectedEOF) || r.get("data.0") == "<none>" {
			t.Errorf("%+v", r)
		}
	}
}

// Delinks go unanswered while look-ups get through.
func TestFaultsOnDelinksOnly(t *testing.T) {
	for _, fault := range []string{"400", "403", "hang", "drop"} {
		inBubble(t, []string{"links=all", "fault-script=*:" + fault}, func(t *testing.T, e *Emulator, c client) {
			c.http.Timeout = time.Second
			for range 3 {
				if r := c.delink(lead); r.err == nil && (r.status < 400 || r.json != nil) {
					t.Errorf("%s: %+v", fault, r)
				}
				c.read("ids="+join(lead)+both).want(t, 200, "info.count", "1")
			}
		})
	}
}

// With read-lag, reads show a link for a while after it was removed, and do not show one that was
// just made.
func TestReadLag(t *testing.T) {
	inBubble(t, []string{"read-lag=5s"}, func(t *testing.T, e *Emulator, c client) {
		e.Link("Campaigns", campaign, "Leads", leads(3)...)
		count := func(want string) {
			t.Helper()
			c.read("ids="+join(leads(3)...)+both).want(t, 200, "info.count", want)
			c.read(both[1:]).want(t, 200, "info.count", want)
			c.counts(`{"related_list":{"api_name":"Leads"}}`).want(t, 200, "get_related_records_count.0.count", want)
			turned := c.do("GET", turnedPath(lead)+both, "")
			if there := turned.status == 200; there != (want == "3") {
				t.Errorf("the other side: %+v", turned)
			}
		}
		c.delink(lead).want(t, 200)
		c.delink(lead).want(t, 400) // the delink itself knows at once
		count("3")
		time.Sleep(5*time.Second - time.Millisecond)
		count("3")
		time.Sleep(time.Millisecond)
		count("2")
		c.put(`{"data":[{"id":"3652397000000925128"}]}`).want(t, 200, "data.0.message", "relation added")
		count("2")
		time.Sleep(5 * time.Second)
		count("3")
	})
}

// Late work goes on beside other calls, for the race detector; all of it is done in the end.
func TestLateBesideOthers(t *testing.T) {
	e, c := serve(t, "links=all", "in-flight=none", "late=1ms", "faults=504-late:50%", "wording=varied", "order=shuffled", "missing-items=5%")
	var all sync.WaitGroup
	for w := range uint64(8) {
		all.Go(func() {
			for i := range uint64(20) {
				c.delink(lead+w*1000+i, lead+w*1000+i+500)
				c.read("ids=" + join(lead+w*1000+i) + both)
			}
		})
	}
	all.Wait()
	for e.Books().Removed < 8*20*2 {
		runtime.Gosched()
	}
	if b := e.Books(); b.Removed != 8*20*2 || e.limits.inFlight != 0 || b.Faults["504-late"] < 40 {
		t.Errorf("books %+v", b)
	}
}
