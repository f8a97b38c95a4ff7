package worker_test

import (
	"context"
	"fmt"
	"slices"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// crm is a CRM with some links to one parent record.
type crm map[zoho.ID]bool

func (crm) Ready() (zoho.Token, bool)                 { return zoho.Token{}, true }
func (crm) Token(context.Context) (zoho.Token, error) { return zoho.Token{}, nil }
func (crm) Renew(error) bool                          { return false }
func (crm) Credits() (n int, known bool)              { return 0, false }

func (c crm) Delink(_ context.Context, _ zoho.Token, _ zoho.Relation, _ zoho.ID, ids []zoho.ID) (zoho.Answer, error) {
	a := zoho.Answer{Status: 200}
	for _, id := range ids {
		verdict := zoho.Absent
		if c[id] {
			verdict = zoho.Removed
		}
		a.Items = append(a.Items, zoho.Item{ID: id, Verdict: verdict, Code: "SUCCESS"})
		delete(c, id)
	}
	return a, nil
}

func (c crm) Linked(_ context.Context, _ zoho.Token, _ zoho.Relation, _ zoho.ID, ids []zoho.ID) ([]bool, error) {
	linked := make([]bool, len(ids))
	for i, id := range ids {
		linked[i] = c[id]
	}
	return linked, nil
}

func (c crm) LinkFields(_ context.Context, _ zoho.Token, _ zoho.Relation, _ zoho.ID, ids []zoho.ID) ([]zoho.LinkState, error) {
	states := make([]zoho.LinkState, len(ids))
	for i, id := range ids {
		states[i].Linked = c[id]
	}
	return states, nil
}

func (c crm) Count(context.Context, zoho.Token, zoho.Relation, zoho.ID) (int, error) {
	return len(c), nil
}

func (c crm) Links(context.Context, zoho.Token, zoho.Relation, zoho.ID, zoho.PageOf) (p zoho.Page, err error) {
	for id := range c {
		p.Records = append(p.Records, zoho.Record{ID: id})
	}
	return p, nil
}

// memory is a recorder that keeps outcomes in memory. A real one writes them to disk.
type memory []outcome.Outcome

func (*memory) Prepare([]chunker.Batch) error { return nil }
func (*memory) Sync() error                   { return nil }
func (m *memory) Write(out []outcome.Outcome) error {
	*m = append(*m, out...)
	return nil
}

// findings keeps what look-ups have found in memory.
type findings []worker.Finding

func (*findings) Sync() error { return nil }
func (f *findings) Write(out []worker.Finding) error {
	*f = append(*f, out...)
	return nil
}

// batches are the links of two leads, and of one that is not linked, to a campaign.
func batches() []chunker.Batch {
	return []chunker.Batch{{
		Relation: zoho.Relation{Module: "Campaigns", List: "Leads"},
		Parent:   3652397000000327001,
		Related:  []zoho.ID{3652397000010000001, 3652397000010000002, 3652397000010000003},
		Pos:      []int{0, 1, 2},
	}}
}

// Start removes links. The recorder gets an outcome for each.
func ExampleStart() {
	ctx := context.Background()
	org := crm{3652397000010000001: true, 3652397000010000002: true}
	var record memory
	settings := worker.Settings{Settings: engine.Settings{Slots: 5, MaxAttempts: 5}, MaxFailures: -1}

	reason, err := worker.Start(org, slices.Values(batches()), &record, settings).Run(ctx, ctx)

	fmt.Println(reason, err)
	for _, o := range record {
		fmt.Println("link", o.Pos, "is", o.Status)
	}
	// Output:
	// completed <nil>
	// link 0 is removed
	// link 1 is removed
	// link 2 is absent
}

// StartLookUp asks which links are there, and removes none.
func ExampleStartLookUp() {
	ctx := context.Background()
	org := crm{3652397000010000001: true, 3652397000010000002: true}
	var keep findings
	settings := worker.LookUpSettings{Settings: engine.Settings{Slots: 5, MaxAttempts: 5}}

	reason, err := worker.StartLookUp(org, slices.Values(batches()), &keep, settings).Run(ctx, ctx)

	fmt.Println(reason, err)
	for _, f := range keep {
		fmt.Println("link", f.Pos, "is there:", f.Presence)
	}
	// Output:
	// completed <nil>
	// link 0 is there: yes
	// link 1 is there: yes
	// link 2 is there: no
}

// Link makes links.
func (c crm) Link(_ context.Context, _ zoho.Token, _ zoho.Relation, _ zoho.ID, links []zoho.NewLink) (zoho.Answer, error) {
	items := make([]zoho.Item, len(links))
	for i, l := range links {
		c[l.ID] = true
		items[i] = zoho.Item{ID: l.ID, Verdict: zoho.Linked, Code: "SUCCESS", Message: "relation added"}
	}
	return zoho.Answer{Status: 200, Items: items}, nil
}

// StartRelink makes links. It leaves those alone that are there.
func ExampleStartRelink() {
	ctx := context.Background()
	org := crm{3652397000010000002: true}
	var record memory
	fields := func(int) zoho.Fields { return zoho.Fields{"Member_Status": "Sent"} }
	settings := worker.RelinkSettings{Settings: engine.Settings{Slots: 5, MaxAttempts: 5}, MaxFailures: -1}

	reason, err := worker.StartRelink(org, slices.Values(batches()), fields, &record, settings).Run(ctx, ctx)

	fmt.Println(reason, err)
	for _, o := range record {
		fmt.Println("link", o.Pos, "is", o.Status)
	}
	// Output:
	// completed <nil>
	// link 1 is present
	// link 0 is restored
	// link 2 is restored
}
