package chunker

import (
	"cmp"
	"slices"

	"delink/pkg/zoho"
)

// RelationCount is what a set has of one relation.
type RelationCount struct {
	Relation zoho.Relation
	Rows     int
	Links    int // each counted once
	Parents  int // parent records
}

// Relations gives the counts of each relation, in order of first appearance.
func (s *Set) Relations() []RelationCount {
	counts := make([]RelationCount, len(s.groups.relations))
	for i, r := range s.groups.relations {
		counts[i].Relation = r
	}
	for g := range s.groups.n {
		x := s.groups.at(g)
		c := &counts[x.relation]
		c.Rows += int(x.rows)
		c.Links += int(s.links[g])
		c.Parents++
	}
	return counts
}

// FirstLine gives the first line that has a relation; 0 if there is none.
func (s *Set) FirstLine(r zoho.Relation) int {
	first := uint32(0)
	for g := range s.EachGroup() {
		if line := slices.Min(g.Lines); g.Relation == r && (first == 0 || line < first) {
			first = line
		}
	}
	return int(first)
}

// ParentCount is what a set has of one parent record, in all relations of its module.
type ParentCount struct {
	Module string
	Parent zoho.ID
	Links  int // each counted once
}

// LargestParents gives the n parent records that have the most links, the largest first. Of two
// that have as many links, the one that appears earlier goes first.
func (s *Set) LargestParents(n int) []ParentCount {
	type ranked struct {
		ParentCount
		group int
	}
	order := func(a, b ranked) int { return cmp.Or(cmp.Compare(b.Links, a.Links), cmp.Compare(a.group, b.group)) }
	var top []ranked
	if n > 0 {
		s.eachParent(func(first, links int) {
			x := s.groups.at(first)
			p := ranked{ParentCount{s.groups.relations[x.relation].Module, x.parent, links}, first}
			if len(top) == n && order(p, top[n-1]) > 0 {
				return
			}
			i, _ := slices.BinarySearchFunc(top, p, order)
			top = slices.Insert(top[:min(len(top), n-1)], min(i, n-1), p)
		})
	}
	counts := make([]ParentCount, len(top))
	for i, p := range top {
		counts[i] = p.ParentCount
	}
	return counts
}

func (s *Set) countParents() int {
	n := 0
	s.eachParent(func(int, int) { n++ })
	return n
}

// eachParent gives the first group and the number of links of each parent record. If a module has
// one relation, as most have, each of its groups is a parent record. The groups of other modules
// are sorted by parent record.
func (s *Set) eachParent(give func(first, links int)) {
	modules := map[string]int{}
	for _, r := range s.groups.relations {
		modules[r.Module]++
	}
	only := make([]bool, len(s.groups.relations)) // the relation is its module's only one
	for i, r := range s.groups.relations {
		only[i] = modules[r.Module] == 1
	}
	shared := map[string][]uint32{}
	for g := range s.groups.n {
		x := s.groups.at(g)
		if only[x.relation] {
			give(g, int(s.links[g]))
		} else {
			module := s.groups.relations[x.relation].Module
			shared[module] = append(shared[module], uint32(g))
		}
	}
	for _, list := range shared {
		slices.SortFunc(list, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(s.groups.at(int(a)).parent, s.groups.at(int(b)).parent), cmp.Compare(a, b))
		})
		for len(list) > 0 {
			parent, n, links := s.groups.at(int(list[0])).parent, 0, 0
			for n < len(list) && s.groups.at(int(list[n])).parent == parent {
				links += int(s.links[list[n]])
				n++
			}
			give(int(list[0]), links)
			list = list[n:]
		}
	}
}
