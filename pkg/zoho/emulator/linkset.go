package emulator

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// A linkSet knows the related ids of one list of one parent. It is a sorted
// slice of 16 bytes an id, and a small sorted tail for ids that come later and
// out of order, merged into it when it is full: ten million links take 160 MB
// and loading them costs a sort.
type linkSet struct {
	main    []link
	tail    []link
	settled bool // main is sorted and each id is in it once
}

// maxTail bounds what one insertion moves; see insert.
const maxTail = 1024

// link is a related id and what is known about it, packed.
type link struct {
	id    uint64
	state uint64 // from the top: 1 bit linked, 1 bit real, 14 bits sent, 48 bits removed
}

const (
	linkedBit   = 1 << 63
	realBit     = 1 << 62
	sentShift   = 48
	maxSent     = 1<<14 - 1
	removedMask = 1<<sentShift - 1
)

func (l *link) linked() bool { return l.state&linkedBit != 0 }

// real reports whether the link is or was there. Others are known because a call named them.
func (l *link) real() bool { return l.state&realBit != 0 }

// sent is the number of calls that named the link; it stops at maxSent.
func (l *link) sent() int { return int(l.state >> sentShift & maxSent) }

func (l *link) count() {
	if l.sent() < maxSent {
		l.state += 1 << sentShift
	}
}

// removed is when the link was last removed, zero if it never was.
func (l *link) removed() time.Time {
	ms := l.state & removedMask
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

func (l *link) remove(now time.Time) {
	l.state = l.state&^(linkedBit|removedMask) | uint64(now.UnixMilli())&removedMask
}

func (l *link) restore() { l.state |= linkedBit | realBit }

func (l *link) unlink() { l.state &^= linkedBit }

// load adds many ids as linked, in any order.
func (s *linkSet) load(ids []uint64) {
	s.merge()
	s.main = slices.Grow(s.main, len(ids))
	for _, id := range ids {
		s.main = append(s.main, link{id, linkedBit | realBit})
	}
	s.settled = false
}

// settle sorts what was loaded. Of an id that is there twice, the one loaded
// last counts, with the calls and the removal that the earlier one knew.
func (s *linkSet) settle() {
	if s.settled {
		return
	}
	s.settled = true
	byID := func(a, b link) int { return cmp.Compare(a.id, b.id) }
	if !slices.IsSortedFunc(s.main, byID) {
		slices.SortStableFunc(s.main, byID)
	}
	out := s.main[:0]
	for _, l := range s.main {
		if n := len(out); n > 0 && out[n-1].id == l.id {
			out[n-1].state |= l.state
			continue
		}
		out = append(out, l)
	}
	s.main = out
}

// find returns the link with that id, or nil. The pointer is good until the
// set changes.
func (s *linkSet) find(id uint64) *link {
	s.settle()
	if i, ok := search(s.main, id); ok {
		return &s.main[i]
	}
	if i, ok := search(s.tail, id); ok {
		return &s.tail[i]
	}
	return nil
}

// insert adds an id that is not there. Ids that come in order go to the end of
// main at once, others to the tail.
func (s *linkSet) insert(id uint64, linked bool) *link {
	l := link{id: id}
	if linked {
		l.restore()
	}
	if n := len(s.main); n == 0 || s.main[n-1].id < id {
		s.main = append(s.main, l)
		return &s.main[n]
	}
	if len(s.tail) == maxTail {
		s.merge()
	}
	i, _ := search(s.tail, id)
	s.tail = slices.Insert(s.tail, i, l)
	return &s.tail[i]
}

// merge empties the tail into main, from the back so that nothing is copied
// twice.
func (s *linkSet) merge() {
	if len(s.tail) == 0 {
		return
	}
	m, t := len(s.main)-1, len(s.tail)-1
	s.main = append(s.main, s.tail...)
	for w := len(s.main) - 1; t >= 0; w-- {
		if m >= 0 && s.main[m].id > s.tail[t].id {
			s.main[w] = s.main[m]
			m--
		} else {
			s.main[w] = s.tail[t]
			t--
		}
	}
	s.tail = nil
}

// all yields the links by id.
func (s *linkSet) all() iter.Seq[*link] {
	return func(yield func(*link) bool) {
		s.settle()
		s.merge()
		for i := range s.main {
			if !yield(&s.main[i]) {
				return
			}
		}
	}
}

// search is slices.BinarySearchFunc by hand: this is the hot path.
func search(links []link, id uint64) (int, bool) {
	low, high := 0, len(links)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if links[mid].id < id {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < len(links) && links[low].id == id
}
