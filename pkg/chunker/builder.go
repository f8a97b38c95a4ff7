package chunker

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"delink/pkg/parallel"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Builder collects the links of an input.
type Builder struct {
	groups *groups
	blocks []*block
	rows   int
}

// block holds some of the collected rows. There are blocks instead of slices that grow, because a
// slice that grows needs the memory of its old and its new array at the same time.
type block struct {
	related [blockRows]zoho.ID
	group   [blockRows]uint32
	line    [blockRows]uint32
}

const blockRows = 1 << 13

// isLarge reports whether the rows take some megabytes, so that it is worth while to collect
// garbage.
func (b *Builder) isLarge() bool { return len(b.blocks) > 50 }

// NewBuilder gives a builder without links.
func NewBuilder() *Builder { return &Builder{groups: newGroups()} }

// Add collects a link, and the line on which its row starts. The error says that the input has too
// many lines for counters of 32 bits.
func (b *Builder) Add(l reader.Link, line int) error {
	if line < 0 || uint64(line) > math.MaxUint32 || uint64(b.rows) >= math.MaxUint32-1 {
		return fmt.Errorf("line %d: an input of more than %d lines is too long", line, uint32(math.MaxUint32))
	}
	at := b.rows % blockRows
	if at == 0 {
		b.blocks = append(b.blocks, new(block))
	}
	g := b.groups.add(l.Parent, l.Relation)
	b.groups.at(g).rows++
	last := b.blocks[len(b.blocks)-1]
	last.related[at], last.group[at], last.line[at] = l.Related, uint32(g), uint32(line)
	b.rows++
	return nil
}

// Groups is how many groups the rows have so far: see Set.Groups.
func (b *Builder) Groups() int { return b.groups.n }

// Build makes a Set of the collected rows. The builder is empty afterwards.
func (b *Builder) Build() *Set {
	if b.isLarge() {
		debug.FreeOSMemory() // the peak is here: the blocks and the set, and not what reading has left
	}
	s := &Set{
		groups:     b.groups,
		start:      make([]uint32, b.groups.n+1),
		related:    make([]zoho.ID, b.rows),
		lines:      make([]uint32, b.rows),
		duplicates: make([]uint64, (b.rows+63)/64),
		links:      make([]uint32, b.groups.n),
	}
	b.fill(s)
	large := b.isLarge()
	*b = Builder{groups: newGroups()}
	if large {
		runtime.GC() // what is made next finds the memory of the blocks
	}
	s.sort()
	for g := range s.links {
		s.finish(g)
	}
	s.parents = s.countParents()
	return s
}

// fill is a counting sort of the rows by their groups. The first half of the rows goes from the
// beginning of each group upwards, and at the same time the second half from its end downwards. So
// neither has to know how many rows of a group are in its half, and the rows of a group keep their
// order.
func (b *Builder) fill(s *Set) {
	// Of each group, the place of the next row of the first half, and the place behind that of the
	// next row of the second half. start and links are counters until the rows are in place.
	front, back := s.start[:b.groups.n], s.links
	sum := uint32(0)
	for g := range front {
		front[g] = sum
		sum += b.groups.at(g).rows
		back[g] = sum
	}
	half := len(b.blocks) / 2
	parallel.Both(func() {
		for i := range half {
			from, n := b.take(i)
			for j := range n {
				at := &front[from.group[j]]
				s.related[*at], s.lines[*at] = from.related[j], from.line[j]
				*at++
			}
		}
	}, func() {
		for i := len(b.blocks) - 1; i >= half; i-- {
			from, n := b.take(i)
			for j := n - 1; j >= 0; j-- {
				at := &back[from.group[j]]
				*at--
				s.related[*at], s.lines[*at] = from.related[j], from.line[j]
			}
		}
	})
	sum = 0
	for g := range s.links {
		s.start[g] = sum
		sum += b.groups.at(g).rows
	}
	s.start[b.groups.n] = sum
}

// take gives a block and the number of its rows. The builder forgets the block: its memory can be
// used again while other blocks are still needed.
func (b *Builder) take(i int) (from *block, rows int) {
	from, b.blocks[i] = b.blocks[i], nil
	return from, min(blockRows, b.rows-i*blockRows)
}
