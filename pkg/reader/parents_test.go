package reader_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"delink/pkg/reader"
	"delink/pkg/reader/text"
)

// What people have as lists of parent records.
func TestParents(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string // module id, or an error
	}{
		{"canonical", "module,parent_id,relation,related_id\nCampaigns,5,Leads,7\nCampaigns,5,Leads,8\nProducts,6,Leads,9\n", []string{"Campaigns 5", "Campaigns 5", "Products 6"}},
		{"only parents", "parent_id\n5\n6\n", []string{" 5", " 6"}},
		{"Zoho's export", "Record Id,Campaign Name\nzcrm_5,\"A, B\"\nzcrm_6,C\n", []string{" 5", " 6"}},
		{"Bulk Read", "Id,Campaign_Name\n5,A\n", []string{" 5"}},
		{"leads with their campaign", "Record Id,Campaign Name.id\n9,zcrm_5\n", []string{" 5"}},
		{"one column without a header", "zcrm_5\r\n6\r\n\r\n6\r\n", []string{" 5", " 6", " 6"}},
		{"one column with any name", "Kampagne\n5\n", []string{" 5"}},
		{"semicolons", "Name;Campaign Id\nA;5\n", []string{" 5"}},
		{"label of the module", "Module,Record Id\nCampaign,5\n", []string{"Campaigns 5"}},
		{"no id", "Name,Status\nA,B\n", []string{"p.csv:1:1: no column has the ids of the parent records"}},
		{"two", "Campaign Id,Campaign Name.id\n5,6\n", []string{"p.csv:1:13: delink cannot tell which column has the ids of the parent records: Campaign Id or Campaign Name.id"}},
		{"bad row", "id\n5\n3.65E+18\n", []string{" 5", `p.csv:3:1: column 1, parent_id (id) "3.65E+18" is not a record id: Excel has changed this id, it cannot be recovered`}},
		{"empty", "", []string{"p.csv:1:1: the file is empty"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			rows, err := reader.Parents("p.csv", strings.NewReader(test.text), "Campaigns", text.Encoding{})
			if err != nil {
				got = append(got, err.Error())
			} else {
				for row, err := range rows {
					switch {
					case err != nil:
						got = append(got, err.Error())
					case row.Err != nil:
						got = append(got, row.Err.Error())
					default:
						got = append(got, fmt.Sprintf("%s %d", row.Module, row.ID))
					}
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
		})
	}
}
