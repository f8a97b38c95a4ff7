package emulator

import (
	"slices"
	"strings"
	"time"

	"delink/pkg/zoho/emulator/linkset"
)

// A ledger holds what exists in the CRM: modules, lists, records, views and links.
//
// A link is kept once, on the side from which its relation was first named. From the other record
// it is the same link; the method at finds it.
type ledger struct {
	Books
	sides     string              // knob sides
	relations []relation          // module and list, by number
	numbers   map[relation]uint32 // the numbers of relations
	stored    []uint32            // by number: the relation under which the links are kept
	lists     map[string][]string // lists that links were put in, by module
	parents   map[recordKey]bool  // records that exist
	records   map[recordKey]map[string]any
	views     map[string][]view
	groups    map[groupKey]uint32 // place in sets
	sets      []group
	fields    map[linkKey]map[string]any // the links' own fields; few links have some
	made      map[linkKey]time.Time      // when links were made that a PUT made
}

type relation struct{ module, list string }

type recordKey struct {
	module string
	id     uint64
}

// groupKey names the links of one related list of one parent record.
type groupKey struct {
	parent   uint64
	relation uint32
}

type linkKey struct {
	group   groupKey
	related uint64
}

type group struct {
	linkset.Set
	key   groupKey
	calls uint32
}

func newLedger(sides string) ledger {
	return ledger{
		Books:   Books{Calls: map[string]int{}, Faults: map[string]int{}, Codes: map[string]int{}},
		sides:   sides,
		numbers: map[relation]uint32{},
		lists:   map[string][]string{},
		parents: map[recordKey]bool{},
		records: map[recordKey]map[string]any{},
		views:   map[string][]view{},
		groups:  map[groupKey]uint32{},
		fields:  map[linkKey]map[string]any{},
		made:    map[linkKey]time.Time{},
	}
}

// key numbers a relation and makes the key of its list of one parent.
func (b *ledger) key(module string, parent uint64, list string) groupKey {
	n, ok := b.numbers[relation{module, list}]
	if !ok {
		// The names may be parts of a request, which would live as long.
		r := relation{strings.Clone(module), strings.Clone(list)}
		n = uint32(len(b.relations))
		b.relations = append(b.relations, r)
		b.numbers[r] = n
		b.stored = append(b.stored, n)
		if other, ok := b.otherSide(r); ok {
			b.stored[n] = other
		}
	}
	return groupKey{parent, n}
}

// otherSide returns the number of the relation whose links are those of r, if it was named before.
func (b *ledger) otherSide(r relation) (number uint32, ok bool) {
	other, ok := otherSides[r]
	if !ok || b.sides == "separate" {
		return 0, false
	}
	if b.sides == "without-roles" && (r.list == contactRoles || other.list == contactRoles) {
		return 0, false
	}
	number, ok = b.numbers[other]
	return number, ok
}

// turned reports whether the links of a list are kept on the side of the related records.
func (b *ledger) turned(key groupKey) bool { return b.stored[key.relation] != key.relation }

// at returns where the link of a list to a related record is kept.
func (b *ledger) at(key groupKey, related uint64) linkKey {
	if b.turned(key) {
		return linkKey{groupKey{related, b.stored[key.relation]}, key.parent}
	}
	return linkKey{key, related}
}

// group returns the group of that key, made if it is not there. The pointer is good until another
// group is made.
func (b *ledger) group(key groupKey) *group {
	i, ok := b.groups[key]
	if !ok {
		i = uint32(len(b.sets))
		b.sets = append(b.sets, group{key: key})
		b.groups[key] = i
	}
	return &b.sets[i]
}

// find returns a link, nil if it is not known. The pointer is good until a link is made.
func (b *ledger) find(key groupKey, related uint64) *linkset.Link {
	k := b.at(key, related)
	if i, ok := b.groups[k.group]; ok {
		return b.sets[i].Find(k.related)
	}
	return nil
}

