package recap

import (
	"time"

	"delink/pkg/outcome"
	"delink/pkg/trace"
)

// Model is a job over all its runs. Its JSON is a promise to scripts.
type Model struct {
	Results string `json:"results"` // the files
	Summary string `json:"summary"`
	Calls   string `json:"calls_record"`

	Input       string         `json:"input"`        // empty if not known
	InputSHA256 string         `json:"input_sha256"` // empty if not known
	Org         string         `json:"org"`          // empty if not known
	State       outcome.State  `json:"state"`        // running: a run goes on, or was killed; empty if not known
	Reason      outcome.Reason `json:"reason"`
	ExitCode    *int           `json:"exit_code"` // of the last run that ended; nil if not known
	Unknown     []Gap          `json:"unknown"`   // what is not known

	Rows      *int        `json:"rows"`  // of the input; nil if not known
	Links     *int        `json:"links"` // of the input; nil if not known
	Statuses  []Count     `json:"statuses"`
	Settled   int         `json:"settled"` // links that have an outcome
	Totals    CallTotals  `json:"calls"`
	Credits   *int        `json:"credits_remaining"` // nil if not known
	Seconds   float64     `json:"seconds"`           // of all runs together
	PerSecond float64     `json:"links_per_second"`  // while runs went on
	Answers   AnswerTimes `json:"answer_ms"`
	Runs      []Run       `json:"runs"`
	Course    Course      `json:"course"`
	Slowest   []Slow      `json:"slowest"`
	Causes    []Cause     `json:"causes"`
	Parents   []Parent    `json:"parents"`      // the largest
	ParentsOf int         `json:"parent_count"` // how many there are; those of the first mostParents that were met
	Undo      *Undo       `json:"undo"`         // nil if the job was not undone

	tally *tally
}

// Gap is something that is not known, and that a reader of the model should be told.
type Gap string

// What can be missing.
const (
	NoSummary     Gap = "no_summary"      // the input, its rows, and how the last run ended
	NoResults     Gap = "no_results"      // what became of the links
	NoCalls       Gap = "no_calls"        // calls, runs before the last one, answer times
	EarlierRuns   Gap = "earlier_runs"    // runs before the first one in the record of calls
	BadCalls      Gap = "damaged_calls"   // lines of the record that cannot be read
	LostCalls     Gap = "lost_calls"      // calls that a run could not write down
	CutOffCalls   Gap = "cut_off_calls"   // the last calls of a run that was killed, or that goes on
	BadResults    Gap = "damaged_results" // the rows from a damaged one on
	BadSummary    Gap = "damaged_summary"
	OtherInput    Gap = "other_input"    // the record of calls is of runs of another input
	ManyParents   Gap = "many_parents"   // parent records beyond mostParents
	ManyCauses    Gap = "many_causes"    // causes beyond mostCauses
	SummedUpCalls Gap = "summed_calls"   // single calls that are summed up by the minute or longer
	TimesOfLinks  Gap = "times_of_links" // rows whose time cannot be read
	ChangedInput  Gap = "changed_input"  // whether the input is about this job: it is not the one of the last run
	BadUndo       Gap = "damaged_undo"   // what an undo has linked
)

// Count is how many links, or rows, have a status.
type Count struct {
	Status outcome.Status `json:"status"`
	Count  int            `json:"count"`
}

// CallTotals are calls in numbers. They are of the runs that the record of calls has, or else of all
// runs, as far as the summary has them.
type CallTotals struct {
	Calls     int          `json:"total"` // that reached the API
	Retries   int          `json:"retries"`
	Throttled int          `json:"throttled"`
	ByKind    []CallCount  `json:"by_kind"`
	ByHow     []CallsEnded `json:"by_end"`
	PausedMS  int64        `json:"paused_ms"` // after 429s
}

// CallCount is how many calls are of a kind.
type CallCount struct {
	Kind  string `json:"kind"`
	Calls int    `json:"calls"`
}

