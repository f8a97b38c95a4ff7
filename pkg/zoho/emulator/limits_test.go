package emulator

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestEditions(t *testing.T) {
	tests := []struct {
		edition        string
		users          int
		slots, credits int
	}{
		{"free", 3, 5, 5_000},
		{"standard", 10, 10, 52_500},
		{"standard", 1_000, 10, 100_000},
		{"professional", 10, 15, 55_000},
		{"professional", 100_000, 15, 3_000_000},
		{"enterprise", 10, 20, 60_000},
		{"enterprise", 100_000, 20, 5_000_000},
		{"zohoone", 10, 20, 60_000},
		{"ultimate", 10, 25, 70_000},
		{"ultimate", 100_000, 25, 200_050_000},
		{"crmplus", 10, 25, 70_000},
	}
	for _, tt := range tests {
		cfg := Config{Edition: tt.edition, Users: tt.users}
		if s, c := inFlightLimit(&cfg), creditLimit(&cfg); s != tt.slots || c != tt.credits {
			t.Errorf("%s, %d users: %d calls in flight, %d credits", tt.edition, tt.users, s, c)
		}
	}
	none := Config{InFlight: -1, Credits: -1}
	if inFlightLimit(&none) >= 0 || creditLimit(&none) >= 0 {
		t.Error("none is a limit")
	}
}

// One call too many is refused at once, and the slots are free again when the
// answers are there.
func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cfg Config
		if err := cfg.SetAll("in-flight=3", "latency=1s", "links=all", "rate-headers=always"); err != nil {
			t.Fatal(err)
		}
		e := New(cfg)
		c := bubble(t, e)
		var mu sync.Mutex
		statuses := map[int]int{}
		var calls sync.WaitGroup
		for i := range uint64(5) {
			calls.Go(func() {
				start := time.Now()
				r := c.delink(lead + i)
				mu.Lock()
				defer mu.Unlock()
				statuses[r.status]++
				if r.status == 429 && time.Since(start) != 0 {
					t.Errorf("refused after %v", time.Since(start))
				}
				if r.header.Get("X-RATELIMIT-LIMIT") != "3" {
					t.Errorf("header %v", r.header)
				}
			})
		}
		calls.Wait()
		if statuses[200] != 3 || statuses[429] != 2 {
			t.Errorf("statuses %v", statuses)
		}
		if b := e.Books(); b.Throttled != 2 || b.Peak != 4 || b.Credits != 3 || b.Removed != 3 || b.Busy != 3*time.Second {
			t.Errorf("books %+v", b)
		}
		e.Update(func(cfg *Config) { cfg.InFlight = -1 })
		for i := range uint64(30) {
			calls.Go(func() {
				if r := c.delink(lead + i); r.status == 429 {
					t.Errorf("%+v", r)
				}
			})
		}
		calls.Wait()
	})
}

// Slots are free before their answers go out: a client that never has more
// calls under way than it may is never refused.
func TestSlotFreedBeforeAnswer(t *testing.T) {
	e, c := serve(t, "in-flight=1", "links=all")
	for i := range uint64(200) {
		if r := c.delink(lead + i); r.status != 200 {
			t.Fatalf("call %d: %+v", i, r)
		}
	}
	if b := e.Books(); b.Peak != 1 {
		t.Errorf("peak %d", b.Peak)
	}
}

func TestThrottledAnswers(t *testing.T) {
	tests := []struct {
		settings string
		values   []string
		header   [2]string // name and value; "" for none, "*" for any
		text     string
	}{
		{"credits=1", []string{"code", "TOO_MANY_REQUESTS", "status", "error"}, [2]string{"Retry-After", ""}, "past 24 hours"},
		{"credits=1 credits-answer=plain", []string{"code", "TOO_MANY_REQUESTS"}, [2]string{"X-Api-Credits-Remaining", ""}, "concurrency"},
		{"credits=1 credits-answer=header", nil, [2]string{"X-Api-Credits-Remaining", "0"}, "concurrency"},
		{"credits=1 throttle-body=number", []string{"code", "429", "error", "TOO_MANY_REQUESTS", "details", "[]"}, [2]string{"Retry-After", ""}, "past 24 hours"},
		{"credits=1 throttle-body=html", nil, [2]string{"Content-Type", "text/html;charset=UTF-8"}, "<html>"},
		{"credits=1 throttle-body=empty", nil, [2]string{"Content-Length", "0"}, ""},
		{"credits=1 throttle-code=LIMIT_REACHED", []string{"code", "LIMIT_REACHED"}, [2]string{"Retry-After", ""}, ""},
		{"credits=1 throttle-code=RATE_LIMIT_EXCEEDED", []string{"code", "RATE_LIMIT_EXCEEDED"}, [2]string{"Retry-After", ""}, ""},
		{"credits=1 retry-after=seconds retry-after-wait=1500ms", nil, [2]string{"Retry-After", "2"}, ""},
		{"credits=1 retry-after=nonsense", nil, [2]string{"Retry-After", "soon"}, ""},
		{"credits=1 rate-headers=throttled", nil, [2]string{"X-Ratelimit-Reset", "*"}, ""},
		{"credits=1 in-flight=none rate-headers=throttled", nil, [2]string{"X-Ratelimit-Reset", ""}, ""},
		{"fault-script=2-:429", []string{"code", "TOO_MANY_REQUESTS"}, [2]string{"Retry-After", ""}, "concurrency"},
	}
	for _, tt := range tests {
		_, c := serve(t, strings.Fields(tt.settings)...)
		first := c.delink(lead)
		first.want(t, 200)
		if first.header.Get("X-RATELIMIT-LIMIT") != "" {
			t.Errorf("%s: header %v", tt.settings, first.header)
		}
		r := c.delink(lead + 1)
		r.want(t, 429, tt.values...)
		if got := r.header.Get(tt.header[0]); got != tt.header[1] && (got == "" || tt.header[1] != "*") {
			t.Errorf("%s: header %v", tt.settings, r.header)
		}
		if !strings.Contains(r.body, tt.text) {
			t.Errorf("%s: %s", tt.settings, r.body)
		}
	}
	_, c := serve(t, "credits=1", "retry-after=date", "retry-after-wait=1h")
	c.delink(lead)
	at, err := http.ParseTime(c.delink(lead).header.Get("Retry-After"))
	if err != nil || time.Until(at) < 59*time.Minute {
		t.Errorf("Retry-After is %v, %v", at, err)
	}
}

func TestCreditsHeader(t *testing.T) {
	for knob, want := range map[string][]string{
		"half": {"", "", "1", "0"}, "always": {"3", "2", "1", "0"}, "never": {"", "", "", ""},
	} {
		_, c := serve(t, "credits=4", "credits-header="+knob)
		for i, w := range want {
			if got := c.delink(lead).header.Get("X-API-CREDITS-REMAINING"); got != w {
				t.Errorf("%s, call %d: %q, want %q", knob, i+1, got, w)
			}
		}
	}
	_, c := serve(t, "credits=none", "credits-header=always")
	if r := c.delink(lead); r.header.Get("X-API-CREDITS-REMAINING") != "" {
		t.Errorf("header %v", r.header)
	}
}
