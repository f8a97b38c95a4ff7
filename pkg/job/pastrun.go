package job

import (
	"path/filepath"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/report"
)

// pastRun is what an earlier run or undo says of the links of this input, for a job that does not
// go on with it.
type pastRun struct {
	files   Files
	summary *report.Summary // nil if there is none
	book    *report.Book    // of the whole input: its rows about the CRM of this job
	exists  bool            // there is a result file
	older   string          // the newest results that were put aside; empty for none
	fit     fitting         // of its rows about the CRM of this job
	foreign int             // rows about another CRM
}

// readPast reads the results of an earlier run or undo into a book of the input, on top of what is
// in the book already. In a rehearsal the rows of every CRM count: its emulator is filled with them.
func (j *Job) readPast(files Files, book *report.Book) (*pastRun, error) {
	r := &pastRun{files: files, book: book}
	var err error
	if r.summary, err = report.ReadSummary(j.world.Disk, files.Summary); err != nil {
		return nil, notOurs(err)
	}
	if r.older, err = disk.Older(j.world.Disk, files.Results); err != nil {
		return nil, err
	}
	names := report.NamesOfCRM(j.answers.identity, r.summary)
	line := 1
	extent, err := report.ReadLedger(j.world.Disk, files.Results, func(row *report.Row, _ int64) error {
		line++
		if !j.isRehearsal() && names.IsStranger(row.Org) {
			r.foreign++
			return nil
		}
		r.fit.load(book, row, line)
		return nil
	})
	r.exists = extent.Exists
	if err != nil {
		return nil, notOurs(err)
	}
	return r, nil
}

// isRehearsal reports whether the job calls the emulator inside this process.
func (j *Job) isRehearsal() bool { return j.conn != nil && j.conn.Emulator }

// isOf reports whether the run had this very input. An input that got another column since is another
// one, and the results still fit it.
func (r *pastRun) isOf(in *Input) bool { return r.summary != nil && r.summary.InputSHA256 == in.SHA256 }

// orOlder makes a Refusal with a hint, and names the results of an earlier run, if some were put aside.
func (r *pastRun) orOlder(hint, format string, args ...any) *Refusal {
	refusal := refusef(hint, format, args...)
	if r.older != "" {
		refusal.Remedy, refusal.Arg = OlderResults, r.older
	}
	return refusal
}

// refusal gives the Refusal for a run whose results cannot be used; nil for any other. doing says
// what the job would do, as in "to be undone".
func (r *pastRun) refusal(in *Input, doing string) error {
	name := in.Name()
	switch {
	case !r.exists:
		return refuseFile(WhereResults, RoleResults, nil, "%s is not there, so there is no run of %s %s", r.files.Results, name, doing)
	case r.summary == nil:
		return refusef("run the input to its end first", "the summary of the run, %s, is missing", r.files.Summary)
	case r.fit.strays > 0 && !r.isOf(in):
		return r.orOlder("give the input that was run: "+filepath.Base(r.files.Summary)+" has its name and its SHA-256", "%s is not the input of the run that wrote %s", name, r.files.Results)
	case r.fit.isOfOtherLinks():
		return r.orOlder("give the same module, relation, parent record and columns as then", "%s is from a run of %s "+otherLinks, r.files.Results, name)
	case r.fit.strays > 0:
		return refusef("undo the change of the file if you can", "%s:%d: is about a link that %s does not have, though the run that wrote it had the same input", r.files.Results, r.fit.stray, name)
	case r.lost() > 0:
		return refusef("put a complete copy of the file there, or run the input again, which sends these links again",
			"%s has lost rows: %s tells of %d more", r.files.Results, r.files.Summary, r.lost())
	case r.fit.rows == 0 && r.foreign > 0:
		return refusef("log in to the org of the run: the column org of the results names it", "%s is from a run in another org", r.files.Results)
	}
	return nil
}

// lost is how many rows the results lack of which the summary tells. A run that was cut off does not
// tell, and neither does one in another CRM.
func (r *pastRun) lost() (n int) {
	if r.summary.State == outcome.Running || r.foreign > 0 {
		return 0
	}
	for _, f := range outcome.Table {
		if f.Status.InResults() {
			n += max(0, r.summary.Of(f.Status)-r.book.Count(f.Status))
		}
	}
	return n
}

// hold locks files that the job reads, so that no run changes them meanwhile.
func (j *Job) hold(parts ...part) error {
	held, err := lock(j.world.Disk, parts...)
	if err != nil {
		return err
	}
	before := j.unlock
	j.unlock = func() { held.Unlock(); before() }
	return nil
}

// rehearse makes the emulator agree with the files of the job: links that are not there any more, as
// the book says, are taken out of it. All others are there from the beginning.
func (j *Job) rehearse(book *report.Book, set *chunker.Set) {
	if !j.isRehearsal() || j.conn.SetLink == nil {
		return
	}
	for pos := range set.Rows() {
		if book.Fate(pos).Status.Claims() == outcome.NotLinked {
			l, _ := set.At(pos)
			j.conn.SetLink(l, false)
		}
	}
}
