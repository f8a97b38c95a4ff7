package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/relation"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

// World is what an export needs of the outside.
type World struct {
	job.World
	// Found is told how many parent records there are, and how many of them are to be counted. It
	// may be nil.
	Found func(parents, toCount int)
	// Tell shows the plan, before links are listed. It may be nil.
	Tell func(*Plan)
}

// Ending is how an export ended.
type Ending struct {
	Summary *Summary
	Wanted  string // see Config.Wanted
	Err     error  // why it could not go on
}

// run is one export on its way.
type run struct {
	config  Config
	world   World
	crm     job.CRM
	inquiry job.Inquiry
	started time.Time
	summary Summary

	ids      []zoho.ID // the parent records, if they are known from the beginning
	badFile  error     // the file of parent records cannot be read; that there is no such module comes first
	view     zoho.View
	parents  []parent
	unlisted string // why parent records may be missing

	spool   *spool
	isNew   bool     // the spool has nothing of an earlier run
	aside   string   // the name of a spool that was put aside; empty for none
	earlier *earlier // what an earlier run of the same export has left
	taken   int      // of how many parent records it has left the links

	engine         *worker.Errands // of the calls that are being made
	refused        refused
	notCounted     map[zoho.ID]*zoho.Error
	failures       map[zoho.ID]failure
	found, counted atomic.Int64 // parent records, for people to see
}

// refused is what the org refuses for all parent records.
type refused struct {
	list     *zoho.Error // no link of the list can be listed; nil if that is not so
	approved bool        // it refuses the parameter approved
	names    bool        // names of parent records cannot be had
}

// Run exports links. When stop ends, nothing new is asked and what is in flight is finished. When
// hard ends too, calls in flight are cut off.
//
// If Run returns an error, no output was written, and what an earlier run has left is as it was.
func Run(stop, hard context.Context, c Config, w World) (*Ending, error) {
	x := &run{
		config: c, world: w, started: time.Now(), earlier: &earlier{},
		notCounted: map[zoho.ID]*zoho.Error{}, failures: map[zoho.ID]failure{},
	}
	if err := x.prepare(); err != nil {
		return nil, err
	}
	beside, err := x.beside()
	if err != nil {
		return nil, err
	}
	if w.Opening != nil {
		if err := w.Opening(); err != nil {
			return nil, err
		}
	}
	held, err := job.LockFile(w.Disk, job.RoleOutput, beside)
	if err != nil {
		return nil, err
	}
	defer held.Unlock()
	x.world.Disk = held
	held.Sweep(beside)
	return x.begin(stop, hard, beside)
}

// begin goes on once the output is locked.
func (x *run) begin(stop, hard context.Context, beside string) (*Ending, error) {
	path, err := x.spoolPath(beside)
	if err != nil {
		return nil, err
	}
	e, err := readEarlier(x.world.Disk, path)
	if err != nil {
		return nil, err
	}
	if err := x.ask(stop); err != nil {
		return nil, err
	}
	if stop.Err() != nil {
		return nil, &job.Stopped{Reason: outcome.ReasonOf(stop)}
	}
	// What is wrong with the relation comes first: with another name there is another output.
	if x.config.Output != Stdout {
		if err := checkOutput(x.world.Disk, x.config.Output, e.outputs); err != nil {
			if r := new(job.Refusal); errors.As(err, &r) && e.header != nil && !x.config.Restart { // another place has no spool
				r.Remedy, r.Hint = job.NoRemedy, "rename that file, and this export goes on where it was stopped"
			}
			return nil, err
		}
	}
	if err := x.resume(e, path); err != nil {
		return nil, err
	}
	return x.export(stop, hard)
}

// prepare checks what can be checked without the CRM.
func (x *run) prepare() (err error) {
	c := &x.config
	if p := relation.HoldsRecordsAlways(c.Relation); p != nil {
		return &job.Refusal{Cause: p.Error(), Hint: p.Hint()}
	}
	switch {
	case c.Parents.Where != "":
		return checkCondition(c.Parents.Where)
	case c.Parents.File != "":
		var other int
		if x.ids, other, err = parentsFile(c.Parents.File, c.Relation.Module, c.Parents.Encoding); other > 0 {
			x.notef("%s: %d rows of other modules than %s are left out", c.Parents.File, other, c.Relation.Module)
		}
		if zoho.FindModule(c.Relation.Module) == nil && errors.As(err, new(*reader.InputError)) {
			x.badFile, err = err, nil
		}
	default:
		x.ids = slices.Clone(c.Parents.IDs)
	}
	slices.Sort(x.ids)
	x.ids = slices.Compact(x.ids)
	return err
}

