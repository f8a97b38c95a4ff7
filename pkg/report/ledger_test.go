package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"delink/pkg/outcome"
)

// someRow draws a row that a run can write: anything may stand in a message, but on one line.
func someRow(t *rapid.T) Row {
	words := rapid.StringOfN(rapid.RuneFrom([]rune(`abc ,;"'=+-@|é界0`+"\t\n\r\x00\x7f")), 0, 30, -1)
	return Row{
		Line:       rapid.IntRange(2, 1<<31).Draw(t, "line"),
		Module:     rapid.SampledFrom([]string{"Campaigns", "Price_Books", "X1"}).Draw(t, "module"),
		Parent:     rapid.SampledFrom([]string{"1", "3652397000000911001", "18446744073709551615"}).Draw(t, "parent"),
		Relation:   rapid.SampledFrom([]string{"Leads", "Products"}).Draw(t, "relation"),
		Related:    rapid.SampledFrom([]string{"2", "3652397000000925128"}).Draw(t, "related"),
		Status:     rapid.SampledFrom([]outcome.Status{outcome.Removed, outcome.Gone, outcome.Absent, outcome.Failed, outcome.Unknown, outcome.Invalid, outcome.Duplicate}).Draw(t, "status"),
		Code:       cell(words.Draw(t, "code")),
		Message:    cell(words.Draw(t, "message")),
		HTTPStatus: rapid.SampledFrom([]string{"", "200", "400"}).Draw(t, "http"),
		Attempts:   rapid.IntRange(0, 9).Draw(t, "attempts"),
		Time:       "2026-01-02T03:04:05.678Z",
		Org:        "org1",
	}
}

func readAll(t rapid.TB, path string) ([]Row, Extent) {
	t.Helper()
	var rows []Row
	extent, err := ReadLedger(quick, path, func(r *Row, _ int64) error {
		rows = append(rows, *r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, extent
}

func TestLedgerReadsBackWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.results.csv")
	rapid.Check(t, func(t *rapid.T) {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		var want []Row
		extent := Extent{}
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			ledger, err := OpenLedger(quick, path, extent, 1, "org1")
			if err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(0, 3).Draw(t, "appends") {
				rows := rapid.SliceOfN(rapid.Custom(someRow), 1, 5).Draw(t, "rows")
				if err := ledger.Append(rows); err != nil {
					t.Fatal(err)
				}
				want = append(want, rows...)
			}
			if err := ledger.Close(); err != nil {
				t.Fatal(err)
			}
			var got []Row
			if got, extent = readAll(t, path); !cmp.Equal(got, want) {
				t.Fatal(cmp.Diff(want, got))
			}
			if extent.Rows != len(want) || extent.Torn != 0 {
				t.Fatalf("extent %+v, want %d rows and nothing torn", extent, len(want))
			}
		}
	})
}

// A kill can leave the file cut off at any byte. What is whole is read, and the next rows come
// right behind it.
func TestLedgerCutOffAtEveryByte(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "links.results.csv")
	row := Row{Line: 2, Module: "Campaigns", Parent: "1", Relation: "Leads", Related: "2", Status: outcome.Removed, Message: `says "so", twice`, Time: "t", Org: "org1"}
	ledger, err := OpenLedger(quick, path, Extent{}, 0, "org1")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(ledger.Append([]Row{row, row, row}), ledger.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	next := row
	next.Line = 9
	for size := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		before, extent := readAll(t, path)
		if lines := max(0, strings.Count(string(whole[:size]), "\n")-1); len(before) != lines {
			t.Fatalf("cut off at byte %d: %d rows, want %d", size, len(before), lines)
		}
		ledger, err := OpenLedger(quick, path, extent, 0, "org1")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(ledger.Append([]Row{next}), ledger.Close()); err != nil {
			t.Fatal(err)
		}
		after, extent := readAll(t, path)
		if want := append(before, next); !cmp.Equal(after, want) || extent.Torn != 0 {
			t.Fatalf("cut off at byte %d: %v", size, cmp.Diff(want, after))
		}
	}
}

