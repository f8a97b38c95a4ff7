package recap

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/trace"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

var update = flag.Bool("update", false, "write the golden files")

const head = "line,module,parent_id,relation,related_id,status,code,message,http_status,attempts,time,org\n"

var began = time.Date(2026, 11, 24, 23, 58, 30, 0, time.UTC)

// job is the files of a job in a folder.
type job struct {
	t     *testing.T
	files Files
}

func newJob(t *testing.T) *job {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	return &job{t, Files{at("links.results.csv"), at("links.summary.json"), at("links.undo.csv"), at("links.undo.summary.json")}}
}

func (j *job) write(path, text string) {
	j.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

// run records a run with a call each second, and one outcome for each. It gives the rows.
func (j *job) run(start time.Time, from, links int, anew bool, end *trace.End) string {
	j.t.Helper()
	l := trace.Begin(disk.OS{}, trace.Path(j.files.Results), trace.Run{Start: start, Anew: anew, Slots: 5, ToSend: links, Org: "60001", Version: "0.1.0", Input: "ab"})
	var b strings.Builder
	for n := from; n < from+links; n++ {
		c := engine.Call{
			What: engine.What{Kind: engine.KindDelink, Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: zoho.ID(400 + n%3), IDs: 1, Status: 200},
			Sent: start.Add(time.Duration(n-from) * time.Second), Took: time.Duration(100+n) * time.Millisecond, Attempt: 1, InFlight: 3, Allowed: 5,
		}
		if n%40 == 7 {
			c.Err, c.Pause = &zoho.Error{Kind: zoho.Throttled, Sent: true, Status: 429, Code: "TOO_MANY_REQUESTS"}, 2*time.Second
			l.Observe(c)
			c.Err, c.Pause, c.Attempt, c.Allowed = nil, 0, 2, 2
		}
		status := "removed,,,200"
		if n%10 == 4 {
			status = "failed,RECORD_LOCKED,the record is locked,400"
			c.Err = &zoho.Error{Kind: zoho.Refused, Sent: true, Status: 400, Code: "RECORD_LOCKED"}
		}
		l.Observe(c)
		fmt.Fprintf(&b, "%d,Campaigns,%d,Leads,%d,%s,1,%s,60001\n", n+2, 400+n%3, 900+n, status, c.Sent.Add(c.Took).Format("2006-01-02T15:04:05.000Z"))
	}
	if end == nil { // killed: the file has no end
		_ = l.End(trace.End{})
		b, _ := os.ReadFile(trace.Path(j.files.Results))
		lines := strings.SplitAfter(string(b), "\n")
		j.write(trace.Path(j.files.Results), strings.Join(lines[:len(lines)-2], ""))
	} else if err := l.End(*end); err != nil {
		j.t.Fatal(err)
	}
	return b.String()
}

func (j *job) summary(state outcome.State, links int) {
	ended := report.Summary{
		Input: "links.csv", InputSHA256: "ab", State: state, Reason: outcome.Completed, Rows: links + 1, Links: links, Calls: 11,
		StartedAt: began.Format(time.RFC3339), Results: j.files.Results, ExitCode: 3,
	}
	if state != outcome.Running {
		end := began.Add(time.Hour).Format(time.RFC3339)
		ended.EndedAt = &end
	}
	if err := ended.Write(disk.OS{}, j.files.Summary); err != nil {
		j.t.Fatal(err)
	}
}

// whole is a job with a run that was killed and one that ended.
func whole(t *testing.T) *job {
	j := newJob(t)
	rows := head + j.run(began, 0, 200, true, nil)
	left := 4990
	rows += j.run(began.Add(24*time.Hour), 200, 50, false, &trace.End{End: began.Add(24*time.Hour + time.Minute), Reason: outcome.Completed, ExitCode: 3, Calls: 52, Retries: 1, Throttled: 2, Credits: &left})
	rows += "6,Campaigns,401,Leads,904,removed,,,200,2,2026-11-25T23:59:10.000Z,60001\n" // it failed before
	rows += "252,Campaigns,400,Leads,900,duplicate,,the same as line 2,,0,2026-11-25T23:58:30.000Z,60001\n"
	j.write(j.files.Results, rows)
	j.summary(outcome.Finished, 260)
	return j
}

func (j *job) read() *Model {
	j.t.Helper()
	m, err := Read(disk.OS{}, j.files)
	if err != nil {
		j.t.Fatal(err)
	}
	return m
}

func TestGolden(t *testing.T) {
	m := whole(t).read()
	m.Results, m.Summary, m.Calls = filepath.Base(m.Results), filepath.Base(m.Summary), filepath.Base(m.Calls)
	got, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "whole.json")
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Error(diff)
	}
}

