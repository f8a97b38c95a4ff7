package job

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

// Job is a plan that has its files: what an earlier run settled is known, and no other process can come between.
type Job struct {
	Plan  *Plan
	Book  *report.Book
	Notes []string // what people should know about the earlier run

	disk    disk.Disk
	files   Files
	unlock  func()
	earlier *report.Summary // of the earlier run that this one goes on with; nil if there is none
	fresh   bool            // the result file begins anew
	aside   bool            // the files of an earlier run must get new names first
	carry   bool            // its settled links count, although its input was another
	extent  report.Extent
	last    *report.Summary // of the run that wrote the files, whatever its input was; nil if there is none
	cutOff  int             // links before this position may have been sent by an earlier run that was cut off
	mark    mark            // what is kept in mind of that run
	crm     string          // which CRM this run speaks to; empty if it is not known
	deleted *report.Row     // a row that tells of a record that was deleted

	failures *string // the failures file, if it is the earlier run's; another one that is there must get a new name
}

// Open takes up what an earlier run left beside the input. It changes nothing yet but the lock.
func Open(p *Plan, on disk.Disk) (*Job, error) {
	held, err := lockFiles(on, p.Config.Files)
	if err != nil {
		return nil, err
	}
	j := &Job{Plan: p, disk: held, files: p.Config.Files, unlock: held.Unlock}
	if err := j.takeUp(); err != nil {
		held.Unlock()
		return nil, err
	}
	return j, nil
}

// Preview takes up what an earlier run left, for a look: such a job is not to be run. Where the results would go is known
// only if the plan has its files.
func Preview(p *Plan, on disk.Disk) (*Job, error) {
	j := &Job{Plan: p, disk: on, files: p.Config.Files, unlock: func() {}}
	if p.Config.Files.Results == "" {
		j.Book = report.NewBook(p.Set, p.Bad)
		return j, nil
	}
	return j, j.takeUp()
}

// Close lets other processes have the files.
func (j *Job) Close() { j.unlock() }

// takeUp decides between going on and beginning anew (the table "Running again" of the contract).
func (j *Job) takeUp() error {
	j.Book = report.NewBook(j.Plan.Set, j.Plan.Bad)
	if j.Plan.Config.Restart {
		j.fresh, j.aside = true, true
		// What is there may be anything, and is put aside; only a deletion is not to be repeated.
		_, _ = report.ReadLedger(j.disk, j.files.Results, func(r *report.Row) error {
			j.heedDeletion(r)
			return nil
		})
		return j.refuseDeletion()
	}
	summary, err := report.ReadSummary(j.disk, j.files.Summary)
	if err != nil {
		return j.notOurs(err)
	}
	if summary != nil && summary.Failures != nil && sameTold(*summary.Failures, j.files.Failures) {
		j.failures = &j.files.Failures
	}
	// Folders may have other names by now, files not.
	if summary != nil && summary.State != report.Finished && !disk.SameText(filepath.Base(summary.Results), filepath.Base(j.files.Results)) {
		return refusef("give this run its own --summary and --failures too",
			"%s is of an unfinished run with other results, %s", j.files.Summary, summary.Results)
	}
	j.last = summary
	alien, firstAlien := 0, 0
	line := 1
	j.extent, err = report.ReadLedger(j.disk, j.files.Results, func(r *report.Row) error {
		line++
		j.heedDeletion(r)
		if !j.Book.Load(r) {
			if alien++; alien == 1 {
				firstAlien = line
			}
		}
		return nil
	})
	if err != nil {
		return j.notOurs(err)
	}
	if err := j.refuseDeletion(); err != nil {
		return err
	}
	if j.extent.Torn > 0 {
		j.Notes = append(j.Notes, fmt.Sprintf("an earlier run was cut off in the middle of a row: %d bytes at the end of %s are dropped, and that link is sent again", j.extent.Torn, j.files.Results))
	}
	if summary != nil && !j.extent.Exists && summary.Links > summary.Pending {
		j.Notes = append(j.Notes, fmt.Sprintf("%s is gone, though %s tells of a run that wrote it: all links are sent again", j.files.Results, j.files.Summary))
	}
	switch {
	case j.extent.Rows == 0 && summary == nil, !j.extent.Exists:
		j.fresh, j.aside = true, summary != nil && summary.State == report.Finished
		return nil
	case summary != nil && summary.InputSHA256 == j.Plan.SHA256 && alien > 0:
		return refusef("put the file aside, or begin anew with --restart",
			"%s:%d: is not about a row of %s, though the run that wrote it had the same input", j.files.Results, firstAlien, j.Plan.source.name)
	case summary != nil && summary.InputSHA256 == j.Plan.SHA256:
		j.earlier = summary
		return j.heedCutOff(summary)
	case summary == nil && alien == 0: // the summary was lost: every row fits, so nothing is
		j.cutOff = j.cutOffEnd()
		return nil
	case summary != nil && summary.State == report.Finished && summary.Pending == 0:
		j.Notes = append(j.Notes, fmt.Sprintf("the results of an earlier run of another input get a new name beside %s", j.files.Results))
		return j.beginAnew(false)
	}
	switch j.Plan.Config.IfChanged {
	case ChangedResume:
		if err := j.heedCutOff(summary); err != nil {
			return err
		}
		if j.mark.all = j.cutOff > 0; j.mark.all { // the order of another input says nothing of this one's
			j.cutOff = j.Plan.Set.Rows()
		}
		return j.beginAnew(true)
	case ChangedRestart:
		return j.beginAnew(false)
	}
	return refusef("to go on and skip the links that are settled, add --if-changed resume; to begin anew, --if-changed restart",
		"%s is not the input of the unfinished run that wrote %s", j.Plan.source.name, j.files.Results)
}

