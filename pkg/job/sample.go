package job

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"sort"

	"delink/pkg/chunker"
)

// sample is a set of links of an input that were drawn evenly, by position.
type sample []uint64

func (s sample) has(pos int) bool { return s[pos/64]>>(pos%64)&1 != 0 }

// draw draws n links of a set, each with the same chance and none twice. The digest of the input, in
// hexadecimal, is the seed: the same input always gives the same links.
func draw(set *chunker.Set, n int, digest string) sample {
	b, _ := hex.DecodeString(digest) // it is one of package crypto/sha256
	var seed [16]byte
	copy(seed[:], b)
	rng := rand.New(rand.NewPCG(binary.BigEndian.Uint64(seed[:8]), binary.BigEndian.Uint64(seed[8:])))
	drawn := make(sample, (set.Rows()+63)/64)
	left := set.Links()
	for pos := range set.Rows() {
		if set.IsDuplicate(pos) {
			continue
		}
		if rng.IntN(left) < n { // n of the left links are still to be drawn
			drawn[pos/64] |= 1 << (pos % 64)
			n--
		}
		left--
	}
	return drawn
}

// confidence is how sure the bound of atMost is.
const confidence = 0.95

// atMost gives how many of all items are bad at most, with the confidence, if bad of drawn items are.
// The items were drawn evenly, and none twice. It is the largest number of bad items with which so
// few would be drawn with a chance of more than one minus the confidence: the exact bound of the
// hypergeometric distribution.
func atMost(all, drawn, bad int, confidence float64) int {
	least, most := bad, all-(drawn-bad) // what is possible at all
	// The chance falls as the number rises.
	n := sort.Search(most-least, func(i int) bool {
		return chanceOfFew(all, least+i+1, drawn, bad) <= 1-confidence
	})
	return least + n
}

// chanceOfFew is the chance that at most few of the drawn items are among the marked ones.
func chanceOfFew(all, marked, drawn, few int) float64 {
	sum := 0.0
	for i := max(0, drawn-(all-marked)); i <= min(few, marked, drawn); i++ {
		sum += math.Exp(logChoose(marked, i) + logChoose(all-marked, drawn-i) - logChoose(all, drawn))
	}
	return sum
}

// logChoose is the logarithm of how many ways there are to choose k of n.
func logChoose(n, k int) float64 {
	lgamma := func(x int) float64 {
		v, _ := math.Lgamma(float64(x) + 1)
		return v
	}
	return lgamma(n) - lgamma(k) - lgamma(n-k)
}
