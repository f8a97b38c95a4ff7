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
	"delink/pkg/parallel"
	"delink/pkg/zoho"
)

// readRows reads the rows below the header, and gives their number.
func readRows(path string, lines *wholeLines, visit func(row *Row, at int64) error) (n int, err error) {
	var row Row
	for p := range parallel.Parts(newPart, newRowFinder(path, lines).find, (*part).decode) {
		for i, at := range p.at {
			if err := p.row(i, &row); err != nil {
				return n, damaged(path, n+2, err.Error())
			}
			if err := visit(&row, at); err != nil {
				return n, err
			}
			n++
		}
		err = p.err
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// rowsAtOnce is how many rows of a result file are decoded at a time.
const rowsAtOnce = 512

// part is some rows of a result file.
type part struct {
	ownCells    table    // of each row the cells that differ from row to row
	text        []byte   // of these cells, where a row is like the one above
	lengths     [][2]int // by row: how long its two cells are in text; zero if they are not there
	commonCells table    // the others, of rows where they are not as in the row above, and of the first row
	slab        []string // what the rows of ownCells are cut from
	at          []int64  // where each of these rows begins
	fresh       []bool   // by row: it has a row of commonCells
	decoded     []own
	common      []common // the rows of commonCells, as decoded; behind these may be some of an earlier use of the part
	given       int      // which of them is that of the row that was given last
	err         error    // what ended the rows: io.EOF, or what is wrong behind them; nil if there are more
}

func newPart() *part {
	return &part{
		ownCells:    append(make(table, 0, rowsAtOnce+1), []string{columns[lineAt], columns[relatedAt]}),
		commonCells: table{commonHead}, slab: make([]string, 2*rowsAtOnce), decoded: make([]own, rowsAtOnce),
	}
}

// IsLast reports whether something ended the rows.
func (p *part) IsLast() bool { return p.err != nil }

// rowFinder finds the rows of a result file and their cells.
type rowFinder struct {
	path  string
	lines *wholeLines
	rows  *csv.Reader // of lines
	n     int         // rows read
	fed   int         // lines that rows has read
	last  pattern     // of the row that was read last
}

// table is cells for gocsv: a header, and rows.
type table [][]string

// Read is never called: gocsv decodes some rows at a time.
func (t table) Read() ([]string, error) { return nil, errors.ErrUnsupported }

// ReadAll gives all rows.
func (t table) ReadAll() ([][]string, error) { return t, nil }

// own is what gocsv decodes the cells of a row into that differ from row to row. gocsv allocates
// each twice, so it has no pointers: the text of a cell that is wrong is in ownCells.
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

// commonHead has the names of these columns.
var commonHead = func() (names []string) {
	for _, k := range commonAt {
		names = append(names, columns[k])
	}
	return names
}()

func newRowFinder(path string, lines *wholeLines) *rowFinder {
	f := &rowFinder{path: path, lines: lines, rows: csv.NewReader(lines)}
	f.rows.ReuseRecord, f.rows.FieldsPerRecord = true, len(columns)
	return f
}

// find finds the next rows. If something ends the rows, it is in the part's err, and the rows
// before it are in the part.
func (f *rowFinder) find(p *part) {
	p.ownCells, p.commonCells, p.text, p.lengths, p.at, p.fresh = p.ownCells[:1], p.commonCells[:1], p.text[:0], p.lengths[:0], p.at[:0], p.fresh[:0]
	f.last.is = false
	for len(p.at) < rowsAtOnce && p.err == nil {
		p.err = f.read(p)
	}
	text := string(p.text) // one for all cells
	for i, n := range p.lengths {
		if a, b := n[0], n[0]+n[1]; b > 0 {
			p.ownCells[1+i][0], p.ownCells[1+i][1], text = text[:a], text[a:b], text[b:]
		}
	}
}

// read adds a row to a part. An error ends the rows.
func (f *rowFinder) read(p *part) error {
	before, begin := f.lines.count, int64(len(header))+f.lines.size
	if f.lines.fill() == io.EOF {
		return io.EOF
	}
	if err := f.lines.fault(f.path, f.n+2); err != nil {
		return err
	}
	cells := p.slab[len(p.at)*2:][:2:2]
	line, related, ok := f.last.match(f.lines.rest)
	ok = ok && before == f.n
	var lengths [2]int
	if ok {
		f.lines.rest = nil
		p.text, lengths = append(append(p.text, line...), related...), [2]int{len(line), len(related)}
	} else {
		f.last.learn(f.lines.rest)
		row, err := f.rows.Read()
		first := f.fed + 1
		f.fed += f.lines.count - before
		if err := f.trouble(row, err, before, first); err != nil {
			return err
		}
		cells[0], cells[1] = row[lineAt], row[relatedAt]
		var rest []string
		for _, k := range commonAt {
			rest = append(rest, row[k])
		}
		p.commonCells = append(p.commonCells, rest)
	}
	p.ownCells = append(p.ownCells, cells)
	p.at, p.fresh, p.lengths = append(p.at, begin), append(p.fresh, !ok), append(p.lengths, lengths)
	f.n++
	return nil
}

// decode has gocsv decode the rows.
func (p *part) decode() {
	err := gocsv.UnmarshalCSV(p.commonCells, &p.common)
	if err == nil {
		err = gocsv.UnmarshalCSV(p.ownCells, &p.decoded)
	}
	if err != nil { // a fault of the program: gocsv finds none in texts; row and common.read look at them
		p.err, p.at = errors.Join(fmt.Errorf("decoding a result file: %w", err), p.err), nil
		return
	}
	p.given = -1
	for i := range p.common[:len(p.commonCells)-1] {
		p.common[i].read()
	}
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

// match gives the two cells of a line with the pattern. Neither is empty.
func (p *pattern) match(line []byte) (first, related []byte, ok bool) {
	if !p.is {
		return nil, nil, false
	}
	n := digits(line)
	if n == 0 || !bytes.HasPrefix(line[n:], p.between) {
		return nil, nil, false
	}
	at := n + len(p.between)
	end := at + digits(line[at:])
	if end == at || !bytes.Equal(line[end:], p.behind) {
		return nil, nil, false
	}
	return line[:n], line[at:end], true
}

// digits is how many digits a text begins with.
func digits(text []byte) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}

// trouble says what ends the rows; nil if nothing does. row and err are what rows.Read gave, before
// is how many lines came before the row, and first is the line of rows on which it should begin.
func (f *rowFinder) trouble(row []string, err error, before, first int) error {
	line := f.n + 2 // each row is one line
	switch {
	case f.lines.err != nil:
		return f.lines.fault(f.path, line)
	case err == io.EOF:
		return err
	case err != nil:
		return damaged(f.path, line, faultOf(err, len(columns)))
	}
	if at, _ := f.rows.FieldPos(0); at != first || before != f.n {
		return damaged(f.path, line, errEmptyLine.Error())
	}
	if row[lineAt] == "line" && row[statusAt] == "status" {
		return damaged(f.path, line, "the header is there again: were two result files put together?")
	}
	return nil
}

// row makes a Row of cells that were decoded. It is to be called once for each row, in order, with
// the same r: it sets only what differs from the row above. Its errors say what is wrong with the
// row.
func (p *part) row(i int, r *Row) error {
	if p.fresh[i] {
		p.given++
		*r = p.common[p.given].row
	}
	cells := p.ownCells[1+i]
	r.Line, r.Related = p.decoded[i].Line, cells[1]
	switch {
	case r.Line < 0:
		return fmt.Errorf("line %q is not a number", cells[0])
	case p.common[p.given].err != nil:
		return p.common[p.given].err
	case r.Status != outcome.Invalid && p.decoded[i].Related == 0:
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