// heedDeletion remembers a row of an earlier run that tells of a deleted record, if its relation is in this input too.
func (j *Job) heedDeletion(r *report.Row) {
	if r.Code != zoho.CodeRecordDeleted || j.deleted != nil {
		return
	}
	for _, c := range j.Plan.Set.Relations() {
		if c.Relation == (zoho.Relation{Module: r.Module, List: r.Relation}) {
			found := *r
			j.deleted = &found
		}
	}
}

// refuseDeletion keeps a run from deleting more records where an earlier one has deleted some.
func (j *Job) refuseDeletion() error {
	if j.deleted == nil {
		return nil
	}
	return refusef(
		"look for the record in the CRM's recycle bin, and take the rows of this relation out of the input; the results have to be put aside by hand before it can be run again",
		"%s tells that delinking %s.%s deleted a record (line %d of the input): its records are not linked but held", j.files.Results, j.deleted.Module, j.deleted.Relation, j.deleted.Line)
}

// Emulator is the name of the emulator among CRMs.
const Emulator = "emulator"

// At says which CRM the run speaks to: an org's id, Emulator, or empty if it is not known. What was settled in one CRM says
// nothing about another, so an earlier run there is not gone on with: a rehearsal and a finished run are put aside, and
// for the rest it is a Refusal.
func (j *Job) At(crm string) error {
	j.crm = crm
	if j.last == nil || j.Plan.Config.Restart {
		return nil
	}
	before := ""
	if j.last.Org != nil {
		before = *j.last.Org
	}
	rehearsed := before == Emulator
	switch {
	case rehearsed == (crm == Emulator) && (before == crm || before == "" || crm == ""):
		if crm == "" {
			j.crm = before
		}
		return nil
	case rehearsed:
		j.Notes = append(j.Notes, fmt.Sprintf("%s is of a rehearsal with the emulator: it is kept under a new name", j.files.Results))
	case j.last.State == report.Finished && j.last.Pending == 0:
		j.Notes = append(j.Notes, fmt.Sprintf("%s is of a run in another org: it is kept under a new name", j.files.Results))
	case j.Plan.Config.IfChanged != ChangedRestart:
		return refusef("give this run another place with --results, --failures and --summary, or begin anew with --restart",
			"%s is of an unfinished run in another org", j.files.Results)
	}
	j.earlier, j.failures = nil, nil
	return j.beginAnew(false)
}

