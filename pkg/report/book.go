package report

import (
	"cmp"
	"iter"
	"slices"
	"sync/atomic"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Fate is what became of a link, or of a row that cannot be used. A failures file has it in its
// last three columns.
type Fate struct {
	Status  outcome.Status
	Code    string
	Message string
}

// Book is what is known of every row of an input. Its counts may be read while it is written;
// nothing else may.
type Book struct {
	set   *chunker.Set
	known []uint32 // by position: the number of its fate; 0 while it is pending
	fates []Fate   // by number
	count []int    // of the positions with each fate
	index map[Fate]uint32

	invalid map[int]bool // by line: whether the row is in the result file
	bad     []*reader.RowError
	// again counts rows of the result file, by position. It has the positions that have more than
	// one row, and those whose only row does not count any more. All rows of a position but the
	// last are superseded.
	again  map[int]int
	counts map[outcome.Status]*atomic.Int64

	inDoubt     positions // links that an earlier run may have sent without leaving an outcome
	leftUnknown positions // links that the input itself says were left unknown
	reopened    bool      // some rows in the result file are about links that are pending again
}

// NewBook starts the book of an input. bad are the rows that cannot be used, if the run goes on
// without them.
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
		counts:  map[outcome.Status]*atomic.Int64{},
	}
	for _, f := range outcome.Table {
		b.counts[f.Status] = new(atomic.Int64)
	}
	for _, e := range bad {
		b.invalid[e.Line] = false
	}
	return b
}

// Count is how many links have a status; for duplicate and invalid, how many rows have it.
func (b *Book) Count(s outcome.Status) int {
	if s == outcome.Pending {
		return b.Pending()
	}
	return int(b.counts[s].Load())
}

// Pending is how many links have not been sent.
func (b *Book) Pending() int {
	left := b.set.Links()
	for _, f := range outcome.Table {
		if f.OfLink {
			left -= int(b.counts[f.Status].Load())
		}
	}
	return left
}

// Rows is how many rows the input has.
func (b *Book) Rows() int { return b.set.Rows() + len(b.bad) }

// Links is how many different links it has.
func (b *Book) Links() int { return b.set.Links() }

// status is the status of the link, or of the duplicate row, at a position.
func (b *Book) status(pos int) outcome.Status {
	if n := b.known[pos]; n > 0 {
		return b.fates[n].Status
	}
	return outcome.Pending
}

// Fate is what is known of the link at a position.
func (b *Book) Fate(pos int) Fate {
	first := b.set.First(pos)
	switch h := b.History(first); {
	case b.known[first] > 0:
		return b.fates[b.known[first]]
	case h == outcome.InDoubt:
		return Fate{outcome.Unknown, CodeInDoubt, "an earlier run was cut off when it sent the link: it may be removed"}
	case h == outcome.LeftUnknown:
		return Fate{outcome.Unknown, zoho.CodeNoAnswer, "an earlier run sent the link and got no answer: it may be removed"}
	}
	return Fate{Status: outcome.Pending, Message: "not sent"}
}

// CodeInDoubt stands in failures files at links that are in doubt.
const CodeInDoubt = "IN_DOUBT"

// History is what earlier runs leave open about the link at the position of its first row.
func (b *Book) History(pos int) outcome.History {
	switch {
	case b.inDoubt.has(pos):
		return outcome.InDoubt
	case b.leftUnknown.has(pos), b.status(pos) == outcome.Unknown:
		return outcome.LeftUnknown
	}
	return outcome.Clear
}

// ToSend reports whether the link at the position of its first row is to be sent; retry says that
// failed links are.
func (b *Book) ToSend(pos int, retry bool) bool { return b.status(pos).ToSend(retry) }

// Doubt says that an earlier run may have sent a link without leaving an outcome. What is in the
// result file about the link is older and does not count any more, so the link is pending. Links
// that the input does not have are passed over.
func (b *Book) Doubt(l reader.Link) {
	pos, ok := b.set.Find(l)
	if !ok {
		return
	}
	switch status := b.status(pos); {
	case status == outcome.Unknown: // which says the same, and is in the result file
		return
	case !status.IsNotSeen():
		b.reopen(pos)
	}
	b.inDoubt.add(pos, b.set.Rows())
}

