package emulator

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"
)

// Books is a snapshot of what was asked of the emulator and what came of it.
type Books struct {
	Calls     map[string]int `json:"calls"`      // by kind: delink, read, count, link, records, query, org, lists, views, token, revoke, device, other
	Faults    map[string]int `json:"faults"`     // faults that struck, by name
	Codes     map[string]int `json:"codes"`      // answers by code, items and whole calls alike
	Links     int            `json:"links"`      // links that were loaded or asked for
	Linked    int            `json:"linked"`     // of those, linked now
	Removed   int            `json:"removed"`    // removals done
	Restored  int            `json:"restored"`   // links made by PUT
	Deleted   int            `json:"deleted"`    // records deleted, by delinks on lists that hold records
	IDs       int            `json:"ids"`        // ids in all delink calls
	MinIDs    int            `json:"min_ids"`    // fewest ids in a delink call
	MaxIDs    int            `json:"max_ids"`    // most ids in a delink call
	Peak      int            `json:"peak"`       // most calls in flight that were seen, the refused ones included
	Throttled int            `json:"throttled"`  // refused with 429 for the calls in flight
	NoCredits int            `json:"no_credits"` // refused with 429 for the credits
	Credits   int            `json:"credits"`    // credits used in the last 24 hours
	Tokens    int            `json:"tokens"`     // access tokens issued
	Denied    int            `json:"denied"`     // token requests refused
	Encoded   int            `json:"encoded"`    // delink calls with %2C for commas

	// Busy is the sum of the times that accepted calls were in flight. Divided by (Last-First) ×
	// slots, it is the share of the slots that was used.
	Busy  time.Duration `json:"busy_ns"`
	First time.Time     `json:"first"` // arrival of the first accepted call
	Last  time.Time     `json:"last"`  // end of the last accepted call

	// Violations are breaches of the protocol, each kind once, oldest first.
	Violations []string `json:"violations"`
}

// State is what the books know of one link.
type State struct {
	Module  string
	Parent  uint64
	List    string
	Related uint64
	Linked  bool
	Sent    int       // delink calls that named it, whatever became of them
	Removed time.Time // when it was last removed, to the millisecond; zero: never
}

// ListState is what the books know of one list of one parent.
type ListState struct {
	Module string
	Parent uint64
	List   string
	Calls  int // delink calls that arrived for it
	Linked int // links that are there now, of those that were loaded or asked for
}

// Link puts links into the books: the module, the parent record, the list and the related records
// exist from now on, and they are linked.
func (e *Emulator) Link(module string, parent uint64, list string, related ...uint64) {
	e.lock()
	defer e.mu.Unlock()
	b := &e.books
	b.declare(module, parent, list)
	key := b.key(module, parent, list)
	if !b.turned(key) {
		b.group(key).Load(related)
		return
	}
	for _, id := range related {
		b.addRecord(moduleOf(list), id) // its link is kept on its own side, where no list names it
		e.entry(e.cfg.Load(), key, id).Restore()
	}
}

// Unlink takes links out of the books, as another user of the CRM would.
func (e *Emulator) Unlink(module string, parent uint64, list string, related ...uint64) {
	e.lock()
	defer e.mu.Unlock()
	b := &e.books
	b.declare(module, parent, list)
	key := b.key(module, parent, list)
	for _, id := range related {
		e.entry(e.cfg.Load(), key, id).Unlink()
	}
}

// Parent makes a record exist that has no links.
func (e *Emulator) Parent(module string, id uint64) {
	e.lock()
	defer e.mu.Unlock()
	e.books.addRecord(module, id)
}

// addRecord makes a record and its module exist.
func (b *ledger) addRecord(module string, id uint64) {
	b.parents[recordKey{module, id}] = true
	if b.lists[module] == nil {
		b.lists[module] = []string{}
	}
}

// SetRecord makes a record exist that has these fields, which go by API name.
func (e *Emulator) SetRecord(module string, id uint64, fields map[string]any) {
	e.lock()
	defer e.mu.Unlock()
	e.books.addRecord(module, id)
	e.books.records[recordKey{module, id}] = fields
}

