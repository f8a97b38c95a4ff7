package scan

import (
	"bytes"

	"delink/pkg/reader/value"
)

// field is where a field stands in a text, with its quotes and without its delimiter.
type Field struct{ Start, End int }

// fault is what can be wrong with the quotes of a row.
type Fault int

const (
	Sound       Fault = iota
	BareQuote         // a value has a quote in it, but does not begin with one
	TextBehind        // a closing quote is followed by something else than a delimiter
	NeverClosed       // the text ends inside quotes
)

// Scanner finds the rows of a text and their fields. encoding/csv does not do, because the text of each row is needed as it
// stands, old Macintosh line ends and values like ="365" are to be read, and a fault has to end where its line does.
type Scanner struct {
	Comma   byte
	Newline byte    // what ends a line: '\n', with '\r' before it or without, or '\r', with '\n' behind it or without
	Fields  []Field // of the row that was Row last
}

// Row is a row that was found.
type Row struct {
	End   int // where its text ends, without the line end
	Next  int // where the next line begins
	Lines int // how many line ends it has, with the one behind it
	Fault Fault
	At    int // where the fault is
	Field int // the index of the field that has it
	Opens int // where in the line of the fault a value opens that the line does not close, or may do so; 0 for nowhere
}

// scan finds the row that begins at from. ok is false if its end is not in the text; whole says that there is no more.
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

// line finds the end of the line from which on there are no quotes that count.
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

// quoted is scan for a row with quotes in it. Behind a fault, quotes are not to be trusted: the row ends with the line.
func (s *Scanner) quoted(text []byte, from int, whole bool) (row Row, ok bool) {
	i := from
	var cut Row // the end of the line with the fault
	blame := func(f Fault, at int) bool {
		if row.Fault != Sound {
			return true
		}
		if cut, ok = s.line(text, at, whole); !ok {
			return false
		}
		row.Fault, row.At, row.Field = f, at, len(s.Fields)
		text, whole = text[:cut.End], true
		i = min(i, cut.End)
		if f == TextBehind && at > from && text[at-1] == s.Comma { // it may be the quote that opens the next value
			if _, closed := ClosingQuote(text, at); !closed {
				row.Opens = at
			}
		}
		return true
	}
	for ; ; i++ {
		start := i
		if i < len(text) && text[i] == '"' {
			behind, closed := ClosingQuote(text, i)
			switch {
			case closed:
				i = behind // if the text ends there, more of it may double the quote: see below
			case !whole:
				return row, false
			default:
				if row.Fault != Sound && row.Opens == 0 {
					row.Opens = start
				}
				blame(NeverClosed, start)
				i = len(text)
			}
			if i < len(text) && text[i] != s.Comma && row.Fault == Sound {
				if line, ok := s.line(text, i, whole); !ok {
					return row, false
				} else if line.End > i && !blame(TextBehind, i-1) {
					return row, false
				}
			}
		}
		end := i
		for i < len(text) && text[i] != s.Comma && text[i] != s.Newline {
			i++
		}
		if i == len(text) && !whole {
			return row, false
		}
		if start == end { // it did not begin with a quote
			if n := bytes.IndexByte(text[start:i], '"'); n >= 0 && !isTextFormula(text[start:i]) {
				if !blame(BareQuote, start+n) {
					return row, false
				}
			}
		}
		if i < len(text) && text[i] == s.Comma {
			s.Fields = append(s.Fields, Field{start, i})
			continue
		}
		f, at, index, opens := row.Fault, row.At, row.Field, row.Opens
		if row, ok = s.line(text, i, whole); !ok {
			return row, false
		}
		if f != Sound {
			row.End, row.Next = cut.End, cut.Next
		}
		for s.Newline == '\n' && row.End > start && text[row.End-1] == '\r' {
			row.End-- // line looks no further back than to where it began
		}
		row.Fault, row.At, row.Field, row.Opens = f, at, index, opens
		s.Fields = append(s.Fields, Field{start, row.End})
		return row, true
	}
}

// ClosingQuote is where the text behind the closing quote of a value begins.
func ClosingQuote(text []byte, open int) (behind int, closed bool) {
	for i := open + 1; ; i += 2 {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return len(text), false
		}
		i += n
		if i+1 >= len(text) || text[i+1] != '"' {
			return i + 1, true
		}
	}
}

// isTextFormula reports whether a value is like ="365", by which people keep a spreadsheet from changing it.
func isTextFormula(value []byte) bool {
	value = bytes.TrimSpace(value)
	n := len(value)
	return n >= 3 && string(value[:2]) == `="` && bytes.IndexByte(value[2:], '"') == n-3
}

// split finds the fields of a row's text.
func (s *Scanner) Split(raw []byte) []Field {
	s.Scan(raw, 0, true)
	return s.Fields
}

// blank reports whether the row that was Row last has no values: a blank line, or what a spreadsheet writes for a row
// that was emptied, ;;; or "","".
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

// values are those of the row that was Row last.
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
