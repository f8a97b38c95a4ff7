package export

import (
	"testing"

	"pgregory.net/rapid"
)

func TestSlotsWithin(t *testing.T) {
	for _, c := range []struct{ maxCalls, longest, slots, want int }{
		{0, 100, 10, 10},
		{100, 10, 10, 10},
		{99, 10, 10, 9},
		{10, 10, 10, 1},
		{9, 10, 10, 1}, // the longest is too long: others may come to their ends
		{5, 0, 10, 5},
	} {
		if got := slotsWithin(c.maxCalls, c.longest, c.slots); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		longest, slots := rapid.IntRange(1, 1000).Draw(t, "longest"), rapid.IntRange(1, 25).Draw(t, "slots")
		maxCalls := rapid.IntRange(longest, 100_000).Draw(t, "calls")
		n := slotsWithin(maxCalls, longest, slots)
		if n < 1 || n > slots || n*longest > maxCalls || n < slots && (n+1)*longest <= maxCalls {
			t.Fatal(n)
		}
	})
}
