package reader

import (
	"slices"
	"strings"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// A file that is made of an input's rows needs no Options to be read: behind the input's own columns
// it has the canonical ones that the input lacks, and behind these the columns that say what became of
// the links. In such a file, canonical columns that stand directly before the latter are the carried
// columns.

// takeCarried finds the carried columns: going back from the first column that a run has added, those
// with canonical names, each before the next in their order.
func (h *Header) takeCarried() {
	h.carried = nil
	i := slices.IndexFunc(h.Columns, func(name string) bool { return strings.EqualFold(value.Trim(name), AddedColumns[0]) })
	for last := len(canonical); i > 0; {
		i--
		which := whichPart(h.Columns[i])
		if which < 0 || which >= last {
			return
		}
		last = which
		h.carried = append([]int{i}, h.carried...)
	}
}

// whichPart gives the part of a link whose canonical name a column has; -1 for none.
func whichPart(column string) int {
	key := zoho.Fold(column)
	return slices.IndexFunc(canonical[:], func(name string) bool { return zoho.Fold(name) == key })
}

// replaced gives the columns that an earlier run has written and that a new file has anew, in order:
// those that say what became of the links, and, if Options took another column in place of a carried
// one, that one and those behind it. Otherwise a new file would name the links of the earlier one.
func (h *Header) replaced() []int {
	stale := slices.IndexFunc(h.carried, func(i int) bool {
		taken := h.index[whichPart(h.Columns[i])]
		return taken >= 0 && taken != i
	})
	if stale < 0 {
		return h.added
	}
	all := slices.Concat(h.carried[stale:], h.added)
	slices.Sort(all)
	return all
}

// Lacking gives the names of the canonical columns that the header lacks. A file that has them, with
// what Lacking says of each row, needs no Options to be read.
func (h *Header) Lacking() []string {
	var names []string
	for _, which := range h.lacking() {
		names = append(names, canonical[which])
	}
	return names
}

// lacking gives the parts of a link that no column with the canonical name has. If Options took
// another column although there is one with the canonical name, the name is there twice with what is
// added, and the carried column counts.
func (h *Header) lacking() []int {
	var lacking []int
	replaced := h.replaced()
	for which := range canonical {
		if i := h.index[which]; i < 0 || h.isMapped(which) || slices.Contains(replaced, i) {
			lacking = append(lacking, which)
		}
	}
	return lacking
}

// Lacking gives a row's values for the columns that the header lacks. An id is given as the row has it:
// a spreadsheet that opens the file leaves one with a prefix as it is, and rounds one without. Where a
// row cannot be used, its own text is given for what is wrong with it.
func (r *Reader) Lacking(row *Row) []string {
	lacking := r.in.header.lacking()
	if len(lacking) == 0 {
		return nil
	}
	all := r.unread(row.Raw)
	if row.Err == nil {
		all = [numColumns]string{row.Link.Relation.Module, row.Link.Parent.String(), row.Link.Relation.List, row.Link.Related.String()}
		own := r.texts(row.Raw)
		for _, which := range [...]int{colParent, colRelated} {
			if r.in.header.index[which] >= 0 {
				all[which] = own[which]
			}
		}
	}
	values := make([]string, len(lacking))
	for i, which := range lacking {
		values[i] = all[which]
	}
	return values
}

// unread gives the parts of a link as they stand in a row that cannot be used. They are empty where
// nobody knows which column is which: in a row that has more or fewer than the header, and where the
// columns were chosen for another relation, which would make a link of a row that names none.
func (r *Reader) unread(raw []byte) [numColumns]string {
	h := r.in.header
	all := [numColumns]string{colModule: r.opt.Module, colRelation: r.opt.Relation}
	if r.opt.parent != 0 {
		all[colParent] = r.opt.parent.String()
	}
	own := r.texts(raw)
	for which, i := range h.index {
		switch {
		case i < 0:
		case h.only != (zoho.Relation{}) && (which == colParent || which == colRelated):
			all[which] = ""
		default:
			all[which] = own[which]
		}
	}
	return all
}

// texts gives the parts of a link as they stand in a row; all are empty in a row that has more or fewer
// columns than the header.
func (r *Reader) texts(raw []byte) (all [numColumns]string) {
	h := r.in.header
	s := scan.Scanner{Comma: h.Comma, Newline: h.newline()}
	fields := s.Split(raw)
	if len(fields) != len(h.Columns) {
		return all
	}
	for which, i := range h.index {
		if i >= 0 {
			all[which] = scan.Unquote(raw[fields[i].Start:fields[i].End])
		}
	}
	return all
}
