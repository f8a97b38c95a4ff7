package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/worker"
)

// Fate is what became of a link, or of a row, as a failures file tells it.
type Fate struct {
	Status  worker.Status
	Code    string
	Message string
}

// Book is what is known of every row of an input. Its counts may be read while it is written; nothing else may.
type Book struct {
	set   *chunker.Set
	known []uint32 // by position: the number of its fate; 0 while it is pending
	fates []Fate   // by number
	count []int    // of the positions with each fate
	index map[Fate]uint32

	invalid map[int]bool // by line: whether the row is in the result file
	bad     []*reader.RowError
	// again counts the rows in the result file of links, and of lines, that have more than one: all but the last are
	// superseded.
	again  map[int]int
	counts map[worker.Status]*atomic.Int64
	cutOff int // see SetCutOff
}

// NewBook starts the book of an input. bad are the rows that cannot be used, if the run goes on without them.
func NewBook(set *chunker.Set, bad []*reader.RowError) *Book {
	b := &Book{
		set:     set,
		known:   make([]uint32, set.Rows()),
		fates:   make([]Fate, 1),
		count:   make([]int, 1),
		index:   map[Fate]uint32{},
		invalid: make(map[int]bool, len(bad)),
		bad:     bad,
		again:   map[int]int{},
		counts:  map[worker.Status]*atomic.Int64{},
	}
	for _, s := range []worker.Status{worker.Removed, worker.Absent, worker.Failed, worker.Unknown, Duplicate, Invalid} {
		b.counts[s] = new(atomic.Int64)
	}
	for _, e := range bad {
		b.invalid[e.Line] = false
	}
	return b
}

// Count is how many rows have a status.
func (b *Book) Count(s worker.Status) int { return int(b.counts[s].Load()) }

// Pending is how many links have not been sent.
func (b *Book) Pending() int {
	return b.set.Links() - b.Count(worker.Removed) - b.Count(worker.Absent) - b.Count(worker.Failed) - b.Count(worker.Unknown)
}

// Rows is how many rows the input has.
func (b *Book) Rows() int { return b.set.Rows() + len(b.bad) }

// Links is how many different links it has.
func (b *Book) Links() int { return b.set.Links() }

// Fate is what is known of the link at a position.
func (b *Book) Fate(pos int) Fate {
	if n := b.known[b.set.First(pos)]; n > 0 {
		return b.fates[n]
	}
	switch first := b.set.First(pos); {
	case b.set.IsDoubted(first, chunker.LeftUnknown):
		return Fate{pending, codeLeftUnknown, "not sent; an earlier run sent it and did not learn what became of it"}
	case first < b.cutOff || b.set.IsDoubted(first, chunker.MayBeSent):
		return Fate{pending, codeMayBeSent, "not sent; an earlier run was cut off and may have sent it"}
	}
	return Fate{Status: pending, Message: "not sent"}
}

// IsPending reports whether the link at the position of its first row has not been sent, for all that the results tell.
func (b *Book) IsPending(pos int) bool { return b.known[pos] == 0 }

// SetCutOff says that pending links before a position may have been sent by an earlier run that was cut off.
func (b *Book) SetCutOff(end int) { b.cutOff = end }

// Codes of links that are pending, and of which an earlier run left something open: so that it is not forgotten, however often a
// failures file becomes an input.
const (
	codeLeftUnknown = "LEFT_UNKNOWN"
	codeMayBeSent   = "MAY_BE_SENT"
)

// LeftOpen is what an earlier run left open of a link, by what a failures file has of it.
func LeftOpen(status, code, message string) (d chunker.Doubt, open bool) {
	switch {
	case status == string(worker.Unknown), code == codeLeftUnknown:
		return chunker.LeftUnknown, true
	case code == codeMayBeSent, status == string(worker.Failed) && worker.LeavesOpen(message):
		return chunker.MayBeSent, true
	}
	return 0, false
}

