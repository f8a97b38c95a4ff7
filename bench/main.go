// Bench builds delink and measures what it promises of speed: the fewest calls, slots kept full,
// memory and CPU a link, the share of a throttling server that is used, and the calls that nameless
// refusals cost. It prints a table and asserts nothing by time; it fails only where a run did not
// do its work.
//
// The client, the emulator and what they are compared with are processes of their own, so that each
// figure is of one of them alone. Where a figure depends on the machine there is a ratio beside it,
// to a bare program that does only what cannot be avoided, in the same run. Inputs are the same in
// every run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// measures are what can be asked for with -only, in the order in which they run.
var measures = []struct {
	name string
	run  func(*bench) error
}{
	{"calls", (*bench).calls},
	{"sides", (*bench).sides},
	{"slots", (*bench).slots},
	{"cpu", (*bench).cpu},
	{"questions", (*bench).questions},
	{"resume", (*bench).resume},
	{"throttle", (*bench).throttle},
	{"split", (*bench).split},
	{"plan", (*bench).plan},
	{"stopped", (*bench).stopped},
	{"run", (*bench).run},
}

type bench struct {
	ctx    context.Context
	folder string // everything that is written goes there
	delink string // the binary

	rows      int           // of the large input
	links     int           // of the input that CPU is measured with
	repeat    int           // of measures of which the median counts
	seconds   time.Duration // of a run that fills its slots
	throttled time.Duration // of a run against a server that throttles
}

func main() {
	if err := start(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func start(args []string) error {
	// The bare programs are this one, called with one of these words.
	if len(args) > 0 {
		switch args[0] {
		case "bare-csv":
			return bareCSV(args[1:])
		case "bare-sender":
			return bareSender(args[1:])
		case "bare-record":
			return bareRecord(args[1:])
		}
	}
	b := &bench{}
	temp, wanted, err := b.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b.ctx = ctx
	if b.folder, err = os.MkdirTemp(temp, "delink-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.folder) }()
	if b.delink == "" {
		b.delink = filepath.Join(b.folder, "delink")
		if err := b.build(); err != nil {
			return err
		}
	}
	fmt.Printf("%-56s %10s  %-8s\n", "", "measured", "target")
	for _, m := range measures {
		if !slices.Contains(wanted, m.name) {
			continue
		}
		if err := m.run(b); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// parse reads the flags. temp is the folder in which to work, and wanted are the measures to run.
func (b *bench) parse(args []string) (temp string, wanted []string, err error) {
	var names []string
	for _, m := range measures {
		names = append(names, m.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&b.rows, "rows", 10_000_000, "rows of the large input")
	flags.IntVar(&b.links, "links", 1_000_000, "links of the input that CPU is measured with")
	flags.IntVar(&b.repeat, "repeat", 3, "how often cpu, record, resume, plan and stopped run; the median counts")
	flags.DurationVar(&b.seconds, "seconds", 8*time.Second, "length of a run that fills its slots")
	flags.DurationVar(&b.throttled, "throttled", time.Minute, "length of the run against a server that throttles")
	flags.StringVar(&b.delink, "delink", "", "measure this binary instead of building one")
	flags.StringVar(&temp, "temp", "", "folder for inputs and results, which are 3 GB for 10 million rows")
	only := flags.String("only", strings.Join(names, ","), "measures")
	if err := flags.Parse(args); err != nil {
		return "", nil, err
	}
	if flags.NArg() > 0 {
		return "", nil, fmt.Errorf("%s: there are no arguments; -only says what to measure", flags.Arg(0))
	}
	wanted = strings.Split(*only, ",")
	for _, w := range wanted {
		if !slices.Contains(names, w) {
			return "", nil, fmt.Errorf("-only %s: there are %s", w, strings.Join(names, ", "))
		}
	}
	return temp, wanted, nil
}

// A target is what a figure should be.
type target struct {
	sign  string // ≤, ≥, =, or nothing
	bound float64
	form  string // of the figure: a verb for fmt
}

func atMost(bound float64, form string) target  { return target{"≤", bound, form} }
func atLeast(bound float64, form string) target { return target{"≥", bound, form} }
func exactly(bound float64, form string) target { return target{"=", bound, form} }
func noTarget(form string) target               { return target{form: form} }

func (t target) met(v float64) bool {
	switch t.sign {
	case "≤":
		return v <= t.bound
	case "≥":
		return v >= t.bound
	case "=":
		return v == t.bound
	}
	return true
}

// row prints a line of the table. An exclamation mark stands behind a target that is missed.
func row(what string, v float64, t target, note string, args ...any) {
	goal := ""
	if t.sign != "" {
		goal = t.sign + " " + fmt.Sprintf(t.form, t.bound)
	}
	missed := " "
	if !t.met(v) {
		missed = "!"
	}
	line := fmt.Sprintf("%-56s %10s  %-8s %s %s", what, fmt.Sprintf(t.form, v), goal, missed, fmt.Sprintf(note, args...))
	fmt.Println(strings.TrimRight(line, " "))
}

// median of a few values.
func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
