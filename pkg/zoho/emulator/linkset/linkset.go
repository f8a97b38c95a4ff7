// Package linkset is a set of links that takes little memory: the related ids of one list of one
// parent record, and what became of each.
package linkset

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// A Set holds links by their related ids. It is a sorted slice of 16 bytes for each id, and a small
// sorted tail for ids that come later and out of order. A tail that is full is merged into the
// slice. Ten million links take 160 MB, and loading them costs a sort.
//
// The zero Set is empty. A [Link] that a method returns is good until the set changes.
type Set struct {
	main    []Link
	tail    []Link
	settled bool // main is sorted and each id is in it once
}

// maxTail bounds how many links one insertion moves.
const maxTail = 1024

// A Link is a related id and what is known about the link to it, packed.
type Link struct {
	ID    uint64
	state uint64 // from the top: 1 bit linked, 1 bit real, 14 bits sent, 48 bits removed
}

const (
	linkedBit   = 1 << 63
	realBit     = 1 << 62
	sentShift   = 48
	maxSent     = 1<<14 - 1
	removedMask = 1<<sentShift - 1
)

// Linked reports whether the link is there now.
func (l *Link) Linked() bool { return l.state&linkedBit != 0 }

// Real reports whether the link is or was there. Others are known because a call named them.
func (l *Link) Real() bool { return l.state&realBit != 0 }

// Sent is the number of calls that named the link. It stops at 16,383.
func (l *Link) Sent() int { return int(l.state >> sentShift & maxSent) }

// Count notes one more call that named the link.
func (l *Link) Count() {
	if l.Sent() < maxSent {
		l.state += 1 << sentShift
	}
}

// Removed is when the link was last removed, to the millisecond, or zero if it never was.
func (l *Link) Removed() time.Time {
	ms := l.state & removedMask
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

// Remove notes that a call removed the link.
func (l *Link) Remove(now time.Time) {
	l.state = l.state&^(linkedBit|removedMask) | uint64(now.UnixMilli())&removedMask
}

// Restore makes the link be there.
func (l *Link) Restore() { l.state |= linkedBit | realBit }

// Unlink takes the link away, without noting when.
func (l *Link) Unlink() { l.state &^= linkedBit }

// Load adds many ids as linked, in any order.
func (s *Set) Load(ids []uint64) {
	s.merge()
	s.main = slices.Grow(s.main, len(ids))
	for _, id := range ids {
		s.main = append(s.main, Link{id, linkedBit | realBit})
	}
	s.settled = false
}

// settle sorts what was loaded. An id that was loaded twice becomes one link, with the calls and
// the removal that the earlier one knew.
func (s *Set) settle() {
	if s.settled {
		return
	}
	s.settled = true
	byID := func(a, b Link) int { return cmp.Compare(a.ID, b.ID) }
	if !slices.IsSortedFunc(s.main, byID) {
		slices.SortStableFunc(s.main, byID)
	}
	out := s.main[:0]
	for _, l := range s.main {
		if n := len(out); n > 0 && out[n-1].ID == l.ID {
			out[n-1].state |= l.state
			continue
		}
		out = append(out, l)
	}
	s.main = out
}

// Find returns the link with that id, or nil.
func (s *Set) Find(id uint64) *Link {
	s.settle()
	if i, ok := search(s.main, id); ok {
		return &s.main[i]
	}
	if i, ok := search(s.tail, id); ok {
		return &s.tail[i]
	}
	return nil
}

// Insert adds an id that is not in the set. An id above all others goes to the end of main, any
// other to the tail.
func (s *Set) Insert(id uint64, linked bool) *Link {
	l := Link{ID: id}
	if linked {
		l.Restore()
	}
	if n := len(s.main); n == 0 || s.main[n-1].ID < id {
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

// merge moves the tail into main, from the back so that nothing is copied twice.
func (s *Set) merge() {
	if len(s.tail) == 0 {
		return
	}
	m, t := len(s.main)-1, len(s.tail)-1
	s.main = append(s.main, s.tail...)
	for w := len(s.main) - 1; t >= 0; w-- {
		if m >= 0 && s.main[m].ID > s.tail[t].ID {
			s.main[w] = s.main[m]
			m--
		} else {
			s.main[w] = s.tail[t]
			t--
		}
	}
	s.tail = nil
}

// Len returns the number of links.
func (s *Set) Len() int { s.settle(); return len(s.main) + len(s.tail) }

// All yields the links by id.
func (s *Set) All() iter.Seq[*Link] {
	return func(yield func(*Link) bool) {
		s.settle()
		s.merge()
		for i := range s.main {
			if !yield(&s.main[i]) {
				return
			}
		}
	}
}

// search is slices.BinarySearchFunc, written out because most of the time of a call goes here.
func search(links []Link, id uint64) (int, bool) {
	low, high := 0, len(links)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if links[mid].ID < id {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < len(links) && links[low].ID == id
}
