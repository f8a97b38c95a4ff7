package report

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"delink/pkg/disk"
	"delink/pkg/outcome"
)

// followed is a result file and what a Follower has read of it.
type followed struct {
	*testing.T
	path  string
	f     Follower
	begun int
	lines []int
}

func (f *followed) read(from int64) error {
	f.Helper()
	f.lines = nil
	return f.f.Read(disk.OS{}, f.path, from, func() { f.begun++ }, func(r *Row) { f.lines = append(f.lines, r.Line) })
}

// want reads on, and wants the rows of these lines.
func (f *followed) want(from int64, begun int, lines ...int) {
	f.Helper()
	if err := f.read(from); err != nil {
		f.Fatal(err)
	}
	if len(f.lines) != len(lines) || f.begun != begun {
		f.Fatalf("lines %v, begun %d times; want %v, %d", f.lines, f.begun, lines, begun)
	}
	for i := range lines {
		if f.lines[i] != lines[i] {
			f.Fatalf("lines %v, want %v", f.lines, lines)
		}
	}
}

// rowsOf gives the text of rows.
func rowsOf(t *testing.T, message string, lines ...int) string {
	t.Helper()
	var rows []Row
	for _, n := range lines {
		rows = append(rows, Row{
			Line: n, Module: "Campaigns", Parent: "1", Relation: "Leads", Related: strconv.Itoa(n),
			Status: outcome.Removed, Message: message, Time: "2026-11-24T19:30:00.000Z",
		})
	}
	b, err := newEncoder().encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (f *followed) write(text string) {
	f.Helper()
	if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
}

func TestFollower(t *testing.T) {
	f := &followed{T: t, path: filepath.Join(t.TempDir(), "links.results.csv")}
	begin := int64(len(header))
	if f.read(begin) == nil {
		t.Error("a file that is not there was read")
	}
	f.write(header)
	f.want(begin, 1)
	two := header + rowsOf(t, "", 2, 3)
	f.write(two + "4,Camp") // it is being written
	f.want(begin, 1, 2, 3)
	f.want(begin, 1)
	f.write(two + rowsOf(t, "", 4, 5, 6))
	f.want(int64(len(two+rowsOf(t, "", 4))), 1, 5, 6) // line 4 is before the byte

	// Another file of the same length is read from its beginning.
	f.write(header + rowsOf(t, "x", 2, 3, 4, 5, 6))
	f.want(begin, 2, 2, 3, 4, 5, 6)
	// So is a shorter one.
	f.write(header + rowsOf(t, "x", 2))
	f.want(begin, 3, 2)
	// A file that ends before the byte shows nothing.
	if f.read(1<<20) == nil || len(f.lines) > 0 {
		t.Errorf("lines %v", f.lines)
	}
	f.want(begin, 4, 2)
	// Nor does one that is damaged there.
	f.write(header + rowsOf(t, "x", 2) + "damaged\n")
	if f.read(begin) == nil {
		t.Error("a damaged row was read")
	}
}
