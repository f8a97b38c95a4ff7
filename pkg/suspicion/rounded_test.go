package suspicion

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"delink/pkg/zoho"
)

// honestInputs are ways in which inputs come about whose ids nobody has rounded.
var honestInputs = []struct {
	name  string
	pairs func(r *rand.Rand) []pair
}{
	{"random ids", func(r *rand.Rand) []pair {
		return pairsOf(20+r.IntN(200), func(int) zoho.ID { return honest(r) }, func(int) zoho.ID { return honest(r) })
	}},
	{"one parent", func(r *rand.Rand) []pair {
		parent := honest(r)
		return pairsOf(1+r.IntN(100), func(int) zoho.ID { return parent }, func(int) zoho.ID { return honest(r) })
	}},
	{"few ids", func(r *rand.Rand) []pair {
		return pairsOf(1+r.IntN(5), func(int) zoho.ID { return honest(r) }, func(int) zoho.ID { return honest(r) })
	}},
	{"few records in many rows", func(r *rand.Rand) []pair {
		few := []zoho.ID{honest(r), honest(r), honest(r)}
		return pairsOf(300, func(i int) zoho.ID { return few[i%3] }, func(i int) zoho.ID { return few[i/3%3] + 1 })
	}},
	{"ids counted up", func(r *rand.Rand) []pair {
		parent, related, step := honest(r), honest(r), zoho.ID(1+r.IntN(3))
		return pairsOf(1+r.IntN(500), func(i int) zoho.ID { return parent + zoho.ID(i/50) }, func(i int) zoho.ID { return related + zoho.ID(i)*step })
	}},
	{"ids of several lengths", func(r *rand.Rand) []pair {
		return pairsOf(200, func(int) zoho.ID { return honest(r) }, func(i int) zoho.ID {
			return [...]zoho.ID{1e14, 1e15, 1e16, 1e17, 1e18, 1e19}[i%6] + zoho.ID(r.Uint64N(8e14))
		})
	}},
}

// honest is a random id of an org's.
func honest(r *rand.Rand) zoho.ID { return 3652397000000000000 + zoho.ID(r.Uint64N(9e10)) }

func pairsOf(n int, parent, related func(i int) zoho.ID) []pair {
	pairs := make([]pair, n)
	for i := range pairs {
		pairs[i] = pair{parent(i), related(i)}
	}
	return pairs
}

// Of twelve thousand honest inputs, none is refused, and no more than one in a thousand is warned
// of.
func TestHonestIDs(t *testing.T) {
	const inputs = 2000
	warned, all := 0, 0
	for _, kind := range honestInputs {
		for seed := range uint64(inputs) {
			all++
			set := setOf(t, kind.pairs(rand.New(rand.NewPCG(seed, 7)))...)
			for _, s := range Find(set) {
				if s.Kind != RoundedIDs {
					continue
				}
				warned++
				if s.Certain {
					t.Errorf("%s, seed %d: %s", kind.name, seed, s)
				}
			}
		}
	}
	if limit := all / 1000; warned > limit {
		t.Errorf("%d of %d honest inputs are warned of, more than %d", warned, all, limit)
	}
}

// programs are what rounds ids.
var programs = []struct {
	name  string
	round func(id zoho.ID) zoho.ID
	way   Rounding
	says  string
}{
	{"a spreadsheet", func(id zoho.ID) zoho.ID { return id / 10000 * 10000 }, To15Digits, "ids that end in 0000: "},
	{"pandas", func(id zoho.ID) zoho.ID { return zoho.ID(float64(id)) }, ToDouble, "ids that are multiples of 512: "},
	{"JavaScript", func(id zoho.ID) zoho.ID {
		shortest := strconv.FormatFloat(float64(id), 'e', -1, 64)
		f, _ := strconv.ParseFloat(shortest, 64)
		return decimal(strconv.FormatFloat(f, 'e', -1, 64))
	}, To17Digits, "ids that end in 00: "},
}

