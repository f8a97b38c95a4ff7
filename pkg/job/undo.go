package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/journal"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// UndoConfig is what to undo and how. Input is the input of the run, and Files are its files.
type UndoConfig struct {
	Config
	Gone bool // link again also what is gone
}

// linking is the work of Undo.
var linking = work{journal: journal.OfUndo, start: (*Job).startRelink}

// undoFiles gives the files of an undo, by those of the run: links.undo.csv is beside
// links.results.csv.
func undoFiles(run Files) Files {
	base := runStem(run)
	return Files{Results: base + ".undo.csv", Summary: base + ".undo.summary.json"}
}

// runStem is what the names of a run's files begin with.
func runStem(run Files) string { return strings.TrimSuffix(stem(run.Results), ".results") }

// Undo links again what a run has removed. It has the steps of Run, and files of its own. The set of
// the job has only those links of the input that the results of the run call removed, and gone if
// the user wants these too. stop and hard are as for Run.
//
// If Undo returns an error, nothing was sent, and no file was changed.
func Undo(stop, hard context.Context, c UndoConfig, w World) (*Ending, error) {
	j := &Job{config: c.forReading(), world: w, work: linking}
	if err := j.read(true); err != nil {
		return nil, err
	}
	defer j.input.source.remove()
	if err := j.open(); err != nil {
		return nil, err
	}
	run := j.files
	j.files = undoFiles(run)
	if err := j.lock(); err != nil {
		return nil, err
	}
	defer func() { j.unlock() }()
	if err := j.hold(part{RoleResults, &run.Results}); err != nil {
		return nil, err
	}
	if err := j.ask(stop); err != nil {
		return nil, err
	}
	j.answers.problems = nil // these are about delinks
	if err := j.refusedIfAsked(stop, j.compareUndo(run, c.Gone)); err != nil {
		return nil, err
	}
	if idle := j.idleUndo(); idle != NotIdle && j.isLocated() {
		return j.endIdle(idle)
	}
	if end, err := j.allowed(stop); end != nil || err != nil {
		return end, err
	}
	p := j.propose()
	if c.MaxLinks > 0 && p.ToSend > c.MaxLinks {
		r := because(RaiseMaxLinks, "%s would be linked again, more than the limit of %s", manyLinks(p.ToSend), progress.Number(c.MaxLinks))
		r.Hint = "check that this is the right file"
		return nil, r
	}
	return j.confirmAndSend(stop, hard, p)
}

// forReading gives the Config with which the input is read. The run has refused what it had to
// refuse, and rows that it could not use have no link.
func (c *UndoConfig) forReading() Config {
	r := c.Config
	r.MaxLinks, r.SkipInvalid, r.AcceptRounded, r.Strict, r.Files.Invalid = 0, true, true, false, ""
	return r
}

// compareUndo takes from the input the links that are to be linked again, and takes up an earlier
// undo.
func (j *Job) compareUndo(run Files, gone bool) error {
	past, err := j.readPast(run, report.NewBook(j.input.Set, j.input.Bad))
	if err != nil {
		return err
	}
	if err := past.refusal(j.input, "to be undone"); err != nil {
		return err
	}
	if n := past.book.Count(outcome.Unknown); n > 0 {
		j.notef("nobody knows whether the run has removed %s, so an undo leaves them alone: run the input again to find out", manyLinks(n))
	}
	if past.summary.State != outcome.Finished {
		j.notef("the run is not finished: only what its results call removed is linked again")
	}
	j.rehearse(past.book, j.input.Set)
	again, err := j.undone()
	if err != nil {
		return err
	}
	if err := j.narrow(past.book, gone, again); err != nil {
		return err
	}
	if err := j.compare(); err != nil {
		return err
	}
	if j.fields, err = j.findFields(run); err != nil {
		return err
	}
	return j.refuseWithoutFields()
}