// SetFields gives a link fields of its own, such as Member_Status. They are lost when the link is
// removed.
func (e *Emulator) SetFields(module string, parent uint64, list string, related uint64, fields map[string]any) {
	e.lock()
	defer e.mu.Unlock()
	e.books.fields[e.books.at(e.books.key(module, parent, list), related)] = fields
}

// Books returns a snapshot. It counts the links, which takes a moment if there are millions.
func (e *Emulator) Books() Books {
	e.lock()
	defer e.mu.Unlock()
	b := e.books.Books
	b.Calls, b.Faults, b.Codes = maps.Clone(b.Calls), maps.Clone(b.Faults), maps.Clone(b.Codes)
	b.Violations = slices.Clone(b.Violations)
	b.Credits = e.limits.used(time.Now())
	for i := range e.books.sets {
		for l := range e.books.sets[i].All() {
			b.Links++
			if l.Linked() {
				b.Linked++
			}
		}
	}
	return b
}

// State says what is known of one link.
func (e *Emulator) State(module string, parent uint64, list string, related uint64) State {
	e.lock()
	defer e.mu.Unlock()
	s := State{Module: module, Parent: parent, List: list, Related: related}
	key := e.books.key(module, parent, list)
	if l := e.books.find(key, related); l != nil {
		s.Linked, s.Sent, s.Removed = l.Linked(), l.Sent(), l.Removed()
		return s
	}
	s.Linked = e.defaultLinked(e.cfg.Load(), e.books.at(key, related))
	return s
}

// Linked reports whether a link is there now.
func (e *Emulator) Linked(module string, parent uint64, list string, related uint64) bool {
	return e.State(module, parent, list, related).Linked
}

// States yields all links that were loaded or asked for, in the order of module, list, parent and
// related id. A link comes once, on the side from which it was first named. The books are locked
// for one list at a time.
func (e *Emulator) States() iter.Seq[State] {
	return func(yield func(State) bool) {
		for _, i := range e.sorted() {
			for _, s := range e.states(i) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// Lists yields all lists that were loaded or asked for, in the order of module, list and parent.
func (e *Emulator) Lists() iter.Seq[ListState] {
	return func(yield func(ListState) bool) {
		for _, i := range e.sorted() {
			e.lock()
			g := &e.books.sets[i]
			r := e.books.relations[g.key.relation]
			s := ListState{Module: r.module, Parent: g.key.parent, List: r.list, Calls: int(g.calls)}
			s.Linked = len(e.books.relatedIDs(g.key, reading{}))
			e.mu.Unlock()
			if !yield(s) {
				return
			}
		}
	}
}

// sorted returns the places of all groups, in the order of module, list and parent.
func (e *Emulator) sorted() []int {
	e.lock()
	defer e.mu.Unlock()
	b := &e.books
	order := make([]int, len(b.sets))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		x, y := b.sets[i].key, b.sets[j].key
		rx, ry := b.relations[x.relation], b.relations[y.relation]
		return cmp.Or(cmp.Compare(rx.module, ry.module), cmp.Compare(rx.list, ry.list), cmp.Compare(x.parent, y.parent))
	})
	return order
}

func (e *Emulator) states(i int) []State {
	e.lock()
	defer e.mu.Unlock()
	g := &e.books.sets[i]
	r := e.books.relations[g.key.relation]
	list := make([]State, 0, g.Len())
	for l := range g.All() {
		list = append(list, State{
			Module: r.module, Parent: g.key.parent, List: r.list, Related: l.ID,
			Linked: l.Linked(), Sent: l.Sent(), Removed: l.Removed(),
		})
	}
	return list
}

// FieldsOf gives a link's own fields as they are now; nil if it has none.
func (e *Emulator) FieldsOf(module string, parent uint64, list string, related uint64) map[string]any {
	e.lock()
	defer e.mu.Unlock()
	b := &e.books
	return maps.Clone(b.fields[b.at(b.key(module, parent, list), related)])
}
