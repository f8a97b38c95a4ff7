package zoho

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Relation names the relation to remove: a related list of a module, both by their API names, whose
// case matters (S). A list's API name is not always the name of the module that its records belong
// to.
type Relation struct {
	Module string // the parent record's module: "Campaigns"
	List   string // the related list: "Leads"
}

// String is "Module.List", the way in which flags and messages write a relation.
func (r Relation) String() string { return r.Module + "." + r.List }

// ParseRelation reads "Module.List" with API names. The names of standard modules may be labels: see
// APIName.
func ParseRelation(s string) (Relation, error) {
	module, list, _ := strings.Cut(s, ".")
	r := Relation{APIName(strings.TrimSpace(module)), APIName(strings.TrimSpace(list))}
	if !ValidName(r.Module) || !ValidName(r.List) {
		return Relation{}, fmt.Errorf("%q is not a relation: write Module.List with API names, as in Campaigns.Leads", s)
	}
	return r, nil
}

// ValidName reports whether s can be the API name of a module or a related list:
// [A-Za-z_][A-Za-z0-9_]* (S).
func ValidName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// Class says what the built-in table knows of a relation.
type Class int

// The classes of a relation.
const (
	Unlisted     Class = iota // nothing is known: only the org, or its user, can say
	Supported                 // a delink removes the link and nothing else
	HoldsRecords              // its records belong to the parent: the same call deletes them (D, S)
)

// supported are the relations for which Zoho documents delinking (D), and reverse directions that
// were seen to work, with their source.
var supported = map[Relation]bool{
	{"Campaigns", "Leads"}:             true,
	{"Campaigns", "Contacts"}:          true,
	{"Products", "Leads"}:              true,
	{"Products", "Accounts"}:           true,
	{"Products", "Contacts"}:           true,
	{"Products", "Deals"}:              true,
	{"Products", "Potentials"}:         true, // the older API name of Deals
	{"Products", "Price_Books"}:        true,
	{"Appointments__s", "services"}:    true, // Zoho documents no API name of this list. These are the likely
	{"Appointments__s", "Services"}:    true, // ones, and the org refuses those that it does not know.
	{"Appointments__s", "Services__s"}: true,
	{"Deals", "Contact_Roles"}:         true,
	{"Leads", "Campaigns"}:             true, // D, in the call that links
	{"Leads", "Products"}:              true, // K
	{"Contacts", "Deals"}:              true, // D, with external ids
	{"Accounts", "Products"}:           true, // R
	{"Price_Books", "Products"}:        true, // I
}

// documented are the relations whose removal Zoho documents, seen from the record from which it
// does (D). The lists of appointments are left out, whose API names it does not document.
var documented = map[Relation]bool{
	{"Campaigns", "Leads"}:      true,
	{"Campaigns", "Contacts"}:   true,
	{"Products", "Leads"}:       true,
	{"Products", "Accounts"}:    true,
	{"Products", "Contacts"}:    true,
	{"Products", "Deals"}:       true,
	{"Products", "Potentials"}:  true,
	{"Products", "Price_Books"}: true,
	{"Deals", "Contact_Roles"}:  true,
}

// Documented reports whether Zoho's documentation says that links of a relation can be removed from
// this side.
func Documented(r Relation) bool { return documented[r] }

// otherSides are pairs of relations that show the same links, seen from either record
// (docs/zoho-api.md, section 6.4). That the deals of a contact are those in which it has a role is
// I.
var otherSides = [][2]Relation{
	{{"Campaigns", "Leads"}, {"Leads", "Campaigns"}},
	{{"Campaigns", "Contacts"}, {"Contacts", "Campaigns"}},
	{{"Products", "Leads"}, {"Leads", "Products"}},
	{{"Products", "Accounts"}, {"Accounts", "Products"}},
	{{"Products", "Contacts"}, {"Contacts", "Products"}},
	{{"Products", "Deals"}, {"Deals", "Products"}},
	{{"Products", "Price_Books"}, {"Price_Books", "Products"}},
	{{"Deals", "Contact_Roles"}, {"Contacts", "Deals"}},
}

