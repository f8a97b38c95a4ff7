package recap

import (
	"errors"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// Undo is what an undo made of the links that the job had removed. A link is in one of the counts.
type Undo struct {
	Results   string         `json:"results"` // the files
	Summary   string         `json:"summary"`
	State     outcome.State  `json:"state"` // running: it goes on, or was killed; empty if not known
	Reason    outcome.Reason `json:"reason"`
	StartedAt *time.Time     `json:"started_at"` // nil if not known
	EndedAt   *time.Time     `json:"ended_at"`   // nil if it was killed, still goes on, or it is not known
	LastHeard time.Time      `json:"last_heard"` // when it ended, else the time of its last outcome, else of its start
	Restored  int            `json:"restored"`
	Present   int            `json:"present"`
	Failed    int            `json:"failed"`
	Unknown   int            `json:"unknown"`
	Pending   int            `json:"pending"`
}

// Linked is how many links are there again.
func (u *Undo) Linked() int { return u.Restored + u.Present }

// MayHaveLinked reports whether some link may be there again. A run does not go on with such a job.
func (u *Undo) MayHaveLinked() bool {
	return u.Linked() > 0 || u.Unknown > 0 || u.State == outcome.Running
}

// field gives the count of a status.
func (u *Undo) field(s outcome.Status) *int {
	switch s {
	case outcome.Restored:
		return &u.Restored
	case outcome.Present:
		return &u.Present
	case outcome.Failed:
		return &u.Failed
	case outcome.Unknown:
		return &u.Unknown
	case outcome.Pending:
		return &u.Pending
	case outcome.Removed, outcome.Gone, outcome.Absent, outcome.Duplicate, outcome.Invalid: // an undo has none
	}
	return new(int)
}

// readUndo reads what an undo of the job has left. run is the summary of the job; nil if there is none.
// An undo in another CRM, or a rehearsal of one, counts for nothing. Neither does one that has linked
// nothing before the last run.
func (r *reading) readUndo(on disk.Disk, files Files, run *report.Summary) error {
	s, err := report.ReadSummary(on, files.UndoSummary)
	if err = r.damagedUndo(err); err != nil {
		return err
	}
	var now zoho.Identity
	if run != nil {
		now = run.Identity()
	}
	if s != nil && s.IsOfOther(now) {
		return nil
	}
	u := &Undo{Results: files.UndoResults, Summary: files.UndoSummary}
	if s != nil {
		u.takeSummary(s)
	}
	if s == nil || s.State == outcome.Running {
		rows, err := u.takeResults(on, s, report.NamesOfCRM(now, s))
		if err = r.damagedUndo(err); err != nil {
			return err
		}
		if s == nil && rows == 0 {
			return nil
		}
	}
	if s != nil && run != nil && !u.MayHaveLinked() && (s.UndoCounts == nil || s.UndoCounts.Run != run.StartedAt) {
		return nil
	}
	r.m.Undo = u
	return nil
}

// damagedUndo notes that a file of the undo is damaged, or is not one of delink. It returns any other
// error.
func (r *reading) damagedUndo(err error) error {
	if notOurs := new(report.NotALedger); !errors.As(err, &notOurs) {
		return err
	}
	r.missing(BadUndo)
	return nil
}

// takeSummary takes what the summary says. The counts in that of an undo that goes on, or that was
// killed, are those of its start.
func (u *Undo) takeSummary(s *report.Summary) {
	u.State, u.Reason = s.State, s.Reason
	if at, err := time.Parse(time.RFC3339, s.StartedAt); err == nil {
		u.StartedAt, u.LastHeard = &at, at
	}
	if s.State == outcome.Running {
		return
	}
	if s.EndedAt != nil {
		if at, err := time.Parse(time.RFC3339, *s.EndedAt); err == nil {
			u.EndedAt, u.LastHeard = &at, at
		}
	}
	for _, f := range outcome.Table {
		*u.field(f.Status) = s.Of(f.Status)
	}
}

// takeResults counts the rows about the CRM that has these names, the last one of each link. s is the
// summary of the undo; nil if there is none.
func (u *Undo) takeResults(on disk.Disk, s *report.Summary, names report.CRMNames) (rows int, err error) {
	t := newTally()
	_, err = report.ReadLedger(on, u.Results, func(row *report.Row, _ int64) error {
		if names.IsStranger(row.Org) {
			return nil
		}
		rows++
		t.take(row)
		if at, err := time.Parse(time.RFC3339, row.Time); err == nil && at.After(u.LastHeard) {
			u.LastHeard = at
		}
		return nil
	})
	counts, settled := t.statuses()
	for _, c := range counts {
		*u.field(c.Status) = c.Count
	}
	if s != nil {
		u.Pending = max(0, s.Links-settled)
	}
	return rows, err
}
