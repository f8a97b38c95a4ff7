package job

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/report"
	"delink/pkg/trace"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Job is one input on its way through its steps.
type Job struct {
	config Config
	world  World
	work   work

	input     *Input
	run       Files // of the run of the input
	files     Files // that the job writes
	unlock    func()
	conn      *Connection // nil if no CRM is asked
	answers   answers
	earlier   earlier
	doubts    *doubts
	decision  decision
	book      *report.Book
	mostLinks int           // a proposal with more links is refused; 0 for no limit
	undone    undone        // of an undo
	ways      []Way         // of a run, with the proposal
	before    report.Totals // of the runs with whose results this one goes on
	called    bool          // the job came as far as its calls
	notes     []string

	nothingInDoubt bool // at the end: the journal is empty
}

// Idle is why a job had nothing to do.
type Idle int

// Why a job had nothing to do.
const (
	NotIdle        Idle = iota
	NoRows              // the input has a header and no rows
	NoUsableRows        // no row can be used
	NothingRemoved      // an undo of a run that has removed no link
	EarlierDone         // an earlier run has finished this input
	EarlierEnough       // an earlier run has settled every link, and was killed before its end
)

// Ending is how a job ended.
type Ending struct {
	Summary *report.Summary // of this run; for EarlierDone, of the earlier run
	Idle    Idle
	Input   string    // the name of the input
	Org     *zoho.Org // nil if it is not known
	Causes  []report.Cause
	// The files that are there now. Each is empty if it is not.
	Results, Failures string
	Snapshot          string // the links' own fields; empty also if the run keeps none
	InDoubt           int    // pending links that an earlier run may have removed
	Err               error  // why the run could not go on; the files are finished all the same
}

// Run takes a job through all its steps. When stop ends, nothing new is sent and what is in flight
// is finished. When hard ends too, calls in flight are cut off. An outcome.Reason as the cause of
// either context becomes the reason of the run.
//
// If Run returns an error, nothing was sent, and no file was changed but that of the rows that
// cannot be used.
func Run(stop, hard context.Context, c Config, w World) (*Ending, error) {
	return newJob(c, w, removing).do(stop, hard)
}

// Look takes a job as far as its proposal, and changes nothing. If World.Connect is nil, it asks no
// org.
func Look(ctx context.Context, c Config, w World) (*Proposal, error) {
	return newJob(c, w, removing).look(ctx)
}

func newJob(c Config, w World, does work) *Job {
	return &Job{config: c, world: w, work: does, unlock: func() {}}
}

// do takes the job through all its steps.
func (j *Job) do(stop, hard context.Context) (*Ending, error) {
	if err := j.read(stop, true); err != nil {
		return nil, err
	}
	defer j.input.source.remove()
	if err := j.opening(); err != nil {
		return nil, err
	}
	if err := j.lock(); err != nil {
		return nil, err
	}
	defer func() { j.unlock() }()
	if j.input.Rows() > 0 {
		if err := j.ask(stop); err != nil {
			return nil, err
		}
	}
	if err := j.refusedIfAsked(stop, j.work.compare(j)); err != nil {
		return nil, err
	}
	if idle := j.work.idle(j); idle != NotIdle && j.isLocated() {
		return j.endIdle(idle)
	}
	if end, err := j.allowed(stop); end != nil || err != nil {
		return end, err
	}
	p, err := j.propose()
	if err != nil {
		return nil, err
	}
	return j.confirmAndSend(stop, hard, p)
}

// look takes the job as far as its proposal. It locks and changes no file.
func (j *Job) look(ctx context.Context) (*Proposal, error) {
	if err := j.read(ctx, j.work.rereads); err != nil {
		return nil, err
	}
	defer j.input.source.remove()
	if j.world.Connect != nil && j.input.Rows() > 0 {
		if err := j.ask(ctx); err != nil {
			return nil, err
		}
	} else {
		j.answers.check(j.input)
		if err := j.refuseNames(ctx); err != nil {
			return nil, err
		}
	}
	if err := j.work.compare(j); err != nil {
		return nil, err
	}
	if j.answers.refused != nil {
		return nil, j.answers.refused
	}
	if err := j.answers.problems.refusal(j.input); err != nil {
		return nil, err
	}
	j.tell()
	return j.propose()
}

// opening says that from now on there is something to lose: see World.Opening.
func (j *Job) opening() error {
	if j.world.Opening == nil {
		return nil
	}
	return j.world.Opening()
}

// confirmAndSend asks a person, and does what was proposed.
func (j *Job) confirmAndSend(stop, hard context.Context, p *Proposal) (*Ending, error) {
	if j.world.Confirm != nil {
		if err := j.world.Confirm(stop, p); err != nil {
			return nil, err
		}
		if stop.Err() != nil {
			return j.giveUp(outcome.ReasonOf(stop), nil)
		}
	}
	return j.send(stop, hard, p)
}

