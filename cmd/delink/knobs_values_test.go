package main

import (
	"iter"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"delink/pkg/zoho/emulator"
)

// A choice is a knob and the values it is tried with.
type choice struct {
	knob   string
	values []string
}

// values are all that a knob can be set to.
func values(knob string) choice {
	for _, k := range emulator.Knobs() {
		switch {
		case k.Name == knob && k.Values != nil:
			return choice{knob, k.Values}
		case k.Name == knob && k.Default == "false":
			return choice{knob, []string{"false", "true"}}
		}
	}
	// which the emulator refuses to set, so that its test fails
	return choice{knob, []string{"no such knob"}}
}

// product gives every combination.
func product(choices ...choice) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		at := make([]int, len(choices))
		for {
			settings := make([]string, len(choices))
			for i, c := range choices {
				settings[i] = c.knob + "=" + c.values[at[i]]
			}
			if !yield(settings) {
				return
			}
			i := len(at) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < len(choices[i].values) {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}

// drawn gives one combination, the same ones in each run of the tests.
func drawn(rng *rand.Rand, choices ...choice) []string {
	var settings []string
	for _, c := range choices {
		settings = append(settings, c.knob+"="+c.values[rng.IntN(len(c.values))])
	}
	return settings
}

// prime starts what package signal keeps running, outside of all bubbles.
var prime = sync.OnceFunc(func() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	signal.Stop(c)
})

// each runs a trial for each combination.
func each(t *testing.T, combinations iter.Seq[[]string], more []choice, try func(t *testing.T, settings []string)) {
	prime()
	rng := rand.New(rand.NewPCG(1, 2))
	for settings := range combinations {
		settings = append(slices.Clone(settings), drawn(rng, more...)...)
		t.Run(strings.Join(settings, " "), func(t *testing.T) { try(t, settings) })
	}
}

// value is what a knob was set to.
func value(settings []string, knob string) string {
	for _, s := range settings {
		if v, ok := strings.CutPrefix(s, knob+"="); ok {
			return v
		}
	}
	return ""
}
