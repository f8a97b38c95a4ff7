package reader

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"

	"delink/pkg/reader/scan"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// decoder makes Rows of chunks, in their order. It may do so while records finds the next one, and
// shares nothing with it but the header, which does not change.
type decoder struct {
	file    string
	header  *Header
	columns []int // see records.which
	opt     Options
	given   zoho.ID // the parent record of all rows; 0 if the rows have it
	scan    scan.Scanner
	known   map[zoho.Relation]zoho.Relation // by the names as rows have them

	relations int         // different ones that rows are about
	refused   *InputError // why no row below can be read

	names   zoho.Relation // of the last row, as it has them
	isRead  bool          // what they mean is known:
	last    zoho.Relation
	which   int // the part of the link that is wrong with them
	problem *value.Problem
}

func newDecoder(in *records, opt Options) *decoder {
	d := &decoder{
		file: in.file, header: in.header, columns: in.which, opt: opt, known: map[zoho.Relation]zoho.Relation{},
		scan: scan.Scanner{Comma: in.header.Comma, Newline: in.header.newline()},
	}
	if in.header.index[colParent] < 0 {
		d.given = opt.parent
	}
	return d
}

// values is what gocsv decodes a row into.
type values struct {
	Parent  zoho.ID `csv:"parent_id"` // 0 for what is no id
	Related zoho.ID `csv:"related_id"`
}

// UnmarshalCSVWithFields lets gocsv fill in a row without reflection on each field, and reads ids
// strictly, since gocsv rounds numbers. The keys are those of newChunk.
//
// gocsv allocates a row twice. This one is small and has no pointer: measured, that takes a third
// of the time that four strings take. The names of the relation are read beside it, since few rows
// have others than the row above.
func (v *values) UnmarshalCSVWithFields(key, cell string) error {
	switch key {
	case canonical[colParent]:
		v.Parent, _ = value.ParseID(cell)
	case canonical[colRelated]:
		v.Related, _ = value.ParseID(cell)
	}
	return nil
}

// maxRelations is how many different relations an input can be about. An org has hundreds of
// modules and lists at the most; more come of a column that was taken for a name.
const maxRelations = 1000

// rows makes the Rows of a chunk.
func (d *decoder) rows(c *chunk) {
	c.found = c.found[:0]
	_, bad := d.header.badText(c.text)
	c.isText = bad == nil
	if err := gocsv.UnmarshalCSV(c, &c.decoded); err != nil {
		c.err = fmt.Errorf("%s: cannot be decoded: %w", d.file, err)
		return
	}
	for i := range c.rows {
		c.found = append(c.found, Row{})
		row := &c.found[len(c.found)-1]
		d.row(c, i, row)
		if d.relations > maxRelations {
			d.refused = &InputError{
				File: d.file, Line: c.rows[i].line, Col: 1, Cause: fmt.Sprintf("the rows are about more than %d different relations", maxRelations),
				Hint: "one of the columns module and relation seems to hold something else: look at the header",
			}
		}
		if d.refused != nil {
			c.err = d.refused
			c.found = c.found[:len(c.found)-1]
			return
		}
		if row.Err != nil && d.isRepeated(row.Raw) {
			c.found = c.found[:len(c.found)-1] // no row
		}
	}
}

// row fills in a Row for a record of the chunk and its decoded values.
func (d *decoder) row(c *chunk, i int, row *Row) {
	rec, v := &c.rows[i], &c.decoded[i]
	if names := c.names[i]; names != nil {
		d.names, d.isRead = *names, false
	}
	row.Line, row.Err, row.Raw = rec.line, rec.err, c.raw(rec)
	if !c.isText && (row.Err == nil || row.Err.Column == "") { // a row with too few columns may be the rest of a damaged file
		if e := d.textError(c, rec); e != nil {
			row.Err = e
		}
	}
	if row.Err != nil {
		return
	}
	switch which, p := d.link(v, c.cells[i+1], &row.Link); {
	case p == nil:
	case d.header.index[which] < 0:
		row.Err = &RowError{File: d.file, Line: rec.line, AtLine: rec.line, AtCol: 1, Reason: "delink cannot tell which column is which"}
	default:
		row.Err = d.valueError(c, rec, d.header.index[which], d.header.nameOf(which), p)
	}
}

