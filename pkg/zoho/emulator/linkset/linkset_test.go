package linkset

import (
	"math/rand/v2"
	"testing"
)

// The set against a plain map, with loading, insertion and counting in any order.
func TestSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	type truth struct {
		linked bool
		sent   int
	}
	var s Set
	want := map[uint64]*truth{}
	for range 20000 {
		id := rng.Uint64N(6000)
		switch rng.IntN(100) {
		case 0:
			ids := make([]uint64, rng.IntN(50))
			for i := range ids {
				ids[i] = rng.Uint64N(6000)
				if want[ids[i]] == nil {
					want[ids[i]] = &truth{}
				}
				want[ids[i]].linked = true
			}
			s.Load(ids)
		default:
			l := s.Find(id)
			if (l != nil) != (want[id] != nil) {
				t.Fatalf("%d found: %v", id, l != nil)
			}
			if l == nil {
				l = s.Insert(id, false)
				want[id] = &truth{}
			}
			if l.Linked() != want[id].linked || l.Sent() != want[id].sent {
				t.Fatalf("%d is %v, %d, want %+v", id, l.Linked(), l.Sent(), *want[id])
			}
			l.Count()
			want[id].sent++
		}
	}
	last, n := uint64(0), 0
	for l := range s.All() {
		if n > 0 && l.ID <= last {
			t.Fatalf("%d after %d", l.ID, last)
		}
		last = l.ID
		if w := want[l.ID]; w == nil || l.Linked() != w.linked || l.Sent() != w.sent {
			t.Fatalf("%d is wrong", l.ID)
		}
		n++
	}
	if n != len(want) || s.Len() != n {
		t.Errorf("%d links, want %d", n, len(want))
	}
}

func TestSentStops(t *testing.T) {
	l := Link{ID: 1, state: linkedBit}
	for range maxSent + 5 {
		l.Count()
	}
	if l.Sent() != maxSent || !l.Linked() || !l.Removed().IsZero() {
		t.Errorf("%d, %v, %v", l.Sent(), l.Linked(), l.Removed())
	}
}

// A link that only a call named is not real; one that was there stays so.
func TestReal(t *testing.T) {
	var s Set
	s.Load([]uint64{5})
	named := s.Insert(3, false)
	if s.Find(5).Unlink(); !s.Find(5).Real() || s.Find(5).Linked() || named.Real() {
		t.Error("a link that was there, and one that was not")
	}
	if s.Find(3).Restore(); !s.Find(3).Real() || !s.Find(3).Linked() {
		t.Error("a link that was made")
	}
}
