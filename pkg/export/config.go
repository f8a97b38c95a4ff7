package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"delink/pkg/job"
	"delink/pkg/reader/text"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// Stdout is the name of the standard output among outputs.
const Stdout = "-"

// Config is which links to export and how.
type Config struct {
	Relation zoho.Relation
	Parents  Parents
	Link     Filter   // links must have these fields; nil for all links
	Fields   []string // of the related records
	// Converted and Approved say which related records are wanted.
	Converted, Approved Which
	Output              string // a path, or Stdout
	Stdout              io.Writer
	Folder              string // for the spool of an export to standard output
	Restart             bool   // do not go on with an unfinished export
	job.Limits
}

// Parents say which parent records an export is of. Exactly one of the fields above Encoding is set.
type Parents struct {
	Where string    // a condition in COQL
	View  string    // the name of a custom view
	File  string    // a file that names them
	IDs   []zoho.ID // the records themselves
	All   bool

	Encoding text.Encoding // of File, as in reader.Options
}

// Add adds a parent record by its id, as files have it.
func (p *Parents) Add(s string) error {
	id, problem := value.ParseID(s)
	if problem != nil {
		return fmt.Errorf("%q %s", s, problem.Reason)
	}
	p.IDs = append(p.IDs, id)
	return nil
}

// Which says which related records are wanted, as to a state that they have or have not.
type Which string

// Which records are wanted.
const (
	Both Which = "" // whether they have the state or not
	Only Which = "only"
	No   Which = "no"
)

// value is the value of a parameter of the API that shows these records.
func (w Which) value() string {
	switch w {
	case Only:
		return "true"
	case No:
		return "false"
	case Both:
	}
	return "both"
}

// Filter has the values that fields of a link may have, by the fields' names.
type Filter map[string][]string

// Add reads NAME=VALUE,VALUE. A value with a comma stands in double quotes. If a field is named
// again, its values add up. An empty value is that of a link without the field.
func (f *Filter) Add(s string) error {
	name, list, ok := strings.Cut(s, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return fmt.Errorf("%q is not a field and its values: write Member_Status=Planned,Sent", s)
	}
	values := []string{""}
	if list != "" {
		r := csv.NewReader(strings.NewReader(list))
		r.TrimLeadingSpace = true
		var err error
		if values, err = r.Read(); err != nil {
			return fmt.Errorf("%q is not a list of values: put a value with a comma in double quotes", list)
		}
	}
	if *f == nil {
		*f = Filter{}
	}
	(*f)[name] = append((*f)[name], values...)
	return nil
}

// holds reports whether a link has the fields that are wanted. A field that is null is one without a
// value. Where the CRM shows no field of a link at all, nothing is known.
func (f Filter) holds(own zoho.Fields) (holds, known bool) {
	if len(f) == 0 {
		return true, true
	}
	if own == nil {
		return false, false
	}
	for name, values := range f {
		if !slices.Contains(values, own[name]) {
			return false, true
		}
	}
	return true, true
}

// Wanted says in words which of the links are wanted; empty for all.
func (c *Config) Wanted() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(c.Link)) {
		words = append(words, name+" "+quotedOr(c.Link[name]))
	}
	all := strings.Join(words, " and ")
	if all != "" {
		all = "those with " + all
	}
	for _, w := range []struct {
		which Which
		state string
	}{{c.Converted, "converted"}, {c.Approved, "approved"}} {
		switch {
		case w.which == Both:
			continue
		case all == "":
			all = "those of records that are "
		case strings.Contains(all, "records that are"):
			all += " and "
		default:
			all += ", of records that are "
		}
		all += map[Which]string{Only: "", No: "not "}[w.which] + w.state
	}
	return all
}

// quotedOr joins values as people write them.
func quotedOr(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return strings.Join(quoted, " or ")
}

// apiFields are the names of fields that a call asks for: of NAME.id, which is a part of a lookup,
// it asks for NAME. A field without which a link cannot be made again is always asked for, and must
// stay one of the link's own.
func (c *Config) apiFields() (names []string) {
	for _, f := range c.Fields {
		if name := strings.TrimSuffix(f, ".id"); !slices.Contains(names, name) && name != zoho.MandatoryField(c.Relation) {
			names = append(names, name)
		}
	}
	return names
}
