package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/relation"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
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
	Err     error // why it could not go on
}

// run is one export on its way.
type run struct {
	config    Config
	world     World
	crm       job.CRM
	inquiry   job.Inquiry
	nameField string
	started   time.Time
	summary   Summary

	ids     []zoho.ID // the parent records, if they are known from the beginning
	view    zoho.View
	parents []parent
	earlier []parent        // closed by an earlier run, by id
	counts  map[zoho.ID]int // by an earlier run, of other parent records
	taken   int             // how many of them are parent records of this run
	since   time.Time
	outputs []string // digests of outputs of earlier runs

	spool           *spool
	engine          *worker.Errands // of the calls that are being made
	notCounted      map[zoho.ID]*zoho.Error
	failures        map[zoho.ID]failure
	listRefused     *zoho.Error // no link of the list can be listed
	withoutApproved bool        // the org refuses the parameter approved
	noNames         bool        // names of parent records cannot be had
	unlisted        string      // why parent records may be missing
	countedParents  atomic.Int64
	// longest is how many calls one parent record takes at most. If calls are limited, so few parent
	// records are listed at a time that some come to their end within the limit. Else the next run
	// would have to begin with all of them again.
	longest int
}

// Run exports links. When stop ends, nothing new is asked and what is in flight is finished. When
// hard ends too, calls in flight are cut off.
//
// If Run returns an error, no output was written and nothing was kept.
func Run(stop, hard context.Context, c Config, w World) (*Ending, error) {
	x := &run{
		config: c, world: w, nameField: nameField(c.Relation.Module), started: time.Now(),
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
	past, err := readPast(held, disk.Hidden(beside, spoolOf))
	if err != nil {
		return nil, err
	}
	if c.Output != Stdout {
		if err := checkOutput(held, x.config.Output, past.outputs); err != nil {
			return nil, err
		}
	}
	if err := x.ask(stop); err != nil {
		return nil, err
	}
	if stop.Err() != nil {
		return nil, &job.Stopped{Reason: outcome.ReasonOf(stop)}
	}
	if err := x.resume(past, disk.Hidden(beside, spoolOf)); err != nil {
		return nil, err
	}
	return x.export(stop, hard)
}

// spoolOf is what the name of a spool says, see disk.Hidden.
const spoolOf = "export"

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
		if x.ids, other, err = parentsFile(c.Parents.File, c.Relation.Module); other > 0 {
			x.notef("%s: %d rows of other modules than %s are left out", c.Parents.File, other, c.Relation.Module)
		}
	default:
		x.ids = slices.Clone(c.Parents.IDs)
	}
	slices.Sort(x.ids)
	x.ids = slices.Compact(x.ids)
	return err
}

// beside is the file beside which the spool is. For an export to standard output it is one that is
// never written.
func (x *run) beside() (path string, err error) {
	c := &x.config
	if c.Output == Stdout {
		sum := sha256.Sum256([]byte(c.Relation.String() + "\n" + x.parentsKey()))
		return filepath.Join(c.Folder, hex.EncodeToString(sum[:8])+".csv"), nil
	}
	c.Output, err = job.ResolveFile(job.RoleOutput, c.Output)
	return c.Output, err
}

// parentsKey says which parent records the export is of.
func (x *run) parentsKey() string {
	p := &x.config.Parents
	switch {
	case p.Where != "":
		return "where " + p.Where
	case p.View != "":
		return "view " + p.View
	case p.All:
		return "all"
	}
	sum := sha256.New()
	for _, id := range x.ids {
		_, _ = sum.Write(append(id.Append(nil), '\n'))
	}
	return "ids " + hex.EncodeToString(sum.Sum(nil))
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
	case relation.HoldsRecords, relation.NoSuchList, relation.Hidden, relation.NoSuchModule:
		return &job.Refusal{Cause: p.Error(), Hint: p.Hint()}
	case relation.NotKnown, relation.NotDelinkable:
	}
	return nil
}

