package chunker_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

type row struct {
	link reader.Link
	line int
}

func link(module string, parent zoho.ID, list string, related zoho.ID) reader.Link {
	return reader.Link{Relation: zoho.Relation{Module: module, List: list}, Parent: parent, Related: related}
}

func build(t interface{ Fatal(...any) }, rows []row) *chunker.Set {
	b := chunker.NewBuilder()
	for _, r := range rows {
		if err := b.Add(r.link, r.line); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

var example = []row{
	{link("Campaigns", 2, "Leads", 12), 2},
	{link("Campaigns", 1, "Leads", 11), 3},
	{link("Campaigns", 2, "Leads", 11), 4},
	{link("Campaigns", 2, "Contacts", 12), 5},
	{link("Campaigns", 2, "Leads", 12), 6},
	{link("Products", 2, "Leads", 12), 8},
	{link("Campaigns", 2, "Leads", 12), 9},
	{link("Campaigns", 2, "Leads", 13), 12},
}

func TestExample(t *testing.T) {
	s := build(t, example)
	got := fmt.Sprint(s.Rows(), s.Links(), s.Duplicates(), s.Parents(), s.Groups(), s.Calls(1), s.Calls(2), s.Calls(100))
	if want := "8 6 2 3 4 6 5 4"; got != want {
		t.Errorf("rows, links, duplicates, parents, groups and calls are %s, want %s", got, want)
	}
	var batches []chunker.Batch
	for b := range s.Batches(2, nil) {
		batches = append(batches, b)
	}
	leads, contacts := zoho.Relation{Module: "Campaigns", List: "Leads"}, zoho.Relation{Module: "Campaigns", List: "Contacts"}
	want := []chunker.Batch{
		{Relation: leads, Parent: 2, Related: []zoho.ID{11, 12}, Pos: []int{0, 1}},
		{Relation: leads, Parent: 2, Related: []zoho.ID{13}, Pos: []int{4}},
		{Relation: leads, Parent: 1, Related: []zoho.ID{11}, Pos: []int{5}},
		{Relation: contacts, Parent: 2, Related: []zoho.ID{12}, Pos: []int{6}},
		{Relation: zoho.Relation{Module: "Products", List: "Leads"}, Parent: 2, Related: []zoho.ID{12}, Pos: []int{7}},
	}
	if diff := gocmp.Diff(want, batches); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff([]int{2, 6, 9}, s.Lines(3)); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff([]chunker.RelationCount{
		{Relation: leads, Rows: 6, Links: 4, Parents: 2},
		{Relation: contacts, Rows: 1, Links: 1, Parents: 1},
		{Relation: zoho.Relation{Module: "Products", List: "Leads"}, Rows: 1, Links: 1, Parents: 1},
	}, s.Relations()); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff([]chunker.ParentCount{{Module: "Campaigns", Parent: 2, Links: 4}, {Module: "Campaigns", Parent: 1, Links: 1}}, s.LargestParents(2)); diff != "" {
		t.Error(diff)
	}
}

// A row is found by its link and its line, and by no other pair of them.
func TestFindLine(t *testing.T) {
	s := build(t, example)
	for _, want := range example {
		for _, r := range example {
			pos, ok := s.FindLine(want.link, r.line)
			if ok != (r.link == want.link) {
				t.Errorf("%v on line %d is found: %v", want.link, r.line, ok)
			}
			if !ok {
				continue
			}
			if l, line := s.At(pos); l != want.link || line != r.line {
				t.Errorf("%v on line %d is found at the row of %v on line %d", want.link, r.line, l, line)
			}
		}
		for _, line := range []int{-1, 0, 1, 7, 100, math.MaxUint32 + 1 + want.line} {
			if pos, ok := s.FindLine(want.link, line); ok {
				t.Errorf("%v is found on line %d, at %d", want.link, line, pos)
			}
		}
	}
	if _, ok := build(t, []row{{example[0].link, math.MaxUint32}}).FindLine(example[0].link, -1); ok {
		t.Error("a line before the first is found")
	}
	if _, ok := s.FindLine(link("Campaigns", 9, "Leads", 9), 2); ok {
		t.Error("a link that the set does not have is found")
	}
}

// 100 ids of 20 digits are more than the 2,000 characters that a call can name.
func TestLongIDs(t *testing.T) {
	b := chunker.NewBuilder()
	for i := range 250 {
		id := 10000000000000000000 + zoho.ID(i)
		if i%5 == 4 {
			id = zoho.ID(i)
		}
		if err := b.Add(link("Campaigns", 1, "Leads", id), i+2); err != nil {
			t.Fatal(err)
		}
	}
	s := b.Build()
	calls, links := 0, 0
	for batch := range s.Batches(100, nil) {
		text := fmt.Sprint(batch.Related)
		if n := len(text) - len("[]"); n > 2000 {
			t.Errorf("%d ids have %d characters", len(batch.Related), n)
		}
		calls++
		links += len(batch.Related)
	}
	if links != 250 || calls != s.Calls(100) || calls != 3 {
		t.Errorf("%d links in %d calls, %d planned", links, calls, s.Calls(100))
	}
}

// Where all ids are long, every batch but the last is as full as a call can be, and none is fuller.
func TestOnlyLongIDs(t *testing.T) {
	var rows []row
	for i := range 400 {
		rows = append(rows, row{link("Campaigns", 1, "Leads", 10000000000000000000+zoho.ID(i)), i + 2})
	}
	s := build(t, rows)
	var sizes []int
	for b := range s.Batches(100, nil) {
		sizes = append(sizes, len(b.Related))
	}
	for i, n := range sizes {
		if !zoho.FitIDs(n, n) || i+1 < len(sizes) && zoho.FitIDs(n+1, n+1) {
			t.Errorf("batches of %v links", sizes)
		}
	}
	if s.Calls(100) != len(sizes) {
		t.Errorf("%d calls planned of %d", s.Calls(100), len(sizes))
	}
}

func TestEmpty(t *testing.T) {
	s := chunker.NewBuilder().Build()
	if s.Rows()+s.Links()+s.Duplicates()+s.Parents()+s.Groups()+s.Calls(100)+len(s.Relations())+len(s.LargestParents(3)) != 0 {
		t.Error("an empty set has something")
	}
	for range s.Batches(100, nil) {
		t.Error("an empty set has a batch")
	}
	if _, ok := s.Find(example[0].link); ok {
		t.Error("an empty set has a link")
	}
}

func TestLimits(t *testing.T) {
	for _, line := range []int{-1, math.MaxUint32 + 1} {
		b := chunker.NewBuilder()
		if err := b.Add(example[0].link, line); err == nil || b.Build().Rows() != 0 {
			t.Errorf("line %d is taken", line)
		}
	}
	if s := build(t, []row{{example[0].link, math.MaxUint32}}); s.Lines(0)[0] != math.MaxUint32 {
		t.Error("the last line that can be counted is lost")
	}
}

// A batch belongs to who receives it: what is done to it shows nowhere else.
func TestBatchesAreFresh(t *testing.T) {
	s := build(t, example)
	var kept []chunker.Batch
	for b := range s.Batches(1, nil) {
		kept = append(kept, b)
	}
	again := slices.Collect(s.Batches(1, nil))
	for _, b := range kept {
		_ = append(b.Related, 99)
		b.Related[0], b.Pos[0] = 0, -1
	}
	if diff := gocmp.Diff(slices.Collect(s.Batches(1, nil)), again); diff != "" {
		t.Error(diff)
	}
}

func TestBatchesCanStop(t *testing.T) {
	s := build(t, example)
	for stop := 1; stop <= 5; stop++ {
		n := 0
		for range s.Batches(2, nil) {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("%d batches, want %d", n, stop)
		}
	}
	for range s.DuplicateRows() {
		break
	}
}

func TestSizes(t *testing.T) {
	var rows []row
	for i := range 250 {
		rows = append(rows, row{link("Campaigns", 1, "Leads", zoho.ID(i+1)), i + 2})
	}
	s := build(t, rows)
	for size, want := range map[int][]int{0: slices.Repeat([]int{1}, 250), 99: {99, 99, 52}, 100: {100, 100, 50}, 101: {100, 100, 50}, 1000: {100, 100, 50}} {
		var got []int
		for b := range s.Batches(size, nil) {
			got = append(got, len(b.Pos))
		}
		if diff := gocmp.Diff(want, got); diff != "" || s.Calls(size) != len(want) {
			t.Errorf("size %d: %d calls, %s", size, s.Calls(size), diff)
		}
	}
}

// rows of few modules, lists, parents and related records, so that all kinds of duplicates and
// neighbours come up, or of very many parents.
func drawRows(t *rapid.T) []row {
	few := rapid.Uint64Range(1, 4)
	many := rapid.Uint64Range(1, 1<<64-1)
	related := rapid.SampledFrom([]*rapid.Generator[uint64]{few, rapid.Uint64Range(1, 3000), many}).Draw(t, "related")
	parent := rapid.SampledFrom([]*rapid.Generator[uint64]{few, few, many}).Draw(t, "parent")
	rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) row {
		return row{link: link(
			rapid.SampledFrom([]string{"Campaigns", "Products"}).Draw(t, "module"), zoho.ID(parent.Draw(t, "parent")),
			rapid.SampledFrom([]string{"Leads", "Contacts", "Deals"}).Draw(t, "list"), zoho.ID(related.Draw(t, "related")),
		)}
	}), 0, 400).Draw(t, "rows")
	line := 1
	for i := range rows {
		line += rapid.IntRange(1, 2).Draw(t, "lines")
		rows[i].line = line
	}
	return rows
}

func TestSetAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)
		s := build(t, rows)
		lines := map[reader.Link][]int{}
		type key struct {
			relation zoho.Relation
			parent   zoho.ID
		}
		type parent struct {
			module string
			id     zoho.ID
		}
		groups := map[key]int{}
		parents := map[parent]int{}
		firstLine := map[parent]int{}
		var order []key
		for _, r := range rows {
			k, p := key{r.link.Relation, r.link.Parent}, parent{r.link.Relation.Module, r.link.Parent}
			if _, ok := groups[k]; !ok {
				order = append(order, k)
			}
			if _, ok := firstLine[p]; !ok {
				firstLine[p] = r.line
			}
			if lines[r.link] == nil {
				groups[k]++
				parents[p]++
			}
			lines[r.link] = append(lines[r.link], r.line)
		}
		got := fmt.Sprint(s.Rows(), s.Links(), s.Duplicates(), s.Groups(), s.Parents())
		if want := fmt.Sprint(len(rows), len(lines), len(rows)-len(lines), len(groups), len(parents)); got != want {
			t.Fatalf("rows, links, duplicates, groups and parents are %s, want %s", got, want)
		}

		// Positions: each line once; a link's rows are neighbours, the first line first.
		seen := map[int]bool{}
		for pos := range s.Rows() {
			l, line := s.At(pos)
			first := s.First(pos)
			all := lines[l]
			if seen[line] || pos-first >= len(all) || all[pos-first] != line {
				t.Fatalf("position %d has %v, line %d; the first is %d; its lines are %v", pos, l, line, first, all)
			}
			seen[line] = true
			if found, ok := s.Find(l); !ok || found != first {
				t.Fatalf("%v is found at %d, %v, not at %d", l, found, ok, first)
			}
			if at, ok := s.FindLine(l, line); !ok || at != pos {
				t.Fatalf("line %d is found at %d, %v, not at %d", line, at, ok, pos)
			}
			if s.IsDuplicate(pos) != (pos != first) {
				t.Fatalf("position %d: duplicate %v", pos, s.IsDuplicate(pos))
			}
			if diff := gocmp.Diff(all, s.Lines(pos)); diff != "" {
				t.Fatal(diff)
			}
			for _, other := range []reader.Link{
				{Relation: l.Relation, Parent: l.Parent, Related: l.Related + 1},
				{Relation: l.Relation, Parent: l.Parent + 1, Related: l.Related},
				{Relation: zoho.Relation{Module: l.Relation.Module, List: "Nothing"}, Parent: l.Parent, Related: l.Related},
			} {
				if _, ok := s.Find(other); ok != (lines[other] != nil) {
					t.Fatalf("%v is found: %v", other, ok)
				}
			}
		}
		n := 0
		for pos, first := range s.DuplicateRows() {
			n++
			if first == pos || s.First(pos) != first {
				t.Fatalf("duplicate %d of %d", pos, first)
			}
		}
		if n != s.Duplicates() {
			t.Fatalf("%d duplicates given of %d", n, s.Duplicates())
		}

		// Counts.
		var relations []chunker.RelationCount
		for _, k := range order {
			i := slices.IndexFunc(relations, func(c chunker.RelationCount) bool { return c.Relation == k.relation })
			if i < 0 {
				i = len(relations)
				relations = append(relations, chunker.RelationCount{Relation: k.relation})
			}
			relations[i].Parents++
			relations[i].Links += groups[k]
		}
		for _, r := range rows {
			i := slices.IndexFunc(relations, func(c chunker.RelationCount) bool { return c.Relation == r.link.Relation })
			relations[i].Rows++
		}
		if got := s.Relations(); len(got)+len(relations) > 0 {
			if diff := gocmp.Diff(relations, got); diff != "" {
				t.Fatal(diff)
			}
		}
		var largest []chunker.ParentCount
		for p, n := range parents {
			largest = append(largest, chunker.ParentCount{Module: p.module, Parent: p.id, Links: n})
		}
		slices.SortFunc(largest, func(a, b chunker.ParentCount) int {
			return cmp.Or(cmp.Compare(b.Links, a.Links), cmp.Compare(firstLine[parent{a.Module, a.Parent}], firstLine[parent{b.Module, b.Parent}]))
		})
		some := rapid.IntRange(0, 6).Draw(t, "largest")
		if diff := gocmp.Diff(largest[:min(some, len(largest))], s.LargestParents(some)); diff != "" && some > 0 && len(largest) > 0 {
			t.Fatal(diff)
		}

		// Batches: every wanted link once, the fewest batches, in order.
		size := rapid.IntRange(1, 100).Draw(t, "size")
		bits := rapid.SliceOfN(rapid.Bool(), s.Rows(), s.Rows()).Draw(t, "wanted")
		want := func(pos int) bool {
			if s.IsDuplicate(pos) {
				t.Fatalf("asked for position %d, which is a duplicate", pos)
			}
			return bits[pos]
		}
		all := rapid.Bool().Draw(t, "all")
		if all {
			want = nil
		}
		sent := map[reader.Link]bool{}
		batches := map[key]int{}
		wanted := map[key]int{}
		for l := range lines {
			if pos, _ := s.Find(l); all || bits[pos] {
				wanted[key{l.Relation, l.Parent}]++
			}
		}
		var sequence []key
		total := 0
		for b := range s.Batches(size, want) {
			total++
			if len(b.Related) == 0 || len(b.Related) > size || len(b.Pos) != len(b.Related) {
				t.Fatalf("a batch of %d links and %d positions", len(b.Related), len(b.Pos))
			}
			k := key{b.Relation, b.Parent}
			batches[k]++
			if len(sequence) == 0 || sequence[len(sequence)-1] != k {
				sequence = append(sequence, k)
			}
			for i, related := range b.Related {
				l := reader.Link{Relation: b.Relation, Parent: b.Parent, Related: related}
				if at, _ := s.At(b.Pos[i]); at != l || sent[l] || !all && !bits[b.Pos[i]] || s.IsDuplicate(b.Pos[i]) {
					t.Fatalf("%v is sent for position %d, which is %v (sent before: %v)", l, b.Pos[i], at, sent[l])
				}
				sent[l] = true
			}
		}
		var due []key
		for _, k := range order {
			n := wanted[k]
			if batches[k] != (n+size-1)/size {
				t.Fatalf("%d batches for %d links", batches[k], n)
			}
			if n > 0 {
				due = append(due, k)
			}
		}
		if !slices.Equal(due, sequence) {
			t.Fatalf("the groups come as %v, want %v", sequence, due)
		}
		links := 0
		for _, n := range wanted {
			links += n
		}
		if len(sent) != links {
			t.Fatalf("%d links are sent of %d", len(sent), links)
		}
		if all && total != s.Calls(size) {
			t.Fatalf("%d batches, %d calls", total, s.Calls(size))
		}
	})
}

