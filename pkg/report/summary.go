package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// Summary is a run in numbers. Its fields are a promise to scripts. Rows, Duplicate and Invalid
// count rows. Links, Pending and the other statuses count links, each once.
type Summary struct {
	Input            string         `json:"input"`
	InputSHA256      string         `json:"input_sha256"`
	State            outcome.State  `json:"state"`
	Reason           outcome.Reason `json:"reason"`
	Org              *string        `json:"org"` // see zoho.Identity.Name; null if not known
	Rows             int            `json:"rows"`
	Links            int            `json:"links"`
	Removed          int            `json:"removed"`
	Gone             int            `json:"gone"`
	Absent           int            `json:"absent"`
	Failed           int            `json:"failed"`
	Unknown          int            `json:"unknown"`
	*UndoCounts                     // of an undo; nil for a run
	Invalid          int            `json:"invalid"`
	Duplicate        int            `json:"duplicate"`
	Pending          int            `json:"pending"`
	Calls            int            `json:"calls"`
	Retries          int            `json:"retries"`
	Throttled        int            `json:"throttled"`
	CreditsRemaining *int           `json:"credits_remaining"`
	StartedAt        string         `json:"started_at"`
	EndedAt          *string        `json:"ended_at"`
	Seconds          float64        `json:"seconds"`
	Results          string         `json:"results"`
	Failures         *string        `json:"failures"`
	ExitCode         int            `json:"exit_code"`
	CRM              string         `json:"crm"`       // see zoho.Identity.String
	Questions        int            `json:"questions"` // calls that asked the org about itself before the run; not in Calls
	Job              *Totals        `json:"job"`       // of all runs of the job; nil in summaries of older versions
}

// Totals are the runs of a job in numbers. A run belongs to the same job as the run with whose
// results it went on. Only runs that came as far as their calls are counted.
type Totals struct {
	Runs      int     `json:"runs"`
	Calls     int     `json:"calls"`
	Retries   int     `json:"retries"`
	Throttled int     `json:"throttled"`
	Seconds   float64 `json:"seconds"`
	StartedAt string  `json:"started_at"` // when the job began
	// Killed is how many of the runs were killed. The last calls of these are not counted, since nobody
	// could write them down.
	Killed int `json:"killed"`
}

// With gives the totals with another run.
func (t Totals) With(s *Summary) Totals {
	return Totals{
		Runs:      t.Runs + 1,
		Calls:     t.Calls + s.Calls,
		Retries:   t.Retries + s.Retries,
		Throttled: t.Throttled + s.Throttled,
		Seconds:   milliseconds(t.Seconds + s.Seconds),
		StartedAt: cmp.Or(t.StartedAt, s.StartedAt),
		Killed:    t.Killed,
	}
}

// WithKilled gives the totals with another run, which was killed.
func (t Totals) WithKilled(s *Summary) Totals {
	t = t.With(s)
	t.Killed++
	return t
}

// milliseconds rounds seconds to whole milliseconds.
func milliseconds(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

// UndoCounts are the statuses that only an undo gives.
type UndoCounts struct {
	Run      string `json:"run_started_at"` // when the run began that is undone
	Restored int    `json:"restored"`
	Present  int    `json:"present"`
}

// field gives the field that has the count of a status.
func (s *Summary) field(status outcome.Status) *int {
	switch status {
	case outcome.Removed:
		return &s.Removed
	case outcome.Gone:
		return &s.Gone
	case outcome.Absent:
		return &s.Absent
	case outcome.Failed:
		return &s.Failed
	case outcome.Unknown:
		return &s.Unknown
	case outcome.Pending:
		return &s.Pending
	case outcome.Duplicate:
		return &s.Duplicate
	case outcome.Invalid:
		return &s.Invalid
	case outcome.Restored, outcome.Present:
		return s.UndoCounts.field(status)
	}
	return new(int)
}

func (c *UndoCounts) field(status outcome.Status) *int {
	switch {
	case c == nil:
	case status == outcome.Restored:
		return &c.Restored
	case status == outcome.Present:
		return &c.Present
	}
	return new(int)
}

// Of gives the count of a status.
func (s *Summary) Of(status outcome.Status) int { return *s.field(status) }

// SetCounts sets the counts from a book.
func (s *Summary) SetCounts(b *Book) {
	s.Rows, s.Links = b.Rows(), b.Links()
	for _, f := range outcome.Table {
		*s.field(f.Status) = b.Count(f.Status)
	}
}

// IsBad reports whether some row has a status that the user does not want. absent says that Absent
// is such a status.
func (s *Summary) IsBad(absent bool) bool {
	for _, f := range outcome.Table {
		if s.Of(f.Status) > 0 && (f.Bad || absent && f.Status == outcome.Absent) {
			return true
		}
	}
	return false
}

// Identity gives the CRM of the run, as far as the summary says.
func (s *Summary) Identity() zoho.Identity {
	id, _ := zoho.ParseIdentity(s.CRM)
	return id
}

// Start sets the time of the start.
func (s *Summary) Start(at time.Time) { s.StartedAt = Timestamp(at) }

// End sets the time of the end, and how long the run took.
func (s *Summary) End(started, at time.Time) {
	end := Timestamp(at)
	s.EndedAt = &end
	s.Seconds = milliseconds(at.Sub(started).Seconds())
}

// Encode writes the summary as JSON, with a line for each field.
func (s *Summary) Encode(w io.Writer) error { return EncodeJSON(w, s) }

// EncodeJSON writes a value as JSON that people can read, too: with a line for each field, and
// texts as they are.
func EncodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Write replaces the file of the summary.
func (s *Summary) Write(on disk.Disk, path string) error { return on.Replace(path, s.Encode) }

// ReadSummary reads the summary of an earlier run. It returns nil if there is none.
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
		return nil, &NotALedger{path, 1, "is not a summary of delink", false}
	}
	return &s, nil
}
