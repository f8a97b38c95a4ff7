package job

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"delink/pkg/chunker"
	"delink/pkg/journal"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// doubts are the links in doubt: earlier runs may have sent them, and left no outcome.
type doubts struct {
	crm zoho.Identity // of this run

	own     unsettled        // of the journal of this run's result file
	foreign []journal.Record // of the same journal, sent to other CRMs
	all     bool             // every link without a row in the result file is in doubt
	// unread says that the journal cannot be read, and is to be put aside.
	unread bool

	others []reader.Link // of journals that belong to other result files

	lost  []string // how journals were lost or damaged, so that all is true
	notes []string // files in the registry about journals that are lost
}

// lose notes that nobody knows which links a journal had.
func (d *doubts) lose(format string, args ...any) {
	d.all = true
	d.lost = append(d.lost, fmt.Sprintf(format, args...))
}

// unsettled are the links of a journal that have no later outcome in its result file.
type unsettled struct {
	past  *journal.Past // nil if there is no journal
	links map[reader.Link]zoho.Identity
}

// isOwn reports whether a journal's record of a CRM may be about the CRM of this run.
func (d *doubts) isOwn(crm zoho.Identity) bool { return d.crm.Compare(crm) != zoho.Different }

// unsettledOf gives the links of a journal that may have been sent to this run's CRM, and the
// records of other CRMs. past may be nil.
func (d *doubts) unsettledOf(past *journal.Past) (u unsettled, foreign []journal.Record) {
	u = unsettled{past: past, links: map[reader.Link]zoho.Identity{}}
	if past == nil {
		return u, nil
	}
	for i := range past.Records {
		r := &past.Records[i]
		if !d.isOwn(r.CRM) {
			foreign = append(foreign, *r)
			continue
		}
		for _, l := range r.Links() {
			u.links[l] = r.CRM
		}
	}
	return u, foreign
}

// settle takes a row of the result file that begins at a byte. If the row is an outcome of the run
// that the journal is from, its link is not in doubt.
func (u *unsettled) settle(r *report.Row, at int64) {
	if u.past == nil || u.past.Begin < 0 || at < u.past.Begin || !r.Status.IsOfLink() {
		return
	}
	if l, err := r.Link(); err == nil {
		delete(u.links, l)
	}
}

// findDoubts reads the journals that earlier runs left: that of this run's result file, and those
// of other result files.
func (j *Job) findDoubts() (*doubts, error) {
	d := &doubts{crm: j.answers.identity}
	past, err := journal.Read(j.world.Disk, j.journal().Path)
	if not := new(journal.NotAJournal); errors.As(err, &not) {
		if !j.config.Restart {
			return nil, &Refusal{Err: err, Remedy: BeginAnewInDoubt}
		}
		// Nobody knows what the lines said that cannot be read.
		past, err = not.Rest, nil
		d.unread = true
		d.lose("%s cannot be read, and is kept under a new name", not.Path)
	}
	if err != nil {
		return nil, err
	}
	d.own, d.foreign = d.unsettledOf(past)
	d.all = d.all || past != nil && slices.ContainsFunc(past.All, d.isOwn)
	if past != nil && past.Damaged {
		d.lose("%s is damaged", j.journal().Path)
	}
	if j.work.hasRivals {
		for _, path := range j.otherJournals(map[string]string{}) {
			d.others = append(d.others, j.doubtsOf(d, path)...)
		}
		j.findLost(d)
	}
	return d, nil
}

// resultsHave takes the size of the result file. If it is smaller than the journal says, rows have
// been lost, and nobody knows of which links.
func (d *doubts) resultsHave(size int64) {
	d.all = d.all || d.own.past != nil && size < d.own.past.Size
}

// applyDoubts tells the book what is in doubt.
func (j *Job) applyDoubts() {
	d := j.doubts
	if d == nil {
		return
	}
	for l := range d.own.links {
		j.book.Doubt(l)
	}
	for _, l := range j.input.leftUnknown {
		j.book.LeaveUnknown(l)
	}
	if j.decision == beginAnew {
		for _, l := range j.earlier.maybeRemoved {
			j.book.LeaveUnknown(l)
		}
	}
	for _, l := range slices.Concat(d.others, j.input.inDoubt) {
		j.book.DoubtIfClear(l)
	}
	if d.all {
		j.book.DoubtAllPending()
	}
}

// stillInDoubt is what a new journal has to begin with, and what it has to keep when the run ends.
func (j *Job) stillInDoubt() journal.Doubts {
	d := j.doubts
	if d == nil {
		return journal.Doubts{}
	}
	left := journal.Doubts{Records: slices.Clone(d.foreign)}
	if d.all && j.book.Pending() > 0 {
		left.All = append(left.All, d.crm)
	}
	for l, crm := range d.own.links { // this run does not send links that its input does not have
		if _, ok := j.input.Set.Find(l); !ok {
			r := journal.Record{CRM: crm, Relation: l.Relation, Parent: l.Parent, Related: []zoho.ID{l.Related}}
			left.Records = append(left.Records, r)
		}
	}
	slices.SortFunc(left.Records, func(a, b journal.Record) int { return strings.Compare(recordKey(a), recordKey(b)) })
	if len(left.All) == 0 {
		for batch := range j.book.MayBeRemoved() {
			left.Records = append(left.Records, d.records(batch)...)
		}
	}
	return left
}

// records gives the records of a batch's links. There is one for each CRM to which an earlier run
// may have sent some of them.
func (d *doubts) records(b chunker.Batch) (records []journal.Record) {
	for _, id := range b.Related {
		crm, known := d.own.links[reader.Link{Relation: b.Relation, Parent: b.Parent, Related: id}]
		if !known {
			crm = d.crm
		}
		i := slices.IndexFunc(records, func(r journal.Record) bool { return r.CRM == crm })
		if i < 0 {
			i = len(records)
			records = append(records, journal.Record{CRM: crm, Relation: b.Relation, Parent: b.Parent})
		}
		records[i].Related = append(records[i].Related, id)
	}
	return records
}

// recordKey orders records, so that the same links always make the same journal.
func recordKey(r journal.Record) string {
	return r.Relation.String() + r.Parent.String() + " " + r.Related[0].String()
}
