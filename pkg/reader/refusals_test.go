package reader_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"delink/pkg/reader"
)

const header = "module,parent_id,relation,related_id\n"

// Inputs that are refused as a whole, by the text of the error and the beginning of its hint, or
// all of it if it ends in $.
var refusedInputs = []struct {
	name, input, want, hint string
	opt                     reader.Options
}{
	{"empty", "", `links.csv:1:1: the file is empty`, "it needs a header and rows", reader.Options{}},
	{"empty but for a mark", "\xef\xbb\xbf", `links.csv:1:1: the file is empty`, "it needs", reader.Options{}},
	{"blank lines only", "\n\r\n  \n\n", `links.csv:1:1: the file is empty`, "it needs", reader.Options{}},
	{
		"no header", "Campaigns,3652397000000925128,Leads,3652397000000925129\n",
		`links.csv:1:1: the first row is data, not a header`, "put a line with the columns' names above it: module,parent_id",
		reader.Options{},
	},
	{
		"no header, prefixed", "zcrm_3652397000000925128,zcrm_1\n",
		`links.csv:1:1: the first row is data, not a header`, "put a line",
		reader.Options{Module: "Campaigns", Relation: "Leads"},
	},
	{"no header, ids changed", "Campaigns,3.6524E+18\n", `links.csv:1:1: the first row is data, not a header`, "put a line", reader.Options{}},
	{"tabs", "Parent_ID\tx,y\trelated_id\n1\t2\n", `links.csv:1:1: the header lacks the columns module, relation`, "it has Parent_ID, x,y, related_id; Complete{Constants:[module relation] Columns:[] Relations:[] For:. OnlyID:}$", reader.Options{}},
	{"bars", "a|b\n1|2\n", `links.csv:1:1: the header lacks the columns module, parent_id, relation, related_id`, "it has a, b; Complete{Constants:[module parent_id relation] Columns:[parent_id related_id] Relations:[] For:. OnlyID:}$", reader.Options{}},
	{
		"a column is missing", "module,parent_id,relation,lead\nCampaigns,1,Leads,2\n",
		`links.csv:1:1: the header lacks the column related_id`, "it has module, parent_id, relation, lead",
		reader.Options{},
	},
	{
		"columns are missing", "parent_id,\"na\nme\"\n1,2\n", `links.csv:1:1: the header lacks the columns module, relation, related_id`,
		`it has parent_id, "na\nme"; Complete{Constants:[module relation] Columns:[related_id] Relations:[] For:. OnlyID:}$`,
		reader.Options{},
	},
	{
		"one constant is not enough", "parent_id,related_id\n1,2\n", `links.csv:1:1: the header lacks the column relation`,
		"it has parent_id, related_id; Complete{Constants:[relation]",
		reader.Options{Module: "Campaigns"},
	},
	{
		"many columns", "a,b,c,d,e,f,g,h,i,j,k,l,m\n", `links.csv:1:1: the header lacks the columns module, parent_id, relation, related_id`,
		"it has a, b, c, d, e, f, g, h, i, j, k, l, …; Complete{",
		reader.Options{},
	},
	{
		"twelve columns", "a,b,c,d,e,f,g,h,i,j,k,l\n", `links.csv:1:1: the header lacks the columns parent_id, related_id`,
		"it has a, b, c, d, e, f, g, h, i, j, k, l; Complete{Constants:[parent_id] Columns:[parent_id related_id] Relations:[] For:Campaigns.Leads OnlyID:}$",
		reader.Options{Module: "Campaigns", Relation: "Leads"},
	},
	{"the first column twice", "related_id,parent_id,related_id\n", `links.csv:1:22: column related_id is there twice, as columns 1 and 3`, "rename the one", reader.Options{}},
	{
		"a column twice", "module,parent_id,relation,related_id, PARENT_ID \nCampaigns,1,Leads,2,3\n",
		`links.csv:1:38: column parent_id is there twice, as columns 2 and 5`, "rename the one",
		reader.Options{},
	},
	{"UTF-16 without mark", "m\x00o\x00d\x00", `links.csv:1:1: the file is UTF-16 text without the mark that says so`, "save it again as UTF-8 (in Excel: CSV UTF-8); GiveEncoding{Likely:[{Encoding:utf-16le Reads:}]}$", reader.Options{}},
	{"UTF-16 without mark, big end first", "\x00m\x00o", `links.csv:1:1: the file is UTF-16 text without the mark that says so`, "save it again as UTF-8 (in Excel: CSV UTF-8); GiveEncoding{Likely:[{Encoding:utf-16be Reads:}]}$", reader.Options{}},
	{"gzip cut short", "\x1f\x8b\x08\x00", `links.csv:1: cannot be unpacked: the gzip file ends too early: it is incomplete`, "copy the file", reader.Options{}},
	{"zstd cut short", "\x28\xb5\x2f\xfd\x00", `links.csv:1: cannot be unpacked: the zstd file ends too early: it is incomplete`, "copy the file", reader.Options{}},
	{"archive", "PK\x03\x04\x14\x00", `links.csv:1:1: the file is a zip archive, not a CSV file`, "unpack it first", reader.Options{}},
	{"NUL in the header", "module,par\x00ent_id\n1,2\n", `links.csv:1:11: the header has a NUL byte`, "the file is damaged", reader.Options{}},
	{"Latin-1 in the header", "module,parent_id,relation,related_id,Stra\xdfe\n", `links.csv:1:42: the text is not UTF-8: the header has "Stra\xdfe"`, `Excel's "CSV" saves like this: save it as "CSV UTF-8"; GiveEncoding{Likely:[{Encoding:windows-1252 Reads:Straße} {Encoding:macintosh Reads:Straﬂe}]}$`, reader.Options{}},
	{"Latin-1 in a header that says that it is UTF-8", "\ufeffmodule,parent_id,relation,related_id,Stra\xdfe\n", `links.csv:1:42: the header is not UTF-8 text`, "save the file again as UTF-8", reader.Options{}},
	{"another encoding than is told", "module,parent_id,relation,related_id,Stra\xd2e\n", `links.csv:1:42: the header is not windows-1253 text`, "CorrectEncoding{Is:}$", reader.Options{Encoding: encodingOf("windows-1253")}},
	{"Latin-1 of which the user says that it is UTF-8", "module,parent_id,relation,related_id,Stra\xd2e\n", `links.csv:1:42: the header is not UTF-8 text`, "CorrectEncoding{Is:}$", reader.Options{Encoding: encodingOf("utf-8")}},
	{"UTF-16 without mark, and another encoding is told", "m\x00o\x00d\x00", `links.csv:1:1: the file is UTF-16 text without the mark that says so`, "CorrectEncoding{Is:utf-16le}$", reader.Options{Encoding: encodingOf("windows-1252")}},
	{"UTF-8 of which the user says that it is UTF-16", "module,parent_id,relation,related_id\n", `links.csv:1:1: the file is not UTF-16 text`, "CorrectEncoding{Is:}$", reader.Options{Encoding: encodingOf("utf-16")}},
	{"what is no character in the usual encoding", "module,parent_id,relation,related_id,Stra\x9de\n", `links.csv:1:42: the text is not UTF-8: the header has "Stra\x9de"`, `Excel's "CSV" saves like this: save it as "CSV UTF-8"; GiveEncoding{Likely:[{Encoding:macintosh Reads:Straùe}]}$`, reader.Options{}},
	{"Latin-1 between bars", "module|parent_id|relation|related_id|Note\nCampaigns|1|Leads|2|Stra\xdfe\n", `links.csv:2:25: the text is not UTF-8: column 5, Note has "Stra\xdfe"`, "Excel's", reader.Options{}},
	{"sep line with half of its quotes", "\"sep=;\na;b\n", `links.csv:1:1: the quote that opens here is never closed, and swallows the rest of the file`, "close it", reader.Options{}},
	{"header lacks a column behind a sep line", "sep=;\n\na;b\n", `links.csv:3:1: the header lacks the columns module, parent_id, relation, related_id`, "it has a, b;", reader.Options{}},
	{"compressed twice", string(toGzip(string(toZstd(header)))), `links.csv:1:1: the file is compressed twice`, "unpack it first", reader.Options{}},
	{
		"zstd with a window of 256 MiB", "\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00",
		`links.csv:1: cannot be unpacked: the zstd file was compressed with a larger window than 128 MiB: unpack it first`, "",
		reader.Options{},
	},
	{"gzip with other things behind", string(toGzip(header)) + "x", `links.csv:2: cannot be read further: behind the end of the gzip file, something else follows what is compressed`, "copy the file", reader.Options{}},
	{"gzip that is damaged", string(bytes.Replace(toGzip(header), []byte{0xff, 0xff}, []byte{0, 0xff}, 1)), `links.csv:2: cannot be read further: the gzip file is damaged: flate: corrupt input before offset 39`, "copy the file", reader.Options{}},
	{"a taken column is not taken twice", "related_id,x\n", `links.csv:1:1: the header lacks the column related_id`, "it has related_id, x", reader.Options{Module: "Campaigns", Relation: "Leads", Columns: reader.Columns{1: "related_id"}}},
	{"quote in the header", "a,b\"c\n1,2\n", `links.csv:1:4: the header is wrong: column 2 "b\"c" has a quote in it, but does not begin with one`, "put the value", reader.Options{}},
	{"open quote in the header", "module,\"parent_id\n1,2\n", `links.csv:1:8: the quote that opens here is never closed, and swallows the rest of the file`, "close it", reader.Options{}},
	{
		"open quote", header + "Campaigns,1,Leads,2\n\nCampaigns,1,\"Leads,2\nCampaigns,1,Leads,3\n",
		`links.csv:4:13: the quote that opens here is never closed, and swallows the rest of the file`, "close it, or double it",
		reader.Options{},
	},
	// The lines below may be a part of the value, and must not be taken for links.
	{
		"quote in a value, and one that opens", header + "Campaigns,1\"1,Leads,2,\"a\nCampaigns,3,Leads,4,b\nc\"\n",
		`links.csv:2:23: it cannot be told where this row ends: the quotes of column 2 are wrong, and the line does not close the one that opens here`,
		"put the values in quotes",
		reader.Options{},
	},
	{
		"quote that may close or open", header + "\"Campaigns,1,Leads,2,\"a\nCampaigns,3,Leads,4,b\nc\"\n",
		`links.csv:2:22: it cannot be told where this row ends: the quotes of column 1 are wrong, and the line does not close the one that opens here`,
		"put the values in quotes",
		reader.Options{},
	},
	{
		"open quote that closes where another opens", "module,parent_id,relation,related_id,Note\nCampaigns,1,Leads,\"2,x\nCampaigns,1,Leads,3,\"\nCampaigns,1,Leads,999,x\n\nend\"\n",
		`links.csv:3:21: it cannot be told where the row of line 2 ends: the quote that closes its value here may be the one that opens the next`,
		"look for a quote above that is not closed",
		reader.Options{},
	},
	{"open quote in the last line", header + "Campaigns,1,Leads,\"2", `links.csv:2:19: the quote that opens here is never closed, and swallows the rest of the file`, "close it", reader.Options{}},
	{
		"open quote that another one closes", "name," + header + "a,Campaigns,1,Leads,2\n\"b,Campaigns,1,Leads,3\n\"c\",Campaigns,1,Leads,4\n",
		`links.csv:3:1: the quote that opens here has swallowed lines: in line 4, text follows the quote that closes it`, "close it where its value ends",
		reader.Options{},
	},
	{
		"a row without end", header + "Campaigns,1,Leads,\"2\n" + strings.Repeat("Campaigns,1,Leads,2\n", 1<<17),
		`links.csv:2:1: the row that begins here is longer than 1 MiB`, "perhaps a quote",
		reader.Options{},
	},
	{"a header without end", strings.Repeat("x", 2<<20), `links.csv:1:1: the row that begins here is longer than 1 MiB`, "perhaps a quote", reader.Options{}},
}

