package relation

import (
	"fmt"
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
		{"not in the org, though in the table", leads, nil, org[1:], `no related list "Leads" in Campaigns`, "Venues"},
		{"nearest first", zoho.Relation{Module: "Campaigns", List: "Lead"}, nil, org, `no related list "Lead" `, "delinked: Leads, Venues"},
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
// Every problem has words, also one of a relation without a list.
func TestEveryProblemHasWords(t *testing.T) {
	for kind := HoldsRecords; kind <= SeveralLists; kind++ {
		for _, module := range []string{"Campaigns", "Trips"} {
			for _, list := range []string{"", "Leads", "Leads of the trip"} {
				text := (&Problem{Relation: zoho.Relation{Module: module, List: list}, Kind: kind}).Error()
				if text == "" || strings.HasSuffix(text, ": ") && kind != SeveralLists {
					t.Errorf("kind %d of %s.%s: %q", kind, module, list, text)
				}
			}
		}
	}
}

func TestCanVouch(t *testing.T) {
	for kind, want := range map[Kind]bool{
		HoldsRecords: false, NotKnown: true, NoSuchList: true, Hidden: false, NotDelinkable: true, NoSuchModule: false, SeveralLists: false,
	} {
		if got := (&Problem{Kind: kind, Relation: zoho.Relation{Module: "Campaigns", List: "Venues"}}).CanVouch(); got != want {
			t.Errorf("kind %d: %v", kind, got)
		}
		if (&Problem{Kind: kind, Relation: zoho.Relation{Module: "Campaigns", List: "Venues of the campaign"}}).CanVouch() {
			t.Errorf("kind %d: a label is vouched for", kind)
		}
	}
}

// A list is found by its API name first, and by its label if exactly one list has it.
func TestNamed(t *testing.T) {
	org := []zoho.List{
		{Name: "Leads", Label: "Leads of the campaign", Module: "Leads"},
		{Name: "Leads2", Label: "Leads", Module: "Leads"},
		{Name: "Services__s", Label: "Services", Module: "Services__s"},
		{Name: "Rooms1", Label: "Rooms", Module: "Rooms"},
		{Name: "Rooms2", Label: "rooms", Module: "Rooms"},
		{Name: "Old_Fairs", Label: "Fairs", Hidden: true, Module: "Fairs"},
		{Name: "Fairs3", Label: "Fairs", Module: "Fairs"},
		{Name: "Hidden1", Label: "Cellar", Hidden: true, Module: "Cellars"},
		{Name: "Raeume", Label: "Ra\u0308ume", Module: "Raeume"},
		{Name: "Jottings", Label: "My remarks", Module: "Notes"},
		{Name: "Bare"},
		{Name: "Deals3", Label: "Potentials"},
	}
	for label, want := range map[string]string{
		"Leads":                 "Leads", // its own API name, though another list has the label
		"Leads of the campaign": "Leads", "LEADS of  the campaign": "Leads", "leads-of-the-campaign": "Leads",
		"Services": "Services__s", "services": "Services__s", "Services__s": "Services__s",
		"Rooms":  "Rooms",  // two lists
		"Fairs":  "Fairs3", // the other one is hidden
		"Cellar": "Hidden1", "R\u00e4ume": "Raeume", "My remarks": "Jottings",
		"Leads of": "Leads of", "": "", "-": "-", "Bare": "Bare",
		"Deals": "Deals3", // "Potentials" in the file, which is another name of the standard module
	} {
		if got := Named(zoho.Relation{Module: "Campaigns", List: label}, org); got != (zoho.Relation{Module: "Campaigns", List: want}) {
			t.Errorf("%q is taken for %s", label, got)
		}
	}
	check := func(label, want, hint string) {
		t.Helper()
		problem := Check(Named(zoho.Relation{Module: "Campaigns", List: label}, org), nil, org)
		if problem == nil || !strings.Contains(problem.Error(), want) || !strings.Contains(problem.Hint(), hint) {
			t.Errorf("%q: %v, want %q with the hint %q", label, problem, want, hint)
		}
	}
	check("Rooms", `several related lists of Campaigns are called "Rooms": Rooms1, Rooms2`, "give the API name")
	check("My remarks", "Campaigns.Jottings holds records", "")
	check("Cellar", "the related list Hidden1 of Campaigns is hidden", "")
	check("Tables of", `there is no related list "Tables of" in Campaigns`, "API names are under Setup › Developer Hub")
}

// A label of the org names the module that was meant better than the standard names do.
func TestMeantModules(t *testing.T) {
	lists := []zoho.List{{Label: "Kampagnen", Module: "Campaigns"}, {Label: "Kunden", Module: "Accounts"}, {Label: "Seminare", Module: "Seminars1"}}
	for _, c := range []struct {
		name  string
		lists []zoho.List
		want  string
	}{
		{"kampagnen", nil, "[Campaigns]"},
		{"Kunden", nil, "[]"},
		{"Kunden", lists, "[Accounts]"},
		{"seminar", lists, "[Seminars1]"},
		{"Campagnes", nil, "[Campaigns]"},
		{"Produkte", nil, "[Products]"},
		{"Campaigns", nil, "[]"}, // itself is no suggestion
		{"Mars", nil, "[]"},
	} {
		if got := fmt.Sprint(MeantModules(c.name, c.lists)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
