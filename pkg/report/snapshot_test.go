package report

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/reader"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

// someSet is a set of so many links.
func someSet(t testing.TB, n int) *chunker.Set {
	b := chunker.NewBuilder()
	for i := range n {
		l := reader.Link{Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: 1000, Related: zoho.ID(5000 + i)}
		if err := b.Add(l, i+2); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

// readBack gives the rows of a snapshot.
func readBack(path string) (rows []string, err error) {
	err = ReadSnapshot(disk.OS{}, path, func(l reader.Link, org string, fields map[string]string) error {
		rows = append(rows, fmt.Sprint(l.Related, " ", org, " ", fields))
		return nil
	})
	return rows, err
}

// Whatever is kept comes back as it was, in its order, over restarts, kills in the middle of a row,
// and with fields that come later.
func TestSnapshotKeepsAll(t *testing.T) {
	folder, set, n := t.TempDir(), someSet(t, 5), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		path := filepath.Join(folder, fmt.Sprint(n, ".csv"))
		name := rapid.SampledFrom([]string{"Member_Status", "list_price", "Contact_Role", "Contact_Role.id", "=x", "a b"})
		text := rapid.StringOf(rapid.RuneFrom([]rune("'=+-@\t\n\r\x00ax,\"\\é")))
		var want []string
		var s *Snapshot
		for range rapid.IntRange(1, 6).Draw(t, "times") {
			if s == nil || rapid.Bool().Draw(t, "again") {
				if s != nil {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					tear(t, path, rapid.SampledFrom([]string{"", "", "2,Campaigns,10", "2,\"", "\x00\x00"}).Draw(t, "torn"))
				}
				var err error
				if s, err = OpenSnapshot(disk.OS{}, path, set, "60001"); err != nil {
					t.Fatal(err)
				}
			}
			var links []worker.Snapshot
			for range rapid.IntRange(1, 3).Draw(t, "links") {
				l := worker.Snapshot{Pos: rapid.IntRange(0, 4).Draw(t, "pos"), Fields: rapid.MapOfN(name, text, 0, 3).Draw(t, "fields")}
				links = append(links, l)
				had := maps.Clone(map[string]string(l.Fields))
				maps.DeleteFunc(had, func(_, v string) bool { return v == "" })
				want = append(want, fmt.Sprint(5000+l.Pos, " 60001 ", had))
			}
			if err := s.Keep(links); err != nil {
				t.Fatal(err)
			}
			if got, err := readBack(path); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%v, %q, want %q", err, got, want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// tear adds what a kill in the middle of a row leaves.
func tear(t interface{ Fatal(...any) }, path, torn string) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(torn)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// A file that is no snapshot, or that somebody has changed, is refused, and stays as it is.
func TestSnapshotRefused(t *testing.T) {
	const head = "line,module,parent_id,relation,related_id,time,org,link.Member_Status\n"
	const row = "2,Campaigns,1000,Leads,5000,2026-11-24T00:00:00.000Z,60001,Sent\n"
	for text, fault := range map[string]string{
		"module,parent_id\n": ":1: is not a snapshot of delink",
		"x":                  ":1: is not a snapshot of delink",
		"\n":                 ":1: is not a snapshot of delink",
		"line,module,parent_id,relation,related_id,time,org,x\n":  ":1: is not a snapshot of delink",
		strings.Replace(head, "\n", ",link.Member_Status\n", 1):   ":1: is not a snapshot of delink",
		head + row + "\n\n" + row:                                 ":3: is damaged: there is an empty line",
		head + "\n" + row:                                         ":2: is damaged: there is an empty line",
		head + row + strings.Replace(row, "5000", "5,000", 1):     ":3: is damaged: the row does not have 8 columns",
		head + row + strings.Replace(row, "5000", "5E3", 1) + row: `:3: is damaged: related_id "5E3"`,
		head + strings.Replace(row, "1000", "", 1):                `:2: is damaged: parent_id ""`,
		head + "x" + row: `:2: is damaged: line "x2"`,
		head + head:      `:2: is damaged: line "line"`,
		head + strings.Replace(row, "Sent", `"Sent`, 1) + row:                ":2: is damaged: a quotation mark",
		head + strings.Replace(row, "Sent", strings.Repeat("x", lineMax), 1): ":2: is damaged: a line is longer than any",
	} {
		path := filepath.Join(t.TempDir(), "links.snapshot.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readBack(path)
		_, openErr := OpenSnapshot(disk.OS{}, path, someSet(t, 1), "60001")
		not := new(NotALedger)
		if !errors.As(err, &not) || !strings.Contains(err.Error(), fault) || openErr == nil {
			t.Errorf("%.200q: %v, %v", text, err, openErr)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("%v, %.200q", err, after)
		}
	}
	for _, text := range []string{"", head, head + row, head + row + "3,Camp", head + row + "3,\"Camp", head + row + "\x00\x00", head + row + "\n", head + row + "\r\n\n3,Camp"} {
		path := filepath.Join(t.TempDir(), "links.snapshot.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if rows, err := readBack(path); err != nil || len(rows) != strings.Count(text, row) {
			t.Errorf("%q: %q, %v", text, rows, err)
		}
	}
	if rows, err := readBack(filepath.Join(t.TempDir(), "none.csv")); err != nil || rows != nil {
		t.Errorf("%v, %v", rows, err)
	}
}

// A link whose row cannot be written is not forgotten in silence: Keep fails, and does so ever after.
func TestSnapshotTooLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "links.snapshot.csv")
	s, err := OpenSnapshot(disk.OS{}, path, someSet(t, 1), "60001")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Keep([]worker.Snapshot{{Fields: zoho.Fields{"x": strings.Repeat("x", lineMax)}}}); err == nil || !strings.Contains(err.Error(), "line 2 of the input") {
			t.Error(err)
		}
	}
	if rows, err := readBack(path); err != nil || len(rows) > 0 {
		t.Error(rows, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
