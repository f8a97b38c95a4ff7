package scan

import (
	"bytes"

	"delink/pkg/reader/value"
)

// Field is where a field stands in a text, with its quotes and without its delimiter.
type Field struct{ Start, End int }

// Fault is the first thing that is wrong with the quotes of a row.
type Fault struct {
	Kind  Kind
	At    int // where it is
	Field int // the index of the field that has it
	Opens int // where a value opens, or may open, that the line of the fault does not close; 0 if none does
}

// Kind is what can be wrong with quotes.
type Kind int

// The kinds of faults.
const (
	BareQuote   Kind = iota // a value has a quote in it, but does not begin with one
	TextBehind              // a closing quote is followed by something else than a delimiter
	NeverClosed             // the text ends inside quotes
)

// Scanner finds the rows of a text and their fields. Package encoding/csv cannot do this: it does
// not give the text of a row as it stands, knows no lines that end in carriage returns, and after a
// wrong quote goes on in the wrong place.
type Scanner struct {
	Comma   byte
	Newline byte    // what ends a line: '\n', with '\r' before it or without, or '\r', with '\n' behind it or without
	Fields  []Field // of the row that Scan found last
}

// Row says where a row stands in the text, and what is wrong with its quotes. It has no more than
// four fields, so that the compiler keeps it in registers: copies of a larger one took a twentieth
// of the time of a plan.
type Row struct {
	End   int    // where its text ends, without the line end
	Next  int    // where the next line begins
	Lines int    // how many line ends it has, with the one behind it
	Fault *Fault // nil for sound quotes
}

// Scan finds the row that begins at from. ok is false if its end is not in the text; whole says
// that there is no more.
func (s *Scanner) Scan(text []byte, from int, whole bool) (row Row, ok bool) {
	s.Fields = s.Fields[:0]
	row, ok = s.line(text, from, whole)
	if !ok {
		return row, false
	}
	row.Lines = 1
	if bytes.IndexByte(text[from:row.End], '"') < 0 { // nearly all rows
		at := from
		for {
			n := bytes.IndexByte(text[at:row.End], s.Comma)
			if n < 0 {
				s.Fields = append(s.Fields, Field{at, row.End})
				return row, true
			}
			s.Fields = append(s.Fields, Field{at, at + n})
			at += n + 1
		}
	}
	if row, ok = s.quoted(text, from, whole); ok {
		row.Lines = bytes.Count(text[from:row.Next], []byte{s.Newline})
	}
	return row, ok
}

// line finds the end of the line that from is in, whatever quotes there are.
func (s *Scanner) line(text []byte, from int, whole bool) (row Row, ok bool) {
	n := bytes.IndexByte(text[from:], s.Newline)
	switch {
	case n < 0 && !whole:
		return row, false
	case n < 0:
		row.End, row.Next = len(text), len(text)
	default:
		row.End, row.Next = from+n, from+n+1
	}
	for s.Newline == '\r' && row.Next < len(text) && text[row.Next] == '\n' {
		row.Next++
	}
	if s.Newline == '\r' && row.Next == len(text) && !whole {
		return row, false
	}
	for s.Newline == '\n' && row.End > from && text[row.End-1] == '\r' {
		row.End--
	}
	return row, true
}

// Split finds the fields of a row's text.
func (s *Scanner) Split(raw []byte) []Field {
	s.Scan(raw, 0, true)
	return s.Fields
}

// Blank reports whether the row that Scan found last has no values: a blank line, or what a
// spreadsheet writes for a row that was emptied, ;;; or "","".
func (s *Scanner) Blank(text []byte) bool {
	for _, f := range s.Fields {
		if f.Start < f.End && ' ' < text[f.Start] && text[f.Start] < 0x7f && text[f.Start] != '"' {
			return false // nearly all rows
		}
	}
	for _, f := range s.Fields {
		if value.Trim(Unquote(text[f.Start:f.End])) != "" {
			return false
		}
	}
	return true
}

// Values are those of the row that Scan found last.
func (s *Scanner) Values(text []byte) []string {
	values := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		values[i] = Unquote(text[f.Start:f.End])
	}
	return values
}

// Unquote is the value of a field.
func Unquote(text []byte) string {
	if len(text) < 2 || text[0] != '"' {
		return string(text)
	}
	return string(bytes.ReplaceAll(text[1:len(text)-1], []byte(`""`), []byte(`"`)))
}
