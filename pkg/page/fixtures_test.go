package page

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/recap"
	"delink/pkg/report"
	"delink/pkg/trace"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

var began = time.Date(2026, 11, 24, 19, 30, 0, 0, time.UTC)

// job is a job that a test makes up.
type job struct {
	links  int
	nights int                                                    // runs, one a day; each has a part of the links
	fail   func(n int) (status outcome.Status, code, text string) // what becomes of a link; nil for removed
	wait   func(second int) time.Duration                         // the pause after a 429 in a second; nil for none
	name   string
}

// links of a call, and calls a second.
const perCall, perSecond = 100, 10

// write writes the files of the job to a folder, and gives its page.
func (j *job) write(t *testing.T, folder string) *Page {
	t.Helper()
	files := recap.Files{Results: filepath.Join(folder, "links.results.csv"), Summary: filepath.Join(folder, "links.summary.json")}
	f, err := os.Create(files.Results)
	if err != nil {
		t.Fatal(err)
	}
	b := bufio.NewWriter(f)
	rows := csv.NewWriter(b)
	rows.Write([]string{"line", "module", "parent_id", "relation", "related_id", "status", "code", "message", "http_status", "attempts", "time", "org"})
	random := rand.New(rand.NewSource(7))
	nights := max(1, j.nights)
	bad, counts := 0, map[outcome.Status]int{}
	for night := range nights {
		start := began.Add(time.Duration(night) * 24 * time.Hour)
		l := trace.Begin(disk.OS{}, trace.Path(files.Results), trace.Run{Start: start, Anew: night == 0, Slots: 10, ToSend: j.links / nights, Org: "60001234567", Version: "0.1.0", Input: "ab"})
		end, calls, refusals := start, 0, 0
		for n := range j.links / nights {
			if n%perCall == 0 {
				second := n / perCall / perSecond
				sent := start.Add(time.Duration(n/perCall) * time.Second / perSecond)
				c := engine.Call{
					What: engine.What{Kind: engine.KindDelink, Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: zoho.ID(400), IDs: perCall, Status: 200},
					Sent: sent, Took: time.Duration(200+random.Intn(500)) * time.Millisecond, Attempt: 1, InFlight: 3 + random.Intn(6), Allowed: 10,
				}
				if j.wait != nil && n%(perCall*perSecond) == 0 {
					if pause := j.wait(second); pause > 0 {
						refused := c
						refused.Err, refused.Pause = &zoho.Error{Kind: zoho.Throttled, Sent: true, Status: 429, Code: "TOO_MANY_REQUESTS"}, pause
						l.Observe(refused)
						refusals++
						c.Allowed, c.Attempt = 5, 2
					}
				}
				l.Observe(c)
				end = sent.Add(c.Took)
				calls++
			}
			line := night*(j.links/nights) + n + 2
			status, code, text, http := outcome.Removed, "SUCCESS", "relation removed", "200"
			if j.fail != nil {
				if s, c, m := j.fail(line); s != "" {
					status, code, text, http = s, c, m, "400"
					bad++
				}
			}
			counts[status]++
			rows.Write([]string{
				strconv.Itoa(line), "Campaigns", strconv.Itoa(3652397000000400001 + line%5000*13), "Leads", strconv.Itoa(3652397000000900001 + random.Intn(1_000_000_000)),
				string(status), code, text, http, "1", report.Timestamp(end), "60001234567",
			})
		}
		e := trace.End{End: end, Reason: outcome.Deadline, ExitCode: 5, Calls: calls + refusals, Throttled: refusals, Retries: refusals}
		if night == nights-1 {
			e.Reason, e.ExitCode = outcome.Completed, 0
		}
		if err := l.End(e); err != nil {
			t.Fatal(err)
		}
	}
	rows.Flush()
	if err := errors.Join(rows.Error(), b.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	ended := report.Timestamp(began.Add(time.Hour))
	s := report.Summary{
		Input: "links.csv", InputSHA256: "ab", State: outcome.Finished, Reason: outcome.Completed, Rows: j.links, Links: j.links,
		StartedAt: report.Timestamp(began), EndedAt: &ended, Results: files.Results,
	}
	if err := s.Write(disk.OS{}, files.Summary); err != nil {
		t.Fatal(err)
	}
	m, err := recap.Read(disk.OS{}, files)
	if err != nil {
		t.Fatal(err)
	}
	p := &Page{Model: m, Name: j.name, Verdict: fmt.Sprintf("finished, %d not as wanted", bad), Version: "0.1.0", Made: began}
	for range m.Runs {
		p.Ends = append(p.Ends, "done")
	}
	for i := range m.Causes {
		m.Causes[i].Hint = "look at it: " + m.Causes[i].Code
	}
	return p
}

// saved writes the job and its page, and gives the page's path.
func (j *job) saved(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	p := j.write(t, folder)
	path := filepath.Join(folder, "links.html")
	if err := Save(disk.OS{}, path, p); err != nil {
		t.Fatal(err)
	}
	return path
}

var clean = &job{name: "links.csv", links: 30_000}

var throttled = &job{name: "throttled.csv", links: 300_000, nights: 3, wait: func(second int) time.Duration {
	if second%20 == 7 {
		return 3 * time.Second
	}
	return 0
}, fail: func(n int) (outcome.Status, string, string) {
	if n%500 == 0 {
		return outcome.Unknown, "NO_ANSWER", "the call went unanswered"
	}
	return "", "", ""
}}

const manyFailed = 100_000

var failed = &job{name: "failed.csv", links: 200_000, fail: func(n int) (outcome.Status, string, string) {
	switch {
	case n%2 == 1:
		return "", "", ""
	case n%10 == 0:
		return outcome.Failed, "INVALID_DATA", fmt.Sprintf("the id given seems to be invalid: %d", 3652397000000900001+n*7919%1_000_000)
	case n%26 == 0:
		return outcome.Unknown, "NO_ANSWER", "the call went unanswered, and the link may be removed"
	}
	return outcome.Failed, "RECORD_LOCKED", "the record is locked"
}}

// attacks are texts that a page must not obey.
var attacks = []string{
	`</script><script>alert(1)</script>`,
	`</SCRIPT ><img src=x onerror=alert(1)>`,
	`<img src=http://127.0.0.1:9/x onerror="alert(1)">`,
	`<!--<script>`,
	`]]></style><style>body{display:none}</style>`,
	`"><svg onload=alert(1)>`,
	`' onmouseover='alert(1)`,
	`{{.Policy}} ${alert(1)} \u003c/script\u003e \x3c/script>`,
	`javascript:alert(1)`,
	"\u202egnp.exe\u2066 and \u2028 a line",
	`<template><iframe src="data:text/html,<script>alert(1)</script>"></iframe></template>`,
	`<base href=http://127.0.0.1:9/><form action=http://127.0.0.1:9/><button>`,
	`&lt;b&gt; &amp;`,
}

var attacked = &job{name: `</title><script>alert(1)</script>.csv`, links: 2000, fail: func(n int) (outcome.Status, string, string) {
	a := attacks[n%len(attacks)]
	return outcome.Failed, a, a
}}
