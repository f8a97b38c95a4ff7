package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

var leads = zoho.Relation{Module: "Campaigns", List: "Leads"}

var linkStatuses = []outcome.Status{outcome.Removed, outcome.Gone, outcome.Absent, outcome.Failed, outcome.Unknown}

// firsts gives the links of a set, by the position of their first row.
func firsts(set *chunker.Set) map[int]reader.Link {
	links := map[int]reader.Link{}
	for pos := range set.Rows() {
		if !set.IsDuplicate(pos) {
			links[pos], _ = set.At(pos)
		}
	}
	return links
}

// drawSome gives some positions of a set, in order.
func drawSome(t *rapid.T, set *chunker.Set, what string) (at []int) {
	for pos := range set.Rows() {
		if !set.IsDuplicate(pos) && rapid.Bool().Draw(t, what) {
			at = append(at, pos)
		}
	}
	return at
}

// drawOlder writes a result file in which some links have a row, and some have several.
func drawOlder(t *rapid.T, path string, in drawnInput) *Book {
	ledger, err := OpenLedger(quick, path, Extent{}, 0, "org1")
	if err != nil {
		t.Fatal(err)
	}
	book := NewBook(in.set, in.bad)
	r := &Recorder{Ledger: ledger, Book: book}
	for range rapid.IntRange(0, 2).Draw(t, "older rows") {
		var out []outcome.Outcome
		for _, pos := range drawSome(t, in.set, "has an older row") {
			out = append(out, outcome.Outcome{Pos: pos, Status: rapid.SampledFrom(linkStatuses).Draw(t, "older"), Attempts: 1})
		}
		if err := r.Write(out); err != nil {
			t.Fatal(err)
		}
	}
	if rapid.Bool().Draw(t, "unsent") {
		if err := r.WriteUnsent(time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ledger.Close(); err != nil {
		t.Fatal(err)
	}
	return book
}

// load reads a result file into a new book.
func load(t *rapid.T, path string, in drawnInput) (*Book, Extent) {
	book := NewBook(in.set, in.bad)
	extent, err := ReadLedger(quick, path, func(r *Row, _ int64) error {
		if !book.Load(r) {
			t.Fatalf("the row of line %d does not fit", r.Line)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return book, extent
}

// Whatever was known of a link that an earlier run may have sent: in the end it has one row if it
// is settled, and none if it is pending.
func TestOneRowForEachSettledLink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.csv")
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		older := drawOlder(t, path, in)
		book, extent := load(t, path, in)
		book.Doubt(reader.Link{Relation: leads, Parent: 99, Related: 99}) // not in the input
		for _, pos := range drawSome(t, in.set, "in doubt") {
			l, _ := in.set.At(pos)
			book.Doubt(l)
			want := older.status(pos)
			if want == outcome.Failed {
				want = outcome.Pending
			}
			if book.status(pos) != want || !book.History(pos).MayBeRemoved() {
				t.Fatalf("%v was %s, and is %s with the history %v", l, older.status(pos), book.status(pos), book.History(pos))
			}
		}
		ledger, err := OpenLedger(quick, path, extent, 0, "org1")
		if err != nil {
			t.Fatal(err)
		}
		r := &Recorder{Ledger: ledger, Book: book}
		if err := errors.Join(r.WriteUnsent(time.Unix(0, 0)), r.Write(drawOutcomes(t, book, in.set)), ledger.Close()); err != nil {
			t.Fatal(err)
		}
		if book.Superseded() {
			if _, err := Rewrite(quick, path, book.Last()); err != nil {
				t.Fatal(err)
			}
		}
		checkRows(t, path, in, book)
	})
}

// checkRows holds a result file against a book: one row for each row of the input that is settled,
// with what the book says.
func checkRows(t *rapid.T, path string, in drawnInput, book *Book) {
	rows := map[int]outcome.Status{}
	if _, err := ReadLedger(quick, path, func(r *Row, _ int64) error {
		if rows[r.Line] != "" {
			t.Fatalf("line %d has two rows", r.Line)
		}
		rows[r.Line] = r.Status
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for pos := range in.set.Rows() {
		_, line := in.set.At(pos)
		want := book.status(pos)
		if want == outcome.Pending {
			want = ""
		}
		if rows[line] != want {
			t.Fatalf("line %d is %q in the file, and %q in the book", line, rows[line], want)
		}
		delete(rows, line)
	}
	for _, e := range in.bad {
		if rows[e.Line] != outcome.Invalid {
			t.Fatalf("line %d cannot be used, and is %q", e.Line, rows[e.Line])
		}
		delete(rows, e.Line)
	}
	if len(rows) > 0 {
		t.Fatalf("rows of other lines: %v", rows)
	}
	again, _ := load(t, path, in)
	if again.Superseded() || again.Pending() != book.Pending() {
		t.Fatalf("read again: superseded %v, pending %d of %d", again.Superseded(), again.Pending(), book.Pending())
	}
}

// Each link that is to be sent is in one batch, those in doubt first, those that an earlier run
// left unknown last; also if this run leaves all of them unknown.
func TestBatchesOfABook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.csv")
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		drawOlder(t, path, in)
		book, _ := load(t, path, in)
		tell := map[string]func(reader.Link){"doubt": book.Doubt, "may be sent": book.DoubtIfClear, "left unknown": book.LeaveUnknown}
		for _, what := range []string{"doubt", "may be sent", "left unknown"} {
			for _, pos := range drawSome(t, in.set, what) {
				l, _ := in.set.At(pos)
				tell[what](l)
			}
		}
		if rapid.IntRange(0, 4).Draw(t, "all in doubt") == 0 {
			book.DoubtAllPending()
			for pos := range firsts(in.set) {
				if book.status(pos) == outcome.Pending && book.History(pos) != outcome.InDoubt {
					t.Fatalf("position %d is pending, and not in doubt", pos)
				}
			}
		}
		retry := rapid.Bool().Draw(t, "retry")
		due := map[int]outcome.History{}
		for pos := range firsts(in.set) {
			switch status := book.status(pos); {
			case status == outcome.Pending, status == outcome.Unknown, retry && status == outcome.Failed:
				due[pos] = book.History(pos)
			}
		}
		phase := map[outcome.History]int{outcome.InDoubt: 0, outcome.Clear: 1, outcome.LeftUnknown: 2}
		last := 0
		size := rapid.IntRange(1, 5).Draw(t, "size")
		for b := range book.Batches(size, retry) {
			if phase[b.History] < last || len(b.Pos) > size {
				t.Fatalf("a batch of %d links with the history %v behind phase %d", len(b.Pos), b.History, last)
			}
			last = phase[b.History]
			var out []outcome.Outcome
			for i, pos := range b.Pos {
				history, ok := due[pos]
				if l, _ := in.set.At(pos); !ok || history != b.History || l != (reader.Link{Relation: b.Relation, Parent: b.Parent, Related: b.Related[i]}) {
					t.Fatalf("%v is sent with the history %v; to be sent: %v, with %v", l, b.History, ok, history)
				}
				delete(due, pos)
				out = append(out, outcome.Outcome{Pos: pos, Status: outcome.Unknown})
			}
			book.enter(out)
		}
		if len(due) > 0 {
			t.Fatalf("%d links are not sent", len(due))
		}
	})
}

// oneLink is an input that has one link on many lines, and rows of results that an earlier run left
// for it.
func oneLink(t testing.TB, n int) (*chunker.Set, []Row) {
	t.Helper()
	b := chunker.NewBuilder()
	l := reader.Link{Relation: leads, Parent: 1, Related: 2}
	rows := make([]Row, n)
	for i := range rows {
		if err := b.Add(l, i+2); err != nil {
			t.Fatal(err)
		}
		rows[i] = linkRow(l, l.Parent.String(), i+2, outcome.Duplicate, "t")
	}
	rows[0].Status = outcome.Removed
	return b.Build(), rows
}

// A link may stand on every line of a large input. If the time for it grew with the square of the
// lines, this would take hours.
func TestOneLinkOnManyLines(t *testing.T) {
	const n = 600_000
	set, rows := oneLink(t, n)
	book := NewBook(set, nil)
	for i := range rows {
		if !book.Load(&rows[i]) {
			t.Fatalf("the row of line %d does not fit", rows[i].Line)
		}
	}
	if book.Count(outcome.Duplicate) != n-1 || book.Pending() != 0 {
		t.Errorf("%d duplicates, %d pending", book.Count(outcome.Duplicate), book.Pending())
	}
	last := book.Last()
	for i := range rows {
		if !last(&rows[i]) {
			t.Fatalf("the row of line %d is not the last of its line", rows[i].Line)
		}
	}
	unsent := 0
	if err := NewBook(set, nil).Unsent(time.Unix(0, 0), func(rows []Row) error { unsent += len(rows); return nil }); err != nil || unsent != n-1 {
		t.Errorf("%d rows without a call, %v", unsent, err)
	}
}

// BenchmarkLoadOneLink shows that a row takes the same time whatever the number of rows of its
// link.
func BenchmarkLoadOneLink(b *testing.B) {
	for _, n := range []int{10_000, 80_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set, rows := oneLink(b, n)
			for b.Loop() {
				book := NewBook(set, nil)
				for i := range rows {
					book.Load(&rows[i])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}
