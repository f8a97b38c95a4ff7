package chunker

import (
	"cmp"
	"math/bits"
	"slices"

	"delink/pkg/zoho"
)

// sortRows sorts rows by related record and then by line. It is a radix sort in place, because a
// copy of the two slices would take most memory of all for an input with a single parent record.
func sortRows(related []zoho.ID, lines []uint32) {
	if len(related) < 48 {
		insertRows(related, lines)
		return
	}
	varying, sorted := zoho.ID(0), true
	for i := 1; i < len(related); i++ {
		varying |= related[i] ^ related[0]
		sorted = sorted && (related[i-1] < related[i] || related[i-1] == related[i] && lines[i-1] <= lines[i])
	}
	switch {
	case sorted:
		return
	case varying == 0:
		slices.Sort(lines)
		return
	}
	// The digit is made of the eight highest bits that are not the same in all rows.
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
		if s, e := start[d], end[d]; e-s > 1 {
			sortRows(related[s:e], lines[s:e])
		}
	}
}

// insertRows is sortRows for few rows.
func insertRows(related []zoho.ID, lines []uint32) {
	for i := 1; i < len(related); i++ {
		r, l := related[i], lines[i]
		j := i
		for ; j > 0 && cmp.Or(cmp.Compare(related[j-1], r), cmp.Compare(lines[j-1], l)) > 0; j-- {
			related[j], lines[j] = related[j-1], lines[j-1]
		}
		related[j], lines[j] = r, l
	}
}
