package job

import "delink/pkg/report"

// fitting says how well the rows of a result file fit an input.
type fitting struct {
	rows   int // all of them
	strays int // those that do not fit
	stray  int // the line of the first of these

	links, fits int // rows about links that are no duplicates, and how many of these fit
}

// load gives a row, which is on a line of the result file, to the book of the input.
func (f *fitting) load(book *report.Book, row *report.Row, line int) {
	fits := book.Load(row)
	f.rows++
	if row.Status.IsOfLink() {
		f.links++
		if fits {
			f.fits++
		}
	}
	if fits {
		return
	}
	if f.strays++; f.strays == 1 {
		f.stray = line
	}
}

// isOfOtherLinks reports whether the rows are about other links altogether. If the run had the same
// input, then another module, relation or parent record was given for all rows.
func (f *fitting) isOfOtherLinks() bool { return f.links > 0 && f.fits == 0 }
