package reader_test

import (
	"strings"
	"testing"

	"delink/pkg/reader"
)

// Which column names the parent records: never one that is a part of the link, or that may be about
// the related record.
func TestNamesOfParentRecords(t *testing.T) {
	leads := reader.Options{Module: "Campaigns", Relation: "Leads"}
	for _, c := range []struct {
		text string
		opt  reader.Options
		want string
	}{
		{"parent_id,related_id,parent_name\n1,2,Fair", leads, "Fair"},
		{"parent_id,related_id,Campaign Name,Parent Name\n1,2,x,Fair", leads, "Fair"},
		{"Campaign Name.id,Campaign Name,Record Id\nzcrm_1,Fair,zcrm_2", leads, "Fair"},
		{"Campaign_Name,Id\n3652397000000400001,3652397000000900001", leads, ""},
		{"parent_id,related_id,Campaign_Name\n1,2,Fair", leads, "Fair"},
		{"parent_id,related_id,Campaign_Name\n1,2,3652397000000400001", leads, ""},
		{"parent_id,related_id,Campaign_Name\n1,2,2024", leads, "2024"},
		{"parent_id,related_id,Campaign_Name\n1,2,'=SUM(A1)", leads, "=SUM(A1)"},
		{"parent_id,related_id,Campaign_Name\n1,2,\" Fair, \"\"new\"\" \"", leads, `Fair, "new"`},
		{"parent_id,related_id,Campaign_Name\n1,2,", leads, ""},
		{"parent_id,related_id,Full Name\n1,2,Ann Lee", leads, ""},
		{"parent_id,related_id,Lead Name\n1,2,Ann Lee", reader.Options{Module: "Leads", Relation: "Campaigns"}, "Ann Lee"},
		{"parent_id,related_id,Name\n1,2,Ann Lee", reader.Options{Module: "Projects", Relation: "Leads"}, ""},
	} {
		in, err := reader.New("links.csv", strings.NewReader(c.text+"\n"), c.opt)
		if err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		for row, err := range in.Rows() {
			if err != nil || row.Err != nil {
				t.Fatalf("%q: %v, %v", c.text, err, row.Err)
			}
			got := ""
			if column := in.Header().NameColumn(c.opt.Module); column >= 0 {
				got = in.Header().Name(row.Raw, column)
			}
			if got != c.want {
				t.Errorf("%q: the name is %q, want %q", c.text, got, c.want)
			}
		}
	}
}
