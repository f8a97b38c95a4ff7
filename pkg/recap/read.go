package recap

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/trace"
)

// Files are where the files of a job are.
type Files struct {
	Results, Summary         string
	UndoResults, UndoSummary string // those of an undo; they need not be there
}

func newReading(files Files) *reading {
	return &reading{
		m:      &Model{Results: files.Results, Summary: files.Summary, Calls: trace.Path(files.Results)},
		course: newSeries(spanLengths[0], mostSpans), minutes: newSeries(60, mostMinutes),
		kinds: map[string]int{}, ended: map[CallsEnded]int{},
	}
}

// ErrNothing says that a job has left no file that tells of it.
var ErrNothing = errors.New("there are no files of a run")

const (
	mostSpans   = 1000   // of Course
	mostMinutes = 10_000 // from which the slowest are taken
	mostSlow    = 5
	mostSpanned = 1_000_000 // of a run, when the slowest are looked for
)

// reading is a Model that is being made.
type reading struct {
	m       *Model
	course  *series
	minutes *series
	runs    []Run
	kinds   map[string]int
	ended   map[CallsEnded]int
	answers trace.Times
}

// Runs gives the runs that a record of calls has of a job. If some of the record cannot be read, they
// are those before.
func Runs(on disk.Disk, record string) []Run {
	r := newReading(Files{})
	_, _ = trace.Read(on, record, func(e trace.Entry) {
		if e.Run != nil && e.Run.Anew { // an older job
			r.forgetCalls()
		}
		r.takeCall(e)
	})
	return r.runs
}

// Read makes the model of a job. The error is ErrNothing if there are no files of it. Files that are
// missing or damaged are no error: see Model.Unknown.
func Read(on disk.Disk, files Files) (*Model, error) {
	r := newReading(files)
	s, err := report.ReadSummary(on, files.Summary)
	if notOurs := new(report.NotALedger); errors.As(err, &notOurs) {
		r.missing(BadSummary)
	} else if err != nil {
		return nil, err
	}
	calls, err := r.readCalls(on, s)
	if err != nil {
		return nil, err
	}
	rows, err := r.readResults(on)
	if err != nil {
		return nil, err
	}
	if s == nil && !calls && !rows {
		return nil, ErrNothing
	}
	if err := r.readUndo(on, files, s); err != nil {
		return nil, err
	}
	r.finish(s)
	r.m.noNull()
	return r.m, nil
}

// noNull makes lists without an element empty ones in JSON, and not null.
func (m *Model) noNull() {
	m.Unknown, m.Statuses, m.Runs = some(m.Unknown), some(m.Statuses), some(m.Runs)
	m.Slowest, m.Causes, m.Parents = some(m.Slowest), some(m.Causes), some(m.Parents)
	m.Totals.ByKind, m.Totals.ByHow = some(m.Totals.ByKind), some(m.Totals.ByHow)
	c := &m.Course
	for _, a := range []*[]int{&c.Run, &c.Settled, &c.Bad, &c.Calls, &c.OK, &c.Refused, &c.Missing, &c.Throttled, &c.InFlight, &c.Allowed, &c.AllowedMax} {
		*a = some(*a)
	}
	for _, a := range []*[]float64{&c.Median, &c.P90, &c.P99} {
		*a = some(*a)
	}
	c.Start, c.PausedMS = some(c.Start), some(c.PausedMS)
}

