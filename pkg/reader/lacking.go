package reader

import (
	"slices"

	"delink/pkg/reader/scan"
	"delink/pkg/zoho"
)

// Lacking gives the names of the canonical columns that the header lacks. A file that has them, with
// what Lacking says of each row, needs no Options to be read.
func (h *Header) Lacking() []string {
	var names []string
	for _, which := range h.lacking() {
		names = append(names, canonical[which])
	}
	return names
}

// lacking gives the parts of a link that no column with the canonical name has.
//
// If Options took another column and the canonical name is there for something else, the file has
// the name twice with what is added. So it is refused if it is read without Options, and not taken
// for other links. A file to which an earlier run has added columns lacks none of them.
func (h *Header) lacking() []int {
	var lacking []int
	for which, name := range canonical {
		named := func(column string) bool { return zoho.Fold(column) == zoho.Fold(name) }
		switch {
		case h.index[which] >= 0 && !h.isMapped(which):
		case len(h.added) > 0 && slices.ContainsFunc(h.Columns, named):
		default:
			lacking = append(lacking, which)
		}
	}
	return lacking
}

// Lacking gives a row's values for the columns that the header lacks. Where a row cannot be used, its
// own text is given for what is wrong with it.
func (r *Reader) Lacking(row *Row) []string {
	lacking := r.in.header.lacking()
	if len(lacking) == 0 {
		return nil
	}
	all := [numColumns]string{row.Link.Relation.Module, row.Link.Parent.String(), row.Link.Relation.List, row.Link.Related.String()}
	if row.Err != nil {
		all = r.unread(row.Raw)
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
	s := scan.Scanner{Comma: h.Comma, Newline: h.newline()}
	fields := s.Split(raw)
	for which, i := range h.index {
		switch {
		case i < 0:
		case len(fields) != len(h.Columns) || h.only != (zoho.Relation{}) && (which == colParent || which == colRelated):
			all[which] = ""
		default:
			all[which] = scan.Unquote(raw[fields[i].Start:fields[i].End])
		}
	}
	return all
}
