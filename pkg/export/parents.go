package export

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/reader/text"
	"delink/pkg/zoho"
)

// state is how far the export of a parent record is.
type state uint8

const (
	open   state = iota
	closed       // its list is whole
	failed       // it is not: see run.failures
)

// parent is a parent record.
type parent struct {
	id      zoho.ID
	nameAt  int64   // the offset of the spool's line with its name; 0 for none
	pages   []int64 // the offsets of the spool's lines with its links
	listed  int     // links on these pages
	counted int     // links that the CRM has counted; -1 if it has not
	state   state
}

func byID(p parent, id zoho.ID) int { return cmp.Compare(p.id, id) }

// parentsFile reads the file that names the parent records of a module. told is its encoding, as in
// reader.Options. other counts the rows of other modules.
func parentsFile(path, module string, told text.Encoding) (ids []zoho.ID, other int, err error) {
	f, err := os.Open(path)
	if err != nil {
		r := &job.Refusal{Err: err, Hint: "give the path of a CSV file with the ids of parent records"}
		if errors.Is(err, fs.ErrNotExist) {
			r.Cause, r.Err = "there is no file "+path, nil
		}
		return nil, 0, r
	}
	defer f.Close()
	rows, err := reader.Parents(path, f, module, told)
	if err != nil {
		return nil, 0, job.InputRefusal(err)
	}
	var bad reader.RowErrors
	for row, err := range rows {
		switch {
		case err != nil:
			return nil, 0, job.InputRefusal(err)
		case row.Err != nil:
			bad.Add(row.Err)
		case row.Module != "" && row.Module != module:
			other++
		default:
			ids = append(ids, row.ID)
		}
	}
	switch {
	case bad.Count() > 0:
		return nil, 0, &job.Refusal{Cause: fmt.Sprintf("%s: %d rows cannot be used", path, bad.Count()), Hint: "correct them", Rows: bad}
	case len(ids) == 0:
		return nil, 0, &job.Refusal{Cause: fmt.Sprintf("%s names no record of %s", path, module)}
	}
	return ids, other, nil
}

// checkCondition refuses a condition whose brackets or quotes do not match. In brackets of ours it
// would mean something else than alone.
func checkCondition(where string) error {
	depth := 0
	inQuotes := false
	for i := 0; i < len(where) && depth >= 0; i++ {
		switch c := where[i]; {
		case inQuotes && c == '\\':
			i++
		case c == '\'':
			inQuotes = !inQuotes
		case inQuotes:
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
	}
	var what string
	switch {
	case strings.TrimSpace(where) == "":
		what = "is empty"
	case inQuotes:
		what = "has a quote that is not closed"
	case depth != 0:
		what = "has brackets that do not match"
	default:
		return nil
	}
	return &job.Refusal{Cause: fmt.Sprintf("the condition %q %s", where, what), Hint: "write it as in End_Date < '2025-01-01'"}
}

// add adds parent records with their names.
func (x *run) add(records []zoho.Record) error {
	if len(records) == 0 {
		return nil
	}
	at, err := x.spool.names(records, zoho.NameField(x.config.Relation.Module))
	for _, r := range records {
		x.parents = append(x.parents, parent{id: r.ID, nameAt: at, counted: -1})
	}
	x.found.Store(int64(len(x.parents)))
	return err
}

// viewOf finds the custom view of a name.
func viewOf(views []zoho.View, name, module string) (zoho.View, error) {
	for _, is := range []func(v zoho.View) bool{
		func(v zoho.View) bool { return v.Name == name || v.SystemName == name },
		func(v zoho.View) bool {
			return strings.EqualFold(v.Name, name) || strings.EqualFold(v.SystemName, name)
		},
	} {
		switch found := slices.DeleteFunc(slices.Clone(views), func(v zoho.View) bool { return !is(v) }); {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return zoho.View{}, &job.Refusal{Cause: fmt.Sprintf("%s has %d views that are called %q", module, len(found), name), Hint: "use the system name: " + systemNames(found)}
		}
	}
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.Name
	}
	slices.Sort(names)
	return zoho.View{}, &job.Refusal{Cause: fmt.Sprintf("%s has no view %q", module, name), Hint: "its views are " + strings.Join(names, ", ")}
}

func systemNames(views []zoho.View) string {
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.SystemName
	}
	return strings.Join(names, ", ")
}
