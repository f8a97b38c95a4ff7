package reader_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"delink/pkg/reader"
)

// An input whose rows cannot be found is refused, not taken for one without rows.
func TestInputWithoutLineEnds(t *testing.T) {
	leads := reader.Options{Module: "Campaigns", Relation: "Leads"}
	const (
		all   = "module,parent_id,relation,related_id"
		noted = all + ",note"
		row   = "Campaigns,3652397000000327001,Leads,3652397000010000001"
		small = "Campaigns,1,Leads,2,x"
	)
	holdsID := `the header holds what looks like a record id, "3652397000000327001": a row may have become a part of it`
	for _, test := range []struct {
		name, input string
		opt         reader.Options
		want, hint  string
	}{
		{"backslash and n", all + `\n` + row + `\n`, reader.Options{}, "the header lacks the column related_id", `the lines seem to end in the two characters \n`},
		{"backslashes, r and n", noted + `\r\n` + row + `,x\r\n`, reader.Options{}, holdsID, `the lines seem to end in the four characters \r\n`},
		{"backslash and n, small ids", noted + `\n` + small, reader.Options{}, "there are no rows: the header looks like several lines that were joined", `the lines seem to end in the two characters \n`},
		{"next line", noted + "\u0085" + row + ",x\u0085", reader.Options{}, holdsID, "the lines seem to end in next-line characters (U+0085)"},
		{"next line and a last line end", noted + "\u0085" + small + "\u0085\n", reader.Options{}, "there are no rows", "the lines seem to end in next-line"},
		{"line separators", all + "\u2028" + row, reader.Options{}, "the header lacks the column related_id", "the lines seem to end in line separators"},
		{"paragraph separators", noted + "\u2029" + small, reader.Options{}, "there are no rows", "the lines seem to end in paragraph separators"},
		{"vertical tabs", noted + "\v" + row + ",x", reader.Options{}, holdsID, "the lines seem to end in vertical tabs"},
		{"form feeds", noted + "\f" + small + "\f" + small, reader.Options{}, "there are no rows", "the lines seem to end in form feeds"},
		{"record separators", noted + "\x1e" + row + ",x", reader.Options{}, holdsID, "the lines seem to end in record separators"},
		{"blanks", noted + " " + row + ",x", reader.Options{}, holdsID, "look at the line ends and the quotes of the first line"},
		{"blanks, the last column an id", all + " " + row, reader.Options{}, "the header lacks the column related_id", "it has module, parent_id"},
		{"blanks, with options", "parent_id,related_id,note 3652397000000327001,3652397000010000001,x", leads, holdsID, "look at"},
		{"semicolons", strings.ReplaceAll(noted+`\n`+row+`,x`, ",", ";"), reader.Options{}, holdsID, `the lines seem to end in the two characters \n`},
		{"an id with Zoho's prefix", noted + " Campaigns,zcrm_1,Leads,2,x", reader.Options{}, `looks like a record id, "zcrm_1"`, "look at"},
		{"an id that a spreadsheet changed", noted + " Campaigns,3.6524E+18,Leads,2,x", reader.Options{}, `looks like a record id, "3.6524E+18"`, "look at"},
		{"a quote that swallows the rows", `parent_id,related_id,"note` + "\n3652397000000327001,2,x\n3,4,\"\n", leads, holdsID, "the quotes of the header hold line ends"},
		{"a quote that swallows rows with small ids", `parent_id,related_id,"note` + "\n1,2,x\n3,4,\"\n", leads, "there are no rows", "the quotes of the header hold line ends"},
		{"a quote that swallows the first row of two", `parent_id,related_id,"note` + "\n3652397000000327001,2,x\n3,4,\"\n5,6,y\n", leads, holdsID, "the quotes of the header hold line ends"},
		{"no id column", "module,parent_id,relation\n", reader.Options{}, "the header lacks the column related_id", "it has module, parent_id, relation"},
		{"no id columns", "module,relation\n", reader.Options{}, "the header lacks the columns parent_id, related_id", "it has module, relation"},
		{"one id column twice", "module,relation,Record Id,Id\n", reader.Options{}, "the header lacks the columns parent_id, related_id", "it has"},
		{"no id columns, with an option", "relation,Name\n", reader.Options{Module: "Campaigns"}, "the header lacks the columns parent_id, related_id", "it has"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := read(strings.NewReader(test.input), test.opt)
			var in *reader.InputError
			if !errors.As(err, &in) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %d rows and %v\nwant %s", len(rows), err, test.want)
			}
			if !strings.HasPrefix(in.Hint, test.hint) {
				t.Errorf("the hint is %q, want %q…", in.Hint, test.hint)
			}
		})
	}
}

// Names that only resemble ids or line ends are names of columns.
func TestHeaderWithOddNames(t *testing.T) {
	leads := reader.Options{Module: "Campaigns", Relation: "Leads"}
	for _, test := range []struct{ name, input string }{
		{"a date", "parent_id,related_id,Status at 20261128120000\n"},
		{"years", "parent_id,related_id,2025,2026\n"},
		{"a backslash in a name", `parent_id,related_id,path\name` + "\n"},
		{"a line end in a name", "parent_id,related_id,\"a\nb\"\n"},
		{"a line end behind the names", "parent_id,related_id,a\u0085"},
		{"a phone number", "parent_id,related_id,+49 30 1234567890\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if rows, err := read(strings.NewReader(test.input), leads); err != nil || len(rows) > 0 {
				t.Errorf("%v, %v", rows, err)
			}
			if rows, err := read(strings.NewReader(strings.TrimSuffix(test.input, "\n")+"\n1,2,3,4\n"), leads); err != nil || len(rows) != 1 {
				t.Errorf("with a row: %v, %v", rows, err)
			}
		})
	}
}

// A source that fails behind the header has not shown that there are no rows.
func TestHeaderWithoutRowsThatFails(t *testing.T) {
	src := io.MultiReader(strings.NewReader("module,relation,Record Id,Campaign Id\n\n"), &once{err: errBroken})
	if _, err := read(src, reader.Options{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
