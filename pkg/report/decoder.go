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
)

// readRows reads the rows below the header, and gives their number.
func readRows(path string, lines *wholeLines, visit func(row *Row, at int64) error) (n int, err error) {
	d := newRowDecoder(path, lines)
	for {
		if err := gocsv.UnmarshalCSV(d, &d.decoded); err != nil {
			return n, fmt.Errorf("%s: %w", path, err)
		}
		for i, at := range d.at {
			row, err := d.row(i)
			if err != nil {
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

	cells   [][]string // the header for gocsv, and rows as rest describes
	slab    []string   // what the rows of cells are cut from
	at      []int64    // where each of these rows begins
	decoded []decoded
	rest    *rest // of the row that was given last
	err     error // what ended the rows; nil if there are more
}

// decoded is what gocsv decodes a row into. All are strings: gocsv accepts 0x1F and 1.5 as whole
// numbers, and its errors for other texts are in the words of Go.
//
// gocsv allocates a row twice. The rows of a call have the same cells but for the first two. So a
// row is given without the others where they are as in the row above.
type decoded struct {
	Line    string `csv:"line"`
	Related string `csv:"related_id"`
	Rest    *rest  `csv:"module"` // and the others; nil if they are as in the row above
}

// rest is what the rows of a call have in common.
type rest struct {
	Module, Parent, Relation, Status, Code, Message, HTTPStatus, Attempts, Time, Org string

	attempts int
	err      error // what is wrong with it
}

// restOf has the columns of rest, by their places in a line.
var restOf = [...]int{1, 2, 3, 5, 6, 7, 8, 9, 10, 11}

// The places of the columns that differ from row to row, their number, and the place of status.
const lineAt, relatedAt, owns, statusAt = 0, 4, 2, 5

// UnmarshalCSVWithFields lets gocsv fill in a row without reflection on each field.
func (d *decoded) UnmarshalCSVWithFields(key, cell string) error {
	switch key {
	case "line":
		d.Line = cell
		return nil
	case "related_id":
		d.Related = cell
		return nil
	}
	if d.Rest == nil {
		d.Rest = &rest{}
	}
	*d.Rest.field(key) = cell
	return nil
}

// field gives the place of a column.
func (r *rest) field(column string) *string {
	switch column {
	case "module":
		return &r.Module
	case "parent_id":
		return &r.Parent
	case "relation":
		return &r.Relation
	case "status":
		return &r.Status
	case "code":
		return &r.Code
	case "message":
		return &r.Message
	case "http_status":
		return &r.HTTPStatus
	case "attempts":
		return &r.Attempts
	case "time":
		return &r.Time
	}
	return &r.Org // the last one
}

func newRowDecoder(path string, lines *wholeLines) *rowDecoder {
	d := &rowDecoder{path: path, lines: lines, rows: csv.NewReader(lines), decoded: make([]decoded, rowsAtOnce)}
	d.rows.ReuseRecord, d.rows.FieldsPerRecord = true, len(columns)
	d.slab = make([]string, rowsAtOnce*len(columns))
	head := []string{columns[lineAt], columns[relatedAt]}
	for _, k := range restOf {
		head = append(head, columns[k])
	}
	d.cells = append(make([][]string, 0, rowsAtOnce+1), head)
	return d
}

// Read is never called: gocsv decodes some rows at a time.
func (d *rowDecoder) Read() ([]string, error) { return nil, errors.ErrUnsupported }

// ReadAll reads the next rows. It returns no error, so that gocsv decodes the rows before one.
func (d *rowDecoder) ReadAll() ([][]string, error) {
	d.cells, d.at, d.last.is = d.cells[:1], d.at[:0], false
	for len(d.at) < rowsAtOnce && d.err == nil {
		d.read()
	}
	return d.cells, nil
}

// read reads a row, or sets err.
func (d *rowDecoder) read() {
	before, begin := d.lines.count, int64(len(header))+d.lines.size
	if d.err = d.lines.fill(); d.err != nil {
		return
	}
	size := len(columns)
	all := d.slab[len(d.at)*size:][:size]
	if line, related, ok := d.last.match(d.lines.rest); ok && before == d.n {
		d.lines.rest = nil
		all[0], all[1] = line, related
		d.cells = append(d.cells, all[:owns])
	} else {
		d.last.learn(d.lines.rest)
		row, err := d.rows.Read()
		first := d.fed + 1
		d.fed += d.lines.count - before
		if d.err = d.trouble(row, err, before, first); d.err != nil {
			return
		}
		all[0], all[1] = row[lineAt], row[relatedAt]
		for i, k := range restOf {
			all[owns+i] = row[k]
		}
		d.cells = append(d.cells, all)
	}
	d.at = append(d.at, begin)
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
func (d *rowDecoder) row(i int) (r Row, err error) {
	c := &d.decoded[i]
	if c.Rest != nil {
		d.rest = c.Rest
		d.rest.attempts, d.rest.err = strconv.Atoi(d.rest.Attempts)
	}
	x := d.rest
	r = Row{
		Module: x.Module, Parent: x.Parent, Relation: x.Relation, Related: c.Related, Status: outcome.Status(x.Status),
		Code: x.Code, Message: x.Message, HTTPStatus: x.HTTPStatus, Attempts: x.attempts, Time: x.Time, Org: x.Org,
	}
	if r.Line, err = strconv.Atoi(c.Line); err != nil {
		return r, fmt.Errorf("line %q is not a number", c.Line)
	}
	if x.err != nil {
		return r, fmt.Errorf("attempts %q is not a number", x.Attempts)
	}
	return r, r.check()
}