// refusedIfAsked gives an error of a comparison. If the org was not asked to its end, a refusal may
// be wrong about its CRM: then the job was told to stop, and that is the error.
func (j *Job) refusedIfAsked(stop context.Context, err error) error {
	if refusal := new(Refusal); stop.Err() != nil && errors.As(err, &refusal) {
		return &Stopped{outcome.ReasonOf(stop)}
	}
	return err
}

// read reads and checks the input. again says that it will be read a second time.
func (j *Job) read(ctx context.Context, again bool) (err error) {
	if j.input, err = readInput(j.config, j.world.Disk, again); err != nil {
		if err = j.misnamed(ctx, err); err == nil {
			j.input, err = readInput(j.config, j.world.Disk, again)
		}
	}
	if err != nil {
		return err
	}
	j.run = j.input.Config.Files
	j.files = j.work.files(j.run)
	return nil
}

// lock locks the files that the job writes. From then on they are written through the disk that
// holds the locks. It holds the results of the run, if the job only reads them.
func (j *Job) lock() error {
	held, err := lockFiles(j.world.Disk, j.files)
	if err != nil {
		if j.run.Results != j.files.Results { // they go where the run's files are
			return forReader(err)
		}
		return j.config.Files.heedPaths(err)
	}
	j.world.Disk, j.unlock = held, held.Unlock
	if j.run.Results == j.files.Results {
		return nil
	}
	return j.hold(part{RoleResults, &j.run.Results})
}

// ask connects to the CRM and asks the org about itself.
func (j *Job) ask(ctx context.Context) (err error) {
	if j.conn == nil {
		if j.conn, err = j.world.Connect(); err != nil {
			return err
		}
	}
	if j.world.Asking != nil {
		defer j.world.Asking()()
	}
	before := j.answers.asked // about the names in the command line
	j.answers = ask(ctx, j.conn, j.input)
	j.answers.asked += before
	if j.world.Accept != nil && j.answers.org != nil {
		if err := j.world.Accept(j.answers.org); err != nil {
			return err
		}
	}
	if j.answers.refused == nil && ctx.Err() == nil {
		if err := j.nameLists(ctx); err != nil {
			return err
		}
		j.answers.check(j.input)
	}
	return j.refuseNames(ctx)
}

// compare takes up what an earlier run left beside the input, and decides what becomes of it.
func (j *Job) compare() error {
	j.book = report.NewBook(j.input.Set, j.input.Bad)
	if j.files.Results == "" { // only Look can do without
		j.applyDoubts()
		return nil
	}
	if err := j.takeUp(); err != nil {
		return err
	}
	return j.settleEarlier()
}

// isLocated reports whether this run knows its CRM, as far as it has to. Otherwise it cannot be
// idle because of an earlier run, which may have had another CRM.
func (j *Job) isLocated() bool { return j.conn == nil || j.answers.identity.Name() != "" }

// idle says whether there is nothing to do, and why.
func (j *Job) idle() Idle {
	switch {
	case j.input.Rows() == 0:
		return NoRows
	case j.earlierDone():
		return EarlierDone
	case j.input.Set.Links() == 0:
		return NoUsableRows
	case !j.hasWork():
		return EarlierEnough
	}
	return NotIdle
}

// earlierDone reports whether an earlier run with this input finished, and left nothing to do.
func (j *Job) earlierDone() bool {
	e := &j.earlier
	switch {
	case j.decision != goOn || e.summary == nil || !e.run.SameInput || e.summary.State != outcome.Finished:
		return false
	case j.book.Pending() > 0 || j.book.Count(outcome.Unknown) > 0 || j.config.RetryFailed && j.book.Count(outcome.Failed) > 0:
		return false
	}
	return e.extent.Torn == 0 // else the end of the results has to be repaired
}

// endIdle ends a job that has no links to send.
func (j *Job) endIdle(why Idle) (*Ending, error) {
	j.tell()
	switch why {
	case EarlierDone:
		j.earlier.summary.Job = &j.before // summaries of older versions have none
		return j.ending(j.earlier.summary, why, nil), nil
	case NothingRemoved: // there is nothing to write down
		s := j.newSummary(time.Now())
		s.State, s.Reason, s.ExitCode = outcome.Finished, outcome.Completed, outcome.ExitDone
		return j.ending(s, why, nil), nil
	case NotIdle, NoRows, NoUsableRows, EarlierEnough:
	}
	s, err := j.withFiles(context.Background(), 0, func(*report.Recorder) (outcome.Reason, error) { return outcome.Completed, nil }, nil)
	return j.ending(s, why, err), nil
}

// allowed checks that the login and the relations are accepted. It returns an Ending or an error if
// the job cannot go on.
func (j *Job) allowed(stop context.Context) (*Ending, error) {
	if stop.Err() != nil {
		return j.giveUp(outcome.ReasonOf(stop), nil)
	}
	j.tell()
	if j.answers.refused != nil {
		e := zoho.AsError(j.answers.refused)
		return j.giveUp(engine.ReasonOf(e), e)
	}
	return nil, j.answers.problems.refusal(j.input)
}

