package job

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"delink/pkg/disk"
	"delink/pkg/journal"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/report"
)

// withFiles begins the files of a run, calls do, and finishes the files. hard tells whether the run
// was cut off. atOnce is how many links can be in flight or half done at most. count adds to the
// summary what the run knows. It may be nil.
func (j *Job) withFiles(hard context.Context, atOnce int, do func(*report.Recorder) (outcome.Reason, error), count func(*report.Summary)) (*report.Summary, error) {
	started := time.Now()
	s := j.newSummary(started)
	recorder, err := j.beginFiles(s, started, min(atOnce, s.Links))
	if err != nil {
		s.State, s.Reason, s.ExitCode = outcome.Stopped, outcome.Broken, outcome.ExitBroken
		return s, fmt.Errorf("nothing was sent: %w", err)
	}
	reason := outcome.Broken
	if err = recorder.WriteUnsent(started); err == nil {
		reason, err = do(recorder)
	}
	if e := j.finishFiles(s, recorder); e != nil {
		reason, err = outcome.Broken, errors.Join(err, e)
	}
	if count != nil {
		count(s)
	}
	return s, errors.Join(err, j.finishSummary(s, started, reason, hard.Err() != nil))
}

func (j *Job) newSummary(started time.Time) *report.Summary {
	s := &report.Summary{
		Input:       j.config.Input,
		InputSHA256: j.input.SHA256,
		State:       outcome.Running,
		Results:     j.files.Results,
		Questions:   j.answers.asked,
	}
	if crm := j.identityToKeep(); crm.Name() != "" {
		name := crm.Name()
		s.Org, s.CRM = &name, crm.String()
	}
	j.work.summary(j, s)
	s.Start(started)
	s.SetCounts(j.book)
	before := j.before
	before.StartedAt = cmp.Or(before.StartedAt, s.StartedAt)
	s.Job = &before
	return s
}

// beginFiles makes the files of a run. reserve is for how many rows there must be space on the
// disk.
//
// The order matters, because the process can be killed between any two steps. The journal goes
// first: from then on, no row of an older result file takes a link out of doubt. The result file is
// made next. Then the journal notes from which byte on its rows count.
func (j *Job) beginFiles(s *report.Summary, now time.Time, reserve int) (*report.Recorder, error) {
	size := int64(0) // of the result file, if it stays as it is
	if j.decision == goOn {
		size = j.earlier.extent.Size
	}
	if j.doubts != nil && j.doubts.unread {
		// A copy is kept, and not the file renamed: after a kill, the next run must find it.
		if err := copyAside(j.world.Disk, j.journal().Path, now); err != nil {
			return nil, err
		}
	}
	jour, err := journal.Begin(j.world.Disk, j.journal(), j.stillInDoubt(), size)
	if err != nil {
		return nil, err
	}
	j.noteJournal()
	if err := j.moveOlder(s, now); err != nil {
		return nil, err
	}
	j.tell()
	for _, name := range []string{j.files.Results, j.files.Failures, j.files.Summary, j.files.Snapshot, j.journal().Path} {
		if name != "" {
			j.world.Disk.Sweep(name)
		}
	}
	// The summary goes before the results: nothing would show which input results alone are about.
	if err := s.Write(j.world.Disk, j.files.Summary); err != nil {
		return nil, err
	}
	ledger, err := report.OpenLedger(j.world.Disk, j.files.Results, j.earlier.extent, reserve, j.identityToKeep().Name())
	if err != nil {
		return nil, err
	}
	if err := jour.Start(j.identityToKeep(), ledger.Size(), j.input.Set.Rows()); err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	recorder := &report.Recorder{Ledger: ledger, Book: j.book, Journal: jour}
	if j.config.Snapshot {
		recorder.Snapshot, err = report.OpenSnapshot(j.world.Disk, j.files.Snapshot, j.input.Set, j.identityToKeep().Name())
		if err != nil {
			return nil, errors.Join(err, ledger.Close(), jour.Close())
		}
	}
	return recorder, nil
}

// moveOlder gives older files new names, as was decided about the earlier run.
func (j *Job) moveOlder(s *report.Summary, now time.Time) error {
	e := &j.earlier
	switch j.decision {
	case carryOver:
		// The old summary stays until the new one replaces it. If this run is killed in between,
		// the next one finds what is settled, and in which CRM.
		if err := errors.Join(j.carryOver(now), j.putAside(now, j.files.Failures)); err != nil {
			return err
		}
		if err := copyAside(j.world.Disk, j.files.Summary, now); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case beginAnew:
		e.extent = report.Extent{}
		return errors.Join(j.putAside(now, j.files.Results, j.files.Failures, j.files.Summary, j.files.Snapshot), j.work.putAside(j, now))
	case begin, goOn:
	case refuseChanged, refuseDamaged, refuseFiles, refuseOther, refuseUnshown:
		// A run that is refused makes no files.
	}
	// The result file has a part of the header only, or it is another file that begins in this way.
	if e.extent.Torn > 0 && e.extent.Size == 0 {
		e.extent = report.Extent{}
		if err := j.putAside(now, j.files.Results); err != nil {
			return err
		}
	}
	if e.summary != nil && e.summary.Failures != nil && isNamed(*e.summary.Failures, j.files.Failures) {
		s.Failures = &j.files.Failures
		return nil
	}
	return j.putAside(now, j.files.Failures) // the failures file is not of the earlier run
}

