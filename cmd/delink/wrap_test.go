package main

import (
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		width          int
	}{
		{"a line that fits", "all is well\n", "all is well\n", 40},
		{"between words", "note: the org does not say its name", "note: the org does\n  not say its name", 20},
		{"further in than the line", "  see the results\n", "  see the\n    results\n", 12},
		{"below the value of a row", "  rows   200, 3 repeat an earlier line\n  calls  2\n", "  rows   200, 3 repeat\n         an earlier line\n  calls  2\n", 24},
		{"a row in few columns", "  rows   200, 3 repeat a line\n", "  rows   200, 3\n    repeat a\n    line\n", 16},
		{"a row of other letters", "  größe  sehr sehr groß", "  größe  sehr sehr\n         groß", 19},
		{"a word that is too long", "see links.results.csv.delink-journal now", "see\n  links.results.csv.delink-journal now", 12},
		{"characters, not bytes", "größer größer größer", "größer größer\n  größer", 13},
		{"no width", "a b c", "a b c", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := wrap(c.in, c.width)
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if words := strings.Join(strings.Fields(got), " "); words != strings.Join(strings.Fields(c.in), " ") {
				t.Errorf("the words are %q", words)
			}
		})
	}
}
