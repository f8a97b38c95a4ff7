package report

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"time"

	"delink/pkg/disk"
	"delink/pkg/worker"
)

// State says how far a run has come.
type State string

// The states of a run. A summary that says "running" while nothing runs is of a run that was killed.
const (
	Running  State = "running"
	Finished State = "finished" // nothing is pending or unknown for want of time
	Stopped  State = "stopped"  // in good order, and can go on
)

// Summary is a run in numbers; its fields are a promise to scripts. Counts are of rows, but for Links, Pending and the
// four statuses of links, which are of different links.
type Summary struct {
	Input            string        `json:"input"`
	InputSHA256      string        `json:"input_sha256"`
	State            State         `json:"state"`
	Reason           worker.Reason `json:"reason"`
	Rows             int           `json:"rows"`
	Links            int           `json:"links"`
	Removed          int           `json:"removed"`
	Absent           int           `json:"absent"`
	Failed           int           `json:"failed"`
	Unknown          int           `json:"unknown"`
	Invalid          int           `json:"invalid"`
	Duplicate        int           `json:"duplicate"`
	Pending          int           `json:"pending"`
	Calls            int           `json:"calls"`
	Retries          int           `json:"retries"`
	Throttled        int           `json:"throttled"`
	CreditsRemaining *int          `json:"credits_remaining"`
	StartedAt        string        `json:"started_at"`
	EndedAt          *string       `json:"ended_at"`
	Seconds          float64       `json:"seconds"`
	Results          string        `json:"results"`
	Failures         *string       `json:"failures"`
	ExitCode         int           `json:"exit_code"`
	Org              *string       `json:"org"` // the org's id, or "emulator": results say nothing about another
}

// Count takes the counts of a book.
func (s *Summary) Count(b *Book) {
	s.Rows, s.Links = b.Rows(), b.Links()
	s.Removed, s.Absent = b.Count(worker.Removed), b.Count(worker.Absent)
	s.Failed, s.Unknown = b.Count(worker.Failed), b.Count(worker.Unknown)
	s.Invalid, s.Duplicate = b.Count(Invalid), b.Count(Duplicate)
	s.Pending = b.Pending()
}

// Start and End set the times.
func (s *Summary) Start(at time.Time) { s.StartedAt = timestamp(at) }

// End sets the time of the end, and how long the run took.
func (s *Summary) End(started, at time.Time) {
	end := timestamp(at)
	s.EndedAt = &end
	s.Seconds = math.Round(at.Sub(started).Seconds()*1000) / 1000
}

// Encode writes a summary as JSON for people and programs.
func (s *Summary) Encode(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// Write replaces the file of the summary.
func (s *Summary) Write(on disk.Disk, path string) error { return on.Replace(path, s.Encode) }

// ReadSummary reads the summary of an earlier run; nil if there is none.
func ReadSummary(on disk.Disk, path string) (*Summary, error) {
	f, err := on.Read(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var s Summary
	if err := json.NewDecoder(io.LimitReader(f, 1<<20)).Decode(&s); err != nil || s.State == "" {
		return nil, &NotALedger{path, 1, "is not a summary of delink"}
	}
	return &s, nil
}
