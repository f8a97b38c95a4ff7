package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gocarina/gocsv"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// rowByRow reads rows as encoding/csv and gocsv do, one after the other, with nothing left out.
func rowByRow(lines *wholeLines, visit func(row *Row, at int64)) error {
	rows := csv.NewReader(io.MultiReader(strings.NewReader(header), lines))
	rows.ReuseRecord = true
	decoder, err := gocsv.NewUnmarshaller(rows, cells{})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		at := rows.InputOffset()
		v, err := decoder.Read()
		line := n + 2
		switch {
		case err == io.EOF || lines.err != nil:
			return lines.fault("f", line)
		case err != nil:
			return damaged("f", line, faultOf(err, len(columns)))
		}
		if at, _ := rows.FieldPos(0); at != line {
			return damaged("f", line, errEmptyLine.Error())
		}
		c, _ := v.(cells)
		if c.Line == "line" && c.Status == "status" {
			return damaged("f", line, "the header is there again: were two result files put together?")
		}
		var o own
		_, _ = o.UnmarshalCSVWithFields("line", c.Line), o.UnmarshalCSVWithFields("related_id", c.Related)
		p := part{ownCells: table{nil, {c.Line, c.Related}}, decoded: []own{o}, fresh: []bool{true}, given: -1, common: []common{{
			Module: c.Module, Parent: c.Parent, Relation: c.Relation, Status: c.Status,
			Code: c.Code, Message: c.Message, HTTPStatus: c.HTTPStatus, Attempts: c.Attempts, Time: c.Time, Org: c.Org,
		}}}
		var row Row
		p.common[0].read()
		if err := p.row(0, &row); err != nil {
			return damaged("f", line, err.Error())
		}
		visit(&row, max(at, int64(len(header))))
	}
}

// failing is a file that cannot be read to its end.
type failing struct{ io.Reader }

var errDisk = errors.New("the disk fails")

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err == io.EOF {
		err = errDisk
	}
	return n, err
}

// Rows that are like the one above are read without taking them apart. Whatever stands in the file,
// they and all others are the same as encoding/csv has them, and so is what is wrong.
func TestRowsAreReadAsCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file strings.Builder
		cell := func(name string, usual ...string) string {
			if rapid.IntRange(0, 300).Draw(t, "odd") == 0 {
				return rapid.SampledFrom([]string{"", "x", `"x"`, `"`, `a"b`, "7\n8", "\"7\n8\"", `"a,b"`, "a,b", "007", "\r", `"1"`, " 1", "é", "line", "status"}).Draw(t, name)
			}
			return rapid.SampledFrom(usual).Draw(t, name)
		}
		for range rapid.IntRange(0, 6).Draw(t, "calls") {
			end := rapid.SampledFrom([]string{"\n", "\n", "\n", "\n", "\r\n"}).Draw(t, "end")
			between := "," + cell("module", "Campaigns") + "," + cell("parent", "1", "2") + "," + cell("relation", "Leads") + ","
			behind := "," + cell("status", "removed", "failed") + "," + cell("code", "SUCCESS", `"A ""b"", c"`) + "," + cell("message", "", `"a, b"`) + ",200," +
				cell("attempts", "1") + ",t," + cell("org", "org1") + end
			for range rapid.IntRange(1, 5).Draw(t, "rows") {
				row := cell("line", "2", "3", "44") + between + cell("related", "5", "66", "3652397000000925128") + behind
				file.WriteString(strings.Repeat(row, rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 1, 1, 1, rowsAtOnce - 1, 2 * rowsAtOnce}).Draw(t, "times")))
				if rapid.IntRange(0, 100).Draw(t, "blank") == 0 {
					file.WriteString(rapid.SampledFrom([]string{"\n", "\r\n", " \n", strings.Join(columns, ",") + "\n"}).Draw(t, "blank line"))
				}
			}
		}
		text := file.String()
		text = text[:len(text)-rapid.SampledFrom([]int{0, 0, 0, 1, 2, 7}).Draw(t, "torn")*min(1, len(text)/20)]
		open := func() *wholeLines {
			return &wholeLines{in: bufio.NewReaderSize(strings.NewReader(text), 64<<10)}
		}
		fails := rapid.IntRange(0, 9).Draw(t, "fails") == 0
		type found struct {
			Row Row
			At  int64
		}
		var want, got []found
		a, b := open(), open()
		if fails {
			a.in, b.in = bufio.NewReader(failing{strings.NewReader(text)}), bufio.NewReader(failing{strings.NewReader(text)})
		}
		wantErr := rowByRow(a, func(r *Row, at int64) { want = append(want, found{*r, at}) })
		n, err := readRows("f", b, func(r *Row, at int64) error { got = append(got, found{*r, at}); r.Line = -1; return nil })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: %s", text, diff)
		}
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Fatalf("%q: got %v, want %v", text, err, wantErr)
		}
		if n != len(got) || err == nil && (a.size != b.size || a.torn != b.torn) {
			t.Fatalf("%q: %d rows, size %d, torn %d; want %d, %d, %d", text, n, b.size, b.torn, len(got), a.size, a.torn)
		}
	})
}
