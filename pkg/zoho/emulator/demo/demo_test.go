package demo_test

import (
	"testing"

	"delink/pkg/zoho/emulator"
	"delink/pkg/zoho/emulator/demo"
)

// The org can be made, views and all, and every lead that is hidden is one of its leads.
func TestFill(t *testing.T) {
	crm := emulator.New(emulator.Config{})
	states, err := demo.Fill(crm)
	if err != nil || len(states.Converted) != demo.Converted || len(states.Unapproved) != demo.Unapproved {
		t.Fatalf("%d converted, %d not approved, %v", len(states.Converted), len(states.Unapproved), err)
	}
	seen := map[uint64]bool{}
	for s := range crm.States() {
		if s.Module == "Campaigns" && s.List == "Leads" {
			seen[s.Related] = true
		}
	}
	linked := 0
	for _, id := range states.Converted {
		if seen[id] {
			linked++
		}
	}
	// Some of them are members of campaigns: those are what a careless export misses.
	if linked < 10 {
		t.Errorf("%d of %d converted leads are in a campaign", linked, len(states.Converted))
	}
}