func TestRefusedInputs(t *testing.T) {
	for _, test := range refusedInputs {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(strings.NewReader(test.input), test.opt)
			var input *reader.InputError
			if !errors.As(err, &input) {
				t.Fatalf("got the error %v, want an InputError", err)
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
			hint, whole := strings.CutSuffix(test.hint, "$")
			if got := withRemedy(input); !strings.HasPrefix(got, hint) || whole && got != hint || test.hint == "" && got != "" {
				t.Errorf("the hint is %q, want %q…", got, test.hint)
			}
		})
	}
}

// Rows that are refused, each in the second line of an input with the columns
// module,parent_id,relation,related_id,Note.
var refusedRows = []struct{ name, row, want, hint string }{
	{"letters", `Campaigns,3652397000000925128,Leads,12x4,`, `links.csv:2:37: column 4, related_id "12x4" is not a record id: 1 to 20 digits are expected`, "if a spreadsheet has changed it"},
	{"place behind a quoted line break", "Campaigns,1,Leads,\"1\r\n2\",", `links.csv:2:19: column 4, related_id "1\r\n2" is not a record id: 1 to 20 digits are expected`, "if a spreadsheet"},
	{"place in a later line", "Campaigns,\"1\n2\",Leads,3,", `links.csv:2:11: column 2, parent_id "1\n2" is not a record id: 1 to 20 digits are expected`, "if a spreadsheet"},
	{"scientific", `Campaigns,3.6524E+18,Leads,1,`, `links.csv:2:11: column 2, parent_id "3.6524E+18" is not a record id: Excel has changed this id, it cannot be recovered`, "export again, or format the column as text"},
	{"scientific with comma", `Campaigns,"3,6524e18",Leads,1,`, `links.csv:2:11: column 2, parent_id "3,6524e18" is not a record id: Excel has changed this id, it cannot be recovered`, "export again"},
	{"scientific without point", `Campaigns,4E+18,Leads,1,`, `links.csv:2:11: column 2, parent_id "4E+18" is not a record id: Excel has changed this id, it cannot be recovered`, "export again"},
	{"decimal", `Campaigns,1,Leads,3652397000000925128.0,`, `links.csv:2:19: column 4, related_id "3652397000000925128.0" is not a record id: Excel has changed this id, it cannot be recovered`, "export again"},
	{"decimal comma", `Campaigns,1,Leads,"-12,50",`, `links.csv:2:19: column 4, related_id "-12,50" is not a record id: Excel has changed this id, it cannot be recovered`, "export again"},
	{"plus", `Campaigns,+1,Leads,1,`, `links.csv:2:11: column 2, parent_id "+1" is not a record id: 1 to 20 digits are expected`, "if a spreadsheet"},
	{"minus", `Campaigns,-1,Leads,1,`, `links.csv:2:11: column 2, parent_id "-1" is not a record id: 1 to 20 digits are expected`, "if a spreadsheet"},
	{"leading zero", `Campaigns,01,Leads,1,`, `links.csv:2:11: column 2, parent_id "01" is not a record id: it begins with 0`, ""},
	{"too long", `Campaigns,123456789012345678901,Leads,1,`, `links.csv:2:11: column 2, parent_id "123456789012345678901" is not a record id: it is longer than 20 digits, or larger than any id`, ""},
	{"too large", `Campaigns,99999999999999999999,Leads,1,`, `links.csv:2:11: column 2, parent_id "99999999999999999999" is not a record id: it is longer than 20 digits, or larger than any id`, ""},
	{"no parent", `Campaigns,,Leads,1,`, `links.csv:2:11: column 2, parent_id is empty`, "a link needs"},
	{"no related", `Campaigns,1,Leads,"",`, `links.csv:2:19: column 4, related_id is empty`, "a link needs"},
	{"prefix only", `Campaigns,zcrm_,Leads,1,`, `links.csv:2:11: column 2, parent_id "zcrm_" is not a record id: it has no digits`, "if a spreadsheet"},
	{"prefix twice", `Campaigns,zcrm_zcrm_1,Leads,1,`, `links.csv:2:11: column 2, parent_id "zcrm_zcrm_1" is not a record id: 1 to 20 digits are expected`, "if a spreadsheet"},
	{"other prefix", `Campaigns,ZCRM_1,Leads,1,`, `links.csv:2:11: column 2, parent_id "ZCRM_1" is not a record id: 1 to 20 digits are expected`, "if a spreadsheet"},
	{"long value", `Campaigns,` + strings.Repeat("ä", 41) + `,Leads,1,`, `links.csv:2:11: column 2, parent_id "` + strings.Repeat("ä", 40) + `…" is not a record id: 1 to 20 digits are expected`, "if a"},
	{"no module", `,1,Leads,1,`, `links.csv:2:1: column 1, module is empty`, "API names are"},
	{"no relation", `Campaigns,1,,1,`, `links.csv:2:13: column 3, relation is empty`, "API names are"},
	{"module", `Camp aigns,1,Leads,1,`, `links.csv:2:1: column 1, module "Camp aigns" is not an API name`, "API names are"},
	{"relation", `Campaigns,1,2,1,`, `links.csv:2:13: column 3, relation "2" is not an API name`, "API names are"},
	{"relation that was an id", `Campaigns,1,3.6524E+18,1,`, `links.csv:2:13: column 3, relation "3.6524E+18" is not an API name`, "API names are"},
	{"too few", `Campaigns,1,Leads,1`, `links.csv:2:1: the row has 4 columns, the header has 5`, "a value, or a comma between two, is missing"},
	{"too many", `Campaigns,1,Leads,1,a,b`, `links.csv:2:1: the row has 6 columns, the header has 5`, "a value with a comma"},
	{"too few over lines", "Campaigns,1,Leads,\"1\n\n\"", `links.csv:2:1: the row has 4 columns, the header has 5; it goes on to line 4`, "perhaps a quote"},
	{"quote in a value", `Campaigns,1,Leads,1,a"b`, `links.csv:2:22: column 5, Note "a\"b" has a quote in it, but does not begin with one`, "put the value in quotes"},
	{"space before a quote", `Campaigns, "1",Leads,1,`, `links.csv:2:12: column 2, parent_id " \"1\"" has a quote in it, but does not begin with one`, "put"},
	{"text behind a quote", `Campaigns,"1"2,Leads,1,`, `links.csv:2:13: column 2, parent_id "\"1\"2" has text behind its closing quote`, "put"},
	{"wrong quoting beyond the header", `a,b,c,d,e,f"`, `links.csv:2:12: column 6 "f\"" has a quote in it, but does not begin with one`, "put"},
	{"formula with more quotes", `Campaigns,="1"2",Leads,1,`, `links.csv:2:12: column 2, parent_id "=\"1\"2\"" has a quote in it, but does not begin with one`, "put"},
	{"NUL", "Campaigns,1,Leads,1,a\x00b", `links.csv:2:22: column 5, Note "a\x00b" has a NUL byte`, "the file is damaged"},
	{"NUL at the beginning", "\x00,1,Leads,1,", `links.csv:2:1: column 1, module "\x00" has a NUL byte`, "the file is damaged"},
	{"NUL in an id", "Campaigns,1\x00,Leads,1,", `links.csv:2:12: column 2, parent_id "1\x00" has a NUL byte`, "the file is damaged"},
}