// What an editor or a power failure has left at the end of the file is no part of it. New rows take
// its place.
func TestLedgerEndsWithTheLastRow(t *testing.T) {
	row := Row{Line: 2, Module: "Campaigns", Parent: "1", Relation: "Leads", Related: "2", Status: outcome.Removed, HTTPStatus: "200", Attempts: 1, Time: "t", Org: "org1"}
	const good = "2,Campaigns,1,Leads,2,removed,,,200,1,t,org1\n"
	for _, test := range []struct {
		end  string
		torn int64
	}{
		{"", 0}, {"\n", 0}, {"\r\n\n\n", 0}, {"\n3,Camp", 6}, {"\x00\x00", 2}, {strings.Repeat("\x00", 3*lineMax+5), 3*lineMax + 5}, {strings.Repeat("\x00", lineMax) + "3,Camp", lineMax + 6},
	} {
		path := filepath.Join(t.TempDir(), "links.results.csv")
		if err := os.WriteFile(path, []byte(header+good+test.end), 0o600); err != nil {
			t.Fatal(err)
		}
		rows, extent := readAll(t, path)
		if !cmp.Equal(rows, []Row{row}) || extent.Torn != test.torn || extent.Size != int64(len(header+good)) {
			t.Errorf("%.20q: %v, %+v", test.end, rows, extent)
		}
		ledger, err := OpenLedger(quick, path, extent, 0, "org1")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(ledger.Append([]Row{row}), ledger.Close()); err != nil {
			t.Fatal(err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != header+good+good {
			t.Errorf("%.20q: %v, %.300q", test.end, err, after)
		}
	}
}

func TestLedgerRefusesWhatItDidNotWrite(t *testing.T) {
	const good = "2,Campaigns,1,Leads,2,removed,,,200,1,t,org1\n"
	tests := []struct {
		name, content string
		line          int
		cause         string
	}{
		{"another file", "name,email\na,b\n", 1, "is not a result file of delink: its first line is another one"},
		{"another file without a line end", "hello", 1, "is not a result file of delink: its first line is another one"},
		{"a header without the column org", olderHeader + "2,Campaigns,1,Leads,2,removed,,,200,1,t\n", 1, "is a result file of an older version of delink, and does not say which CRM its rows are about"},
		{"a header of another version", "line,module,parent_id,relation,related_id,status\n", 1, "is not a result file of delink: its first line is another one"},
		{"a status of another version", header + good + "3,Campaigns,1,Leads,3,lost,,,200,1,t,org1\n", 3, `is damaged: "lost" is not a status`},
		{"an id that a spreadsheet has changed", header + good + good + "3,Campaigns,1,Leads,3.65E+18,removed,,,200,1,t,org1\n", 4, `is damaged: related_id "3.65E+18" is not a record id: 1 to 20 digits are expected`},
		{"no id", header + "3,Campaigns,,Leads,3,removed,,,200,1,t,org1\n", 2, `is damaged: parent_id "" is empty`},
		{"a line that is no number", header + "x,Campaigns,1,Leads,2,removed,,,200,1,t,org1\n", 2, `is damaged: line "x" is not a number`},
		{"a line that is no whole number", header + "2.0,Campaigns,1,Leads,2,removed,,,200,1,t,org1\n", 2, `is damaged: line "2.0" is not a number`},
		{"a line that is larger than any", header + "99999999999999999999,Campaigns,1,Leads,2,removed,,,200,1,t,org1\n", 2, `is damaged: line "99999999999999999999" is not a number`},
		{"attempts that are no number", header + "2,Campaigns,1,Leads,2,removed,,,200,,t,org1\n", 2, `is damaged: attempts "" is not a number`},
		{"a second header", header + good + header + good, 3, "is damaged: the header is there again: were two result files put together?"},
		{"a row that lacks a column", header + good + "3,Campaigns,1,Leads,3,removed,,,200,1,t\n" + good, 3, "is damaged: the row does not have 12 columns"},
		{"a row with a column more", header + good + "3,Campaigns,1,Leads,3,removed,,,200,1,t,org1,\n" + good, 3, "is damaged: the row does not have 12 columns"},
		{"a row of two lines", header + "2,Campaigns,1,Leads,2,failed,,\"a\nb\",200,1,t,org1\n" + good, 3, "is damaged: there is an empty line, or a row is not one line"},
		{"an empty line", header + good + "\n" + good, 3, "is damaged: there is an empty line, or a row is not one line"},
		{"empty lines", header + good + "\r\n\n" + good, 3, "is damaged: there is an empty line, or a row is not one line"},
		{"an empty line below the header", header + "\n" + good, 2, "is damaged: there is an empty line, or a row is not one line"},
		{"a long row", header + good + strings.Replace(good, ",,,", ","+strings.Repeat("x", lineMax)+",,", 1) + good, 3, "is damaged: a line is longer than any that delink writes"},
		{"a long line that has no end", header + good + strings.Repeat("x", 3*lineMax), 3, "is damaged: a line is longer than any that delink writes"},
		{"zeros before a row", header + good + strings.Repeat("\x00", lineMax) + "\n" + good, 3, "is damaged: a line is longer than any that delink writes"},
		{"a long line alone", strings.Repeat("x", 3*lineMax), 1, "is not a result file of delink: its first line is another one"},
		{"a quote that stays open", header + good + "3,Campaigns,1,Leads,3,\"removed,,,200,1,t,org1\n" + good, 3, "is damaged: a quotation mark is missing, or is in the wrong place"},
		{"a quote inside a value", header + good + "3,Campaigns,1,Leads,3,rem\"oved,,,200,1,t,org1\n" + good, 3, "is damaged: a quotation mark is missing, or is in the wrong place"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "links.results.csv")
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := ReadLedger(quick, path, func(*Row, int64) error { return nil })
			var not *NotALedger
			if !errors.As(err, &not) || not.Line != test.line || not.Path != path || not.Cause != test.cause {
				t.Fatalf("error %v, want one for line %d: %s", err, test.line, test.cause)
			}
			if after, _ := os.ReadFile(path); string(after) != test.content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestRewriteKeepsOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.results.csv")
	ledger, err := OpenLedger(quick, path, Extent{}, 0, "org1")
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for i := range 10 {
		rows = append(rows, Row{Line: i + 2, Module: "Campaigns", Parent: "1", Relation: "Leads", Related: "2", Status: outcome.Removed, Time: "t"})
	}
	if err := errors.Join(ledger.Append(rows), ledger.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Rewrite(quick, path, func(r *Row) bool { return r.Line%3 == 0 }); err != nil {
		t.Fatal(err)
	}
	got, _ := readAll(t, path)
	var lines []int
	for _, r := range got {
		lines = append(lines, r.Line)
	}
	if want := []int{3, 6, 9}; !cmp.Equal(lines, want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want %o", info.Mode(), err, 0o600)
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"relation removed":     "relation removed",
		"=1+1":                 "'=1+1",
		"@x":                   "'@x",
		"-1":                   "'-1",
		"+a":                   "'+a",
		"two\nlines\tand \x00": "two lines and ",
		"\n=x":                 "'=x",
		"":                     "",
	} {
		if got := cell(in); got != want {
			t.Errorf("cell(%q) is %q, want %q", in, got, want)
		}
	}
}
