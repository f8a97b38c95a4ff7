package value

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"delink/pkg/zoho"
)

// Problem is what is wrong with a value, and what to do about it.
type Problem struct{ Reason, Hint string }

// Texts of problems.
const (
	hintName  = "API names are letters, digits and _, as in Campaigns or Price_Books (" + zoho.PlaceOfNames + ")"
	hintID    = "if a spreadsheet has changed it, it cannot be recovered: export again, or format the column as text before ids come into it"
	idPrefix  = "zcrm_" // which Zoho's own exports put before ids
	reasonXLS = "is not a record id: Excel has changed this id, it cannot be recovered"
	hintXLS   = "export again, or format the column as text before ids come into it: Excel keeps 15 digits of a number and shows the rest like this"
)

// spreadsheetNumber is how spreadsheets write long ids: 3.6524E+18, 3,6524E+18,
// 3652397000000920000.00, 3,652,397,000.
var spreadsheetNumber = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]*)?([eE][+-]?[0-9]+)$|^[+-]?[0-9]+[.,][0-9]*$|^[0-9]{1,3}([., ' ’][0-9]{3}){2,}([.,][0-9]*)?$`)

// ParseID reads a record id as files have them: with Zoho's prefix, and with what spreadsheets and
// people put around it so that it stays as it is. Nothing inside it is touched.
func ParseID(s string) (zoho.ID, *Problem) {
	if id, err := zoho.ParseID(strings.TrimPrefix(s, idPrefix)); err == nil {
		return id, nil
	}
	bare := unwrap(s)
	id, err := zoho.ParseID(strings.TrimPrefix(bare, idPrefix))
	switch {
	case err == nil:
		return id, nil
	case bare == "":
		return 0, &Problem{zoho.ErrIDEmpty.Error(), "a link needs the id of both of its records"}
	case errors.Is(err, zoho.ErrIDEmpty):
		return 0, &Problem{"is not a record id: it has no digits", hintID}
	case spreadsheetNumber.MatchString(bare):
		return 0, &Problem{reasonXLS, hintXLS}
	case errors.Is(err, zoho.ErrIDNotDigits):
		return 0, &Problem{err.Error(), hintID}
	}
	return 0, &Problem{err.Error(), ""}
}

// unwrap takes off what is around a value: spaces, the apostrophe and the formula ="…" that keep a
// spreadsheet from changing it.
func unwrap(s string) string {
	s = Trim(s)
	if inner, ok := strings.CutPrefix(s, `="`); ok && strings.HasSuffix(inner, `"`) {
		s = strings.TrimSuffix(inner, `"`)
	}
	return Trim(strings.TrimPrefix(s, "'"))
}

// EndOfFile is ^Z, with which DOS ended text files. Old programs still write it.
const EndOfFile = '\x1a'

// Trim takes spaces off, and what looks like none: no-break spaces, zero-width ones, marks of byte
// order, direction or the file's end.
func Trim(s string) string { return strings.TrimFunc(s, isUnseen) }

func isUnseen(r rune) bool {
	// Cf: U+200B to U+200F, U+2060, U+FEFF and others that take no space.
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == EndOfFile
}

// APIName reads the name of a module or a relation as files have it.
func APIName(s string) string { return zoho.APIName(unwrap(s)) }

// CheckName looks at the API name of a module or a relation.
func CheckName(s string) *Problem {
	switch {
	case s == "":
		return &Problem{"is empty", hintName}
	case !zoho.ValidName(s):
		return &Problem{"is not an API name", hintName}
	}
	return nil
}

// CheckList looks at the name of a related list: its API name, or the label that people see. Whether
// there is such a list, only the org knows.
func CheckList(s string) *Problem {
	if isLabel(s) {
		return nil
	}
	return CheckName(s)
}

// ParseRelation reads Module.List. List may be the label that people see: the org says which list that
// is.
func ParseRelation(s string) (zoho.Relation, error) {
	module, list, _ := strings.Cut(s, ".")
	r := zoho.Relation{Module: APIName(module), List: APIName(list)}
	if CheckName(r.Module) != nil || CheckList(r.List) != nil {
		return zoho.Relation{}, fmt.Errorf("%q is not a relation: write Module.List, as in Campaigns.Leads; List is the API name of a related list, or its label", s)
	}
	return r, nil
}

// longestLabel is the most characters that a label of a related list can have. Zoho documents no
// limit; what is longer is some other text.
const longestLabel = 100

// isLabel reports whether a text can be the label of a related list: some words, and not a number or
// an id.
func isLabel(s string) bool {
	return strings.ContainsFunc(s, unicode.IsLetter) && !LooksLikeID(s) && utf8.RuneCountInString(s) <= longestLabel &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// LooksLikeID reports whether a text is a record id, or was one before a spreadsheet changed it.
func LooksLikeID(s string) bool {
	_, p := ParseID(s)
	return p == nil || p.Reason == reasonXLS
}