// resume takes up what an earlier run of the same export has left, or begins a new spool.
func (x *run) resume(p *past, path string) (err error) {
	now := header{
		CRM: x.inquiry.Identity.String(), Relation: x.config.Relation.String(), Parents: x.parentsKey(), Fields: x.config.Fields,
		Converted: x.config.Converted, Approved: x.config.Approved, Begun: x.started.UTC(),
	}
	size := p.size
	switch {
	case p.header == nil:
		size = 0
	case !p.header.isOf(now):
		if x.config.Output != Stdout { // what the other export has written is not ours to replace
			if err := checkOutput(x.world.Disk, x.config.Output, nil); err != nil {
				return err
			}
		}
		x.notef("an unfinished export of other links, begun at %s, is given up", p.header.Begun.Local().Format(time.DateTime))
		size = 0
	case x.config.Restart:
		x.outputs, size = p.outputs, 0
	default:
		x.outputs, x.earlier, x.counts, x.since = p.outputs, p.parents, p.counts, p.header.Begun
	}
	if x.spool, err = openSpool(x.world.Disk, path, now, size); err != nil {
		return err
	}
	if size == 0 { // the new spool must know the output of the old one, too
		for _, digest := range x.outputs {
			err = errors.Join(err, x.spool.output(digest))
		}
	}
	return err
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
	path := x.spool.path
	err = errors.Join(err, x.spool.end())
	if r := new(job.Refusal); errors.As(err, &r) {
		if x.earlier == nil && x.taken == 0 && len(x.outputs) == 0 && x.summary.Complete == 0 {
			_ = x.world.Disk.Remove(path) // there is nothing in it to go on with
		}
		return nil, r
	}
	if complete {
		err = errors.Join(err, x.world.Disk.Remove(path))
	}
	x.fillSummary()
	x.end(reason, hard.Err() != nil)
	return &Ending{Summary: &x.summary, Err: err}, nil
}

func (x *run) fillSummary() {
	s := &x.summary
	s.Module, s.Relation = x.config.Relation.Module, x.config.Relation.List
	s.StartedAt = timestamp(x.started)
	if s.Earlier = x.taken; x.taken > 0 {
		since := timestamp(x.since)
		s.Since = &since
	}
	if name := x.inquiry.Identity.Name(); name != "" {
		s.Org = &name
	}
}

// read finds the parent records, counts their links and lists them.
func (x *run) read(stop, hard context.Context) (outcome.Reason, error) {
	if reason, err := x.drive(stop, hard, x.finders(), nil); reason != outcome.Completed || err != nil {
		return reason, err
	}
	x.arrange()
	toDo := 0
	for range x.uncounted() {
		toDo++
	}
	if x.world.Found != nil {
		x.world.Found(len(x.parents), toDo)
	}
	if reason, err := x.drive(stop, hard, x.uncounted(), func(engine.Stats) progress.Moment {
		return progress.Moment{Done: int(x.countedParents.Load()), Total: toDo, Unit: "parent records counted"}
	}); reason != outcome.Completed || err != nil {
		return reason, err
	}
	p := x.plan()
	if x.world.Tell != nil {
		x.world.Tell(p)
	}
	return x.drive(stop, hard, x.listings(), func(s engine.Stats) progress.Moment {
		return progress.Moment{Done: s.Done, Total: p.Links}
	})
}

// finders are the errands that find the parent records.
func (x *run) finders() iter.Seq[worker.Errand] {
	return func(yield func(worker.Errand) bool) {
		switch p := &x.config.Parents; {
		case p.Where != "":
			yield(&query{x: x, where: p.Where, limit: mostOfQuery})
		case p.View != "" || p.All:
			yield(x.newRecords(x.view.ID))
		default:
			for ids := range slices.Chunk(x.ids, mostNames) {
				if !yield(&names{x: x, ids: ids}) {
					return
				}
			}
		}
	}
}

