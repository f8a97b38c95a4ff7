package report_test

import (
	"errors"
	"fmt"
	"strings"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

func ExampleBook() {
	const input = "module,parent_id,relation,related_id\nCampaigns,1,Leads,11\nCampaigns,1,Leads,12\nCampaigns,1,Leads,11\n"
	in, err := reader.New("links.csv", strings.NewReader(input), reader.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	builder := chunker.NewBuilder()
	for row, err := range in.Rows() {
		if err = errors.Join(err, builder.Add(row.Link, row.Line)); err != nil {
			fmt.Println(err)
			return
		}
	}
	book := report.NewBook(builder.Build(), nil)

	// An earlier run removed one link, and was killed when it was about to send the other.
	book.Load(&report.Row{Line: 2, Module: "Campaigns", Parent: "1", Relation: "Leads", Related: "11", Status: outcome.Removed})
	book.Doubt(reader.Link{Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: 1, Related: 12})

	for batch := range book.Batches(100, false) {
		fmt.Println("to send:", batch.Related, "in doubt:", batch.History == outcome.InDoubt)
	}
	fmt.Println("removed:", book.Count(outcome.Removed), "pending:", book.Pending(), "failures:", book.Failures())
	// Output:
	// to send: [12] in doubt: true
	// removed: 1 pending: 1 failures: 1
}
