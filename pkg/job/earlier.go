package job

import (
	"errors"
	"fmt"
	"path/filepath"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// earlier is what an earlier run left on disk.
type earlier struct {
	run     earlierRun // what decide has to know
	summary *report.Summary
	extent  report.Extent // of the result file
	fit     fitting       // of its rows about the CRM of this run
	deleted *report.Row   // a row about a record that was deleted; nil if there is none
	// links that an attempt without an answer may have removed: they are unknown, or gone
	maybeRemoved []reader.Link
}

// takeUp reads what an earlier run left: summary, journals and result file. It fills the book.
func (j *Job) takeUp() error {
	e := &j.earlier
	var err error
	if e.summary, err = report.ReadSummary(j.world.Disk, j.files.Summary); err != nil {
		if !j.config.Restart {
			return notOurs(err)
		}
		e.summary = nil
	}
	if s := e.summary; s != nil {
		e.run.Summary, e.run.State, e.run.Pending = true, s.State, s.Pending
		e.run.SameInput = s.InputSHA256 == j.input.SHA256
		// The folder may have been renamed since, so only the names of the files are compared.
		e.run.OtherFiles = s.State != outcome.Finished && !disk.SameText(filepath.Base(s.Results), filepath.Base(j.files.Results))
	}
	doubts, err := j.findDoubts()
	if err != nil {
		return err
	}
	names := report.NamesOfCRM(j.answers.identity, e.summary)
	var strangers map[string]bool
	named := false // some row says that it is about this run's CRM
	line := 1
	e.extent, err = report.ReadLedger(j.world.Disk, j.files.Results, func(r *report.Row, at int64) error {
		line++
		j.heedDeletion(r)
		if names.IsStranger(r.Org) {
			if strangers == nil {
				strangers = map[string]bool{}
			}
			strangers[r.Org] = true
			e.run.ForeignRows++
			return nil
		}
		named = named || r.Org != ""
		doubts.own.settle(r, at)
		e.fit.load(j.book, r, line)
		return nil
	})
	if err != nil && !j.config.Restart { // else the file is put aside, whatever it is
		return notOurs(err)
	}
	e.run.Results, e.run.Rows, e.run.Strays = e.extent.Exists, e.fit.rows, e.fit.strays
	e.run.SameInput = e.run.SameInput && !e.fit.isOfOtherLinks()
	e.run.CRM = compareCRM(j.answers.identity, e.summary, named, strangers)
	doubts.resultsHave(e.extent.Size)
	e.maybeRemoved = j.book.LinksThatAre(outcome.Unknown, outcome.Gone)
	cut := e.summary != nil && e.summary.State == outcome.Running
	if cut && doubts.own.past == nil && len(doubts.lost) == 0 && e.run.CRM == isSame && e.run.SameInput {
		doubts.lose("%s is missing, though %s tells of a run that was cut off", j.journal().Path, j.files.Summary)
	}
	j.doubts = doubts
	return nil
}

// hadOtherLinks reports whether the earlier run had the same file as this one, and other links.
func (e *earlier) hadOtherLinks(in *Input) bool {
	return e.summary != nil && e.summary.InputSHA256 == in.SHA256 && e.fit.isOfOtherLinks()
}

// otherLinks says how a run of the same file as this one can have had other links.
const otherLinks = "with another module, relation, parent record or choice of columns"

// compareCRM says whether an earlier run with that summary, which may be nil, had the CRM of this
// run. named says that some row is about this run's CRM. strangers are the names of other CRMs in
// rows.
func compareCRM(now zoho.Identity, s *report.Summary, named bool, strangers map[string]bool) sameCRM {
	switch {
	case now.Name() == "": // nobody was asked, or nobody answered: nothing is sent
		if len(strangers) > 0 && !named || s != nil && s.Identity().Org == report.Emulator {
			return rehearsed
		}
		return isSame
	case named || len(strangers) == 0 && (s == nil || s.CRM == ""):
		return isSame
	case len(strangers) == 0:
		return compareTo(now, s.Identity())
	}
	worst := rehearsed
	for name := range strangers {
		before := zoho.Identity{Org: name}
		if s != nil && s.Identity().Name() == name {
			before = s.Identity()
		} else if !isOrgID(name) && name != report.Emulator {
			before = zoho.Identity{Host: name}
		}
		if c := compareTo(now, before); c == isOther || c == notShown && worst == rehearsed {
			worst = c
		}
	}
	return worst
}

func compareTo(now, before zoho.Identity) sameCRM {
	switch c := now.Compare(before); {
	case c == zoho.Same:
		return isSame
	case before.Org == report.Emulator:
		return rehearsed
	case c == zoho.Different:
		return isOther
	}
	return notShown
}

// isOrgID reports whether a name is an org's id, not a host: ids are digits.
func isOrgID(name string) bool {
	_, err := zoho.ParseID(name)
	return err == nil
}

// identityToKeep gives the CRM of this run as its files name it. If the org did not say its id this
// time and is shown to be the org of the earlier run, it has the id that the earlier run noted. If
// the CRM is not known at all, this run sends nothing, and its files keep the earlier identity.
func (j *Job) identityToKeep() zoho.Identity {
	now, s := j.answers.identity, j.earlier.summary
	switch {
	case s == nil:
	case now.Name() == "" && j.decision != beginAnew:
		return s.Identity()
	case now.Org == "" && now.Compare(s.Identity()) == zoho.Same:
		now.Org = s.Identity().Org
	}
	return now
}

// heedDeletion remembers a row of an earlier run about a deleted record, if this input has the
// relation, too.
func (j *Job) heedDeletion(r *report.Row) {
	if r.Code != zoho.CodeRecordDeleted || j.earlier.deleted != nil {
		return
	}
	for _, c := range j.input.Set.Relations() {
		if c.Relation == (zoho.Relation{Module: r.Module, List: r.Relation}) {
			found := *r
			j.earlier.deleted = &found
		}
	}
}

// refuseDeletion refuses an input with a relation of which an earlier run has deleted a record.
func (j *Job) refuseDeletion() error {
	d := j.earlier.deleted
	if d == nil {
		return nil
	}
	return refusef(
		"restore the record from the CRM's recycle bin, and take the rows of this relation out of the input; then rename the results, and run the input again",
		"%s says that delinking %s.%s deleted a record (line %d of the input): the list holds records, not links", j.files.Results, d.Module, d.Relation, d.Line)
}

// notOurs makes a Refusal of a file that delink did not write, or that was changed since.
func notOurs(err error) error {
	var not *report.NotALedger
	if errors.As(err, &not) {
		hint := "move the file away"
		if not.Changed {
			hint = "undo the change if you can"
		}
		return &Refusal{Err: err, Hint: hint, Remedy: GiveOtherFiles}
	}
	return err
}

// settleEarlier decides what becomes of the earlier run, and sets up the book for that. The files
// are changed only when the run begins.
func (j *Job) settleEarlier() error {
	e := &j.earlier
	j.decision = decide(e.run, j.config.Choice)
	if problem := j.answers.problems.refusal(j.input); problem != nil && (j.decision == refuseDamaged || j.decision == refuseChanged) {
		return problem // a list that is called by its label fits no row: results have API names
	}
	switch j.decision {
	case refuseFiles:
		return because(GiveSummary, "%s is from an unfinished run with other results, %s", j.files.Summary, e.summary.Results)
	case refuseDamaged:
		return &Refusal{
			Cause:  fmt.Sprintf("%s:%d: is about a link that %s does not have, though the run that wrote it had the same input", j.files.Results, e.fit.stray, j.input.Name()),
			Hint:   "move the file away",
			Remedy: BeginAnew,
		}
	case refuseChanged:
		if e.hadOtherLinks(j.input) {
			r := because(ResumeOrRestart, "%s is from an unfinished run of %s "+otherLinks, j.files.Results, j.input.Name())
			r.Hint = "to go on with that run, give the same module, relation, parent record and columns as then"
			return r
		}
		return because(ResumeOrRestart, "%s is not the input of the unfinished run that wrote %s", j.input.Name(), j.files.Results)
	case refuseOther:
		return because(GiveOtherFiles, "%s is from an unfinished run in another org", j.files.Results)
	case refuseUnshown:
		return because(GiveOtherFiles, "%s is from an unfinished run, and nothing shows that it was in the org of this login", j.files.Results)
	case beginAnew:
		if !j.config.Restart && j.config.IfChanged != ChangedRestart {
			if err := j.work.mayGoOn(j); err != nil {
				return err
			}
		}
		j.book = report.NewBook(j.input.Set, j.input.Bad)
		if e.run.CRM != isSame {
			e.maybeRemoved = nil
		}
	case carryOver, begin, goOn:
		if err := j.work.mayGoOn(j); err != nil {
			return err
		}
	}
	j.before = j.findTotals()
	if err := j.refuseDeletion(); err != nil {
		return err
	}
	if err := j.checkSnapshot(); err != nil {
		return err
	}
	j.tellOfEarlier()
	j.applyDoubts()
	return nil
}

// checkSnapshot refuses to add rows to a file that is no snapshot. One that gets a new name may be
// anything.
func (j *Job) checkSnapshot() error {
	if !j.config.Snapshot || j.decision == beginAnew {
		return nil
	}
	ignore := func(reader.Link, string, map[string]string) error { return nil }
	return notOurs(report.ReadSnapshot(j.world.Disk, j.files.Snapshot, ignore))
}

// tellOfEarlier notes what people should know about the earlier run.
func (j *Job) tellOfEarlier() {
	e := &j.earlier
	if j.doubts != nil && j.book.Pending() > 0 {
		for _, why := range j.doubts.lost {
			j.notef("%s: any link without a result may have been removed, and counts as in doubt", why)
		}
	}
	switch {
	case j.config.Restart:
		return
	case j.decision == beginAnew && e.run.CRM == rehearsed:
		j.notef("%s is from a rehearsal with the emulator: it gets a new name, and this run starts over", j.files.Results)
	case j.decision == beginAnew && e.run.CRM == isOther:
		j.notef("%s is from a run in another org: it gets a new name, and this run starts over", j.files.Results)
	case j.decision == beginAnew && e.run.CRM == notShown:
		j.notef("%s is from a run that was perhaps in another org (nothing shows which): it gets a new name, and this run starts over", j.files.Results)
	case j.decision == beginAnew && e.hadOtherLinks(j.input):
		j.notef("the results of an earlier run of %s "+otherLinks+" get a new name beside %s", j.input.Name(), j.files.Results)
	case j.decision == beginAnew && e.run.Results:
		j.notef("the results of an earlier run of another input get a new name beside %s", j.files.Results)
	}
	if e.extent.Torn > 0 {
		j.notef("an earlier run was cut off in the middle of a row: %d bytes at the end of %s are dropped, and that link is sent again", e.extent.Torn, j.files.Results)
	}
	if s := e.summary; s != nil && !e.extent.Exists && s.Links > s.Pending {
		j.notef("%s is missing, though %s tells of a run that wrote it: all links are sent again", j.files.Results, j.files.Summary)
	}
}
