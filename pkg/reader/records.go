package reader

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	chunkRows  = 1024      // rows that are decoded at a time; they and their values stay in the processor's cache
	chunkBytes = 256 << 10 // and their text, if they are long
)

// records reads rows in chunks, for gocsv to decode: as a gocsv.CSVReader it gives the header and the rows of one chunk,
// cut down to the columns that a link is made of, under their canonical names. What gocsv does not do is done here: it
// counts records for lines, takes ragged rows, and gives up at the first error.
type records struct {
	file   string
	win    *window
	csv    *csv.Reader
	header *Header
	which  []int // the columns that the input has, as indices into canonical

	values [][]string // the header for gocsv, then a chunk's rows; nil for a row that cannot be used
	slab   []string   // what the rows of values are cut from
	rows   []record   // the same rows
	line   int        // of the last row
	isText bool       // the chunk is text, as nearly all are: no need to look at each row
	any    bool       // the input has rows
	err    error      // what ended the rows: io.EOF, or an *InputError
}

// record is where a row stands in the input, and what is wrong with its structure.
type record struct {
	line       int
	start, end int64
	err        *RowError
}

func newRecords(file string, src io.Reader) *records {
	win := &window{src: src}
	c := csv.NewReader(bufio.NewReaderSize(win, 64<<10))
	c.ReuseRecord = true
	c.FieldsPerRecord = -1 // counted here, so that a ragged row is one wrong row
	return &records{file: file, win: win, csv: c}
}

// Read is of no use to gocsv's decoding in chunks.
func (r *records) Read() ([]string, error) { return nil, errors.ErrUnsupported }

// ReadAll reads one chunk. It gives no errors: they are in rows and err, so that the rows before an error count.
func (r *records) ReadAll() ([][]string, error) {
	first := r.csv.InputOffset()
	r.win.release(first)
	r.rows, r.values = r.rows[:0], r.values[:1]
	for r.err == nil && len(r.rows) < chunkRows && r.win.row-first < chunkBytes {
		r.readRow()
	}
	_, bad := badText(r.win.text(first, r.csv.InputOffset()))
	r.isText = bad == nil
	return r.values, nil
}

// readRow adds a row to the chunk, or sets err. It skips a line that is blank to the eye.
func (r *records) readRow() {
	rec, fields, wrong, err := r.next()
	switch {
	case err == io.EOF && !r.any:
		r.err = &InputError{File: r.file, Line: r.header.Line, Col: 1, Cause: "there are no rows below the header"}
		return
	case err == io.EOF:
		r.err = err
		return
	case err != nil:
		r.err = r.unreadable(rec, err)
		return
	case wrong != nil:
		if rec.err, r.err = r.structure(rec, wrong, len(fields)); r.err != nil {
			return
		}
		fields = nil
	case r.isBlank(rec, fields):
		return
	case len(fields) != len(r.header.Columns):
		rec.err = r.ragged(rec, len(fields))
		fields = nil
	}
	r.any = true
	if fields != nil {
		at := len(r.rows) * len(r.which)
		values := r.slab[at : at : at+len(r.which)]
		for _, which := range r.which {
			values = append(values, fields[r.header.index[which]])
		}
		fields = values
	}
	r.values = append(r.values, fields)
	r.rows = append(r.rows, rec)
}

// next reads a row. What is wrong with its structure is no error of the input's.
func (r *records) next() (rec record, fields []string, wrong *csv.ParseError, err error) {
	rec.start = r.csv.InputOffset()
	r.win.row = rec.start
	fields, err = r.csv.Read()
	rec.end = r.csv.InputOffset()
	rec.line = r.line + 1
	if err != nil {
		if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
			rec.line, wrong, err = parse.StartLine, parse, nil
		}
	} else {
		rec.line, _ = r.csv.FieldPos(0)
	}
	if err == nil {
		r.line = rec.line
	}
	return rec, fields, wrong, err
}

// isBlank reports whether a row is a line with nothing but spaces: encoding/csv skips only empty ones.
func (r *records) isBlank(rec record, fields []string) bool {
	return len(fields) == 1 && len(bytes.TrimSpace(r.text(rec))) == 0
}

// text is a row's text as it stands in the input, without its line end.
func (r *records) text(rec record) []byte { return trimRow(r.win.text(rec.start, rec.end)) }

// structure tells a row that breaks the rules of quoting from a quote that has swallowed rows: behind that one, what
// looks like a row may be the inside of a value.
func (r *records) structure(rec record, wrong *csv.ParseError, field int) (*RowError, error) {
	raw := r.text(rec)
	fields, open := splitFields(nil, raw, r.comma())
	field = min(field, len(fields)-1)
	start := fields[field].start
	line, col := lineCol(raw, start, rec.line)
	switch {
	case open:
		return nil, &InputError{
			File: r.file, Line: line, Col: col,
			Cause: "the quote that opens here is never closed, and swallows the rest of the file",
			Hint:  "close it, or double it if it is part of the value",
		}
	case wrong.Line != wrong.StartLine:
		return nil, &InputError{
			File: r.file, Line: line, Col: col,
			Cause: fmt.Sprintf("the quote that opens here has swallowed lines: in line %d, text follows the quote that closes it", wrong.Line),
			Hint:  "close it where its value ends, or double it if it is part of the value",
		}
	}
	reason := "has a quote in it, but does not begin with one"
	if wrong.Err == csv.ErrQuote {
		reason = "has text behind its closing quote"
	}
	return &RowError{
		File: r.file, Line: rec.line, AtLine: wrong.Line, AtCol: wrong.Column,
		Column: r.columnName(field), Number: field + 1, Value: shorten(string(raw[start:fields[field].end])),
		Reason: reason, Hint: "put the value in quotes, and double the quotes that are part of it",
	}, nil
}

