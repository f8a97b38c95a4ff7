package job

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"delink/pkg/outcome"
	"delink/pkg/recap"
	"delink/pkg/report"
)

// A run that was killed counts with the calls that the record of calls has. Without a record it
// counts without calls, and if the record lacks it, it was killed before its first call.
func TestTotalsWithAKilledRun(t *testing.T) {
	began := time.Date(2026, 11, 24, 23, 58, 30, 0, time.UTC)
	before := report.Totals{Runs: 2, Calls: 20, Retries: 3, Throttled: 1, Seconds: 1.5, StartedAt: "2026-11-20T00:00:00.000Z"}
	killed := &report.Summary{State: outcome.Running, StartedAt: report.Timestamp(began)}
	run := recap.Run{Start: began.Add(time.Millisecond), LastHeard: began.Add(2 * time.Second), Calls: 7, Retries: 2, Throttled: 4}
	older := recap.Run{Start: began.Add(-time.Hour), LastHeard: began, Calls: 100}
	with := report.Totals{Runs: 3, Calls: 27, Retries: 5, Throttled: 5, Seconds: 3.499, StartedAt: before.StartedAt, Killed: 1}
	without := before
	without.Runs, without.Killed = without.Runs+1, 1
	for name, c := range map[string]struct {
		runs []recap.Run
		want report.Totals
	}{
		"recorded": {[]recap.Run{older, run}, with}, "no record": {nil, without}, "before its first call": {[]recap.Run{older}, before},
	} {
		if diff := cmp.Diff(c.want, withKilled(before, killed, c.runs)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What decides whether a run goes on with the totals of the one before is whether it goes on with its
// results.
func TestTotalsGoOnWithTheResults(t *testing.T) {
	inputs := map[string]string{"same": inputOf(11, 12), "changed": inputOf(11, 12, 13)}
	for _, c := range []struct {
		name, input string
		choice      Choice
		want        int // runs
	}{
		{"same input", inputs["same"], Choice{}, 1},
		{"restarted", inputs["same"], Choice{Restart: true}, 0},
		{"another input", inputs["changed"], Choice{IfChanged: ChangedResume}, 1},
		{"another input, restarted", inputs["changed"], Choice{IfChanged: ChangedRestart}, 0},
	} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "links.csv"), inputs["same"])
		j, _ := jobIn(t, folder, Choice{})
		if err := j.compare(); err != nil {
			t.Fatal(err)
		}
		j.called = true
		s, err := j.withFiles(t.Context(), 0, func(*report.Recorder) (outcome.Reason, error) { return outcome.MaxCalls, nil }, func(s *report.Summary) { s.Calls = 5 })
		if err != nil || s.Job.Runs != 1 || s.Job.Calls != 5 {
			t.Fatalf("%v, %+v", err, s.Job)
		}
		write(t, filepath.Join(folder, "links.csv"), c.input)
		next, _ := jobIn(t, folder, c.choice)
		if err := next.compare(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if next.before.Runs != c.want || next.before.Calls != 5*c.want {
			t.Errorf("%s: before it there were %+v, want %d runs", c.name, next.before, c.want)
		}
		if again := next.newSummary(time.Now()); again.Job.Runs != c.want || again.Job.StartedAt == "" {
			t.Errorf("%s: its summary begins with %+v", c.name, again.Job)
		}
	}
}