func TestRefusedRows(t *testing.T) {
	for _, test := range refusedRows {
		t.Run(test.name, func(t *testing.T) {
			for _, end := range []string{"\n", "\r\n", ""} {
				after := ""
				if end != "" {
					after = "Campaigns,3,Leads,4," + end
				}
				rows, err := read(strings.NewReader("module,parent_id,relation,related_id,Note"+"\n"+test.row+end+after), reader.Options{})
				if err != nil {
					t.Fatal(err)
				}
				bad := rows[0]
				if bad.Err == nil {
					t.Fatalf("the row is taken as %v", bad.Link)
				}
				if bad.Err.Error() != test.want {
					t.Errorf("got  %s\nwant %s", bad.Err, test.want)
				}
				if !strings.HasPrefix(bad.Err.Hint, test.hint) || test.hint == "" && bad.Err.Hint != "" {
					t.Errorf("the hint is %q, want %q…", bad.Err.Hint, test.hint)
				}
				if bad.Line != 2 || bad.Err.Line != 2 {
					t.Errorf("the row is said to start on line %d and %d, not 2", bad.Line, bad.Err.Line)
				}
				if string(bad.Raw) != test.row {
					t.Errorf("its text is %q", bad.Raw)
				}
				if bad.Link != (reader.Link{}) {
					t.Errorf("it has the link %v", bad.Link)
				}
				if after != "" && (len(rows) != 2 || rows[1].Err != nil || rows[1].Link.Related != 4) {
					t.Errorf("the row behind it is lost: %v", rows)
				}
			}
		})
	}
}

