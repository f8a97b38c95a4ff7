package reader_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"delink/pkg/reader"
)

// What programs leave in files beside the values is not a part of them. Each input has the links of
// the campaign 11 to the leads 21 and 22; its failures file has the same rows, and so does that
// one's.
func TestOddities(t *testing.T) {
	leads := reader.Options{Module: "Campaigns", Relation: "Leads"}
	named := leads
	named.Columns = reader.Columns{1: "Kampagne für Ä", 3: "r"} // NFC
	for _, test := range []struct {
		name, input string
		opt         reader.Options
	}{
		{"two marks", "\ufeff\ufeffparent_id,related_id\n11,21\n11,22\n", leads},
		{"three marks and quotes", "\ufeff\ufeff\ufeff\"parent_id\",\"related_id\"\n11,21\n11,22\n", leads},
		{"two marks before a sep line", "\ufeff\ufeffsep=;\nparent_id;related_id\n11;21\n11;22\n", leads},
		{"two marks in UTF-16", string(toUTF16(binary.LittleEndian)("\ufeff\ufeff\"parent_id\",related_id\n11,21\n11,22\n")), leads},
		{"files with two marks in one", "\ufeffparent_id,related_id\n11,21\n\ufeff\ufeffparent_id,related_id\n11,22\n", leads},
		{"^Z at the end", "parent_id,related_id\n11,21\n11,22\n\x1a", leads},
		{"^Z in a last line", "parent_id,related_id\r\n11,21\r\n11,22\r\n\x1a\r\n", leads},
		{"^Z behind the last id", "parent_id,related_id\n11,21\n11,22\x1a", leads},
		{"^Z behind the last quote", "parent_id,related_id\n11,21\n11,\"22\"\x1a\x1a\x1a", leads},
		{"^Z between files in one", "parent_id,related_id\n11,21\n\x1aparent_id,related_id\n11,22\n\x1a", leads},
		{"^Z behind UTF-16", string(toUTF16(binary.BigEndian)("\ufeffparent_id,related_id\n11,21\n11,22\n")) + "\x1a", leads},
		{"^Z as UTF-16", string(toUTF16(binary.BigEndian)("\ufeffparent_id,related_id\n11,21\n11,22\n\x1a")), leads},
		{"a delimiter behind every line", "parent_id,related_id,\n11,21,\n11,22,\n", leads},
		{"a delimiter behind every row", "parent_id,related_id\n11,21,\n11,22,\n", leads},
		{"a delimiter behind every row, quotes and CRLF", "parent_id;n;related_id\r\n\r\n11;\"a;\r\nb\";21;\r\n11;;22;", leads},
		{"a delimiter behind rows of which the relation is read", "Module,Relation,Record Id,Campaign Id\nCampaigns,Leads,21,11,\nCampaigns,Leads,22,11,\n", reader.Options{}},
		{"a delimiter behind the header", "parent_id,related_id,\n11,21\n11,22\n", leads},
		{"a delimiter behind the header, which is there again", "parent_id,related_id,\n11,21\nparent_id,related_id,\n11,22\n", leads},
		{"a delimiter behind every row but one", "parent_id,related_id\n11,21,\n11,22,\n" + strings.Repeat("11,22,\n", 20000) + "11,22\n", leads},
		{"names in NFD", "r,Kampagne fu\u0308r A\u0308\n21,11\n22,11\n", named},
		{"names in NFD, in another case and again", "r,KAMPAGNE FU\u0308R A\u0308\n21,11\nr,kampagne für ä\n22,11\n", named},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, pieces := range []bool{false, true} {
				input := []byte(test.input)
				in, err := reader.New("links.csv", bytes.NewReader(input), test.opt)
				if pieces {
					in, err = reader.New("links.csv", iotest.OneByteReader(bytes.NewReader(input)), test.opt)
				}
				if err != nil {
					t.Fatal(err)
				}
				rows, err := drain(in)
				if err != nil || len(rows) < 2 {
					t.Fatalf("%v, %v", rows, err)
				}
				for i, row := range rows {
					if want := link("Campaigns", 11, "Leads", 21); i > 0 {
						want.Related = 22
						if row.Err != nil || row.Link != want {
							t.Errorf("row %d: %v, %v", i, row.Link, row.Err)
						}
					} else if row.Err != nil || row.Link != want {
						t.Errorf("row %d: %v, %v", i, row.Link, row.Err)
					}
				}
				checkFailuresFile(t, input, test.opt, rows, in.Header())
			}
		})
	}
}

