package report

import (
	"io"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/reader"
)

// WriteFailures writes the rows of the input whose link is failed, unknown or in doubt, and those
// that cannot be used. Each row is as in the input. Behind it are the canonical columns that the
// input lacks, and three columns that say what became of the link. So the file is an input itself,
// and needs no Options to be read.
//
// in reads the input of the book a second time. verify is called after its last row: if it returns
// an error, the older file stays. If there is no such row, no file is written, and an older one is
// removed. An older file that was changed by hand gets a new name instead. WriteFailures returns
// the number of rows.
func WriteFailures(on disk.Disk, path string, in *reader.Reader, book *Book, verify func() error) (n int, err error) {
	if book.Failures() == 0 {
		if err := verify(); err != nil {
			return 0, err
		}
		_, err := disk.RemoveOwn(on, path, time.Now())
		return 0, err
	}
	bad := book.badLines()
	_, err = disk.ReplaceOwn(on, path, time.Now(), func(w io.Writer) error {
		out := in.Header().NewWriter(w, append(in.Header().Lacking(), reader.AddedColumns[:]...)...)
		for row, err := range in.Rows() {
			if err != nil {
				return err
			}
			if row.Err == nil && !bad.has(row.Line) { // nearly all rows, and it takes long to find them in the book
				continue
			}
			f := book.fateOf(row)
			if !f.Status.IsBad() {
				continue
			}
			n++
			out.Write(row.Raw, append(in.Lacking(row), string(f.Status), f.Code, f.Message)...)
		}
		if err := verify(); err != nil {
			return err
		}
		return out.Flush()
	})
	return n, err
}

// Failures is how many links failed, are unknown or in doubt, and how many rows are invalid.
func (b *Book) Failures() int {
	n := len(b.InDoubt())
	for _, f := range outcome.Table {
		if f.Bad {
			n += b.Count(f.Status)
		}
	}
	return n
}

// badLines gives the lines of rows whose link failed, is unknown or in doubt.
func (b *Book) badLines() (lines positions) {
	bad := make([]bool, len(b.fates))
	for n, f := range b.fates {
		bad[n] = f.Status.IsBad()
	}
	last := 0
	for pos := range b.known {
		last = max(last, b.set.Line(pos))
	}
	isBad := false // of the link, for each of its rows
	for pos, n := range b.known {
		if !b.set.IsDuplicate(pos) {
			isBad = bad[n] || n == 0 && b.History(pos).MayBeRemoved()
		}
		if isBad {
			lines.add(b.set.Line(pos), last+1)
		}
	}
	return lines
}

// fateOf gives the fate of a row's link. A row that repeats an earlier line has the same fate.
func (b *Book) fateOf(row *reader.Row) Fate {
	if row.Err != nil {
		return b.invalidFate(row.Err)
	}
	pos, ok := b.set.Find(row.Link)
	if !ok {
		return Fate{Status: outcome.Pending, Message: "not sent"}
	}
	f := b.Fate(pos)
	if b.set.Line(pos) != row.Line && f.Status.Claims() != outcome.NotLinked {
		f.Message = strings.TrimPrefix(f.Message+"; the same link as an earlier line", "; ")
	}
	return f
}