// What is told from several files agrees with itself.
func TestSumsAgree(t *testing.T) {
	m := whole(t).read()
	by := map[outcome.Status]int{}
	for _, c := range m.Statuses {
		by[c.Status] = c.Count
	}
	if by[outcome.Removed] != 226 || by[outcome.Failed] != 24 || by[outcome.Pending] != 10 || by[outcome.Duplicate] != 1 || m.Settled != 250 {
		t.Errorf("%v, %d settled", by, m.Settled)
	}
	causes, parents, bad := 0, 0, 0
	for _, c := range m.Causes {
		causes += c.Links
	}
	for _, p := range m.Parents {
		parents += p.Links
		bad += p.Bad
	}
	if causes != 24 || bad != 24 || parents != 250 || m.ParentsOf != 3 {
		t.Errorf("%d by causes, %d and %d by parents", causes, parents, bad)
	}
	c := &m.Course
	sum := func(n []int) (s int) {
		for _, x := range n {
			s += x
		}
		return s
	}
	if n := len(c.Start); n != len(c.Settled) || n != len(c.P99) || n != len(c.PausedMS) || n != len(c.Run) {
		t.Error("the arrays have different lengths")
	}
	if !slices.IsSorted(c.Start) || sum(c.Settled) != 251 || sum(c.Calls) != 257 || sum(c.Throttled) != 7 || sum(c.OK)+sum(c.Refused)+sum(c.Missing)+sum(c.Throttled) != sum(c.Calls) {
		t.Errorf("%d settled, %d calls, %d throttled over time", sum(c.Settled), sum(c.Calls), sum(c.Throttled))
	}
	if len(m.Runs) != 2 || m.Runs[0].End != nil || m.Runs[0].Settled != 200 || m.Runs[1].Settled != 51 || m.Runs[0].Throttled != 5 {
		t.Errorf("%+v", m.Runs)
	}
	if len(m.Slowest) == 0 || m.Slowest[0].Settled > m.Slowest[len(m.Slowest)-1].Settled {
		t.Errorf("%+v", m.Slowest)
	}
	n := 0
	if err := m.EachFailure(disk.OS{}, func(row *report.Row) error {
		if n++; row.Line == 6 {
			t.Error("a row counts that was replaced")
		}
		return nil
	}); err != nil || n != 24 {
		t.Errorf("%d failures, %v", n, err)
	}
}