func some[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func (r *reading) missing(g Gap) {
	if !slices.Contains(r.m.Unknown, g) {
		r.m.Unknown = append(r.m.Unknown, g)
	}
}

// readCalls reads the record of calls. Without one, the summary tells of the last run.
func (r *reading) readCalls(on disk.Disk, s *report.Summary) (exists bool, err error) {
	input := ""
	x, err := trace.Read(on, r.m.Calls, func(e trace.Entry) {
		if e.Run != nil {
			if e.Run.Anew { // an older job
				r.forgetCalls()
			}
			input = e.Run.Input
		}
		r.takeCall(e)
	})
	if errors.Is(err, trace.ErrNotARecord) {
		r.missing(BadCalls)
		err = nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", r.m.Calls, err)
	}
	if s != nil && len(r.runs) > 0 && input != s.InputSHA256 {
		r.missing(OtherInput)
	}
	if len(r.runs) == 0 {
		r.missing(NoCalls)
		r.runOf(s)
	}
	if x.Damaged > 0 {
		r.missing(BadCalls)
	}
	return x.Exists, nil
}

// forgetCalls starts over.
func (r *reading) forgetCalls() {
	r.course, r.minutes = newSeries(spanLengths[0], mostSpans), newSeries(60, mostMinutes)
	r.runs, r.kinds, r.ended, r.answers = nil, map[string]int{}, map[CallsEnded]int{}, trace.Times{}
	r.m.Totals, r.m.Unknown = CallTotals{}, slices.DeleteFunc(r.m.Unknown, func(g Gap) bool { return g == SummedUpCalls || g == LostCalls })
}

// takeCall takes a line of the record.
func (r *reading) takeCall(e trace.Entry) {
	if e.Run != nil {
		r.runs = append(r.runs, Run{
			Start: e.Run.Start, LastHeard: e.Run.Start, Slots: e.Run.Slots, ToSend: e.Run.ToSend, Credits: e.Run.Credits,
			Version: e.Run.Version, FromCalls: true,
		})
		r.m.Org = e.Run.Org
		return
	}
	if len(r.runs) == 0 {
		return
	}
	run := &r.runs[len(r.runs)-1]
	switch {
	case e.Call != nil:
		run.heard(e.Call.Sent.Add(e.Call.Took))
		r.course.add(trace.SumOf(e.Call, 1))
		r.count(run, trace.SumOf(e.Call, 60))
	case e.Sum != nil:
		r.missing(SummedUpCalls)
		run.heard(time.Unix(e.Sum.From+e.Sum.Seconds, 0).UTC())
		r.course.add(e.Sum)
		r.count(run, e.Sum)
	case e.End != nil:
		end := e.End
		run.End, run.Reason, run.ExitCode = &end.End, end.Reason, &end.ExitCode
		run.Calls, run.Retries, run.Throttled = end.Calls, end.Retries, end.Throttled
		run.Credits = end.Credits
		if end.Lost > 0 {
			r.missing(LostCalls)
		}
	}
}

func (r *Run) heard(at time.Time) {
	if at.After(r.LastHeard) {
		r.LastHeard = at
	}
}

// count adds calls to the totals.
func (r *reading) count(run *Run, s *trace.Sum) {
	r.minutes.add(s)
	r.kinds[string(s.Kind)] += s.Calls
	r.ended[CallsEnded{How: s.How, Status: s.Status}] += s.Calls
	r.m.Totals.PausedMS += s.Pause
	if s.How.Answered() {
		r.answers.Merge(&s.Times)
	}
	if s.How == trace.Unsent {
		return
	}
	run.Calls += s.Calls
	run.Retries += s.Retries
	if s.How == trace.Throttled {
		run.Throttled += s.Calls
	}
}

// runOf makes the last run of its summary.
func (r *reading) runOf(s *report.Summary) {
	if s == nil {
		return
	}
	start, err := time.Parse(time.RFC3339, s.StartedAt)
	if err != nil {
		return
	}
	run := Run{
		Start: start, LastHeard: start, Reason: s.Reason, Calls: s.Calls, Retries: s.Retries, Throttled: s.Throttled,
		Credits: s.CreditsRemaining,
	}
	if s.EndedAt != nil {
		if end, err := time.Parse(time.RFC3339, *s.EndedAt); err == nil {
			run.End, run.ExitCode = &end, &s.ExitCode
		}
	}
	r.runs = append(r.runs, run)
}

// readResults reads the result file.
func (r *reading) readResults(on disk.Disk) (exists bool, err error) {
	t := newTally()
	r.m.tally = t
	x, err := report.ReadLedger(on, r.m.Results, func(row *report.Row, _ int64) error {
		t.take(row)
		if r.m.Org == "" {
			r.m.Org = cloned(row.Org)
		}
		if !row.Status.IsOfLink() {
			return nil
		}
		if at, err := time.Parse(time.RFC3339, row.Time); err != nil {
			r.missing(TimesOfLinks)
		} else {
			r.settle(at, isBad(row.Status))
		}
		return nil
	})
	if notOurs := new(report.NotALedger); errors.As(err, &notOurs) {
		r.missing(BadResults)
		return notOurs.Changed, nil
	}
	if err == nil && !x.Exists {
		r.missing(NoResults)
	}
	return x.Exists, err
}

// settle takes the time of an outcome.
func (r *reading) settle(at time.Time, bad bool) {
	r.course.settle(at.Unix(), bad)
	r.minutes.settle(at.Unix(), bad)
	if i := r.runAt(at); i >= 0 {
		r.runs[i].Settled++
		r.runs[i].heard(at)
	}
}

// runAt gives the place of the run that went on at a moment; -1 if it is not known. A row that is
// older than the first run is of a run that is not known.
func (r *reading) runAt(at time.Time) int {
	i, same := slices.BinarySearchFunc(r.runs, at, func(run Run, at time.Time) int { return run.Start.Compare(at) })
	if same {
		return i
	}
	return i - 1
}

// finish completes the model.
func (r *reading) finish(s *report.Summary) {
	m, t := r.m, r.m.tally
	r.takeSummary(s)
	m.Statuses, m.Settled = t.statuses()
	if m.Links != nil && *m.Links >= m.Settled {
		if n := *m.Links - m.Settled; n > 0 {
			m.Statuses = append(m.Statuses, Count{outcome.Pending, n})
			slices.SortStableFunc(m.Statuses, func(a, b Count) int { return cmp.Compare(place(a.Status), place(b.Status)) })
		}
	}
	m.Causes, m.Parents, m.ParentsOf = t.causes(), t.largest(), len(t.parents)
	m.Course = r.course.course(func(unix int64) int { return r.runAt(time.Unix(unix, 999_999_999)) })
	if slices.Contains(m.Course.Run, -1) {
		r.missing(EarlierRuns)
	}
	m.Answers = answerTimes(&r.answers)
	r.finishRuns()
	r.takeTotals(s)
	m.Slowest = r.slowest()
	for _, gap := range []struct {
		is  bool
		gap Gap
	}{{t.tooMany, ManyParents}, {t.overflown, ManyCauses}} {
		if gap.is {
			r.missing(gap.gap)
		}
	}
}

// place is where a status stands among those that people see.
func place(s outcome.Status) int {
	return slices.IndexFunc(outcome.Table, func(f outcome.Facts) bool { return f.Status == s })
}

func (r *reading) takeSummary(s *report.Summary) {
	m := r.m
	if s == nil {
		r.missing(NoSummary)
		return
	}
	m.Input, m.InputSHA256, m.State, m.Reason, m.Rows, m.Links = s.Input, s.InputSHA256, s.State, s.Reason, &s.Rows, &s.Links
	if s.Org != nil && m.Org == "" {
		m.Org = *s.Org
	}
	if s.State != outcome.Running {
		m.ExitCode, m.Credits = &s.ExitCode, s.CreditsRemaining
	}
}

// takeTotals takes the totals of all runs from the summary, if there is no record of calls.
func (r *reading) takeTotals(s *report.Summary) {
	if s == nil || s.Job == nil || len(r.runs) > 0 && r.runs[0].FromCalls {
		return
	}
	m := r.m
	m.Totals.Calls, m.Totals.Retries, m.Totals.Throttled, m.Seconds = s.Job.Calls, s.Job.Retries, s.Job.Throttled, s.Job.Seconds
	if m.PerSecond = 0; m.Seconds > 0 {
		m.PerSecond = float64(m.Settled) / m.Seconds
	}
}

// finishRuns sums the runs up.
func (r *reading) finishRuns() {
	m := r.m
	settled := 0
	for i := range r.runs {
		run := &r.runs[i]
		m.Totals.Calls += run.Calls
		m.Totals.Retries += run.Retries
		m.Totals.Throttled += run.Throttled
		m.Seconds += run.Seconds()
		settled += run.Settled
		if run.FromCalls && run.End == nil {
			r.missing(CutOffCalls)
		}
		if run.Credits != nil {
			m.Credits = run.Credits
		}
	}
	if m.Seconds > 0 {
		m.PerSecond = float64(settled) / m.Seconds
	}
	m.Runs = r.runs
	for kind, n := range r.kinds {
		m.Totals.ByKind = append(m.Totals.ByKind, CallCount{kind, n})
	}
	slices.SortFunc(m.Totals.ByKind, func(a, b CallCount) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Kind, b.Kind))
	})
	for e, n := range r.ended {
		e.Calls = n
		m.Totals.ByHow = append(m.Totals.ByHow, e)
	}
	slices.SortFunc(m.Totals.ByHow, func(a, b CallsEnded) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(string(a.How), string(b.How)), cmp.Compare(a.Status, b.Status))
	})
}