// link makes a link of a row's values. If one of them cannot be used, which is its part of the
// link, and l stays as it is.
func (d *decoder) link(v *values, cells []string, l *Link) (which int, p *value.Problem) {
	if d.opt.parents {
		return d.parent(v, cells, l)
	}
	if !d.isRead {
		d.which, d.problem = d.relation(d.names)
		d.isRead = true
	}
	if d.problem != nil {
		return d.which, d.problem
	}
	parent := v.Parent
	if d.given != 0 {
		parent = d.given
	}
	if parent == 0 {
		return colParent, d.notID(colParent, cells)
	}
	if v.Related == 0 {
		return colRelated, d.notID(colRelated, cells)
	}
	l.Relation, l.Parent, l.Related = d.last, parent, v.Related
	return 0, nil
}

// notID says why a cell is no id.
func (d *decoder) notID(which int, cells []string) *value.Problem {
	cell := ""
	if k := slices.Index(d.columns, which); k >= 0 {
		cell = cells[k]
	}
	_, p := value.ParseID(cell)
	return p
}

// relation finds the relation that a row names, and keeps it for the next row.
func (d *decoder) relation(name zoho.Relation) (which int, p *value.Problem) {
	known, ok := d.known[name]
	if !ok {
		h := d.header
		known = zoho.Relation{Module: d.opt.Module, List: d.opt.Relation}
		if h.index[colModule] >= 0 {
			known.Module = value.APIName(name.Module)
		}
		if h.index[colRelation] >= 0 {
			known.List = value.APIName(name.List)
		}
		if p := value.CheckName(known.Module); p != nil {
			return colModule, p
		}
		if p := value.CheckList(known.List); p != nil {
			return colRelation, p
		}
		if h.only != (zoho.Relation{}) && h.only != known {
			which := colModule
			if h.only.Module == known.Module {
				which = colRelation
			}
			return which, &value.Problem{
				Reason: fmt.Sprintf("is another than in the first row, by which the columns were chosen: %s", h.only),
				Hint:   "split the file by relation: for another one, other columns may be the parent's and the related record's",
			}
		}
		if named, is := d.opt.Lists[known]; is {
			known = named
		}
		known = d.intern(known)
		d.known[zoho.Relation{Module: strings.Clone(name.Module), List: strings.Clone(name.List)}] = known
	}
	d.last = known
	return 0, nil
}

// intern gives equal relations one text of their own, so that no link keeps the text of its row in
// memory.
func (d *decoder) intern(name zoho.Relation) zoho.Relation {
	known, ok := d.known[name]
	if !ok {
		known = zoho.Relation{Module: strings.Clone(name.Module), List: strings.Clone(name.List)}
		d.known[known] = known
		d.relations++
	}
	return known
}

// isRepeated reports whether a row that cannot be used is the header again, or Excel's line before
// it, as in files that were joined from several. A byte order mark or ^Z of the joined files may
// stand before it.
func (d *decoder) isRepeated(raw []byte) bool {
	raw = bytes.TrimLeft(raw, "\ufeff"+string(value.EndOfFile))
	if d.header.Sep != "" && string(raw) == strings.TrimRight(d.header.Sep, "\r\n") {
		return true
	}
	if row, ok := d.scan.Scan(raw, 0, true); !ok || row.Fault != nil {
		return false
	}
	return d.header.isRepeated(d.scan.Values(raw))
}

// valueError is the error of a value that cannot be used. index is that of its field.
func (d *decoder) valueError(c *chunk, rec *record, index int, name string, p *value.Problem) *RowError {
	raw := c.raw(rec)
	f := d.scan.Split(raw)[index]
	line, col := d.header.lineCol(raw, f.Start, rec.line)
	return &RowError{
		File: d.file, Line: rec.line, AtLine: line, AtCol: col,
		Column: name, Number: index + 1, Value: shorten(d.header.encoding.Shown(scan.Unquote(raw[f.Start:f.End]))), Reason: p.Reason, Hint: p.Hint,
	}
}
