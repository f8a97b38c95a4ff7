package reader_test

import (
	"strings"
	"testing"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Options give the parent record of all rows where no column does. A column that is called after
// the parent's module is used all the same; one that has ids of any module is the related record's.
func TestParentOfAllRows(t *testing.T) {
	for _, c := range []struct {
		name, input string
		opt         reader.Options
		want        string // the parent record and the related one
		lacking     string
	}{
		{"canonical", "related_id\n7\n", reader.Options{}, "9 7", "module,parent_id,relation"},
		{"an export of leads", "Record Id,Last Name\nzcrm_7,Moss\n", reader.Options{}, "9 7", "module,parent_id,relation,related_id"},
		{"called after the module", "Lead Id,Last Name\n7,Moss\n", reader.Options{}, "9 7", "module,parent_id,relation,related_id"},
		{"with Zoho's prefix", "related_id,x\n7,\n", reader.Options{Parent: " zcrm_9"}, "9 7", "module,parent_id,relation"},
		{"names in the rows", "module,relation,Record Id\nProducts,Leads,7\n", reader.Options{}, "9 7", "parent_id,related_id"},
		{"a column of parent records", "parent_id,related_id\n8,7\n", reader.Options{}, "8 7", "module,relation"},
		{"a column called after the parent's module", "Campaign Name.id,Record Id\n8,7\n", reader.Options{}, "8 7", "module,parent_id,relation,related_id"},
		{"columns that are told", "a,b\n1,7\n", reader.Options{Columns: reader.Columns{3: "b"}}, "9 7", "module,parent_id,relation,related_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opt := c.opt
			opt.Module, opt.Relation = "Campaigns", "Leads"
			if opt.Parent == "" {
				opt.Parent = "9"
			}
			in, err := reader.New("links.csv", strings.NewReader(c.input), opt)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for row, err := range in.Rows() {
				if err != nil || row.Err != nil {
					t.Fatal(err, row.Err)
				}
				n++
				if got := row.Link.Parent.String() + " " + row.Link.Related.String(); got != c.want {
					t.Errorf("the link is %s, want %s", got, c.want)
				}
				// The file has the link without Options if the columns that it lacks are added.
				if got := strings.Join(in.Header().Lacking(), ","); got != c.lacking {
					t.Errorf("lacks %s, want %s", got, c.lacking)
				}
				whole := string(in.Header().Raw) + "," + c.lacking + "\n" + string(row.Raw) + "," + strings.Join(in.Lacking(row), ",") + "\n"
				rows, err := read(strings.NewReader(whole), reader.Options{})
				if err != nil || len(rows) != 1 || rows[0].Link != row.Link {
					t.Errorf("%q: %v, %v; want %v", whole, rows, err, row.Link)
				}
			}
			if n != 1 {
				t.Errorf("%d rows", n)
			}
		})
	}
}

// With the parent record given, two columns that can have the related record's id are unclear, and
// none is a refusal that names what is missing.
func TestParentOfAllRowsRefused(t *testing.T) {
	for input, want := range map[string]string{
		"Record Id,Lead Id\n1,2\n":    "delink cannot tell which column is which: related_id may be Record Id or Lead Id",
		"Last Name,Company\nMoss,A\n": "the header lacks the column related_id",
		"Campaign Id,Company\n1,A\n":  "the header lacks the column related_id",
	} {
		_, err := reader.New("links.csv", strings.NewReader(input), reader.Options{Module: "Campaigns", Relation: "Leads", Parent: "9"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", input, err, want)
		}
	}
}

// A relation can have a label for a name. Lists gives it the API name, also where it lacks a
// column.
func TestLabels(t *testing.T) {
	label := zoho.Relation{Module: "Campaigns", List: "Leads of the campaign"}
	leads := zoho.Relation{Module: "Campaigns", List: "Leads"}
	opt := reader.Options{Module: "Campaigns", Relation: " Leads of the campaign "}
	rows, err := read(strings.NewReader("parent_id,related_id\n1,2\n"), opt)
	if err != nil || len(rows) != 1 || rows[0].Link.Relation != label {
		t.Fatal(rows, err)
	}
	opt.Lists = map[zoho.Relation]zoho.Relation{label: leads}
	in, err := reader.New("links.csv", strings.NewReader("parent_id,related_id\n1,2\n"), opt)
	if err != nil {
		t.Fatal(err)
	}
	for row := range in.Rows() {
		if got := strings.Join(in.Lacking(row), ","); row.Link.Relation != leads || got != "Campaigns,Leads" {
			t.Errorf("%v, %s", row.Link, got)
		}
	}
	input := "module,parent_id,relation,related_id\nCampaigns,1,Leads of the campaign,2\nCampaigns,1,Leads,2\nProducts,1,Leads of the campaign,2\nCampaigns,1,Leads of the campaign,3\n"
	rows, err = read(strings.NewReader(input), reader.Options{Lists: opt.Lists})
	if err != nil || len(rows) != 4 {
		t.Fatal(rows, err)
	}
	for i, want := range []zoho.Relation{leads, leads, {Module: "Products", List: label.List}, leads} {
		if got := rows[i].Link.Relation; got != want {
			t.Errorf("row %d: %v, want %v", i, got, want)
		}
	}
}