// slowest gives the whole spans within runs in which the fewest links got an outcome.
func (r *reading) slowest() (slow []Slow) {
	seconds := r.minutes.seconds
	for i := range r.runs {
		run := &r.runs[i]
		end := run.LastHeard
		if run.End != nil {
			end = *run.End
		}
		for from := floor(run.Start.Unix()+seconds, seconds); from+seconds <= min(end.Unix(), run.Start.Unix()+mostSpanned*seconds); from += seconds {
			p := r.minutes.spans[from]
			if p == nil {
				p = &span{}
			}
			slow = append(slow, Slow{
				Start: time.Unix(from, 0).UTC(), Seconds: seconds, Settled: p.settled, Calls: p.calls.Calls,
				Throttled: p.byHow[trace.Throttled], Missing: p.missing(), Median: p.answers.Quantile(0.5), Allowed: p.calls.Least,
			})
			slices.SortStableFunc(slow, func(a, b Slow) int { return cmp.Compare(a.Settled, b.Settled) })
			slow = slow[:min(len(slow), mostSlow)]
		}
	}
	return slow
}

// EachFailure calls visit for the row of each link that failed or is unknown, and of each row that
// cannot be used, in the order of the results. It reads the results once more.
func (m *Model) EachFailure(on disk.Disk, visit func(*report.Row) error) error {
	seen := map[int]int{}
	_, err := report.ReadLedger(on, m.Results, func(row *report.Row, _ int64) error {
		if n := m.tally.again[row.Line]; n > 1 {
			if seen[row.Line]++; seen[row.Line] < n {
				return nil
			}
		}
		if !row.Status.IsBad() {
			return nil
		}
		return visit(row)
	})
	return err
}

// cloned gives a text of its own: a cell is a part of the text of its row, or of many rows.
func cloned(s string) string { return strings.Clone(s) }
