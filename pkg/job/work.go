package job

import (
	"slices"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/journal"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// work is what a job does with its links, and what differs because of that. All other steps are the
// same for all works.
type work struct {
	// files gives the files that the job writes, by those of the run of its input.
	files func(run Files) Files
	// journal names the journal that belongs to a result file.
	journal func(results string) journal.File
	// compare takes up what an earlier job left, and decides what becomes of it.
	compare func(*Job) error
	// mayGoOn refuses to go on with what an earlier job left, if there is a reason.
	mayGoOn func(*Job) error
	// idle says whether there is nothing to do, and why.
	idle func(*Job) Idle
	// count counts what is to be done.
	count func(*Job, *Proposal)
	// first is how many calls the first batch needs, and for what. With fewer, nothing is sent.
	first func(*Job) (calls int, what string)
	// summary adds to the summary what only this work has.
	summary func(*Job, *report.Summary)
	// start gives the Run that sends the links of the book.
	start func(*Job, *report.Recorder, engine.Settings) *worker.Run
	// putAside gives files new names that belong to those that are put aside.
	putAside func(*Job, time.Time) error
	// rereads says that the input is read a second time before the proposal.
	rereads bool
	// hasRivals says that runs with other result files may send the same links. Their journals are
	// read, and this job's journal is noted where they find it.
	hasRivals bool
}

// removing is the work of Run.
var removing = work{
	files:     func(run Files) Files { return run },
	journal:   journal.Of,
	compare:   (*Job).compare,
	mayGoOn:   (*Job).refuseIfUndone,
	idle:      (*Job).idle,
	count:     (*Job).countDelinks,
	first:     (*Job).firstDelinks,
	summary:   func(*Job, *report.Summary) {},
	start:     (*Job).startDelink,
	putAside:  (*Job).putUndoAside,
	hasRivals: true,
}

// journal is the job's own journal.
func (j *Job) journal() journal.File { return j.work.journal(j.files.Results) }

// startDelink gives the Run that removes the links.
func (j *Job) startDelink(r *report.Recorder, s engine.Settings) *worker.Run {
	limits := worker.Settings{
		Settings:    s,
		MaxFailures: j.mostFailures(),
		Untried:     j.isVouchedFor,
		OrgAnswers:  j.answers.org != nil || len(j.answers.lists) > 0,
	}
	limits.Elsewhere = j.elsewhere(r)
	if r.Snapshot != nil {
		limits.Snapshots = r.Snapshot
	}
	limits.Regroup = func(positions []uint32) func() (chunker.Batch, bool) {
		return j.input.Set.Regroup(positions, j.config.batchSize())
	}
	return worker.Start(j.conn.CRM, j.book.BatchesFrom(sidesOf(j.ways), j.config.batchSize(), j.config.RetryFailed), r, limits)
}

// mostFailures is how many links may fail before the job stops; -1 for no limit.
func (j *Job) mostFailures() int {
	if j.config.MaxFailures == nil {
		return -1
	}
	return j.config.MaxFailures(j.book.Links())
}

// isVouchedFor reports whether the user has said that a relation can be delinked.
func (j *Job) isVouchedFor(r zoho.Relation) bool { return slices.Contains(j.config.Allow, r) }
