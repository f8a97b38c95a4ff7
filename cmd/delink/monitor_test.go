package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"delink/pkg/outcome"
	"delink/pkg/report"
)

// cmdMonitor starts a monitor that DELINK_PING_URL leads to. It writes each call to a file, one a
// line: method, path, the summary's exit code. status is what it answers; "never" for no answer.
func cmdMonitor(ts *testscript.TestScript, neg bool, args []string) {
	plainCommand(ts, neg, len(args) == 2 || len(args) == 3, "monitor FILE PATH [STATUS]")
	status := http.StatusOK
	if len(args) == 3 {
		status = number(ts, args[2])
	}
	file := ts.MkAbs(args[0])
	var mu sync.Mutex
	code := regexp.MustCompile(`"exit_code": (\d+)`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		line := r.Method + " " + r.URL.RequestURI()
		if m := code.FindSubmatch(body); m != nil {
			line += " " + string(m[1])
		}
		mu.Lock()
		defer mu.Unlock()
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, _ = fmt.Fprintln(f, line)
			_ = f.Close()
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	ts.Defer(server.Close)
	ts.Setenv("DELINK_PING_URL", server.URL+args[1])
}

// promLine are the lines of Prometheus' text format, as its documentation has them.
var promLine = regexp.MustCompile(`^(# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+|# [^HT].*|[a-zA-Z_:][a-zA-Z0-9_:]*\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\n"])*",?)*\} -?[0-9.]+)$`)

// parseMetrics reads metrics, and holds them to the format: a TYPE before each metric, no series
// twice, a line end behind the last line.
func parseMetrics(t *testing.T, text string) map[string]string {
	t.Helper()
	values, typed := map[string]string{}, map[string]bool{}
	if !strings.HasSuffix(text, "\n") {
		t.Error("the last line has no end")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !promLine.MatchString(line) {
			t.Errorf("not in the format: %s", line)
			continue
		}
		if f := strings.Fields(line); f[0] == "#" {
			if f[1] == "TYPE" {
				if typed[f[2]] {
					t.Errorf("%s has its type twice", f[2])
				}
				typed[f[2]] = true
			}
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		name, _, _ := strings.Cut(line, "{")
		if _, twice := values[line[:at]]; twice || !typed[name] {
			t.Errorf("%s: twice, or without a type", line)
		}
		values[line[:at]] = line[at+1:]
	}
	return values
}

func TestMetrics(t *testing.T) {
	left, three := 4321, 3
	now := time.Unix(1_800_000_000, 0)
	m := metricsOf{command: "run", input: "C:\\jobs\\\"May\"\n.csv\xff", started: now.Add(-90 * time.Second), success: 1_700_000_000}
	s := &report.Summary{Removed: 1_000_000, Failed: 3, Pending: 5, Rows: 1_000_010, Calls: 10_001, Throttled: 7, Retries: 9, CreditsRemaining: &left}
	labels := `{command="run",input="C:\\jobs\\\"May\"\n.csv` + "\ufffd" + `"`
	for _, c := range []struct {
		s    *report.Summary
		code *int
		want map[string]string
	}{
		{s, &three, map[string]string{
			"delink_running" + labels + "}": "0", "delink_exit_code" + labels + "}": "3", "delink_seconds" + labels + "}": "90",
			"delink_links" + labels + `,status="removed"}`: "1000000", "delink_links" + labels + `,status="pending"}`: "5",
			"delink_links" + labels + `,status="gone"}`: "0", "delink_calls" + labels + "}": "10001", "delink_retries" + labels + "}": "9",
			"delink_throttled" + labels + "}": "7", "delink_credits_remaining" + labels + "}": "4321", lastSuccess + labels + "}": "1700000000",
			"delink_rows" + labels + "}": "1000010",
		}},
		{s, nil, map[string]string{"delink_running" + labels + "}": "1", "delink_exit_code" + labels + "}": ""}},
		{nil, nil, map[string]string{"delink_running" + labels + "}": "1", "delink_calls" + labels + "}": ""}},
	} {
		text := m.text(c.s, c.code, now)
		values := parseMetrics(t, text)
		for name, want := range c.want {
			if values[name] != want {
				t.Errorf("%s is %q, want %q", name, values[name], want)
			}
		}
		if successIn(text) != m.success {
			t.Errorf("the last success comes back as %v", successIn(text))
		}
	}
}

func TestWhatIsFine(t *testing.T) {
	with := func(r outcome.Reason) *report.Summary { return &report.Summary{Reason: r} }
	for _, c := range []struct {
		s    *report.Summary
		code int
		want bool
	}{
		{with(outcome.Completed), 0, true},
		{with(outcome.Completed), 3, false},
		{with(outcome.Deadline), 5, true},
		{with(outcome.Credits), 5, true},
		{with(outcome.Failures), 5, false},
		{with(outcome.Interrupted), 5, false},
		{nil, 2, false},
		{nil, 5, false},
	} {
		if got := isFine(c.s, c.code); got != c.want {
			t.Errorf("%+v with exit code %d: %v", c.s, c.code, got)
		}
	}
}
