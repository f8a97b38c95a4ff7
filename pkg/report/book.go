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

// Fate is what became of a link, or of a row that cannot be used. The last three columns of a
// failures file have it.
type Fate struct {
	Status  outcome.Status
	Code    string
	Message string
}

// Book is what is known of every row of an input. Count, Pending, Rows and Links may be called at
// any time. The other methods must be called one after the other.
type Book struct {
	set    *chunker.Set
	known  []uint32 // by position: the number of its fate; 0 while it is pending
	fates  []Fate   // by number
	byFate []int    // by number: how many positions have the fate
	index  map[Fate]uint32
	latest uint32 // the fate that was asked for last

	invalid map[int]bool // by line: whether the row is in the result file
	bad     []*reader.RowError
	// rowCount is how many rows of the result file a position has. To save memory, it leaves out
	// positions without a row, and those whose only row still counts.
	rowCount map[int]int
	byStatus map[outcome.Status]*atomic.Int64 // how many links or rows have the status

	inDoubt     positions // links that an earlier run may have sent without leaving an outcome
	leftUnknown positions // links that a run of another input left unknown
	outdated    bool      // the result file has rows of links that are pending again

	// The parent record of the row that was last looked for.
	parentText string
	parent     zoho.ID
}

// NewBook gives the book of an input of which nothing is known yet. bad are the rows that cannot be
// used, if the run goes on without them.
func NewBook(set *chunker.Set, bad []*reader.RowError) *Book {
	b := &Book{
		set:      set,
		known:    make([]uint32, set.Rows()),
		fates:    make([]Fate, 1),
		byFate:   make([]int, 1),
		index:    map[Fate]uint32{},
		invalid:  make(map[int]bool, len(bad)),
		bad:      bad,
		rowCount: map[int]int{},
		byStatus: map[outcome.Status]*atomic.Int64{},
	}
	for _, f := range outcome.Table {
		b.byStatus[f.Status] = new(atomic.Int64)
	}
	for _, e := range bad {
		b.invalid[e.Line] = false
	}
	return b
}

// Count is how many links have a status. For Duplicate and Invalid it is how many rows have it.
func (b *Book) Count(s outcome.Status) int {
	if s == outcome.Pending {
		return b.Pending()
	}
	return int(b.byStatus[s].Load())
}

// Pending is how many links have no status yet.
func (b *Book) Pending() int {
	left := b.set.Links()
	for _, f := range outcome.Table {
		if f.OfLink {
			left -= int(b.byStatus[f.Status].Load())
		}
	}
	return left
}

// Rows is how many rows the input has.
func (b *Book) Rows() int { return b.set.Rows() + len(b.bad) }

// Links is how many different links the input has.
func (b *Book) Links() int { return b.set.Links() }

// status gives the status of the link, or of the duplicate row, at a position.
func (b *Book) status(pos int) outcome.Status {
	if n := b.known[pos]; n > 0 {
		return b.fates[n].Status
	}
	return outcome.Pending
}

// Fate gives what is known of the link at a position.
func (b *Book) Fate(pos int) Fate {
	first := b.set.First(pos)
	switch h := b.History(first); {
	case b.known[first] > 0:
		return b.fates[b.known[first]]
	case h == outcome.InDoubt:
		return Fate{outcome.Unknown, CodeInDoubt, "an earlier run was cut off and may have removed the link"}
	case h == outcome.LeftUnknown:
		return Fate{outcome.Unknown, zoho.CodeNoAnswer, "an earlier run sent the link and got no answer: it may be removed"}
	}
	return Fate{Status: outcome.Pending, Message: "not sent"}
}

// CodeInDoubt is the code of links in doubt in a failures file.
const CodeInDoubt = "IN_DOUBT"

// History gives what earlier runs leave open about a link. pos must be the position of the link's
// first row.
func (b *Book) History(pos int) outcome.History {
	switch {
	case b.inDoubt.has(pos):
		return outcome.InDoubt
	case b.leftUnknown.has(pos), b.status(pos) == outcome.Unknown:
		return outcome.LeftUnknown
	}
	return outcome.Clear
}

// ToSend reports whether a link is to be sent. pos must be the position of the link's first row.
// retry says that failed links are to be sent again.
func (b *Book) ToSend(pos int, retry bool) bool { return b.status(pos).ToSend(retry) }

// Doubt puts a link in doubt: an earlier run may have sent it, and left no outcome. If the result
// file has an outcome of the link, that is from before. It does not count any more, and the link is
// pending again, unless the outcome was that the link is not there. Links that the input does not
// have are passed over. A link and its other side are the same one for a doubt: if the input has
// the other side, see DoubtIfClear.
func (b *Book) Doubt(l reader.Link) {
	if other, known := l.OtherSide(); known {
		b.doubtIfClear(other)
	}
	pos, ok := b.set.Find(l)
	if !ok {
		return
	}
	switch status := b.status(pos); {
	case status == outcome.Unknown: // the result file says already that it may be removed
		return
	case status.Claims() != outcome.NotLinked:
		b.makePending(pos)
	}
	b.inDoubt.add(pos, b.set.Rows())
}

