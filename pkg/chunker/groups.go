package chunker

import "delink/pkg/zoho"

// group is one parent record and relation. Its rows are neighbours in a Set.
type group struct {
	parent   zoho.ID
	relation uint32 // index into relations
	rows     uint32 // while collecting
}

// groups finds groups by what they are. It is a hash table of indices with open addressing: Go's map would take three
// times the memory, which counts where most rows have a parent of their own.
type groups struct {
	list      []group         // in order of first appearance
	slots     []uint32        // index into list plus one, zero for a free slot; a power of two long
	relations []zoho.Relation // in order of first appearance
	known     map[zoho.Relation]uint32
	last      uint32 // the relation of the last row: most often that of the next, too
}

func newGroups() *groups {
	return &groups{slots: make([]uint32, 64), known: map[zoho.Relation]uint32{}}
}

// relation is the index of a relation, if there is one.
func (g *groups) relation(r zoho.Relation) (uint32, bool) {
	if int(g.last) < len(g.relations) && g.relations[g.last] == r {
		return g.last, true
	}
	i, ok := g.known[r]
	return i, ok
}

// slot is where a group is, or the free slot where it would be.
func (g *groups) slot(parent zoho.ID, relation uint32) *uint32 {
	mask := uint64(len(g.slots) - 1)
	// Ids of an org share their leading digits and often end in zeros: the multiplications spread them.
	h := (uint64(parent) + uint64(relation)*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	h = (h ^ h>>32) * 0xc4ceb9fe1a85ec53
	for i := h >> 32 & mask; ; i = (i + 1) & mask {
		s := &g.slots[i]
		if *s == 0 {
			return s
		}
		if x := &g.list[*s-1]; x.parent == parent && x.relation == relation {
			return s
		}
	}
}

// find is the index of a group, if there is one.
func (g *groups) find(parent zoho.ID, r zoho.Relation) (int, bool) {
	relation, ok := g.relation(r)
	if !ok {
		return 0, false
	}
	s := *g.slot(parent, relation)
	return int(s) - 1, s != 0
}

// add is the index of a group, which is made if there is none.
func (g *groups) add(parent zoho.ID, r zoho.Relation) uint32 {
	relation, ok := g.relation(r)
	if !ok {
		relation = uint32(len(g.relations))
		g.relations = append(g.relations, r)
		g.known[r] = relation
	}
	g.last = relation
	s := g.slot(parent, relation)
	if *s == 0 {
		if len(g.list) >= len(g.slots)/4*3 {
			g.grow()
			s = g.slot(parent, relation)
		}
		g.list = append(g.list, group{parent: parent, relation: relation})
		*s = uint32(len(g.list))
	}
	return *s - 1
}

func (g *groups) grow() {
	g.slots = make([]uint32, 2*len(g.slots))
	for i, x := range g.list {
		*g.slot(x.parent, x.relation) = uint32(i + 1)
	}
}
