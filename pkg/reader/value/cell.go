package value

import "strings"

// formulas are the first characters of texts that a spreadsheet takes for formulas.
const formulas = "=+-@\t\r"

// Cell gives a text as it can stand in a cell that people open with a spreadsheet: an apostrophe
// goes before what would be a formula. FromCell gives the text back, whatever it is.
func Cell(s string) string {
	if isProtected(s) || s != "" && strings.ContainsRune(formulas, rune(s[0])) {
		return "'" + s
	}
	return s
}

// FromCell gives the text of which Cell made a cell.
func FromCell(s string) string {
	if isProtected(s) {
		return s[1:]
	}
	return s
}

// isProtected reports whether a text looks as if Cell had made it.
func isProtected(s string) bool {
	return len(s) > 1 && s[0] == '\'' && (s[1] == '\'' || strings.ContainsRune(formulas, rune(s[1])))
}
