package reader

import (
	"bytes"
	"fmt"
	"slices"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/text"
	"delink/pkg/reader/value"
)

// structure tells a row that breaks the rules of quoting from a quote that has swallowed rows: behind that one, what
// looks like a row may be the inside of a value.
func (r *records) structure(rec record, row scan.Row) (*RowError, error) {
	raw := r.text(rec)
	f := r.scan.Fields[row.Field]
	d := &r.header.Dialect
	line, col := d.lineCol(raw, f.Start-rec.start, rec.line)
	atLine, atCol := d.lineCol(raw, row.At-rec.start, rec.line)
	switch {
	case row.Fault == scan.NeverClosed:
		return nil, &InputError{
			File: r.file, Line: line, Col: col,
			Cause: "the quote that opens here is never closed, and swallows the rest of the file",
			Hint:  "close it, or double it if it is part of the value",
		}
	case atLine != line:
		return nil, &InputError{
			File: r.file, Line: line, Col: col,
			Cause: fmt.Sprintf("the quote that opens here has swallowed lines: in line %d, text follows the quote that closes it", atLine),
			Hint:  "close it where its value ends, or double it if it is part of the value",
		}
	case row.Opens > 0: // the next line may be a part of that value: it must not be taken for a link
		openLine, openCol := d.lineCol(raw, row.Opens-rec.start, rec.line)
		return nil, &InputError{
			File: r.file, Line: openLine, Col: openCol,
			Cause: fmt.Sprintf("it cannot be told where this row ends: the quotes of column %d are wrong, and the line does not close the one that opens here", row.Field+1),
			Hint:  "put the values in quotes, and double the quotes that are part of them",
		}
	}
	reason := "has a quote in it, but does not begin with one"
	if row.Fault == scan.TextBehind {
		reason = "has text behind its closing quote"
	}
	return &RowError{
		File: r.file, Line: rec.line, AtLine: atLine, AtCol: atCol,
		Column: r.columnName(row.Field), Number: row.Field + 1, Value: shorten(string(r.win.Buf[f.Start:f.End])),
		Reason: reason, Hint: "put the value in quotes, and double the quotes that are part of it",
	}, nil
}

// delimiterInValue says what to do if a value has the delimiter in it.
var delimiterInValue = map[byte]string{',': "a comma", ';': "a semicolon", '\t': "a tab", '|': "a bar"}

// ragged is for a row that has not as many columns as the header.
func (r *records) ragged(rec record, fields []scan.Field) (*RowError, error) {
	columns := len(fields)
	if at := r.swallows(fields); at > 0 {
		line, col := r.header.lineCol(r.text(rec), at-rec.start, rec.line)
		return nil, &InputError{
			File: r.file, Line: line, Col: col,
			Cause: fmt.Sprintf("it cannot be told where the row of line %d ends: the quote that closes its value here may be the one that opens the next", rec.line),
			Hint:  "look for a quote above that is not closed: put the values in quotes, and double the quotes that are part of them",
		}
	}
	e := &RowError{
		File: r.file, Line: rec.line, AtLine: rec.line, AtCol: 1,
		Reason: fmt.Sprintf("the row has %s, the header has %d", counted(columns), len(r.header.Columns)),
		Hint:   "a value with " + delimiterInValue[r.header.Comma] + " in it needs quotes around it",
	}
	if columns < len(r.header.Columns) {
		e.Hint = "a value, or " + delimiterInValue[r.header.Comma] + " between two, is missing: where a value is empty, its place has to be there all the same"
	}
	if last, _ := r.header.lineCol(r.text(rec), rec.end-rec.start, rec.line); last > rec.line {
		e.Reason += fmt.Sprintf("; it goes on to line %d", last)
		e.Hint = "perhaps a quote that is not closed has swallowed the lines below it"
	}
	return e, nil
}

