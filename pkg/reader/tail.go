package reader

import (
	"delink/pkg/reader/scan"
)

// Some programs write a delimiter behind every value, the last one too. In the header it makes a
// column without a name, which does no harm if the rows have it as well. Where only the rows have
// it, or only the header, no row has the header's columns.

// findTail looks whether only the rows or only the header end with a delimiter: all rows at the
// beginning of the file have to say the same. From then on, rows are read with and without one.
func (r *records) findTail(h *Header) {
	fields := r.scan.Split(h.Raw)
	n := len(fields)
	if n < 2 {
		return
	}
	bare := fields[n-1].Start == fields[n-1].End // the header ends with a delimiter
	seen, fewer, more := r.sampleRows(h)
	switch {
	case seen == 0:
	case bare && fewer == seen:
		h.Columns, h.Raw, h.tail = h.Columns[:n-1], h.Raw[:len(h.Raw)-1], true
	case more == seen:
		h.tail = true
	}
}

// sampleRows counts the rows at the beginning of the file, and those of them that have one column
// fewer than the header, or one more with nothing in it.
func (r *records) sampleRows(h *Header) (seen, fewer, more int) {
	at, line := r.at, r.line
	defer func() { r.at, r.line = at, line }()
	for r.at-at < sampleSize {
		_, row, err := r.next()
		if err != nil {
			return seen, fewer, more
		}
		if row.Fault != nil || r.scan.Blank(r.win.Buf) || h.isRepeated(r.scan.Values(r.win.Buf)) {
			continue
		}
		seen++
		switch n := len(r.scan.Fields); {
		case n == len(h.Columns)-1:
			fewer++
		case n == len(h.Columns)+1 && r.scan.Fields[n-1].Start == r.scan.Fields[n-1].End:
			more++
		}
	}
	return seen, fewer, more
}

// cutTail takes the delimiter behind the last value off a row, where rows may have one.
func (h *Header) cutTail(rec record, s *scan.Scanner) record {
	n := len(s.Fields) - 1
	if h.tail && n == len(h.Columns) && s.Fields[n].Start == s.Fields[n].End {
		rec.end, s.Fields = s.Fields[n-1].End, s.Fields[:n]
	}
	return rec
}
