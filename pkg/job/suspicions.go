package job

import (
	"fmt"
	"slices"
	"strings"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Suspicion is something in an input that may be right and often is not.
type Suspicion struct {
	Text  string `json:"text"`  // what it is, with how often
	Hint  string `json:"hint"`  // what it may come from
	Count int    `json:"count"` // rows
	Lines []int  `json:"lines"` // the first ones
}

// shownLines is how many lines a suspicion names.
const shownLines = 3

// sighting collects the rows of one kind of suspicion: how many, and the first lines.
type sighting struct {
	count int
	lines []int

	zeros  int     // of ids that end in zeros, the least number of these
	chance float64 // how many of the ids that were looked at end so by chance
}

func (s *sighting) see(line int) {
	s.count++
	if len(s.lines) == shownLines && line > s.lines[shownLines-1] {
		return
	}
	i, _ := slices.BinarySearch(s.lines, line)
	s.lines = slices.Insert(s.lines, i, line)
	s.lines = s.lines[:min(len(s.lines), shownLines)]
}

func (s *sighting) suspicion(hint, format string, args ...any) Suspicion {
	return Suspicion{Text: fmt.Sprintf(format, args...), Hint: hint, Count: s.count, Lines: s.lines}
}

// Zoho's ids are counted up within an org, behind digits that all ids of the org share (I). So the
// last four digits are 0000 for one id in ten thousand, and what is before the last twelve is
// nearly always the same.
const (
	orgPart = 1_000_000_000_000
	// roundedTimes is how many times more often than by chance ids must end in zeros, and
	// roundedLeast how often at the least, to be suspicious.
	roundedTimes = 20
	roundedLeast = 3
)

// cutZeros is how many zeros a spreadsheet leaves at the end of an id: it keeps 15 digits. At the
// most four, which is what an id of 19 digits ends in then; of a shorter one than 17 they are too
// few to mean anything, and four of them are looked for, too.
func cutZeros(id zoho.ID) (zeros int, power zoho.ID) {
	switch {
	case id >= 1e16 && id < 1e17:
		return 2, 1e2
	case id >= 1e17 && id < 1e18:
		return 3, 1e3
	}
	return 4, 1e4
}

// look sees a line if its id ends in zeros as a spreadsheet leaves them.
func (s *sighting) look(id zoho.ID, line int) {
	zeros, power := cutZeros(id)
	s.chance += 1 / float64(power)
	if id%power != 0 {
		return
	}
	if s.count == 0 || zeros < s.zeros {
		s.zeros = zeros
	}
	s.see(line)
}

// unusedOptions looks for constants that rows contradict: they stand in only for columns that are
// missing.
func unusedOptions(set *chunker.Set, h *reader.Header, opt reader.Options) []Suspicion {
	var found []Suspicion
	for _, c := range []struct {
		flag, value string
		of          func(zoho.Relation) string
	}{
		{"--module", opt.Module, func(r zoho.Relation) string { return r.Module }},
		{"--relation", opt.Relation, func(r zoho.Relation) string { return r.List }},
	} {
		var other sighting
		value := ""
		for _, r := range set.Relations() {
			if c.value != "" && c.of(r.Relation) != zoho.APIName(c.value) {
				other.see(set.FirstLine(r.Relation))
				value = c.of(r.Relation)
			}
		}
		if other.count > 0 && h.TellsRelation() {
			found = append(found, other.suspicion("the flag stands in for a column that is missing: leave it out, or take the column out if it is wrong",
				"%s %s is not used: the file has a column for that, with %s in it", c.flag, c.value, value))
		}
	}
	return found
}

// suspect looks for what is often a mistake. It takes two passes over the set and a bitset of the
// parents.
func suspect(set *chunker.Set) []Suspicion {
	var round, roundParents, self, swapped sighting
	parents := newIDSet(set)
	parentOrgs, relatedOrgs := newTally(), newTally()
	for g := range set.EachGroup() {
		parentOrgs.add(uint64(g.Parent) / orgPart)
		roundParents.look(g.Parent, int(slices.Min(g.Lines)))
		for i, id := range g.Related {
			line := int(g.Lines[i])
			relatedOrgs.add(uint64(id) / orgPart)
			round.look(id, line)
			switch {
			case id == g.Parent:
				self.see(line)
			case parents.has(id):
				swapped.see(line)
			}
		}
	}
	var found []Suspicion
	const excel = "a spreadsheet keeps 15 digits of a number and writes zeros for the rest, which makes another record's id: export again, or format the column as text"
	if roundParents.isRounded(set.Groups()) {
		found = append(found, roundParents.suspicion(excel, "parent ids that end in %s: %d of %d", strings.Repeat("0", roundParents.zeros), roundParents.count, set.Groups()))
	}
	if round.isRounded(set.Rows()) {
		found = append(found, round.suspicion(excel, "related ids that end in %s: %d of %d", strings.Repeat("0", round.zeros), round.count, set.Rows()))
	}
	if self.count > 0 {
		found = append(found, self.suspicion("the same column may have been taken twice", "rows whose parent is their own related record: %d", self.count))
	}
	if swapped.count > 0 {
		found = append(found, swapped.suspicion("parent and related record may be swapped in some rows", "related ids that are parents in other rows: %d", swapped.count))
	}
	parentOrg, strayParents := parentOrgs.main()
	relatedOrg, strayRelated := relatedOrgs.main()
	if parentOrg != 0 && relatedOrg != 0 && parentOrg != relatedOrg {
		found = append(found, Suspicion{
			Text:  fmt.Sprintf("parent ids begin with %d, related ids with %d", parentOrg, relatedOrg),
			Hint:  "ids of one org share their leading digits: one of the columns may be of another org, or of a sandbox",
			Count: set.Rows(),
			Lines: []int{},
		})
		return found
	}
	if strayParents || strayRelated {
		found = append(found, foreign(set, parentOrg, relatedOrg))
	}
	return found
}

// foreign looks for the ids that do not begin like the rest.
func foreign(set *chunker.Set, parentOrg, relatedOrg uint64) Suspicion {
	var stray sighting
	for g := range set.EachGroup() {
		strayParent := parentOrg != 0 && uint64(g.Parent)/orgPart != parentOrg
		for i, id := range g.Related {
			if strayParent || relatedOrg != 0 && uint64(id)/orgPart != relatedOrg {
				stray.see(int(g.Lines[i]))
			}
		}
	}
	return stray.suspicion("ids of one org share their leading digits: these may be of another org, of a sandbox, or mistyped",
		"rows with an id that does not begin with %d as the others do: %d", max(parentOrg, relatedOrg), stray.count)
}

func (s *sighting) isRounded(of int) bool {
	return s.count == of && of > 0 || s.count >= roundedLeast && float64(s.count) > roundedTimes*s.chance
}

// tally counts the leading digits of ids. There are few in a real input; in others, only the first
// ones are told apart.
type tally struct {
	counts map[uint64]int
	all    int
	last   uint64 // the digits of the last id, nearly always those of the next one, and how often they came since
	run    int
}

const mostTallied = 1000

func newTally() *tally { return &tally{counts: map[uint64]int{}} }

func (t *tally) add(digits uint64) {
	if digits == t.last {
		t.run++
		return
	}
	t.flush()
	t.last, t.run = digits, 1
}

func (t *tally) flush() {
	t.all += t.run
	if _, ok := t.counts[t.last]; ok || len(t.counts) < mostTallied {
		t.counts[t.last] += t.run
	}
	t.run = 0
}

// main is the leading digits of most ids, 0 if there are none, and whether there are others beside
// them.
func (t *tally) main() (digits uint64, others bool) {
	t.flush()
	for digits, n := range t.counts {
		if n*2 > t.all {
			return digits, digits != 0 && n < t.all
		}
	}
	return 0, false
}

// idSet holds the parents: sorted, and behind a bitset that most other ids do not pass.
type idSet struct {
	bits   []uint64
	sorted []zoho.ID
}

func newIDSet(set *chunker.Set) *idSet {
	s := &idSet{sorted: make([]zoho.ID, 0, set.Groups())}
	for g := range set.EachGroup() {
		s.sorted = append(s.sorted, g.Parent)
	}
	slices.Sort(s.sorted)
	s.sorted = slices.Compact(s.sorted)
	words := 1
	for words*64 < 16*len(s.sorted) { // 16 bits an id: one other id in 16 passes
		words *= 2
	}
	s.bits = make([]uint64, words)
	for _, id := range s.sorted {
		word, bit := s.place(id)
		s.bits[word] |= bit
	}
	return s
}

func (s *idSet) place(id zoho.ID) (word int, bit uint64) {
	h := uint64(id) * 0x9e3779b97f4a7c15 // Fibonacci hashing: ids are counted up
	h ^= h >> 29
	return int(h>>6) & (len(s.bits) - 1), 1 << (h & 63)
}

func (s *idSet) has(id zoho.ID) bool {
	word, bit := s.place(id)
	if s.bits[word]&bit == 0 {
		return false
	}
	_, found := slices.BinarySearch(s.sorted, id)
	return found
}
