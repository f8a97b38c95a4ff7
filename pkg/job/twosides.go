package job

import (
	"slices"

	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// A link and its other side may both have a row in the input. They are two rows with two outcomes,
// since the table of other sides may be wrong about this org. But what one of them may have removed,
// the other cannot call absent.

// elsewhere gives worker.Settings.Elsewhere: it asks for other rows of this input, and for other
// runs.
func (j *Job) elsewhere(r *report.Recorder) func(zoho.Relation, zoho.ID, []zoho.ID) []bool {
	others := &otherRuns{job: j, known: map[string]string{}, runs: map[string]*otherRun{}}
	twice := j.input.relationsOnBothSides()
	return func(of zoho.Relation, parent zoho.ID, related []zoho.ID) (open []bool) {
		if !j.conn.Emulator { // another rehearsal has another emulator
			open = others.open(of, parent, related)
		}
		if !slices.Contains(twice, of) {
			return open
		}
		if open == nil {
			open = make([]bool, len(related))
		}
		for i, id := range related {
			open[i] = open[i] || j.otherRowMayHaveRemoved(r, reader.Link{Relation: of, Parent: parent, Related: id})
		}
		return open
	}
}

// otherRowMayHaveRemoved reports whether the other side of a link is a row of the input, too, that
// was sent and has no answer, or none that can be trusted.
func (j *Job) otherRowMayHaveRemoved(r *report.Recorder, l reader.Link) bool {
	other, _ := l.OtherSide()
	pos, is := j.input.Set.Find(other)
	if !is {
		return false
	}
	switch j.book.Fate(pos).Status {
	case outcome.Unknown, outcome.Gone:
		return true
	case outcome.Pending:
		return r.Journal.Waits(pos)
	case outcome.Removed, outcome.Absent, outcome.Failed, outcome.Invalid, outcome.Duplicate, outcome.Restored, outcome.Present:
	}
	return false
}

// relationsOnBothSides are the relations whose other side is in the input, too.
func (p *Input) relationsOnBothSides() (both []zoho.Relation) {
	relations := p.Set.Relations()
	for _, c := range relations {
		other, known := zoho.OtherSide(c.Relation)
		for _, o := range relations {
			if known && o.Relation == other {
				both = append(both, c.Relation)
			}
		}
	}
	return both
}
