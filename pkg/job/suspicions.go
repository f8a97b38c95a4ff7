package job

import (
	"fmt"
	"slices"

	"delink/pkg/chunker"
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

// Zoho's ids are counted up within an org, behind digits that all ids of the org share (I). So the last four digits are
// 0000 for one id in ten thousand, and what is before the last twelve is nearly always the same.
const (
	rounded = 10_000
	orgPart = 1_000_000_000_000
	// roundedTimes is how many times more often than by chance ids must end in 0000, and roundedLeast how often at the
	// least, to be suspicious.
	roundedTimes = 20
	roundedLeast = 3
	// mostForeign is the share of ids, in percent, up to which those that differ from the rest count as strays. If there are
	// more, there is no rest to differ from.
	mostForeign = 10
)

// suspect looks for what is often a mistake. It takes two passes over the set and a bitset of the parents.
func suspect(set *chunker.Set) []Suspicion {
	var round, roundParents, self, swapped sighting
	parents := newIDSet(set)
	parentOrgs, relatedOrgs := newTally(), newTally()
	for g := range set.EachGroup() {
		parentOrgs.add(uint64(g.Parent) / orgPart)
		if g.Parent%rounded == 0 {
			roundParents.see(int(slices.Min(g.Lines)))
		}
		for i, id := range g.Related {
			line := int(g.Lines[i])
			relatedOrgs.add(uint64(id) / orgPart)
			if id%rounded == 0 {
				round.see(line)
			}
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
		found = append(found, roundParents.suspicion(excel, "parent ids that end in 0000: %d of %d", roundParents.count, set.Groups()))
	}
	if round.isRounded(set.Rows()) {
		found = append(found, round.suspicion(excel, "related ids that end in 0000: %d of %d", round.count, set.Rows()))
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
	return s.count == of && of > 0 || s.count >= roundedLeast && s.count*rounded > of*roundedTimes
}

// tally counts the leading digits of ids. There are few in a real input; in others, only the first ones are told apart.
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

// main is the leading digits of nearly all ids, 0 if there are none, and whether there are others beside them.
func (t *tally) main() (digits uint64, others bool) {
	t.flush()
	for digits, n := range t.counts {
		if n*100 >= t.all*(100-mostForeign) {
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
