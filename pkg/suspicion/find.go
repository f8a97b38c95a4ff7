package suspicion

import (
	"slices"
	"strconv"

	"delink/pkg/chunker"
	"delink/pkg/parallel"
	"delink/pkg/reader"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// orgPart is what is left of an id's digits for its org: Zoho's ids are counted up within an org,
// behind digits that all ids of the org share (I), so that what is before the last twelve is nearly
// always the same.
const orgPart = 1_000_000_000_000

// UnusedOptions looks for options that rows contradict: they stand in only for columns that are
// missing. The label of a list, and its API name by opt.Lists, are the same list.
func UnusedOptions(set *chunker.Set, h *reader.Header, opt reader.Options) []Suspicion {
	found := otherParents(set, h, opt)
	if !h.TellsRelation() {
		return found
	}
	for _, o := range []struct {
		part  Part
		value string
		of    func(zoho.Relation) string
	}{
		{Module, opt.Module, func(r zoho.Relation) string { return r.Module }},
		{Relation, opt.Relation, func(r zoho.Relation) string { return r.List }},
	} {
		if o.value == "" {
			continue
		}
		var other sighting
		others, name := "", value.APIName(o.value)
		for g := range set.EachGroup() {
			label := zoho.Relation{Module: g.Relation.Module, List: name}
			if o.of(g.Relation) == name || o.part == Relation && opt.Lists[label] == g.Relation {
				continue
			}
			others = o.of(g.Relation)
			for _, line := range g.Lines {
				other.see(int(line))
			}
		}
		if other.count > 0 {
			s := other.as(UnusedOption)
			s.Part, s.Value, s.Other = o.part, o.value, others
			found = append(found, s)
		}
	}
	return found
}

// otherParents looks for rows that name another parent record than the one that Options give for
// all rows. Links of parent records that nobody meant would be removed, so this is certain.
func otherParents(set *chunker.Set, h *reader.Header, opt reader.Options) []Suspicion {
	if opt.Parent == "" || !h.TellsParent() {
		return nil
	}
	parent, p := value.ParseID(opt.Parent)
	if p != nil {
		return nil // such Options read no input
	}
	var other sighting
	named := ""
	for g := range set.EachGroup() {
		if g.Parent == parent {
			continue
		}
		named = g.Parent.String()
		for _, line := range g.Lines {
			other.see(int(line))
		}
	}
	if other.count == 0 {
		return nil
	}
	s := other.as(UnusedOption)
	s.Part, s.Value, s.Other, s.Certain = Parent, parent.String(), named, true
	return []Suspicion{s}
}

// Find looks for what is often a mistake. It takes two passes over the rows, at the same time, a
// third if some ids do not begin like the rest, and memory for the parents.
func Find(set *chunker.Set) []Suspicion {
	parentIDs, relatedIDs := rounded{ids: newSample()}, rounded{ids: newSample()}
	var self, swapped sighting
	parentOrgs, relatedOrgs := newTally(), newTally()
	parallel.Both(func() {
		for g := range set.EachGroup() {
			parentIDs.look(g.Parent, int(slices.Min(g.Lines)))
			for i, id := range g.Related {
				relatedIDs.look(id, int(g.Lines[i]))
			}
		}
	}, func() {
		parents := newIDSet(set)
		for g := range set.EachGroup() {
			parentOrgs.add(uint64(g.Parent) / orgPart)
			for i, id := range g.Related {
				line := int(g.Lines[i])
				relatedOrgs.add(uint64(id) / orgPart)
				switch {
				case id == g.Parent:
					self.see(line)
				case parents.has(id):
					swapped.see(line)
				}
			}
		}
	})
	var found []Suspicion
	repeats := repeatChance(set.Rows(), set.Links())
	if s, ok := parentIDs.suspicion(Parent, set.Groups(), &relatedIDs, repeats); ok {
		found = append(found, s)
	}
	if s, ok := relatedIDs.suspicion(Related, set.Rows(), &parentIDs, repeats); ok {
		found = append(found, s)
	}
	if self.count > 0 {
		found = append(found, self.as(OwnRelated))
	}
	if swapped.count > 0 {
		found = append(found, swapped.as(Swapped))
	}
	return append(found, orgs(set, parentOrgs, relatedOrgs)...)
}

// orgs looks at how ids begin.
func orgs(set *chunker.Set, parents, related *tally) []Suspicion {
	parentOrg, strayParents := parents.main()
	relatedOrg, strayRelated := related.main()
	if parentOrg != 0 && relatedOrg != 0 && parentOrg != relatedOrg {
		return []Suspicion{{
			Kind: TwoOrgs, Value: strconv.FormatUint(parentOrg, 10), Other: strconv.FormatUint(relatedOrg, 10),
			Count: set.Rows(), Lines: []int{},
		}}
	}
	if strayParents || strayRelated {
		return []Suspicion{stray(set, parentOrg, relatedOrg)}
	}
	return nil
}

// stray looks for the ids that do not begin like the rest.
func stray(set *chunker.Set, parentOrg, relatedOrg uint64) Suspicion {
	var seen sighting
	for g := range set.EachGroup() {
		strayParent := parentOrg != 0 && uint64(g.Parent)/orgPart != parentOrg
		for i, id := range g.Related {
			if strayParent || relatedOrg != 0 && uint64(id)/orgPart != relatedOrg {
				seen.see(int(g.Lines[i]))
			}
		}
	}
	s := seen.as(StrayIDs)
	s.Value = strconv.FormatUint(max(parentOrg, relatedOrg), 10)
	return s
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
