package simulation

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"delink/pkg/zoho/emulator/wire"
)

var (
	oneSeed = flag.Uint64("seed", 0, "run this seed only, and tell all that happens")
	from    = flag.Uint64("from", 1, "the first seed")
)

// seeds is how many seeds a test runs; DELINK_SEEDS wants another number.
func seeds(t *testing.T) uint64 {
	s := os.Getenv("DELINK_SEEDS")
	if s == "" {
		return fewSeeds
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("DELINK_SEEDS: %v", err)
	}
	return n
}

func TestMain(m *testing.M) {
	// With one processor, goroutines that are ready at the same moment run in the same order every
	// time.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

func TestSimulation(t *testing.T) { manySeeds(t, aRun) }

// story is what is simulated.
type story struct {
	name  string // of its test
	world func(seed uint64, folder string) *world
	tell  func(*world)
}

var aRun = story{"Simulation$", newWorld, (*world).run}

// manySeeds simulates a story for every seed, or for the one that was asked for.
func manySeeds(t *testing.T, s story) {
	if *oneSeed > 0 {
		w := simulate(t, *oneSeed, s)
		t.Log("\n" + strings.Join(w.log, "\n"))
		return
	}
	caught := map[string]int{}
	failed := 0
	for seed := *from; seed < *from+seeds(t); seed++ {
		w := simulate(t, seed, s)
		if w == nil {
			failed++
			continue
		}
		kinds := map[string]bool{}
		for _, f := range w.faults {
			kinds[f.kind] = true
		}
		for kind := range kinds {
			caught[kind]++
		}
		if len(kinds) > 0 {
			failed++
		}
	}
	for _, kind := range slices.SortedFunc(maps.Keys(caught), func(a, b string) int { return cmp.Compare(caught[b], caught[a]) }) {
		t.Logf("%-16s broken by %d seeds", kind, caught[kind])
	}
	if failed > 0 {
		t.Logf("%d of %d seeds failed", failed, seeds(t))
	}
}

// mostTold is how many failing seeds tell their story; the others are only named.
const mostTold = 3

var told int

// simulate runs one seed. It returns nil if the bubble burst.
func simulate(t *testing.T, seed uint64, s story) (w *world) {
	folder, err := os.MkdirTemp("", "delink-simulation-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	t.Run(fmt.Sprint(seed), func(t *testing.T) {
		defer func() {
			if r := recover(); r != nil { // goroutines that are left, or wait for ever
				t.Errorf("seed %d: %v", seed, r)
				if w != nil {
					t.Log(strings.Join(w.log[max(0, len(w.log)-40):], "\n"))
				}
				w = nil
			}
		}()
		synctest.Test(t, func(t *testing.T) {
			w = s.world(seed, folder)
			if err := os.WriteFile(filepath.Clean(w.input), w.bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			w.wire = wire.Serve(t, w.emulator)
			s.tell(w)
		})
		if len(w.faults) == 0 {
			return
		}
		t.Errorf("seed %d breaks %d rules; go test ./pkg/job/simulation -run '%s' -seed %d tells all", seed, len(w.faults), s.name, seed)
		for i, f := range w.faults {
			if i == 10 {
				t.Log("  …")
				break
			}
			t.Logf("  %s: %s", f.kind, f.text)
		}
		if told++; told <= mostTold && *oneSeed == 0 {
			t.Log("\n" + strings.Join(w.log[max(0, len(w.log)-60):], "\n"))
		}
	})
	return w
}

// A seed has the same run every time, unless the Go scheduler takes the processor from a goroutine
// that ran for 10 ms. That is rare on a busy machine: so one of three repetitions has to be the same.
func TestSimulationRepeats(t *testing.T) {
	if shuffled {
		t.Skip("the race detector shuffles goroutines: .ci/run repeats seeds without it")
	}
	for seed := *from; seed < *from+max(3, seeds(t)/30); seed++ {
		a := simulate(t, seed, aRun)
		if a == nil {
			continue
		}
		difference := ""
		for range 3 {
			b := simulate(t, seed, aRun)
			if b == nil {
				break
			}
			if difference = firstDifference(a.log, b.log); difference == "" {
				break
			}
			a = b
		}
		if difference != "" {
			t.Errorf("seed %d differs each time: %s", seed, difference)
		}
	}
}

// firstDifference tells the first line in which two logs differ; empty if there is none.
func firstDifference(a, b []string) string {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a) || i >= len(b):
			return fmt.Sprintf("one log ends behind line %d", i)
		case a[i] != b[i]:
			return fmt.Sprintf("line %d of its log:\n%s\n%s", i, a[i], b[i])
		}
	}
	return ""
}