// swallows is where a value that goes over several lines ends with a quote that stands where one opens a value: behind a delimiter.
// In a row with a wrong number of columns it may be just that; the lines below are then a part of that value, and must not be
// taken for links. 0 if there is none.
func (r *records) swallows(fields []scan.Field) int {
	text := r.win.Buf
	for _, f := range fields {
		last := f.End - 1
		if f.End-f.Start > 2 && text[f.Start] == '"' && text[last] == '"' && text[last-1] == r.header.Comma && bytes.IndexByte(text[f.Start:last], r.header.newline()) >= 0 {
			return last
		}
	}
	return 0
}

func counted(columns int) string {
	if columns == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", columns)
}

// unreadable is for what is no matter of CSV: the source failed, or gave too much.
func (r *records) unreadable(err error) error {
	switch err {
	case scan.ErrRowTooLong:
		return r.tooLong(r.line)
	case scan.ErrLineTooLong:
		return &InputError{
			File: r.file, Line: r.line, Col: 1, Cause: "the line is longer than 16 MiB",
			Hint: "the file may have other line ends than line feeds, or be no text: export it again",
		}
	}
	return &InputError{File: r.file, Line: r.line, Cause: "cannot be read further", Err: err, Hint: text.HintRead(err)}
}

// tooLong is for a row over several lines that is longer than a row can be.
func (r *records) tooLong(line int) *InputError {
	return &InputError{
		File: r.file, Line: line, Col: 1, Cause: "the row that begins here is longer than 1 MiB",
		Hint: "perhaps a quote that is not closed has swallowed the rows below it",
	}
}

// valueError is for a value that cannot be used, in the field of that index.
func (r *records) valueError(rec record, index int, name string, p *value.Problem) *RowError {
	raw := r.text(rec)
	f := r.scan.Split(raw)[index]
	line, col := r.header.lineCol(raw, f.Start, rec.line)
	return &RowError{
		File: r.file, Line: rec.line, AtLine: line, AtCol: col,
		Column: name, Number: index + 1, Value: shorten(scan.Unquote(raw[f.Start:f.End])), Reason: p.Reason, Hint: p.Hint,
	}
}

// textError is for a row that is not text, or nil.
func (r *records) textError(rec record) *RowError {
	if r.isText {
		return nil
	}
	raw := r.text(rec)
	at, p := r.header.badText(raw)
	if p == nil {
		return nil
	}
	// What an earlier run has added is no part of the input, and will be replaced.
	if own := r.header.Own(raw); len(own) != len(raw) {
		if _, inOwn := r.header.badText(own); inOwn == nil {
			return nil
		}
	}
	fields := r.scan.Split(raw)
	index := 0
	for index < len(fields)-1 && fields[index].End < at {
		index++
	}
	e := r.valueError(rec, index, r.columnName(index), p)
	e.AtLine, e.AtCol = r.header.lineCol(raw, at, rec.line)
	return e
}

// columnName is a column's name for messages, its number where it has none.
func (r *records) columnName(index int) string {
	if index >= len(r.header.Columns) {
		return fmt.Sprintf("column %d", index+1)
	}
	if which := slices.Index(r.header.index[:], index); which >= 0 {
		return r.header.nameOf(which)
	}
	return plain(r.header.Columns[index])
}

// nameOf is what messages call one of the columns that a link is made of: its canonical name, and the one that it has in
// the file if that is another.
func (h *Header) nameOf(which int) string {
	index := h.index[which]
	if index < 0 || !h.isMapped(which) {
		return canonical[which]
	}
	return canonical[which] + " (" + plain(h.Columns[index]) + ")"
}

// lineCol is the physical line and the byte in it of raw[at], where raw[0] is the first byte of the given line.
func (d *Dialect) lineCol(raw []byte, at, line int) (int, int) {
	before, newline := raw[:at], d.newline()
	return line + bytes.Count(before, []byte{newline}), at - bytes.LastIndexByte(before, newline)
}
