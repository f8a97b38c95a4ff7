package reader_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// manyRows is an input of several chunks. wants are the link of each row, as a text, or what is
// wrong with it.
func manyRows(n int) (input string, wants []string) {
	var b strings.Builder
	b.WriteString("module,parent_id,relation,related_id\n")
	for i := range n {
		module, list, related := "Campaigns", "Leads", fmt.Sprint(9000+i)
		cell := related
		switch i % 97 {
		case 3, 4, 5:
			module = "Accounts"
		case 5 + 1:
			list = "Contacts"
		}
		switch i % 41 {
		case 7:
			cell = `"` + related + `"`
		case 8:
			cell = " zcrm_" + related + " "
		case 9:
			cell = "x"
		case 10:
			cell += ",one more"
		}
		fmt.Fprintf(&b, "%s,%d,%s,%s\n", module, 1+i/50, list, cell)
		want := fmt.Sprintf("%d: %s.%s %d %s", i+2, module, list, 1+i/50, related)
		switch i % 41 {
		case 9:
			want = fmt.Sprintf("%d: x is not a record id: 1 to 20 digits are expected", i+2)
		case 10:
			want = fmt.Sprintf("%d: the row has 5 columns, the header has 4", i+2)
		}
		wants = append(wants, want)
	}
	return b.String(), wants
}

func told(row *reader.Row) string {
	if e := row.Err; e != nil {
		return strings.TrimSpace(fmt.Sprintf("%d: %s", row.Line, strings.TrimSpace(e.Value+" "+e.Reason)))
	}
	return fmt.Sprintf("%d: %s.%s %v %v", row.Line, row.Link.Relation.Module, row.Link.Relation.List, row.Link.Parent, row.Link.Related)
}

// Rows of many chunks come in the order of the file, each with its own line, text and relation.
func TestRowsOfManyChunks(t *testing.T) { synctest.Test(t, rowsOfManyChunks) } // which fails where something is left running

func rowsOfManyChunks(t *testing.T) {
	t.Helper()
	input, wants := manyRows(25_000)
	lines := strings.Split(input, "\n")
	in, err := reader.New("f.csv", strings.NewReader(input), reader.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, err := range in.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if got := told(row); got != wants[n] {
			t.Fatalf("row %d is %q, want %q", n, got, wants[n])
		}
		if string(row.Raw) != lines[n+1] {
			t.Fatalf("row %d has the text %q, want %q", n, row.Raw, lines[n+1])
		}
		n++
	}
	if n != len(wants) {
		t.Fatalf("%d rows, want %d", n, len(wants))
	}
}

// A loop that is left early, in whatever way, leaves nothing running.
func TestLeavingEarly(t *testing.T) { synctest.Test(t, leavingEarly) } // which fails where something is left running

func leavingEarly(t *testing.T) {
	t.Helper()
	input, wants := manyRows(25_000)
	for _, last := range []int{0, 1, 1023, 1024, 1025, 3000, 24_999} {
		in, err := reader.New("f.csv", strings.NewReader(input), reader.Options{})
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			n := 0
			for row, err := range in.Rows() {
				if err != nil || told(row) != wants[n] {
					t.Fatal(row, err)
				}
				if n == last && n%2 == 0 {
					break
				}
				if n == last {
					panic("the loop fails")
				}
				n++
			}
		}()
		for row := range in.Rows() {
			t.Fatalf("after a loop that was left at row %d, another one gives %v", last, row)
		}
	}
}

// broken is a source that fails at its end.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrClosedPipe
	}
	return n, err
}

// An error comes behind every row that is before it in the file, whatever chunk they are in.
func TestErrorsComeLast(t *testing.T) { synctest.Test(t, errorsComeLast) } // which fails where something is left running

func errorsComeLast(t *testing.T) {
	t.Helper()
	for _, n := range []int{0, 1, 1023, 1024, 1025, 2048, 5000, 20_000} {
		input, wants := manyRows(n)
		relations := strings.Builder{}
		for i := range 1500 {
			fmt.Fprintf(&relations, "Campaigns,1,L%d,2\n", i)
		}
		for _, test := range []struct {
			src   io.Reader
			rows  int
			cause string
		}{
			{broken{strings.NewReader(input)}, n, "cannot be read further"},
			{strings.NewReader(input + "Campaigns,1,\"Leads,2\n" + strings.Repeat("Campaigns,1,Leads,2\n", 3000)), n, "the quote that opens here is never closed, and makes the rest of the file one value"},
			{strings.NewReader(input + relations.String()), n + 1000 - few(n), "the rows are about more than 1000 different relations"},
		} {
			in, err := reader.New("f.csv", test.src, reader.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rows, last := 0, error(nil)
			for row, err := range in.Rows() {
				switch {
				case last != nil:
					t.Fatal("a row comes behind the error")
				case err != nil:
					last = err
				case rows < n && told(row) != wants[rows]:
					t.Fatalf("row %d is %q, want %q", rows, told(row), wants[rows])
				default:
					rows++
				}
			}
			var e *reader.InputError
			if !errors.As(last, &e) || e.Cause != test.cause || rows != test.rows {
				t.Errorf("%d rows, then %v; want %d, then %q", rows, last, test.rows, test.cause)
			}
		}
	}
}

// few is how many relations the first n rows of manyRows are about.
func few(n int) int {
	seen := map[zoho.Relation]bool{}
	_, wants := manyRows(n)
	for _, w := range wants {
		if _, name, ok := strings.Cut(w, ": "); ok && strings.Contains(name, ".") {
			module, list, _ := strings.Cut(strings.Fields(name)[0], ".")
			seen[zoho.Relation{Module: module, List: list}] = true
		}
	}
	return len(seen)
}
