package relation

import (
	"strings"
	"testing"

	"delink/pkg/zoho"
)

func TestCheck(t *testing.T) {
	leads := zoho.Relation{Module: "Campaigns", List: "Leads"}
	custom := zoho.Relation{Module: "Campaigns", List: "Venues"}
	notes := zoho.Relation{Module: "Campaigns", List: "MyNotes"}
	jottings := zoho.Relation{Module: "Campaigns", List: "Jottings"} // a name that tells nothing
	org := []zoho.List{
		{Name: "Leads", CanDelink: zoho.Yes, Module: "Leads"},
		{Name: "Contacts", CanDelink: zoho.NotSaid, Module: "Contacts"},
		{Name: "Venues", CanDelink: zoho.Yes, Module: "Venues"},
		{Name: "Deals", CanDelink: zoho.No, Module: "Deals"},
		{Name: "Products", CanDelink: zoho.Yes, Hidden: true, Module: "Products"},
		{Name: "Jottings", CanDelink: zoho.Yes, Module: "Notes"},
		{Name: "MyNotes", CanDelink: zoho.Yes, Module: "Notes"},
		{Name: "Leads2", CanDelink: zoho.NotSaid, Module: "Leads2"},
	}
	tests := []struct {
		name     string
		relation zoho.Relation
		allow    []zoho.Relation
		lists    []zoho.List
		want     string // a part of the refusal; empty for none
		hint     string
	}{
		{"the table, where no org is asked", leads, nil, nil, "", ""},
		{"not in the table", custom, nil, nil, "not known as a relation", "Contacts, Leads"},
		{"vouched for", custom, []zoho.Relation{custom}, nil, "", ""},
		{"the org says yes", custom, nil, org, "", ""},
		{"the org does not say, the table does", zoho.Relation{Module: "Campaigns", List: "Contacts"}, nil, org, "", ""},
		{"neither says", zoho.Relation{Module: "Campaigns", List: "Leads2"}, nil, org, "not known as a relation", "Contacts, Leads"},
		{"the org says no", zoho.Relation{Module: "Campaigns", List: "Deals"}, nil, org, "cannot be delinked in this org", "Leads, Venues"},
		{"hidden in the layout", zoho.Relation{Module: "Campaigns", List: "Products"}, nil, org, "is hidden in this org", "show it in the layout"},
		{"not in the org, though in the table", leads, nil, org[1:], "no related list Leads in this org", "Venues"},
		{"nearest first", zoho.Relation{Module: "Campaigns", List: "Lead"}, nil, org, "no related list Lead ", "delinked: Leads, Venues"},
		{"a list of notes under another name", notes, nil, org, "holds records", "removes links only"},
		{"a list that only the org knows as notes", jottings, nil, org, "holds records", "removes links only"},
		{"a list that only the org knows as notes, vouched for", jottings, []zoho.Relation{jottings}, org, "holds records", "removes links only"},
		{"a list of notes, vouched for", notes, []zoho.Relation{notes}, org, "holds records", "removes links only"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			problem := Check(test.relation, test.allow, test.lists)
			switch {
			case test.want == "":
				if problem != nil {
					t.Fatal(problem)
				}
			case problem == nil || !strings.Contains(problem.Error(), test.want) || !strings.Contains(problem.Hint(), test.hint):
				t.Fatalf("%v, want %q with the hint %q", problem, test.want, test.hint)
			}
		})
	}
}

// A user can vouch for a relation only where nobody knows better.
func TestCanVouch(t *testing.T) {
	for kind, want := range map[Kind]bool{
		HoldsRecords: false, NotKnown: true, NoSuchList: true, Hidden: false, NotDelinkable: true, NoSuchModule: false,
	} {
		if got := (&Problem{Kind: kind}).CanVouch(); got != want {
			t.Errorf("kind %d: %v", kind, got)
		}
	}
}