// FailedOpen are the positions of the links that failed and that an earlier run may have removed before, in order.
func (b *Book) FailedOpen() []int {
	open := make([]bool, len(b.fates))
	some := false
	for n, f := range b.fates {
		open[n] = f.Status == worker.Failed && worker.LeavesOpen(f.Message)
		some = some || open[n] && b.count[n] > 0
	}
	if !some {
		return nil
	}
	var at []int
	for pos, n := range b.known {
		if open[n] {
			at = append(at, pos)
		}
	}
	return at
}

// Settled reports whether the link at a position is not to be sent (again).
func (b *Book) Settled(pos int, retryFailed bool) bool {
	switch b.Fate(pos).Status {
	case worker.Removed, worker.Absent:
		return true
	case worker.Failed:
		return !retryFailed
	case worker.Unknown: // and what has no fate yet
	}
	return false
}

// setFate sets the fate of a position; the last one counts.
func (b *Book) setFate(pos int, f Fate) {
	switch f.Status {
	case worker.Removed, worker.Absent, Duplicate: // nobody asks why: one fate each for millions of rows
		f.Code, f.Message = "", ""
	case worker.Failed, worker.Unknown, Invalid:
	}
	n, ok := b.index[f]
	if !ok {
		n = uint32(len(b.fates))
		b.fates, b.count = append(b.fates, f), append(b.count, 0)
		b.index[f] = n
	}
	if old := b.known[pos]; old > 0 {
		b.counts[b.fates[old].Status].Add(-1)
		b.count[old]--
		b.again[pos] = max(b.again[pos], 1) + 1
	}
	b.known[pos] = n
	b.count[n]++
	b.counts[f.Status].Add(1)
}

// Unknown are the positions of the links whose fate is unknown, or that an earlier run left so and that are pending, in order.
func (b *Book) Unknown() []int {
	var at []int
	for _, pos := range b.set.Doubted(chunker.LeftUnknown) {
		if b.known[pos] == 0 {
			at = append(at, pos)
		}
	}
	if b.Count(worker.Unknown) == 0 {
		return at
	}
	for pos, n := range b.known {
		if n > 0 && b.fates[n].Status == worker.Unknown {
			at = append(at, pos)
		}
	}
	slices.Sort(at)
	return at
}

// Cause is why some links failed or are unknown, and how many.
type Cause struct {
	Fate
	Links int
}

// Causes are why links failed or are unknown, the most frequent first.
func (b *Book) Causes() []Cause {
	var causes []Cause
	for n, f := range b.fates {
		if b.count[n] > 0 && (f.Status == worker.Failed || f.Status == worker.Unknown) {
			causes = append(causes, Cause{f, b.count[n]})
		}
	}
	slices.SortStableFunc(causes, func(x, y Cause) int { return cmp.Compare(y.Links, x.Links) })
	return causes
}

// rows adds the rows of outcomes.
func (b *Book) rows(outcomes []worker.Outcome, rows []Row) []Row {
	var at time.Time // the outcomes of a call have the same time
	var text string
	for i := range outcomes {
		o := &outcomes[i]
		if i == 0 || !o.Time.Equal(at) {
			at, text = o.Time, timestamp(o.Time)
		}
		_, line := b.set.At(o.Pos)
		r := linkRow(o.Link, line, o.Status, text)
		r.Code, r.Message, r.Attempts = cell(o.Code), cell(o.Message), o.Attempts
		if o.HTTPStatus > 0 {
			r.HTTPStatus = strconv.Itoa(o.HTTPStatus)
		}
		rows = append(rows, r)
	}
	return rows
}

// enter notes outcomes that are in the result file.
func (b *Book) enter(outcomes []worker.Outcome) {
	for i := range outcomes {
		o := &outcomes[i]
		b.setFate(o.Pos, Fate{o.Status, cell(o.Code), cell(o.Message)})
	}
}

