package report

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// rows appends the rows for outcomes to rows.
func (b *Book) rows(outcomes []outcome.Outcome, rows []Row) []Row {
	var at time.Time // the outcomes of a call have the same time
	var of zoho.ID
	var text, parent string
	for i := range outcomes {
		o := &outcomes[i]
		if i == 0 || !o.Time.Equal(at) {
			at, text = o.Time, Timestamp(o.Time)
		}
		link, line := b.set.At(o.Pos)
		if i == 0 || link.Parent != of { // nor do they differ in the parent record
			of, parent = link.Parent, link.Parent.String()
		}
		r := linkRow(link, parent, line, o.Status, text)
		r.Code, r.Message, r.Attempts = cell(o.Code), cell(o.Message), o.Attempts
		if o.HTTPStatus > 0 {
			r.HTTPStatus = strconv.Itoa(o.HTTPStatus)
		}
		rows = append(rows, r)
	}
	return rows
}

// Load takes a row of an earlier run's result file. fits is false if the input has no such row on
// that line.
func (b *Book) Load(r *Row) (fits bool) {
	if r.Status == outcome.Invalid {
		in, ok := b.invalid[r.Line]
		if ok && !in {
			b.invalid[r.Line] = true
			b.byStatus[outcome.Invalid].Add(1)
		}
		return ok && !in
	}
	pos, ok := b.find(r)
	if !ok {
		return false
	}
	b.setFate(pos, r.Status, r.Code, r.Message)
	return b.set.Line(pos) == r.Line
}

// Carry takes a row of another input's result file, if this input has the row's link. It sets the
// row's line to the line of the link in this input.
func (b *Book) Carry(r *Row) bool {
	if !r.Status.IsOfLink() {
		return false
	}
	pos, ok := b.find(r)
	if !ok {
		return false
	}
	r.Line = b.set.Line(pos)
	b.setFate(pos, r.Status, r.Code, r.Message)
	return true
}

// find gives the position of the link, or of the duplicate row, that a row of a result file is
// about.
func (b *Book) find(r *Row) (pos int, ok bool) {
	if r.Parent != b.parentText { // the rows of a call have the same one
		id, err := zoho.ParseID(r.Parent)
		if err != nil {
			return 0, false
		}
		b.parentText, b.parent = r.Parent, id
	}
	related, err := zoho.ParseID(r.Related)
	if err != nil {
		return 0, false
	}
	l := reader.Link{Relation: zoho.Relation{Module: r.Module, List: r.Relation}, Parent: b.parent, Related: related}
	if r.Status != outcome.Duplicate {
		return b.set.Find(l)
	}
	pos, ok = b.set.FindLine(l, r.Line)
	return pos, ok && b.set.IsDuplicate(pos)
}

// Unsent calls give with the rows of the result file that need no call, some at a time: those of
// duplicates and of rows that cannot be used. It leaves out those that are in the file already.
func (b *Book) Unsent(now time.Time, give func([]Row) error) error {
	const few = 1000
	at := Timestamp(now)
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
		rows = append(rows, Row{Line: e.Line, Status: outcome.Invalid, Code: f.Code, Message: f.Message, Time: at})
		b.invalid[e.Line] = true
		b.byStatus[outcome.Invalid].Add(1)
		if err := flush(few); err != nil {
			return err
		}
	}
	for pos, first := range b.set.DuplicateRows() {
		if b.known[pos] > 0 {
			continue
		}
		link, line := b.set.At(pos)
		_, firstLine := b.set.At(first)
		r := linkRow(link, link.Parent.String(), line, outcome.Duplicate, at)
		r.Message = fmt.Sprintf("the same link as line %d", firstLine)
		rows = append(rows, r)
		b.setFate(pos, outcome.Duplicate, "", "")
		if err := flush(few); err != nil {
			return err
		}
	}
	return flush(1)
}

// invalidFate is the fate of a row that cannot be used.
func (b *Book) invalidFate(e *reader.RowError) Fate {
	return Fate{outcome.Invalid, "INVALID_ROW", cell(e.Message())}
}

// Superseded reports whether the result file has rows that do not count any more: later ones
// replaced them, or their links are pending again.
func (b *Book) Superseded() bool { return len(b.rowCount) > 0 || b.outdated }

// Last returns a function that reports whether a row of the result file still counts: it is the
// last one of its link or line, and the link is not pending again. The function must be called once
// with every row of the file, in the order of the file.
func (b *Book) Last() func(r *Row) bool {
	left := b.rowCount
	b.rowCount, b.outdated = map[int]int{}, false
	seen := map[int]bool{}
	return func(r *Row) bool {
		if r.Status == outcome.Invalid {
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
		return b.known[pos] > 0
	}
}

// Batches gives the batches that are to be sent, each of links with the same history. Links in
// doubt go first. Links that an earlier run left unknown go last: if the CRM still does not answer
// for them, the run has sent all others before it stops. Links that become unknown after the call
// of Batches are not sent again.
func (b *Book) Batches(size int, retry bool) iter.Seq[chunker.Batch] {
	return b.BatchesFrom(nil, size, retry)
}

// BatchesFrom is Batches with some relations turned: sides has the other sides from which their
// links are to be removed. Of links with the same history, these go first, because more of them go
// into a call.
func (b *Book) BatchesFrom(sides map[zoho.Relation]zoho.Relation, size int, retry bool) iter.Seq[chunker.Batch] {
	left := b.left()
	return func(yield func(chunker.Batch) bool) {
		if !b.hasToSend(retry) { // as in a finished run, whose links take long to go through
			return
		}
		for _, h := range []outcome.History{outcome.InDoubt, outcome.Clear, outcome.LeftUnknown} {
			want := func(pos int) bool { return b.History(pos) == h && b.ToSend(pos, retry) }
			switch {
			case h == outcome.InDoubt && b.inDoubt.isEmpty(), h == outcome.LeftUnknown && left.isEmpty():
				continue
			case h == outcome.LeftUnknown:
				want = func(pos int) bool { return left.has(pos) && b.ToSend(pos, retry) }
			}
			for batch := range b.set.BatchesTurned(sides, size, want) {
				batch.History = h
				if !yield(batch) {
					return
				}
			}
		}
	}
}

// hasToSend reports whether some link is to be sent: see ToSend.
func (b *Book) hasToSend(retry bool) bool {
	return slices.ContainsFunc(outcome.Table, func(f outcome.Facts) bool { return f.OfLink && f.Status.ToSend(retry) && b.Count(f.Status) > 0 })
}

// left gives the links that an earlier run left unknown.
func (b *Book) left() (left positions) {
	if b.leftUnknown.isEmpty() && b.Count(outcome.Unknown) == 0 {
		return nil
	}
	for pos := range b.known {
		if b.History(pos) == outcome.LeftUnknown {
			left.add(pos, len(b.known))
		}
	}
	return left
}