// DoubtIfClear puts a link in doubt because of a run with another result file. It changes neither
// the status that this result file gives the link, nor a history that is not Clear.
func (b *Book) DoubtIfClear(l reader.Link) {
	b.doubtIfClear(l)
	if other, known := l.OtherSide(); known {
		b.doubtIfClear(other)
	}
}

func (b *Book) doubtIfClear(l reader.Link) {
	if pos, ok := b.set.Find(l); ok && b.History(pos) == outcome.Clear {
		b.inDoubt.add(pos, b.set.Rows())
	}
}

// DoubtAllPending puts every link in doubt that is pending.
func (b *Book) DoubtAllPending() {
	for pos := range b.known {
		if b.known[pos] == 0 && !b.set.IsDuplicate(pos) {
			b.inDoubt.add(pos, b.set.Rows())
		}
	}
}

// LeaveUnknown notes that a run of another input sent a link and got no answer.
func (b *Book) LeaveUnknown(l reader.Link) {
	sides := []reader.Link{l}
	if other, known := l.OtherSide(); known {
		sides = append(sides, other)
	}
	for _, l := range sides {
		if pos, ok := b.set.Find(l); ok {
			b.leftUnknown.add(pos, b.set.Rows())
		}
	}
}

// InDoubt gives the positions of pending links that an earlier run may have removed, in order.
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

// MayBeRemoved gives the links, in batches, that are pending or unknown and that an attempt may
// have removed.
func (b *Book) MayBeRemoved() iter.Seq[chunker.Batch] {
	return func(yield func(chunker.Batch) bool) {
		if b.inDoubt.isEmpty() && b.leftUnknown.isEmpty() && b.Count(outcome.Unknown) == 0 {
			return
		}
		want := func(pos int) bool { return b.ToSend(pos, false) && b.History(pos).MayBeRemoved() }
		for batch := range b.set.Batches(chunker.MaxLinks, want) {
			if !yield(batch) {
				return
			}
		}
	}
}

// LinksThatAre gives the links that have one of some statuses.
func (b *Book) LinksThatAre(statuses ...outcome.Status) (links []reader.Link) {
	if !slices.ContainsFunc(statuses, func(s outcome.Status) bool { return b.Count(s) > 0 }) {
		return nil
	}
	for pos, n := range b.known {
		if n > 0 && slices.Contains(statuses, b.fates[n].Status) {
			l, _ := b.set.At(pos)
			links = append(links, l)
		}
	}
	return links
}

// HasHistory reports whether some link has a status, or a history that is not Clear.
func (b *Book) HasHistory() bool {
	return !b.inDoubt.isEmpty() || !b.leftUnknown.isEmpty() || b.Pending() < b.set.Links()
}

// makePending takes the status of a link away.
func (b *Book) makePending(pos int) {
	old := b.known[pos]
	if old == 0 {
		return
	}
	b.byStatus[b.fates[old].Status].Add(-1)
	b.byFate[old]--
	b.known[pos] = 0
	b.outdated = true
	b.rowCount[pos] = max(b.rowCount[pos], 1) // its row is in the result file
}

// setFate gives a position a fate, in place of an older one. Each call stands for one row of the
// result file.
func (b *Book) setFate(pos int, s outcome.Status, code, message string) {
	// Nothing shows why such links have their status. Without code and message, millions of rows
	// share one fate.
	if s.Claims() == outcome.NotLinked || s == outcome.Duplicate {
		code, message = "", ""
	}
	n := b.number(s, code, message)
	if old := b.known[pos]; old > 0 {
		b.byStatus[b.fates[old].Status].Add(-1)
		b.byFate[old]--
		b.rowCount[pos] = max(b.rowCount[pos], 1) + 1
	} else if rows := b.rowCount[pos]; rows > 0 { // it was made pending again
		b.rowCount[pos] = rows + 1
	}
	b.known[pos] = n
	b.byFate[n]++
	b.byStatus[s].Add(1)
}

// number gives the number of a fate. The parts of the fate are arguments of their own, so that they
// stay in registers: this is done for every row of a result file.
func (b *Book) number(s outcome.Status, code, message string) uint32 {
	if last := &b.fates[b.latest]; b.latest > 0 && last.Status == s && last.Code == code && last.Message == message { // as for most links
		return b.latest
	}
	f := Fate{s, code, message}
	n, ok := b.index[f]
	if !ok {
		n = uint32(len(b.fates))
		b.fates, b.byFate = append(b.fates, f), append(b.byFate, 0)
		b.index[f] = n
	}
	b.latest = n
	return n
}

// Cause is why some links failed or are unknown, with their number.
type Cause struct {
	Fate
	Links int
}

// Causes gives why links failed or are unknown, the most frequent cause first.
func (b *Book) Causes() []Cause {
	var causes []Cause
	for n, f := range b.fates {
		if b.byFate[n] > 0 && (f.Status == outcome.Failed || f.Status == outcome.Unknown) {
			causes = append(causes, Cause{f, b.byFate[n]})
		}
	}
	slices.SortStableFunc(causes, func(x, y Cause) int { return cmp.Compare(y.Links, x.Links) })
	return causes
}

// enter takes outcomes whose rows are in the result file.
func (b *Book) enter(outcomes []outcome.Outcome) {
	for i := range outcomes {
		o := &outcomes[i]
		b.setFate(o.Pos, o.Status, cell(o.Code), cell(o.Message))
	}
}
