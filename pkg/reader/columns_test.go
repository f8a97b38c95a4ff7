package reader_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"delink/pkg/reader"
)

// Which columns are taken for parent and related record, by their names and by what the relation
// is.
func TestColumnsThatAreTaken(t *testing.T) {
	type taken = []reader.Taken
	both := func(parent, related string) taken { return taken{{parent, "parent_id"}, {related, "related_id"}} }
	leads := reader.Options{Module: "Campaigns", Relation: "Leads"}
	for _, test := range []struct {
		header string
		opt    reader.Options
		want   taken
	}{
		{"parent_id,related_id,Record Id,Campaign Id,Lead Id", leads, nil},
		{"Parent-ID,relatedId", leads, nil},
		{"Record Id,Campaign Name.id", leads, both("Campaign Name.id", "Record Id")},
		{"RECORD ID,campaign_name", leads, both("campaign_name", "RECORD ID")},
		{"Campaign Id,Record Id", reader.Options{Module: "Leads", Relation: "Campaigns"}, both("Record Id", "Campaign Id")},
		{"Campaign Id,Lead Id", leads, both("Campaign Id", "Lead Id")},
		{"Campaign Id,Lead Id", reader.Options{Module: "Leads", Relation: "Campaigns"}, both("Lead Id", "Campaign Id")},
		{"Record Id,LEADID", leads, both("Record Id", "LEADID")},
		{"parent_id,Lead Id,Campaign Id", leads, taken{{"Lead Id", "related_id"}}},
		{"parent_id,Id", leads, taken{{"Id", "related_id"}}},
		{"Potential Name.id,Record Id", reader.Options{Module: "Potentials", Relation: "Contact Roles"}, both("Potential Name.id", "Record Id")},
		{"Deal Id,Contact Id", reader.Options{Module: "deal", Relation: "contact_roles"}, both("Deal Id", "Contact Id")},
		{"Price Book Name.id,Product Id", reader.Options{Module: "products", Relation: "price book"}, both("Product Id", "Price Book Name.id")},
		{"Project Id,Record Id", reader.Options{Module: "Projects", Relation: "Leads"}, both("Project Id", "Record Id")},
		{"a,b", reader.Options{Module: "Campaigns", Relation: "Leads", Columns: reader.Columns{1: "b", 3: "a"}}, both("b", "a")},
		{"related_id,parent_id", reader.Options{Module: "Campaigns", Relation: "Leads", Columns: reader.Columns{1: "related_id", 3: "parent_id"}}, both("related_id", "parent_id")},
		{"x,Lead Id,Record Id", reader.Options{Module: "Campaigns", Relation: "Leads", Columns: reader.Columns{1: "Record Id"}}, both("Record Id", "Lead Id")},
		{"x, X ,y", reader.Options{Module: "Campaigns", Relation: "Leads", Columns: reader.Columns{1: "x", 3: "Y"}}, both("x", "y")},
		{"M;R;p;r", reader.Options{Columns: reader.Columns{"m", "p", "R", "r"}}, nil}, // see below: R and r differ in case only
	} {
		if test.want == nil && test.opt.Columns[0] != "" {
			test.want = taken{{"M", "module"}, {"p", "parent_id"}, {"R", "relation"}, {"r", "related_id"}}
		}
		t.Run(test.header, func(t *testing.T) {
			in, err := reader.New("links.csv", strings.NewReader(test.header+"\n"), test.opt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, in.Header().Taken()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where it cannot be decided, the message says what was found, what it looks like and which flag to
// write.
func TestColumnsThatAreNotTaken(t *testing.T) {
	leads := reader.Options{Module: "Campaigns", Relation: "Leads"}
	for _, test := range []struct {
		input      string
		opt        reader.Options
		want, hint string
	}{
		{"Record Id,Name\n1,x\n", leads, "links.csv:1:1: the header lacks the column parent_id or related_id: only Record Id has ids, and a link needs those of two records", `it has Record Id, Name; Record Id looks like the exported record's id; Complete{Constants:[parent_id] Columns:[parent_id related_id] Relations:[] For:Campaigns.Leads OnlyID:Record Id}$`},
		{"Record Id,Id\n", leads, "the header lacks the columns parent_id, related_id", "it has Record Id, Id; Record Id looks"},
		{"Campaign Name,Record Id\nFair,1\n", leads, "the header lacks the column parent_id or related_id: only Record Id", "it has Campaign Name, Record Id; Record Id looks like the exported record's id; Complete{Constants:[parent_id] Columns:[parent_id related_id]"},
		{"Lead Id,Record Id,Campaign Id\n", leads, "links.csv:1:19: for Campaigns.Leads, delink cannot tell which column is which: parent_id may be Record Id or Campaign Id, related_id may be Lead Id or Record Id", "it has Lead Id, Record Id, Campaign Id; ChooseColumns{Example:parent_id=Campaign Id,related_id=Lead Id}$"},
		{"parent_id,Lead Id,Record Id\n", leads, "links.csv:1:19: for Campaigns.Leads, delink cannot tell which column is which: related_id may be Lead Id or Record Id", "it has"},
		{"Lead Id,Leads.id\n", reader.Options{Module: "Leads", Relation: "Leads"}, "links.csv:1:9: for Leads.Leads, delink cannot tell", "it has Lead Id, Leads.id; ChooseColumns{"},
		{"Record Id,Campaign Name.id\n", reader.Options{Module: "Campaigns"}, "the header lacks the columns parent_id, relation, related_id", "it has Record Id, Campaign Name.id; Record Id looks like the exported record's id, Campaign Name.id looks like the id of one of the Campaigns; Complete{Constants:[parent_id relation] Columns:[parent_id related_id] Relations:[Campaigns.Contacts Campaigns.Leads] For:Campaigns. OnlyID:}$"},
		{"Lead Id,Campaign Id\n", reader.Options{Relation: "lead"}, "the header lacks the columns module, parent_id, related_id", "it has Lead Id, Campaign Id; Lead Id looks like the id of one of the Leads, Campaign Id looks like the id of one of the Campaigns; Complete{Constants:[module parent_id] Columns:[parent_id related_id] Relations:[Campaigns.Leads] For:.Leads OnlyID:}$"},
		{"Product Id,Potential Id\n", reader.Options{}, "the header lacks the columns module, parent_id, relation, related_id", "it has Product Id, Potential Id; Product Id looks like the id of one of the Products, Potential Id looks like the id of one of the Deals; Complete{Constants:[module parent_id relation] Columns:[parent_id related_id] Relations:[Products.Deals] For:. OnlyID:}$"},
		{"Deal Id,Contact Role Id\n", reader.Options{Module: "Deals", Relation: "Contact_Roles"}, "the header lacks the column related_id (or Contact Id): Deal Id is used as parent_id", "it has Deal Id, Contact Role Id; Deal Id looks"},
		{"relation,parent_id,related_id\n", reader.Options{}, "the header lacks the column module", "it has relation, parent_id, related_id; Complete{Constants:[module] Columns:[] Relations:[] For:. OnlyID:}$"},
		{"module,relation,Record Id,Campaign Id\nCampaigns,1\n", reader.Options{}, "links.csv:2:1: the row has 2 columns, the header has 4", "a value, or a comma"},                          // no row tells the relation, and none can be used
		{"module,relation,Record Id,Campaign Id\n,Leads,1,2\nCampaigns,Leads,3,4\n9,Leads,1,2\n", reader.Options{}, "links.csv:4:1: column 1, module \"9\" is not an API name", "API names"}, // the second row tells it
		{"module,relation,Record Id,Name\nCampaigns,Leads,1,x\n", reader.Options{}, "the header lacks the column parent_id or related_id: only Record Id", "it has module, relation, Record Id, Name; Record Id looks like the exported record's id; Complete{Constants:[parent_id] Columns:[parent_id related_id] Relations:[] For:Campaigns.Leads OnlyID:Record Id}$"},
		{"Campaign Id,Name\n1,x\n", leads, "the header lacks the column related_id (or Lead Id): Campaign Id is used as parent_id", "it has Campaign Id, Name; Campaign Id looks like the id of one of the Campaigns; Complete{Constants:[] Columns:[related_id] Relations:[] For:Campaigns.Leads OnlyID:}$"},
		{"Lead Id,Name\n1,x\n", leads, "the header lacks the column parent_id (or Campaign Id): Lead Id is used as related_id", "it has Lead Id, Name; Lead Id looks like the id of one of the Leads; Complete{Constants:[parent_id] Columns:[parent_id] Relations:[] For:Campaigns.Leads OnlyID:}$"},
		{"Record Id,Lead Owner.id,Lead Owner\n1,2,x\n", leads, "the header lacks the column parent_id (or Campaign Id): Record Id is used as related_id", "it has Record Id, Lead Owner.id, Lead Owner; Record Id looks like the exported record's id; Complete{Constants:[parent_id] Columns:[parent_id] "},
		{"Record Id,campaign owner\n1,x\n", leads, "the header lacks the column related_id (or Lead Id): Record Id is used as parent_id", "it has"},
		{"Record Id,Campaign Owner,Lead Owner\n1,x,y\n", leads, "the header lacks the column parent_id or related_id: only Record Id", "it has"},
		{"Lead Id,Company\n1,x\n", reader.Options{Module: "Projects1", Relation: "Leads"}, "the header lacks the column parent_id: Lead Id is used as related_id", "it has"},
		{"Kampagnen ID,Record Id\n1,2\n", reader.Options{Module: "kampagne", Relation: "Leads"}, "the header lacks the column parent_id or related_id", "it has Kampagnen ID, Record Id; Record Id looks like the exported record's id; Complete{Constants:[parent_id] Columns:[parent_id related_id] Relations:[] For:kampagne.Leads OnlyID:Record Id}$"},
		{"\"Record Id,Campaign Name.id,Name\"\n\"zcrm_1,zcrm_2,\"\"A, B\"\"\"\n", leads, "the header lacks the columns parent_id, related_id", "every line is one quoted value"},
		{"Leads export of Monday\n\nparent_id,related_id\n1,2\n", leads, "the header lacks the columns parent_id, related_id", "line 3 looks like the header: take off what is above it$"},
		{"Leads export; of Monday\nLead Id;Campaign Id\n1;2\n", leads, "links.csv:1:1: the header lacks", "line 2 looks like the header"},
		{"parent_id;related_id\n1;2\n", reader.Options{Module: "Campaigns", Relation: "Leads", Delimiter: ','}, "the header lacks the columns parent_id, related_id", "the columns seem to be separated by a semicolon; OmitDelimiter{}$"},
		{"sep=|\nparent_id,related_id\n1,2\n", leads, "links.csv:2:1: the header lacks the columns parent_id, related_id", "the columns seem to be separated by a comma, not as the line sep= says; GiveDelimiter{Delimiter:44}$"},
		{"a,b\n", reader.Options{Columns: reader.Columns{1: "c"}}, `links.csv:1:1: there is no column "c" to use as parent_id`, "it has a, b; CorrectColumns{}$"},
		{"a,b, A\n", reader.Options{Columns: reader.Columns{1: "A "}}, "links.csv:1:5: column A is there twice, as columns 1 and 3", "rename"},
		{"x,a\n", reader.Options{Columns: reader.Columns{1: "a", 3: "A"}}, "links.csv:1:3: the column a is to be used as parent_id and as related_id", "each part of a link has a column of its own; CorrectColumns{}$"},
		{"module,relation,Record Id,Campaign Id\nCampaigns,Leads,1,2\nProducts,Leads,1,2\n", reader.Options{}, "links.csv:3:1: column 1, module \"Products\" is another than in the first row, by which the columns were chosen: Campaigns.Leads", "split the file by relation"},
		{"Relation,Record Id,Campaign Id\nLeads,1,2\nContacts,1,2\n", reader.Options{Module: "Campaigns"}, "links.csv:3:1: column 1, relation \"Contacts\" is another than in the first row, by which the columns were chosen: Campaigns.Leads", "split"},
	} {
		t.Run(test.input, func(t *testing.T) {
			rows, err := read(strings.NewReader(test.input), test.opt)
			hint := ""
			var input *reader.InputError
			switch {
			case errors.As(err, &input):
				hint = withRemedy(input)
			case err == nil && len(rows) > 0 && rows[len(rows)-1].Err != nil:
				last := rows[len(rows)-1].Err
				err, hint = last, last.Hint
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if begin, whole := strings.CutSuffix(test.hint, "$"); !strings.HasPrefix(hint, begin) || whole && hint != begin {
				t.Errorf("the hint is %q\nwant %s", hint, test.hint)
			}
		})
	}
}

// withRemedy is the hint of an error, and what Options can do about it.
func withRemedy(e *reader.InputError) string {
	switch {
	case e.Remedy == nil:
		return e.Hint
	case e.Hint == "":
		return strings.TrimPrefix(fmt.Sprintf("%T%+v", e.Remedy, e.Remedy), "reader.")
	}
	return e.Hint + "; " + strings.TrimPrefix(fmt.Sprintf("%T%+v", e.Remedy, e.Remedy), "reader.")
}

func TestParseColumns(t *testing.T) {
	for _, test := range []struct {
		text string
		want reader.Columns
	}{
		{"parent_id=Kampagne-ID,related_id=Lead", reader.Columns{1: "Kampagne-ID", 3: "Lead"}},
		{`parent_id="Kampagne, ID",related_id="the ""lead"""`, reader.Columns{1: "Kampagne, ID", 3: `the "lead"`}},
		{`Parent ID= "x" , RELATED-ID=a=b`, reader.Columns{1: "x", 3: "a=b"}},
		{"module=データ", reader.Columns{0: "データ"}},
	} {
		got, err := reader.ParseColumns(test.text)
		if err != nil || got != test.want {
			t.Errorf("%s: got %q, %v", test.text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                          `"" has no =`,
		"parent_id":                 `"parent_id" has no =`,
		"parent_id=a,":              `"" has no =`,
		"parent=a":                  `"parent" is not one of module, parent_id, relation, related_id`,
		"parent_id=a,Parent_Id=b":   "parent_id is there twice",
		`parent_id="a`:              "the quote that opens the name is not closed",
		`parent_id="a"b,module=x`:   "text follows the closing quote",
		"parent_id=,related_id=b":   "parent_id= lacks the name of a column",
		`parent_id=" ",related_id=`: "parent_id= lacks the name of a column",
	} {
		if _, err := reader.ParseColumns(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// What columns are said to be can be said again in the same words.
func TestColumnsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c reader.Columns
		for i := range c {
			if rapid.Bool().Draw(t, "has it") {
				c[i] = rapid.StringMatching(`[a-z ",=ü]*[a-z][a-z ",=ü]*`).Draw(t, "name")
			}
		}
		if c == (reader.Columns{}) {
			return
		}
		got, err := reader.ParseColumns(c.String())
		if err != nil || got != c {
			t.Fatalf("%q became %q: %v", c, got, err)
		}
	})
}

func TestParseDelimiter(t *testing.T) {
	for text, want := range map[string]byte{
		",": ',', ";": ';', "\t": '\t', `\t`: '\t', "|": '|', "comma": ',', "Semicolons": ';', "TAB": '\t', "tabs": '\t', "pipe": '|', "bar": '|',
	} {
		got, err := reader.ParseDelimiter(text)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
		if again, err := reader.ParseDelimiter(reader.DelimiterName(got)); err != nil || again != want {
			t.Errorf("its name %q is not taken: %v", reader.DelimiterName(got), err)
		}
	}
	for _, text := range []string{"", ":", "x", ",,", "space"} {
		if _, err := reader.ParseDelimiter(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestModuleAndColumnContradict(t *testing.T) {
	_, err := reader.New("links.csv", strings.NewReader("m,parent_id,related_id\n"), reader.Options{Module: "Campaigns", Relation: "Leads", Columns: reader.Columns{0: "m"}})
	var option *reader.OptionError
	if !errors.As(err, &option) || *option != (reader.OptionError{Part: "module", Value: "Campaigns"}) || err.Error() != "the module is given for all rows, and as a column" {
		t.Error(err)
	}
}

// Without rows it does not matter which column is which, as long as nothing contradicts.
func TestHeaderWithoutRows(t *testing.T) {
	for _, input := range []string{
		header, header + "\n \t \n\r\n,,,\n", strings.TrimSpace(header),
		"module,relation,Record Id,Campaign Name.id\n",
		"module,relation,Record Id,Campaign Name.id\n,,,\nmodule,relation,Record Id,Campaign Name.id\n",
	} {
		if rows, err := read(strings.NewReader(input), reader.Options{}); err != nil || len(rows) > 0 {
			t.Errorf("%q: %v, %v", input, rows, err)
		}
	}
}

// In a failures file, a row without the added columns is refused; in the failures file of that one,
// it is refused again.
func TestRowThatLacksTheAddedColumns(t *testing.T) {
	const input = "delink_status,parent_id,related_id,n\n1,2,3\nfailed,1,2,3\n"
	opt := reader.Options{Module: "Campaigns", Relation: "Leads"}
	file := failuresFile(t, []byte(input), opt)
	rows, err := read(strings.NewReader(string(file)), opt)
	if err != nil || len(rows) != 2 || rows[0].Err == nil || rows[1].Err != nil {
		t.Errorf("%q: %v, %v", file, rows, err)
	}
}

func TestLinkFields(t *testing.T) {
	for _, test := range []struct {
		input string
		want  map[string]string
	}{
		{"parent_id,related_id,link.Member_Status,link.,link.Note\n1,2,Sent,x,\"a, 'b'\"\n", map[string]string{"Member_Status": "Sent", "Note": "a, 'b'"}},
		{"parent_id,related_id,link.Member_Status\n1,2,'=Sent\n", map[string]string{"Member_Status": "=Sent"}},
		{"parent_id,related_id,link.Member_Status\n1,2,\n", nil},
		{"parent_id,related_id,Member_Status\n1,2,Sent\n", nil},
		{"parent_id,related_id, link.Member_Status ,delink_status\n1,2,Sent,failed\n", map[string]string{"Member_Status": "Sent"}},
	} {
		in, err := reader.New("links.csv", strings.NewReader(test.input), reader.Options{Module: "Campaigns", Relation: "Leads"})
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range in.Rows() {
			if err != nil || row.Err != nil {
				t.Fatal(err, row.Err)
			}
			if diff := cmp.Diff(test.want, in.Header().LinkFields(row.Raw)); diff != "" {
				t.Errorf("%q: %s", test.input, diff)
			}
		}
	}
}