func (r *records) ragged(rec record, columns int) *RowError {
	e := &RowError{
		File: r.file, Line: rec.line, AtLine: rec.line, AtCol: 1,
		Reason: fmt.Sprintf("the row has %d columns, the header has %d", columns, len(r.header.Columns)),
		Hint:   "a value with a comma in it needs quotes around it",
	}
	if n := bytes.Count(r.text(rec), []byte("\n")); n > 0 {
		e.Reason += fmt.Sprintf("; it goes on to line %d", rec.line+n)
		e.Hint = "perhaps a quote that is not closed has swallowed the lines below it"
	}
	return e
}

// unreadable is for what is no matter of CSV: the source failed, or gave too much.
func (r *records) unreadable(rec record, err error) error {
	if err == errRowTooLong {
		return &InputError{
			File: r.file, Line: rec.line, Col: 1, Cause: "the row that begins here is longer than 1 MiB",
			Hint: "perhaps a quote that is not closed has swallowed the rows below it",
		}
	}
	return &InputError{File: r.file, Line: rec.line, Cause: "cannot be read further", Err: err}
}

// valueError is for a value that cannot be used, in the field of that index.
func (r *records) valueError(rec record, field int, name string, p *problem) *RowError {
	raw := r.text(rec)
	fields, _ := splitFields(nil, raw, r.comma())
	f := fields[field]
	line, col := lineCol(raw, f.start, rec.line)
	return &RowError{
		File: r.file, Line: rec.line, AtLine: line, AtCol: col,
		Column: name, Number: field + 1, Value: shorten(unquote(raw[f.start:f.end])), Reason: p.reason, Hint: p.hint,
	}
}

// textError is for a row that is not text, or nil.
func (r *records) textError(rec record, raw []byte) *RowError {
	if r.isText {
		return nil
	}
	at, p := badText(raw)
	if p == nil {
		return nil
	}
	fields, _ := splitFields(nil, raw, r.comma())
	field := 0
	for field < len(fields)-1 && fields[field].end < at {
		field++
	}
	e := r.valueError(rec, field, r.columnName(field), p)
	e.AtLine, e.AtCol = lineCol(raw, at, rec.line)
	return e
}

func (r *records) comma() byte { return byte(r.csv.Comma) }

// columnName is a column's name for messages, its number where it has none.
func (r *records) columnName(field int) string {
	if r.header == nil || field >= len(r.header.Columns) {
		return fmt.Sprintf("column %d", field+1)
	}
	if which := slices.Index(r.header.index[:], field); which >= 0 {
		return canonical[which]
	}
	return plain(r.header.Columns[field])
}

// unquote is the value of a field.
func unquote(text []byte) string {
	if len(text) < 2 || text[0] != '"' {
		return string(text)
	}
	return string(bytes.ReplaceAll(text[1:len(text)-1], []byte(`""`), []byte(`"`)))
}

// readHeader reads the first row, and finds out which columns there are.
func (r *records) readHeader(opt Options, bom bool) error {
	rec, names, wrong, err := r.next()
	for err == nil && wrong == nil && r.isBlank(rec, names) {
		r.win.release(rec.end)
		rec, names, wrong, err = r.next()
	}
	switch {
	case err == io.EOF:
		return &InputError{File: r.file, Line: 1, Col: 1, Cause: "the file is empty", Hint: "it needs a header and rows"}
	case err != nil:
		return r.unreadable(rec, err)
	case wrong != nil:
		row, err := r.structure(rec, wrong, len(names))
		if err != nil {
			return err
		}
		return &InputError{File: r.file, Line: row.AtLine, Col: row.AtCol, Cause: "the header is wrong: " + row.Message(), Hint: row.Hint}
	}
	all := r.win.text(rec.start, rec.end)
	h := &Header{Raw: bytes.Clone(r.text(rec)), Line: rec.line, Comma: r.comma(), LineEnd: "\n", BOM: bom}
	if string(lineEnd(all)) == "\r\n" {
		h.LineEnd = "\r\n"
	}
	for _, name := range names {
		h.Columns = append(h.Columns, string([]byte(name)))
	}
	if at, p := badText(h.Raw); p != nil {
		line, col := lineCol(h.Raw, at, h.Line)
		return &InputError{File: r.file, Line: line, Col: col, Cause: "the header " + p.reason, Hint: p.hint}
	}
	if at := bareReturn(h.Raw); at >= 0 {
		line, col := lineCol(h.Raw, at, h.Line)
		return &InputError{
			File: r.file, Line: line, Col: col, Cause: "the lines end in bare carriage returns",
			Hint: "save it again with the line ends of Unix (LF) or Windows (CRLF)",
		}
	}
	fields, _ := splitFields(nil, h.Raw, h.Comma)
	if err := h.resolve(opt, fields); err != nil {
		err.File = r.file
		return err
	}
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
	r.rows = make([]record, 0, chunkRows)
	return nil
}

// bareReturn is where the text has a carriage return that is not part of a line end, or -1.
func bareReturn(raw []byte) int {
	for i, c := range raw {
		if c == '\r' && (i+1 == len(raw) || raw[i+1] != '\n') {
			return i
		}
	}
	return -1
}