// decimal reads 3.652397000000327e+18 as an id, without a floating-point number.
func decimal(s string) zoho.ID {
	digits, behind := uint64(0), -1
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			behind = 0
		case c == 'e':
			exponent, _ := strconv.Atoi(s[i+1:])
			for range exponent - max(behind, 0) {
				digits *= 10
			}
			return zoho.ID(digits)
		default:
			digits = digits*10 + uint64(c-'0')
			if behind >= 0 {
				behind++
			}
		}
	}
	return zoho.ID(digits)
}

// Ids that went through a program are recognised, also if some were added later.
func TestRoundedIDs(t *testing.T) {
	for _, p := range programs {
		for seed := range uint64(100) {
			r := rand.New(rand.NewPCG(seed, 11))
			pairs := pairsOf(20+r.IntN(600), func(int) zoho.ID { return honest(r) }, func(int) zoho.ID { return p.round(honest(r)) })
			pairs[0].related = honest(r)
			s := roundedIn(t, pairs, Related)
			if !s.Certain || s.Rounded != p.way || s.String() != "related "+p.says+strconv.Itoa(s.Count)+" of "+strconv.Itoa(len(pairs)) {
				t.Fatalf("%s, seed %d: %+v, %s", p.name, seed, s, s)
			}
			for i := range pairs {
				pairs[i].parent, pairs[i].related = p.round(pairs[i].parent), honest(r)
			}
			if s := roundedIn(t, pairs, Parent); !s.Certain || s.Rounded != p.way {
				t.Fatalf("%s, seed %d: %+v", p.name, seed, s)
			}
		}
	}
}

func roundedIn(t *testing.T, pairs []pair, part Part) Suspicion {
	t.Helper()
	for _, s := range Find(setOf(t, pairs...)) {
		if s.Kind == RoundedIDs && s.Part == part {
			return s
		}
	}
	t.Fatalf("no rounded ids were found for the %s", part)
	return Suspicion{}
}

// How certain it is depends on how many different ids there are and how many of them are rounded.
func TestCertain(t *testing.T) {
	const org = 3652397000000000000
	each := func(n int, step zoho.ID) []pair {
		return pairsOf(n, func(i int) zoho.ID { return org + 911001 + zoho.ID(i) }, func(i int) zoho.ID { return org/step*step + zoho.ID(i+1)*step*7 })
	}
	for _, test := range []struct {
		name           string
		pairs          []pair
		found, certain bool
	}{
		{"one that ends in 00", each(1, 100), false, false},
		{"two that end in 00", each(2, 100), true, false},
		{"three that end in 00", each(3, 100), true, false},
		{"four that end in 00", each(4, 100), true, true},
		{"one that ends in 0000", each(1, 10000), true, false},
		{"two that end in 0000", each(2, 10000), true, true},
		{"one multiple of 512", each(1, 512), false, false},
		{"two multiples of 512", each(2, 512), true, false},
		{"three multiples of 512", each(3, 512), true, true},
		{"one that ends in 0000, in many rows", append(each(1, 10000), each(1, 10000)...), true, false},
		{"one that ends in 0000, in rows of which most repeat a link", slices.Repeat(each(1, 10000), 10), true, true},
		{"one that ends in 0000, in a list that was put together from two", slices.Repeat(pairsOf(20, func(i int) zoho.ID { return org + 911001 + zoho.ID(i) }, func(int) zoho.ID { return org + 70000 }), 2), true, false},
		{"one of 18 digits that ends in 000, in rows that repeat a link ten times", slices.Repeat(pairsOf(3, func(i int) zoho.ID { return org/10 + 911001 + zoho.ID(i) }, func(int) zoho.ID { return org/10 + 7000 }), 10), true, true},
		{"one parent that ends in 0000, in rows of which most repeat a link", slices.Repeat(pairsOf(4, func(int) zoho.ID { return org + 70000 }, func(i int) zoho.ID { return org + 911001 + zoho.ID(i) }), 3), true, true},
		{"one honest id, in rows that repeat a link a hundred times", slices.Repeat([]pair{{org + 911001, org + 911102}}, 100), false, false},
		{"a parent and a related record that end in 0000", []pair{{org + 910000, org + 70000}}, true, true},
		{"a parent that ends in 0000 and one of three related records", []pair{{org + 910000, org + 70000}, {org + 910000, org + 70001}, {org + 910000, org + 70002}}, true, false},
		{"nine in ten end in 0000", append(each(9, 10000), pair{org + 5, org + 77}), true, true},
		{"eight in nine end in 0000", append(each(8, 10000), pair{org + 5, org + 77}), true, false},
		{"multiples of 256 below 2^61", pairsOf(9, func(i int) zoho.ID { return 1<<60 + 911001 + zoho.ID(i) }, func(i int) zoho.ID { return 1<<60 + zoho.ID(2*i+1)*256*7 }), true, true},
		{"numbers that fit are not rounded", pairsOf(100, func(i int) zoho.ID { return zoho.ID(i)*10000 + 10000 }, func(i int) zoho.ID { return zoho.ID(i)*512000 + 999 }), false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s Suspicion
			for _, f := range Find(setOf(t, test.pairs...)) {
				if f.Kind == RoundedIDs {
					s = f
				}
			}
			if (s.Count > 0) != test.found || s.Certain != test.certain {
				t.Errorf("found %v, certain %v: %+v", s.Count > 0, s.Certain, s)
			}
		})
	}
}

