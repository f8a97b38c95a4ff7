package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// drawnInput is an input with duplicates and rows that cannot be used.
type drawnInput struct {
	text string
	set  *chunker.Set
	bad  []*reader.RowError
}

func drawInput(t *rapid.T) drawnInput {
	var b strings.Builder
	b.WriteString("note,module,parent_id,relation,related_id\n")
	for range rapid.IntRange(1, 30).Draw(t, "rows") {
		related := rapid.SampledFrom([]string{"11", "12", "13", "14", "15", "x", ""}).Draw(t, "related")
		b.WriteString(`"a, ""b""",Campaigns,` + strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "parent")) + ",Leads," + related + "\n")
	}
	in := drawnInput{text: b.String()}
	r, err := reader.New("links.csv", strings.NewReader(in.text), reader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	builder := chunker.NewBuilder()
	for row, err := range r.Rows() {
		switch {
		case err != nil:
			t.Fatal(err)
		case row.Err != nil:
			in.bad = append(in.bad, row.Err)
		default:
			if err := builder.Add(row.Link, row.Line); err != nil {
				t.Fatal(err)
			}
		}
	}
	in.set = builder.Build()
	return in
}

// drawOutcomes gives some of the links that are not settled an outcome.
func drawOutcomes(t *rapid.T, book *Book, set *chunker.Set) []outcome.Outcome {
	var out []outcome.Outcome
	for batch := range set.Batches(zoho.MaxIDs, func(pos int) bool { return book.ToSend(pos, true) }) {
		for _, pos := range batch.Pos {
			status := rapid.SampledFrom([]outcome.Status{"", outcome.Removed, outcome.Gone, outcome.Absent, outcome.Failed, outcome.Unknown}).Draw(t, "status")
			if status != "" {
				out = append(out, outcome.Outcome{Pos: pos, Status: status, Code: "C", Message: "m", HTTPStatus: 200, Attempts: 1, Time: time.Unix(0, 0)})
			}
		}
	}
	return out
}

// Whatever becomes of the links, in however many runs: the sum closes, the result file read back
// tells the same as the book, rewritten it has one row for each row of the input that is settled,
// and the failures are the other rows as they stand.
func TestBookAndFilesTellTheSame(t *testing.T) {
	folder := t.TempDir()
	results, failures := filepath.Join(folder, "r.csv"), filepath.Join(folder, "f.csv")
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		if err := errors.Join(os.RemoveAll(results), os.RemoveAll(failures)); err != nil {
			t.Fatal(err)
		}
		var book *Book
		for range rapid.IntRange(1, 3).Draw(t, "runs") {
			book = NewBook(in.set, in.bad)
			extent, err := ReadLedger(quick, results, func(r *Row, _ int64) error {
				if !book.Load(r) {
					t.Fatalf("the row of line %d is not known", r.Line)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			ledger, err := OpenLedger(quick, results, extent, 1, "org1")
			if err != nil {
				t.Fatal(err)
			}
			recorder := &Recorder{Ledger: ledger, Book: book}
			if err := errors.Join(recorder.WriteUnsent(time.Unix(0, 0)), recorder.Write(drawOutcomes(t, book, in.set)), ledger.Close()); err != nil {
				t.Fatal(err)
			}
			if book.Superseded() {
				if _, err := Rewrite(quick, results, book.Last()); err != nil {
					t.Fatal(err)
				}
			}
			var s Summary
			s.SetCounts(book)
			if s.Rows != s.Removed+s.Gone+s.Absent+s.Failed+s.Unknown+s.Invalid+s.Duplicate+s.Pending {
				t.Fatalf("the sum of rows does not close: %+v", s)
			}
			if s.Links != s.Removed+s.Gone+s.Absent+s.Failed+s.Unknown+s.Pending {
				t.Fatalf("the sum of links does not close: %+v", s)
			}
			lines := map[int]bool{}
			count := map[outcome.Status]int{}
			if _, err := ReadLedger(quick, results, func(r *Row, _ int64) error {
				if lines[r.Line] {
					t.Fatalf("line %d has two rows", r.Line)
				}
				lines[r.Line] = true
				count[r.Status]++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for status, n := range count {
				if n != book.Count(status) {
					t.Fatalf("the file has %d rows that are %s, the book %d", n, status, book.Count(status))
				}
			}
			if len(lines) != s.Rows-s.Pending {
				t.Fatalf("%d rows in the file, want %d", len(lines), s.Rows-s.Pending)
			}
		}
		checkFailures(t, in, book, failures)
	})
}

func checkFailures(t *rapid.T, in drawnInput, book *Book, path string) {
	r, err := reader.New("links.csv", strings.NewReader(in.text), reader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := WriteFailures(quick, path, r, book, func() error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if n == 0 {
		if !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("no failures, and a file: %v", err)
		}
		return
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != n+1 || lines[0] != "note,module,parent_id,relation,related_id,delink_status,delink_code,delink_message" {
		t.Fatalf("%d failures, and the file\n%s", n, b)
	}
	input := strings.Split(in.text, "\n")
	at := 1
	for _, line := range lines[1:] {
		for at < len(input) && !strings.HasPrefix(line, input[at]+",") {
			at++
		}
		if at == len(input) {
			t.Fatalf("%q is no row of the input, or not in its order", line)
		}
		at++
	}
	again, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range again[1:] {
		if s := outcome.Status(row[5]); s != outcome.Failed && s != outcome.Unknown && s != outcome.Invalid {
			t.Fatalf("%v is not a failure", row)
		}
	}
}

func TestFailuresOfAnInputThatChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.csv")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	const input = "module,parent_id,relation,related_id\nCampaigns,1,Leads,2\n"
	in, err := reader.New("links.csv", strings.NewReader(input), reader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := chunker.NewBuilder()
	if err := b.Add(reader.Link{Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: 1, Related: 2}, 2); err != nil {
		t.Fatal(err)
	}
	changed := errors.New("changed")
	if _, err := WriteFailures(quick, path, in, NewBook(b.Build(), nil), func() error { return changed }); !errors.Is(err, changed) {
		t.Errorf("error %v, want that the input changed", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "older" {
		t.Errorf("the older file now says %q", got)
	}
}

// The fields of the summary, their names and their order are a promise to scripts.
func TestSummaryFields(t *testing.T) {
	var b bytes.Buffer
	if err := (&Summary{}).Encode(&b); err != nil {
		t.Fatal(err)
	}
	var keys []string
	d := json.NewDecoder(&b)
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		if token == json.Delim('{') {
			depth++
			continue
		}
		if token == json.Delim('}') {
			break
		}
		key, ok := token.(string)
		if !ok {
			t.Fatalf("%v is not a key", token)
		}
		keys = append(keys, key)
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Fields("input input_sha256 state reason org rows links removed gone absent failed unknown invalid duplicate pending calls retries throttled credits_remaining started_at ended_at seconds results failures exit_code crm questions job")
	if !slices.Equal(keys, want) {
		t.Errorf("fields %v\nwant %v", keys, want)
	}
}