// OtherSide is the relation that shows the same links from their related records; false if none is
// known.
func OtherSide(r Relation) (other Relation, known bool) {
	for _, pair := range otherSides {
		switch r {
		case pair[0]:
			return pair[1], true
		case pair[1]:
			return pair[0], true
		}
	}
	return Relation{}, false
}

// RelatedModule is the module that the records of a list are of, as far as the list's name tells.
func RelatedModule(r Relation) string {
	if r.List == contactRoles {
		return "Contacts"
	}
	if m := FindModule(r.List); m != nil {
		return m.API
	}
	return r.List
}

// holdsRecords are related lists, of any module and in lower case, whose records belong to their
// parent, and whose names do not say so. A delink there answers "record deleted" (D, S for Notes
// and Attachments; I for the others, which hold records in the same way).
var holdsRecords = map[string]bool{
	"email_details": true, "check_lists": true, "locking_information": true, "social": true, "visits_zoho_livedesk": true, "zoho_livedesk": true,
	"voice_of_the_customer": true,
}

// recordsIn are parts of names, in lower case, of lists that hold records and have many names:
// open, closed, upcoming activities, in chronological order or not.
var recordsIn = []string{"activity", "activities", "attachment", "notes"}

// records are what lists that hold records are called after, in lower case. The last word of such a
// list's name is one of them: Tasks, Open_Tasks, Tasks__s, Sent_Emails, Stage_History.
var records = map[string]bool{
	"task": true, "event": true, "call": true, "meeting": true, "email": true, "mail": true, "note": true, "visit": true,
	"checklist": true, "cadence": true, "history": true,
}

// namesRecords reports whether a list or a module has the name of one that holds records.
func namesRecords(name string) bool {
	parts := nameWords(name)
	if len(parts) == 0 {
		return false
	}
	last := parts[len(parts)-1]
	name = strings.ToLower(name)
	return holdsRecords[strings.Join(parts, "_")] || records[strings.TrimSuffix(last, "s")] || records[last] ||
		slices.ContainsFunc(recordsIn, func(part string) bool { return strings.Contains(name, part) })
}

// nameWords are the words of an API name or a label, in lower case: of SentEmails as of
// Sent_Emails. What Zoho or the org adds to tell names apart does not count: the ending __s of
// system names, and numbers.
func nameWords(name string) []string {
	name = strings.TrimRight(withoutSystemEnding(name), "0123456789_ ")
	var parts []string
	start := 0
	for i := range len(name) {
		lowerBefore := i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z'
		if name[i] == '_' || name[i] == ' ' || lowerBefore && name[i] >= 'A' && name[i] <= 'Z' {
			parts = append(parts, name[start:i])
			start = i
		}
	}
	parts = append(parts, name[start:])
	words := parts[:0]
	for _, p := range parts {
		if p = strings.ToLower(strings.Trim(p, "_ ")); p != "" {
			words = append(words, p)
		}
	}
	return words
}

// withoutSystemEnding is a name without __s, in any case.
func withoutSystemEnding(name string) string {
	if n := len(name) - len("__s"); n >= 0 && strings.EqualFold(name[n:], "__s") {
		return name[:n]
	}
	return name
}

// ClassOf looks a relation up in the built-in table. The lists that hold records are recognised in
// any case, since a mistake there would delete data; supported relations only in their exact
// spelling.
func ClassOf(r Relation) Class {
	switch {
	case namesRecords(r.List):
		return HoldsRecords
	case supported[r]:
		return Supported
	}
	return Unlisted
}

// HoldsRecordsOf reports whether a list of the org holds records, by its own name or by that of the
// module which its records are of: an org can give a list any name.
func HoldsRecordsOf(l List) bool {
	return namesRecords(l.Name) || namesRecords(l.Module)
}

// SupportedRelations are the relations that the built-in table supports, sorted.
func SupportedRelations() []Relation {
	return slices.SortedFunc(maps.Keys(supported), func(a, b Relation) int {
		return cmp.Or(strings.Compare(a.Module, b.Module), strings.Compare(a.List, b.List))
	})
}

// SupportedLists are the lists of a module that the built-in table supports, sorted.
func SupportedLists(module string) []string {
	var lists []string
	for r := range supported {
		if r.Module == module {
			lists = append(lists, r.List)
		}
	}
	slices.Sort(lists)
	return lists
}
