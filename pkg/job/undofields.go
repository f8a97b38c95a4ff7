package job

import (
	"encoding/json"
	"fmt"

	"delink/pkg/chunker"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// linkFields are the own fields of links, by position. Most links have the same fields as many
// others, so each combination is kept once.
type linkFields struct {
	set   *chunker.Set
	which []uint32 // by position: the number of its fields; 0 for none
	all   []zoho.Fields
	known map[string]uint32
}

func newLinkFields(set *chunker.Set) *linkFields {
	return &linkFields{set: set, which: make([]uint32, set.Rows()), all: make([]zoho.Fields, 1), known: map[string]uint32{}}
}

// of gives the fields of the link at a position; nil if it has none.
func (f *linkFields) of(pos int) zoho.Fields { return f.all[f.which[pos]] }

// put gives a link its fields, if the set has the link.
func (f *linkFields) put(l reader.Link, fields zoho.Fields) {
	pos, ok := f.set.Find(l)
	if !ok || len(fields) == 0 {
		return
	}
	key, err := json.Marshal(fields) // the names are in order
	if err != nil {
		return // a map of strings is always written
	}
	n, ok := f.known[string(key)]
	if !ok {
		n = uint32(len(f.all))
		f.all = append(f.all, fields)
		f.known[string(key)] = n
	}
	f.which[pos] = n
}

// findFields finds the own fields of the links: in the snapshot of the run, else in the columns
// link.NAME of the input. Of several rows of the snapshot about a link, the last one with fields
// counts.
func (j *Job) findFields() (*linkFields, error) {
	fields := newLinkFields(j.input.Set)
	if err := j.fieldsOfInput(fields); err != nil {
		return nil, err
	}
	names := report.NamesOfCRM(j.answers.identity, j.undone.run)
	hasRow := make([]bool, j.input.Set.Rows())
	missing, exists := j.input.Set.Links(), false
	err := report.ReadSnapshot(j.world.Disk, j.run.Snapshot, func(l reader.Link, org string, own map[string]string) error {
		if exists = true; j.isRehearsal() || !names.IsStranger(org) {
			fields.put(l, own)
			if pos, ok := j.input.Set.Find(l); ok && !hasRow[pos] {
				hasRow[pos] = true
				missing--
			}
		}
		return nil
	})
	if exists && missing > 0 {
		j.notef("%s has no row of %s: their fields are those of the input, if it has some", j.run.Snapshot, manyLinks(missing))
	}
	return fields, notOurs(err)
}

// fieldsOfInput reads the columns link.NAME of the input.
func (j *Job) fieldsOfInput(fields *linkFields) error {
	if len(j.input.Header.LinkNames()) == 0 {
		return nil
	}
	again, verify, done, err := j.input.source.again(j.input.SHA256)
	if err != nil {
		return err
	}
	defer done()
	in, err := reader.New(j.input.source.name, again, j.config.Reader)
	if err != nil {
		return err
	}
	for row, err := range in.Rows() {
		if err != nil {
			return err
		}
		if row.Err != nil {
			continue
		}
		// The link has the fields of its first row, whose line the set has.
		if pos, ok := fields.set.Find(row.Link); ok {
			if _, line := fields.set.At(pos); line == row.Line {
				fields.put(row.Link, in.Header().LinkFields(row.Raw))
			}
		}
	}
	return verify()
}

// refuseWithoutFields refuses an undo of links that cannot be made without a field that nobody knows
// any more.
func (j *Job) refuseWithoutFields() error {
	r := &Refusal{}
	for b := range j.book.Batches(zoho.MaxIDs, j.config.RetryFailed) {
		field := zoho.MandatoryField(b.Relation)
		if field == "" {
			continue
		}
		for i, pos := range b.Pos {
			if j.undone.fields.of(pos)[field] != "" {
				continue
			}
			_, line := j.input.Set.At(pos)
			r.Rows.Add(&reader.RowError{
				File: j.input.source.name, Line: line, AtLine: line,
				Column: "related_id", Value: b.Related[i].String(), Reason: "cannot be linked again: its " + field + " is not known",
			})
		}
	}
	if r.Rows.Count() == 0 {
		return nil
	}
	r.Cause = fmt.Sprintf("%s: %s cannot be linked again, because the CRM demands a field whose value is not known", j.input.source.name, manyLinks(r.Rows.Count()))
	r.Hint = "a run with a snapshot keeps such values; or give each of these rows its value, in a column of the input that is called link. and the field's name, such as link.list_price"
	return r
}
