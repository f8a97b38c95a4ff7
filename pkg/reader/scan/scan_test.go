package scan_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/reader/scan"
)

// Rows without faults are those that encoding/csv finds, with the same values, and the text of all
// rows is the whole text.
func TestRowsAreThoseOfCSV(t *testing.T) {
	plain := rapid.StringMatching(`[a-z ü]{0,5}`)
	quoted := rapid.Map(rapid.StringMatching(`[a-z",\n ]{0,6}`), func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` })
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			values := rapid.SliceOfN(rapid.OneOf(plain, quoted), 2, 4).Draw(t, "values")
			text.WriteString(strings.Join(values, ",") + "\n")
		}
		c := csv.NewReader(strings.NewReader(text.String()))
		c.FieldsPerRecord = -1
		want, err := c.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		s := scan.Scanner{Comma: ',', Newline: '\n'}
		input, at := []byte(text.String()), 0
		for _, values := range want {
			row, ok := s.Scan(input, at, true)
			if !ok || row.Fault != nil || !slices.Equal(s.Values(input), values) {
				t.Fatalf("at %d of %q: %v, %v, %q, want %q", at, input, row, ok, s.Values(input), values)
			}
			if row.Lines != strings.Count(string(input[at:row.Next]), "\n") || row.Next != row.End+1 {
				t.Fatalf("at %d of %q: %+v", at, input, row)
			}
			at = row.Next
		}
		if at != len(input) {
			t.Fatalf("%q is left", input[at:])
		}
	})
}

// A fault ends with its line, and says where it is.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name, text string
		fault      scan.Kind
		at, next   int
		opens      int
	}{
		{"a quote in a value", "a,b\"c\nd\n", scan.BareQuote, 3, 6, 0},
		{"text behind a quote", "\"a\"b,c\nd\n", scan.TextBehind, 2, 7, 0},
		{"a quote that is never closed", "a,\"b\nc\n", scan.NeverClosed, 2, 5, 0},
		{"a quote that may open the next value", "\"a,\"b\nc\"\n", scan.TextBehind, 3, 6, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := scan.Scanner{Comma: ',', Newline: '\n'}
			row, ok := s.Scan([]byte(test.text), 0, true)
			if !ok || row.Fault == nil || row.Next != test.next {
				t.Fatalf("got %+v, %v", row, ok)
			}
			if f := row.Fault; f.Kind != test.fault || f.At != test.at || f.Opens != test.opens {
				t.Errorf("got %+v", *f)
			}
		})
	}
}

// The end of a row that may go on is not guessed.
func TestMoreTextIsNeeded(t *testing.T) {
	s := scan.Scanner{Comma: ',', Newline: '\n'}
	for _, text := range []string{"", "a,b", "a,\"b", "a,\"b\"", "\"a\"\"", "a\"b"} {
		t.Run(text, func(t *testing.T) {
			if row, ok := s.Scan([]byte(text), 0, false); ok {
				t.Errorf("it is said to end: %+v", row)
			}
		})
	}
}
