package chunker

import (
	"iter"
	"math"
	"math/bits"
	"slices"
	"sort"

	"delink/pkg/parallel"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Set is the rows of one input, grouped by parent record and relation. Groups are in the order in
// which the input has them. Within a group, rows are sorted by related record and then by line.
//
// Each row has a position, from 0 to Rows()-1. The same input always gives the same positions. The
// rows of one link are neighbours, and the position of the first of them stands for the link.
//
// A Set does not change, and many goroutines can use it at the same time.
type Set struct {
	groups     *groups
	start      []uint32  // where each group begins, and the end of the last
	related    []zoho.ID // by position
	lines      []uint32  // by position
	duplicates []uint64  // a bit by position: the row has the same link as the row before
	links      []uint32  // by group: its links, each counted once

	all     int  // links, each counted once
	parents int  // parent records
	longest bool // some related id has as many digits as an id can have
}

// sort sorts the rows of each group. The groups are halved so that both halves have about as many
// rows.
func (s *Set) sort() {
	half := s.groupAt(len(s.related) / 2)
	parallel.Both(func() { s.sortGroups(0, half) }, func() { s.sortGroups(half, len(s.links)) })
}

func (s *Set) sortGroups(from, to int) {
	var by sorter
	for g := from; g < to; g++ {
		by.sort(s.related[s.start[g]:s.start[g+1]], s.lines[s.start[g]:s.start[g+1]])
	}
}

// finish marks the duplicates among a group's rows, which are sorted.
func (s *Set) finish(g int) {
	from, to := int(s.start[g]), int(s.start[g+1])
	links := to - from
	for pos := from + 1; pos < to; pos++ {
		if s.related[pos] == s.related[pos-1] {
			s.duplicates[pos/64] |= 1 << (pos % 64)
			links--
		}
	}
	s.links[g] = uint32(links)
	s.longest = s.longest || to > from && s.related[to-1].IsLongest()
	s.all += links
}

// Rows is the number of rows.
func (s *Set) Rows() int { return len(s.related) }

// Links is the number of links, each counted once.
func (s *Set) Links() int { return s.all }

// Duplicates is the number of rows whose link an earlier line has.
func (s *Set) Duplicates() int { return len(s.related) - s.all }

// Groups is the number of groups: of pairs of a parent record and a relation.
func (s *Set) Groups() int { return len(s.links) }

// Parents is the number of parent records: of pairs of a module and an id.
func (s *Set) Parents() int { return s.parents }

// Calls is the number of batches of at most size links that hold all links.
func (s *Set) Calls(size int) int {
	size = clamp(size)
	calls := 0
	if s.longest {
		for range s.Batches(size, nil) {
			calls++
		}
		return calls
	}
	for _, n := range s.links {
		calls += (int(n) + size - 1) / size
	}
	return calls
}

// Find gives the position of a link's first row, if the set has the link.
func (s *Set) Find(l reader.Link) (pos int, ok bool) {
	g, ok := s.groups.find(l.Parent, l.Relation)
	if !ok {
		return 0, false
	}
	from := int(s.start[g])
	i, ok := slices.BinarySearch(s.related[from:s.start[g+1]], l.Related)
	return from + i, ok
}

// At gives the link and the line of a row.
func (s *Set) At(pos int) (l reader.Link, line int) {
	g := s.groups.at(s.groupAt(pos))
	return reader.Link{
		Relation: s.groups.relations[g.relation], Parent: g.parent, Related: s.related[pos],
	}, int(s.lines[pos])
}

// Line gives the line of a row.
func (s *Set) Line(pos int) int { return int(s.lines[pos]) }

// groupAt gives the group of a row: the first one that ends behind it.
func (s *Set) groupAt(pos int) int {
	return sort.Search(len(s.links), func(g int) bool { return int(s.start[g+1]) > pos })
}

// IsDuplicate reports whether an earlier line has the row's link.
func (s *Set) IsDuplicate(pos int) bool { return s.duplicates[pos/64]>>(pos%64)&1 != 0 }

// First gives the position of the first row of a row's link.
func (s *Set) First(pos int) int {
	if !s.IsDuplicate(pos) {
		return pos
	}
	from := int(s.start[s.groupAt(pos)])
	i, _ := slices.BinarySearch(s.related[from:pos], s.related[pos])
	return from + i
}

// Lines gives the lines of all rows of a row's link, in order.
func (s *Set) Lines(pos int) []int {
	first := s.First(pos)
	lines := []int{int(s.lines[first])}
	for i := first + 1; i < len(s.lines) && s.IsDuplicate(i); i++ {
		lines = append(lines, int(s.lines[i]))
	}
	return lines
}

// DuplicateRows gives the position of every row whose link an earlier line has, and the position of
// the link's first row.
func (s *Set) DuplicateRows() iter.Seq2[int, int] {
	return func(yield func(pos, first int) bool) {
		first := 0
		last := -1
		for i, word := range s.duplicates {
			for ; word != 0; word &= word - 1 {
				pos := i*64 + bits.TrailingZeros64(word)
				if pos != last+1 || last < 0 {
					first = pos - 1
				}
				last = pos
				if !yield(pos, first) {
					return
				}
			}
		}
	}
}

// Group is the rows of one parent record and relation, duplicates included. Its slices are the
// set's own.
type Group struct {
	Relation zoho.Relation
	Parent   zoho.ID
	Related  []zoho.ID
	Lines    []uint32 // Lines[i] is the line of Related[i]
}

// EachGroup gives the groups, in order of first appearance.
func (s *Set) EachGroup() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		for g := range s.groups.n {
			x := s.groups.at(g)
			from, to := s.start[g], s.start[g+1]
			if !yield(Group{s.groups.relations[x.relation], x.parent, s.related[from:to], s.lines[from:to]}) {
				return
			}
		}
	}
}

// FindLine gives the position of the row of a link that starts on a line, if the set has it.
func (s *Set) FindLine(l reader.Link, line int) (pos int, ok bool) {
	first, ok := s.Find(l)
	if !ok || line < 0 || uint64(line) > math.MaxUint32 {
		return 0, false
	}
	end := first + 1
	if g := s.groupAt(first); first+1 < int(s.start[g+1]) && s.IsDuplicate(first+1) {
		rest := s.related[first:s.start[g+1]]
		end = first + sort.Search(len(rest), func(i int) bool { return rest[i] > l.Related })
	}
	i, ok := slices.BinarySearch(s.lines[first:end], uint32(line))
	return first + i, ok
}
