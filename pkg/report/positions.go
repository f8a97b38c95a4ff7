package report

// positions is a set of positions. It takes a bit for each position once it has one, and nothing
// before.
type positions []uint64

// add puts a position in; there are positions from 0 to rows-1.
func (p *positions) add(pos, rows int) {
	if *p == nil {
		*p = make(positions, (rows+63)/64)
	}
	(*p)[pos/64] |= 1 << (pos % 64)
}

func (p positions) has(pos int) bool { return p != nil && p[pos/64]&(1<<(pos%64)) != 0 }

func (p positions) isEmpty() bool { return p == nil }
