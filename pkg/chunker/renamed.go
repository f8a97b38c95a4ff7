package chunker

import (
	"maps"
	"slices"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Renamed gives the set with other names for some of its relations. Find takes the old names as
// well. Rows whose links are the same by the new names are duplicates then, and have other
// positions than before.
func (s *Set) Renamed(names map[zoho.Relation]zoho.Relation) (*Set, error) {
	t, taken := s, map[zoho.Relation]bool{}
	for _, r := range s.groups.relations {
		name := nameOf(r, names)
		if taken[name] { // two relations become one
			var err error
			if t, err = s.rebuilt(names); err != nil {
				return nil, err
			}
			break
		}
		taken[name] = true
	}
	renamed, g := *t, *t.groups
	g.relations, g.known = slices.Clone(g.relations), maps.Clone(g.known)
	for i, r := range g.relations {
		g.relations[i] = nameOf(r, names)
		g.known[g.relations[i]] = uint32(i)
	}
	for old, name := range names {
		if i, has := g.known[name]; has {
			g.known[old] = i
		}
	}
	renamed.groups = &g
	return &renamed, nil
}

// rebuilt makes a set of the same rows with other names.
func (s *Set) rebuilt(names map[zoho.Relation]zoho.Relation) (*Set, error) {
	b := NewBuilder()
	for g := range s.EachGroup() {
		r := nameOf(g.Relation, names)
		for i, related := range g.Related {
			if err := b.Add(reader.Link{Relation: r, Parent: g.Parent, Related: related}, int(g.Lines[i])); err != nil {
				return nil, err
			}
		}
	}
	return b.Build(), nil
}

// nameOf is the new name of a relation, or its own if it keeps that.
func nameOf(r zoho.Relation, names map[zoho.Relation]zoho.Relation) zoho.Relation {
	if name, is := names[r]; is {
		return name
	}
	return r
}
