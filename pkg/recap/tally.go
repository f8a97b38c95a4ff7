package recap

import (
	"cmp"
	"slices"

	"delink/pkg/outcome"
	"delink/pkg/report"
)

// tally counts the rows of a result file. A link can have several rows there, while a run goes on or
// after a kill. All have the line of the link in the input, and the last one counts.
type tally struct {
	last   []uint32       // by line: the number of the last row's fate; 0 if there is no row
	far    map[int]uint32 // the same for lines beyond mostLines
	fates  []fate
	number map[fate]uint32
	byFate []int // how many lines have the fate

	parents   []Parent
	parentNo  map[parentKey]int32
	tooMany   bool        // parent records beyond mostParents were met
	again     map[int]int // by line: how many rows it has, if there are several
	overflown bool        // causes beyond mostCauses were met
}

// fate is what a row says of its link. The code and message of links that are not there anymore are
// left out: there can be as many as links.
type fate struct {
	status        outcome.Status
	code, message string
}

type parentKey struct{ module, relation, id string }

const (
	mostLines   = 1 << 27
	mostParents = 1_000_000
	mostCauses  = 10_000
	shownParent = 20
)

func newTally() *tally {
	return &tally{far: map[int]uint32{}, fates: make([]fate, 1), number: map[fate]uint32{}, byFate: make([]int, 1), parentNo: map[parentKey]int32{}, again: map[int]int{}}
}

func (t *tally) get(line int) uint32 {
	if line < 0 || line >= mostLines {
		return t.far[line]
	}
	if line < len(t.last) {
		return t.last[line]
	}
	return 0
}

func (t *tally) set(line int, n uint32) {
	if line < 0 || line >= mostLines {
		t.far[line] = n
		return
	}
	if line >= len(t.last) {
		t.last = append(t.last, make([]uint32, line+1-len(t.last))...)
	}
	t.last[line] = n
}

// take counts a row.
func (t *tally) take(r *report.Row) {
	n := t.fateOf(r)
	old := t.get(r.Line)
	t.set(r.Line, n)
	t.byFate[n]++
	p := -1
	if r.Status.IsOfLink() {
		p = t.parent(r)
	}
	if old != 0 {
		t.byFate[old]--
		t.again[r.Line] = max(1, t.again[r.Line]) + 1
	}
	if p < 0 {
		return
	}
	if old == 0 || !t.fates[old].status.IsOfLink() {
		t.parents[p].Links++
	} else if isBad(t.fates[old].status) {
		t.parents[p].Bad--
	}
	if isBad(r.Status) {
		t.parents[p].Bad++
	}
}

// isBad reports whether a link of a status failed or is unknown.
func isBad(s outcome.Status) bool {
	return s.IsOfLink() && s.IsBad()
}

func (t *tally) fateOf(r *report.Row) uint32 {
	f := fate{status: r.Status}
	if isBad(r.Status) {
		f.code, f.message = r.Code, r.Message
	}
	n, ok := t.number[f]
	if !ok && len(t.fates) > mostCauses {
		t.overflown = true
		f.code, f.message = "", ""
		n, ok = t.number[f]
	}
	if !ok {
		n = uint32(len(t.fates))
		f.code, f.message = cloned(f.code), cloned(f.message)
		t.number[f] = n
		t.fates, t.byFate = append(t.fates, f), append(t.byFate, 0)
	}
	return n
}

// parent gives the place of a row's parent record; -1 if it is one too many.
func (t *tally) parent(r *report.Row) int {
	k := parentKey{r.Module, r.Relation, r.Parent}
	if n, ok := t.parentNo[k]; ok {
		return int(n)
	}
	if len(t.parents) == mostParents {
		t.tooMany = true
		return -1
	}
	k = parentKey{cloned(k.module), cloned(k.relation), cloned(k.id)}
	t.parentNo[k] = int32(len(t.parents))
	t.parents = append(t.parents, Parent{Module: k.module, Relation: k.relation, ID: k.id, line: r.Line})
	return len(t.parents) - 1
}

// statuses gives how many links or rows have each status, in the order in which people see them.
func (t *tally) statuses() (counts []Count, settled int) {
	by := map[outcome.Status]int{}
	for i, f := range t.fates {
		by[f.status] += t.byFate[i]
	}
	for _, f := range outcome.Table {
		if f.OfLink {
			settled += by[f.Status]
		}
		if by[f.Status] > 0 {
			counts = append(counts, Count{f.Status, by[f.Status]})
		}
	}
	return counts, settled
}

// causes gives why links failed or are unknown, the most frequent cause first.
func (t *tally) causes() (all []Cause) {
	for i, f := range t.fates {
		if t.byFate[i] > 0 && isBad(f.status) {
			all = append(all, Cause{Status: f.status, Code: f.code, Message: f.message, Links: t.byFate[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b Cause) int { return cmp.Compare(b.Links, a.Links) })
	return all
}

// largest gives the parent records with the most links.
func (t *tally) largest() []Parent {
	all := slices.Clone(t.parents)
	slices.SortStableFunc(all, func(a, b Parent) int { return cmp.Compare(b.Links, a.Links) })
	return all[:min(len(all), shownParent)]
}