func TestRowErrorNamesTheColumn(t *testing.T) {
	rows, err := read(strings.NewReader("x,Related_ID,PARENT_ID\n1,2,y\n1,2\n1,2,3\"\n"), reader.Options{Module: "Campaigns", Relation: "Leads"})
	if err != nil {
		t.Fatal(err)
	}
	e := rows[0].Err
	if e.File != "links.csv" || e.Column != "parent_id" || e.Number != 3 || e.Value != "y" || e.AtLine != 2 || e.AtCol != 5 {
		t.Errorf("%+v", *e)
	}
	if want := `parent_id "y" is not a record id: 1 to 20 digits are expected`; e.Message() != want {
		t.Errorf("message %q, want %q", e.Message(), want)
	}
	if e := rows[2].Err; e.Column != "parent_id" || e.Number != 3 || e.AtCol != 6 {
		t.Errorf("%+v", *e)
	}
	if e := rows[1].Err; e.Column != "" || e.Number != 0 {
		t.Errorf("%+v", *e)
	}
}

func TestOptionsThatAreNoNames(t *testing.T) {
	for _, test := range []struct {
		opt  reader.Options
		want string
	}{
		{reader.Options{Module: "Camp aigns"}, `module "Camp aigns" is not an API name`},
		{reader.Options{Relation: "1"}, `relation "1" is not an API name`},
		{reader.Options{Parent: "12x4"}, `parent_id "12x4" is not a record id: 1 to 20 digits are expected`},
		{reader.Options{Parent: "3.6524E+18"}, `parent_id "3.6524E+18" is not a record id: Excel has changed this id`},
		{reader.Options{Parent: "365239700000092512800"}, `parent_id "365239700000092512800" is not a record id: `},
		{reader.Options{Parent: "1", Columns: reader.Columns{1: "c"}}, `the parent_id is given for all rows, and as a column`},
	} {
		_, err := reader.New("links.csv", strings.NewReader(header), test.opt)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("got %v, want %s…", err, test.want)
		}
	}
}

