package chunker

import (
	"iter"

	"delink/pkg/zoho"
)

// MaxLinks is the number of links that one call can remove.
const MaxLinks = zoho.MaxIDs

func clamp(size int) int { return min(max(size, 1), MaxLinks) }

// Batches gives the batches of the links for whose position want returns true, or of all links if
// want is nil. want is called once for each link, just before the link's batch is given.
//
// A batch has up to size links, whose ids fit into one call. A size below 1 counts as 1, one above
// MaxLinks as MaxLinks. There are as few batches of each group as possible. The groups come in the
// order in which the input has them. The receiver of a batch may change its slices.
func (s *Set) Batches(size int, want func(pos int) bool) iter.Seq[Batch] {
	return s.BatchesIn(nil, size, want)
}

// BatchesIn is Batches for the relations for which in returns true, or for all if in is nil.
func (s *Set) BatchesIn(in func(zoho.Relation) bool, size int, want func(pos int) bool) iter.Seq[Batch] {
	size = clamp(size)
	return func(yield func(Batch) bool) {
		for g := range s.groups.n {
			x := s.groups.at(g)
			if in != nil && !in(s.groups.relations[x.relation]) {
				continue
			}
			left := int(s.links[g]) // links of the group that the loop has not reached
			longest := 0            // ids of the batch that have the most digits
			empty := Batch{Relation: s.groups.relations[x.relation], Parent: x.parent}
			b := empty
			for pos := int(s.start[g]); pos < int(s.start[g+1]); pos++ {
				if s.IsDuplicate(pos) {
					continue
				}
				if want == nil || want(pos) {
					if s.related[pos].IsLongest() {
						longest++
					}
					if !zoho.FitIDs(len(b.Pos)+1, longest) {
						if !yield(b) {
							return
						}
						b, longest = empty, 1 // only an id of the most digits can be too much
					}
					if b.Pos == nil {
						n := min(size, left)
						b.Related, b.Pos = make([]zoho.ID, 0, n), make([]int, 0, n)
					}
					b.Related, b.Pos = append(b.Related, s.related[pos]), append(b.Pos, pos)
				}
				left--
				if len(b.Pos) == size {
					if !yield(b) {
						return
					}
					b, longest = empty, 0
				}
			}
			if len(b.Pos) > 0 && !yield(b) {
				return
			}
		}
	}
}