// The tail of the binomial distribution, against sums of its terms.
func TestLogTail(t *testing.T) {
	for _, p := range []float64{0.1, 0.01, 1.0 / 512, 0.5} {
		for n := range 30 {
			for k := range n + 1 {
				if float64(k) <= float64(n)*p {
					continue
				}
				sum := 0.0
				for j := k; j <= n; j++ {
					sum += choose(n, j) * math.Pow(p, float64(j)) * math.Pow(1-p, float64(n-j))
				}
				if got := math.Exp(logTail(n, k, p)); math.Abs(got/sum-1) > 1e-9 {
					t.Fatalf("at least %d of %d at %g: got %g, want %g", k, n, p, got, sum)
				}
			}
		}
	}
	if got := logTail(10_000_000, 1100, 1e-4); got > -3 || got < -12 { // 3.2 standard deviations: about 0.001
		t.Errorf("of ten million: %g", got)
	}
}

func choose(n, k int) float64 {
	c := 1.0
	for i := range k {
		c *= float64(n-i) / float64(i+1)
	}
	return c
}

// A sample of many ids is of bounded size, and its share of rounded ids is that of all.
func TestSample(t *testing.T) {
	s := newSample()
	const n = 200_000
	for i := range n {
		id := zoho.ID(3652397000000000001 + 37*i)
		if i%4 == 0 {
			id = id / 10000 * 10000
			id += zoho.ID(i) * 10000
		}
		s.add(id)
		s.add(id)
	}
	in, k, p := s.count(To15Digits)
	if in > mostSampled || in < mostSampled/4 {
		t.Errorf("%d ids are in the sample", in)
	}
	if share := float64(k) / float64(in); math.Abs(share-0.25) > 0.03 || p < 9.9e-5 || p > 1.01e-4 {
		t.Errorf("%g of them are rounded, by chance %g", share, p)
	}
}

// What was learned from one id holds for the next ones.
func TestStepsAreKnown(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	x := rounded{ids: newSample()}
	for range 100_000 {
		id := zoho.ID(r.Uint64() >> r.IntN(64))
		if r.IntN(3) == 0 {
			power := zoho.ID(math.Pow10(r.IntN(20)))
			id = power - 1 + zoho.ID(r.IntN(3))
		}
		before := x.seen
		x.look(id, 1)
		for way := range roundings {
			step := way.step(id)
			if got := x.known[way]; got != step {
				t.Fatalf("the step of %d is %d, not %d, in %d to %d", id, got, step, x.lo, x.hi)
			}
			if seen, is := x.seen[way].count > before[way].count, step != 0 && uint64(id)%step == 0; seen != is {
				t.Fatalf("%d is a multiple of %d: %v; it is seen as one: %v", id, step, is, seen)
			}
		}
	}
}
