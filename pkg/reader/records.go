package reader

import (
	"bytes"
	"io"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/text"
)

// records finds rows and their fields. It does what gocsv does not: it knows the physical lines,
// refuses rows with too many or too few columns, and goes on behind a row that is wrong.
type records struct {
	file   string
	win    *scan.Window
	scan   scan.Scanner
	header *Header
	which  []int // the columns that the input has, as indices into canonical: those of ids, then those of names

	at   int   // where the next row begins in the window
	line int   // and on which physical line
	err  error // what ended the rows: io.EOF, or an *InputError
}

func newRecords(file string, src io.Reader) *records {
	return &records{file: file, win: &scan.Window{Src: src}, line: 1}
}

// read finds the rows of the next chunk.
func (r *records) read(c *chunk) {
	if r.at > chunkBytes { // not for each chunk: what is left has to be copied
		r.win.Drop(r.at)
		r.at = 0
	}
	c.rows, c.fields, c.base = c.rows[:0], c.fields[:0], r.at
	for r.err == nil && len(c.rows) < chunkRows && r.at-c.base < chunkBytes {
		r.readRow(c)
	}
	c.text = append(c.text[:0], r.win.Buf[c.base:r.at]...) // the window moves on
	c.cut()
	c.err = r.err
}

// readRow adds a row to a chunk, or sets err. It skips what is blank.
func (r *records) readRow(c *chunk) {
	rec, row, err := r.next()
	if err != nil {
		r.err = err
		return
	}
	rec = r.header.cutTail(rec, &r.scan)
	fields := r.scan.Fields
	switch {
	case row.Fault != nil:
		if rec.err, r.err = r.structure(rec, row.Fault); r.err != nil {
			return
		}
	case row.End-rec.start > scan.MaxRow:
		rec.err = &RowError{
			File: r.file, Line: rec.line, AtLine: rec.line, AtCol: 1, Reason: "the row is longer than 1 MiB",
			Hint: "shorten its values: no field of a record is as long as that",
		}
	case r.scan.Blank(r.win.Buf):
		return
	case len(fields) != len(r.header.Columns):
		if rec.err, r.err = r.ragged(rec, fields); r.err != nil {
			return
		}
	}
	for _, which := range r.which {
		var f scan.Field
		if rec.err == nil {
			f = fields[r.header.index[which]]
		}
		c.fields = append(c.fields, f)
	}
	c.rows = append(c.rows, rec)
}

// next finds the next row that is not a blank line. An error ends the rows: io.EOF, or an
// *InputError.
func (r *records) next() (rec record, row scan.Row, err error) {
	r.skipBlank()
	for ok := false; !ok; {
		if r.at < len(r.win.Buf) {
			row, ok = r.scan.Scan(r.win.Buf, r.at, r.win.Whole())
		}
		switch {
		case ok && row.End-r.at > scan.MaxLine:
			return rec, row, r.unreadable(scan.ErrLineTooLong)
		case ok && row.End-r.at > scan.MaxRow && row.Lines > 1:
			return rec, row, r.unreadable(scan.ErrRowTooLong)
		case ok:
		case r.at == len(r.win.Buf) && r.win.Whole():
			return rec, row, io.EOF
		case len(r.win.Buf)-r.at > scan.MaxRow && r.goesOn():
			return rec, row, r.unreadable(scan.ErrRowTooLong)
		case len(r.win.Buf)-r.at > scan.MaxLine:
			return rec, row, r.unreadable(scan.ErrLineTooLong)
		default:
			if err := r.win.Double(r.at); err != nil && err != io.EOF {
				return rec, row, r.unreadable(err)
			}
		}
	}
	rec = record{line: r.line, start: r.at, end: row.End}
	r.at = row.Next
	r.line += row.Lines
	return rec, row, nil
}

// goesOn reports whether the row whose end was not found has a line end in it. A quote that is not
// closed may have swallowed rows then; a row of one line hides none, however long it is.
func (r *records) goesOn() bool {
	return bytes.IndexByte(r.win.Buf[r.at:], r.scan.Newline) >= 0
}

