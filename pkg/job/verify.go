package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// VerifyEnding is how a verification ended.
type VerifyEnding struct {
	Numbers  *report.Verification
	Input    string            // the name of the input
	Org      *zoho.Org         // nil if it is not known
	Disagree []report.Verified // the first links that disagree, in the order of the input
	Causes   []report.Cause    // why it is not known of links whether they are linked
	Err      error             // why it could not go on; the file is written all the same
}

// shownDisagree is how many links that disagree are kept to be shown.
const shownDisagree = 10

// verification asks the CRM whether what the results of a job say is true.
type verification struct {
	*Job
	size     int // of the sample; 0 for all links
	path     string
	run      *pastRun
	undo     *pastRun // nil if there was none in this CRM
	drawn    sample   // nil for all links
	links    int      // that are to be looked up
	key      string   // of the findings
	findings *report.Findings
	kept     int64 // bytes of the findings of an earlier verification
}

// Verify asks the CRM about every link of a job that was run, or about as many as sample says, and
// writes down which statuses are true. A sample of 0 is all links. It changes nothing in the CRM.
// stop and hard are those of Run.
func Verify(stop, hard context.Context, c Config, sample int, w World) (*VerifyEnding, error) {
	v := &verification{Job: newJob(c.ofEarlierRun(), w, removing), size: sample}
	if err := v.read(stop, false); err != nil {
		return nil, err
	}
	defer v.input.source.remove()
	if err := v.opening(); err != nil {
		return nil, err
	}
	defer func() { v.unlock() }()
	if err := v.lock(); err != nil {
		return nil, forReader(err)
	}
	if v.input.Rows() > 0 {
		if err := v.ask(stop); err != nil {
			return nil, err
		}
	}
	if stop.Err() != nil {
		return nil, &Stopped{outcome.ReasonOf(stop)}
	}
	started := time.Now()
	if e := v.answers.refused; e != nil {
		v.tell()
		return v.giveUp(started, zoho.AsError(e)), nil
	}
	if err := v.readRuns(); err != nil {
		return nil, forReader(err)
	}
	v.rehearse()
	if err := v.choose(); err != nil {
		return nil, err
	}
	v.tell()
	p, err := v.propose()
	if err != nil {
		return nil, err
	}
	if w.Confirm != nil {
		if err := w.Confirm(stop, p); err != nil {
			return nil, err
		}
	}
	return v.lookUp(stop, hard, started, p)
}

// lock places the file of the verification, and locks it and what the job reads, so that no run
// changes that meanwhile.
func (v *verification) lock() error {
	if v.files.Results == "" {
		return refuseFile(NameTheFile, RoleResults, nil, "%s has no folder with the results of its run", v.input.Name())
	}
	path, err := resolve(RoleVerified, v.files.name("verify", ".csv"))
	if err != nil {
		return err
	}
	v.path = path
	for _, p := range append(v.files.written(), part{RoleInput, &v.config.Input}) {
		if *p.path != "" && *p.path != Stdin && same(*p.path, v.path) {
			return refusef("give the input or the results another name", "%s and %s are both %s", p.role, RoleVerified, v.path)
		}
	}
	undo := UndoFiles(v.files)
	if err := v.hold(part{RoleResults, &v.files.Results}, part{RoleSummary, &v.files.Summary}, part{RoleUndo, &undo.Results}); err != nil {
		return err
	}
	held, err := lock(v.world.Disk, part{RoleVerified, &v.path})
	if err != nil {
		return err
	}
	before := v.unlock
	v.world.Disk, v.unlock = held, func() { held.Unlock(); before() }
	return nil
}

// choose chooses the links that are to be looked up, and takes up what an earlier verification has
// found of them.
func (v *verification) choose() (err error) {
	v.links = v.input.Set.Links()
	if v.size > 0 && v.size < v.links {
		v.links = v.size
		v.drawn = draw(v.input.Set, v.size, v.input.SHA256)
	}
	if v.key, err = v.digest(); err != nil {
		return err
	}
	v.findings, v.kept, err = report.ReadFindings(v.world.Disk, v.findingsFile(), v.key, v.input.Set)
	if err != nil {
		return err
	}
	if v.missing() == 0 { // it had ended, and only its last steps were cut off
		v.findings.Forget()
		v.kept = 0
	}
	if n := v.links - v.missing(); n > 0 {
		v.notef("an earlier verification was stopped: what it found of %d links is kept", n)
	}
	return nil
}

func (v *verification) findingsFile() string { return disk.Hidden(v.path, "findings") }

// isChosen reports whether a link is to be looked up.
func (v *verification) isChosen(pos int) bool { return v.drawn == nil || v.drawn.has(pos) }

// wants reports whether a link is still to be looked up.
func (v *verification) wants(pos int) bool { return v.isChosen(pos) && !v.findings.Has(pos) }

// missing is how many links are still to be looked up.
func (v *verification) missing() (n int) {
	for pos := range v.input.Set.Rows() {
		if !v.input.Set.IsDuplicate(pos) && v.wants(pos) {
			n++
		}
	}
	return n
}

// firstLookUps is how many calls a verification needs for its first batch, and for what.
func (v *verification) firstLookUps() (calls int, what string) {
	if v.isRehearsal() {
		return 1, "it is looked up"
	}
	return worker.LookUpCalls, "it is looked up, and up to two calls prove that the CRM shows links"
}

