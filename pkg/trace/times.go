package trace

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Times counts how long calls took, in classes that are an eighth of their octave wide. So a
// quantile is off by no more than 7 %.
type Times struct {
	counts [classes]uint32
	n      int
}

// classes reach up to 2^23 milliseconds, which is more than two hours.
const classes = 8 + 8*20

func class(ms int64) int {
	if ms < 8 {
		return max(0, int(ms))
	}
	octave := bits.Len64(uint64(ms)) - 4 // ms>>octave is from 8 to 15
	return min(classes-1, 8*octave+int(ms>>octave))
}

// middle gives the milliseconds that stand for a class.
func middle(class int) float64 {
	if class < 8 {
		return float64(class)
	}
	octave := (class - 8) / 8
	low := int64(8+(class-8)%8) << octave
	return float64(low) + float64(int64(1)<<octave-1)/2
}

// Add counts one call.
func (t *Times) Add(took time.Duration) {
	t.counts[class(took.Milliseconds())]++
	t.n++
}

// Merge adds the counts of o.
func (t *Times) Merge(o *Times) {
	for i, n := range o.counts {
		t.counts[i] += n
	}
	t.n += o.n
}

// Len is how many calls were counted.
func (t *Times) Len() int { return t.n }

// Quantile gives the milliseconds that the share q of the calls did not exceed; 0 if there are none.
func (t *Times) Quantile(q float64) float64 {
	if t.n == 0 {
		return 0
	}
	left := int(q*float64(t.n-1)) + 1
	for i, n := range t.counts {
		if left -= int(n); left <= 0 {
			return middle(i)
		}
	}
	return middle(classes - 1)
}

// MarshalText writes the counts that are not zero: "12:3 40:1".
func (t Times) MarshalText() ([]byte, error) {
	var b []byte
	for i, n := range t.counts {
		if n > 0 {
			b = fmt.Appendf(b, "%d:%d ", i, n)
		}
	}
	return b[:max(0, len(b)-1)], nil
}

// UnmarshalText reads what MarshalText writes.
func (t *Times) UnmarshalText(text []byte) error {
	*t = Times{}
	for _, w := range strings.Fields(string(text)) {
		i, n, _ := strings.Cut(w, ":")
		at, err1 := strconv.Atoi(i)
		count, err2 := strconv.ParseUint(n, 10, 32)
		if err1 != nil || err2 != nil || at < 0 || at >= classes {
			return fmt.Errorf("%q is not a count of times", w)
		}
		t.counts[at] = uint32(count)
		t.n += int(count)
	}
	return nil
}
