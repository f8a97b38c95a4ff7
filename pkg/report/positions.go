package report

// positions is a set of positions. It takes no memory while it is empty, and then a bit for each
// position that the input has.
type positions []uint64

// add puts a position into the set. The input has positions from 0 to rows-1.
func (p *positions) add(pos, rows int) {
	if *p == nil {
		*p = make(positions, (rows+63)/64)
	}
	(*p)[pos/64] |= 1 << (pos % 64)
}

func (p positions) has(pos int) bool { return pos/64 < len(p) && p[pos/64]&(1<<(pos%64)) != 0 }

func (p positions) isEmpty() bool { return p == nil }
