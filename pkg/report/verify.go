package report

import (
	"bufio"
	"encoding/csv"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/reader"
)

// Agreement says whether the status of a link is true.
type Agreement string

// The agreements.
const (
	Agrees        Agreement = "yes"
	Disagrees     Agreement = "no"
	ClaimsNothing Agreement = "" // or it is not known whether the link is there
)

// Compare compares what a status claims of a link with what the CRM shows.
func Compare(claims, shown outcome.Presence) Agreement {
	switch {
	case claims == outcome.NotKnown || shown == outcome.NotKnown:
		return ClaimsNothing
	case claims == shown:
		return Agrees
	}
	return Disagrees
}

// Verified is a link that was looked up: a row of links.verify.csv.
type Verified struct {
	Link   reader.Link
	Line   int // the link's first line in the input
	Status outcome.Status
	Linked outcome.Presence
	Agrees Agreement
	Time   time.Time
}

var verifyHeader = []string{"line", "module", "parent_id", "relation", "related_id", "status", "linked", "agrees", "time"}

func (v *Verified) cells() []string {
	linked := string(v.Linked)
	if v.Linked == outcome.NotKnown {
		linked = "unknown"
	}
	l := v.Link
	return []string{
		strconv.Itoa(v.Line), l.Relation.Module, l.Parent.String(), l.Relation.List, l.Related.String(),
		string(v.Status), linked, string(v.Agrees), Timestamp(v.Time),
	}
}

// WriteVerified replaces the file of a verification. An older one that was changed by hand gets a
// new name.
func WriteVerified(on disk.Disk, path string, rows iter.Seq[Verified]) error {
	_, err := disk.ReplaceOwn(on, path, time.Now(), func(w io.Writer) error {
		buffered := bufio.NewWriterSize(w, 1<<20)
		out := csv.NewWriter(buffered)
		if err := out.Write(verifyHeader); err != nil {
			return err
		}
		for v := range rows {
			if err := out.Write(v.cells()); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return err
		}
		return buffered.Flush()
	})
	return err
}

// Verification is a verification in numbers. Its fields are a promise to scripts.
type Verification struct {
	Input            string         `json:"input"`
	InputSHA256      string         `json:"input_sha256"`
	State            outcome.State  `json:"state"`
	Reason           outcome.Reason `json:"reason"`
	Org              *string        `json:"org"`
	Links            int            `json:"links"`   // of the job
	Checked          int            `json:"checked"` // linked, not linked and unknown
	Linked           int            `json:"linked"`
	NotLinked        int            `json:"not_linked"`
	Unknown          int            `json:"unknown"` // whether they are linked is not known
	Agree            int            `json:"agree"`
	Disagree         int            `json:"disagree"`
	ClaimsNothing    int            `json:"claims_nothing"` // their status says nothing, and whether they are linked is known
	Sample           *Sample        `json:"sample"`         // null if all links were to be looked up
	Pending          int            `json:"pending"`        // not looked up yet
	Calls            int            `json:"calls"`
	Questions        int            `json:"questions"` // as of Summary
	Throttled        int            `json:"throttled"`
	CreditsRemaining *int           `json:"credits_remaining"`
	StartedAt        string         `json:"started_at"`
	EndedAt          string         `json:"ended_at"`
	Seconds          float64        `json:"seconds"`
	Results          string         `json:"results"`
	Undo             *string        `json:"undo"`   // results of an undo that count, too
	Verify           *string        `json:"verify"` // null if no file was written
	ExitCode         int            `json:"exit_code"`
}

// Sample says what links that were drawn evenly show of all.
type Sample struct {
	Drawn      int     `json:"drawn"`
	Confidence float64 `json:"confidence"`
	// AtMost is how many of all links disagree at most, with that confidence. Links that could not
	// be looked up count as if they disagreed. It is null if not all drawn links were looked up.
	AtMost *int `json:"at_most_disagree"`
}

// Add counts a link.
func (v *Verification) Add(r *Verified) {
	v.Checked++
	switch r.Linked {
	case outcome.Linked:
		v.Linked++
	case outcome.NotLinked:
		v.NotLinked++
	case outcome.NotKnown:
		v.Unknown++
		return
	}
	switch r.Agrees {
	case Agrees:
		v.Agree++
	case Disagrees:
		v.Disagree++
	case ClaimsNothing:
		v.ClaimsNothing++
	}
}

// SetTimes sets the times of the start and the end.
func (v *Verification) SetTimes(started, ended time.Time) {
	v.StartedAt, v.EndedAt = Timestamp(started), Timestamp(ended)
	v.Seconds = math.Round(ended.Sub(started).Seconds()*1000) / 1000
}

// Encode writes the numbers as JSON, with a line for each field.
func (v *Verification) Encode(w io.Writer) error { return EncodeJSON(w, v) }

// byLine gives the positions of the links that have a finding, in the order of the input.
func (f *Findings) byLine() []int {
	lines := make([]uint32, 0, f.set.Rows())
	for g := range f.set.EachGroup() {
		lines = append(lines, g.Lines...)
	}
	var at []int
	for pos := range f.found {
		if f.Has(pos) {
			at = append(at, pos)
		}
	}
	slices.SortFunc(at, func(a, b int) int { return int(lines[a]) - int(lines[b]) })
	return at
}

// Verified gives the links that have a finding, in the order of the input. says gives the status of
// a link, and what that claims.
func (f *Findings) Verified(says func(pos int) (outcome.Status, outcome.Presence)) iter.Seq[Verified] {
	return func(yield func(Verified) bool) {
		for _, pos := range f.byLine() {
			v := Verified{Linked: f.presence(pos), Time: time.UnixMilli(f.times[pos])}
			v.Link, v.Line = f.set.At(pos)
			var claims outcome.Presence
			v.Status, claims = says(pos)
			v.Agrees = Compare(claims, v.Linked)
			if !yield(v) {
				return
			}
		}
	}
}
