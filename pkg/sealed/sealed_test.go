package sealed_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/sealed"
)

// A line gives its text back, and no line that was cut or changed does.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab {}\"é"))).Draw(t, "text")
		line := strings.TrimSuffix(string(sealed.Append(nil, text)), "\n")
		if got, whole := sealed.Open(line); got != text || !whole {
			t.Fatalf("%q comes back as %q, %v", text, got, whole)
		}
		cut := rapid.IntRange(0, len(line)-1).Draw(t, "cut")
		if got, whole := sealed.Open(line[:cut]); whole {
			t.Fatalf("%q, cut to %d bytes, is whole: %q", line, cut, got)
		}
	})
}
