package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/worker"
)

// batches are those that are to be sent. Links that an earlier run left unknown, or may have sent before it was cut off, have
// batches of their own, because what their calls answer means something else: a refusal does not say that they are still there.
// Those that may have been sent go first: so they are the first ones still if this run is cut off, too.
func (j *Job) batches() iter.Seq[chunker.Batch] {
	unknown := j.Book.Unknown()
	isUnknown := func(pos int) bool {
		_, found := slices.BinarySearch(unknown, pos)
		return found
	}
	failedOpen := j.Book.FailedOpen() // before anything is sent
	mayBeSent := func(pos int) bool {
		_, found := slices.BinarySearch(failedOpen, pos)
		return found || pos < j.cutOff || j.Plan.Set.IsDoubted(pos, chunker.MayBeSent)
	}
	return func(yield func(chunker.Batch) bool) {
		send := func(mayBeSent bool, want func(pos int) bool) (more bool) {
			for b := range j.Plan.Set.Batches(j.batchSize(), func(pos int) bool { return want(pos) && j.wanted(pos) && !isUnknown(pos) }) {
				b.MayBeSent = mayBeSent
				if !yield(b) {
					return false
				}
			}
			return true
		}
		if !send(true, mayBeSent) || !send(false, func(pos int) bool { return !mayBeSent(pos) }) {
			return
		}
		if len(unknown) == 0 {
			return
		}
		for b := range j.Plan.Set.Batches(j.batchSize(), isUnknown) {
			b.Unanswered = true
			if !yield(b) {
				return
			}
		}
	}
}

// Run delinks what is to be sent, and records it. stop and hard are those of worker.Pool.Run. The summary is that of the
// run, whatever happened; the error says why it could not go on.
func (j *Job) Run(stop, hard context.Context, pool *worker.Pool, credits func() (int, bool)) (*report.Summary, error) {
	return j.record(hard, 2*pool.Slots()*j.batchSize(), func(r *report.Recorder) (worker.Reason, error) {
		return pool.Run(stop, hard, j.batches(), r)
	}, func(s *report.Summary) {
		stats := pool.Stats()
		s.Calls, s.Retries, s.Throttled = stats.Calls, stats.Retries, stats.Throttled
		if n, known := credits(); known {
			s.CreditsRemaining = &n
		}
	})
}

// GiveUp ends a run before the first call: everything is pending. why may be nil.
func (j *Job) GiveUp(reason worker.Reason, why error) (*report.Summary, error) {
	return j.record(context.Background(), 0, func(*report.Recorder) (worker.Reason, error) { return reason, why }, func(*report.Summary) {})
}

// Nothing ends a run that has no links to send.
func (j *Job) Nothing() (*report.Summary, error) {
	return j.record(context.Background(), 0, func(*report.Recorder) (worker.Reason, error) { return worker.Completed, nil }, func(*report.Summary) {})
}

// record keeps the files of a run, around what it does. When hard ends, the run is cut off; atOnce is how many links can be
// under way at most.
func (j *Job) record(hard context.Context, atOnce int, do func(*report.Recorder) (worker.Reason, error), count func(*report.Summary)) (*report.Summary, error) {
	started := time.Now()
	s := &report.Summary{
		Input:       j.Plan.Config.Input,
		InputSHA256: j.Plan.SHA256,
		State:       report.Running,
		Results:     j.files.Results,
	}
	if j.crm != "" {
		s.Org = &j.crm
	}
	s.Start(started)
	s.Count(j.Book)
	ledger, err := j.prepare(s, started, min(atOnce, s.Links))
	if err != nil {
		s.State, s.Reason, s.ExitCode = report.Stopped, worker.Broken, ExitBroken
		return s, fmt.Errorf("nothing was sent: %w", err)
	}
	recorder := &report.Recorder{Ledger: ledger, Book: j.Book}
	reason := worker.Broken
	if err = recorder.WriteUnsent(started); err == nil {
		reason, err = do(recorder)
	}
	if e := errors.Join(ledger.Close(), j.markCutOff(reason), j.finish(s)); e != nil {
		reason, err = worker.Broken, errors.Join(err, e)
	}
	count(s)
	return s, errors.Join(err, j.close(s, started, reason, hard.Err() != nil))
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
		return notWritten(err)
	}
	defer done()
	in, err := reader.New(j.Plan.source.name, again, j.Plan.Config.Reader)
	if err != nil {
		return notWritten(err)
	}
	n, err := report.WriteFailures(j.disk, j.files.Failures, in, j.Book, verify)
	if err != nil {
		return notWritten(err)
	}
	s.Failures = nil
	if n > 0 {
		s.Failures = &j.files.Failures
	}
	return nil
}

func notWritten(err error) error { return fmt.Errorf("the failures file was not written: %w", err) }

// close fills in and writes the summary.
func (j *Job) close(s *report.Summary, started time.Time, reason worker.Reason, cut bool) error {
	s.Count(j.Book)
	s.Reason = reason
	s.State = report.Stopped
	if s.Pending == 0 && (reason == worker.Completed || reason == worker.Refused && !j.HasWork()) {
		s.State = report.Finished
	}
	bad := s.Failed+s.Unknown+s.Invalid > 0 || j.Plan.Config.FailAbsent && s.Absent > 0
	s.ExitCode = exitOf(reason, bad)
	if cut && s.ExitCode == ExitStopped {
		s.ExitCode = ExitInterrupted
	}
	s.End(started, time.Now())
	if err := s.Write(j.disk, j.files.Summary); err != nil {
		s.State, s.Reason, s.ExitCode = report.Stopped, worker.Broken, ExitBroken
		return err
	}
	return nil
}
