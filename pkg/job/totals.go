package job

import (
	"delink/pkg/outcome"
	"delink/pkg/recap"
	"delink/pkg/report"
	"delink/pkg/trace"
)

// findTotals gives the totals of the runs with whose results this one goes on. The summary of the
// last of them has them, so nothing else is read after a run that ended. A run that was killed has
// not summed itself up: its calls are known from the record of calls, if that is there.
func (j *Job) findTotals() report.Totals {
	s := j.earlier.summary
	switch {
	case j.decision != goOn && j.decision != carryOver:
		return report.Totals{}
	case s != nil && s.Job != nil && s.State != outcome.Running:
		return *s.Job
	}
	runs := recap.Runs(j.world.Disk, trace.Path(j.files.Results))
	switch {
	case s != nil && s.Job != nil:
		return withKilled(*s.Job, s, runs)
	case len(runs) == 0 && s != nil: // of an older version, and nothing else tells of its runs
		return report.Totals{}.With(s)
	}
	var all report.Totals
	for i := range runs {
		all = withRecorded(all, &runs[i])
	}
	return all
}

// withKilled gives the totals with a run that was killed, of which s is the summary. runs are those
// of the record of calls.
func withKilled(before report.Totals, s *report.Summary, runs []recap.Run) report.Totals {
	if len(runs) == 0 { // there is no record: that the run came as far as its calls is likely
		return before.WithKilled(s)
	}
	if last := &runs[len(runs)-1]; report.Timestamp(last.Start) >= s.StartedAt {
		return withRecorded(before, last)
	}
	return before // it was killed before its first call
}

// withRecorded gives the totals with a run of the record of calls.
func withRecorded(before report.Totals, r *recap.Run) report.Totals {
	s := &report.Summary{Calls: r.Calls, Retries: r.Retries, Throttled: r.Throttled, Seconds: r.Seconds(), StartedAt: report.Timestamp(r.Start)}
	if r.End == nil {
		return before.WithKilled(s)
	}
	return before.With(s)
}