var errBroken = errors.New("the disk is gone")

func TestSourceFails(t *testing.T) {
	for _, test := range []struct{ name, before, want string }{
		{"at once", "", "links.csv: cannot be read: the disk is gone"},
		{"in the header", "module,parent", "links.csv:1: cannot be read further: the disk is gone"},
		{"in a row", header + "Campaigns,1,Leads,2\nCampaigns,1,Leads,3", "links.csv:3: cannot be read further: the disk is gone"},
		{"in quotes", header + "Campaigns,1,Leads,2\nCampaigns,1,Leads,\"3", "links.csv:3: cannot be read further: the disk is gone"},
		{"between rows", header + "Campaigns,1,Leads,2\n", "links.csv:3: cannot be read further: the disk is gone"},
		{"behind the header", header, "links.csv:2: cannot be read further: the disk is gone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			// A source that says it once, and then pretends that the file has ended.
			src := io.MultiReader(strings.NewReader(test.before), &once{err: errBroken})
			rows, err := read(src, reader.Options{})
			if err == nil || err.Error() != test.want || !errors.Is(err, errBroken) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if want := strings.Count(test.before, "\n") - 1; len(rows) != max(0, want) {
				t.Errorf("%d rows before the error, want %d", len(rows), want)
			}
		})
	}
}