// beginAnew starts new files. With carry, links that were settled stay settled: their rows are copied.
func (j *Job) beginAnew(carry bool) error {
	j.fresh, j.aside, j.carry = true, true, carry
	j.extent = report.Extent{}
	if carry {
		return nil // the book has them already
	}
	j.Book = report.NewBook(j.Plan.Set, j.Plan.Bad)
	return nil
}

func (j *Job) notOurs(err error) error {
	var not *report.NotALedger
	if errors.As(err, &not) {
		return &Refusal{Err: err, Hint: "it is left as it is: give another place with --results and --summary, or begin anew with --restart"}
	}
	return err
}

// Todo is how many links are to be sent, and in how many calls.
func (j *Job) Todo() (links, calls int) {
	if j.Settled() == 0 && len(j.Plan.Set.Doubted(chunker.LeftUnknown))+len(j.Plan.Set.Doubted(chunker.MayBeSent)) == 0 && j.cutOff == 0 { // the usual case, without a pass over all links
		return j.Plan.Set.Links(), j.Plan.Set.Calls(j.batchSize())
	}
	for b := range j.batches() {
		links += len(b.Related)
		calls++
	}
	return links, calls
}

// Settled is how many links an earlier run has settled.
func (j *Job) Settled() int { return j.Book.Links() - j.Book.Pending() }

// Done gives the summary of an earlier run that left nothing to do; nil if there is something.
func (j *Job) Done() *report.Summary {
	if j.earlier == nil || j.earlier.State != report.Finished || j.Book.Pending() > 0 || j.Book.Count(worker.Unknown) > 0 {
		return nil
	}
	if j.Plan.Config.RetryFailed && j.Book.Count(worker.Failed) > 0 {
		return nil
	}
	if j.extent.Torn > 0 { // somebody has cut or added to the results: the run leaves them whole
		return nil
	}
	return j.earlier
}

// HasWork reports whether there is a link to be sent. There may be none although no earlier run has finished: it was killed
// behind its last call, say.
func (j *Job) HasWork() bool {
	for range j.batches() {
		return true
	}
	return false
}

// wanted reports whether the link at a position is to be sent.
func (j *Job) wanted(pos int) bool {
	return !j.Book.Settled(pos, j.Plan.Config.RetryFailed || j.mark.retry && pos < j.cutOff)
}

// prepare makes the files for the run that begins. reserve is how many rows must find a place even on a full disk.
func (j *Job) prepare(s *report.Summary, now time.Time, reserve int) (*report.Ledger, error) {
	switch {
	case j.aside:
		if j.carry { // before the rest is put aside: a run that is killed here must find what was settled
			if err := j.carryOver(now); err != nil {
				return nil, err
			}
		}
		if err := j.putAside(now); err != nil {
			return nil, err
		}
	case j.failures != nil:
		s.Failures = j.failures
	default: // whose it is, nobody knows
		if _, err := putAside(j.disk, j.files.Failures, now); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{j.files.Results, j.files.Failures, j.files.Summary} {
		j.disk.Sweep(name)
	}
	if err := j.markRetry(); err != nil {
		return nil, err
	}
	j.Book.SetCutOff(j.cutOff)
	// The summary goes first: results without it would be nobody's.
	if err := s.Write(j.disk, j.files.Summary); err != nil {
		return nil, err
	}
	return report.OpenLedger(j.disk, j.files.Results, j.extent, reserve)
}

// carryOver begins the result file with those of its rows that settle links of this input. The old file stays in place
// until then, and as a copy under a new name.
func (j *Job) carryOver(now time.Time) error {
	err := copyAside(j.disk, j.files.Results, now)
	if err != nil {
		return err
	}
	j.Book = report.NewBook(j.Plan.Set, j.Plan.Bad)
	if err := report.Rewrite(j.disk, j.files.Results, j.Book.Carry); err != nil {
		return err
	}
	j.extent, err = report.ReadLedger(j.disk, j.files.Results, func(*report.Row) error { return nil })
	return err
}

func (j *Job) batchSize() int {
	if j.Plan.Config.BatchSize == 0 {
		return zoho.MaxIDs
	}
	return j.Plan.Config.BatchSize
}
