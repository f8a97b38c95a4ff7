// Package relation decides which relations can be delinked.
//
// Check takes a relation and the related lists that the org has named. If the org says whether the
// relation can be delinked, that counts. If it does not, the table of package zoho decides. Check
// gives a Problem for a relation that cannot be delinked. A list that holds records is a Problem
// whatever anybody says.
//
// Named finds the API name of a list that is called by its label.
package relation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"delink/pkg/nearest"
	"delink/pkg/zoho"
)

// Kind is why a relation cannot be delinked.
type Kind int

// Why a relation cannot be delinked.
const (
	HoldsRecords Kind = iota // the list holds records: a delink would delete them
	NotKnown                 // neither the org nor the table says that it can be delinked
	NoSuchList               // the module has no such list in this org
	// Hidden lists are not shown in the module's layout. The CRM refuses calls for them
	// (docs/zoho-api.md, section 3).
	Hidden
	NotDelinkable // the org says that it cannot be delinked
	NoSuchModule  // the org does not accept the module
	SeveralLists  // it is a label, and several lists have it
)

// Problem is a relation that cannot be delinked.
type Problem struct {
	Relation zoho.Relation
	Kind     Kind
	Others   []string // lists of the module that can be delinked, the most likely one first; for SeveralLists, those lists
	Emulated bool     // an emulator was asked, which does not know the org's labels
	Modules  []string // for NoSuchModule: those that were most likely meant
}

// Error says what is wrong.
func (p *Problem) Error() string {
	r := p.Relation
	switch p.Kind {
	case HoldsRecords:
		return fmt.Sprintf("%s holds records, not links: delinking would delete them", r)
	case NoSuchList:
		return fmt.Sprintf("there is no related list %q in %s", r.List, r.Module)
	case Hidden:
		return fmt.Sprintf("the related list %s of %s is hidden in this org, and calls for it would be refused", r.List, r.Module)
	case NotDelinkable:
		return fmt.Sprintf("%s cannot be delinked in this org", r)
	case NoSuchModule:
		return "this org has no module " + r.Module + ", or none with related lists"
	case SeveralLists:
		return fmt.Sprintf("several related lists of %s are called %q: %s", r.Module, r.List, strings.Join(p.Others, ", "))
	case NotKnown:
	}
	return notKnown(r)
}

// notKnown says why nothing is known of a relation. The list may be missing.
func notKnown(r zoho.Relation) string {
	text := r.String() + " is not known as a relation that can be delinked"
	strange := r.Module + " is no standard module, and the org was not asked, or did not say"
	switch standard := zoho.FindModule(r.Module) != nil; {
	case r.List == "" && standard:
		return "it is not said which related list of " + r.Module + " is meant"
	case r.List == "":
		return strange
	case !standard:
		return text + ": " + strange
	case !zoho.ValidName(r.List):
		return text + fmt.Sprintf(": %q is no API name, and the org was not asked which list it calls so, or did not say", r.List)
	}
	return text
}

// Hint says what to do in the CRM or in the input. It may be empty.
func (p *Problem) Hint() string {
	switch p.Kind {
	case HoldsRecords:
		return "delink removes links only; delete such records in the CRM"
	case Hidden:
		return "show it in the layout of " + p.Relation.Module + " (Setup > Modules and Fields), or have an administrator do so"
	case SeveralLists:
		return "give the API name of the one that is meant"
	case NoSuchModule, NotKnown, NoSuchList, NotDelinkable:
	}
	var parts []string
	meant := ""
	if modules := p.meant(); len(modules) > 0 {
		meant = "did you mean the module " + strings.Join(modules, " or ") + "? "
	}
	switch {
	case len(p.Others) > 0:
		parts = append(parts, fmt.Sprintf("of %s, these can be delinked: %s", p.Relation.Module, strings.Join(p.Others, ", ")))
	case p.Kind == NoSuchList, p.Kind == NotDelinkable:
		parts = append(parts, "no related list of "+p.Relation.Module+" can be delinked there")
	}
	if p.Emulated && !zoho.ValidName(p.Relation.List) {
		parts = append(parts, "the emulator does not know what your org calls its lists: give it the API name")
	}
	if p.Kind != NotDelinkable {
		parts = append(parts, "API names are under "+zoho.PlaceOfNames)
	}
	return meant + strings.Join(parts, "; ")
}

// meant are the modules that were most likely meant where there is no such module, or where nothing
// of the module is known.
func (p *Problem) meant() []string {
	switch {
	case len(p.Modules) > 0:
		return p.Modules
	case p.Kind == NotDelinkable || zoho.FindModule(p.Relation.Module) != nil:
		return nil
	}
	return MeantModules(p.Relation.Module, nil)
}

// MeantModules gives the modules that were most likely meant by a name that is no module's. lists
// are what is known of the org's: their labels tell what the org calls its modules.
func MeantModules(name string, lists []zoho.List) []string {
	byName := map[string]string{} // API names, by all that a module is called
	var names []string
	add := func(called, api string) {
		if called != "" && api != "" && api != name && byName[called] == "" {
			byName[called] = api
			names = append(names, called)
		}
	}
	for _, l := range lists {
		add(l.Label, l.Module)
	}
	for _, m := range zoho.Modules() {
		for _, called := range append([]string{m.API, m.One, m.Many}, m.Also...) {
			if len(zoho.SupportedLists(m.API)) > 0 {
				add(called, m.API)
			}
		}
	}
	var meant []string
	for _, called := range nearest.Names(name, names, mostNames) {
		if api := byName[called]; !slices.Contains(meant, api) {
			meant = append(meant, api)
		}
	}
	return meant
}

