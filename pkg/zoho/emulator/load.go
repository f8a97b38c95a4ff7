package emulator

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"delink/pkg/zoho/emulator/knob"
)

// A sheet is a CSV under way, with the places of its columns.
type sheet struct {
	rows   *csv.Reader
	header []string
	row    []string
	line   int
}

// openSheet reads the header, which must name all of the columns needed.
func openSheet(r io.Reader, what string, needed ...string) (*sheet, error) {
	s := &sheet{rows: csv.NewReader(r)}
	s.rows.ReuseRecord = true
	header, err := s.rows.Read()
	if err != nil {
		if err == io.EOF {
			return nil, fmt.Errorf("%s lack a header", what)
		}
		return nil, plainly(err)
	}
	s.header = slices.Clone(header)
	for _, name := range needed {
		if !slices.Contains(s.header, name) {
			return nil, fmt.Errorf("%s lack the column %s (the header needs %s)", what, name, strings.Join(needed, ","))
		}
	}
	return s, nil
}

// plainly makes an error of encoding/csv one in plain words.
func plainly(err error) error {
	parse := new(csv.ParseError)
	switch {
	case !errors.As(err, &parse):
		return err
	case errors.Is(err, csv.ErrFieldCount):
		return fmt.Errorf("line %d: the row has more or fewer columns than the header", parse.StartLine)
	}
	return fmt.Errorf("line %d: a quotation mark is missing, or is in the wrong place", parse.StartLine)
}

// next reads a row. Its error is io.EOF at the end.
func (s *sheet) next() (err error) {
	if s.row, err = s.rows.Read(); err != nil {
		return plainly(err)
	}
	s.line, _ = s.rows.FieldPos(0)
	return nil
}

// value is that of a column, "" if there is no such column.
func (s *sheet) value(column string) string {
	if i := slices.Index(s.header, column); i >= 0 {
		return s.row[i]
	}
	return ""
}

func (s *sheet) name(column string) (string, error) {
	name := s.value(column)
	if !isName(name) {
		return "", fmt.Errorf("line %d: %q is not an API name", s.line, name)
	}
	return name, nil
}

func (s *sheet) id(column string) (uint64, error) {
	id, err := knob.ParseID(s.value(column))
	if err != nil {
		return 0, fmt.Errorf("line %d: %w", s.line, err)
	}
	return id, nil
}

// fields are the values of the columns whose names begin with prefix, by the rest of the name.
// Empty values are none. It is nil if there are none.
func (s *sheet) fields(prefix string) map[string]any {
	var fields map[string]any
	for i, column := range s.header {
		name, ok := strings.CutPrefix(column, prefix)
		if !ok || s.row[i] == "" {
			continue
		}
		if fields == nil {
			fields = map[string]any{}
		}
		fields[strings.Clone(name)] = fieldValue(name, strings.Clone(s.row[i]))
	}
	return fields
}

// fieldValue is a text of a CSV in the form that the field has in the API.
func fieldValue(name, text string) any {
	switch name {
	case "list_price":
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return json.Number(text)
		}
	case "Contact_Role":
		return map[string]any{"name": text, "id": listID("Contact_Role", text)}
	}
	return text
}

// Load puts the links of a CSV into the books. Its header names the columns module, parent_id,
// relation and related_id, in any order. Columns link.NAME hold fields of the link, record.NAME
// fields of the related record, and parent_name the name of the parent record; others are ignored.
// It returns how many rows were loaded; a row that is wrong ends the loading.
func (e *Emulator) Load(r io.Reader) (int, error) {
	s, err := openSheet(r, "links", linkColumns...)
	if err != nil {
		return 0, err
	}
	extra := slices.ContainsFunc(s.header, func(name string) bool {
		return name == "parent_name" || strings.HasPrefix(name, "link.") || strings.HasPrefix(name, "record.")
	})
	// Rows of one list tend to come together: they are put in together.
	var last loadedLink
	var related []uint64
	flush := func() {
		if len(related) > 0 {
			e.Link(last.module, last.parent, last.list, related...)
			related = related[:0]
		}
	}
	defer flush()
	for n := 0; ; n++ {
		if err := s.next(); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		l, err := s.link()
		if err != nil {
			return n, err
		}
		if l.module != last.module || l.list != last.list || l.parent != last.parent {
			flush()
			// The names are parts of a whole row, which would live as long.
			l.module, l.list = strings.Clone(l.module), strings.Clone(l.list)
			last = l
		}
		related = append(related, l.related)
		if extra {
			flush()
			e.loadFields(s, l)
		}
	}
}

type loadedLink struct {
	module, list    string
	parent, related uint64
}

func (s *sheet) link() (l loadedLink, err error) {
	if l.module, err = s.name("module"); err != nil {
		return l, err
	}
	if l.list, err = s.name("relation"); err != nil {
		return l, err
	}
	if l.parent, err = s.id("parent_id"); err != nil {
		return l, err
	}
	l.related, err = s.id("related_id")
	return l, err
}

// loadFields puts in what the row of a link says about the link and its records.
func (e *Emulator) loadFields(s *sheet, l loadedLink) {
	if own := s.fields("link."); own != nil {
		e.SetFields(l.module, l.parent, l.list, l.related, own)
	}
	if name := s.value("parent_name"); name != "" {
		e.setField(l.module, l.parent, map[string]any{nameField(l.module): strings.Clone(name)})
	}
	if fields := s.fields("record."); fields != nil {
		e.setField(moduleOf(l.list), l.related, fields)
	}
}

// setField gives a record some fields beside those that it has.
func (e *Emulator) setField(module string, id uint64, fields map[string]any) {
	e.lock()
	defer e.mu.Unlock()
	e.books.addRecord(module, id)
	k := recordKey{module, id}
	if e.books.records[k] == nil {
		e.books.records[k] = map[string]any{}
	}
	for name, value := range fields {
		e.books.records[k][name] = value
	}
}

// LoadRecords puts records into the books: a CSV with the columns module and id; every other column
// is a field. It returns how many rows were loaded; a row that is wrong ends the loading.
func (e *Emulator) LoadRecords(r io.Reader) (int, error) {
	s, err := openSheet(r, "records", "module", "id")
	if err != nil {
		return 0, err
	}
	for n := 0; ; n++ {
		if err := s.next(); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		module, err := s.name("module")
		if err != nil {
			return n, err
		}
		id, err := s.id("id")
		if err != nil {
			return n, err
		}
		fields := s.fields("")
		delete(fields, "module")
		delete(fields, "id")
		e.setField(strings.Clone(module), id, fields)
	}
}
