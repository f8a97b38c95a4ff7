package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"delink/pkg/outcome"
	"delink/pkg/recap"
	"delink/pkg/trace"
)

// modelOf is a model with everything that a report can show, and hostile texts in it.
func modelOf() *recap.Model {
	begun := time.Date(2026, 11, 24, 19, 30, 0, 0, time.UTC)
	end, five, left, rows := begun.Add(5*time.Hour), 5, 12_345, 10_000_000
	m := &recap.Model{
		Input: "links.csv", Org: "60001234567", State: outcome.Stopped, Reason: outcome.Deadline, ExitCode: &five,
		Rows: &rows, Links: &rows, Settled: 9_000_000, Seconds: 36_000, PerSecond: 250, Credits: &left,
		Statuses: []recap.Count{{Status: outcome.Removed, Count: 8_900_000}, {Status: outcome.Failed, Count: 100_000}, {Status: outcome.Pending, Count: 1_000_000}, {Status: outcome.Invalid, Count: 1}},
		Totals: recap.CallTotals{
			Calls: 90_000, Retries: 123, Throttled: 45, PausedMS: 90_000,
			ByKind: []recap.CallCount{{Kind: "delink", Calls: 89_000}, {Kind: "look-up", Calls: 1000}},
			ByHow:  []recap.CallsEnded{{How: trace.OK, Status: 200, Calls: 89_900}, {How: trace.Unanswered, Calls: 100}},
		},
		Answers: recap.AnswerTimes{Median: 312, P90: 800, P99: 4100},
		Causes:  []recap.Cause{{Status: outcome.Failed, Code: "RECORD_LOCKED", Message: "the record is locked: \x1b[31mrot ärger", Links: 100_000, Hint: "unlock it"}},
		Parents: []recap.Parent{{Module: "Price_Books", Relation: "Products", ID: "3652397000000400001", Links: 123_456, Bad: 100_000}}, ParentsOf: 5000,
		Slowest: []recap.Slow{{Start: begun, Seconds: 60, Settled: 10, Calls: 3, Throttled: 2, Median: 7000, Allowed: 1}},
	}
	for n := range 12 {
		start := begun.Add(time.Duration(n) * 24 * time.Hour)
		r := recap.Run{Start: start, LastHeard: start.Add(time.Hour), Settled: 750_000, Calls: 7500, Slots: 10}
		if n%3 > 0 {
			r.End, r.Reason, r.ExitCode, r.Credits = &end, outcome.Deadline, &five, &left
		}
		m.Runs = append(m.Runs, r)
	}
	c := &m.Course
	c.Seconds = 300
	for n := range 500 {
		c.Start = append(c.Start, begun.Unix()+int64(n*300))
		for _, a := range []*[]int{&c.Run, &c.Settled, &c.Bad, &c.Calls, &c.OK, &c.Refused, &c.Missing, &c.Throttled, &c.InFlight, &c.Allowed, &c.AllowedMax} {
			*a = append(*a, n%17)
		}
		for _, a := range []*[]float64{&c.Median, &c.P90, &c.P99} {
			*a = append(*a, float64(n*10))
		}
		c.PausedMS = append(c.PausedMS, 0)
	}
	for g := range gaps {
		m.Unknown = append(m.Unknown, g)
	}
	slices.Sort(m.Unknown)
	return m
}

// A report fits the paper, and nothing from outside moves the cursor.
func TestReportFits(t *testing.T) {
	for _, width := range []int{30, 40, 80, 200} {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprint(width, plain), func(t *testing.T) {
				text := newReportView(modelOf(), "links.csv", paper{width, plain}).text()
				for line := range strings.Lines(text) {
					if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
						t.Errorf("%d characters: %s", n, line)
					}
				}
				if strings.ContainsRune(text, 0x1b) || plain && strings.ContainsFunc(text, func(r rune) bool { return r > 0x7e }) {
					t.Errorf("%q", text)
				}
				for _, want := range []string{"8,900,000", "RECORD_LOCKED", "3652397000000400001", "unlock it", "median", "open calls", "2026-12-05 19:30:00"} {
					if !strings.Contains(text, want) {
						t.Errorf("there is no %q in\n%s", want, text)
					}
				}
				if strings.Contains(text, "%!") {
					t.Errorf("a verb is wrong:\n%s", text)
				}
			})
		}
	}
}

// Every gap has words.
func TestGapsHaveWords(t *testing.T) {
	for _, g := range []recap.Gap{
		recap.NoSummary, recap.NoResults, recap.NoCalls, recap.EarlierRuns, recap.BadCalls, recap.LostCalls, recap.CutOffCalls, recap.BadResults,
		recap.BadSummary, recap.OtherInput, recap.ManyParents, recap.ManyCauses, recap.SummedUpCalls, recap.TimesOfLinks, recap.BadUndo, recap.ChangedInput,
	} {
		if gaps[g] == "" {
			t.Errorf("%s has none", g)
		}
	}
}

func TestSparkline(t *testing.T) {
	ramp := make([]int, 64)
	for i := range ramp {
		ramp[i] = i
	}
	for _, c := range []struct {
		values []int
		width  int
		how    joining
		want   string
	}{
		{[]int{0, 1, 2, 3, 4, 5, 6, 7, 8}, 20, sums, " ▂▃▄▅▆▇██"},
		{[]int{0, 0, 0}, 20, sums, "   "},
		{[]int{5}, 20, lows, "█"},
		{ramp, 8, sums, "▁▂▃▄▅▆▇█"},
		{[]int{0, 9, 0, 0}, 2, peaks, "█ "},
		{[]int{4, 9, 8, 8}, 2, lows, "▅█"},
		{[]int{1, 1000}, 20, sums, "▁█"},
	} {
		if got := sparkline(c.values, c.width, c.how); got != c.want {
			t.Errorf("%v in %d: %q, want %q", c.values, c.width, got, c.want)
		}
	}
}