// propose counts the calls.
func (v *verification) propose() (*Proposal, error) {
	p := &Proposal{Input: v.input, Org: v.answers.org, Slots: v.slots(), Asked: v.conn != nil, ToSend: v.missing(), Questions: v.answers.asked}
	p.Settled = v.links - p.ToSend
	for range v.input.Set.Batches(v.config.batchSize(), v.wants) {
		p.Calls++
	}
	v.estimate(p)
	return p, v.refuseFewCalls(p, v.firstLookUps)
}

// lookUp makes the calls, and writes the file.
func (v *verification) lookUp(stop, hard context.Context, started time.Time, p *Proposal) (*VerifyEnding, error) {
	if stop.Err() != nil {
		return nil, &Stopped{outcome.ReasonOf(stop)}
	}
	if err := v.begin(started); err != nil {
		return nil, err
	}
	n := v.numbers()
	reason, err := outcome.Completed, error(nil)
	if p.ToSend > 0 {
		run := worker.StartLookUp(v.conn.CRM, v.input.Set.Batches(v.config.batchSize(), v.wants), v.findings, worker.LookUpSettings{
			Settings: v.limits(p.Slots), Doubtful: v.mayBePassing(), Trusted: v.isRehearsal(),
		})
		watch := func() {}
		if v.world.Watch != nil {
			watch = v.world.Watch(func() progress.Moment {
				s := run.Stats()
				return progress.Moment{Done: s.Done, Total: p.ToSend, InFlight: s.InFlight, Slots: s.Slots, Stopping: s.Stopping}
			})
		}
		reason, err = run.Run(stop, hard)
		watch()
		s := run.Stats()
		v.tellFruitless(reason, s)
		n.Calls, n.Throttled = s.Calls, s.Throttled
		if left, known := v.conn.CRM.Credits(); known {
			n.CreditsRemaining = &left
		}
	}
	return v.end(n, started, reason, errors.Join(err, v.findings.Close()), hard.Err() != nil), nil
}

// begin gives an older file a new name, and opens the findings. The file of a verification that was
// stopped is replaced at the end of this one, which goes on with it.
func (v *verification) begin(now time.Time) error {
	state, err := disk.StateOf(v.world.Disk, v.path)
	if err != nil {
		return err
	}
	if v.kept == 0 || state != disk.Ours {
		if _, err := putAside(v.world.Disk, v.path, now); err != nil {
			return err
		}
	}
	v.world.Disk.Sweep(v.path)
	return v.findings.Open(v.world.Disk, v.findingsFile(), v.key, v.kept)
}

// mayBePassing says which findings may be out of date: see worker.LookUpSettings. In a rehearsal
// nothing is.
//
// A call that went unanswered can be carried out late, and reads may not show at once what a call
// has done. So it proves nothing at the first look that a link is there although nothing says so,
// or that it is not there although an undo may have linked it.
func (v *verification) mayBePassing() func(int, outcome.Presence) bool {
	if v.isRehearsal() {
		return nil
	}
	return func(pos int, shown outcome.Presence) bool {
		_, claims := v.says(pos)
		if shown == outcome.Linked {
			return claims != outcome.Linked
		}
		return claims == outcome.Linked || claims == outcome.NotKnown && v.undid(pos) != ""
	}
}

// end writes the file, and sums up.
func (v *verification) end(n *report.Verification, started time.Time, reason outcome.Reason, err error, cut bool) *VerifyEnding {
	e := &VerifyEnding{Numbers: n, Input: v.input.Name(), Org: v.answers.org, Causes: v.findings.Causes()}
	for r := range v.findings.Verified(v.says) {
		n.Add(&r)
		if r.Agrees == report.Disagrees && len(e.Disagree) < shownDisagree {
			e.Disagree = append(e.Disagree, r)
		}
	}
	n.Pending = v.links - n.Checked
	if writeErr := report.WriteVerified(v.world.Disk, v.path, v.findings.Verified(v.says)); writeErr != nil {
		reason, err = outcome.Broken, errors.Join(err, fmt.Errorf("the findings are kept, but %s was not written: %w", v.path, writeErr))
	} else {
		n.Verify = &v.path
	}
	if err != nil && reason == outcome.Completed {
		reason = outcome.Broken
	}
	n.State, n.Reason, n.ExitCode = outcome.End(reason, n.Pending, n.Disagree+n.Unknown > 0, cut)
	if n.State == outcome.Finished {
		if v.drawn != nil {
			most := atMost(n.Links, n.Checked, n.Disagree+n.Unknown, confidence)
			n.Sample.AtMost = &most
		}
		_ = v.world.Disk.Remove(v.findingsFile()) // else the next verification finds that it is complete
	}
	n.SetTimes(started, time.Now())
	e.Err = err
	return e
}

// giveUp ends a verification before its first call.
func (v *verification) giveUp(started time.Time, e *zoho.Error) *VerifyEnding {
	n := v.numbers()
	n.Links = v.input.Set.Links()
	n.Pending = n.Links
	n.State, n.Reason, n.ExitCode = outcome.End(engine.ReasonOf(e), max(1, n.Pending), false, false)
	n.SetTimes(started, time.Now())
	return &VerifyEnding{Numbers: n, Input: v.input.Name(), Err: e}
}

func (v *verification) numbers() *report.Verification {
	n := &report.Verification{
		Input: v.config.Input, InputSHA256: v.input.SHA256, Links: v.input.Set.Links(), Results: v.files.Results, Questions: v.answers.asked,
	}
	if name := v.answers.identity.Name(); name != "" {
		n.Org = &name
	}
	if v.undo != nil {
		n.Undo = &v.undo.files.Results
	}
	if v.drawn != nil {
		n.Sample = &report.Sample{Drawn: v.links, Confidence: confidence}
	}
	return n
}
