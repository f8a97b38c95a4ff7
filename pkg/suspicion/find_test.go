package suspicion

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

type pair struct{ parent, related zoho.ID }

func setOf(t *testing.T, pairs ...pair) *chunker.Set {
	t.Helper()
	b := chunker.NewBuilder()
	for i, p := range pairs {
		l := reader.Link{Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: p.parent, Related: p.related}
		if err := b.Add(l, i+2); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

// usual is an input of one org without anything odd.
func usual(n int) []pair {
	r := rand.New(rand.NewPCG(1, 2))
	pairs := make([]pair, n)
	for i := range pairs {
		pairs[i] = pair{3652397000000911001 + zoho.ID(r.IntN(20)), 3652397000001000001 + zoho.ID(i)}
	}
	return pairs
}

// foreigners are leads of another org.
func foreigners(n int) []pair {
	pairs := make([]pair, n)
	for i := range pairs {
		pairs[i] = pair{3652397000000911001, 4652397000001000001 + zoho.ID(i)}
	}
	return pairs
}

// shorter takes the last digits off.
func shorter(pairs []pair, by zoho.ID) []pair {
	for i := range pairs {
		pairs[i] = pair{pairs[i].parent / by, pairs[i].related/by + zoho.ID(i)}
	}
	return pairs
}

func TestSuspicions(t *testing.T) {
	tests := []struct {
		name  string
		pairs []pair
		want  string // a part of the only suspicion's text; empty for none
		count int
		lines []int
	}{
		{"nothing odd", usual(3000), "", 0, nil},
		{"small numbers", []pair{{1, 2}, {3, 4}, {5, 6}}, "", 0, nil},
		{"one id in many ends in 0000 by chance", append(usual(3000), pair{3652397000000911001, 3652397000002000000}), "", 0, nil},
		{
			"related ids cut by a spreadsheet",
			append(usual(10), pair{3652397000000911001, 3652397000002010000}, pair{3652397000000911001, 3652397000002020000}, pair{3652397000000911001, 3652397000002030000}, pair{3652397000000911001, 3652397000002040000}),
			"related ids that end in 0000: 4 of 14", 4,
			[]int{12, 13, 14},
		},
		{"the only parent cut by a spreadsheet", []pair{{3652397000000910000, 3652397000001000001}, {3652397000000910000, 3652397000001000002}}, "parent ids that end in 0000: 1 of 1", 1, []int{2}},
		{"a record related to itself", append(usual(5), pair{3652397000000911001, 3652397000000911001}), "their own related record: 1", 1, []int{7}},
		{"parents and related records swapped", append(usual(5), pair{3652397000001500001, 3652397000001500002}, pair{3652397000001500002, 3652397000001500003}), "parents in other rows: 1", 1, []int{7}},
		{"a few ids of another org", append(usual(50), pair{3652397000000911001, 4652397000001000001}, pair{4652397000000911001, 3652397000001999999}), "does not begin with 3652397", 2, []int{52, 53}},
		{"two in five of another org", append(usual(30), foreigners(20)...), "does not begin with 3652397", 20, []int{32, 33, 34}},
		{"ids of 18 digits cut by a spreadsheet", []pair{{365239700000911001, 365239700001000000}, {365239700000911001, 365239700001001000}, {365239700000911001, 365239700001002000}}, "related ids that end in 000: 3 of 3", 3, []int{2, 3, 4}},
		{"ids of 17 digits end in 00 by chance", shorter(usual(3000), 100), "", 0, nil},
		{"no rest to differ from", []pair{{3652397000000911001, 4652397000001000001}, {4652397000000911001, 3652397000001999999}}, "", 0, nil},
		{"columns of two orgs", []pair{{3652397000000911001, 4652397000001000001}, {3652397000000911001, 4652397000001000002}}, "parent ids begin with 3652397, related ids with 4652397", 2, []int{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Find(setOf(t, test.pairs...))
			if test.want == "" {
				if len(got) > 0 {
					t.Fatalf("suspicions %v, want none", got)
				}
				return
			}
			if len(got) != 1 || !strings.Contains(got[0].String(), test.want) {
				t.Fatalf("suspicions %v, want one that says %q", got, test.want)
			}
			if got[0].Count != test.count || !slices.Equal(got[0].Lines, test.lines) {
				t.Errorf("count %d, lines %v; want %d, %v", got[0].Count, got[0].Lines, test.count, test.lines)
			}
		})
	}
}

func TestIDSetHasWhatIsInIt(t *testing.T) {
	pairs := usual(2000)
	set := newIDSet(setOf(t, pairs...))
	for _, p := range pairs {
		if !set.has(p.parent) {
			t.Fatalf("parent %s is not in the set", p.parent)
		}
		if set.has(p.related) {
			t.Fatalf("related record %s is in the set of parents", p.related)
		}
	}
}

// Rows that name another parent record than the one of all rows are a certain mistake. Rows that name
// the same one are none.
func TestOtherParents(t *testing.T) {
	const file = "module,parent_id,relation,related_id\nCampaigns,8,Leads,1\nCampaigns,9,Leads,1\nCampaigns,8,Leads,2\n"
	look := func(file, parent string) []Suspicion {
		opt := reader.Options{Module: "Campaigns", Relation: "Leads", Parent: parent}
		in, err := reader.New("links.csv", strings.NewReader(file), opt)
		if err != nil {
			t.Fatal(err)
		}
		b := chunker.NewBuilder()
		for row, err := range in.Rows() {
			if err != nil || row.Err != nil {
				t.Fatal(err, row.Err)
			}
			if err := b.Add(row.Link, row.Line); err != nil {
				t.Fatal(err)
			}
		}
		return UnusedOptions(b.Build(), in.Header(), opt)
	}
	got := look(file, "zcrm_9")
	if len(got) != 1 || !got[0].Certain || got[0].Part != Parent || got[0].Count != 2 || !slices.Equal(got[0].Lines, []int{2, 4}) || got[0].Value != "9" || got[0].Other != "8" {
		t.Errorf("%+v", got)
	}
	if got := look(strings.ReplaceAll(file, ",9,", ",8,"), "8"); len(got) != 0 {
		t.Errorf("the same parent record: %+v", got)
	}
	if got := look("related_id,x\n1,2\n", "8"); len(got) != 0 {
		t.Errorf("no column: %+v", got)
	}
}