// CallsEnded is how many calls ended in a way.
type CallsEnded struct {
	How    trace.How `json:"end"`
	Status int       `json:"http_status"` // 0 where there was no answer, or it is not known
	Calls  int       `json:"calls"`
}

// AnswerTimes are milliseconds until answers came; 0 if there was none. They are within 7 %.
type AnswerTimes struct {
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
}

// Run is one run of the job.
type Run struct {
	Start     time.Time      `json:"start"`
	End       *time.Time     `json:"end"`       // nil: it was killed, or still goes on
	LastHeard time.Time      `json:"last_call"` // when its last call ended; the start if there is none
	Reason    outcome.Reason `json:"reason"`    // empty without an end
	ExitCode  *int           `json:"exit_code"`
	Slots     int            `json:"slots"`
	ToSend    int            `json:"to_send"`
	Settled   int            `json:"settled"` // links that got an outcome while it ran
	Calls     int            `json:"calls"`
	Retries   int            `json:"retries"`
	Throttled int            `json:"throttled"`
	Credits   *int           `json:"credits_remaining"`
	Version   string         `json:"version"`
	FromCalls bool           `json:"recorded"` // its calls are in the record
}

// Seconds is how long the run took, as far as it is known.
func (r *Run) Seconds() float64 {
	end := r.LastHeard
	if r.End != nil {
		end = *r.End
	}
	return max(0, end.Sub(r.Start).Seconds())
}

// Course is the job over time: arrays of one length, with a place for each span in which something
// happened. Spans without calls and outcomes are left out, so nights between runs take no room.
// InFlight, Allowed and the times of answers are 0 where no call was sent, or none was answered.
type Course struct {
	Seconds    int64     `json:"seconds"`   // that a span has
	Start      []int64   `json:"start"`     // of the span, in Unix time
	Run        []int     `json:"run"`       // the place of its run in Model.Runs; -1 if not known
	Settled    []int     `json:"settled"`   // links
	Bad        []int     `json:"bad"`       // of these, links that failed or are unknown
	Calls      []int     `json:"calls"`     // that were sent in the span
	OK         []int     `json:"ok"`        // of these: answered without an error
	Refused    []int     `json:"refused"`   // refused, denied, or refused for the token
	Missing    []int     `json:"missing"`   // unanswered, or not sent for want of a connection
	Throttled  []int     `json:"throttled"` // refused with 429
	Median     []float64 `json:"median_ms"`
	P90        []float64 `json:"p90_ms"`
	P99        []float64 `json:"p99_ms"`
	InFlight   []int     `json:"in_flight"`   // the most
	Allowed    []int     `json:"allowed"`     // the fewest
	AllowedMax []int     `json:"allowed_max"` // the most
	PausedMS   []int64   `json:"paused_ms"`   // after 429s
}

// Slow is a span, of a minute if the job is not very long, in which few links got an outcome.
type Slow struct {
	Start     time.Time `json:"start"`
	Seconds   int64     `json:"seconds"`
	Settled   int       `json:"settled"`
	Calls     int       `json:"calls"`
	Throttled int       `json:"throttled"`
	Missing   int       `json:"missing"`
	Median    float64   `json:"median_ms"`
	Allowed   int       `json:"allowed"` // the fewest
}

// Cause is why some links failed or are unknown.
type Cause struct {
	Status  outcome.Status `json:"status"`
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Links   int            `json:"links"`
	Hint    string         `json:"hint"` // what to do; whoever shows the model knows
}

// Parent is a parent record with links that have an outcome.
type Parent struct {
	Module   string  `json:"module"`
	Relation string  `json:"relation"`
	ID       string  `json:"parent_id"`
	Name     *string `json:"name"` // nil if not known: see NameParents
	Links    int     `json:"links"`
	Bad      int     `json:"bad"` // failed or unknown

	line int // of the input, of the first row about it
}
