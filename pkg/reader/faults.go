package reader

import (
	"bytes"
	"fmt"
	"slices"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/text"
)

// structure says what is wrong with the quotes of a row. If the fault may have swallowed other
// rows, the error ends the input: what looks like a row below it may be the inside of a value.
func (r *records) structure(rec record, fault *scan.Fault) (*RowError, error) {
	raw := r.text(rec)
	f := r.scan.Fields[fault.Field]
	d := &r.header.Dialect
	line, col := d.lineCol(raw, f.Start-rec.start, rec.line)
	atLine, atCol := d.lineCol(raw, fault.At-rec.start, rec.line)
	switch {
	case fault.Kind == scan.NeverClosed:
		return nil, &InputError{
			File: r.file, Line: line, Col: col,
			Cause: "the quote that opens here is never closed, and makes the rest of the file one value",
			Hint:  "close it, or double it if it is part of the value",
		}
	case atLine != line:
		return nil, &InputError{
			File: r.file, Line: line, Col: col,
			Cause: fmt.Sprintf("the quote that opens here goes on over several lines: in line %d, text follows the quote that closes it", atLine),
			Hint:  "close it where its value ends, or double it if it is part of the value",
		}
	case fault.Opens > 0: // the next line may be a part of that value, and must not be taken for a link
		openLine, openCol := d.lineCol(raw, fault.Opens-rec.start, rec.line)
		return nil, &InputError{
			File: r.file, Line: openLine, Col: openCol,
			Cause: fmt.Sprintf("delink cannot tell where this row ends: the quotes of column %d are wrong, and the line does not close the one that opens here", fault.Field+1),
			Hint:  "put the values in quotes, and double the quotes that are part of them",
		}
	}
	reason := "has a quote in it, but does not begin with one"
	if fault.Kind == scan.TextBehind {
		reason = "has text behind its closing quote"
	}
	return &RowError{
		File: r.file, Line: rec.line, AtLine: atLine, AtCol: atCol,
		Column: r.header.columnName(fault.Field), Number: fault.Field + 1, Value: shorten(d.encoding.Shown(string(r.win.Buf[f.Start:f.End]))),
		Reason: reason, Hint: "put the value in quotes, and double the quotes that are part of it",
	}, nil
}

// delimiterInValue is what messages call one delimiter.
var delimiterInValue = map[byte]string{',': "a comma", ';': "a semicolon", '\t': "a tab", '|': "a bar"}

// ragged says what is wrong with a row that has more or fewer columns than the header.
func (r *records) ragged(rec record, fields []scan.Field) (*RowError, error) {
	columns := len(fields)
	if at := r.swallows(fields); at > 0 {
		line, col := r.header.lineCol(r.text(rec), at-rec.start, rec.line)
		return nil, &InputError{
			File: r.file, Line: line, Col: col,
			Cause: fmt.Sprintf("delink cannot tell where the row of line %d ends: the quote that closes its value here may be the one that opens the next", rec.line),
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
		e.Hint = "perhaps a quote that is not closed has joined the lines below to this one"
	}
	return e, nil
}

// swallows is the offset of a closing quote that was probably meant to open a value, or 0 if there
// is none. Such a quote ends a value of several lines and stands directly behind a delimiter. If
// the row has a wrong number of columns too, the lines below it may belong to the value that the
// quote opens, and must not be taken for links.
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

// unreadable is the error of a source that failed, or whose rows are too long.
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

// tooLong is the error of a row over several lines that is longer than a row can be.
func (r *records) tooLong(line int) *InputError {
	return &InputError{
		File: r.file, Line: line, Col: 1, Cause: "the row that begins here is longer than 1 MiB",
		Hint: "perhaps a quote that is not closed has joined the rows below to this one",
	}
}

// columnName is what messages call a column: its name, or its number if it is beyond the header.
func (h *Header) columnName(index int) string {
	if index >= len(h.Columns) {
		return fmt.Sprintf("column %d", index+1)
	}
	if which := slices.Index(h.index[:], index); which >= 0 {
		return h.nameOf(which)
	}
	return plain(h.Columns[index])
}

// nameOf is what messages call a column that a part of a link is in: the part's canonical name, and
// in brackets the name in the file where that is another.
func (h *Header) nameOf(which int) string {
	index := h.index[which]
	if index < 0 || !h.isMapped(which) {
		return canonical[which]
	}
	return canonical[which] + " (" + plain(h.Columns[index]) + ")"
}

// lineCol is the physical line and the byte in it of raw[at], where raw[0] is the first byte of the
// given line.
func (d *Dialect) lineCol(raw []byte, at, line int) (int, int) {
	before, newline := raw[:at], d.newline()
	return line + bytes.Count(before, []byte{newline}), at - bytes.LastIndexByte(before, newline)
}