// Load enters a row of an earlier run's result file. known is false if the input has no such row.
func (b *Book) Load(r *Row) (known bool) {
	if r.Status == Invalid {
		in, ok := b.invalid[r.Line]
		if ok && !in {
			b.invalid[r.Line] = true
			b.counts[Invalid].Add(1)
		}
		return ok && !in
	}
	pos, ok := b.find(r)
	if !ok {
		return false
	}
	b.setFate(pos, Fate{r.Status, r.Code, r.Message})
	return true
}

// Carry enters a row of a result file of another input if it tells what became of a link of this one, and gives it this
// input's line.
func (b *Book) Carry(r *Row) bool {
	switch r.Status {
	case worker.Removed, worker.Absent, worker.Failed, worker.Unknown: // the last was sent: pending would not be true
	default:
		return false
	}
	l, err := r.link()
	if err != nil {
		return false
	}
	pos, ok := b.set.Find(l)
	if !ok {
		return false
	}
	_, r.Line = b.set.At(pos)
	b.setFate(pos, Fate{r.Status, r.Code, r.Message})
	return true
}

// find is the position that a row of a result file is about.
func (b *Book) find(r *Row) (pos int, ok bool) {
	l, err := r.link()
	if err != nil {
		return 0, false
	}
	pos, ok = b.set.Find(l)
	if !ok || r.Status != Duplicate {
		return pos, ok
	}
	for i, line := range b.set.Lines(pos) {
		if i > 0 && line == r.Line {
			return pos + i, true
		}
	}
	return 0, false
}

// Unsent gives the rows that are settled without a call and not yet in the result file, duplicates and invalid rows, and
// enters them.
func (b *Book) Unsent(now time.Time, give func([]Row) error) error {
	const few = 1000
	at := timestamp(now)
	rows := make([]Row, 0, few)
	flush := func(least int) error {
		if len(rows) < least {
			return nil
		}
		err := give(rows)
		rows = rows[:0]
		return err
	}
	for _, e := range b.bad {
		if b.invalid[e.Line] {
			continue
		}
		f := b.invalidFate(e)
		rows = append(rows, Row{Line: e.Line, Status: Invalid, Code: f.Code, Message: f.Message, Time: at})
		b.invalid[e.Line] = true
		b.counts[Invalid].Add(1)
		if err := flush(few); err != nil {
			return err
		}
	}
	var dup uint32 // one fate for all: which line it repeats is told from the set
	for pos, first := range b.set.DuplicateRows() {
		if b.known[pos] > 0 {
			continue
		}
		link, line := b.set.At(pos)
		_, firstLine := b.set.At(first)
		r := linkRow(link, line, Duplicate, at)
		r.Message = fmt.Sprintf("the same link as line %d", firstLine)
		rows = append(rows, r)
		if dup == 0 {
			b.setFate(pos, Fate{Status: Duplicate})
			dup = b.known[pos]
		} else {
			b.known[pos] = dup
			b.counts[Duplicate].Add(1)
		}
		if err := flush(few); err != nil {
			return err
		}
	}
	return flush(1)
}

func (b *Book) invalidFate(e *reader.RowError) Fate {
	return Fate{Invalid, "INVALID_ROW", cell(e.Message())}
}

// Superseded reports whether the result file has rows that later ones replaced.
func (b *Book) Superseded() bool { return len(b.again) > 0 }

// Last tells, for the rows of the result file in their order, which ones are the last for their link or line. It can be
// used for one pass over the whole file.
func (b *Book) Last() func(r *Row) bool {
	left := b.again
	b.again = map[int]int{}
	seen := map[int]bool{}
	return func(r *Row) bool {
		if r.Status == Invalid {
			first := !seen[r.Line]
			seen[r.Line] = true
			return first
		}
		pos, ok := b.find(r)
		if !ok {
			return false
		}
		if n := left[pos]; n > 1 {
			left[pos] = n - 1
			return false
		}
		return true
	}
}
