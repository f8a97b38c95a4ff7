package text_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"delink/pkg/reader/text"
)

func TestOpen(t *testing.T) {
	for _, test := range []struct {
		name, bytes, want string
		marked, utf16     bool
	}{
		{"plain", "a,ü", "a,ü", false, false},
		{"mark", "\ufeffa", "a", true, false},
		{"UTF-16, little end first", "\xff\xfea\x00\xfc\x00", "aü", true, true},
		{"UTF-16, big end first, and ^Z", "\xfe\xff\x00a\x1a", "a", true, true},
		{"nothing", "", "", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, e, marked, err := text.Open(strings.NewReader(test.bytes), text.Encoding{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(in)
			if err != nil || string(got) != test.want || marked != test.marked || e.IsUTF16() != test.utf16 {
				t.Errorf("got %q, %v, marked %v, UTF-16 %v", got, err, marked, e.IsUTF16())
			}
		})
	}
}

func TestNoText(t *testing.T) {
	_, _, _, err := text.Open(strings.NewReader("%PDF-1.7"), text.Encoding{})
	var e *text.Error
	if !errors.As(err, &e) || e.Line != 1 || e.Col != 1 || e.Error() != "the file is a PDF, not a CSV file" || e.Hint != "export it as CSV" {
		t.Errorf("got %+v", err)
	}
}