// narrow makes the set of the job one of those links that are to be linked again. again has the
// links of an earlier undo.
func (j *Job) narrow(run *report.Book, gone bool, again map[reader.Link]bool) error {
	whole := j.input.Set
	b := chunker.NewBuilder()
	for pos := range whole.Rows() {
		if whole.IsDuplicate(pos) {
			continue
		}
		status := run.Fate(pos).Status
		if status != outcome.Removed && status != outcome.Gone {
			continue
		}
		link, line := whole.At(pos)
		if status == outcome.Gone && !gone && !again[link] {
			continue
		}
		if err := b.Add(link, line); err != nil {
			return &Refusal{Err: err}
		}
	}
	j.input.Set, j.input.Bad, j.input.bad = b.Build(), nil, 0
	return nil
}

// undone gives the links of which an earlier undo has a row.
func (j *Job) undone() (map[reader.Link]bool, error) {
	links := map[reader.Link]bool{}
	_, err := report.ReadLedger(j.world.Disk, j.files.Results, func(r *report.Row, _ int64) error {
		if l, err := r.Link(); err == nil {
			links[l] = true
		}
		return nil
	})
	if err != nil && !j.config.Restart {
		return nil, notOurs(err)
	}
	return links, nil
}

// idleUndo is idle for an undo.
func (j *Job) idleUndo() Idle {
	switch {
	case j.input.Set.Links() == 0:
		return NothingRemoved
	case j.earlierDone():
		return EarlierDone
	case !j.hasWork():
		return EarlierEnough
	}
	return NotIdle
}

// startRelink gives the Run that links again.
func (j *Job) startRelink(r *report.Recorder, s engine.Settings) *worker.Run {
	limits := worker.RelinkSettings{Settings: s, MaxFailures: j.mostFailures(), OrgAnswers: j.answers.org != nil || len(j.answers.lists) > 0}
	return worker.StartRelink(j.conn.CRM, j.book.Batches(j.config.batchSize(), j.config.RetryFailed), j.fields.of, r, limits)
}

// callsOfUndo is how many calls an undo makes for some batches, and how many credits they take at
// the most: each batch is looked up, and linked. What linking costs is not known; it may be one
// credit for each ten links (docs/zoho-api.md, section 6.3). The first link of each relation goes
// alone and is read back.
func (j *Job) callsOfUndo() (links, calls, credits int) {
	alone := map[zoho.Relation]bool{}
	for b := range j.book.Batches(j.config.batchSize(), j.config.RetryFailed) {
		n := len(b.Related)
		links += n
		puts := 1
		if zoho.LinksSingly(b.Relation) {
			puts = n
		}
		calls += 1 + puts
		credits += 1 + max(puts, (n+9)/10)
		if !alone[b.Relation] {
			alone[b.Relation] = true
			calls, credits = calls+3, credits+3
		}
	}
	return links, calls, credits
}

func manyLinks(n int) string {
	if n == 1 {
		return "1 link"
	}
	return progress.Number(n) + " links"
}

// refuseIfUndone refuses to go on with a run that was undone: it would not remove the links again,
// since its results call them removed.
func (j *Job) refuseIfUndone() error {
	files := undoFiles(j.files)
	s, err := report.ReadSummary(j.world.Disk, files.Summary)
	if err != nil || s == nil {
		return err //nolint:wrapcheck // a file of another program's is told by its own error
	}
	names := namesOfCRM(j.answers.identity, s)
	n := 0
	_, err = report.ReadLedger(j.world.Disk, files.Results, func(r *report.Row, _ int64) error {
		if !isStranger(names, r.Org) && r.Status.Claims() != outcome.NotLinked {
			n++
		}
		return nil
	})
	if err != nil {
		return notOurs(err)
	}
	if n == 0 && s.State != outcome.Running {
		return nil
	}
	return &Refusal{Cause: fmt.Sprintf("the run of %s was undone: %s tells of it", j.input.Name(), files.Results), Remedy: RemoveAgain}
}

// putUndoAside gives the files of an undo new names, if it was one of a run that is begun anew. What
// it left in doubt does not matter any more: all links are sent again.
func (j *Job) putUndoAside(now time.Time) error {
	if !j.work.others {
		return nil
	}
	files := undoFiles(j.files)
	return errors.Join(j.putAside(now, files.Results, files.Summary), journal.Remove(j.world.Disk, journal.OfUndo(files.Results)))
}
