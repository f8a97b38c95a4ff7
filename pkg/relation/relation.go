// Package relation decides which relations can be delinked.
//
// Check takes a relation and the related lists that the org has named. If the org says whether the
// relation can be delinked, that counts. If it does not, the table of package zoho decides. Check
// gives a Problem for a relation that cannot be delinked. A list that holds records is a Problem
// whatever anybody says.
package relation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

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
)

// Problem is a relation that cannot be delinked.
type Problem struct {
	Relation zoho.Relation
	Kind     Kind
	Others   []string // lists of the module that can be delinked, the most likely one first
	Err      error    // for NoSuchModule: what the org said
}

// Error says what is wrong.
func (p *Problem) Error() string {
	r := p.Relation
	switch p.Kind {
	case HoldsRecords:
		return fmt.Sprintf("%s holds records, not links: delinking would delete them", r)
	case NoSuchList:
		return fmt.Sprintf("%s has no related list %s in this org", r.Module, r.List)
	case Hidden:
		return fmt.Sprintf("the related list %s of %s is hidden in this org, and calls for it would be refused", r.List, r.Module)
	case NotDelinkable:
		return fmt.Sprintf("%s cannot be delinked in this org", r)
	case NoSuchModule:
		if p.Err == nil {
			return fmt.Sprintf("this org has no module %s, or none with related lists", r.Module)
		}
		return fmt.Sprintf("the org does not accept the module %s: %v", r.Module, p.Err)
	case NotKnown:
	}
	return fmt.Sprintf("%s is not known as a relation that can be delinked", r)
}

// Hint says what to do in the CRM or in the input. It may be empty.
func (p *Problem) Hint() string {
	switch p.Kind {
	case HoldsRecords:
		return "delink removes links only; delete such records in the CRM"
	case Hidden:
		return "show it in the layout of " + p.Relation.Module + " (Setup > Modules and Fields), or have an administrator do so"
	case NoSuchModule:
		return "use the module's API name (Setup > Developer Hub > APIs and SDKs > API names)"
	case NotKnown, NoSuchList, NotDelinkable:
	}
	switch {
	case len(p.Others) > 0:
		return fmt.Sprintf("of %s, these can be delinked: %s", p.Relation.Module, strings.Join(p.Others, ", "))
	case p.Kind == NotKnown:
		return "check the API names"
	}
	return "no related list of " + p.Relation.Module + " can be delinked there"
}

// CanVouch reports whether the user's word that the relation can be delinked is enough.
func (p *Problem) CanVouch() bool {
	return p.Kind == NotKnown || p.Kind == NoSuchList || p.Kind == NotDelinkable
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
		return &Problem{Relation: r, Kind: NoSuchList, Others: nearest(r, lists)}
	case lists[i].Hidden:
		return &Problem{Relation: r, Kind: Hidden}
	case lists[i].CanDelink == zoho.No:
		return &Problem{Relation: r, Kind: NotDelinkable, Others: nearest(r, lists)}
	}
	return nil
}

// mostNames is how many lists a Problem names at most.
const mostNames = 8

// nearest gives the lists of a module that can be delinked. Those whose names are most like r's
// list go first.
func nearest(r zoho.Relation, lists []zoho.List) []string {
	var names []string
	for _, l := range lists {
		if !l.Hidden && l.CanDelink == zoho.Yes && !zoho.HoldsRecordsOf(l) {
			names = append(names, l.Name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(distance(a, r.List), distance(b, r.List)) })
	return names[:min(len(names), mostNames)]
}

// distance is the Levenshtein distance of two names: how many letters have to be changed, added or
// left out to make one of the other. Upper and lower case are the same.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
