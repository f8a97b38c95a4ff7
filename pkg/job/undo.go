package job

import (
	"context"
	"errors"
	"fmt"
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
var linking = work{
	files:    UndoFiles,
	journal:  journal.OfUndo,
	compare:  (*Job).compareUndo,
	mayGoOn:  func(*Job) error { return nil },
	idle:     (*Job).idleUndo,
	count:    (*Job).countRelinks,
	first:    (*Job).firstRelinks,
	summary:  (*Job).summarizeUndo,
	start:    (*Job).startRelink,
	putAside: func(*Job, time.Time) error { return nil },
	rereads:  true,
}

// undone is what an undo knows that a run does not.
type undone struct {
	gone   bool            // links that are gone are linked again, too
	run    *report.Summary // of the run
	fields *linkFields     // the own fields of the links
}

// UndoFiles gives the files of an undo, by those of the run: links.undo.csv is where
// links.results.csv is.
func UndoFiles(run Files) Files {
	return Files{Results: run.name("undo", ".csv"), Summary: run.name("undo.summary", ".json")}
}

// Undo links again what a run has removed. It has the steps of Run, and files of its own. The set of
// the job has only those links of the input that the results of the run call removed, and gone if
// the user wants these too. stop and hard are as for Run.
//
// If Undo returns an error, nothing was sent, and no file was changed.
func Undo(stop, hard context.Context, c UndoConfig, w World) (*Ending, error) {
	return newUndo(c, w).do(stop, hard)
}

// LookUndo takes an undo as far as its proposal, and changes nothing.
func LookUndo(ctx context.Context, c UndoConfig, w World) (*Proposal, error) {
	return newUndo(c, w).look(ctx)
}

func newUndo(c UndoConfig, w World) *Job {
	j := newJob(c.ofEarlierRun(), w, linking)
	j.mostLinks, j.undone.gone = c.MaxLinks, c.Gone
	return j
}

// ofEarlierRun gives the Config with which an input is read that was run before. The run has refused
// what it had to refuse, and rows that it could not use have no link. So nothing of the input is
// refused again.
func (c Config) ofEarlierRun() Config {
	c.MaxLinks, c.SkipInvalid, c.AcceptRounded, c.Strict, c.Files.Invalid = 0, true, true, false, ""
	return c
}

// compareUndo takes from the input the links that are to be linked again, and takes up an earlier
// undo.
func (j *Job) compareUndo() error {
	j.answers.problems = nil // these are about delinks
	past, err := j.readPast(j.run, report.NewBook(j.input.Set, j.input.Bad))
	if err != nil {
		return forReader(err)
	}
	if err := past.refusal(j.input, "to be undone"); err != nil {
		return err
	}
	j.undone.run = past.summary
	if n := past.book.Count(outcome.Unknown); n > 0 {
		j.notef("nobody knows whether the run has removed %s, so an undo leaves them alone: run the input again to find out", manyLinks(n))
	}
	if past.summary.State != outcome.Finished {
		j.notef("the run is not finished: only what its results call removed is linked again")
	}
	j.rehearse(past.book, j.input.Set)
	again, err := j.linkedBefore()
	if err != nil {
		return err
	}
	if err := j.narrow(past.book, again); err != nil {
		return err
	}
	if err := j.compare(); err != nil {
		return err
	}
	if j.undone.fields, err = j.findFields(); err != nil {
		return err
	}
	return j.refuseWithoutFields()
}

// narrow makes the set of the job one of those links that are to be linked again. again has the
// links of an earlier undo.
func (j *Job) narrow(run *report.Book, again map[reader.Link]bool) error {
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
		if status == outcome.Gone && !j.undone.gone && !again[link] {
			continue
		}
		if err := b.Add(link, line); err != nil {
			return &Refusal{Err: err}
		}
	}
	j.input.Set, j.input.Bad, j.input.bad = b.Build(), nil, 0
	return nil
}

// linkedBefore gives the links of which an earlier undo has a row.
func (j *Job) linkedBefore() (map[reader.Link]bool, error) {
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

// idleUndo says whether an undo has nothing to do, and why.
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
	return worker.StartRelink(j.conn.CRM, j.book.Batches(j.config.batchSize(), j.config.RetryFailed), j.undone.fields.of, r, limits)
}

// countRelinks counts what an undo does: each batch is looked up, and linked. What linking costs is
// not known; it may be one credit for each ten links (docs/zoho-api.md, section 6.3). The first batch
// of each relation takes more calls: see worker.RelinkCalls.
func (j *Job) countRelinks(p *Proposal) {
	alone := map[zoho.Relation]bool{}
	for b := range j.book.Batches(j.config.batchSize(), j.config.RetryFailed) {
		n := len(b.Related)
		p.ToSend += n
		puts := 1
		if zoho.LinksSingly(b.Relation) {
			puts = n
		}
		calls := 1 + puts
		if !alone[b.Relation] {
			alone[b.Relation] = true
			calls = worker.RelinkCalls(n) + max(0, puts-2) // the first link is alone anyway where all are
		}
		p.Calls += calls
		p.Credits += calls - puts + max(puts, (n+9)/10)
		for _, pos := range b.Pos {
			if j.undone.fields.of(pos) != nil {
				p.Fields++
			}
		}
	}
}

// summarizeUndo adds the counts of an undo to its summary, and which run it undoes.
func (j *Job) summarizeUndo(s *report.Summary) {
	s.UndoCounts = &report.UndoCounts{Run: j.undone.run.StartedAt}
}

func manyLinks(n int) string {
	if n == 1 {
		return "1 link"
	}
	return progress.Number(n) + " links"
}

// refuseIfUndone refuses to go on with a run that was undone: it would not remove the links again,
// since its results call them removed. An undo that has linked nothing is no reason, and neither is
// one in another CRM, or a rehearsal.
func (j *Job) refuseIfUndone() error {
	files := UndoFiles(j.files)
	s, err := report.ReadSummary(j.world.Disk, files.Summary)
	if err != nil {
		return notOurs(err)
	}
	if s == nil || s.IsOfOther(j.answers.identity) {
		return nil
	}
	names := report.NamesOfCRM(j.answers.identity, s)
	n := 0
	_, err = report.ReadLedger(j.world.Disk, files.Results, func(r *report.Row, _ int64) error {
		if names.IsStranger(r.Org) || r.Status.UndoClaims() != outcome.Linked && r.Status != outcome.Unknown {
			return nil
		}
		l, err := r.Link()
		if _, is := j.input.Set.Find(l); is && err == nil { // a new input may have other links
			n++
		}
		return nil
	})
	if err != nil {
		return notOurs(err)
	}
	if n == 0 && (s.State != outcome.Running || s.InputSHA256 != j.input.SHA256) { // else it may have linked something
		return nil
	}
	return &Refusal{Cause: fmt.Sprintf("the run of %s was undone, as %s says", j.input.Name(), files.Results), Remedy: RemoveAgain}
}

// putUndoAside gives the files of an undo new names, if it was one of a run that is begun anew. What
// it left in doubt does not matter any more: all links are sent again.
func (j *Job) putUndoAside(now time.Time) error {
	files := UndoFiles(j.files)
	return errors.Join(j.putAside(now, files.Results, files.Summary), journal.Remove(j.world.Disk, journal.OfUndo(files.Results)))
}
