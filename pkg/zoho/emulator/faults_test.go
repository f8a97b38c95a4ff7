package emulator

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
)

// Every fault over TCP: what the client sees, and what became of the link.
func TestFaults(t *testing.T) {
	dropped := func(r reply) bool { return r.err != nil && r.status == 0 }
	html := func(r reply) bool { return strings.HasPrefix(r.body, "<html>") }
	tests := []struct {
		fault  string
		linked bool
		sees   func(reply) bool
	}{
		{"drop", true, dropped},
		{"drop-before", true, dropped},
		{"drop-after", false, func(r reply) bool { return errors.Is(r.err, io.EOF) }},
		{"reset", true, dropped},
		{"reset-after", false, func(r reply) bool { return errors.Is(r.err, syscall.ECONNRESET) || errors.Is(r.err, io.EOF) }},
		{"torn", false, func(r reply) bool {
			return r.status == 200 && errors.Is(r.err, io.ErrUnexpectedEOF) && strings.HasPrefix(r.body, `{"data":[`)
		}},
		{"short", false, func(r reply) bool {
			return r.status == 200 && errors.Is(r.err, io.ErrUnexpectedEOF) && r.get("data.0.code") == "SUCCESS"
		}},
		{"504-late", true, func(r reply) bool { return r.status == 504 && html(r) }},
		{"drop-late", true, dropped},
		{"INVALID_REQUEST", true, func(r reply) bool { return r.status == 400 && r.get("code") == "INVALID_REQUEST" }},
		{"LICENSE_LIMIT_EXCEEDED", true, func(r reply) bool {
			return r.status == 400 && r.get("code") == "LICENSE_LIMIT_EXCEEDED" && r.get("data") == "<none>"
		}},
		{"500", true, func(r reply) bool { return r.status == 500 && r.get("code") == "INTERNAL_ERROR" }},
		{"500-after", false, func(r reply) bool { return r.status == 500 }},
		{"502", true, func(r reply) bool { return r.status == 502 && html(r) }},
		{"503-after", false, func(r reply) bool { return r.status == 503 && html(r) }},
		{"504", true, func(r reply) bool { return r.status == 504 && html(r) }},
		{"html", true, func(r reply) bool { return r.status == 200 && html(r) }},
		{"html-after", false, func(r reply) bool { return r.status == 200 && html(r) }},
		{"empty", true, func(r reply) bool { return r.status == 200 && r.body == "" }},
		{"empty-after", false, func(r reply) bool { return r.status == 200 && r.body == "" }},
		{"foreign", true, func(r reply) bool { return r.status == 200 && r.get("data") == "<none>" }},
		{"foreign-after", false, func(r reply) bool { return r.status == 200 && r.get("data") == "<none>" }},
		{"429", true, func(r reply) bool { return r.status == 429 }},
		{"invalid-token", true, func(r reply) bool { return r.status == 401 }},
		{"LIMIT_EXCEEDED", true, func(r reply) bool { return r.status == 400 && r.get("code") == "LIMIT_EXCEEDED" }},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			e, c := serve(t, "fault-script=1:"+tt.fault)
			if r := c.delink(lead); !tt.sees(r) {
				t.Errorf("%+v", r)
			}
			if e.Linked("Campaigns", campaign, "Leads", lead) != tt.linked {
				t.Errorf("linked is not %v", tt.linked)
			}
			if r := c.delink(lead + 1); r.status != 200 {
				t.Errorf("the next call: %+v", r)
			}
			b := e.Books()
			if len(b.Faults) != 1 || b.Calls["delink"] != 2 {
				t.Errorf("books %+v", b)
			}
			if s := e.State("Campaigns", campaign, "Leads", lead); s.Sent != 1 {
				t.Errorf("state %+v", s)
			}
		})
	}
}

// Faults come with their chance, the same ones for the same seed, and only on
// the calls that are meant.
func TestFaultMix(t *testing.T) {
	run := func(settings ...string) (pattern string, b Books) {
		e, c := serve(t, append(settings, "links=all", "faults=500:30%,503:20%")...)
		for i := range uint64(300) {
			pattern += string(rune('0' + c.delink(lead+i).status%10))
		}
		c.do("GET", "/crm/v8/org", "")
		return pattern, e.Books()
	}
	pattern, b := run()
	// 500 and 200 both end in 0; the books tell them apart.
	if n := b.Faults["500"]; n < 60 || n > 120 {
		t.Errorf("%d of 300 are 500", n)
	}
	if n := strings.Count(pattern, "3"); n < 35 || n > 85 || n != b.Faults["503"] {
		t.Errorf("%d of 300 are 503", n)
	}
	if again, _ := run(); again != pattern {
		t.Error("other faults with the same seed")
	}
	if other, _ := run("seed=7"); other == pattern {
		t.Error("the same faults with another seed")
	}
	if _, b := run("faults-on=org"); b.Faults["500"]+b.Faults["503"] > 1 {
		t.Errorf("faults %v", b.Faults)
	}
	if _, b := run("faults-on=all"); b.Faults["500"] == 0 {
		t.Errorf("faults %v", b.Faults)
	}
}

func TestScriptBeatsMix(t *testing.T) {
	e, c := serve(t, "faults=500:100%", "fault-script=1-2:503")
	for i, want := range []int{503, 503, 500} {
		if r := c.delink(lead); r.status != want {
			t.Errorf("call %d: %d", i+1, r.status)
		}
	}
	if b := e.Books(); b.Removed != 0 || b.Faults["503"] != 2 || b.Faults["500"] != 1 {
		t.Errorf("books %+v", b)
	}
}
