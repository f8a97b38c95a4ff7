package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/journal"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// The byte that is told of a row is where the row begins in the file.
func TestWhereRowsBegin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.results.csv")
	ledger, err := OpenLedger(quick, path, Extent{}, 0, "60001")
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]Row, 5)
	for i := range rows {
		l := reader.Link{Relation: leads, Parent: 1, Related: zoho.ID(1 + i*100)}
		rows[i] = linkRow(l, l.Parent.String(), i+2, outcome.Removed, "t")
		rows[i].Message = strings.Repeat("ü, ", i)
	}
	if err := errors.Join(ledger.Append(rows[:2]), ledger.Append(rows[2:]), ledger.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	extent, err := ReadLedger(quick, path, func(r *Row, at int64) error {
		if want := fmt.Sprintf("%d,Campaigns,1,Leads,%s,", r.Line, r.Related); !strings.HasPrefix(string(content[at:]), want) || content[at-1] != '\n' {
			t.Errorf("the row %q begins at byte %d: %q", want, at, content[at:])
		}
		if r.Org != "60001" {
			t.Errorf("the row of line %d is about %q", r.Line, r.Org)
		}
		n++
		return nil
	})
	if err != nil || n != len(rows) || extent.Size != int64(len(content)) || ledger.Size() != extent.Size {
		t.Errorf("%d rows, %+v, %v; the ledger has %d bytes, the file %d", n, extent, err, ledger.Size(), len(content))
	}
}

// What is recorded is in the journal first, and leaves it when it is on disk.
func TestRecorderTellsTheJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.results.csv")
	set, _ := oneLink(t, 1)
	jour, err := journal.Begin(quick, journal.Of(path), journal.Doubts{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := OpenLedger(quick, path, Extent{}, 0, "60001")
	if err != nil {
		t.Fatal(err)
	}
	if err := jour.Start(zoho.Identity{Org: "60001"}, ledger.Size(), set.Rows()); err != nil {
		t.Fatal(err)
	}
	r := &Recorder{Ledger: ledger, Book: NewBook(set, nil), Journal: jour}
	past := func() *journal.Past {
		t.Helper()
		p, err := journal.Read(quick, journal.Of(path).Path)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	begin := ledger.Size()
	for b := range r.Book.Batches(100, false) {
		if err := r.Prepare([]chunker.Batch{b}); err != nil {
			t.Fatal(err)
		}
		if p := past(); len(p.Records) != 1 || p.Begin != begin || p.Size != begin {
			t.Errorf("%+v, want a record, and rows that count from byte %d", p, begin)
		}
		if err := errors.Join(r.Write([]outcome.Outcome{{Pos: 0, Status: outcome.Removed}}), r.Sync()); err != nil {
			t.Fatal(err)
		}
		// the journal tells the size with the next batch
		if err := r.Prepare([]chunker.Batch{b}); err != nil {
			t.Fatal(err)
		}
		if p := past(); p.Size != ledger.Size() || p.Size == begin {
			t.Errorf("%+v, want the size %d", p, ledger.Size())
		}
	}
	if err := errors.Join(ledger.Close(), jour.Close()); err != nil {
		t.Error(err)
	}
}

// On a full disk the outcomes are recorded, and the run is told to stop.
func TestRecorderOnAFullDisk(t *testing.T) {
	room, reserved := len(header)+10, 300
	on := disk.OS{Calls: full{room: &room, reserved: &reserved}}
	ledger, err := OpenLedger(on, filepath.Join(t.TempDir(), "links.results.csv"), Extent{}, 1, "7")
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	set, _ := oneLink(t, 3)
	r := &Recorder{Ledger: ledger, Book: NewBook(set, nil)}
	if err := r.Write([]outcome.Outcome{{Pos: 0, Status: outcome.Removed}}); !errors.Is(err, syscall.ENOSPC) || r.Book.Count(outcome.Removed) != 1 {
		t.Errorf("%v, and %d removed", err, r.Book.Count(outcome.Removed))
	}
}

// Rows of another input's results are taken by link, and get the line of this input.
func TestCarry(t *testing.T) {
	set, rows := oneLink(t, 3)
	book := NewBook(set, nil)
	row := rows[0]
	row.Line = 77
	if !book.Carry(&row) || row.Line != 2 || book.Count(outcome.Removed) != 1 {
		t.Errorf("line %d, %d removed", row.Line, book.Count(outcome.Removed))
	}
	other := rows[0]
	other.Related = "99"
	damaged := rows[0]
	damaged.Related = "x"
	for name, r := range map[string]Row{"a duplicate": rows[1], "a link that is not here": other, "no id": damaged, "a row that cannot be used": {Line: 3, Status: outcome.Invalid}} {
		if line := r.Line; book.Carry(&r) || r.Line != line {
			t.Errorf("%s is taken", name)
		}
	}
	if book.Rows() != 3 || book.Links() != 1 || book.Count(outcome.Duplicate) != 0 {
		t.Errorf("%d rows, %d links, %d duplicates", book.Rows(), book.Links(), book.Count(outcome.Duplicate))
	}
}

func TestIsBad(t *testing.T) {
	for status, want := range map[outcome.Status][2]bool{
		outcome.Removed: {false, false}, outcome.Gone: {false, false}, outcome.Absent: {false, true}, outcome.Failed: {true, true},
		outcome.Unknown: {true, true}, outcome.Pending: {false, false}, outcome.Duplicate: {false, false}, outcome.Invalid: {true, true},
	} {
		var s Summary
		*s.field(status) = 1
		if got := [2]bool{s.IsBad(false), s.IsBad(true)}; got != want || s.Of(status) != 1 {
			t.Errorf("%s: %v, want %v", status, got, want)
		}
	}
}
