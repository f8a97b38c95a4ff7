package job

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/journal"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// doubts are the links that earlier runs may have sent without leaving an outcome.
type doubts struct {
	crm zoho.Identity // of this run

	own     *journal.Past // of the result file of this run; nil if there is none
	left    map[reader.Link]zoho.Identity
	foreign []journal.Record // of other CRMs
	all     bool             // every link without a row may have been sent

	others []reader.Link // of journals beside other result files
}

// maySpeakOf reports whether what a journal has about a CRM may be about this run's.
func (d *doubts) maySpeakOf(crm zoho.Identity) bool { return d.crm.Compare(crm) != zoho.Different }

// findDoubts reads the journals that earlier runs left: that of this run's results, and those of
// other runs.
func (j *Job) findDoubts() (*doubts, error) {
	d := &doubts{crm: j.answers.identity, left: map[reader.Link]zoho.Identity{}}
	var err error
	if d.own, err = journal.Read(j.world.Disk, journal.Name(j.files.Results)); err != nil {
		return nil, notAJournal(err)
	}
	if d.own != nil {
		for i := range d.own.Records {
			r := &d.own.Records[i]
			if !d.maySpeakOf(r.CRM) {
				d.foreign = append(d.foreign, *r)
				continue
			}
			for _, l := range r.Links() {
				d.left[l] = r.CRM
			}
		}
		d.all = slices.ContainsFunc(d.own.All, d.maySpeakOf)
	}
	for _, path := range j.otherJournals() {
		d.others = append(d.others, j.doubtsOf(d, path)...)
	}
	return d, nil
}

func notAJournal(err error) error {
	var not *journal.NotAJournal
	if errors.As(err, &not) {
		return &Refusal{Err: err, Hint: "it is left as it is: move it away", Remedy: GiveOtherFiles}
	}
	return err
}

// settle takes a row of the result file that begins at a byte: an outcome of this journal's run
// takes its link out of doubt.
func (d *doubts) settle(r *report.Row, at int64) {
	if d.own == nil || d.own.Begin < 0 || at < d.own.Begin || !r.Status.IsOfLink() {
		return
	}
	if l, err := r.Link(); err == nil {
		delete(d.left, l)
	}
}

// resultsHave takes the size of the result file. If it is smaller than the journal knows, rows have
// been lost.
func (d *doubts) resultsHave(size int64) { d.all = d.all || d.own != nil && size < d.own.Size }

