package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/worker"
)

func (j *Job) batches() iter.Seq[chunker.Batch] { return j.Plan.Set.Batches(j.batchSize(), j.wanted) }

// Run delinks what is to be sent, and records it. stop and hard are those of worker.Pool.Run. The summary is that of the
// run, whatever happened; the error says why it could not go on.
func (j *Job) Run(stop, hard context.Context, pool *worker.Pool, credits func() (int, bool)) (*report.Summary, error) {
	started := time.Now()
	s := &report.Summary{
		Input:       j.Plan.Config.Input,
		InputSHA256: j.Plan.SHA256,
		State:       report.Running,
		Results:     j.files.Results,
	}
	s.Start(started)
	s.Count(j.Book)
	ledger, err := j.prepare(s, started)
	if err != nil {
		s.State, s.Reason, s.ExitCode = report.Stopped, worker.Broken, ExitBroken
		return s, fmt.Errorf("nothing was sent: %w", err)
	}
	recorder := &report.Recorder{Ledger: ledger, Book: j.Book}
	reason := worker.Broken
	err = recorder.WriteUnsent(started)
	if err == nil {
		reason, err = pool.Run(stop, hard, j.batches(), recorder)
	}
	if closing := ledger.Close(); closing != nil {
		reason, err = worker.Broken, errors.Join(err, closing)
	}
	if err := j.finish(s); err != nil {
		reason = worker.Broken
		return s, errors.Join(err, j.close(s, started, reason, hard.Err() != nil, pool, credits))
	}
	return s, errors.Join(err, j.close(s, started, reason, hard.Err() != nil, pool, credits))
}

// finish leaves one row for each row of the input that was settled, and the failures.
func (j *Job) finish(s *report.Summary) error {
	if j.Book.Superseded() {
		if err := report.Rewrite(j.disk, j.files.Results, j.Book.Last()); err != nil {
			return err
		}
	}
	again, verify, done, err := j.Plan.source.again(j.Plan.SHA256)
	if err != nil {
		return err
	}
	defer done()
	in, err := reader.New(j.Plan.source.name, again, j.Plan.Config.Reader)
	if err != nil {
		return err
	}
	n, err := report.WriteFailures(j.disk, j.files.Failures, in, j.Book, verify)
	if err != nil {
		return fmt.Errorf("the failures file was not written: %w", err)
	}
	if n > 0 {
		s.Failures = &j.files.Failures
	}
	return nil
}

// close fills in and writes the summary.
func (j *Job) close(s *report.Summary, started time.Time, reason worker.Reason, atOnce bool, pool *worker.Pool, credits func() (int, bool)) error {
	s.Count(j.Book)
	s.Reason = reason
	s.State = report.Stopped
	if s.Pending == 0 && (reason == worker.Completed || reason == worker.Refused) {
		s.State = report.Finished
	}
	stats := pool.Stats()
	s.Calls, s.Retries, s.Throttled = stats.Calls, stats.Retries, stats.Throttled
	if n, known := credits(); known {
		s.CreditsRemaining = &n
	}
	bad := s.Failed+s.Unknown+s.Invalid > 0 || j.Plan.Config.FailAbsent && s.Absent > 0
	s.ExitCode = exitOf(reason, bad, atOnce)
	s.End(started, time.Now())
	return s.Write(j.disk, j.files.Summary)
}
