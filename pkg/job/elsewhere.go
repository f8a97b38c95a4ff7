package job

import (
	"delink/pkg/chunker"
	"delink/pkg/journal"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// otherRuns are the runs with other result files that may send the same links while this run goes
// on. What they are about to send is in their journals, so nothing has to be agreed with them. It
// makes no difference whether such a run still goes on or has been killed.
type otherRuns struct {
	job   *Job
	known map[string]string    // see otherJournals
	runs  map[string]*otherRun // by the path of the journal
}

// otherRun is what the result file of another run has shown so far.
type otherRun struct {
	begin   int64 // see journal.Past
	results report.Follower
	settled []uint64 // two bits for each position in this run's input: the link, and its other side, have an outcome
}

// sidesOfLink are a link and, if it is known, its other side: another run may have either.
func sidesOfLink(l reader.Link) []reader.Link {
	if other, known := l.OtherSide(); known {
		return []reader.Link{l, other}
	}
	return []reader.Link{l}
}

// open reports which links of a parent record another run may have removed: see
// worker.Settings.Elsewhere. A journal that is not there any more is of a run that has got an
// answer for each link. A journal that cannot be read is passed over, as when the run begins.
func (o *otherRuns) open(r zoho.Relation, parent zoho.ID, related []zoho.ID) (open []bool) {
	for _, path := range o.job.otherJournals(o.known) {
		past, err := journal.ReadAbout(o.job.world.Disk, path, r, parent)
		if err != nil || past == nil {
			continue
		}
		listed := o.listed(past)
		// The result file is read behind the journal. So an outcome that is not found was not there
		// when the journal was read.
		var run *otherRun
		for i, id := range related {
			l := reader.Link{Relation: r, Parent: parent, Related: id}
			for n, side := range sidesOfLink(l) {
				if !listed[side] {
					continue
				}
				if run == nil {
					run = o.readResults(path, past)
				}
				if open == nil {
					open = make([]bool, len(related))
				}
				open[i] = open[i] || !run.hasSettled(o.job.input.Set, l, n)
			}
		}
	}
	return open
}

// listed gives the links that a journal has for the CRM of this run.
func (o *otherRuns) listed(past *journal.Past) map[reader.Link]bool {
	listed := map[reader.Link]bool{}
	for i := range past.Records {
		if !o.job.doubts.isOwn(past.Records[i].CRM) {
			continue
		}
		for _, l := range past.Records[i].Links() {
			listed[l] = true
		}
	}
	return listed
}

// readResults reads what is new in the result file of another run. Rows that cannot be read settle
// nothing.
func (o *otherRuns) readResults(path string, past *journal.Past) *otherRun {
	run := o.runs[path]
	if run == nil || run.begin != past.Begin { // it is another run's journal now
		run = &otherRun{begin: past.Begin, settled: make([]uint64, (2*o.job.input.Set.Rows()+63)/64)}
		o.runs[path] = run
	}
	if past.Since < 0 {
		return run // no row is an outcome of the run yet
	}
	anew := func() { clear(run.settled) }
	_ = run.results.Read(o.job.world.Disk, resultsOf(path, past), past.Since, anew, func(row *report.Row) {
		l, err := row.Link()
		if err != nil || !row.Status.IsOfLink() || row.Status == outcome.Unknown {
			return
		}
		for n, side := range sidesOfLink(l) {
			if pos, is := o.job.input.Set.Find(side); is {
				run.settled[(2*pos+n)/64] |= 1 << ((2*pos + n) % 64)
			}
		}
	})
	return run
}

// hasSettled reports whether the other run has an outcome of a link of this input, or, if side is 1,
// of its other side.
func (r *otherRun) hasSettled(set *chunker.Set, l reader.Link, side int) bool {
	pos, found := set.Find(l)
	return found && r.settled[(2*pos+side)/64]&(1<<((2*pos+side)%64)) != 0
}
