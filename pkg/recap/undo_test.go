package recap

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// ofOrg is the CRM of the jobs here.
var ofOrg = zoho.Identity{Org: "60001", Host: "www.zohoapis.com", Login: "x"}

// undone makes files of a run, and of an undo of it.
func undone(t *testing.T, change func(undo *report.Summary), rows string) *job {
	t.Helper()
	j := newJob(t)
	run := report.Summary{State: outcome.Finished, Rows: 5, Links: 5, Removed: 5, CRM: ofOrg.String(), StartedAt: report.Timestamp(began)}
	ended := report.Timestamp(began.Add(2 * time.Hour))
	undo := report.Summary{
		State: outcome.Finished, Reason: outcome.Completed, Rows: 5, Links: 5, CRM: ofOrg.String(),
		StartedAt: report.Timestamp(began.Add(time.Hour)), EndedAt: &ended, UndoCounts: &report.UndoCounts{Run: run.StartedAt},
	}
	change(&undo)
	for path, s := range map[string]*report.Summary{j.files.Summary: &run, j.files.UndoSummary: &undo} {
		if err := s.Write(disk.OS{}, path); err != nil {
			t.Fatal(err)
		}
	}
	if rows != "" {
		j.write(j.files.UndoResults, head+rows)
	}
	return j
}

// undoRow is a row of an undo, of the nth second.
func undoRow(n int, status outcome.Status, org string) string {
	at := report.Timestamp(began.Add(time.Hour + time.Duration(n)*time.Second))
	return fmt.Sprintf("%d,Campaigns,400,Leads,%d,%s,,,200,1,%s,%s\n", n, 900+n, status, at, org)
}

// killed makes the summary one that an undo writes at its start.
func killed(s *report.Summary) {
	s.State, s.Reason, s.EndedAt, s.Pending = outcome.Running, "", nil, s.Links
}

func TestUndo(t *testing.T) {
	restored := func(s *report.Summary) { s.Restored, s.Present = 3, 2 }
	started, ended := began.Add(time.Hour), began.Add(2*time.Hour)
	done := &Undo{State: outcome.Finished, Reason: outcome.Completed, StartedAt: &started, EndedAt: &ended, LastHeard: ended}
	with := func(u Undo, change func(*Undo)) *Undo { change(&u); return &u }
	for name, c := range map[string]struct {
		change  func(*report.Summary)
		rows    string
		files   func(j *job)
		want    *Undo
		damaged bool
	}{
		"finished": {change: restored, want: with(*done, func(u *Undo) { u.Restored, u.Present = 3, 2 })},
		"not all":  {change: func(s *report.Summary) { s.Restored, s.Failed, s.Unknown, s.Pending = 1, 2, 1, 1 }, want: with(*done, func(u *Undo) { u.Restored, u.Failed, u.Unknown, u.Pending = 1, 2, 1, 1 })},
		"killed": {
			change: killed,
			rows:   undoRow(2, outcome.Unknown, "60001") + undoRow(3, outcome.Present, "60001") + undoRow(4, outcome.Restored, "60002") + undoRow(2, outcome.Restored, "60001"),
			want:   &Undo{State: outcome.Running, StartedAt: &started, LastHeard: started.Add(3 * time.Second), Restored: 1, Present: 1, Pending: 3},
		},
		"killed before a row":             {change: killed, want: &Undo{State: outcome.Running, StartedAt: &started, LastHeard: started, Pending: 5}},
		"a rehearsal":                     {change: func(s *report.Summary) { restored(s); s.CRM = zoho.Identity{Org: report.Emulator}.String() }},
		"another org":                     {change: func(s *report.Summary) { restored(s); s.CRM = zoho.Identity{Org: "60002"}.String() }},
		"nothing linked":                  {change: func(s *report.Summary) { s.Failed = 5 }, want: with(*done, func(u *Undo) { u.Failed = 5 })},
		"nothing linked, and a run later": {change: func(s *report.Summary) { s.Failed = 5; s.Run = "earlier" }},
		"linked before a later run":       {change: func(s *report.Summary) { restored(s); s.Run = "earlier" }, want: with(*done, func(u *Undo) { u.Restored, u.Present = 3, 2 })},
		"summary lost": {
			change: restored, rows: undoRow(2, outcome.Restored, "60001") + undoRow(3, outcome.Failed, "60001"),
			files: func(j *job) { _ = os.Remove(j.files.UndoSummary) },
			want:  &Undo{LastHeard: started.Add(3 * time.Second), Restored: 1, Failed: 1},
		},
		"summary lost, a rehearsal": {change: restored, rows: undoRow(2, outcome.Restored, report.Emulator), files: func(j *job) { _ = os.Remove(j.files.UndoSummary) }},
		"summary damaged": {
			change: restored, rows: undoRow(2, outcome.Restored, "60001"), files: func(j *job) { j.write(j.files.UndoSummary, "{") },
			want: &Undo{LastHeard: started.Add(2 * time.Second), Restored: 1}, damaged: true,
		},
		"results damaged": {
			change: killed, rows: undoRow(2, outcome.Restored, "60001") + "x\n",
			want: &Undo{State: outcome.Running, StartedAt: &started, LastHeard: started.Add(2 * time.Second), Restored: 1, Pending: 4}, damaged: true,
		},
		"no undo": {change: restored, files: func(j *job) { _ = os.Remove(j.files.UndoSummary) }},
	} {
		t.Run(name, func(t *testing.T) {
			j := undone(t, c.change, c.rows)
			if c.files != nil {
				c.files(j)
			}
			m := j.read()
			if diff := cmp.Diff(c.want, m.Undo, cmpopts.IgnoreFields(Undo{}, "Results", "Summary")); diff != "" {
				t.Error(diff)
			}
			if slices.Contains(m.Unknown, BadUndo) != c.damaged {
				t.Errorf("not known is %v", m.Unknown)
			}
		})
	}
}