// applyDoubts tells the book what is in doubt.
func (j *Job) applyDoubts() {
	d := j.doubts
	if d == nil {
		return
	}
	for l := range d.left {
		j.book.Doubt(l)
	}
	for _, l := range j.input.leftUnknown {
		j.book.LeaveUnknown(l)
	}
	if j.decision == beginAnew {
		for _, l := range j.earlier.unknown {
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

// carried is what a new journal has to keep: what is in doubt as the run begins, or as it ends.
func (j *Job) carried() journal.Doubts {
	d := j.doubts
	if d == nil {
		return journal.Doubts{}
	}
	c := journal.Doubts{Records: slices.Clone(d.foreign)}
	if d.all && j.book.Pending() > 0 {
		c.All = append(c.All, d.crm)
	}
	for l, crm := range d.left { // links that this input does not have stay in doubt for the next one
		if _, ok := j.input.Set.Find(l); !ok {
			c.Records = append(c.Records, journal.Record{CRM: crm, Relation: l.Relation, Parent: l.Parent, Related: []zoho.ID{l.Related}})
		}
	}
	slices.SortFunc(c.Records, func(a, b journal.Record) int { return strings.Compare(recordKey(a), recordKey(b)) })
	if len(c.All) == 0 {
		for batch := range j.book.MayBeRemoved() {
			c.Records = append(c.Records, d.records(batch)...)
		}
	}
	return c
}

// records are those of a batch's links, by the CRM to which an earlier run may have sent them.
func (d *doubts) records(b chunker.Batch) (records []journal.Record) {
	for _, id := range b.Related {
		crm, known := d.left[reader.Link{Relation: b.Relation, Parent: b.Parent, Related: id}]
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

func recordKey(r journal.Record) string {
	return r.Relation.String() + r.Parent.String() + " " + r.Related[0].String()
}

// otherJournals finds the journals of other result files: in the folders of this run's files, and
// where runs have noted them.
func (j *Job) otherJournals() (paths []string) {
	folders := map[string]bool{}
	for _, f := range []string{j.files.Results, j.files.Failures, j.files.Summary, j.inputPath()} {
		if f == "" {
			continue
		}
		if folder := filepath.Dir(f); !folders[folder] {
			folders[folder] = true
			names, _ := j.world.Disk.Names(folder) // what cannot be listed has no journal that could be read
			for _, name := range names {
				if strings.HasSuffix(name, journal.Suffix) && strings.HasPrefix(name, ".") {
					paths = append(paths, filepath.Join(folder, name))
				}
			}
		}
	}
	if j.world.Registry != "" {
		names, _ := j.world.Disk.Names(j.world.Registry)
		for _, name := range names {
			if path := readNote(j.world.Disk, filepath.Join(j.world.Registry, name)); path != "" {
				paths = append(paths, path)
			}
		}
	}
	own := journal.Name(j.files.Results)
	slices.Sort(paths)
	return slices.DeleteFunc(slices.Compact(paths), func(path string) bool { return path == own || same(path, own) })
}

func (j *Job) inputPath() string {
	if j.config.Input == Stdin {
		return ""
	}
	return j.config.Input
}

// doubtsOf are the links in doubt of another result file's journal. A journal whose run still goes
// on is passed over: that run will record its links itself.
func (j *Job) doubtsOf(d *doubts, path string) []reader.Link {
	past, err := journal.Read(j.world.Disk, path)
	if err != nil || past == nil {
		return nil
	}
	results := filepath.Join(filepath.Dir(path), filepath.Base(past.Results)) // a path relative to another folder is of no use here
	held, err := j.world.Disk.Lock(results)
	if locked := new(disk.Locked); errors.As(err, &locked) {
		return nil
	}
	if err == nil {
		defer held.Unlock()
	}
	left := map[reader.Link]bool{}
	for i := range past.Records {
		if r := &past.Records[i]; d.maySpeakOf(r.CRM) {
			for _, l := range r.Links() {
				left[l] = true
			}
		}
	}
	_, _ = report.ReadLedger(j.world.Disk, results, func(r *report.Row, at int64) error { // a file that cannot be read settles nothing
		if past.Begin >= 0 && at >= past.Begin && r.Status.IsOfLink() {
			if l, err := r.Link(); err == nil {
				delete(left, l)
			}
		}
		return nil
	})
	var links []reader.Link
	for l := range left {
		if _, ok := j.input.Set.Find(l); ok {
			links = append(links, l)
		}
	}
	return links
}

// noteJournal notes in the registry where the journal of this run is, so that a run with other
// files finds it.
func (j *Job) noteJournal() {
	path, err := filepath.Abs(journal.Name(j.files.Results))
	if j.world.Registry == "" || err != nil {
		return
	}
	_ = j.world.Disk.Replace(j.noteName(path), func(w io.Writer) error { // runs in the same folder find it without
		_, err := io.WriteString(w, path+"\n")
		return err
	})
}

func (j *Job) forgetJournal() {
	path, err := filepath.Abs(journal.Name(j.files.Results))
	if j.world.Registry != "" && err == nil {
		_ = j.world.Disk.Remove(j.noteName(path))
	}
}

func (j *Job) noteName(path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(j.world.Registry, hex.EncodeToString(sum[:8]))
}

// readNote reads what noteJournal wrote; empty if that is not to be read.
func readNote(on disk.Disk, name string) string {
	f, err := on.Read(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<14))
	if err != nil || !strings.HasSuffix(string(b), journal.Suffix+"\n") {
		return ""
	}
	return strings.TrimSuffix(string(b), "\n")
}

// hasUnknown reports whether links are unknown, which the same command sends again.
func (j *Job) hasUnknown() bool { return j.book.Count(outcome.Unknown) > 0 }
