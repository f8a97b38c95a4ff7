package journal

import (
	"fmt"
	"strings"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Record has links of one parent record and relation that were about to be sent to a CRM.
type Record struct {
	CRM      zoho.Identity
	Relation zoho.Relation
	Parent   zoho.ID
	Related  []zoho.ID
}

// Links gives the record's links.
func (r *Record) Links() []reader.Link {
	links := make([]reader.Link, len(r.Related))
	for i, id := range r.Related {
		links[i] = reader.Link{Relation: r.Relation, Parent: r.Parent, Related: id}
	}
	return links
}

// The kinds of lines, by their first word.
const (
	kindHeader = "journal" // the format, and Past.Results in quotes
	kindBegin  = "begin"   // Past.Begin
	kindSize   = "size"    // Past.Size; the largest one counts
	kindLinks  = "links"   // one of Past.Records
	kindAll    = "all"     // one of Past.All
)

// format is the version of the file's format.
const format = "1"

// text gives the record as the text of a line.
func (r *Record) text() string {
	b := fmt.Appendf(nil, "%s %s %s %s %s ", kindLinks, r.CRM, r.Relation.Module, r.Parent, r.Relation.List)
	for i, id := range r.Related {
		if i > 0 {
			b = append(b, ',')
		}
		b = id.Append(b)
	}
	return string(b)
}

// parseRecord reads the words behind the kind of a line.
func parseRecord(words []string) (r Record, ok bool) {
	if len(words) != 5 {
		return r, false
	}
	if r.CRM, ok = zoho.ParseIdentity(words[0]); !ok {
		return r, false
	}
	r.Relation = zoho.Relation{Module: words[1], List: words[3]}
	var err error
	if r.Parent, err = zoho.ParseID(words[2]); err != nil {
		return r, false
	}
	for _, s := range strings.Split(words[4], ",") {
		id, err := zoho.ParseID(s)
		if err != nil {
			return r, false
		}
		r.Related = append(r.Related, id)
	}
	return r, true
}
