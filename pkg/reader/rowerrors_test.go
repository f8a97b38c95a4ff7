package reader_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/reader"
)

// refused is an error of a row for a reason.
func refused(line int, reason, value string) *reader.RowError {
	return &reader.RowError{File: "a.csv", Line: line, AtLine: line, AtCol: 7, Column: "parent_id", Number: 2, Value: value, Reason: reason}
}

func TestGroupsOfRows(t *testing.T) {
	for _, test := range []struct {
		name, lines, want string
	}{
		{"one row", "5", `a.csv:5:7: column 2, parent_id "5" is empty`},
		{"two rows", "5 6", `a.csv: lines 5–6: column 2, parent_id is empty`},
		{"rows with others between", "5 7 9", `a.csv: lines 5, 7, 9: column 2, parent_id is empty`},
		{"ranges", "2 3 4 6 8 9", `a.csv: lines 2–4, 6, 8–9: column 2, parent_id is empty`},
		{"more ranges than are shown", "2 4 6 8 9 11 12 14", `a.csv: lines 2, 4, 6, 8–9 and 3 more: column 2, parent_id is empty`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var all reader.RowErrors
			for _, line := range strings.Fields(test.lines) {
				var n int
				if _, err := fmt.Sscan(line, &n); err != nil {
					t.Fatal(err)
				}
				all.Add(refused(n, "is empty", line))
			}
			groups := all.Groups(20)
			if len(groups) != 1 || groups[0].Error() != test.want {
				t.Fatalf("got  %v\nwant %s", groups[0].Error(), test.want)
			}
			first, _, _ := strings.Cut(test.lines, " ")
			if want := fmt.Sprintf("a.csv:%s:7 %q", first, first); groups[0].Place() != want {
				t.Errorf("the example is %s, not %s", groups[0].Place(), want)
			}
		})
	}
}

// A message shows each row with its value, until there are too many.
func TestShownRows(t *testing.T) {
	var all reader.RowErrors
	for n := range 4 {
		all.Add(refused(n+2, "is odd", fmt.Sprint(n)))
		var got []string
		for _, g := range all.Shown(3) {
			got = append(got, g.Error())
		}
		want := []string{`a.csv:2:7: column 2, parent_id "0" is odd`, `a.csv:3:7: column 2, parent_id "1" is odd`, `a.csv:4:7: column 2, parent_id "2" is odd`}[:min(n+1, 3)]
		if n == 3 {
			want = []string{"a.csv: lines 2–5: column 2, parent_id is odd"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %d rows: %q", n+1, got)
		}
	}
}

// Each row is in one group, with those that have the same error and no others.
func TestEveryRowIsInAGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all reader.RowErrors
		want := map[string]int{}
		var order []string
		line := 1
		for range rapid.IntRange(0, 40).Draw(t, "rows") {
			line += rapid.IntRange(1, 3).Draw(t, "further")
			reason := rapid.SampledFrom([]string{"is empty", "is not an id", "is odd"}).Draw(t, "reason")
			e := refused(line, reason, fmt.Sprint(line))
			e.Undecoded = reason == "is odd"
			if e.Number = rapid.IntRange(1, 2).Draw(t, "column"); e.Number == 1 {
				e.Column = "module"
			}
			key := fmt.Sprint(e.Number, e.Column, e.Reason)
			if want[key]++; want[key] == 1 {
				order = append(order, key)
			}
			all.Add(e)
		}
		var got []string
		odd := false
		for _, g := range all.Groups(100) {
			key := fmt.Sprint(g.Example.Number, g.Example.Column, g.Example.Reason)
			odd = odd || g.Example.Undecoded
			if got = append(got, key); g.Rows != want[key] {
				t.Fatalf("%d rows of %s, not %d", g.Rows, key, want[key])
			}
		}
		if !slices.Equal(got, order) || all.Undecoded() != odd || len(all.First(100)) != all.Count() {
			t.Fatalf("got %v, want %v", got, order)
		}
	})
}

// shown is all that RowErrors say.
func shown(r *reader.RowErrors) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Count(), r.Undecoded())
	for _, e := range r.First(r.Count()) {
		fmt.Fprintln(&b, e)
	}
	for _, g := range r.Groups(r.Count()) {
		fmt.Fprintln(&b, g.Rows, g.Place(), g)
	}
	return b.String()
}

// Rows that are joined are those that would have been added one by one, whatever is added behind them.
func TestJoinedRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want reader.RowErrors
		parts := make([]reader.RowErrors, 3)
		line := 1
		for i := range parts {
			for range rapid.IntRange(0, 12).Draw(t, "rows") {
				line += rapid.IntRange(1, 2).Draw(t, "further")
				e := refused(line, rapid.SampledFrom([]string{"is empty", "is odd"}).Draw(t, "reason"), fmt.Sprint(line))
				e.Undecoded = rapid.IntRange(0, 9).Draw(t, "undecoded") == 0
				parts[i].Add(e)
				want.Add(e)
			}
		}
		before := shown(&parts[1])
		got := parts[0]
		got.Join(&parts[1])
		for _, e := range parts[2].First(12) {
			got.Add(e)
		}
		if shown(&got) != shown(&want) {
			t.Fatalf("joined:\n%s\nadded:\n%s", shown(&got), shown(&want))
		}
		if shown(&parts[1]) != before {
			t.Fatal("the rows that were joined have changed")
		}
	})
}

// Millions of rows take no more memory than some thousand.
func TestMillionsOfRowErrors(t *testing.T) {
	var all reader.RowErrors
	for line := range 10_000 {
		all.Add(refused(line, fmt.Sprint("is odd ", line), ""))
		all.Add(refused(line, "is empty", ""))
	}
	var twice reader.RowErrors
	twice.Join(&all)
	twice.Join(&all)
	if twice.Count() != 40_000 || len(twice.Groups(40_000)) != 1000 || len(twice.First(40_000)) != 1000 {
		t.Errorf("joined: %d rows, %d groups, %d kept", twice.Count(), len(twice.Groups(40_000)), len(twice.First(40_000)))
	}
	if all.Count() != 20_000 || len(all.Groups(20_000)) != 1000 || len(all.First(20_000)) != 1000 {
		t.Errorf("%d rows, %d groups, %d kept", all.Count(), len(all.Groups(20_000)), len(all.First(20_000)))
	}
	if g := all.Groups(2)[1]; g.Rows != 10_000 || g.Error() != "a.csv: lines 0–9999: column 2, parent_id is empty" {
		t.Errorf("got %s", g.Error())
	}
}