type once struct{ err error }

func (o *once) Read([]byte) (int, error) {
	err := o.err
	o.err = io.EOF
	return 0, err
}

func TestSourceThatGivesNothing(t *testing.T) {
	src := io.MultiReader(strings.NewReader(header), nothing{})
	if _, err := read(src, reader.Options{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

func TestSourceThatGivesNothingMore(t *testing.T) {
	src := io.MultiReader(strings.NewReader(strings.Repeat("x", 1000)+","+header), nothing{})
	if _, err := read(src, reader.Options{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

// What the disk says is not taken for a fault of the compression.
func TestSourceOfACompressedFileFails(t *testing.T) {
	for name, packed := range map[string][]byte{"gzip": toGzip(header + strings.Repeat("Campaigns,1,Leads,2\n", 9)), "zstd": toZstd(header)} {
		_, err := read(io.MultiReader(bytes.NewReader(packed[:len(packed)-1]), &once{err: errBroken}), reader.Options{})
		if !errors.Is(err, errBroken) || strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSourceThatHesitates(t *testing.T) {
	src := io.MultiReader(strings.NewReader(header+"Campaigns,1,"), &hesitant{3}, strings.NewReader("Leads,2\n"))
	if rows, err := read(src, reader.Options{}); err != nil || len(rows) != 1 || rows[0].Err != nil {
		t.Errorf("got %v, %v", rows, err)
	}
}

type hesitant struct{ times int }

func (h *hesitant) Read([]byte) (int, error) {
	if h.times--; h.times < 0 {
		return 0, io.EOF
	}
	return 0, nil
}

func TestQuotingNamesACanonicalColumn(t *testing.T) {
	rows, err := read(strings.NewReader("MODULE,parent_id,relation,related_id\nCamp\"aigns,1,Leads,2\n"), reader.Options{})
	if err != nil || rows[0].Err.Column != "module" || rows[0].Err.Number != 1 {
		t.Errorf("got %v, %v", rows, err)
	}
}

func TestSourceInPieces(t *testing.T) {
	input := "\xef\xbb\xbf" + header + strings.Repeat("Campaigns,1,Leads,2\r\n\n", 50) + "Campaigns,1,Leads,7"
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "error with the data": iotest.DataErrReader,
	} {
		rows, err := read(wrap(strings.NewReader(input)), reader.Options{})
		if err != nil || len(rows) != 51 || rows[50].Link.Related != 7 || rows[50].Line != 102 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}