// ask asks the org about itself, the relation and the view.
func (x *run) ask(ctx context.Context) error {
	conn, err := x.world.Connect()
	if err != nil {
		return err
	}
	x.crm = conn.CRM
	if x.world.Asking != nil {
		defer x.world.Asking()()
	}
	var views []zoho.View
	var questions []*worker.Question
	c := &x.config
	if c.Parents.View != "" {
		questions = append(questions, &worker.Question{Ask: func(ctx context.Context) (err error) {
			views, err = conn.CRM.Views(ctx, c.Relation.Module)
			return err
		}})
	}
	x.inquiry = job.Inquire(ctx, conn, c.Relation, c.Limits, questions...)
	if ctx.Err() != nil {
		return nil
	}
	if x.inquiry.Err != nil {
		return x.inquiry.Err
	}
	if x.world.Accept != nil && x.inquiry.Org != nil {
		if err := x.world.Accept(x.inquiry.Org); err != nil {
			return err
		}
	}
	if err := refusal(x.inquiry.Problem); err != nil {
		return err
	}
	if x.badFile != nil {
		return x.badFile
	}
	c.Relation = x.inquiry.Relation
	for _, n := range x.inquiry.Notes {
		x.notef("%s", n)
	}
	if len(questions) == 0 {
		return nil
	}
	if e := questions[0].Err; e != nil {
		return e
	}
	x.view, err = viewOf(views, c.Parents.View, c.Relation.Module)
	return err
}

// refusal gives a Refusal for a relation whose links cannot be read. That they cannot be delinked
// is no reason.
func refusal(p *relation.Problem) error {
	if p == nil {
		return nil
	}
	switch p.Kind {
	case relation.HoldsRecords, relation.NoSuchList, relation.Hidden, relation.NoSuchModule, relation.SeveralLists:
		return &job.Refusal{Cause: p.Error(), Hint: p.Hint()}
	case relation.NotKnown, relation.NotDelinkable:
	}
	if !zoho.ValidName(p.Relation.List) { // no call can have it
		return &job.Refusal{Cause: p.Error(), Hint: p.Hint()}
	}
	return nil
}

// export takes the export from its parent records to the output.
func (x *run) export(stop, hard context.Context) (*Ending, error) {
	reason, err := x.read(stop, hard)
	x.sum()
	complete := false
	if reason == outcome.Completed && err == nil {
		if denial := x.deniedAltogether(); denial != nil {
			reason, err = outcome.LoginRefused, denial
		} else if err = x.finish(); err == nil {
			complete = len(x.summary.Incomplete) == 0 && x.summary.Problem == nil
			x.summary.Output = &x.config.Output
		} else {
			reason = outcome.Broken
		}
	}
	err = errors.Join(err, x.spool.end())
	if r := new(job.Refusal); errors.As(err, &r) {
		if x.isNew && x.summary.Complete == 0 {
			_ = x.removeSpool() // there is nothing in it to go on with
		}
		return nil, r
	}
	if complete {
		err = errors.Join(err, x.removeSpool())
	}
	x.fillSummary()
	x.end(reason, hard.Err() != nil)
	return &Ending{Summary: &x.summary, Wanted: x.config.Wanted(), Err: err}, nil
}

func (x *run) fillSummary() {
	s := &x.summary
	s.Module, s.Relation = x.config.Relation.Module, x.config.Relation.List
	s.StartedAt, s.Questions = report.Timestamp(x.started), x.inquiry.Asked
	if s.Earlier = x.taken; x.taken > 0 {
		since := report.Timestamp(x.earlier.since())
		s.Since = &since
	}
	if name := x.inquiry.Identity.Name(); name != "" {
		s.Org = &name
	}
}

// refusesApproved notes that the org refuses the parameter approved.
func (x *run) refusesApproved() {
	if !x.refused.approved {
		x.refused.approved = true
		x.notef("this org does not show records that are not approved: links of such records are not listed")
	}
}

// refuseList notes that no links of the list can be listed.
func (x *run) refuseList(e *zoho.Error) {
	if x.refused.list == nil {
		x.refused.list = e
		x.notef("%s cannot be listed: %s", x.config.Relation, e)
	}
}

func (x *run) notef(format string, args ...any) {
	if x.world.Note != nil {
		x.world.Note(fmt.Sprintf(format, args...))
	}
}
