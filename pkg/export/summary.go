package export

import (
	"io"
	"math"
	"slices"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// Summary is an export in numbers. Its fields are a promise to scripts.
type Summary struct {
	Module           string         `json:"module"`
	Relation         string         `json:"relation"`
	State            outcome.State  `json:"state"`
	Reason           outcome.Reason `json:"reason"`
	Org              *string        `json:"org"`        // see zoho.Identity.Name; null if not known
	Parents          int            `json:"parents"`    // parent records that were found
	Complete         int            `json:"complete"`   // of these, those whose list is whole
	Earlier          int            `json:"earlier"`    // of these, those that an earlier run has listed
	Since            *string        `json:"since"`      // when that run began; null if there was none
	Pending          int            `json:"pending"`    // of these, those that were not listed to their end
	Incomplete       []Incomplete   `json:"incomplete"` // the others
	Problem          *string        `json:"problem"`    // why parent records may be missing; null if none are
	Links            int            `json:"links"`      // that were listed
	Rows             int            `json:"rows"`       // of the output: the links that are wanted
	Calls            int            `json:"calls"`
	Questions        int            `json:"questions"` // calls that asked the org about itself; not in Calls
	Retries          int            `json:"retries"`
	Throttled        int            `json:"throttled"`
	CreditsRemaining *int           `json:"credits_remaining"`
	StartedAt        string         `json:"started_at"`
	EndedAt          string         `json:"ended_at"`
	Seconds          float64        `json:"seconds"`
	Output           *string        `json:"output"` // null if nothing was written
	ExitCode         int            `json:"exit_code"`
}

// Incomplete is a parent record of which links may be missing in the output.
type Incomplete struct {
	Parent  string `json:"parent_id"`
	Code    string `json:"code"`
	Reason  string `json:"message"`
	Listed  int    `json:"listed"`
	Counted *int   `json:"counted"` // null if it is not known
}

// Encode writes the summary as JSON, with a line for each field.
func (s *Summary) Encode(w io.Writer) error { return report.EncodeJSON(w, s) }

// sum counts what became of the parent records.
func (x *run) sum() {
	s := &x.summary
	s.Parents, s.Complete, s.Pending, s.Links, s.Incomplete = len(x.parents), 0, 0, 0, []Incomplete{}
	if x.unlisted != "" {
		s.Problem = &x.unlisted
	}
	for i := range x.parents {
		p := &x.parents[i]
		s.Links += p.listed
		switch p.state {
		case closed:
			s.Complete++
		case open:
			s.Pending++
		case failed:
			f := x.failures[p.id]
			in := Incomplete{Parent: p.id.String(), Code: f.code, Reason: f.reason, Listed: p.listed}
			if p.counted >= 0 {
				in.Counted = &p.counted
			}
			s.Incomplete = append(s.Incomplete, in)
		}
	}
}

// end finishes the summary.
func (x *run) end(reason outcome.Reason, cut bool) {
	s := &x.summary
	pending := s.Pending
	if reason != outcome.Completed {
		pending = max(pending, 1) // parent records may not have been found
	}
	s.State, s.Reason, s.ExitCode = outcome.End(reason, pending, len(s.Incomplete) > 0 || s.Problem != nil, cut)
	if n, known := x.crm.Credits(); known {
		s.CreditsRemaining = &n
	}
	now := time.Now()
	s.EndedAt = report.Timestamp(now)
	s.Seconds = math.Round(now.Sub(x.started).Seconds()*1000) / 1000
}

// deniedAltogether gives the error for which the login counts as refused: this export could list
// links of no parent record, and each time because the login may not do that.
func (x *run) deniedAltogether() (denial *zoho.Error) {
	if len(x.failures) == 0 || slices.ContainsFunc(x.parents, func(p parent) bool { return p.state != failed }) {
		return nil
	}
	for _, f := range x.failures {
		if f.denied == nil {
			return nil
		}
		denial = f.denied
	}
	return denial
}