// Whatever is missing, cut off or damaged, the rest is told, and what is not known is said.
func TestWhatIsMissing(t *testing.T) {
	cut := func(path string, bytes int) func(j *job) {
		return func(j *job) {
			name := map[string]string{"results": j.files.Results, "calls": trace.Path(j.files.Results)}[path]
			b, _ := os.ReadFile(name)
			j.write(name, string(b[:len(b)-bytes]))
		}
	}
	for name, c := range map[string]struct {
		do      func(j *job)
		unknown []Gap
		runs    int
		settled int
	}{
		"nothing":       {func(*job) {}, nil, 2, 250},
		"calls":         {func(j *job) { _ = os.Remove(trace.Path(j.files.Results)) }, []Gap{NoCalls}, 1, 250},
		"results":       {func(j *job) { _ = os.Remove(j.files.Results) }, []Gap{NoResults}, 2, 0},
		"summary":       {func(j *job) { _ = os.Remove(j.files.Summary) }, []Gap{NoSummary}, 2, 250},
		"all but calls": {func(j *job) { _ = os.Remove(j.files.Summary); _ = os.Remove(j.files.Results) }, []Gap{NoSummary, NoResults}, 2, 0},
		"torn row":      {cut("results", 10), nil, 2, 250},
		"torn call":     {cut("calls", 200), nil, 2, 250},
		"damaged row": {func(j *job) {
			b, _ := os.ReadFile(j.files.Results)
			j.write(j.files.Results, strings.Replace(string(b), "\n100,", "\nx,", 1))
		}, []Gap{BadResults}, 2, 98},
		"damaged call": {func(j *job) {
			p := trace.Path(j.files.Results)
			b, _ := os.ReadFile(p)
			j.write(p, strings.Replace(string(b), "delink 5.000", "delink 6.000", 1))
		}, []Gap{BadCalls}, 2, 250},
		"another's file": {func(j *job) { j.write(trace.Path(j.files.Results), "hello\n") }, []Gap{BadCalls, NoCalls}, 1, 250},
		"bad summary":    {func(j *job) { j.write(j.files.Summary, "{") }, []Gap{BadSummary}, 2, 250},
		"other input": {func(j *job) {
			b, _ := os.ReadFile(j.files.Summary)
			j.write(j.files.Summary, strings.Replace(string(b), `"ab"`, `"cd"`, 1))
		}, []Gap{OtherInput}, 2, 250},
		"an older job": {func(j *job) {
			l := trace.Begin(disk.OS{}, trace.Path(j.files.Results), trace.Run{Start: began.Add(48 * time.Hour), Anew: true, Input: "ab"})
			_ = l.End(trace.End{End: began.Add(49 * time.Hour)})
		}, []Gap{EarlierRuns}, 1, 250},
	} {
		t.Run(name, func(t *testing.T) {
			j := whole(t)
			c.do(j)
			m := j.read()
			for _, g := range c.unknown {
				if !slices.Contains(m.Unknown, g) {
					t.Errorf("%s is not told: %v", g, m.Unknown)
				}
			}
			if len(c.unknown) == 0 && slices.ContainsFunc(m.Unknown, func(g Gap) bool { return g != CutOffCalls }) {
				t.Errorf("not known is %v", m.Unknown)
			}
			if len(m.Runs) != c.runs || m.Settled != c.settled {
				t.Errorf("%d runs, %d settled", len(m.Runs), m.Settled)
			}
		})
	}
	if _, err := Read(disk.OS{}, newJob(t).files); !errors.Is(err, ErrNothing) {
		t.Errorf("without files: %v", err)
	}
}

// Spans become longer when there are too many, and nothing is lost by that.
func TestSpans(t *testing.T) {
	s := newSeries(1, 3)
	for n := range 1000 {
		s.settle(began.Unix()+int64(n*7), n%2 == 0)
	}
	if len(s.spans) > 3 || s.seconds != 3600 {
		t.Errorf("%d spans of %d s", len(s.spans), s.seconds)
	}
	settled, bad := 0, 0
	for _, p := range s.spans {
		settled += p.settled
		bad += p.bad
	}
	if settled != 1000 || bad != 500 {
		t.Errorf("%d settled, %d bad", settled, bad)
	}
}

// Memory does not grow with the rows but for a few bytes each.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 50 MB")
	}
	j := newJob(t)
	f, err := os.Create(j.files.Results)
	if err != nil {
		t.Fatal(err)
	}
	const rows = 400_000
	out := bufio.NewWriter(f)
	_, _ = out.WriteString(head)
	for n := range rows {
		fmt.Fprintf(out, "%d,Campaigns,%d,Leads,%d,removed,SUCCESS,relation removed,200,1,%s,60001\n", n+2, 400+n%5000, 900+n, began.Add(time.Duration(n)*time.Second).Format("2006-01-02T15:04:05.000Z"))
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := j.read()
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / rows
	t.Logf("%.1f bytes a row are kept, with %d spans of %d s", each, len(m.Course.Start), m.Course.Seconds)
	if m.Settled != rows || each > 12 || len(m.Course.Start) > mostSpans {
		t.Errorf("%d settled, %.1f bytes a row", m.Settled, each)
	}
	runtime.KeepAlive(m)
}
