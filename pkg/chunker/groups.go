package chunker

import "delink/pkg/zoho"

// group is one parent record and relation. Its rows are neighbours in a Set.
type group struct {
	parent   zoho.ID
	relation uint32 // index into relations
	rows     uint32
}

// groups finds groups by their parent record and relation. It is a hash table of indexes with open
// addressing. Go's map would take three times the memory, which matters if most rows have a parent
// record of their own.
type groups struct {
	n int // how many groups there are
	// blocks has the groups in order of first appearance. A slice of groups would be copied when it
	// grows.
	blocks    []*[groupBlock]group
	slots     []uint64        // hash << 32 | index + 1; zero for a free slot; a power of two long
	relations []zoho.Relation // in order of first appearance
	known     map[zoho.Relation]uint32
	last      uint32 // the relation of the last row, which the next row most often has, too
}

const groupBlock = 1 << 10

func newGroups() *groups {
	return &groups{slots: make([]uint64, 64), known: map[zoho.Relation]uint32{}}
}

// at gives a group by its index.
func (g *groups) at(i int) *group { return &g.blocks[i/groupBlock][i%groupBlock] }

// relation gives the index of a relation, if it is known.
func (g *groups) relation(r zoho.Relation) (uint32, bool) {
	if int(g.last) < len(g.relations) && g.relations[g.last] == r {
		return g.last, true
	}
	i, ok := g.known[r]
	return i, ok
}

// hash mixes all bits of a group's parent and relation: the ids of an org share their leading
// digits, and often differ in few others.
func hash(parent zoho.ID, relation uint32) uint64 {
	h := (uint64(parent) + uint64(relation)*0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd
	return (h ^ h>>32) * 0xc4ceb9fe1a85ec53 >> 32
}

// slot gives the slot of a group, or the free slot where it would be.
func (g *groups) slot(h uint64, parent zoho.ID, relation uint32) *uint64 {
	mask := uint64(len(g.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &g.slots[i]
		if *s == 0 {
			return s
		}
		if *s>>32 != h {
			continue
		}
		if x := g.at(index(*s)); x.parent == parent && x.relation == relation {
			return s
		}
	}
}

// index gives the index of the group in a slot that is not free.
func index(slot uint64) int { return int(uint32(slot)) - 1 }

// find gives the index of a group, if there is one.
func (g *groups) find(parent zoho.ID, r zoho.Relation) (int, bool) {
	relation, ok := g.relation(r)
	if !ok {
		return 0, false
	}
	s := *g.slot(hash(parent, relation), parent, relation)
	return index(s), s != 0
}

// add gives the index of a group, and makes the group if there is none.
func (g *groups) add(parent zoho.ID, r zoho.Relation) int {
	relation, ok := g.relation(r)
	if !ok {
		relation = uint32(len(g.relations))
		g.relations = append(g.relations, r)
		g.known[r] = relation
	}
	g.last = relation
	h := hash(parent, relation)
	s := g.slot(h, parent, relation)
	if *s != 0 {
		return index(*s)
	}
	if g.n >= len(g.slots)/4*3 {
		g.grow()
		s = g.slot(h, parent, relation)
	}
	if g.n%groupBlock == 0 {
		g.blocks = append(g.blocks, new([groupBlock]group))
	}
	g.n++
	*s = h<<32 | uint64(g.n)
	*g.at(g.n - 1) = group{parent: parent, relation: relation}
	return g.n - 1
}

// grow doubles the slots.
func (g *groups) grow() {
	old := g.slots
	g.slots = make([]uint64, 2*len(old))
	mask := uint64(len(g.slots) - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		i := s >> 32 & mask
		for g.slots[i] != 0 {
			i = (i + 1) & mask
		}
		g.slots[i] = s
	}
}
