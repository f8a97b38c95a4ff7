package journal

import (
	"fmt"
	"strings"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Record has links of one parent record and relation that were about to be sent to a CRM.
type Record struct {
	CRM      zoho.Identity
	Relation zoho.Relation
	Parent   zoho.ID
	Related  []zoho.ID
	// Turned is the relation of the links, if they were to be removed from their other side: see
	// chunker.Batch.
	Turned zoho.Relation
}

// recordOf is the record of a batch.
func recordOf(crm zoho.Identity, b *chunker.Batch) *Record {
	return &Record{crm, b.Relation, b.Parent, b.Related, b.Turned}
}

// Links gives the record's links, as the input of its run has them.
func (r *Record) Links() []reader.Link {
	b := chunker.Batch{Relation: r.Relation, Parent: r.Parent, Related: r.Related, Turned: r.Turned}
	links := make([]reader.Link, len(r.Related))
	for i := range links {
		links[i] = b.Link(i)
	}
	return links
}

// The kinds of lines, by their first word.
const (
	kindHeader = "journal" // the format, and Past.Results in quotes
	kindBegin  = "begin"   // Past.Begin
	kindSize   = "size"    // Past.Size; the largest one counts
	kindLinks  = "links"   // one of Past.Records
	kindTurned = "turned"  // one of Past.Records whose links were to be removed from their other side
	kindAll    = "all"     // one of Past.All
)

// format is the version of the file's format. Builds that know only the first one have no records
// of kindTurned, would pass over them, and must not.
const (
	format      = "2"
	firstFormat = "1"
)

// text gives the record as the text of a line.
func (r *Record) text() string {
	kind, of := kindLinks, ""
	if r.isTurned() {
		kind, of = kindTurned, " "+r.Turned.String()
	}
	b := fmt.Appendf(nil, "%s %s %s %s %s ", kind, r.CRM, r.Relation.Module, r.Parent, r.Relation.List)
	for i, id := range r.Related {
		if i > 0 {
			b = append(b, ',')
		}
		b = id.Append(b)
	}
	return string(b) + of
}

func (r *Record) isTurned() bool { return r.Turned != zoho.Relation{} }

// parseTurned reads the words behind kindTurned. The last one is the relation of the links.
func parseTurned(words []string) (r Record, ok bool) {
	if len(words) != 6 {
		return r, false
	}
	if r, ok = parseRecord(words[:5]); !ok {
		return r, false
	}
	var err error
	r.Turned, err = zoho.ParseRelation(words[5])
	return r, err == nil
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