// entry returns a link, made if it is not known. The pointer is good until another link is made.
func (e *Emulator) entry(cfg *Config, key groupKey, related uint64) *linkset.Link {
	b := &e.books
	k := b.at(key, related)
	g := b.group(k.group)
	if l := g.Find(k.related); l != nil {
		return l
	}
	return g.Insert(k.related, e.defaultLinked(cfg, k))
}

// linked reports whether a read shows a link, without making it known.
func (e *Emulator) linked(cfg *Config, key groupKey, related uint64, reads reading) bool {
	if l := e.books.find(key, related); l != nil {
		return reads.linked(&e.books, e.books.at(key, related), l)
	}
	return e.defaultLinked(cfg, e.books.at(key, related))
}

// defaultLinked reports whether a link is there that nobody has touched.
func (e *Emulator) defaultLinked(cfg *Config, k linkKey) bool {
	return cfg.Links == "all" && !cfg.Missing[k.group.parent] &&
		!cfg.Absent[k.related] && !always(cfg, k.related, 1, cfg.AbsentShare)
}

// relatedIDs returns the ids that a list links to, in order. reads decides which links those are.
func (b *ledger) relatedIDs(key groupKey, reads reading) (ids []uint64) {
	if b.turned(key) {
		for i := range b.sets {
			g := &b.sets[i]
			if g.key.relation != b.stored[key.relation] {
				continue
			}
			if l := g.Find(key.parent); l != nil && reads.linked(b, linkKey{g.key, l.ID}, l) {
				ids = append(ids, g.key.parent)
			}
		}
		slices.Sort(ids)
		return ids
	}
	if i, ok := b.groups[key]; ok {
		for l := range b.sets[i].All() {
			if reads.linked(b, linkKey{key, l.ID}, l) {
				ids = append(ids, l.ID)
			}
		}
	}
	return ids
}

// A reading sees links as they were before the changes since a time (?: what a read shows right
// after a delete is not documented). The zero reading sees them as they are.
type reading struct{ since time.Time }

func (r reading) linked(b *ledger, k linkKey, l *linkset.Link) bool {
	switch {
	case r.since.IsZero():
		return l.Linked()
	case l.Linked():
		return !b.made[k].After(r.since)
	}
	return l.Removed().After(r.since)
}

// declare makes a list and a parent record exist.
func (b *ledger) declare(module string, parent uint64, list string) {
	module = b.relations[b.key(module, parent, list).relation].module
	b.parents[recordKey{module, parent}] = true
	if !slices.Contains(b.lists[module], list) {
		b.lists[module] = append(b.lists[module], strings.Clone(list))
	}
}

// hasRecord reports whether a record exists: it was put in, or a link names it.
func (b *ledger) hasRecord(module string, id uint64) bool {
	if b.parents[recordKey{module, id}] {
		return true
	}
	for i := range b.sets {
		g := &b.sets[i]
		if moduleOf(b.relations[g.key.relation].list) != module {
			continue
		}
		if l := g.Find(id); l != nil && l.Real() {
			b.parents[recordKey{strings.Clone(module), id}] = true
			return true
		}
	}
	return false
}

// recordIDs returns the ids of all records of a module, in order.
func (b *ledger) recordIDs(module string) (ids []uint64) {
	for k := range b.parents {
		if k.module == module {
			ids = append(ids, k.id)
		}
	}
	for i := range b.sets {
		g := &b.sets[i]
		if moduleOf(b.relations[g.key.relation].list) != module {
			continue
		}
		for l := range g.All() {
			if l.Real() {
				ids = append(ids, l.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// violation notes a breach of the protocol.
func (b *ledger) violation(what string) {
	if !slices.Contains(b.Violations, what) {
		b.Violations = append(b.Violations, what)
	}
}

// note counts the codes of an answer.
func (b *ledger) note(a answer) {
	for _, code := range a.codes {
		b.Codes[code]++
	}
}
