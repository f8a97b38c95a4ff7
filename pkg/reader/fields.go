package reader

import "bytes"

// field is where a field stands in a row's text, with its quotes and without its delimiter.
type field struct{ start, end int }

// splitFields finds the fields of a row that encoding/csv accepts. Of a row that it refuses, it finds the fields before
// the one that is wrong, and something behind that. It reports whether the row ends inside quotes.
func splitFields(fields []field, raw []byte, comma byte) (_ []field, open bool) {
	for i := 0; ; i++ {
		start := i
		if i < len(raw) && raw[i] == '"' {
			for i++; ; i += 2 {
				n := bytes.IndexByte(raw[i:], '"')
				if n < 0 {
					return append(fields, field{start, len(raw)}), true
				}
				i += n
				if i+1 >= len(raw) || raw[i+1] != '"' {
					break
				}
			}
		}
		n := bytes.IndexByte(raw[i:], comma)
		if n < 0 {
			return append(fields, field{start, len(raw)}), false
		}
		i += n
		fields = append(fields, field{start, i})
	}
}

// lineEnd is the line end that the text ends with. A carriage return at the very end of a file counts as one, as
// encoding/csv has it.
func lineEnd(raw []byte) []byte {
	n := len(raw)
	if n > 0 && raw[n-1] == '\n' {
		n--
	}
	if n > 0 && raw[n-1] == '\r' {
		n--
	}
	return raw[n:]
}

// trimRow takes the blank lines before a row and its line end away.
func trimRow(raw []byte) []byte {
	for {
		switch {
		case bytes.HasPrefix(raw, []byte("\n")):
			raw = raw[1:]
		case bytes.HasPrefix(raw, []byte("\r\n")):
			raw = raw[2:]
		default:
			return raw[:len(raw)-len(lineEnd(raw))]
		}
	}
}

// lineCol is the physical line and the byte in it of raw[at], where raw[0] is the first byte of the given line.
func lineCol(raw []byte, at, line int) (int, int) {
	before := raw[:at]
	return line + bytes.Count(before, []byte("\n")), at - bytes.LastIndexByte(before, '\n')
}