// Stopped is the error of a run that was told to stop before it began.
type Stopped struct{ Reason outcome.Reason }

func (s *Stopped) Error() string {
	return s.Reason.Ending().Text + " before the first call: nothing was sent, and no file was changed"
}

// giveUp ends a run before its first call. Every link stays as it was. why may be nil. The summary
// tells of the run, unless that would put older files aside, or replace the summary of a run that
// has finished.
func (j *Job) giveUp(reason outcome.Reason, why error) (*Ending, error) {
	if j.decision != goOn && j.decision != begin || j.earlierDone() {
		if why == nil {
			why = &Stopped{reason}
		}
		return nil, why
	}
	s, err := j.withFiles(context.Background(), 0, func(*report.Recorder) (outcome.Reason, error) { return reason, why }, nil)
	return j.ending(s, NotIdle, err), nil
}

// send makes the calls, and finishes the files.
func (j *Job) send(stop, hard context.Context, p *Proposal) (*Ending, error) {
	var run *worker.Run
	var calls *trace.Log
	watch := func() {}
	j.called = true
	s, err := j.withFiles(hard, 2*p.Slots*j.config.batchSize(), func(r *report.Recorder) (outcome.Reason, error) {
		calls = j.recordCalls(p)
		limits := j.limits(p.Slots)
		limits.Observe = calls.Observe
		run = j.work.start(j, r, limits)
		watch = j.watch(run, p)
		return run.Run(stop, hard)
	}, func(s *report.Summary) {
		if run != nil {
			j.setStats(s, run)
			j.notePace(run.AnswerTime())
		}
	})
	watch()
	j.endCalls(calls, s)
	return j.ending(s, NotIdle, err), nil
}

// limits are the engine's settings.
func (j *Job) limits(slots int) engine.Settings {
	return j.config.Settings(slots, j.world.Note)
}

// setStats sets what the summary says of the calls.
func (j *Job) setStats(s *report.Summary, run *worker.Run) {
	stats := run.Stats()
	s.Calls, s.Retries, s.Throttled = stats.Calls, stats.Retries, stats.Throttled
	if n, known := j.conn.CRM.Credits(); known {
		s.CreditsRemaining = &n
	}
}

// watch begins to show how the run goes on.
func (j *Job) watch(run *worker.Run, p *Proposal) (end func()) {
	hide, done := func() {}, func() {}
	if j.world.Watch != nil {
		hide = j.world.Watch(func() progress.Moment { return j.moment(run, p) })
	}
	if j.world.Meter != nil {
		started := time.Now()
		done = j.world.Meter(func() *report.Summary {
			s := j.newSummary(started)
			j.setStats(s, run)
			return s
		})
	}
	return func() { done(); hide() }
}

func (j *Job) moment(run *worker.Run, p *Proposal) progress.Moment {
	s := run.Stats()
	return progress.Moment{
		Done:     s.Done,
		Total:    p.ToSend,
		Failed:   j.book.Count(outcome.Failed) + j.book.Count(outcome.Unknown),
		InFlight: s.InFlight,
		Slots:    s.Slots,
		Stopping: s.Stopping,
	}
}

func (j *Job) ending(s *report.Summary, why Idle, err error) *Ending {
	e := &Ending{Summary: s, Idle: why, Input: j.input.Name(), Org: j.answers.org, Err: err}
	e.Results, e.Failures = j.filesOf(s)
	if why == NotIdle {
		e.Causes = j.book.Causes()
		e.InDoubt = len(j.book.InDoubt())
		if j.config.Snapshot {
			e.Snapshot = j.ifThere(j.files.Snapshot)
		}
	}
	return e
}

// filesOf gives the results and the failures file that go with a summary. Each is empty if it is not
// there.
func (j *Job) filesOf(s *report.Summary) (results, failures string) {
	if s.Failures != nil {
		failures = *s.Failures
		if disk.SameText(filepath.Base(failures), filepath.Base(j.files.Failures)) { // the folder may have been renamed since
			failures = j.files.Failures
		}
		failures = j.ifThere(failures)
	}
	return j.ifThere(j.files.Results), failures
}

// ifThere gives the path of a file that is there, and nothing for any other.
func (j *Job) ifThere(path string) string {
	if exists, err := j.world.Disk.Exists(path); err != nil || !exists {
		return ""
	}
	return path
}

func (j *Job) notef(format string, args ...any) {
	j.notes = append(j.notes, fmt.Sprintf(format, args...))
}

// tell gives people the notes that were taken so far.
func (j *Job) tell() {
	for _, n := range append(j.notes, j.answers.notes...) {
		if j.world.Note != nil {
			j.world.Note(n)
		}
	}
	j.notes, j.answers.notes = nil, nil
}
