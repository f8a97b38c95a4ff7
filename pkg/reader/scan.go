package reader

import "bytes"

// field is where a field stands in a text, with its quotes and without its delimiter.
type field struct{ start, end int }

// fault is what can be wrong with the quotes of a row.
type fault int

const (
	sound       fault = iota
	bareQuote         // a value has a quote in it, but does not begin with one
	textBehind        // a closing quote is followed by something else than a delimiter
	neverClosed       // the text ends inside quotes
)

// scanner finds the rows of a text and their fields. encoding/csv does not do, because the text of each row is needed as it
// stands, old Macintosh line ends and values like ="365" are to be read, and a fault has to end where its line does.
type scanner struct {
	comma   byte
	newline byte    // what ends a line: '\n', with '\r' before it or without, or '\r', with '\n' behind it or without
	fields  []field // of the row that was scanned last
}

// scanned is a row that was found.
type scanned struct {
	end   int // where its text ends, without the line end
	next  int // where the next line begins
	lines int // how many line ends it has, with the one behind it
	fault fault
	at    int // where the fault is
	field int // the index of the field that has it
	opens int // where in the line of the fault a value opens that the line does not close, or may do so; 0 for nowhere
}

// scan finds the row that begins at from. ok is false if its end is not in the text; whole says that there is no more.
func (s *scanner) scan(text []byte, from int, whole bool) (row scanned, ok bool) {
	s.fields = s.fields[:0]
	row, ok = s.line(text, from, whole)
	if !ok {
		return row, false
	}
	row.lines = 1
	if bytes.IndexByte(text[from:row.end], '"') < 0 { // nearly all rows
		at := from
		for {
			n := bytes.IndexByte(text[at:row.end], s.comma)
			if n < 0 {
				s.fields = append(s.fields, field{at, row.end})
				return row, true
			}
			s.fields = append(s.fields, field{at, at + n})
			at += n + 1
		}
	}
	if row, ok = s.quoted(text, from, whole); ok {
		row.lines = bytes.Count(text[from:row.next], []byte{s.newline})
	}
	return row, ok
}

// line finds the end of the line from which on there are no quotes that count.
func (s *scanner) line(text []byte, from int, whole bool) (row scanned, ok bool) {
	n := bytes.IndexByte(text[from:], s.newline)
	switch {
	case n < 0 && !whole:
		return row, false
	case n < 0:
		row.end, row.next = len(text), len(text)
	default:
		row.end, row.next = from+n, from+n+1
	}
	for s.newline == '\r' && row.next < len(text) && text[row.next] == '\n' {
		row.next++
	}
	if s.newline == '\r' && row.next == len(text) && !whole {
		return row, false
	}
	for s.newline == '\n' && row.end > from && text[row.end-1] == '\r' {
		row.end--
	}
	return row, true
}

// quoted is scan for a row with quotes in it. Behind a fault, quotes are not to be trusted: the row ends with the line.
func (s *scanner) quoted(text []byte, from int, whole bool) (row scanned, ok bool) {
	i := from
	var cut scanned // the end of the line with the fault
	blame := func(f fault, at int) bool {
		if row.fault != sound {
			return true
		}
		if cut, ok = s.line(text, at, whole); !ok {
			return false
		}
		row.fault, row.at, row.field = f, at, len(s.fields)
		text, whole = text[:cut.end], true
		i = min(i, cut.end)
		if f == textBehind && at > from && text[at-1] == s.comma { // it may be the quote that opens the next value
			if _, closed := closingQuote(text, at); !closed {
				row.opens = at
			}
		}
		return true
	}
	for ; ; i++ {
		start := i
		if i < len(text) && text[i] == '"' {
			behind, closed := closingQuote(text, i)
			switch {
			case closed:
				i = behind // if the text ends there, more of it may double the quote: see below
			case !whole:
				return row, false
			default:
				if row.fault != sound && row.opens == 0 {
					row.opens = start
				}
				blame(neverClosed, start)
				i = len(text)
			}
			if i < len(text) && text[i] != s.comma && row.fault == sound {
				if line, ok := s.line(text, i, whole); !ok {
					return row, false
				} else if line.end > i && !blame(textBehind, i-1) {
					return row, false
				}
			}
		}
		end := i
		for i < len(text) && text[i] != s.comma && text[i] != s.newline {
			i++
		}
		if i == len(text) && !whole {
			return row, false
		}
		if start == end { // it did not begin with a quote
			if n := bytes.IndexByte(text[start:i], '"'); n >= 0 && !isTextFormula(text[start:i]) {
				if !blame(bareQuote, start+n) {
					return row, false
				}
			}
		}
		if i < len(text) && text[i] == s.comma {
			s.fields = append(s.fields, field{start, i})
			continue
		}
		f, at, index, opens := row.fault, row.at, row.field, row.opens
		if row, ok = s.line(text, i, whole); !ok {
			return row, false
		}
		if f != sound {
			row.end, row.next = cut.end, cut.next
		}
		for s.newline == '\n' && row.end > start && text[row.end-1] == '\r' {
			row.end-- // line looks no further back than to where it began
		}
		row.fault, row.at, row.field, row.opens = f, at, index, opens
		s.fields = append(s.fields, field{start, row.end})
		return row, true
	}
}

// closingQuote is where the text behind the closing quote of a value begins.
func closingQuote(text []byte, open int) (behind int, closed bool) {
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
func (s *scanner) split(raw []byte) []field {
	s.scan(raw, 0, true)
	return s.fields
}

// blank reports whether the row that was scanned last has no values: a blank line, or what a spreadsheet writes for a row
// that was emptied, ;;; or "","".
func (s *scanner) blank(text []byte) bool {
	for _, f := range s.fields {
		if f.start < f.end && ' ' < text[f.start] && text[f.start] < 0x7f && text[f.start] != '"' {
			return false // nearly all rows
		}
	}
	for _, f := range s.fields {
		if trim(unquote(text[f.start:f.end])) != "" {
			return false
		}
	}
	return true
}

// values are those of the row that was scanned last.
func (s *scanner) values(text []byte) []string {
	values := make([]string, len(s.fields))
	for i, f := range s.fields {
		values[i] = unquote(text[f.start:f.end])
	}
	return values
}

// unquote is the value of a field.
func unquote(text []byte) string {
	if len(text) < 2 || text[0] != '"' {
		return string(text)
	}
	return string(bytes.ReplaceAll(text[1:len(text)-1], []byte(`""`), []byte(`"`)))
}
