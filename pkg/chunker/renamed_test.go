package chunker_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// A set that was renamed is the set of the same rows with the new names, and finds links by the old
// ones as well.
func TestRenamed(t *testing.T) {
	labels := []string{"Leads", "Members", "Leads of the campaign", "Contacts"}
	rapid.Check(t, func(t *rapid.T) {
		names := map[zoho.Relation]zoho.Relation{}
		for _, label := range []string{"Members", "Leads of the campaign"} {
			if to := rapid.SampledFrom([]string{"", "Leads", "Contacts", "Members__s"}).Draw(t, label); to != "" {
				names[zoho.Relation{Module: "Campaigns", List: label}] = zoho.Relation{Module: "Campaigns", List: to}
			}
		}
		before, after := chunker.NewBuilder(), chunker.NewBuilder()
		var links []reader.Link
		for line := range rapid.IntRange(0, 40).Draw(t, "rows") {
			l := reader.Link{
				Relation: zoho.Relation{Module: rapid.SampledFrom([]string{"Campaigns", "Products"}).Draw(t, "module"), List: rapid.SampledFrom(labels).Draw(t, "list")},
				Parent:   zoho.ID(rapid.IntRange(1, 3).Draw(t, "parent")), Related: zoho.ID(rapid.IntRange(1, 5).Draw(t, "related")),
			}
			links = append(links, l)
			if err := before.Add(l, line+2); err != nil {
				t.Fatal(err)
			}
			if name, is := names[l.Relation]; is {
				l.Relation = name
			}
			if err := after.Add(l, line+2); err != nil {
				t.Fatal(err)
			}
		}
		old, want := before.Build(), after.Build()
		unchanged := rowsOf(old)
		got, err := old.Renamed(names)
		if err != nil {
			t.Fatal(err)
		}
		if g, w := rowsOf(got), rowsOf(want); !slices.Equal(g, w) {
			t.Fatalf("renamed by %v:\n%q\nwant\n%q", names, g, w)
		}
		if got.Links() != want.Links() || got.Parents() != want.Parents() || got.Duplicates() != want.Duplicates() || got.Rows() != len(links) {
			t.Fatalf("%d links, %d parents, %d duplicates; want %d, %d, %d", got.Links(), got.Parents(), got.Duplicates(), want.Links(), want.Parents(), want.Duplicates())
		}
		for _, l := range links {
			named := l
			if name, is := names[l.Relation]; is {
				named.Relation = name
			}
			a, found := got.Find(l)
			b, foundByName := got.Find(named)
			if at, _ := got.At(a); !found || !foundByName || a != b || at != named {
				t.Fatalf("%v is at %d (%v), and by its new name at %d (%v)", l, a, found, b, foundByName)
			}
		}
		if !slices.Equal(rowsOf(old), unchanged) {
			t.Fatal("the set itself has changed")
		}
	})
}

// rowsOf gives the rows of a set, in the order of their lines, each with whether it is a duplicate.
func rowsOf(s *chunker.Set) []string {
	var rows []string
	for pos := range s.Rows() {
		l, line := s.At(pos)
		rows = append(rows, fmt.Sprintf("%03d %v %v, first on line %d", line, l, s.IsDuplicate(pos), s.Line(s.First(pos))))
	}
	slices.Sort(rows)
	return rows
}
