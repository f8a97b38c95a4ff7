package job

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// exactChance is chanceOfFew in whole numbers: ways to draw at most few of the marked ones, and all
// ways.
func exactChance(all, marked, drawn, few int) float64 {
	choose := func(n, k int) *big.Int { return new(big.Int).Binomial(int64(n), int64(k)) }
	ways := new(big.Int)
	for i := 0; i <= few && i <= drawn; i++ {
		if i <= marked && drawn-i <= all-marked {
			ways.Add(ways, new(big.Int).Mul(choose(marked, i), choose(all-marked, drawn-i)))
		}
	}
	chance, _ := new(big.Rat).SetFrac(ways, choose(all, drawn)).Float64()
	return chance
}

func TestAtMost(t *testing.T) {
	for _, c := range []struct{ all, drawn, bad, want int }{
		{50_000, 500, 0, 297},
		{10_000_000, 500, 0, 59_734}, // the rule of three says 60,000
		{10_000_000, 500, 1, 94_520}, // Clopper-Pearson says 0.94535 %
		{100, 100, 0, 0},             // all were looked at
		{100, 100, 7, 7},
		{100, 99, 0, 0}, // one is left: it is bad with less than 5 %
		{100, 50, 0, 4},
		{100, 1, 0, 95},
		{100, 1, 1, 100},
		{1, 1, 0, 0},
		{10, 5, 5, 10},
	} {
		if got := atMost(c.all, c.drawn, c.bad, 0.95); got != c.want {
			t.Errorf("of %d, %d drawn and %d bad: at most %d, want %d", c.all, c.drawn, c.bad, got, c.want)
		}
	}
}

// The bound is the largest number with which what was seen is not too unlikely.
func TestAtMostIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.IntRange(1, 300).Draw(t, "all")
		drawn := rapid.IntRange(1, all).Draw(t, "drawn")
		bad := rapid.IntRange(0, drawn).Draw(t, "bad")
		most := atMost(all, drawn, bad, 0.95)
		if most < bad || most > all-(drawn-bad) {
			t.Fatalf("%d is not possible", most)
		}
		if c := exactChance(all, most, drawn, bad); c <= 0.05-1e-9 {
			t.Fatalf("%d has a chance of %v", most, c)
		}
		if most < all-(drawn-bad) {
			if c := exactChance(all, most+1, drawn, bad); c > 0.05+1e-9 {
				t.Fatalf("%d has a chance of %v, so %d is not the most", most+1, c, most)
			}
		}
	})
}

// setOf is a set of links of some parent records, with every third row twice.
func setOf(links int) *chunker.Set {
	b := chunker.NewBuilder()
	for i := range links {
		l := reader.Link{Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: zoho.ID(1 + i%7), Related: zoho.ID(100 + i)}
		for range 1 + i%3/2 {
			_ = b.Add(l, 2+i)
		}
	}
	return b.Build()
}

func TestDraw(t *testing.T) {
	set := setOf(1000)
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte("one")))
	count := func(s sample) (n int) {
		for pos := range set.Rows() {
			if s.has(pos) {
				n++
				if set.IsDuplicate(pos) {
					t.Errorf("row %d repeats another", pos)
				}
			}
		}
		return n
	}
	for _, n := range []int{1, 10, 999, 1000} {
		if got := count(draw(set, n, digest)); got != n {
			t.Errorf("%d links were drawn, want %d", got, n)
		}
	}
	a, b, other := draw(set, 100, digest), draw(set, 100, digest), draw(set, 100, fmt.Sprintf("%x", sha256.Sum256([]byte("another"))))
	same, alike := 0, 0
	for pos := range set.Rows() {
		if a.has(pos) == b.has(pos) {
			same++
		}
		if a.has(pos) && other.has(pos) {
			alike++
		}
	}
	if same != set.Rows() || alike > 40 {
		t.Errorf("%d of %d rows are the same for the same input; %d for another", same, set.Rows(), alike)
	}
}

// Each link is drawn as often as any other.
func TestDrawIsEven(t *testing.T) {
	set := setOf(20)
	times := make([]int, set.Rows())
	const rounds = 4000
	for i := range rounds {
		s := draw(set, 5, fmt.Sprintf("%016x%016x%032x", i*7919, i, 0))
		for pos := range times {
			if s.has(pos) {
				times[pos]++
			}
		}
	}
	for pos, n := range times {
		if !set.IsDuplicate(pos) && (n < rounds/5 || n > rounds*3/10) {
			t.Errorf("row %d was drawn %d times of %d", pos, n, rounds)
		}
	}
}
