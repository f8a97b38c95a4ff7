package suspicion

import (
	"math"
	"math/bits"

	"delink/pkg/zoho"
)

// Rounding is a way in which programs round numbers of many digits.
type Rounding int

// The ways of rounding. Each leaves ids that honest ones are only now and then.
const (
	// To15Digits is how spreadsheets do it: they keep 15 digits of a number and write zeros for the
	// rest.
	To15Digits Rounding = iota
	// ToDouble is how programs do it that keep numbers in 64 bits of floating point and write them
	// out exactly, as pandas does: an id has 53 bits then, so that those of 19 digits are multiples
	// of 512, or of 256 below 2^61.
	ToDouble
	// To17Digits is how JavaScript writes such a number: with the fewest digits that stand for it,
	// at most 17, and zeros behind.
	To17Digits
	roundings
)

// step is what a rounded id is a multiple of. It is 0 for ids that are short enough to be kept
// whole.
func (r Rounding) step(id zoho.ID) uint64 {
	if r == ToDouble {
		if extra := bits.Len64(uint64(id)) - 53; extra > 0 {
			return 1 << extra
		}
		return 0
	}
	kept := zoho.ID(1e15)
	if r == To17Digits {
		kept = 1e17
	}
	step := uint64(0)
	for power := uint64(10); id >= kept; power *= 10 {
		step = power
		if kept > math.MaxUint64/10 {
			break
		}
		kept *= 10
	}
	return step
}

// How rare rounded ids have to be by chance to be told. Honest inputs are warned of once in a
// thousand, and refused once in a million, whatever their size.
const (
	rare      = 1e-3
	rarest    = 1e-6
	nearlyAll = 0.9                    // of the ids, so that some that were added by hand do not hide the others
	looks     = 3 * float64(roundings) // at the parents, at the related records, at both together
)

// repeatChance is how often an honest input that has few different ids repeats its links like this.
//
// Ids that are counted up have their first 15 digits in common, so that a spreadsheet makes one id
// of ten thousand of them, and one link of many. One id that ends in 0000 proves nothing: one
// honest id in 10,000 does. The rows that became alike are a proof of another kind. An honest list
// names a link once, or twice where it was put together from two lists. Nobody has counted honest
// lists that go on and on about one or two records, so these are high estimates: one in 1,000 names
// each link more than twice on average, one in 10,000 ten times. With them, one id that ends in
// 0000 and is in rows of which most repeat a link is there in 1 of 10,000 × 1,000 honest inputs.
func repeatChance(rows, links int) float64 {
	switch {
	case rows < fewRows || rows <= 2*links:
		return 1
	case rows < 10*links:
		return 1e-3
	}
	return 1e-4
}

// fewRows is below how many rows repeated links are no sign of anything: somebody may have tried
// something by hand.
const fewRows = 10

// rounded looks for rounded ids in one column.
type rounded struct {
	seen  [roundings]sighting
	steps [roundings]uint64 // the smallest of those that were seen
	ids   sample

	// The steps of ids from lo to hi, which are those of nearly all ids of an input: computing them
	// anew for each row takes longer than all else that is done with it.
	lo, hi zoho.ID
	known  [roundings]uint64
	// bits has the low bits that are 0 in every multiple of every step. For ids of 19 digits these
	// are two bits, so that three ids in four need no division.
	bits uint64
}

func (r *rounded) look(id zoho.ID, line int) {
	r.ids.add(id)
	if id < r.lo || id > r.hi {
		r.learn(id)
	}
	if uint64(id)&r.bits != 0 {
		return
	}
	for way, step := range r.known {
		if step == 0 || uint64(id)%step != 0 {
			continue
		}
		r.seen[way].see(line)
		if r.steps[way] == 0 || step < r.steps[way] {
			r.steps[way] = step
		}
	}
}

// learn finds the steps of ids that have as many digits and as many bits as id.
func (r *rounded) learn(id zoho.ID) {
	r.lo, r.hi = 1, 9
	for r.hi < id && r.hi <= (math.MaxUint64-9)/10 {
		r.lo, r.hi = r.lo*10, r.hi*10+9
	}
	if r.hi < id {
		r.lo, r.hi = r.lo*10, math.MaxUint64
	}
	n := bits.Len64(uint64(id))
	r.lo, r.hi = max(r.lo, 1<<max(n-1, 0)), min(r.hi, 1<<n-1)
	r.bits = math.MaxUint64
	for way := range roundings {
		step := way.step(id)
		r.known[way] = step
		if step != 0 {
			r.bits &= step&-step - 1
		}
	}
}

