package reader_test

import (
	"fmt"
	"strings"

	"delink/pkg/reader"
)

// An export of leads that Excel has saved again: semicolons, Zoho's names of columns and prefix of
// ids.
func ExampleReader_Rows() {
	file := `Record Id;Last Name;Campaign Name.id
zcrm_3652397000000925128;"Li; Bo";zcrm_3652397000000911001
3,6524E+18;Ito;zcrm_3652397000000911001
`
	in, err := reader.New("leads.csv", strings.NewReader(file), reader.Options{Module: "Campaigns", Relation: "Leads"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for row, err := range in.Rows() {
		switch {
		case err != nil:
			fmt.Println(err) // there may be rows behind it that were not seen
		case row.Err != nil:
			fmt.Println(row.Err)
		default:
			fmt.Printf("line %d: %s, %s and %s\n", row.Line, row.Link.Relation, row.Link.Parent, row.Link.Related)
		}
	}
	// Output:
	// line 2: Campaigns.Leads, 3652397000000911001 and 3652397000000925128
	// leads.csv:3:1: column 1, related_id (Record Id) "3,6524E+18" is not a record id: Excel has changed this id, it cannot be recovered
}
