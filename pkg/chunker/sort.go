package chunker

import (
	"math/bits"
	"slices"

	"delink/pkg/zoho"
)

// sorter sorts rows by related record and then by line: a radix sort. Groups of up to spareRows
// rows go through spare memory, digit by digit from the lowest. Larger ones are first taken apart
// in place, by their highest digit, because a copy of the two slices would be the largest use of
// memory for an input with a single parent record.
type sorter struct {
	related []zoho.ID
	lines   []uint32
}

const spareRows = 1 << 16

// sort sorts rows. Their lines can come in any order, and are in order in nearly all inputs.
func (s *sorter) sort(related []zoho.ID, lines []uint32) {
	varying, sorted := zoho.ID(0), true
	for i := 1; i < len(related); i++ {
		varying |= related[i] ^ related[0]
		sorted = sorted && (related[i-1] < related[i] || related[i-1] == related[i] && lines[i-1] <= lines[i])
	}
	switch {
	case sorted:
	case len(related) <= smallGroup:
		insertRows(related, lines)
	case len(related) <= spareRows:
		s.byDigits(related, lines, varying)
		sortLines(related, lines)
	case varying == 0:
		slices.Sort(lines)
	default:
		s.takeApart(related, lines, varying)
	}
}

// smallGroup is the number of rows up to which insertRows is the fastest.
const smallGroup = 32

// byDigits sorts rows by related record, with one pass for each eight bits, from the lowest to the
// highest bit that varies. Rows of the same related record keep their order.
func (s *sorter) byDigits(related []zoho.ID, lines []uint32, varying zoho.ID) {
	n := len(related)
	s.related, s.lines = slices.Grow(s.related[:0], n), slices.Grow(s.lines[:0], n)
	from, fromLines, to, toLines := related, lines, s.related[:n], s.lines[:n]
	for shift := bits.TrailingZeros64(uint64(varying)); varying>>shift != 0; shift += 8 {
		var next [256]uint32
		for _, id := range from {
			next[byte(id>>shift)]++
		}
		sum := uint32(0)
		for d, n := range next {
			next[d] = sum
			sum += n
		}
		for i, id := range from {
			at := &next[byte(id>>shift)]
			to[*at], toLines[*at] = id, fromLines[i]
			*at++
		}
		from, fromLines, to, toLines = to, toLines, from, fromLines
	}
	if &from[0] != &related[0] {
		copy(related, from)
		copy(lines, fromLines)
	}
}

// sortLines sorts the lines of each related record's rows.
func sortLines(related []zoho.ID, lines []uint32) {
	for i := 1; i < len(related); i++ {
		if related[i] != related[i-1] || lines[i] >= lines[i-1] {
			continue
		}
		from, to := i-1, i+1
		for from > 0 && related[from-1] == related[i] {
			from--
		}
		for to < len(related) && related[to] == related[i] {
			to++
		}
		slices.Sort(lines[from:to])
		i = to - 1
	}
}

// takeApart moves rows into 256 parts, by the eight highest bits that are not the same in all of
// them, and sorts each part.
func (s *sorter) takeApart(related []zoho.ID, lines []uint32, varying zoho.ID) {
	shift := max(0, bits.Len64(uint64(varying))-8)
	digit := func(i int) byte { return byte(related[i] >> shift) }
	var next, end [256]int
	for i := range related {
		end[digit(i)]++
	}
	sum := 0
	for d, n := range end {
		next[d] = sum
		sum += n
		end[d] = sum
	}
	start := next
	for d := range next {
		for next[d] < end[d] {
			i := next[d]
			to := digit(i)
			j := next[to]
			related[i], related[j] = related[j], related[i]
			lines[i], lines[j] = lines[j], lines[i]
			next[to]++
		}
	}
	for d := range start {
		s.sort(related[start[d]:end[d]], lines[start[d]:end[d]])
	}
}

// insertRows is sort for few rows.
func insertRows(related []zoho.ID, lines []uint32) {
	for i := 1; i < len(related); i++ {
		r, l := related[i], lines[i]
		j := i
		for ; j > 0 && (related[j-1] > r || related[j-1] == r && lines[j-1] > l); j-- {
			related[j], lines[j] = related[j-1], lines[j-1]
		}
		related[j], lines[j] = r, l
	}
}
