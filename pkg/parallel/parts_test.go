package parallel

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// part is some numbers of a file of numbers.
type part struct {
	n       int
	decoded int // n + 1, once it is decoded
	last    bool
}

func (p *part) IsLast() bool { return p.last }

// Whatever takes how long, and whoever ends it: every part is given once, in order and decoded, up
// to the last. No more parts are made or found than are needed to be ahead. Nothing is left
// running, or the bubble would not end.
func TestParts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		of := rapid.IntRange(1, 20).Draw(rt, "parts")
		bad := rapid.IntRange(1, 25).Draw(rt, "decoding ends it at")
		leave := rapid.IntRange(1, 25).Draw(rt, "the loop ends at")
		finding, decoding, working := wait(rt, "finding"), wait(rt, "decoding"), wait(rt, "working")
		want := min(of, bad, leave)
		var made, found, given int
		wrong := ""
		synctest.Test(t, func(*testing.T) {
			empty := func() *part { made++; return &part{} }
			find := func(p *part) {
				time.Sleep(finding())
				found++
				*p = part{n: found, last: found == of}
			}
			decode := func(p *part) {
				time.Sleep(decoding())
				p.decoded = p.n + 1
				p.last = p.last || p.n == bad
			}
			for p := range Parts(empty, find, decode) {
				given++
				if p.n != given || p.decoded != p.n+1 {
					wrong = fmt.Sprintf("part %d is given as number %d; decoded it is %d", p.n, given, p.decoded)
				}
				time.Sleep(working())
				if p.n != given {
					wrong = "a part was used again while the caller worked on it"
				}
				if given == leave {
					break
				}
			}
		})
		if wrong != "" {
			rt.Error(wrong)
		}
		if given != want {
			rt.Errorf("%d parts were given, want %d", given, want)
		}
		if found > min(of, given+mostParts-1) || made > mostParts {
			rt.Errorf("%d parts were found and %d made, when %d of %d were given", found, made, given, of)
		}
	})
}

// wait draws a short time, or none, for each call.
func wait(t *rapid.T, what string) func() time.Duration {
	times := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 7).Draw(t, what)
	n := 0
	return func() time.Duration {
		n++
		return time.Duration(times[n%len(times)]) * time.Millisecond
	}
}

// A part is decoded while the caller finds and works on others. So a file takes as long as the
// slower of the two goroutines.
func TestPartsAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, n := time.Now(), 0
		find := func(p *part) { n++; p.last = n == 100; time.Sleep(time.Second) }
		decode := func(*part) { time.Sleep(3 * time.Second) }
		for range Parts(func() *part { return &part{} }, find, decode) {
			time.Sleep(2 * time.Second)
		}
		if took := time.Since(start); took > 310*time.Second {
			t.Errorf("100 parts took %v: 300 s of decoding, beside 300 s of the rest", took)
		}
	})
}
