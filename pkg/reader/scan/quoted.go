package scan

import "bytes"

// quoted is Scan for a row with quotes in it.
func (s *Scanner) quoted(text []byte, from int, whole bool) (row Row, ok bool) {
	q := quotedRow{Scanner: s, text: text, from: from, whole: whole, at: from}
	for ; ; q.at++ {
		start := q.at
		if !q.passQuotes() || !q.passRest(start) {
			return Row{}, false
		}
		if q.at == len(q.text) || q.text[q.at] != s.Comma {
			return q.finish(start)
		}
		s.Fields = append(s.Fields, Field{start, q.at})
	}
}

// quotedRow is a row with quotes in it whose end is being looked for.
type quotedRow struct {
	*Scanner
	text  []byte // up to the end of the line with the fault, if there is one: quotes behind a fault cannot be trusted
	from  int
	whole bool // there is no more text
	at    int  // how far the search has come
	fault *Fault
	cut   Row // where the line with the fault ends
}

// blame notes the first fault. It reports false if the end of the line is not in the text.
func (q *quotedRow) blame(kind Kind, at int) (ok bool) {
	if q.fault != nil {
		return true
	}
	if q.cut, ok = q.line(q.text, at, q.whole); !ok {
		return false
	}
	q.fault = &Fault{Kind: kind, At: at, Field: len(q.Fields)}
	q.text, q.whole = q.text[:q.cut.End], true
	q.at = min(q.at, q.cut.End)
	if kind == TextBehind && at > q.from && q.text[at-1] == q.Comma { // this quote may open the next value
		if _, closed := ClosingQuote(q.text, at); !closed {
			q.fault.Opens = at
		}
	}
	return true
}

// passQuotes passes over a value in quotes, if one begins here. It reports false if more text is
// needed.
func (q *quotedRow) passQuotes() bool {
	start := q.at
	if start == len(q.text) || q.text[start] != '"' {
		return true
	}
	behind, closed := ClosingQuote(q.text, start)
	switch {
	case closed:
		q.at = behind // if the text ends there, the next character may double the quote: passRest asks for more
	case !q.whole:
		return false
	default:
		if q.fault != nil && q.fault.Opens == 0 {
			q.fault.Opens = start
		}
		q.blame(NeverClosed, start)
		q.at = len(q.text)
	}
	if q.at == len(q.text) || q.text[q.at] == q.Comma || q.fault != nil {
		return true
	}
	line, ok := q.line(q.text, q.at, q.whole)
	return ok && (line.End == q.at || q.blame(TextBehind, q.at-1))
}

// passRest passes over the rest of the value that begins at start. It reports false if more text is
// needed.
func (q *quotedRow) passRest(start int) bool {
	inQuotes := q.at > start
	for q.at < len(q.text) && q.text[q.at] != q.Comma && q.text[q.at] != q.Newline {
		q.at++
	}
	if q.at == len(q.text) && !q.whole {
		return false
	}
	value := q.text[start:q.at]
	if n := bytes.IndexByte(value, '"'); !inQuotes && n >= 0 && !isTextFormula(value) {
		return q.blame(BareQuote, start+n)
	}
	return true
}

// finish ends the row with the value that begins at start.
func (q *quotedRow) finish(start int) (row Row, ok bool) {
	if row, ok = q.line(q.text, q.at, q.whole); !ok {
		return row, false
	}
	if q.fault != nil {
		row.End, row.Next = q.cut.End, q.cut.Next
	}
	for q.Newline == '\n' && row.End > start && q.text[row.End-1] == '\r' {
		row.End-- // line looks no further back than to where it began
	}
	row.Fault = q.fault
	q.Fields = append(q.Fields, Field{start, row.End})
	return row, true
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

// isTextFormula reports whether a value is like ="365", by which people keep a spreadsheet from
// changing it.
func isTextFormula(value []byte) bool {
	value = bytes.TrimSpace(value)
	n := len(value)
	return n >= 3 && string(value[:2]) == `="` && bytes.IndexByte(value[2:], '"') == n-3
}
