package reader

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"delink/pkg/reader/text"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// ParentRow is a row of a file that names parent records.
type ParentRow struct {
	Line   int
	Module string // what the row says; empty if the file has no such column
	ID     zoho.ID
	Err    *RowError // why the row cannot be used
}

// Parents reads a file that names parent records of a module: an input of links, of which only the
// parent records count, an export of the module itself, or a list of ids with or without a header.
// file is its name for messages, told its encoding as in Options. Errors are of type *InputError.
func Parents(file string, src io.Reader, module string, told text.Encoding) (iter.Seq2[ParentRow, error], error) {
	r, err := New(file, src, Options{Module: value.APIName(module), Encoding: told, parents: true})
	if err != nil {
		return nil, err
	}
	return func(yield func(ParentRow, error) bool) {
		if id := r.in.header.bare; id != 0 && !yield(ParentRow{Line: r.in.header.Line, ID: id}, nil) {
			return
		}
		for row, err := range r.Rows() {
			if err != nil {
				yield(ParentRow{}, err)
				return
			}
			if !yield(ParentRow{row.Line, row.Link.Relation.Module, row.Link.Parent, row.Err}, nil) {
				return
			}
		}
	}, nil
}

// resolveParents finds the column of the parent records' ids. A column parent_id comes first, then
// one that is called like the id of the exported record or of a record of the module. A file of one
// column may have no header.
func (h *Header) resolveParents(opt Options) *InputError {
	h.index = [numColumns]int{-1, -1, -1, -1}
	if len(h.Columns) == 1 {
		if id, p := value.ParseID(h.Columns[0]); p == nil {
			h.index[colParent], h.bare = 0, id
			return nil
		}
	}
	if err := h.takeCanonical(); err != nil {
		return err
	}
	h.index[colRelation], h.index[colRelated] = -1, -1
	if h.index[colParent] >= 0 {
		return nil
	}
	var all []int
	names := namesOf(opt.Module)
	for _, is := range []func(column string) bool{
		// Not Campaign_Name, which is the name itself in an export of the module.
		func(column string) bool { return strings.HasSuffix(zoho.Fold(column), "id") && isIDOf(column, names) },
		isAnyID,
		func(string) bool { return len(h.Columns) == 1 },
	} {
		for i, column := range h.Columns {
			if is(column) && i != h.index[colModule] && !slices.Contains(all, i) {
				all = append(all, i)
			}
		}
		if len(all) > 0 {
			break
		}
	}
	switch len(all) {
	case 1:
		h.index[colParent] = all[0]
		return nil
	case 0:
		return h.fail(0, "no column has the ids of the parent records", "call it parent_id; "+h.hintNames())
	}
	said := make([]string, len(all))
	for i, column := range all {
		said[i] = plain(h.Columns[column])
	}
	return h.fail(all[1], fmt.Sprintf("delink cannot tell which column has the ids of the parent records: %s", strings.Join(said, " or ")),
		"call it parent_id")
}

// parent reads the part of a row that a file of parent records has.
func (d *decoder) parent(v *values, cells []string, l *Link) (which int, p *value.Problem) {
	if v.Parent == 0 {
		return colParent, d.notID(colParent, cells)
	}
	l.Relation.Module, l.Parent = strings.Clone(value.APIName(d.names.Module)), v.Parent
	return 0, nil
}
