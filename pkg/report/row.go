package report

import (
	"strings"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Row is a row of the result file. Its fields are the file's columns: see cells.
type Row struct {
	Line       int // of the input, where its row starts
	Module     string
	Parent     string
	Relation   string
	Related    string
	Status     outcome.Status
	Code       string
	Message    string
	HTTPStatus string // empty where no answer decided
	Attempts   int
	Time       string
	Org        string // which CRM the row is about: see zoho.Identity.Name
}

// timeLayout is RFC 3339 with milliseconds; times are in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// Timestamp is a time as all files have it.
func Timestamp(t time.Time) string { return t.UTC().Format(timeLayout) }

// linkRow makes a row of a link. parent is the text of the parent record's id.
func linkRow(l reader.Link, parent string, line int, s outcome.Status, at string) Row {
	return Row{
		Line:     line,
		Module:   l.Relation.Module,
		Parent:   parent,
		Relation: l.Relation.List,
		Related:  l.Related.String(),
		Status:   s,
		Time:     at,
	}
}

// Link is the link that a row is about.
func (r *Row) Link() (l reader.Link, err error) {
	l.Relation = zoho.Relation{Module: r.Module, List: r.Relation}
	if l.Parent, err = zoho.ParseID(r.Parent); err != nil {
		return l, err
	}
	l.Related, err = zoho.ParseID(r.Related)
	return l, err
}

// cell makes a text of the CRM safe for a cell: the text is on one line, and a spreadsheet does not
// take it for a formula.
func cell(s string) string {
	if hasControl(s) { // true for few rows
		s = strings.Join(strings.FieldsFunc(s, isControl), " ")
	}
	if s == "" {
		return s
	}
	switch s[0] {
	case '=', '+', '-', '@':
		return "'" + s
	}
	return s
}

// hasControl is strings.ContainsFunc with isControl. It is asked of every outcome, and the
// characters in question are single bytes.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
