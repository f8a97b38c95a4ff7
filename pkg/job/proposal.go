package job

import (
	"time"

	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/relation"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// Proposal is what a run would do. A person sees it before the run begins.
type Proposal struct {
	Input   *Input
	Org     *zoho.Org       // nil where it is not known
	Settled int             // links that an earlier run has settled
	ToSend  int             // links
	InDoubt int             // how many of ToSend an earlier run may have removed
	Vouched []zoho.Relation // relations of which the user alone says that they can be delinked
	Asked   bool            // the org was asked
	Fields  int             // of an undo: how many of ToSend have fields of their own
	Calls   int             // in all
	Ways    []Way           // of relations whose other side needs fewer calls
	Reads   int             // how many of Calls read the links' own fields
	Credits int             // at the most
	Slots   int             // calls in flight at most
	Time    time.Duration
	Pace    Pace // on which Time rests
	Left    *int // of the org's credits; nil where it does not say
	Nights  int  // how many runs it takes; 0 where that is not known
	Days    int  // how many days these take at least; 0 where that is not known

	Questions int             // calls that asked the org about itself; they are not in Calls
	Idle      Idle            // why there is nothing to do
	Earlier   *report.Summary // of the last run of this job; nil if there was none
	Before    report.Totals   // of all earlier runs of this job
	// The files of Earlier that are there. Each is empty if it is not.
	Results, Failures string
}

// propose says what is to be done. It refuses to do that with too many links.
func (j *Job) propose() (*Proposal, error) {
	p := &Proposal{Input: j.input, Org: j.answers.org, Slots: j.slots(), Questions: j.answers.asked, Before: j.before}
	if p.Earlier = j.lastRun(); p.Earlier != nil {
		p.Results, p.Failures = j.filesOf(p.Earlier)
	}
	if j.isLocated() {
		p.Idle = j.work.idle(j)
	}
	p.InDoubt, p.Asked = len(j.book.InDoubt()), j.conn != nil
	j.work.count(j, p)
	p.Settled = j.input.Set.Links() - p.ToSend
	j.estimate(p)
	if j.mostLinks > 0 && p.ToSend > j.mostLinks {
		r := because(RaiseMaxLinks, "%s would be sent, more than the limit of %s", manyLinks(p.ToSend), progress.Number(j.mostLinks))
		r.Hint = "check that this is the right file"
		return nil, r
	}
	if err := j.refuseFewCalls(p, func() (int, string) { return j.work.first(j) }); err != nil {
		return nil, err
	}
	return p, nil
}

// lastRun is the summary of the run with whose results this one goes on; nil if there is none. That of
// a killed run has the counts with which the run began, so lastRun takes them from the results.
func (j *Job) lastRun() *report.Summary {
	s := j.earlier.summary
	switch {
	case s == nil || j.decision != goOn && j.decision != carryOver:
		return nil
	case s.State != outcome.Running || j.decision != goOn:
		return s
	}
	last := *s
	last.SetCounts(j.book)
	last.Job = &j.before
	return &last
}

// countDelinks counts what a run does.
func (j *Job) countDelinks(p *Proposal) {
	p.ToSend, p.Calls = j.toSend()
	j.ways = j.chooseWays()
	p.Ways = j.ways
	for _, w := range j.ways {
		if w.Unused == "" {
			p.Calls += w.Calls - w.Written
		}
	}
	if j.config.Snapshot {
		p.Reads = p.Calls
		p.Calls += p.Reads
	}
	p.Credits = p.Calls // a call takes one credit (docs/zoho-api.md, section 4)
	for _, r := range j.input.Set.Relations() {
		if relation.Check(r.Relation, nil, j.answers.lists[r.Relation.Module]) != nil {
			p.Vouched = append(p.Vouched, r.Relation)
		}
	}
}

// slots is how many calls will be in flight: as many as were asked for, or as the org's edition
// allows.
func (j *Job) slots() int { return j.config.SlotsFor(j.answers.org) }

// toSend is how many links are to be sent, and in how many calls.
func (j *Job) toSend() (links, calls int) {
	if !j.book.HasHistory() { // the usual case, without a pass over all links
		return j.input.Set.Links(), j.input.Set.Calls(j.config.batchSize())
	}
	for b := range j.book.Batches(j.config.batchSize(), j.config.RetryFailed) {
		links += len(b.Related)
		calls++
	}
	return links, calls
}

// hasWork reports whether there is a link to be sent. There may be none although no earlier run has
// finished, for example after a run that was killed when its last call had ended.
func (j *Job) hasWork() bool {
	for range j.book.Batches(j.config.batchSize(), j.config.RetryFailed) {
		return true
	}
	return false
}
