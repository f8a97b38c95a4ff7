package reader

import (
	"slices"
	"strings"
	"unicode/utf8"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// leastID is the length from which digits are an id. A campaign can be called 2024.
const leastID = 15

// parentName is the column with the name of the parent record in files that an export of delink has
// made.
const parentName = "parent_name"

// NameColumn gives the column that holds the names of a module's records, where these are the
// parent records: parent_name, or a name of the field that holds them, such as Campaign Name. It
// gives -1 if there is none. A column that is a part of the link is none.
func (h *Header) NameColumn(module string) int {
	names := []string{parentName}
	if field := zoho.NameField(module); field != "Name" { // any record may have a column Name
		names = append(names, field)
	}
	if m := zoho.FindModule(module); m != nil {
		names = append(names, m.One+" Name")
	}
	for _, name := range names {
		key := zoho.Fold(name)
		for i, column := range h.Columns {
			if zoho.Fold(column) == key && !slices.Contains(h.index[:], i) {
				return i
			}
		}
	}
	return -1
}

// Name gives the text of a row in a column of NameColumn. Some exports have an id there, which is no
// name. It is empty if there is none, or if it is in another encoding.
func (h *Header) Name(raw []byte, column int) string {
	var few [32]scan.Field
	s := scan.Scanner{Comma: h.Comma, Newline: h.newline(), Fields: few[:0]}
	fields := s.Split(raw)
	if len(fields) != len(h.Columns) {
		return ""
	}
	name := value.FromCell(scan.Unquote(raw[fields[column].Start:fields[column].End]))
	name = value.Trim(name)
	if _, p := value.ParseID(name); p == nil && len(name) >= leastID || !utf8.ValidString(name) {
		return ""
	}
	return strings.Clone(name)
}
