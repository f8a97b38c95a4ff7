package doctor

import (
	"fmt"
	"maps"
	"slices"

	"delink/pkg/outcome"
	"delink/pkg/relation"
	"delink/pkg/zoho"
)

// relationChecks say whether a relation can be delinked, from either side.
func (f *Findings) relationChecks(r zoho.Relation) []Check {
	if r.List == "" {
		return []Check{f.moduleCheck(r)}
	}
	checks := []Check{f.relationCheck(r)}
	if f.hasLinks(r) {
		checks = append(checks, f.otherSideCheck(r))
	}
	return checks
}

// hasLinks reports whether a relation can have links, as far as is known: of one that is not there,
// there is nothing to say but that.
func (f *Findings) hasLinks(r zoho.Relation) bool {
	if r.List == "" {
		return false
	}
	p := f.Problem(r)
	return p == nil || p.Kind == relation.NotKnown || p.Kind == relation.Hidden || p.Kind == relation.NotDelinkable
}

// listsOf are the related lists of a module; nil if the org did not name them. err is why.
func (f *Findings) listsOf(module string) (lists []zoho.List, err *zoho.Error) {
	a, asked := f.lists[module]
	if !asked {
		return nil, unasked
	}
	return a.value, a.err
}

// allLists are the related lists that the org has named.
func (f *Findings) allLists() (all []zoho.List) {
	for _, module := range slices.Sorted(maps.Keys(f.lists)) {
		all = append(all, f.lists[module].value...)
	}
	return all
}

// name gives the relations the API names of their lists, where they are called by their labels.
func (f *Findings) name() {
	relations := make([]zoho.Relation, 0, len(f.Of.Relations))
	for _, r := range f.Of.Relations {
		if named := f.Named(r); !slices.Contains(relations, named) {
			relations = append(relations, named)
		}
	}
	f.Of.Relations = relations
}

// Named gives a relation the API name of its list, if it is called by its label.
func (f *Findings) Named(r zoho.Relation) zoho.Relation {
	lists, _ := f.listsOf(r.Module)
	return relation.Named(r, lists)
}

// relatedModule is the module that the records of a list are of: as the org says, else as the list's
// name tells.
func (f *Findings) relatedModule(r zoho.Relation) string {
	lists, _ := f.listsOf(r.Module)
	for _, l := range lists {
		if l.Name == r.List && l.Module != "" {
			return l.Module
		}
	}
	return zoho.RelatedModule(r)
}

// Problem is why a relation cannot be delinked in this org; nil if it can.
func (f *Findings) Problem(r zoho.Relation) *relation.Problem {
	lists, err := f.listsOf(r.Module)
	if err != nil && err.Has(zoho.CodeInvalidModule) {
		return &relation.Problem{Relation: r, Kind: relation.NoSuchModule, Modules: relation.MeantModules(r.Module, f.allLists())}
	}
	return relation.Check(r, nil, lists)
}

// moduleCheck says whether the org has the module of a relation whose list is not known.
func (f *Findings) moduleCheck(r zoho.Relation) Check {
	c := Check{Name: Relation, About: r.Module, State: OK, Found: "the org has this module"}
	switch problem := f.Problem(r); {
	case problem != nil && problem.Kind == relation.NoSuchModule:
		c.State, c.Found, c.Hint, c.Exit = Trouble, problem.Error(), problem.Hint(), outcome.ExitFailures
	case problem != nil && problem.Kind == relation.NotKnown:
		c.State, c.Found, c.Hint = Unknown, problem.Error(), problem.Hint()
	}
	return c
}

func (f *Findings) relationCheck(r zoho.Relation) Check {
	c := Check{Name: Relation, About: r.String(), State: OK}
	lists, _ := f.listsOf(r.Module)
	switch problem := f.Problem(r); {
	case problem != nil && problem.Kind == relation.NotKnown && lists == nil:
		c.State, c.Found, c.Hint = Unknown, "the org did not say whether it can be delinked, and Zoho's documentation does not mention it", problem.Hint()
	case problem != nil:
		c.State, c.Found, c.Hint, c.Exit = Trouble, problem.Error(), problem.Hint(), outcome.ExitFailures
	case lists == nil:
		c.State, c.Found = Unknown, "it usually can be delinked"+documents(r)+"; the org did not say whether here, too"
	case saysYes(r, lists):
		c.Found = "can be delinked, says the org" + documents(r)
	default:
		c.Found = "can be delinked: the list is there" + documents(r)
	}
	return c
}

// saysYes reports whether the org itself says that a relation can be delinked.
func saysYes(r zoho.Relation, lists []zoho.List) bool {
	for _, l := range lists {
		if l.Name == r.List {
			return l.CanDelink == zoho.Yes
		}
	}
	return false
}

// documents says what Zoho's documentation has on a relation.
func documents(r zoho.Relation) string {
	other, known := zoho.OtherSide(r)
	switch {
	case zoho.Documented(r):
		return "; Zoho's documentation has it, too"
	case known && zoho.Documented(other):
		return "; Zoho's documentation has only " + other.String()
	}
	return "; Zoho's documentation does not have it"
}

// otherSideCheck looks at the relation that shows the same links. That it cannot be used is no
// trouble: a run goes from the side that the user names.
func (f *Findings) otherSideCheck(r zoho.Relation) Check {
	other, sure := f.OtherSide(r)
	if other == (zoho.Relation{}) {
		return Check{Name: OtherSide, About: r.String(), State: Unknown, Found: fmt.Sprintf("no relation is known that shows the links of %s from the other record", r)}
	}
	c := f.relationCheck(other)
	c.Name, c.Hint, c.Exit = OtherSide, "", 0
	if c.State == Trouble {
		c.State = OK
		c.Found = "not usable and not needed: " + c.Found
	}
	if !sure {
		c.Found = "perhaps the same links; " + c.Found
	}
	return c
}

// OtherSide is the relation that shows the same links from the related records, or none. sure says
// that it is one of those that are known; else it is the only list of the related module that leads
// back.
func (f *Findings) OtherSide(r zoho.Relation) (other zoho.Relation, sure bool) {
	if other, known := zoho.OtherSide(r); known {
		return other, true
	}
	related := f.relatedModule(r)
	lists, _ := f.listsOf(related)
	for _, l := range lists {
		switch {
		case l.Module != r.Module || l.CanDelink != zoho.Yes || zoho.HoldsRecordsOf(l):
		case other != (zoho.Relation{}):
			return zoho.Relation{}, false
		default:
			other = zoho.Relation{Module: related, List: l.Name}
		}
	}
	return other, false
}

// OtherToDelink is the other side of a relation if it is known for sure, and the org says that links
// can be removed from there as well; else none.
func (f *Findings) OtherToDelink(r zoho.Relation) zoho.Relation {
	other, sure := f.OtherSide(r)
	lists, _ := f.listsOf(other.Module)
	if !sure || lists == nil || f.Problem(other) != nil {
		return zoho.Relation{}
	}
	return other
}