// CanVouch reports whether the user's word that the relation can be delinked is enough. A label is no
// name that a call can have.
func (p *Problem) CanVouch() bool {
	return (p.Kind == NotKnown || p.Kind == NoSuchList || p.Kind == NotDelinkable) && zoho.ValidName(p.Relation.List)
}

// HoldsRecordsAlways gives the Problem of a relation whose list holds records in every org, as its
// name tells. It gives nil for other relations.
func HoldsRecordsAlways(r zoho.Relation) *Problem {
	if zoho.ClassOf(r) == zoho.HoldsRecords {
		return &Problem{Relation: r, Kind: HoldsRecords}
	}
	return nil
}

// Check gives nil for a relation that can be delinked: the org's lists say so, or it is one of
// those for which the user vouches. lists is nil if the org was not asked or did not answer. Then
// the table of package zoho decides.
func Check(r zoho.Relation, vouched []zoho.Relation, lists []zoho.List) *Problem {
	i := slices.IndexFunc(lists, func(l zoho.List) bool { return l.Name == r.List })
	switch {
	case HoldsRecordsAlways(r) != nil, i >= 0 && zoho.HoldsRecordsOf(lists[i]):
		return &Problem{Relation: r, Kind: HoldsRecords}
	case slices.Contains(vouched, r):
		return nil
	case lists == nil, i >= 0 && !lists[i].Hidden && lists[i].CanDelink == zoho.NotSaid:
		if zoho.ClassOf(r) == zoho.Supported {
			return nil
		}
		return &Problem{Relation: r, Kind: NotKnown, Others: zoho.SupportedLists(r.Module)}
	case len(lists) == 0:
		return &Problem{Relation: r, Kind: NoSuchModule}
	case i < 0:
		if several := labelled(r, lists); len(several) > 1 {
			return &Problem{Relation: r, Kind: SeveralLists, Others: namesOf(several)}
		}
		return &Problem{Relation: r, Kind: NoSuchList, Others: likely(r, lists)}
	case lists[i].Hidden:
		return &Problem{Relation: r, Kind: Hidden}
	case lists[i].CanDelink == zoho.No:
		return &Problem{Relation: r, Kind: NotDelinkable, Others: likely(r, lists)}
	}
	return nil
}

// Named gives a relation with the API name of its list, if the relation has the label that exactly
// one list of the org has. Lists that are hidden count only if no other has the label. If a list
// has the name as its API name, the relation stays as it is.
func Named(r zoho.Relation, lists []zoho.List) zoho.Relation {
	if slices.ContainsFunc(lists, func(l zoho.List) bool { return l.Name == r.List }) {
		return r
	}
	if found := labelled(r, lists); len(found) == 1 {
		r.List = found[0].Name
	}
	return r
}

// labelled gives the lists that have the name of a relation's list as their label. The label of a
// standard module may have become the module's API name when the input was read.
func labelled(r zoho.Relation, lists []zoho.List) []zoho.List {
	var shown, hidden []zoho.List
	for _, l := range lists {
		switch {
		case l.Name == "" || !sameLabel(l.Label, r.List) && !sameLabel(zoho.APIName(l.Label), r.List):
		case l.Hidden:
			hidden = append(hidden, l)
		default:
			shown = append(shown, l)
		}
	}
	if len(shown) > 0 {
		return shown
	}
	return hidden
}

// sameLabel reports whether two labels are the same to people: case, spaces, punctuation and the
// way in which accents are written do not count.
func sameLabel(a, b string) bool {
	folded := zoho.Fold(norm.NFC.String(a))
	return folded != "" && folded == zoho.Fold(norm.NFC.String(b))
}

func namesOf(lists []zoho.List) []string {
	names := make([]string, len(lists))
	for i, l := range lists {
		names[i] = l.Name
	}
	return names
}

// mostNames is how many lists a Problem names at most.
const mostNames = 8

// likely gives the lists of a module that can be delinked, with their labels where these differ.
// Those whose names are most like r's list go first.
func likely(r zoho.Relation, lists []zoho.List) []string {
	var can []zoho.List
	for _, l := range lists {
		if !l.Hidden && l.CanDelink == zoho.Yes && !zoho.HoldsRecordsOf(l) {
			can = append(can, l)
		}
	}
	distance := func(l zoho.List) int {
		d := nearest.Distance(l.Name, r.List)
		if l.Label != "" {
			d = min(d, nearest.Distance(l.Label, r.List))
		}
		return d
	}
	slices.SortStableFunc(can, func(a, b zoho.List) int { return cmp.Compare(distance(a), distance(b)) })
	can = can[:min(len(can), mostNames)]
	names := namesOf(can)
	for i, l := range can {
		if l.Label != "" && !sameLabel(l.Label, l.Name) {
			names[i] += fmt.Sprintf(" (%q)", l.Label)
		}
	}
	return names
}
