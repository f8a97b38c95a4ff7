package chunker

import (
	"cmp"
	"iter"
	"slices"

	"delink/pkg/zoho"
)

// BatchesTurned is Batches with some relations turned: see TurnedBatches. sides has their other
// sides. They go first.
func (s *Set) BatchesTurned(sides map[zoho.Relation]zoho.Relation, size int, want func(pos int) bool) iter.Seq[Batch] {
	if len(sides) == 0 {
		return s.Batches(size, want)
	}
	return func(yield func(Batch) bool) {
		for _, r := range s.groups.relations {
			other, turned := sides[r]
			if !turned {
				continue
			}
			for b := range s.TurnedBatches(r, other, size, want) {
				if !yield(b) {
					return
				}
			}
		}
		as := func(r zoho.Relation) bool { _, turned := sides[r]; return !turned }
		for b := range s.BatchesIn(as, size, want) {
			if !yield(b) {
				return
			}
		}
	}
}

// TurnedBatches gives batches of a relation's links that are made from their other side: see
// Batch.Turned. want is as for Batches. The batches are in the order of the related records' ids.
// While they are given, a link takes 4 bytes more.
func (s *Set) TurnedBatches(r, other zoho.Relation, size int, want func(pos int) bool) iter.Seq[Batch] {
	size = clamp(size)
	return func(yield func(Batch) bool) {
		empty := Batch{Relation: other, Turned: r}
		b, longest := empty, 0
		flush := func() bool {
			full := b
			b, longest = empty, 0
			return len(full.Pos) == 0 || yield(full)
		}
		for _, at := range s.byRelated(r) {
			pos := int(at)
			if want != nil && !want(pos) {
				continue
			}
			related, parent := s.related[pos], s.groups.at(s.groupAt(pos)).parent
			long := 0
			if parent.IsLongest() {
				long = 1
			}
			full := len(b.Pos) == size || !zoho.FitIDs(len(b.Pos)+1, longest+long)
			if (related != b.Parent || full) && !flush() {
				return
			}
			b.Parent = related
			b.Related, b.Pos, longest = append(b.Related, parent), append(b.Pos, pos), longest+long
		}
		flush()
	}
}

// byRelated gives the positions of a relation's links, sorted by related record. Those of one
// related record are in order.
func (s *Set) byRelated(r zoho.Relation) []uint32 {
	n := 0
	for g := range s.groups.n {
		if s.groups.relations[s.groups.at(g).relation] == r {
			n += int(s.links[g])
		}
	}
	at := make([]uint32, 0, n)
	s.eachLink(r, func(pos int) bool {
		at = append(at, uint32(pos))
		return true
	})
	slices.SortFunc(at, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(s.related[a], s.related[b]), cmp.Compare(a, b))
	})
	return at
}

// eachLink gives the positions of a relation's links, in order, until give returns false.
func (s *Set) eachLink(r zoho.Relation, give func(pos int) bool) {
	for g := range s.groups.n {
		if s.groups.relations[s.groups.at(g).relation] != r {
			continue
		}
		for pos := int(s.start[g]); pos < int(s.start[g+1]); pos++ {
			if !s.IsDuplicate(pos) && !give(pos) {
				return
			}
		}
	}
}

// CallsOf is Calls for the links of a relation.
func (s *Set) CallsOf(r zoho.Relation, size int) (calls int) {
	if s.longest {
		for range s.BatchesIn(func(of zoho.Relation) bool { return of == r }, size, nil) {
			calls++
		}
		return calls
	}
	size = clamp(size)
	for g, n := range s.links {
		if s.groups.relations[s.groups.at(g).relation] == r {
			calls += (int(n) + size - 1) / size
		}
	}
	return calls
}

// TurnedCalls is how many batches TurnedBatches gives. It counts to most and no further, and takes
// memory for no more than most related records: it serves to find out whether the other side needs
// fewer calls.
func (s *Set) TurnedCalls(r, other zoho.Relation, size int, want func(pos int) bool, most int) (calls int) {
	if s.hasLongestParent(r) { // then the digits of the ids count as well
		for range s.TurnedBatches(r, other, size, want) {
			if calls++; calls >= most {
				break
			}
		}
		return calls
	}
	size = clamp(size)
	links := map[zoho.ID]uint32{} // of each related record
	s.eachLink(r, func(pos int) bool {
		if want != nil && !want(pos) {
			return true
		}
		n := links[s.related[pos]]
		links[s.related[pos]] = n + 1
		if int(n)%size == 0 {
			calls++
		}
		return calls < most
	})
	return calls
}

func (s *Set) hasLongestParent(r zoho.Relation) bool {
	for g := range s.groups.n {
		if x := s.groups.at(g); s.groups.relations[x.relation] == r && x.parent.IsLongest() {
			return true
		}
	}
	return false
}

// Regroup gives batches of the links at some positions, which are those of the first rows of links.
// The function that it returns gives the next batch. Regroup sorts the positions.
func (s *Set) Regroup(positions []uint32, size int) (next func() (Batch, bool)) {
	size = clamp(size)
	slices.Sort(positions)
	return func() (b Batch, ok bool) {
		longest := 0
		end := 0 // of the group
		for len(positions) > 0 {
			pos := int(positions[0])
			long := 0
			if s.related[pos].IsLongest() {
				long = 1
			}
			switch {
			case len(b.Pos) == 0:
				g := s.groupAt(pos)
				x := s.groups.at(g)
				b.Relation, b.Parent, end = s.groups.relations[x.relation], x.parent, int(s.start[g+1])
			case pos >= end, len(b.Pos) == size, !zoho.FitIDs(len(b.Pos)+1, longest+long):
				return b, true
			}
			b.Related, b.Pos, longest = append(b.Related, s.related[pos]), append(b.Pos, pos), longest+long
			positions = positions[1:]
		}
		return b, len(b.Pos) > 0
	}
}