// suspicion is the way of rounding that explains the ids best, if chance does not. other is the
// other column, and repeats how often honest inputs repeat their links as this one does.
func (r *rounded) suspicion(part Part, of int, other *rounded, repeats float64) (s Suspicion, found bool) {
	least := math.Log(rare)
	for way := range roundings {
		n, k, p := r.ids.count(way)
		nearly := isNearlyAll(n, k)
		chance := math.Log(looks) + logTail(n, k, p) // there are so many looks at an input, and any of them can be a chance hit
		if nearly {
			chance = min(chance, math.Log(looks)+r.withOther(other, way, n, k, p)) + math.Log(repeats)
		}
		certain := chance < math.Log(rarest) && nearly
		if chance >= least || s.Certain && !certain {
			continue
		}
		least, found = chance, true
		s = r.seen[way].as(RoundedIDs)
		s.Part, s.Of, s.Rounded, s.Step, s.Certain = part, of, way, r.steps[way], certain
	}
	return s, found
}

// withOther is the logarithm of the chance that n ids of this column, of which k are rounded, come
// beside so many rounded ones in the other column. Parent and related records are counted up apart,
// so that one of each ends in 0000 in 1 of 10,000 × 10,000 honest inputs.
func (r *rounded) withOther(other *rounded, way Rounding, n, k int, p float64) float64 {
	m, l, q := other.ids.count(way)
	if !isNearlyAll(m, l) {
		return 0
	}
	return logTail(n+m, k+l, (float64(n)*p+float64(m)*q)/float64(n+m))
}

func isNearlyAll(n, k int) bool { return k > 0 && float64(k) >= nearlyAll*float64(n) }

// logTail is the logarithm of the chance that at least k of n ids are rounded, if each one is with
// chance p. It is a sum of the binomial distribution, whose terms become smaller above the mean.
// Where ids of several lengths have several chances, p is their mean, and the sum is an upper bound
// (Hoeffding, "On the distribution of the number of successes in independent trials", 1956).
func logTail(n, k int, p float64) float64 {
	if p <= 0 || float64(k) <= float64(n)*p {
		return 0 // nothing rare: about half of all inputs have as many
	}
	gamma := func(x int) float64 {
		l, _ := math.Lgamma(float64(x + 1))
		return l
	}
	first := gamma(n) - gamma(k) - gamma(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p)
	sum, term := 1.0, 1.0
	for j := k; j < n && term > sum*1e-12; j++ {
		term *= float64(n-j) / float64(j+1) * p / (1 - p)
		sum += term
	}
	return min(0, first+math.Log(sum))
}

// sample holds different ids of a column, all of them or, of many, those whose hash is small:
// whether an id is among them does not depend on how often it is there. An id that is in many rows
// is one case, not many.
type sample struct {
	ids   map[zoho.ID]struct{}
	below uint64 // hashes up to this one are in it
}

// mostSampled is how many ids a sample has at most: enough to see one rounded id in a hundred.
const mostSampled = 1 << 14

func newSample() sample { return sample{map[zoho.ID]struct{}{}, math.MaxUint64} }

func (s *sample) add(id zoho.ID) {
	if hash(id) > s.below {
		return
	}
	s.ids[id] = struct{}{}
	for len(s.ids) > mostSampled {
		s.below /= 2
		for id := range s.ids {
			if hash(id) > s.below {
				delete(s.ids, id)
			}
		}
	}
}

// count is how many ids of the sample are long enough to be rounded in a way, how many are so, and
// how many of honest ones are on average.
func (s *sample) count(way Rounding) (n, k int, p float64) {
	for id := range s.ids {
		step := way.step(id)
		if step == 0 {
			continue
		}
		n++
		p += 1 / float64(step)
		if uint64(id)%step == 0 {
			k++
		}
	}
	return n, k, p / float64(max(n, 1))
}

// hash spreads ids, which are counted up, over all numbers (the finalizer of splitmix64).
func hash(id zoho.ID) uint64 {
	h := uint64(id) + 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
