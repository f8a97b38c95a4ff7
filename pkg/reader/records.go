package reader

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/text"
	"delink/pkg/reader/value"
)

const (
	chunkRows  = 1024      // rows that are decoded at a time; they and their values stay in the processor's cache
	chunkBytes = 256 << 10 // and their text, if they are long
)

// records reads rows in chunks, for gocsv to decode. As a gocsv.CSVReader it gives the header and
// the rows of one chunk, cut down to the columns that a link needs, under their canonical names. It
// does what gocsv does not: it knows the physical lines, refuses rows with too many or too few
// columns, and goes on behind a row that is wrong.
type records struct {
	file   string
	win    *scan.Window
	scan   scan.Scanner
	header *Header
	which  []int // the columns that the input has, as indices into canonical

	values [][]string   // the header for gocsv, then a chunk's rows; nil for a row that cannot be used
	slab   []string     // what the rows of values are cut from
	fields []scan.Field // where the values stand, as many as slab has
	rows   []record     // the same rows
	at     int          // where the next row begins in the window
	line   int          // and on which physical line
	isText bool         // the chunk is text, as nearly all are: no need to look at each row
	err    error        // what ended the rows: io.EOF, or an *InputError
}

// record is where a row stands in the window, and what is wrong with its structure.
type record struct {
	line       int
	start, end int
	err        *RowError
}

func newRecords(file string, src io.Reader) *records {
	return &records{file: file, win: &scan.Window{Src: src}, line: 1}
}

// Read is never called: gocsv decodes whole chunks.
func (r *records) Read() ([]string, error) { return nil, errors.ErrUnsupported }

// ReadAll reads one chunk. It returns no error, so that gocsv decodes the rows before one: errors
// are in rows and err.
func (r *records) ReadAll() ([][]string, error) {
	r.win.Drop(r.at)
	r.at = 0
	r.rows, r.fields = r.rows[:0], r.fields[:0]
	for r.err == nil && len(r.rows) < chunkRows && r.at < chunkBytes {
		r.readRow()
	}
	text := r.win.Buf[:r.at]
	_, bad := r.header.badText(text)
	r.isText = bad == nil
	r.cut(string(text))
	return r.values, nil
}

// cut makes values of the chunk's fields.
func (r *records) cut(text string) {
	r.values = r.values[:1]
	n := len(r.which)
	for i, rec := range r.rows {
		var row []string
		if rec.err == nil {
			row = r.slab[i*n : (i+1)*n : (i+1)*n]
			for k, f := range r.fields[i*n : (i+1)*n] {
				row[k] = text[f.Start:f.End]
				if f.Start < f.End && text[f.Start] == '"' {
					row[k] = strings.ReplaceAll(text[f.Start+1:f.End-1], `""`, `"`)
				}
			}
		}
		r.values = append(r.values, row)
	}
}

// readRow adds a row to the chunk, or sets err. It skips what is blank.
func (r *records) readRow() {
	rec, row, err := r.next()
	if err != nil {
		r.err = err
		return
	}
	r.header.cutTail(&rec, &r.scan)
	fields := r.scan.Fields
	switch {
	case row.Fault != scan.Sound:
		if rec.err, r.err = r.structure(rec, row); r.err != nil {
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
		r.fields = append(r.fields, f)
	}
	r.rows = append(r.rows, rec)
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

// isRepeated reports whether a row that cannot be used is the header again, or Excel's line before
// it, as in files that were joined from several. A byte order mark or ^Z of the joined files may
// stand before it.
func (r *records) isRepeated(rec record) bool {
	raw := bytes.TrimLeft(r.text(rec), "\ufeff"+string(value.EndOfFile))
	if r.header.Sep != "" && string(raw) == strings.TrimRight(r.header.Sep, "\r\n") {
		return true
	}
	s := scan.Scanner{Comma: r.header.Comma, Newline: r.header.newline()}
	if row, ok := s.Scan(raw, 0, true); !ok || row.Fault != scan.Sound {
		return false
	}
	return r.header.isRepeated(s.Values(raw))
}

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
	for err == nil && row.Fault == scan.Sound && r.scan.Blank(r.win.Buf) {
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
	case row.Fault != scan.Sound:
		bad, err := r.structure(rec, row)
		if err != nil {
			return err
		}
		return &InputError{File: r.file, Line: bad.AtLine, Col: bad.AtCol, Cause: "the header is wrong: " + bad.Message(), Hint: bad.Hint}
	}
	h := &Header{Dialect: d, Raw: bytes.Clone(r.text(rec)), Line: rec.line, Columns: r.scan.Values(r.win.Buf)}
	if at, p := d.badText(h.Raw); p != nil {
		line, col := h.lineCol(h.Raw, at, h.Line)
		return &InputError{File: r.file, Line: line, Col: col, Cause: "the header " + p.Reason, Hint: p.Hint}
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
		if row.Fault == scan.Sound && r.scan.Blank(r.win.Buf) {
			continue
		}
		h.cutTail(&rec, &r.scan)
		values := r.scan.Values(r.win.Buf)
		if first.any = first.any || !h.isRepeated(values); row.Fault == scan.Sound && len(values) == len(h.Columns) && !h.isRepeated(values) && fit(values) {
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
	keys := make([]string, 0, numColumns)
	for which, index := range h.index {
		if index >= 0 {
			r.which = append(r.which, which)
			keys = append(keys, canonical[which])
		}
	}
	r.values = append(make([][]string, 0, chunkRows+1), keys)
	r.slab = make([]string, chunkRows*len(keys))
	r.fields = make([]scan.Field, 0, chunkRows*len(keys))
	r.rows = make([]record, 0, chunkRows)
}