// The same, with as many rows as fill several blocks and grow the table of groups: a model of maps,
// no shrinking.
func TestManyRows(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, test := range []struct{ rows, parents, related int }{
		{60_000, 1, 1 << 60}, {200_000, 2, 1 << 60}, {200_000, 1, 5000}, {60_000, 1, 20_000}, {60_000, 1 << 60, 10}, {60_000, 700, 300}, {8192, 3, 3}, {8193, 3, 1 << 60},
	} {
		rows := make([]row, test.rows)
		lines := map[reader.Link][]int{}
		for i := range rows {
			l := link("Campaigns", 3652397000000000000+zoho.ID(random.IntN(test.parents)), "Leads", 3652397000100000000+zoho.ID(random.IntN(test.related)))
			rows[i] = row{l, i + 2}
			lines[l] = append(lines[l], i+2)
		}
		s := build(t, rows)
		if s.Links() != len(lines) || s.Rows() != len(rows) {
			t.Errorf("%v: %d links of %d", test, s.Links(), len(lines))
		}
		for l, want := range lines {
			pos, ok := s.Find(l)
			if !ok {
				t.Fatalf("%v: %v is lost", test, l)
			}
			if got := s.Lines(pos); !slices.Equal(got, want) {
				t.Fatalf("%v: %v has the lines %v, want %v", test, l, got, want)
			}
		}
	}
}

// Lines need not come in order.
func TestLinesInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{2, 30, 32, 33, 500, 250_000} { // large groups are taken apart first
		var rows []row
		for _, i := range random.Perm(n) {
			rows = append(rows, row{link("Campaigns", 1, "Leads", zoho.ID(1+i%3)), i})
		}
		s := build(t, rows)
		for pos := range s.Rows() {
			if s.IsDuplicate(pos) {
				continue
			}
			if lines := s.Lines(pos); len(lines) < n/3 || !slices.IsSorted(lines) {
				t.Fatalf("%d rows: the lines are %v", n, lines)
			}
		}
	}
}

// So many parents that some share their hash of 32 bits.
func TestHashesThatCollide(t *testing.T) {
	const parents = 500_000
	b := chunker.NewBuilder()
	for i := range parents {
		if err := b.Add(link("Campaigns", 3652397000000000000+zoho.ID(i), "Leads", 1), i+2); err != nil {
			t.Fatal(err)
		}
	}
	if s := b.Build(); s.Groups() != parents {
		t.Errorf("%d groups of %d", s.Groups(), parents)
	}
}
