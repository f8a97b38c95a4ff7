package chunker_test

import (
	"fmt"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

func Example() {
	leads := zoho.Relation{Module: "Campaigns", List: "Leads"}
	builder := chunker.NewBuilder()
	for line, l := range []reader.Link{
		{Relation: leads, Parent: 1, Related: 13},
		{Relation: leads, Parent: 2, Related: 11},
		{Relation: leads, Parent: 1, Related: 12},
		{Relation: leads, Parent: 1, Related: 13}, // again
		{Relation: leads, Parent: 1, Related: 14},
	} {
		if err := builder.Add(l, line+2); err != nil { // line 1 is the header
			fmt.Println(err)
			return
		}
	}
	set := builder.Build()
	fmt.Println("rows:", set.Rows(), "links:", set.Links(), "calls:", set.Calls(2))
	for batch := range set.Batches(2, nil) {
		fmt.Println(batch.Relation, batch.Parent, batch.Related)
	}
	// Output:
	// rows: 5 links: 4 calls: 3
	// Campaigns.Leads 1 [12 13]
	// Campaigns.Leads 1 [14]
	// Campaigns.Leads 2 [11]
}