// skipBlank passes over blank lines. A file can have millions of them.
func (r *records) skipBlank() {
	text, newline := r.win.Buf, r.scan.Newline
	for i := r.at; i < len(text); i++ {
		switch text[i] {
		case newline:
			r.at = i + 1
			r.line++
		case '\n':
			if r.at == i {
				r.at++ // behind a carriage return that ends lines
			}
		case ' ', '\t', '\r':
		default:
			return
		}
	}
}

// text is a row's text as it stands in the input, without its line end.
func (r *records) text(rec record) []byte { return r.win.Buf[rec.start:rec.end] }

// readHeader finds out how the input is written, reads its first row, and finds out which columns
// there are.
func (r *records) readHeader(d Dialect, opt Options) error {
	for r.win.Sample(len(text.Mark)); bytes.HasPrefix(r.win.Buf, []byte(text.Mark)); r.win.Sample(len(text.Mark)) {
		r.win.Drop(len(text.Mark)) // behind the first one, which text has taken off
	}
	if err := r.sniff(&d, opt); err != nil {
		err.File = r.file
		return err
	}
	r.scan = scan.Scanner{Comma: d.Comma, Newline: d.newline()}
	r.header = &Header{Dialect: d} // so that messages can be made
	if d.Sep != "" {
		r.at, r.line = len(d.Sep), 2
	}
	rec, row, err := r.next()
	for err == nil && row.Fault == nil && r.scan.Blank(r.win.Buf) {
		if r.at > chunkBytes { // not for each of a million blank lines
			r.win.Drop(r.at)
			r.at = 0
		}
		rec, row, err = r.next()
	}
	switch {
	case err == io.EOF:
		return &InputError{File: r.file, Line: 1, Col: 1, Cause: "the file is empty", Hint: "it needs a header and rows"}
	case err != nil:
		return err
	case row.End-rec.start > scan.MaxRow:
		return r.tooLong(rec.line)
	case row.Fault != nil:
		bad, err := r.structure(rec, row.Fault)
		if err != nil {
			return err
		}
		return &InputError{File: r.file, Line: bad.AtLine, Col: bad.AtCol, Cause: "the header is wrong: " + bad.Message(), Hint: bad.Hint}
	}
	h := &Header{Dialect: d, Raw: bytes.Clone(r.text(rec)), Line: rec.line, Columns: r.scan.Values(r.win.Buf)}
	if wrong := h.checkText(); wrong != nil {
		wrong.File = r.file
		return wrong
	}
	r.findTail(h)
	var wrong *InputError
	if opt.parents {
		wrong = h.resolveParents(opt)
	} else if wrong = h.resolve(opt, r.ahead(h)); wrong == nil {
		wrong = h.idInside()
	}
	if wrong != nil {
		wrong.File = r.file
		if why, remedy := r.misread(h, opt); why != "" && !opt.parents {
			wrong.Hint, wrong.Remedy = why, remedy
		}
		return wrong
	}
	r.take(h)
	return nil
}

// ahead looks at rows below a header.
func (r *records) ahead(h *Header) lookAhead {
	return func(fit func(values []string) bool) firstRow { return r.firstRow(h, fit) }
}

// firstRow looks for the first row that is fit, in the first MiB, and leaves all rows to be read.
func (r *records) firstRow(h *Header, fit func(values []string) bool) (first firstRow) {
	at, line := r.at, r.line
	defer func() { r.at, r.line = at, line }()
	for r.at < scan.MaxRow {
		rec, row, err := r.next()
		if err != nil {
			first.any = first.any || err != io.EOF // what cannot be read may be rows
			return first
		}
		if row.Fault == nil && r.scan.Blank(r.win.Buf) {
			continue
		}
		_ = h.cutTail(rec, &r.scan) // only the fields count here
		values := r.scan.Values(r.win.Buf)
		if first.any = first.any || !h.isRepeated(values); row.Fault == nil && len(values) == len(h.Columns) && !h.isRepeated(values) && fit(values) {
			first.values = values
			return first
		}
	}
	first.any = true // behind the first MiB, for all that is known
	return first
}

// take prepares for the rows below the header.
func (r *records) take(h *Header) {
	r.header = h
	for _, which := range [...]int{colParent, colRelated, colModule, colRelation} {
		if h.index[which] >= 0 {
			r.which = append(r.which, which)
		}
	}
}