// uncounted gives an errand for each parent record whose links are to be counted.
func (x *run) uncounted() iter.Seq[worker.Errand] {
	return func(yield func(worker.Errand) bool) {
		for i := range x.parents {
			if p := &x.parents[i]; p.state == open && p.counted < 0 && !yield(&counting{x: x, p: p}) {
				return
			}
		}
	}
}

// listings gives an errand for each parent record that is not closed.
func (x *run) listings() iter.Seq[worker.Errand] {
	return func(yield func(worker.Errand) bool) {
		for i := range x.parents {
			if p := &x.parents[i]; p.state == open && !yield(x.newListing(p)) {
				return
			}
		}
	}
}

// mostQueries is how many queries may be in flight (docs/zoho-api.md).
const mostQueries = 10

// drive runs errands within the limits of the whole export. look shows how they go on; nil shows
// nothing.
func (x *run) drive(stop, hard context.Context, errands iter.Seq[worker.Errand], look func(engine.Stats) progress.Moment) (outcome.Reason, error) {
	c := &x.config
	limits := engine.Settings{
		Slots: c.SlotsFor(x.inquiry.Org), Rate: c.Rate, MaxAttempts: max(1, c.MaxAttempts), MaxCalls: c.MaxCalls,
		ReserveCredits: c.ReserveCredits, Jitter: c.Jitter, Note: x.world.Note,
	}
	if look == nil {
		limits.Slots = min(limits.Slots, mostQueries)
	}
	if limits.MaxCalls > 0 {
		if limits.MaxCalls -= x.summary.Calls; limits.MaxCalls <= 0 {
			for range errands { // there is one
				return outcome.MaxCalls, nil
			}
		}
		limits.Slots = max(1, min(limits.Slots, limits.MaxCalls/max(1, x.longest)-1))
	}
	x.engine = worker.NewErrands(x.crm, errands, func() error { return x.spool.file.Sync() }, limits)
	if look != nil && x.world.Watch != nil {
		defer x.world.Watch(func() progress.Moment {
			s := x.engine.Stats()
			m := look(s)
			m.InFlight, m.Slots = s.InFlight, s.Slots
			return m
		})()
	}
	reason, err := x.engine.Run(stop, hard)
	s := x.engine.Stats()
	x.summary.Calls += s.Calls
	x.summary.Retries += s.Retries
	x.summary.Throttled += s.Throttled
	return reason, err
}

// plan counts what is still to be done.
func (x *run) plan() *Plan {
	c := &x.config
	p := &Plan{
		Relation: c.Relation, Org: x.inquiry.Org, Parents: len(x.parents), Listed: x.taken, Since: x.since,
		Spent: x.summary.Calls, Slots: c.SlotsFor(x.inquiry.Org), Output: c.Output,
	}
	readings := 1
	if c.Converted != Both || c.Approved != Both {
		readings = 2
	}
	for i := range x.parents {
		one := &x.parents[i]
		if one.state != open {
			continue
		}
		if one.counted >= 0 {
			p.Counted++
			p.Links += one.counted
		}
		calls := readings * max(1, (one.counted+perPage-1)/perPage)
		p.Calls += calls
		x.longest = max(x.longest, calls)
	}
	p.Time = max(job.Estimate(p.Calls, p.Slots, c.PerSecond, job.AnswerTime), time.Duration(x.longest)*job.AnswerTime)
	if problem := x.inquiry.Problem; problem != nil {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s: run would refuse these links", problem))
	}
	return p
}

// refusesApproved notes that the org refuses the parameter approved.
func (x *run) refusesApproved() {
	if !x.withoutApproved {
		x.withoutApproved = true
		x.notef("this org does not show records that are not approved: links of such records are not listed")
	}
}

// refuseList notes that no links of the list can be listed.
func (x *run) refuseList(e *zoho.Error) {
	if x.listRefused == nil {
		x.listRefused = e
		x.notef("%s cannot be listed: %s", x.config.Relation, e)
	}
}

func (x *run) notef(format string, args ...any) {
	if x.world.Note != nil {
		x.world.Note(fmt.Sprintf(format, args...))
	}
}
