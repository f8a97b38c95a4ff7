package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/gocarina/gocsv"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// readRows reads the rows below the header, and gives their number.
func readRows(path string, lines *wholeLines, visit func(row *Row, at int64) error) (n int, err error) {
	d := newRowDecoder(path, lines)
	var row Row
	for {
		if err := d.next(); err != nil {
			return n, err
		}
		for i, at := range d.at {
			if err := d.row(i, &row); err != nil {
				return n, damaged(path, n+2, err.Error())
			}
			if err := visit(&row, at); err != nil {
				return n, err
			}
			n++
		}
		switch {
		case d.err == io.EOF:
			return n, nil
		case d.err != nil:
			return n, d.err
		}
	}
}

// rowsAtOnce is how many rows of a result file are decoded at a time.
const rowsAtOnce = 512

// rowDecoder reads the rows of a result file, some at a time, for gocsv to decode.
type rowDecoder struct {
	path  string
	lines *wholeLines
	rows  *csv.Reader // of lines
	n     int         // rows read
	fed   int         // lines that rows has read
	last  pattern     // of the row that was read last

	owns    table    // of each row the cells that differ from row to row
	commons table    // the others, of rows where they are not as in the row above
	slab    []string // what the rows of owns are cut from
	at      []int64  // where each of these rows begins
	fresh   []bool   // by row: it has a row of commons
	decoded []own
	common  []common // as decoded, those that were not given yet
	given   common   // of the row that was given last
	err     error    // what ended the rows; nil if there are more
}

// table is cells for gocsv: a header, and rows.
type table [][]string

// Read is never called: gocsv decodes some rows at a time.
func (t table) Read() ([]string, error) { return nil, errors.ErrUnsupported }

// ReadAll gives all rows.
func (t table) ReadAll() ([][]string, error) { return t, nil }

// own is what gocsv decodes the cells of a row into that differ from row to row. gocsv allocates
// each twice, so it has no pointers: the text of a cell that is wrong is in owns.
type own struct {
	Line    int     `csv:"line"`       // -1 if the cell is wrong
	Related zoho.ID `csv:"related_id"` // 0 if the cell is no id
}

// UnmarshalCSVWithFields lets gocsv fill in a row without reflection on each field.
func (o *own) UnmarshalCSVWithFields(key, cell string) error {
	if key == "line" {
		n, err := strconv.Atoi(cell)
		if err != nil {
			n = -1
		}
		o.Line = n
		return nil
	}
	o.Related, _ = zoho.ParseID(cell)
	return nil
}

// common is what the rows of a call have in common. All are strings: gocsv accepts 0x1F and 1.5 as
// whole numbers, and its errors for other texts are in the words of Go.
type common struct {
	Module     string `csv:"module"`
	Parent     string `csv:"parent_id"`
	Relation   string `csv:"relation"`
	Status     string `csv:"status"`
	Code       string `csv:"code"`
	Message    string `csv:"message"`
	HTTPStatus string `csv:"http_status"`
	Attempts   string `csv:"attempts"`
	Time       string `csv:"time"`
	Org        string `csv:"org"`

	row Row   // what they give
	err error // what is wrong with them
}

// The places of columns in a line.
const (
	lineAt    = 0
	relatedAt = 4
	statusAt  = 5
)

// commonAt has the places of the columns of common.
var commonAt = [...]int{1, 2, 3, statusAt, 6, 7, 8, 9, 10, 11}

func newRowDecoder(path string, lines *wholeLines) *rowDecoder {
	d := &rowDecoder{path: path, lines: lines, rows: csv.NewReader(lines), slab: make([]string, 2*rowsAtOnce), decoded: make([]own, rowsAtOnce)}
	d.rows.ReuseRecord, d.rows.FieldsPerRecord = true, len(columns)
	d.owns = append(make(table, 0, rowsAtOnce+1), []string{columns[lineAt], columns[relatedAt]})
	var head []string
	for _, k := range commonAt {
		head = append(head, columns[k])
	}
	d.commons = table{head}
	return d
}

// next reads the next rows and has gocsv decode them. What ends the rows is in err, behind those
// before it.
func (d *rowDecoder) next() error {
	d.owns, d.commons, d.at, d.fresh, d.last.is = d.owns[:1], d.commons[:1], d.at[:0], d.fresh[:0], false
	for len(d.at) < rowsAtOnce && d.err == nil {
		d.read()
	}
	if err := gocsv.UnmarshalCSV(d.commons, &d.common); err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	if err := gocsv.UnmarshalCSV(d.owns, &d.decoded); err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	return nil
}

