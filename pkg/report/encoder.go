package report

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"github.com/gocarina/gocsv"
)

// encoder writes rows as lines. Rows of plain cells, as nearly all are, need no quotes: their cells
// are put one behind the other. All others are encoded by gocsv, which takes ten times as long.
type encoder struct {
	buf bytes.Buffer
	csv *gocsv.SafeCSVWriter
}

// cells are the columns of a Row, as they are in the file. All are strings: gocsv takes two thirds
// of the time for these that it takes for numbers and other types, accepts 0x1F and 1.5 as whole
// numbers, and its errors for other texts are in the words of Go.
type cells struct {
	Line       string `csv:"line"`
	Module     string `csv:"module"`
	Parent     string `csv:"parent_id"`
	Relation   string `csv:"relation"`
	Related    string `csv:"related_id"`
	Status     string `csv:"status"`
	Code       string `csv:"code"`
	Message    string `csv:"message"`
	HTTPStatus string `csv:"http_status"`
	Attempts   string `csv:"attempts"`
	Time       string `csv:"time"`
	Org        string `csv:"org"`
}

func newEncoder() *encoder {
	e := &encoder{}
	e.csv = gocsv.NewSafeCSVWriter(csv.NewWriter(&e.buf))
	return e
}

// encode gives the lines of some rows. They must not be used after the next call.
func (e *encoder) encode(rows []Row) ([]byte, error) {
	e.buf.Reset()
	for i := range rows {
		r := &rows[i]
		if r.isPlain() {
			_, _ = e.buf.Write(r.appendPlain(e.buf.AvailableBuffer())) // into memory
			continue
		}
		one := []cells{{
			strconv.Itoa(r.Line), r.Module, r.Parent, r.Relation, r.Related, string(r.Status),
			r.Code, r.Message, r.HTTPStatus, strconv.Itoa(r.Attempts), r.Time, r.Org,
		}}
		if err := gocsv.MarshalCSVWithoutHeaders(one, e.csv); err != nil {
			return nil, err
		}
	}
	return e.buf.Bytes(), nil
}

// isPlain reports whether no cell of a row needs quotes.
func (r *Row) isPlain() bool {
	return isPlain(r.Module) && isPlain(r.Parent) && isPlain(r.Relation) && isPlain(r.Related) && isPlain(string(r.Status)) &&
		isPlain(r.Code) && isPlain(r.Message) && isPlain(r.HTTPStatus) && isPlain(r.Time) && isPlain(r.Org)
}

// isPlain reports whether a cell can stand in a line as it is. There are others that can, with
// accents for example, but it takes longer to tell.
func isPlain(s string) bool {
	for i := range len(s) {
		if !plain[s[i]] {
			return false
		}
	}
	return s == "" || s[0] != ' '
}

// plain are the bytes that need no quotes: printable ASCII but for those that mean something in a
// CSV file.
var plain = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = c != '"' && c != ',' && c != '\\'
	}
	return t
}()

// appendPlain adds the line of a row of plain cells to b.
func (r *Row) appendPlain(b []byte) []byte {
	b = append(strconv.AppendInt(b, int64(r.Line), 10), ',')
	b = append(append(b, r.Module...), ',')
	b = append(append(b, r.Parent...), ',')
	b = append(append(b, r.Relation...), ',')
	b = append(append(b, r.Related...), ',')
	b = append(append(b, r.Status...), ',')
	b = append(append(b, r.Code...), ',')
	b = append(append(b, r.Message...), ',')
	b = append(append(b, r.HTTPStatus...), ',')
	b = append(strconv.AppendInt(b, int64(r.Attempts), 10), ',')
	b = append(append(b, r.Time...), ',')
	return append(append(b, r.Org...), '\n')
}
