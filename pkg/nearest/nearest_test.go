package nearest

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	flags := []string{"max-calls", "max-links", "max-failures", "dry-run", "module", "delimiter", "yes", "restart", "results"}
	for _, c := range []struct {
		word  string
		names []string
		want  string
	}{
		{"max-call", flags, "[max-calls]"},
		{"dryrun", flags, "[dry-run]"},
		{"Dry_Run", flags, "[dry-run]"},
		{"max", flags, "[max-calls max-links max-failures]"},
		{"modul", flags, "[module]"},
		{"delimeter", flags, "[delimiter]"},
		{"resutls", flags, "[results]"},
		{"nonsense", flags, "[]"},
		{"", flags, "[]"},
		{"y", flags, "[]"},
		{"kampagnen", []string{"Leads", "Contacts", "Campaigns", "Cases"}, "[Campaigns]"},
		{"Leeds", []string{"Deals", "Leads"}, "[Leads]"},
		{"plna", []string{"run", "plan", "verify"}, "[plan]"},
		{"Räume", []string{"Raeume", "Raume", "Träume"}, "[Raume Träume]"},
	} {
		if got := fmt.Sprint(Names(c.word, c.names, 3)); got != c.want {
			t.Errorf("%q: %s, want %s", c.word, got, c.want)
		}
	}
}

// A distance is 0 for the same name, the same in both directions, and no more than the longer name.
func TestDistance(t *testing.T) {
	names := rapid.StringMatching(`[a-d]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := names.Draw(t, "a"), names.Draw(t, "b")
		d := Distance(a, b)
		if d != Distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || d < max(len(a), len(b))-min(len(a), len(b)) {
			t.Fatalf("%q and %q: %d, and %d back", a, b, d, Distance(b, a))
		}
	})
	rapid.Check(t, func(t *rapid.T) { // one letter swapped, left out, or another case: one change, or none
		a := rapid.StringMatching(`[a-z]{2,12}`).Draw(t, "a")
		at := rapid.IntRange(0, len(a)-2).Draw(t, "at")
		swapped := a[:at] + a[at+1:at+2] + a[at:at+1] + a[at+2:]
		if d := Distance(a, swapped); d > 1 || d == 0 && a != swapped {
			t.Fatalf("%q and %q: %d", a, swapped, d)
		}
		if d := Distance(a, a[:at]+a[at+1:]); d != 1 {
			t.Fatalf("without letter %d of %q: %d", at, a, d)
		}
		if d := Distance(a, strings.ToUpper(a)+" _-"); d != 0 {
			t.Fatalf("%q in another case: %d", a, d)
		}
	})
}

// What is given is among the names, and a name itself comes first.
func TestNamesAreNames(t *testing.T) {
	names := rapid.SliceOfN(rapid.StringMatching(`[a-z]{3,8}`), 1, 6)
	rapid.Check(t, func(t *rapid.T) {
		all := names.Draw(t, "names")
		word := rapid.SampledFrom(all).Draw(t, "word")
		got := Names(word, all, 3)
		if len(got) == 0 || got[0] != word {
			t.Fatalf("%q among %q: %q", word, all, got)
		}
	})
}