// read reads a row, or sets err.
func (d *rowDecoder) read() {
	before, begin := d.lines.count, int64(len(header))+d.lines.size
	if d.err = d.lines.fill(); d.err != nil {
		return
	}
	cells := d.slab[len(d.at)*2:][:2:2]
	line, related, ok := d.last.match(d.lines.rest)
	if ok = ok && before == d.n; ok {
		d.lines.rest = nil
		cells[0], cells[1] = line, related
	} else {
		d.last.learn(d.lines.rest)
		row, err := d.rows.Read()
		first := d.fed + 1
		d.fed += d.lines.count - before
		if d.err = d.trouble(row, err, before, first); d.err != nil {
			return
		}
		cells[0], cells[1] = row[lineAt], row[relatedAt]
		var rest []string
		for _, k := range commonAt {
			rest = append(rest, row[k])
		}
		d.commons = append(d.commons, rest)
	}
	d.owns = append(d.owns, cells)
	d.at, d.fresh = append(d.at, begin), append(d.fresh, !ok)
	d.n++
}

// pattern is a line whose first cell and related_id are left out. The rows of a call have the same
// one. It is there so that most lines need not be taken apart.
type pattern struct {
	is      bool
	between []byte // the line from the first delimiter to related_id
	behind  []byte // the line behind related_id
}

// learn takes the pattern of a line, if it has no quotes.
func (p *pattern) learn(line []byte) {
	p.is = false
	if bytes.IndexByte(line, '"') >= 0 || line[len(line)-1] != '\n' {
		return
	}
	begin := bytes.IndexByte(line, ',')
	at, end := 0, 0
	for k := range relatedAt + 1 {
		n := bytes.IndexByte(line[end:], ',')
		if n < 0 {
			return
		}
		if at = end; k == relatedAt {
			end += n
			break
		}
		end += n + 1
	}
	p.is = true
	p.between, p.behind = append(p.between[:0], line[begin:at]...), append(p.behind[:0], line[end:]...)
}

// match gives the two cells of a line with the pattern.
func (p *pattern) match(line []byte) (first, related string, ok bool) {
	if !p.is {
		return "", "", false
	}
	n := digits(line)
	if n == 0 || !bytes.HasPrefix(line[n:], p.between) {
		return "", "", false
	}
	at := n + len(p.between)
	end := at + digits(line[at:])
	if end == at || !bytes.Equal(line[end:], p.behind) {
		return "", "", false
	}
	both := string(line[:end])
	return both[:n], both[at:], true
}

// digits is how many digits a text begins with.
func digits(text []byte) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

// trouble says what ends the rows, if a row was read with that error behind so many lines; nil if
// nothing does. first is the line of rows on which it should begin.
func (d *rowDecoder) trouble(row []string, err error, before, first int) error {
	line := d.n + 2 // each row is one line
	switch {
	case d.lines.err != nil:
		return d.lines.err
	case err == io.EOF:
		return err
	case err != nil:
		return damaged(d.path, line, faultOf(err, len(columns)))
	}
	if at, _ := d.rows.FieldPos(0); at != first || before != d.n {
		return damaged(d.path, line, emptyLine)
	}
	if row[lineAt] == "line" && row[statusAt] == "status" {
		return damaged(d.path, line, "the header is there again: were two result files put together?")
	}
	return nil
}

// row makes a Row of cells that were decoded. Its errors say what is wrong with the row.
func (d *rowDecoder) row(i int, r *Row) error {
	if d.fresh[i] {
		d.given, d.common = d.common[0], d.common[1:]
		d.given.read()
	}
	*r = d.given.row
	cells := d.owns[1+i]
	r.Line, r.Related = d.decoded[i].Line, cells[1]
	switch {
	case r.Line < 0:
		return fmt.Errorf("line %q is not a number", cells[0])
	case d.given.err != nil:
		return d.given.err
	case r.Status != outcome.Invalid && d.decoded[i].Related == 0:
		_, err := zoho.ParseID(r.Related)
		return fmt.Errorf("related_id %q %w", r.Related, err)
	}
	return nil
}

// read makes a Row of the cells, or sets err.
func (c *common) read() {
	attempts, err := strconv.Atoi(c.Attempts)
	c.row = Row{
		Module: c.Module, Parent: c.Parent, Relation: c.Relation, Status: outcome.Status(c.Status),
		Code: c.Code, Message: c.Message, HTTPStatus: c.HTTPStatus, Attempts: attempts, Time: c.Time, Org: c.Org,
	}
	switch {
	case err != nil:
		c.err = fmt.Errorf("attempts %q is not a number", c.Attempts)
	case !c.row.Status.InResults():
		c.err = fmt.Errorf("%q is not a status", c.Status)
	case c.row.Status != outcome.Invalid:
		if _, err := zoho.ParseID(c.Parent); err != nil {
			c.err = fmt.Errorf("parent_id %q %w", c.Parent, err)
		}
	}
}
