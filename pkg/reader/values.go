package reader

import (
	"errors"
	"regexp"
	"strings"

	"delink/pkg/zoho"
)

// problem is what is wrong with a value, and what to do about it.
type problem struct{ reason, hint string }

const (
	hintName  = "API names are letters, digits and _, as in Campaigns or Price_Books"
	hintID    = "if a spreadsheet has changed it, it cannot be recovered: export again, or format the column as text before ids come into it"
	idPrefix  = "zcrm_" // which Zoho's own exports put before ids
	reasonXLS = "is not a record id: a spreadsheet has changed it, and it cannot be recovered"
	hintXLS   = "Excel keeps 15 digits of an id and shows the rest like this: export again, or format the column as text before ids come into it"
)

// spreadsheetNumber is how spreadsheets write long ids: 3.6524E+18, 3,6524E+18, 3652397000000920000.00.
var spreadsheetNumber = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]*)?([eE][+-]?[0-9]+)$|^[+-]?[0-9]+[.,][0-9]*$`)

// parseID reads a record id as files have them.
func parseID(s string) (zoho.ID, *problem) {
	id, err := zoho.ParseID(strings.TrimPrefix(s, idPrefix))
	switch {
	case err == nil:
		return id, nil
	case s == "":
		return 0, &problem{err.Error(), "a link needs the id of both of its records"}
	case errors.Is(err, zoho.ErrIDEmpty):
		return 0, &problem{"is not a record id: it has no digits", hintID}
	case spreadsheetNumber.MatchString(s):
		return 0, &problem{reasonXLS, hintXLS}
	case errors.Is(err, zoho.ErrIDNotDigits):
		return 0, &problem{err.Error(), hintID}
	}
	return 0, &problem{err.Error(), ""}
}

// checkName looks at the API name of a module or a relation.
func checkName(s string) *problem {
	switch {
	case s == "":
		return &problem{"is empty", hintName}
	case !zoho.ValidName(s):
		return &problem{"is not an API name", hintName}
	}
	return nil
}