// MayBeSent says that a run of another input may have sent a link without leaving an outcome. What
// this input's results say of the link stands, and so does that an earlier run left it unknown.
func (b *Book) MayBeSent(l reader.Link) {
	if pos, ok := b.set.Find(l); ok && b.History(pos) == outcome.Clear {
		b.inDoubt.add(pos, b.set.Rows())
	}
}

// DoubtAllPending says that an earlier run may have sent every link of which nothing is known.
func (b *Book) DoubtAllPending() {
	for pos := range b.known {
		if b.known[pos] == 0 && !b.set.IsDuplicate(pos) {
			b.inDoubt.add(pos, b.set.Rows())
		}
	}
}

// LeaveUnknown says that an earlier run, of another input, sent a link and got no answer.
func (b *Book) LeaveUnknown(l reader.Link) {
	if pos, ok := b.set.Find(l); ok {
		b.leftUnknown.add(pos, b.set.Rows())
	}
}

// InDoubt gives the positions of the pending links that an earlier run may have removed, in order.
func (b *Book) InDoubt() (at []int) {
	if b.inDoubt.isEmpty() && b.leftUnknown.isEmpty() {
		return nil
	}
	for pos, n := range b.known {
		if n == 0 && b.History(pos).MayBeRemoved() {
			at = append(at, pos)
		}
	}
	return at
}

// Open gives the links that are pending or unknown and that an attempt may have removed, as
// batches.
func (b *Book) MayBeRemoved() iter.Seq[chunker.Batch] {
	return func(yield func(chunker.Batch) bool) {
		if b.inDoubt.isEmpty() && b.leftUnknown.isEmpty() && b.Count(outcome.Unknown) == 0 {
			return
		}
		isOpen := func(pos int) bool { return b.ToSend(pos, false) && b.History(pos).MayBeRemoved() }
		for batch := range b.set.Batches(chunker.MaxLinks, isOpen) {
			if !yield(batch) {
				return
			}
		}
	}
}

// LinksThatAre gives the links that have a status.
func (b *Book) LinksThatAre(s outcome.Status) (links []reader.Link) {
	if b.Count(s) == 0 {
		return nil
	}
	for pos, n := range b.known {
		if n > 0 && b.fates[n].Status == s {
			l, _ := b.set.At(pos)
			links = append(links, l)
		}
	}
	return links
}

// HasHistory reports whether anything is known of any link, or left open.
func (b *Book) HasHistory() bool {
	return !b.inDoubt.isEmpty() || !b.leftUnknown.isEmpty() || b.Pending() < b.set.Links()
}

// reopen makes a link pending again.
func (b *Book) reopen(pos int) {
	old := b.known[pos]
	if old == 0 {
		return
	}
	b.counts[b.fates[old].Status].Add(-1)
	b.count[old]--
	b.known[pos] = 0
	b.reopened = true
	b.again[pos] = max(b.again[pos], 1) // its row is in the result file
}

// setFate sets the fate of a position; the last one counts.
func (b *Book) setFate(pos int, f Fate) {
	if f.Status.IsNotSeen() || f.Status == outcome.Duplicate { // nobody asks why: one fate each for millions of rows
		f.Code, f.Message = "", ""
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
	} else if rows := b.again[pos]; rows > 0 { // it was reopened
		b.again[pos] = rows + 1
	}
	b.known[pos] = n
	b.count[n]++
	b.counts[f.Status].Add(1)
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
		if b.count[n] > 0 && (f.Status == outcome.Failed || f.Status == outcome.Unknown) {
			causes = append(causes, Cause{f, b.count[n]})
		}
	}
	slices.SortStableFunc(causes, func(x, y Cause) int { return cmp.Compare(y.Links, x.Links) })
	return causes
}

// enter notes outcomes that are in the result file.
func (b *Book) enter(outcomes []outcome.Outcome) {
	for i := range outcomes {
		o := &outcomes[i]
		b.setFate(o.Pos, Fate{o.Status, cell(o.Code), cell(o.Message)})
	}
}
