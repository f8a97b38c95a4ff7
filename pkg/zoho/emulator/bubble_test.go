package emulator

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/zoho/emulator/wire"
)

// bubble serves an emulator in memory, for a test in a synctest bubble.
func bubble(t *testing.T, e *Emulator) client {
	transport := &http.Transport{DialContext: wire.Serve(t, e).Dial, MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return client{t, "http://emulator", &http.Client{Transport: transport}}
}

// Time in a bubble is fake, and all is answered in it.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cfg Config
		if err := cfg.SetAll("latency=400ms", "latency-per-id=1ms", "links=all"); err != nil {
			t.Fatal(err)
		}
		e := New(cfg)
		c := bubble(t, e)
		start := time.Now()
		var workers sync.WaitGroup
		for w := range 10 {
			workers.Go(func() {
				for i := range 100 {
					id := uint64(w*1000 + i)
					if r := c.delink(lead+id, lead+id+500); r.status != 200 {
						t.Errorf("%+v", r)
					}
				}
			})
		}
		workers.Wait()
		if d := time.Since(start); d != 100*402*time.Millisecond {
			t.Errorf("took %v", d)
		}
		b := e.Books()
		if b.Peak != 10 || b.Removed != 2000 || b.Busy != 1000*402*time.Millisecond || b.Last.Sub(b.First) != 100*402*time.Millisecond {
			t.Errorf("books %+v", b)
		}
	})
}

func TestLatencyRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cfg Config
		if err := cfg.SetAll("latency=200ms..600ms", "links=all"); err != nil {
			t.Fatal(err)
		}
		c := bubble(t, New(cfg))
		low, high := time.Hour, time.Duration(0)
		for range 200 {
			start := time.Now()
			c.delink(lead)
			d := time.Since(start)
			low, high = min(low, d), max(high, d)
		}
		if low < 200*time.Millisecond || low > 220*time.Millisecond || high > 600*time.Millisecond || high < 580*time.Millisecond {
			t.Errorf("from %v to %v", low, high)
		}
	})
}

// Credits come back 24 hours after each was used.
func TestCreditsRoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cfg Config
		if err := cfg.SetAll("credits=2", "links=all"); err != nil {
			t.Fatal(err)
		}
		e := New(cfg)
		c := bubble(t, e)
		want := func(status int) {
			t.Helper()
			if r := c.delink(lead); r.status != status {
				t.Errorf("status %d, want %d", r.status, status)
			}
		}
		e.Unlink("Campaigns", campaign, "Leads", lead) // 400: not found
		want(400)
		time.Sleep(time.Hour)
		want(400)
		want(429)
		time.Sleep(23*time.Hour - time.Second)
		want(429)
		time.Sleep(time.Second)
		want(400)
		want(429)
		time.Sleep(time.Hour)
		want(400)
		if b := e.Books(); b.NoCredits != 3 || b.Credits != 2 || b.Throttled != 0 {
			t.Errorf("books %+v", b)
		}
	})
}

// Whether the work of a call is done whose client leaves early depends on when
// it is done.
func TestClientLeaves(t *testing.T) {
	for work, removed := range map[string]int{"start": 1, "end": 0} {
		synctest.Test(t, func(t *testing.T) {
			var cfg Config
			if err := cfg.SetAll("latency=10s", "links=all", "work="+work); err != nil {
				t.Fatal(err)
			}
			e := New(cfg)
			c := bubble(t, e)
			c.http.Timeout = time.Second
			if r := c.delink(lead); r.err == nil {
				t.Errorf("%+v", r)
			}
			synctest.Wait()
			if b := e.Books(); b.Removed != removed || e.limits.inFlight != 0 || b.Busy != time.Second {
				t.Errorf("%s: books %+v", work, b)
			}
			c.http.Timeout = 0
			e.Update(func(cfg *Config) { cfg.Work = "end" })
			if r := c.delink(lead + 1); r.status != 200 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// Faults work on connections that are no TCP.
func TestFaultsInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cfg Config
		if err := cfg.SetAll("fault-script=1:drop,2:reset-after,3:torn,4:hang,5:hang-after,6:502", "links=all"); err != nil {
			t.Fatal(err)
		}
		e := New(cfg)
		c := bubble(t, e)
		c.http.Timeout = time.Minute
		for i := range uint64(5) {
			start := time.Now()
			r := c.delink(lead + i)
			if r.err == nil {
				t.Errorf("call %d: %+v", i+1, r)
			}
			if d := time.Since(start); (d != 0) != (i == 3 || i == 4) {
				t.Errorf("call %d took %v", i+1, d)
			}
		}
		synctest.Wait()
		for i, linked := range []bool{true, false, false, true, false, true} {
			if e.Linked("Campaigns", campaign, "Leads", lead+uint64(i)) != linked {
				t.Errorf("call %d: linked is not %v", i+1, linked)
			}
		}
		if r := c.delink(lead + 5); r.status != 502 {
			t.Errorf("%+v", r)
		}
		if r := c.delink(lead + 5); r.status != 200 {
			t.Errorf("%+v", r)
		}
		if e.limits.inFlight != 0 {
			t.Errorf("%d calls in flight", e.limits.inFlight)
		}
	})
}
