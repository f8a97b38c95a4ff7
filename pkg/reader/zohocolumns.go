package reader

import (
	"fmt"
	"slices"
	"strings"

	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// Zoho's exports call the id of the exported record "Record Id" (the Bulk Read API: "Id"), whatever
// module it is of, and that of a record it refers to "Campaign Name.id" (the Bulk Read API:
// "Campaign_Name"); reports have "Campaign Id". So what is parent and what is related is known only
// once module and relation are.

// takeZoho takes columns by the names of Zoho's exports. There must be exactly one way to do it:
// with parent and related record swapped, the job would be another one. done is false if there is
// none.
//
// Where the relation is not the same for all rows, the first row with a relation for which there is
// a way decides. Where no row has names that can be a relation's, none can be used, whatever the
// columns are: they are refused one by one.
func (h *Header) takeZoho(opt Options, ahead lookAhead) (done bool, _ *InputError) {
	var row []string
	fromRow := h.index[colModule] >= 0 || h.index[colRelation] >= 0
	if fromRow {
		named := false
		first := ahead(func(values []string) bool {
			relation := h.relation(opt, values)
			if value.CheckName(relation.Module) != nil || value.CheckList(relation.List) != nil {
				return false
			}
			named = true
			return len(h.pairs(opt, relation)) > 0
		})
		if !first.any { // no row says which relation it is; the columns must be able to name a link all the same
			return h.canNameLinks(opt), nil
		}
		if row = first.values; row == nil {
			_, modules := h.guesses()
			return !named && (len(modules) > 1 || opt.has(colParent) && len(modules) > 0), nil
		}
	}
	relation := h.relation(opt, row)
	switch pairs := h.pairs(opt, relation); len(pairs) {
	case 0:
		return false, nil
	case 1:
		h.index[colParent], h.index[colRelated] = pairs[0].parent, pairs[0].related
		if fromRow {
			h.only = relation
		}
		return true, nil
	default:
		return false, h.unclear(relation, pairs)
	}
}

// canNameLinks reports whether the columns can name both records of a link, for some relation.
func (h *Header) canNameLinks(opt Options) bool {
	named, anyID := 0, 0
	if opt.has(colParent) {
		named++
	}
	for i, column := range h.Columns {
		switch {
		case i == h.index[colParent] || i == h.index[colRelated]:
			named++
		case slices.Contains(h.index[:], i):
		case isAnyID(column):
			anyID = 1 // two of these are the same record's id
		case idModules(column) != nil:
			named++
		}
	}
	return named+anyID >= 2
}

// pairs gives the ways to take one column for the parent and another one for the related record.
//
// If Options give the parent record, a column of ids of any module is the related record's. A column
// that is called after the parent's module is the parent's all the same: Options stand in only for
// columns that are missing.
func (h *Header) pairs(opt Options, relation zoho.Relation) []pair {
	parents, related := h.candidates(relation)
	var pairs []pair
	if opt.has(colParent) && h.index[colParent] < 0 {
		parents = slices.DeleteFunc(parents, func(i int) bool { return isAnyID(h.Columns[i]) })
		if len(parents) == 0 {
			for _, r := range related {
				pairs = append(pairs, pair{-1, r})
			}
			return pairs
		}
	}
	for _, p := range parents {
		for _, r := range related {
			if p != r && !(h.index[colParent] < 0 && h.index[colRelated] < 0 && isAnyID(h.Columns[p]) && isAnyID(h.Columns[r])) {
				pairs = append(pairs, pair{p, r})
			}
		}
	}
	return pairs
}

// pair is one way to take columns for the parent and the related record. The column of the parent is
// -1 if Options give it.
type pair struct{ parent, related int }

// unclear says which columns may be what.
func (h *Header) unclear(relation zoho.Relation, pairs []pair) *InputError {
	var all []string
	place := -1
	for _, part := range []struct {
		name string
		of   func(pair) int
	}{{canonical[colParent], func(p pair) int { return p.parent }}, {canonical[colRelated], func(p pair) int { return p.related }}} {
		var columns []int
		var names []string
		for _, p := range pairs {
			if i := part.of(p); i >= 0 && !slices.Contains(columns, i) {
				columns, names = append(columns, i), append(names, plain(h.Columns[i]))
			}
		}
		if len(columns) > 1 {
			all = append(all, part.name+" may be "+strings.Join(names, " or "))
			if place < 0 {
				place = columns[1]
			}
		}
	}
	say := pairs[0] // an example, in which the columns are called after modules if there are such
	for _, p := range slices.Backward(pairs) {
		if (p.parent < 0 || !isAnyID(h.Columns[p.parent])) && !isAnyID(h.Columns[p.related]) {
			say = p
		}
	}
	var columns Columns
	columns[colRelated] = h.Columns[say.related]
	if say.parent >= 0 {
		columns[colParent] = h.Columns[say.parent]
	}
	return h.fail(place, fmt.Sprintf("for %s, delink cannot tell which column is which: %s", relation, strings.Join(all, ", ")),
		h.hintNames()).with(ChooseColumns{columns})
}

// relation is what a row is about: by constants, or by its values.
func (h *Header) relation(opt Options, values []string) zoho.Relation {
	r := zoho.Relation{Module: opt.Module, List: opt.Relation}
	for _, part := range []struct {
		column int
		value  *string
	}{{h.index[colModule], &r.Module}, {h.index[colRelation], &r.List}} {
		if part.column < 0 {
			continue
		}
		*part.value = value.APIName(values[part.column])
	}
	return r
}

// mostCandidates is how many columns are looked at for one part of a link: two are too many
// already.
const mostCandidates = 20

// candidates gives the columns that may have the parent's id, and those that may have the related
// record's.
func (h *Header) candidates(relation zoho.Relation) (parents, related []int) {
	modules := modulesOf(relation)
	parentNames, relatedNames := namesOf(modules[colParent]), namesOf(modules[colRelated])
	for i, column := range h.Columns {
		if len(parents) < mostCandidates && (isAnyID(column) || isIDOf(column, parentNames)) {
			parents = append(parents, i)
		}
		if len(related) < mostCandidates && (isAnyID(column) || isIDOf(column, relatedNames)) {
			related = append(related, i)
		}
	}
	if i := h.index[colParent]; i >= 0 {
		parents = []int{i}
	}
	if i := h.index[colRelated]; i >= 0 {
		related = []int{i}
	}
	return parents, related
}

// modulesOf are the modules of the parent and the related record, as far as the names tell.
func modulesOf(relation zoho.Relation) (modules [numColumns]string) {
	modules[colParent], modules[colRelated] = relation.Module, relation.List
	if relation.List == "Contact_Roles" { // its records are contacts; what has the id of a role is another column
		modules[colRelated] = "Contacts"
	}
	return modules
}

// namesOf are the names that one record of a module, or all of them, have in columns.
func namesOf(api string) []string {
	if m := zoho.FindModule(api); m != nil {
		return append([]string{m.API, m.One, m.Many}, m.Also...)
	}
	return []string{api, strings.TrimSuffix(api, "s")}
}

// isAnyID reports whether a column is called like the id of the exported record, of whatever
// module.
func isAnyID(column string) bool {
	key := zoho.Fold(column)
	return key == "recordid" || key == "id"
}

// isIDOf reports whether a column is called like ids of records with one of the names: Campaign Id,
// Campaign Name.id, Campaign_Name. Not Campaign Name, which exports have for the name itself.
func isIDOf(column string, names []string) bool {
	key := zoho.Fold(column)
	if !strings.HasSuffix(key, "id") && !strings.HasSuffix(key, "name") {
		return false // nearly all columns
	}
	for _, name := range names {
		folded := zoho.Fold(name)
		if key == folded+"id" || key == folded+"nameid" || key == folded+"recordid" ||
			strings.EqualFold(value.Trim(column), strings.ReplaceAll(name, " ", "_")+"_Name") {
			return true
		}
	}
	return false
}

// idModules are the standard modules of whose records a column may have the ids, by its name.
func idModules(column string) []zoho.Module {
	if modules := byKey[zoho.Fold(column)]; modules != nil {
		return modules
	}
	return byKey[strings.ToLower(value.Trim(column))]
}

// byKey has the names that isIDOf takes for ids of a standard module's records: folded, and those
// with an underscore in lower case.
var byKey = func() map[string][]zoho.Module {
	all := map[string][]zoho.Module{}
	for _, m := range zoho.Modules() {
		keys := map[string]bool{}
		for _, name := range namesOf(m.API) {
			folded := zoho.Fold(name)
			for _, key := range []string{folded + "id", folded + "nameid", folded + "recordid", strings.ToLower(strings.ReplaceAll(name, " ", "_") + "_Name")} {
				keys[key] = true
			}
		}
		for key := range keys {
			all[key] = append(all[key], m)
		}
	}
	return all
}()

// guesses says which columns look like ids, and of which modules' records; an empty module is any.
func (h *Header) guesses() (text string, modules []string) {
	var all []string
	for i, column := range h.Columns {
		if slices.Contains(h.index[:], i) {
			continue
		}
		if len(modules) >= mostCandidates {
			break
		}
		if isAnyID(column) {
			all = append(all, plain(column)+" looks like the exported record's id")
			modules = append(modules, "")
			continue
		}
		for _, m := range idModules(column) {
			all = append(all, plain(column)+" looks like the id of one of the "+m.Many)
			modules = append(modules, m.API)
		}
	}
	return strings.Join(all, ", "), modules
}

// relationsOf are the relations that columns with ids of these modules can be about, as far as
// Options do not say otherwise; "" is any module. There are none where it could be many.
func relationsOf(modules []string, opt Options) []zoho.Relation {
	const most = 4
	var relations []zoho.Relation
	for i, parent := range modules {
		if parent == "" || opt.Module != "" && opt.Module != parent {
			continue
		}
		for _, list := range zoho.SupportedLists(parent) {
			list = zoho.APIName(list)
			j := slices.IndexFunc(modules, func(m string) bool { return m == "" || m == list })
			if j < 0 || j == i || opt.Relation != "" && opt.Relation != list {
				continue
			}
			if r := (zoho.Relation{Module: parent, List: list}); !slices.Contains(relations, r) { // Deals is there under an older name, too
				relations = append(relations, r)
			}
		}
	}
	if len(relations) > most {
		return nil
	}
	return relations
}