// A delimiter behind some rows only is one too many there.
func TestTailOfSomeRows(t *testing.T) {
	rows, err := read(strings.NewReader("parent_id,related_id\n1,2\n1,3,\n"), reader.Options{Module: "Campaigns", Relation: "Leads"})
	if err != nil || len(rows) != 2 || rows[0].Err != nil || rows[1].Err == nil {
		t.Errorf("%v, %v", rows, err)
	}
	rows, err = read(strings.NewReader("parent_id,related_id\n1,2,x\n1,3,x\n"), reader.Options{Module: "Campaigns", Relation: "Leads"})
	if err != nil || len(rows) != 2 || rows[0].Err == nil || rows[1].Err == nil {
		t.Errorf("a value beyond the header: %v, %v", rows, err)
	}
}

// A line that is too long costs itself; a row over several lines that is too long may have
// swallowed others.
func TestTooLong(t *testing.T) {
	opt := reader.Options{Module: "Campaigns", Relation: "Leads"}
	const begin, end = "parent_id,related_id,note\n1,2,x\n1,3,", "\n1,4,y\n"
	for _, test := range []struct{ name, field string }{
		{"plain", strings.Repeat("x", 1100<<10)},
		{"quoted", `"` + strings.Repeat("x, ", 400<<10) + `"`},
		{"fifteen times as long", strings.Repeat("x", 15<<20)},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := read(strings.NewReader(begin+test.field+end), opt)
			if err != nil || len(rows) != 3 || rows[0].Err != nil || rows[2].Err != nil || rows[2].Link.Related != 4 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			if e := rows[1].Err; e == nil || e.Error() != "links.csv:3:1: the row is longer than 1 MiB" {
				t.Errorf("got %v", e)
			}
			if want := "1,3," + test.field; string(rows[1].Raw) != want {
				t.Errorf("its text has %d bytes, not %d", len(rows[1].Raw), len(want))
			}
			checkFailuresFile(t, []byte(begin+test.field+end), opt, rows, mustHeader(t, begin, opt))
		})
	}
	for _, test := range []struct{ name, field, want string }{
		{"over two lines", `"` + strings.Repeat("x", 1100<<10) + "\n\"", "links.csv:3:1: the row that begins here is longer than 1 MiB"},
		{"over two lines, the first one short", "\"\n" + strings.Repeat("x", 1100<<10) + `"`, "links.csv:3:1: the row that begins here is longer than 1 MiB"},
		{"with a quote that is never closed", `"` + strings.Repeat("x", 1100<<10), "links.csv:3:5: the quote that opens here is never closed, and makes the rest of the file one value"},
		{"without end", strings.Repeat("x", 17<<20), "links.csv:3:1: the line is longer than 16 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := read(strings.NewReader(begin+test.field+end), opt)
			var in *reader.InputError
			if !errors.As(err, &in) || err.Error() != test.want || len(rows) != 1 {
				t.Errorf("%d rows, %v, want %s", len(rows), err, test.want)
			}
		})
	}
}

func mustHeader(t *testing.T, input string, opt reader.Options) *reader.Header {
	t.Helper()
	in, err := reader.New("links.csv", strings.NewReader(input), opt)
	if err != nil {
		t.Fatal(err)
	}
	return in.Header()
}

// The name of a file can be anything; what is said about it is text.
func TestNameThatIsNoText(t *testing.T) {
	for name, want := range map[string]string{
		"l\xefnks.csv":         `"l\xefnks.csv":1:1: the file is empty`,
		"a\x1b[31m.csv":        `"a\x1b[31m.csv":1:1: the file is empty`,
		`C:\Daten\größe 1.csv`: `C:\Daten\größe 1.csv:1:1: the file is empty`,
	} {
		if _, err := reader.New(name, strings.NewReader(""), reader.Options{}); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// An input about more relations than an org can have has other things in these columns.
func TestManyRelations(t *testing.T) {
	var input strings.Builder
	input.WriteString(header)
	for i := range 1100 {
		for _, module := range []string{"Campaigns", "campaign"} { // which is the same
			input.WriteString(module + ",1,L" + strconv.Itoa(i) + ",2\n")
		}
	}
	rows, err := read(strings.NewReader(input.String()), reader.Options{})
	if want := "links.csv:2002:1: the rows are about more than 1000 different relations"; err == nil || err.Error() != want || len(rows) != 2000 {
		t.Errorf("%d rows, %v, want %s", len(rows), err, want)
	}
}
