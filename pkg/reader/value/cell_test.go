package value

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Active": "Active", "=1+1": "'=1+1", "-5": "'-5", "'": "'", "'x": "'x", "'=": "''=", "''": "'''", "\tx": "'\tx",
	} {
		if got := Cell(text); got != want {
			t.Errorf("Cell(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestCellGivesTextBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("'=+-@\tax,\"\n"))).Draw(t, "text")
		cell := Cell(text)
		if got := FromCell(cell); got != text {
			t.Errorf("%q comes back as %q from %q", text, got, cell)
		}
		if cell != "" && strings.ContainsRune(formulas, rune(cell[0])) {
			t.Errorf("%q is a formula", cell)
		}
	})
}
