package reader

import (
	"slices"
	"strings"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// The parts of a link that are in columns, in the order in which they are checked.
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

// ReasonColumn is what a file of rows that cannot be used has behind the columns of its input.
const ReasonColumn = "delink_reason"

// Header is the header as it was found, with what a file of the same dialect needs.
type Header struct {
	Dialect
	Raw     []byte   // its text, without its line end
	Line    int      // the physical line on which it starts
	Columns []string // the columns' names as they stand in the file

	index [numColumns]int // the column of each part of a link, -1 for none
	added []int           // the columns that an earlier run has added, in order
	// carried are the canonical columns that an earlier run may have added: see takeCarried.
	carried []int
	links   []int // the columns that hold fields of the link itself
	tail    bool  // rows may have one more delimiter than the header, with nothing behind it
	// only is the relation for which the columns were chosen, if it was read from a row. In rows
	// with another relation the columns would mean something else.
	only zoho.Relation
	bare zoho.ID // the id in the place of a header, in a file of parent records; 0 if there is a header
}

// Taken is a column that was taken for a part of a link, and has another name than the part.
type Taken struct {
	Column string // its name in the file
	As     string // module, parent_id, relation or related_id
}

// Taken gives the columns that were taken by their names in Zoho's exports, or because Options say
// so.
func (h *Header) Taken() []Taken {
	var taken []Taken
	for which, i := range h.index {
		if i >= 0 && h.isMapped(which) {
			taken = append(taken, Taken{plain(h.Columns[i]), canonical[which]})
		}
	}
	return taken
}

// TellsRelation reports whether the input has a column for the module or the relation.
func (h *Header) TellsRelation() bool { return h.index[colModule] >= 0 || h.index[colRelation] >= 0 }

// TellsParent reports whether the input has a column for the parent record.
func (h *Header) TellsParent() bool { return h.index[colParent] >= 0 }

// isMapped reports whether the column of a part has another name than the part.
func (h *Header) isMapped(which int) bool {
	return zoho.Fold(h.Columns[h.index[which]]) != zoho.Fold(canonical[which])
}

// Own gives the text of a row, or of the header, without the columns that an earlier run has written
// and that a new file has anew. A row that has more or fewer columns than the header is given whole,
// since nobody knows which columns those are.
func (h *Header) Own(raw []byte) []byte {
	own, _ := h.own(raw)
	return own
}

// Earlier gives what an earlier run has written into the columns that it added to a row; empty
// where there are none.
func (h *Header) Earlier(raw []byte) (status, code, message string) {
	if len(h.added) == 0 {
		return "", "", ""
	}
	var few [32]scan.Field
	s := scan.Scanner{Comma: h.Comma, Newline: h.newline(), Fields: few[:0]}
	fields := s.Split(raw)
	if len(fields) != len(h.Columns) {
		return "", "", ""
	}
	for _, i := range h.added {
		told := value.Trim(scan.Unquote(raw[fields[i].Start:fields[i].End]))
		switch strings.ToLower(value.Trim(h.Columns[i])) {
		case AddedColumns[0]:
			status = told
		case AddedColumns[1]:
			code = told
		case AddedColumns[2]:
			message = told
		}
	}
	return status, code, message
}

// LinkColumn is the beginning of the name of a column that holds a field of the link itself:
// link.Member_Status.
const LinkColumn = "link."

// LinkNames gives the NAME of each column link.NAME.
func (h *Header) LinkNames() (names []string) {
	for _, i := range h.links {
		names = append(names, value.Trim(h.Columns[i])[len(LinkColumn):])
	}
	return names
}

// LinkFields gives the fields of the link that the columns link.NAME of a row have, by NAME; nil if
// there are none. Empty cells are none.
func (h *Header) LinkFields(raw []byte) map[string]string {
	if len(h.links) == 0 {
		return nil
	}
	var few [32]scan.Field
	s := scan.Scanner{Comma: h.Comma, Newline: h.newline(), Fields: few[:0]}
	fields := s.Split(raw)
	if len(fields) != len(h.Columns) {
		return nil
	}
	var own map[string]string
	for _, i := range h.links {
		if text := value.FromCell(scan.Unquote(raw[fields[i].Start:fields[i].End])); text != "" {
			if own == nil {
				own = map[string]string{}
			}
			own[value.Trim(h.Columns[i])[len(LinkColumn):]] = text
		}
	}
	return own
}

// own is Own, and says how many empty values have to follow the row in a file with added columns. A
// row that lacks as many columns as are added would have the right number again with them, and its
// values would be taken for those of other columns.
func (h *Header) own(raw []byte) (_ []byte, missing int) {
	replaced := h.replaced()
	if len(replaced) == 0 {
		return raw, 0
	}
	var few [32]scan.Field
	s := scan.Scanner{Comma: h.Comma, Newline: h.newline(), Fields: few[:0]}
	fields := s.Split(raw)
	switch len(fields) {
	case len(h.Columns):
	case len(h.Columns) - len(replaced):
		return raw, len(replaced)
	default:
		return raw, 0
	}
	if first := replaced[0]; first > 0 && first+len(replaced) == len(fields) { // the usual place: nothing to copy
		return raw[:fields[first-1].End], 0
	}
	own := make([]byte, 0, len(raw)+1)
	for i, f := range fields {
		if _, anew := slices.BinarySearch(replaced, i); !anew { // it is in order
			own = append(append(own, raw[f.Start:f.End]...), h.Comma)
		}
	}
	return own[:max(0, len(own)-1)], 0
}

// isRepeated reports whether a row is the header again, as in files that were joined from several.
func (h *Header) isRepeated(values []string) bool {
	if len(values) != len(h.Columns) {
		return false
	}
	for i, v := range values {
		if !sameName(v, h.Columns[i]) {
			return false
		}
	}
	return true
}

// isAdded reports whether a column has the name of one that a run adds.
func isAdded(name string) bool {
	name = strings.ToLower(value.Trim(name))
	return name == ReasonColumn || slices.Contains(AddedColumns[:], name)
}

// isOfRun reports whether a header has the columns of a failures file.
func (h *Header) isOfRun() bool {
	for _, name := range AddedColumns {
		if !slices.ContainsFunc(h.Columns, func(column string) bool { return strings.EqualFold(value.Trim(column), name) }) {
			return false
		}
	}
	return true
}
