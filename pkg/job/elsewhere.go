package job

import (
	"slices"

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
	settled []uint64 // a bit for each position in this run's input: the link has an outcome
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
		listed := o.listed(past, r, parent, related)
		if !slices.Contains(listed, true) {
			continue
		}
		// The result file is read behind the journal. So an outcome that is not found was not there
		// when the journal was read.
		run := o.readResults(path, past)
		if open == nil {
			open = make([]bool, len(related))
		}
		for i, id := range related {
			open[i] = open[i] || listed[i] && !run.hasSettled(o.job.input.Set.Find(reader.Link{Relation: r, Parent: parent, Related: id}))
		}
	}
	return open
}

// listed reports which links of a parent record a journal has, for the CRM of this run.
func (o *otherRuns) listed(past *journal.Past, r zoho.Relation, parent zoho.ID, related []zoho.ID) []bool {
	listed := make([]bool, len(related))
	at := make(map[zoho.ID]int, len(related))
	for i, id := range related {
		at[id] = i
	}
	for i := range past.Records {
		record := &past.Records[i]
		if record.Relation != r || record.Parent != parent || !o.job.doubts.isOwn(record.CRM) {
			continue
		}
		for _, id := range record.Related {
			if i, is := at[id]; is {
				listed[i] = true
			}
		}
	}
	return listed
}

// readResults reads what is new in the result file of another run. Rows that cannot be read settle
// nothing.
func (o *otherRuns) readResults(path string, past *journal.Past) *otherRun {
	run := o.runs[path]
	if run == nil || run.begin != past.Begin { // it is another run's journal now
		run = &otherRun{begin: past.Begin, settled: make([]uint64, (o.job.input.Set.Rows()+63)/64)}
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
		if pos, is := o.job.input.Set.Find(l); is {
			run.settled[pos/64] |= 1 << (pos % 64)
		}
	})
	return run
}

// hasSettled takes what Set.Find returns.
func (r *otherRun) hasSettled(pos int, found bool) bool {
	return found && r.settled[pos/64]&(1<<(pos%64)) != 0
}
