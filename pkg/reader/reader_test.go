package reader_test

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// read reads an input to its end.
func read(src io.Reader, opt reader.Options) ([]reader.Row, error) {
	in, err := reader.New("links.csv", src, opt)
	if err != nil {
		return nil, err
	}
	return drain(in)
}

func link(module string, parent zoho.ID, list string, related zoho.ID) reader.Link {
	return reader.Link{Relation: zoho.Relation{Module: module, List: list}, Parent: parent, Related: related}
}

func TestRows(t *testing.T) {
	type row struct {
		Line int
		Link reader.Link
		Raw  string
	}
	for _, test := range []struct {
		name, input string
		opt         reader.Options
		want        []row
	}{
		{"plain", header + "Campaigns,3652397000000925128,Leads,18446744073709551615\nProducts,1,Deals,2\n", reader.Options{}, []row{
			{2, link("Campaigns", 3652397000000925128, "Leads", 18446744073709551615), "Campaigns,3652397000000925128,Leads,18446744073709551615"},
			{3, link("Products", 1, "Deals", 2), "Products,1,Deals,2"},
		}},
		{
			"mark, CRLF, blank lines, no end", "\xef\xbb\xbf\r\n \r\n" + header + "\r\n\r\nCampaigns,1,Leads,2\r\n  \r\n\r\nCampaigns,1,Leads,3",
			reader.Options{},
			[]row{{6, link("Campaigns", 1, "Leads", 2), "Campaigns,1,Leads,2"}, {9, link("Campaigns", 1, "Leads", 3), "Campaigns,1,Leads,3"}},
		},
		{"order, case, space and other columns", " Name ,RELATED_ID, Relation,\"module\",Parent_Id\t,\n\"a \"\"b\"\"\nc\",zcrm_4,Leads,Campaigns,\"zcrm_5\",\nx,6,Leads,Campaigns,7,\n", reader.Options{}, []row{
			{2, link("Campaigns", 5, "Leads", 4), "\"a \"\"b\"\"\nc\",zcrm_4,Leads,Campaigns,\"zcrm_5\","},
			{4, link("Campaigns", 7, "Leads", 6), "x,6,Leads,Campaigns,7,"},
		}},
		{"constants", "parent_id,related_id\n1,2\n", reader.Options{Module: "Campaigns", Relation: "Leads"}, []row{
			{2, link("Campaigns", 1, "Leads", 2), "1,2"},
		}},
		{"a column beats its constant", "relation,parent_id,related_id\nContacts,1,2\n", reader.Options{Module: "Campaigns", Relation: "Leads"}, []row{
			{2, link("Campaigns", 1, "Contacts", 2), "Contacts,1,2"},
		}},
		{"a carriage return at the very end", header + "Campaigns,1,Leads,2\r", reader.Options{}, []row{{2, link("Campaigns", 1, "Leads", 2), "Campaigns,1,Leads,2"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := read(strings.NewReader(test.input), test.opt)
			if err != nil {
				t.Fatal(err)
			}
			var got []row
			for _, r := range rows {
				if r.Err != nil {
					t.Error(r.Err)
				}
				got = append(got, row{r.Line, r.Link, string(r.Raw)})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEmptyValueIsNotFilledByAConstant(t *testing.T) {
	rows, err := read(strings.NewReader(header+",1,Leads,2\n"), reader.Options{Module: "Campaigns"})
	if err != nil || rows[0].Err == nil || rows[0].Err.Error() != "links.csv:2:1: column 1, module is empty" {
		t.Errorf("got %v, %v", rows, err)
	}
}

func TestRowsCanStop(t *testing.T) {
	in, err := reader.New("links.csv", strings.NewReader(header+"Campaigns,1,Leads,2\nCampaigns,1,Leads,3\n"), reader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range in.Rows() {
		break
	}
	for range in.Rows() {
		t.Error("the rows can be ranged over twice")
	}
}

// Links must not keep the text of their rows alive: equal relations are one text.
func TestRelationsAreInterned(t *testing.T) {
	in, err := reader.New("links.csv", strings.NewReader(header+"A,1,B,2\nC,1,D,2\nA,1,B,2\nA,1,D,3\n"), reader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := range in.Rows() {
		if err != nil || row.Err != nil {
			t.Fatal(err, row.Err)
		}
		got = append(got, row.Link.Relation.String())
	}
	if diff := cmp.Diff([]string{"A.B", "C.D", "A.B", "A.D"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestHeader(t *testing.T) {
	for _, test := range []struct {
		input string
		want  reader.Header
	}{
		{"\xef\xbb\xbf\r\n parent_id,\"Old \"\"id\",related_id,\"a\r\nb\"\r\n", reader.Header{
			Raw: []byte(" parent_id,\"Old \"\"id\",related_id,\"a\r\nb\""), Line: 2,
			Columns: []string{" parent_id", "Old \"id", "related_id", "a\r\nb"}, Dialect: reader.Dialect{Comma: ',', LineEnd: "\r\n", EncodingKnown: true},
		}},
		{"parent_id,related_id\n1,2\r\n", reader.Header{
			Raw: []byte("parent_id,related_id"), Line: 1, Columns: []string{"parent_id", "related_id"}, Dialect: reader.Dialect{Comma: ',', LineEnd: "\n"},
		}},
		{"\"a\r\nb\",parent_id,related_id\n", reader.Header{
			Raw: []byte("\"a\r\nb\",parent_id,related_id"), Line: 1, Columns: []string{"a\r\nb", "parent_id", "related_id"},
			Dialect: reader.Dialect{Comma: ',', LineEnd: "\n"},
		}},
		{"parent_id,related_id", reader.Header{
			Raw: []byte("parent_id,related_id"), Line: 1, Columns: []string{"parent_id", "related_id"}, Dialect: reader.Dialect{Comma: ',', LineEnd: "\n"},
		}},
	} {
		in, err := reader.New("links.csv", strings.NewReader(test.input), reader.Options{Module: "Campaigns", Relation: "Leads"})
		if err != nil {
			t.Errorf("%q: %v", test.input, err)
			continue
		}
		same := cmp.FilterPath(func(p cmp.Path) bool {
			return slices.Contains([]string{".index", ".added", ".carried", ".links", ".tail", ".only", ".bare", ".encoding", ".told"}, p.Last().String())
		}, cmp.Ignore())
		if diff := cmp.Diff(test.want, *in.Header(), same); diff != "" {
			t.Errorf("%q: %s", test.input, diff)
		}
	}
}

func TestOwn(t *testing.T) {
	for _, test := range []struct{ name, header, row, ownHeader, ownRow, earlier string }{
		{"none", "parent_id,related_id", `1,"2"`, "parent_id,related_id", `1,"2"`, " "},
		{"behind", "parent_id,related_id,\"x\",delink_status,delink_code,delink_message", `1,2,"a,b",failed,C,"no, ""never"""`, "parent_id,related_id,\"x\"", `1,2,"a,b"`, "failed C"},
		{"in any case", "parent_id,related_id, Delink_Status ", `1,2,failed`, "parent_id,related_id", `1,2`, "failed "},
		{"before", "delink_status,delink_code,delink_message,parent_id,related_id", `failed,"C,D",,1,"2"`, "parent_id,related_id", `1,"2"`, "failed C,D"},
		{"between", "parent_id,delink_status,related_id,delink_code", `1,failed,2,C`, "parent_id,related_id", `1,2`, "failed C"},
		{"first value empty", "x,delink_status,parent_id,related_id", `,failed,1,2`, "x,parent_id,related_id", `,1,2`, "failed "},
		{"a ragged row stays", "parent_id,related_id,delink_status", `1,2`, "parent_id,related_id", `1,2`, " "},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, err := reader.New("links.csv", strings.NewReader(test.header+"\n"+test.row+"\n"), reader.Options{Module: "Campaigns", Relation: "Leads"})
			if err != nil {
				t.Fatal(err)
			}
			h := in.Header()
			if got := string(h.Own(h.Raw)); got != test.ownHeader {
				t.Errorf("header %q, want %q", got, test.ownHeader)
			}
			for row := range in.Rows() {
				if got := string(h.Own(row.Raw)); got != test.ownRow {
					t.Errorf("row %q, want %q", got, test.ownRow)
				}
				if status, code, message := h.Earlier(row.Raw); status+" "+code != test.earlier || (message != "") != (test.name == "behind") {
					t.Errorf("an earlier run told %q, %q, %q, want %q", status, code, message, test.earlier)
				}
			}
		})
	}
}

// Whatever rows are made of, each is given once, in order, with its line, its text and its link;
// the text that is given is the whole input but for line ends and blank lines.
func TestEveryRowOnce(t *testing.T) {
	type expected struct {
		Line int
		Raw  string
		Link reader.Link
		Bad  bool
	}
	digits := rapid.Uint64Range(1, 1<<64-1)
	note := rapid.OneOf(rapid.SampledFrom([]string{"", "x", `""`, `"a,b"`, "\"a\nb\"", "\"\r\n\"", `"q""q"`, "ü", "\"\n\n\n\""}), rapid.StringMatching(`[a-z ü;]{0,8}`))
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
		var input strings.Builder
		input.WriteString("note,module,parent_id,relation,related_id" + end)
		line := 2
		var want []expected
		n := rapid.SampledFrom([]int{1, 5, 40, 1100, 3000}).Draw(t, "rows")
		some := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) expected {
			e := expected{Link: link(rapid.SampledFrom([]string{"Campaigns", "Products"}).Draw(t, "module"), zoho.ID(digits.Draw(t, "parent")), "Leads", zoho.ID(digits.Draw(t, "related")))}
			prefix := rapid.SampledFrom([]string{"", "zcrm_"}).Draw(t, "prefix")
			e.Raw = note.Draw(t, "note") + "," + e.Link.Relation.Module + "," + prefix + e.Link.Parent.String() + ",Leads," + prefix + e.Link.Related.String()
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0:
				e.Raw, e.Bad = e.Raw+",x", true
			case 1:
				e.Raw, e.Bad = strings.Replace(e.Raw, ",Leads,", ",0,", 1), true
			case 2:
				e.Raw, e.Bad = `a"b`+e.Raw[strings.Index(e.Raw, ",Leads"):], true
			}
			return e
		}), 1, 12).Draw(t, "different rows")
		blanks := rapid.SliceOfN(rapid.IntRange(0, 2), 1, 7).Draw(t, "blank lines")
		for i := range n {
			for range blanks[i%len(blanks)] {
				input.WriteString([]string{"", " ", "\t"}[i%3] + end)
				line++
			}
			e := some[i%len(some)]
			e.Line = line
			want = append(want, e)
			input.WriteString(e.Raw + end)
			line += strings.Count(e.Raw, "\n") + 1
		}
		text := input.String()
		if rapid.Bool().Draw(t, "ends without a line end") {
			text = text[:len(text)-len(end)]
		}
		rows, err := read(strings.NewReader(text), reader.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []expected
		for _, r := range rows {
			e := expected{Line: r.Line, Raw: string(r.Raw), Link: r.Link, Bad: r.Err != nil}
			if e.Bad {
				if r.Err.Line != r.Line || r.Err.AtLine < r.Line || r.Err.AtLine > r.Line+strings.Count(e.Raw, "\n") {
					t.Fatalf("%v is not in the row of line %d", r.Err, r.Line)
				}
				e.Link = want[len(got)].Link
			}
			if len(got) == len(want) || e != want[len(got)] {
				t.Fatalf("row %d is %+v, want %+v", len(got), e, want[min(len(got), len(want)-1)])
			}
			got = append(got, e)
		}
		if len(got) != len(want) {
			t.Fatalf("%d rows of %d", len(got), len(want))
		}
	})
}

// Rows of up to 1 MiB are read, and their text is right when they are read in many pieces.
func TestLongRows(t *testing.T) {
	var input strings.Builder
	input.WriteString("note," + header)
	lengths := []int{10, 70 << 10, 1000, 300 << 10, 1<<20 - 100, 1, 600 << 10, 600 << 10, 5}
	for i, n := range lengths {
		input.WriteString(`"` + strings.Repeat("ä\n", n/3) + `",Campaigns,1,Leads,` + strconv.Itoa(i+1) + "\n")
	}
	rows, err := read(strings.NewReader(input.String()), reader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	line := 2
	for i, row := range rows {
		want := `"` + strings.Repeat("ä\n", lengths[i]/3) + `",Campaigns,1,Leads,` + strconv.Itoa(i+1)
		if row.Err != nil || string(row.Raw) != want || row.Line != line || row.Link.Related != zoho.ID(i+1) {
			t.Errorf("row %d: line %d, %v, %d bytes of %d", i, row.Line, row.Err, len(row.Raw), len(want))
		}
		line += lengths[i]/3 + 1
	}
	if len(rows) != len(lengths) {
		t.Errorf("%d rows of %d", len(rows), len(lengths))
	}
}
