package chunker_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// drawn is an input of two relations, with repeated links and ids of all lengths.
func drawn(t *rapid.T) *chunker.Set {
	long := rapid.SampledFrom([]zoho.ID{0, 10_000_000_000_000_000_000}).Draw(t, "long")
	var rows []row
	for i := range rapid.IntRange(0, 400).Draw(t, "rows") {
		l := link("Campaigns", zoho.ID(rapid.IntRange(1, 150).Draw(t, "parent")), "Leads", zoho.ID(rapid.IntRange(1, 8).Draw(t, "related")))
		if rapid.IntRange(0, 3).Draw(t, "other") == 0 {
			l.Relation.List = "Contacts"
		}
		if rapid.IntRange(0, 9).Draw(t, "is long") > 0 {
			l.Parent += long
		}
		rows = append(rows, row{l, i + 2})
	}
	return build(t, rows)
}

// From the other side, each wanted link of the relation is in one batch; a batch is one call, and
// says of its links what the input says.
func TestTurnedBatches(t *testing.T) {
	leads, other := zoho.Relation{Module: "Campaigns", List: "Leads"}, zoho.Relation{Module: "Leads", List: "Campaigns"}
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		size := rapid.IntRange(1, 120).Draw(t, "size")
		share := rapid.IntRange(1, 3).Draw(t, "share")
		want := func(pos int) bool { return pos%share == 0 }
		seen := map[int]bool{}
		calls, last := 0, zoho.ID(0)
		for b := range s.TurnedBatches(leads, other, size, want) {
			calls++
			if b.Relation != other || b.Turned != leads || !b.IsTurned() || b.Parent < last {
				t.Fatalf("%+v behind %v", b, last)
			}
			last = b.Parent
			mustFit(t, b, size)
			for i, pos := range b.Pos {
				l, _ := s.At(pos)
				if seen[pos] || !want(pos) || s.IsDuplicate(pos) || b.Link(i) != l || l.Relation != leads {
					t.Fatalf("%v at %d of %+v", l, i, b)
				}
				seen[pos] = true
			}
		}
		for pos := range s.Rows() {
			if l, _ := s.At(pos); l.Relation == leads && want(pos) && !s.IsDuplicate(pos) && !seen[pos] {
				t.Fatalf("%v is in no batch", l)
			}
		}
		written := 0
		for b := range s.Batches(size, nil) {
			if b.Relation == leads {
				written++
			}
		}
		if got := s.CallsOf(leads, size); got != written {
			t.Fatalf("%d calls are counted as written, want %d", got, written)
		}
		most := rapid.IntRange(1, 500).Draw(t, "most")
		if got := s.TurnedCalls(leads, other, size, want, most); got != min(calls, most) {
			t.Fatalf("%d calls are counted, want %d, at most %d", got, calls, most)
		}
	})
}

// mustFit checks that a batch can be sent in one call, and names no record twice.
func mustFit(t *rapid.T, b chunker.Batch, size int) {
	longest := 0
	for _, id := range b.Related {
		if id.IsLongest() {
			longest++
		}
	}
	ids := slices.Compact(slices.Sorted(slices.Values(b.Related)))
	if n := len(b.Pos); n == 0 || n != len(b.Related) || n != len(ids) || n > size || !zoho.FitIDs(n, longest) {
		t.Fatalf("%+v cannot be sent, with a size of %d", b, size)
	}
}

// Links that go back are in batches like those of the whole set.
func TestRegroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		size := rapid.IntRange(1, 120).Draw(t, "size")
		share := rapid.IntRange(1, 3).Draw(t, "share")
		var positions []uint32
		for pos := range s.Rows() {
			if pos%share == 0 && !s.IsDuplicate(pos) {
				positions = append(positions, uint32(pos))
			}
		}
		want := slices.Collect(s.Batches(size, func(pos int) bool { return pos%share == 0 }))
		rand.Shuffle(len(positions), func(i, j int) { positions[i], positions[j] = positions[j], positions[i] })
		next := s.Regroup(positions, size)
		for i, w := range want {
			b, ok := next()
			mustFit(t, b, size)
			if !ok || b.Relation != w.Relation || b.Parent != w.Parent || !slices.Equal(b.Related, w.Related) || !slices.Equal(b.Pos, w.Pos) || b.Link(0) != (reader.Link{Relation: w.Relation, Parent: w.Parent, Related: w.Related[0]}) {
				t.Fatalf("batch %d is %+v, %v, want %+v", i, b, ok, w)
			}
		}
		if b, ok := next(); ok {
			t.Fatalf("one more batch: %+v", b)
		}
	})
}

func TestBatchesIn(t *testing.T) {
	s := build(t, example)
	in := func(r zoho.Relation) bool { return r.List == "Contacts" }
	got := slices.Collect(s.BatchesIn(in, 100, nil))
	if len(got) != 1 || got[0].Relation.List != "Contacts" || got[0].Pos[0] != 6 {
		t.Errorf("%+v", got)
	}
}
