package knob

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Fault is what can go wrong with a call. Its name is one of
//
//	drop, reset   the connection is closed, or reset, without an answer
//	hang          no answer, until the client leaves
//	torn          half of the answer, then the connection is closed
//	short         the whole answer, with a Content-Length that is longer than it
//	html, empty, foreign
//	              200 with a page, with nothing, with JSON of something else
//	invalid-token 401, and the token is invalid from now on
//	413, 500 ...  that status, with a page of HTML
//	CODE          a refusal with that code, such as LIMIT_EXCEEDED
//
// with "-before" (the default of all but torn and short) where the call's work is not done,
// "-after" where it is done, or "-late" where it is done after the answer, as knob late says.
type Fault struct {
	Name  string // without -before, -after and -late
	After bool   // the work is done before the fault strikes
	Late  bool   // the work is done later
}

var faultNames = []string{"drop", "reset", "hang", "torn", "short", "html", "empty", "foreign", "invalid-token"}

func parseFault(word string) (Fault, error) {
	f := Fault{Name: word}
	if name, ok := strings.CutSuffix(word, "-after"); ok {
		f = Fault{Name: name, After: true}
	} else if name, ok := strings.CutSuffix(word, "-late"); ok {
		f = Fault{Name: name, Late: true}
	} else if name, ok := strings.CutSuffix(word, "-before"); ok {
		f.Name = name
	} else if f.Cuts() {
		f.After = true
	}
	switch {
	case f.Cuts() && !f.After:
		return Fault{}, fmt.Errorf("%s makes no sense: the answer that is cut off is that to work that was done", word)
	case f.Name == "invalid-token" && (f.After || f.Late):
		return Fault{}, fmt.Errorf("%s makes no sense: the token is checked before any work is done", word)
	case slices.Contains(faultNames, f.Name), f.Status() != 0, isCode(f.Name):
		return f, nil
	}
	return Fault{}, fmt.Errorf("unknown fault %q (there are: %s, an HTTP status from 400, an error CODE; with -before, -after or -late)",
		word, strings.Join(faultNames, ", "))
}

// Cuts reports whether the fault cuts off the answer to the call's work.
func (f Fault) Cuts() bool { return f.Name == "torn" || f.Name == "short" }

// String is the fault's name as it is written.
func (f Fault) String() string {
	switch {
	case f.Late:
		return f.Name + "-late"
	case f.After && !f.Cuts():
		return f.Name + "-after"
	}
	return f.Name
}

// Status is the HTTP status that the fault answers with, 0 if its name is not one.
func (f Fault) Status() int {
	n, err := strconv.Atoi(f.Name)
	if err != nil || n < 400 || n > 599 {
		return 0
	}
	return n
}

func isCode(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return s[0] >= 'A'
}

// Mix gives faults a chance each.
type Mix []Chance

// Chance is a fault and how likely it is.
type Chance struct {
	Fault Fault
	Share Share
}

// UnmarshalText reads "drop-after:1%,500:0.02".
func (m *Mix) UnmarshalText(text []byte) error {
	var mix Mix
	var sum Share
	for _, word := range split(text) {
		name, share, ok := strings.Cut(word, ":")
		if !ok {
			return fmt.Errorf("%q lacks a chance: write %s:1%%", word, name)
		}
		var c Chance
		var err error
		if c.Fault, err = parseFault(name); err != nil {
			return err
		}
		if err = c.Share.UnmarshalText([]byte(share)); err != nil {
			return err
		}
		sum += c.Share
		mix = append(mix, c)
	}
	if sum > 1 {
		return fmt.Errorf("the chances in %q are more than 1", text)
	}
	*m = mix
	return nil
}

// Script says which calls have a fault for certain. Calls are numbered from 1.
type Script []Step

// Step is a fault of the calls From to To, both included.
type Step struct {
	From, To uint64
	Fault    Fault
}

// UnmarshalText reads "3:reset-after,5-9:429,20-:drop,*:html". If several steps name a call, the
// first of them counts.
func (s *Script) UnmarshalText(text []byte) error {
	var script Script
	for _, word := range split(text) {
		when, name, ok := strings.Cut(word, ":")
		if !ok {
			return fmt.Errorf("%q lacks a fault: write %s:500", word, when)
		}
		from, to, err := parseWhen(when)
		if err != nil {
			return err
		}
		f, err := parseFault(name)
		if err != nil {
			return err
		}
		script = append(script, Step{from, to, f})
	}
	*s = script
	return nil
}

func parseWhen(when string) (from, to uint64, err error) {
	const forever = 1<<64 - 1
	if when == "*" {
		return 1, forever, nil
	}
	low, high, ranged := strings.Cut(when, "-")
	bad := fmt.Errorf("%q is not a call: write 3, 5-9, 20- or *", when)
	if from, err = strconv.ParseUint(low, 10, 64); err != nil || from == 0 {
		return 0, 0, bad
	}
	switch {
	case !ranged:
		return from, from, nil
	case high == "":
		return from, forever, nil
	}
	if to, err = strconv.ParseUint(high, 10, 64); err != nil || to < from {
		return 0, 0, bad
	}
	return from, to, nil
}

// FaultFor returns the fault of call n for a number drawn from 0 to 1, or nil.
func (c *Config) FaultFor(n uint64, drawn Share) *Fault {
	for i := range c.FaultScript {
		if s := &c.FaultScript[i]; s.From <= n && n <= s.To {
			return &s.Fault
		}
	}
	for i := range c.Faults {
		if drawn < c.Faults[i].Share {
			return &c.Faults[i].Fault
		}
		drawn -= c.Faults[i].Share
	}
	return nil
}
