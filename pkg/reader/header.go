package reader

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The columns that a link is made of, in the order in which they are looked at.
const (
	colModule = iota
	colParent
	colRelation
	colRelated
	numColumns
)

var canonical = [numColumns]string{"module", "parent_id", "relation", "related_id"}

// AddedColumns are what a file of failures has behind the columns of its input.
var AddedColumns = [...]string{"delink_status", "delink_code", "delink_message"}

// Header is the header as it was found, with what a file of the same dialect needs.
type Header struct {
	Raw     []byte   // its text, without its line end
	Line    int      // the physical line on which it starts
	Columns []string // the columns' names as they stand in the file
	Comma   byte     // the delimiter
	LineEnd string   // "\n" or "\r\n"
	BOM     bool     // a byte order mark is before it

	index [numColumns]int // which column is which, -1 for none
	added []int           // the columns among AddedColumns, which an earlier run has written
}

// Own is the part of a row's text, or of the header's, that is the input's own: the text without the columns that
// an earlier run has added. A row that does not have the header's columns is left as it is, for it is not known what its
// columns are.
func (h *Header) Own(raw []byte) []byte {
	if len(h.added) == 0 {
		return raw
	}
	var few [32]field
	fields, _ := splitFields(few[:0], raw, h.Comma)
	if len(fields) != len(h.Columns) {
		return raw
	}
	if first := h.added[0]; first > 0 && first+len(h.added) == len(fields) { // the usual place: nothing to copy
		return raw[:fields[first-1].end]
	}
	own := make([]byte, 0, len(raw)+1)
	for i, f := range fields {
		if !slices.Contains(h.added, i) {
			own = append(append(own, raw[f.start:f.end]...), h.Comma)
		}
	}
	return own[:max(0, len(own)-1)]
}

// resolve finds out which column is which. The error has no file yet, and the header's fields are the places.
func (h *Header) resolve(opt Options, fields []field) *InputError {
	fail := func(column int, cause, hint string) *InputError {
		line, col := lineCol(h.Raw, fields[column].start, h.Line)
		return &InputError{Line: line, Col: col, Cause: cause, Hint: hint}
	}
	h.index = [numColumns]int{-1, -1, -1, -1}
	for i, name := range h.Columns {
		name = strings.ToLower(strings.TrimSpace(name))
		if slices.Contains(AddedColumns[:], name) {
			h.added = append(h.added, i)
		}
		which := slices.Index(canonical[:], name)
		if which < 0 {
			continue
		}
		if first := h.index[which]; first >= 0 {
			return fail(i, fmt.Sprintf("column %s is there twice, as columns %d and %d", name, first+1, i+1),
				"rename the one that does not count")
		}
		h.index[which] = i
	}
	var missing []string
	for which, name := range canonical {
		constant := which == colModule && opt.Module != "" || which == colRelation && opt.Relation != ""
		if h.index[which] < 0 && !constant {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if name := h.otherDelimiter(); name != "" {
		return fail(0, "the columns are separated by "+name+", not by commas", "save it again as CSV with commas (in Excel: CSV UTF-8)")
	}
	if h.index == [numColumns]int{-1, -1, -1, -1} && slices.ContainsFunc(h.Columns, looksLikeID) {
		return fail(0, "the first row is data, not a header", "put a line with the columns' names above it: "+strings.Join(canonical[:], ","))
	}
	word := "column"
	if len(missing) > 1 {
		word = "columns"
	}
	return fail(0, "the header lacks the "+word+" "+strings.Join(missing, ", "), h.hintMissing(missing))
}

func (h *Header) hintMissing(missing []string) string {
	const show = 12
	var names []string
	for _, name := range h.Columns[:min(len(h.Columns), show)] {
		names = append(names, plain(name))
	}
	if len(h.Columns) > show {
		names = append(names, "…")
	}
	hint := "it has " + strings.Join(names, ", ")
	var flags []string
	for _, which := range []int{colModule, colRelation} {
		if slices.Contains(missing, canonical[which]) {
			flags = append(flags, "--"+canonical[which])
		}
	}
	if flags != nil {
		hint += "; " + strings.Join(flags, " and ") + " can stand in for a column that is the same in all rows"
	}
	return hint
}

// delimiters are those that spreadsheets write instead of a comma.
var delimiters = []struct {
	b    byte
	name string
}{{';', "semicolons"}, {'\t', "tabs"}, {'|', "bars"}}

// otherDelimiter says by what the header is separated if it is not commas.
func (h *Header) otherDelimiter() string {
	for _, d := range delimiters {
		names := bytes.Split(h.Raw, []byte{d.b})
		if len(names) > 1 && (len(h.Columns) == 1 || slices.ContainsFunc(names, isCanonical)) {
			return d.name
		}
	}
	return ""
}

func isCanonical(name []byte) bool {
	return slices.Contains(canonical[:], string(bytes.ToLower(bytes.Trim(name, "\" \t\r\n"))))
}

func looksLikeID(s string) bool {
	s = strings.TrimSpace(s)
	_, err := parseID(s)
	return err == nil || spreadsheetNumber.MatchString(s)
}

// badText says what keeps the text from being read as UTF-8 text, and where.
func badText(raw []byte) (at int, problem *problem) {
	if at := bytes.IndexByte(raw, 0); at >= 0 {
		return at, &problemNUL
	}
	if utf8.Valid(raw) {
		return 0, nil
	}
	for at < len(raw) {
		r, n := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at, &problemUTF8
}

var (
	problemNUL  = problem{"has a NUL byte", "the file is damaged, or is not text: export it again"}
	problemUTF8 = problem{"is not UTF-8 text", "save it again as UTF-8 (in Excel: CSV UTF-8)"}
)
