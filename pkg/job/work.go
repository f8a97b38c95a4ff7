package job

import (
	"slices"

	"delink/pkg/journal"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// work is what a job does with its links. All else is the same for all works.
type work struct {
	// journal names the journal that belongs to a result file.
	journal func(results string) journal.File
	// others says that runs with other result files may have sent the same links. Their journals
	// are read.
	others bool
	// start gives the Run that sends the links of the book.
	start func(*Job, *report.Recorder, engine.Settings) *worker.Run
}

// removing is the work of Run.
var removing = work{journal: journal.Of, others: true, start: (*Job).startDelink}

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
	if !j.conn.Emulator { // another rehearsal has another emulator
		limits.Elsewhere = (&otherRuns{job: j, known: map[string]string{}, runs: map[string]*otherRun{}}).open
	}
	if r.Snapshot != nil {
		limits.Snapshots = r.Snapshot
	}
	return worker.Start(j.conn.CRM, j.book.Batches(j.config.batchSize(), j.config.RetryFailed), r, limits)
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
