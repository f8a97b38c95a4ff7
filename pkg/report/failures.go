package report

import (
	"io"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/reader"
)

// WriteFailures makes a file of every row of the input whose link is failed, unknown or in doubt, or that is invalid, as it stands in
// the input, with why it is here in three more columns. So it is an input itself. in is a second pass over the input that the book is
// of; verify is called behind its last row, before the file takes its place.
//
// Where no row has failed there is no file, and an older one is removed. An older one that was changed by hand
// gets a new name instead. It reports how many rows there are.
func WriteFailures(on disk.Disk, path string, in *reader.Reader, book *Book, verify func() error) (n int, err error) {
	if book.Failures() == 0 {
		if err := verify(); err != nil {
			return 0, err
		}
		_, err := disk.RemoveOwn(on, path, time.Now())
		return 0, err
	}
	_, err = disk.ReplaceOwn(on, path, time.Now(), func(w io.Writer) error {
		out := in.Header().NewWriter(w, reader.AddedColumns[:]...)
		for row, err := range in.Rows() {
			if err != nil {
				return err
			}
			f := book.fateOf(&row)
			if facts, _ := f.Status.Facts(); !facts.Bad {
				continue
			}
			n++
			out.Write(row.Raw, string(f.Status), f.Code, f.Message)
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

// fateOf is the fate of a row's link. A row that repeats an earlier line shares its fate.
func (b *Book) fateOf(row *reader.Row) Fate {
	if row.Err != nil {
		return b.invalidFate(row.Err)
	}
	pos, ok := b.set.Find(row.Link)
	if !ok {
		return Fate{Status: outcome.Pending, Message: "not sent"}
	}
	f := b.Fate(pos)
	if _, first := b.set.At(pos); first != row.Line && !f.Status.IsNotSeen() {
		f.Message = strings.TrimPrefix(f.Message+"; the same link as an earlier line", "; ")
	}
	return f
}
