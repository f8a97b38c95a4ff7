package reader

import (
	"fmt"
	"strconv"
	"strings"
)

// How much is kept of rows that cannot be used. There can be millions: a spreadsheet that has changed
// one id has often changed all.
const (
	keptErrors = 1000 // rows as they are, and different errors
	keptSpans  = 4    // of lines that follow each other, of each error
)

// RowErrors counts the rows of an input that cannot be used, and keeps the first ones. Rows with the
// same error are one group. The zero value has none.
type RowErrors struct {
	count     int
	undecoded bool
	first     []*RowError
	groups    []*RowGroup
	known     map[rowFault]*RowGroup
}

// rowFault is what is equal in the errors of a group.
type rowFault struct {
	file, column string
	number       int
	reason, hint string
}

// RowGroup is the rows of an input that have the same error: for the same reason, in the same column.
type RowGroup struct {
	Example *RowError // of the first row
	Rows    int
	spans   []span
	listed  int // rows in spans
}

// span is lines on which rows of a group start, from first to last.
type span struct{ first, last int }

// Add adds a row. The rows of an input come in their order.
func (r *RowErrors) Add(e *RowError) {
	r.count++
	r.undecoded = r.undecoded || e.Undecoded
	r.keep(e)
	if g := r.group(e); g != nil {
		g.Rows++
		g.list(span{e.Line, e.Line})
	}
}

// Join adds the rows of other, behind those that r has. It is as if each of them was added to r, as
// far as other has kept them.
func (r *RowErrors) Join(other *RowErrors) {
	r.count += other.count
	r.undecoded = r.undecoded || other.undecoded
	r.keep(other.first...)
	for _, more := range other.groups {
		if g := r.group(more.Example); g != nil {
			g.Rows += more.Rows
			for _, s := range more.spans {
				g.list(s)
			}
		}
	}
}

// keep keeps rows as they are, as long as there is room.
func (r *RowErrors) keep(rows ...*RowError) {
	r.first = append(r.first, rows[:min(len(rows), keptErrors-len(r.first))]...)
}

// group gives the group of a row, which may be new. It gives nil if there are too many already.
func (r *RowErrors) group(e *RowError) *RowGroup {
	fault := rowFault{e.File, e.Column, e.Number, e.Reason, e.Hint}
	g := r.known[fault]
	if g == nil && len(r.groups) < keptErrors {
		if r.known == nil {
			r.known = map[rowFault]*RowGroup{}
		}
		g = &RowGroup{Example: e}
		r.known[fault] = g
		r.groups = append(r.groups, g)
	}
	return g
}

// list notes lines on which rows start, as long as there is room.
func (g *RowGroup) list(s span) {
	last := len(g.spans) - 1
	switch {
	case last >= 0 && g.spans[last].last == s.first-1:
		g.spans[last].last = s.last
	case len(g.spans) < keptSpans:
		g.spans = append(g.spans, s)
	default:
		return
	}
	g.listed += s.last - s.first + 1
}

// Count is how many rows there are.
func (r *RowErrors) Count() int { return r.count }

// Undecoded reports whether one of them has text that is none in the encoding that the input is
// read in.
func (r *RowErrors) Undecoded() bool { return r.undecoded }

// First gives the first rows, n at the most.
func (r *RowErrors) First(n int) []*RowError { return r.first[:min(n, len(r.first))] }

// Groups gives the groups in the order of their first rows, n at the most.
func (r *RowErrors) Groups(n int) []*RowGroup { return r.groups[:min(n, len(r.groups))] }

// Shown gives n groups at the most, for a message: each row for itself where there are no more than n
// of them, since each has a value of its own, else Groups.
func (r *RowErrors) Shown(n int) []*RowGroup {
	if r.count > n {
		return r.Groups(n)
	}
	var all []*RowGroup
	for _, e := range r.First(n) {
		all = append(all, &RowGroup{Example: e, Rows: 1})
	}
	return all
}

// Error says what is wrong with the rows of a group, and on which lines they start, without the hint.
// One row has its place and its value in it: see RowError. Of several, Example is one.
func (g *RowGroup) Error() string {
	if g.Rows == 1 {
		return g.Example.Error()
	}
	e := *g.Example
	e.Value = ""
	return place(e.File, 0, 0) + ": lines " + g.lines() + ": " + e.what()
}

// Place is where the value of the example is, and the value: links.csv:2:37 "12x4".
func (g *RowGroup) Place() string {
	e := g.Example
	s := place(e.File, e.AtLine, e.AtCol)
	if e.Value != "" {
		s += " " + strconv.Quote(e.Value)
	}
	return s
}

// lines gives the lines on which the rows start: 2–601, 605 and 17 more.
func (g *RowGroup) lines() string {
	all := make([]string, len(g.spans))
	for i, s := range g.spans {
		all[i] = strconv.Itoa(s.first)
		if s.last > s.first {
			all[i] += "–" + strconv.Itoa(s.last)
		}
	}
	if more := g.Rows - g.listed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all, ", "), more)
	}
	return strings.Join(all, ", ")
}