// carryOver replaces the result file of another input by one with those of its rows that are about
// links of this input. A copy of the old file is kept under a new name.
func (j *Job) carryOver(now time.Time) error {
	if err := copyAside(j.world.Disk, j.files.Results, now); err != nil {
		return err
	}
	names := report.NamesOfCRM(j.answers.identity, j.earlier.summary)
	j.book = report.NewBook(j.input.Set, j.input.Bad)
	_, err := report.Rewrite(j.world.Disk, j.files.Results, func(r *report.Row) bool {
		return (names == nil || names[r.Org]) && j.book.Carry(r)
	})
	if err != nil {
		return err
	}
	j.applyDoubts()
	j.earlier.extent, err = report.ReadLedger(j.world.Disk, j.files.Results, func(*report.Row, int64) error { return nil })
	return err
}

// finishFiles leaves one row in the result file for each row of the input that has a status, the
// failures file, and a journal with what is still in doubt.
//
// The journal is replaced when all outcomes are on disk, and before the result file is rewritten,
// which moves its rows. If not all outcomes could be written, the journal stays as it is.
func (j *Job) finishFiles(s *report.Summary, r *report.Recorder) error {
	if r.Snapshot != nil { // all that it has is on disk
		if err := r.Snapshot.Close(); err != nil {
			return errors.Join(err, r.Ledger.Close(), r.Journal.Close(), j.finishFailures(s))
		}
	}
	if err := errors.Join(r.Ledger.Close(), r.Journal.Close()); err != nil || r.Ledger.Broken() {
		return errors.Join(err, j.finishFailures(s))
	}
	left, size := j.stillInDoubt(), r.Ledger.Size()
	if j.book.Superseded() {
		// Until the journal knows the new size, it knows none.
		err := journal.Keep(j.world.Disk, j.journal(), left, 0)
		if err == nil {
			size, err = report.Rewrite(j.world.Disk, j.files.Results, j.book.Last())
		}
		if err != nil {
			return err
		}
	}
	if err := journal.Keep(j.world.Disk, j.journal(), left, size); err != nil {
		return err
	}
	j.nothingInDoubt = left.IsEmpty()
	return j.finishFailures(s)
}

// finishFailures reads the input a second time and writes the failures file, if the job has one.
func (j *Job) finishFailures(s *report.Summary) error {
	if j.files.Failures == "" {
		return nil
	}
	again, verify, done, err := j.input.source.again(j.input.SHA256)
	if err != nil {
		return notWritten(err)
	}
	defer done()
	in, err := reader.New(j.input.source.name, again, j.config.Reader)
	if err != nil {
		return notWritten(err)
	}
	if err := j.keepRunFailures(); err != nil {
		return err
	}
	n, err := report.WriteFailures(j.world.Disk, j.files.Failures, in, j.book, verify)
	if err != nil {
		return notWritten(err)
	}
	s.Failures = nil
	if n > 0 {
		s.Failures = &j.files.Failures
	}
	return nil
}

// keepRunFailures puts the failures file aside if it was an input itself, with results of its own.
// It is needed to undo that run.
func (j *Job) keepRunFailures() error {
	own := Files{}
	if err := own.fill(j.files.Failures); err != nil {
		return err
	}
	run, _ := report.ReadSummary(j.world.Disk, own.Summary) // a file that is no summary is of no run
	if run == nil {
		return nil
	}
	if sum, err := digestOf(j.world.Disk, j.files.Failures); err != nil || sum != run.InputSHA256 {
		return err
	}
	to, err := putAside(j.world.Disk, j.files.Failures, time.Now())
	if err != nil || to == "" {
		return err
	}
	j.notef("%s was run itself: it has the name %s now, and its results are %s", j.files.Failures, to, own.Results)
	j.tell()
	return nil
}

// digestOf gives the SHA-256 of a file, as summaries have that of an input; empty if there is no file.
func digestOf(on disk.Disk, path string) (string, error) {
	f, err := on.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func notWritten(err error) error { return fmt.Errorf("the failures file was not written: %w", err) }

// finishSummary completes and writes the summary. cut says that the run was cut off.
func (j *Job) finishSummary(s *report.Summary, started time.Time, reason outcome.Reason, cut bool) error {
	s.SetCounts(j.book)
	s.State, s.Reason, s.ExitCode = outcome.End(reason, s.Pending, s.IsBad(j.config.FailAbsent), cut)
	s.End(started, time.Now())
	if j.called {
		all := j.before.With(s)
		s.Job = &all
	}
	if err := s.Write(j.world.Disk, j.files.Summary); err != nil {
		s.State, s.Reason, s.ExitCode = outcome.Stopped, outcome.Broken, outcome.ExitBroken
		return err
	}
	if !j.nothingInDoubt {
		return nil
	}
	// The note goes first: a note without a journal says that a journal was lost. The journal is
	// empty, so it does no harm if it cannot be removed.
	j.forgetJournals()
	_ = journal.Remove(j.world.Disk, j.journal())
	return nil
}
