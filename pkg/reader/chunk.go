package reader

import (
	"errors"
	"strings"

	"delink/pkg/reader/scan"
	"delink/pkg/zoho"
)

const (
	chunkRows  = 1024      // rows that are decoded at a time; they and their values stay in the processor's cache
	chunkBytes = 256 << 10 // and their text, if they are long
)

// chunk is some rows of the input. records finds them, and a decoder makes Rows of them.
type chunk struct {
	text   []byte // of the rows, as it stands in the input
	base   int    // where it began in the window
	rows   []record
	fields []scan.Field // of each row, in the order of records.which; places in the window
	err    error        // what ended the rows: io.EOF, or an *InputError; nil if there are more

	which   []int            // see records.which
	ids     int              // columns of ids, which come first
	cells   [][]string       // the ids for gocsv: a header, then the rows; nil for a row that cannot be used
	slab    []string         // what the rows of cells are cut from
	names   []*zoho.Relation // by row: as the row has them; nil if they are as in the row above
	decoded []values
	isText  bool  // all of it is text, as nearly always: no need to look at each row
	found   []Row // what it gives
}

// IsLast reports whether something ended the rows.
func (c *chunk) IsLast() bool { return c.err != nil }

// record is where a row stands in the window, and what is wrong with its structure.
type record struct {
	line       int
	start, end int
	err        *RowError
}

func newChunk(r *records) *chunk {
	n := len(r.which)
	var header []string
	for _, which := range r.which {
		if which == colParent || which == colRelated {
			header = append(header, canonical[which])
		}
	}
	return &chunk{
		which: r.which, ids: len(header),
		rows: make([]record, 0, chunkRows), fields: make([]scan.Field, 0, chunkRows*n),
		cells: append(make([][]string, 0, chunkRows+1), header), slab: make([]string, chunkRows*len(header)),
		names: make([]*zoho.Relation, chunkRows), decoded: make([]values, chunkRows), found: make([]Row, 0, chunkRows),
	}
}

// Read is never called: gocsv decodes whole chunks.
func (c *chunk) Read() ([]string, error) { return nil, errors.ErrUnsupported }

// ReadAll gives gocsv the header and the rows, cut down to the columns of ids, under their
// canonical names.
func (c *chunk) ReadAll() ([][]string, error) { return c.cells, nil }

// raw is a row's text as it stands in the input, without its line end.
func (c *chunk) raw(rec *record) []byte { return c.text[rec.start-c.base : rec.end-c.base] }

// cut makes cells and names of the rows.
func (c *chunk) cut() {
	text := string(c.text) // one copy for all cells
	n := len(c.which)
	above := -1 // the fields of the row above
	c.cells = c.cells[:1]
	for i := range c.rows {
		c.names[i] = nil
		if c.rows[i].err != nil {
			c.cells = append(c.cells, nil)
			continue
		}
		row := c.slab[i*c.ids : (i+1)*c.ids : (i+1)*c.ids]
		fields := c.fields[i*n : (i+1)*n]
		for k := range row {
			row[k] = unquoted(text[fields[k].Start-c.base : fields[k].End-c.base])
		}
		c.cells = append(c.cells, row)
		if n > c.ids && (above < 0 || !c.sameText(text, fields[c.ids:], c.fields[above+c.ids:above+n])) {
			c.names[i] = c.relation(text, fields)
		}
		above = i * n
	}
}

// relation gives the names of a relation as a row has them.
func (c *chunk) relation(text string, fields []scan.Field) *zoho.Relation {
	var r zoho.Relation
	for k := c.ids; k < len(c.which); k++ {
		switch name := unquoted(text[fields[k].Start-c.base : fields[k].End-c.base]); c.which[k] {
		case colModule:
			r.Module = name
		case colRelation:
			r.List = name
		}
	}
	return &r
}

func (c *chunk) sameText(text string, a, b []scan.Field) bool {
	for k := range a {
		if text[a[k].Start-c.base:a[k].End-c.base] != text[b[k].Start-c.base:b[k].End-c.base] {
			return false
		}
	}
	return true
}

// unquoted is the value of a cell.
func unquoted(text string) string {
	if text == "" || text[0] != '"' {
		return text
	}
	return strings.ReplaceAll(text[1:len(text)-1], `""`, `"`)
}
