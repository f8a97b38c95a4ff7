package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/reader"
	"delink/pkg/reader/value"
	"delink/pkg/worker"
)

// snapshotColumns are the columns of a snapshot before those of the links' own fields.
var snapshotColumns = []string{"line", "module", "parent_id", "relation", "related_id", "time", "org"}

// Snapshot is a file with the own fields of links that are about to be removed, a row for each link.
// It is added to, and never loses a row. Each field has a column, so it is replaced by one with more
// columns when a link has a field for the first time.
//
// No disk space is reserved for it: a link whose row cannot be written is not sent.
type Snapshot struct {
	on     disk.Disk
	path   string
	set    *chunker.Set // the links
	crm    string       // the name of the CRM that new rows are about
	names  []string
	file   disk.File // nil before the first row
	size   int64     // bytes of the header and of whole rows
	broken error     // why no row can be written any more
}

// OpenSnapshot opens a snapshot, to add rows about a CRM behind the last whole row. Until there is a
// row, it changes no file.
func OpenSnapshot(on disk.Disk, path string, set *chunker.Set, crm string) (*Snapshot, error) {
	s := &Snapshot{on: on, path: path, set: set, crm: crm}
	var err error
	s.names, s.size, err = readSnapshot(on, path, func([]string) error { return nil })
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Keep adds rows. When it returns, they survive a power failure. After an error, every later call
// fails too: a row behind an incomplete one could not be read back.
func (s *Snapshot) Keep(links []worker.Snapshot) error {
	if s.broken == nil {
		s.broken = s.keep(links)
	}
	return s.broken
}

func (s *Snapshot) keep(links []worker.Snapshot) error {
	if err := s.open(links); err != nil {
		return err
	}
	now := Timestamp(time.Now())
	var b []byte
	for _, l := range links {
		row, err := csvLine(s.row(l, now))
		if err != nil {
			return err
		}
		if len(row) > lineMax {
			return fmt.Errorf("%s: the fields of a link are too long to be kept (line %s of the input)", s.path, row[:bytes.IndexByte(row, ',')])
		}
		b = append(b, row...)
	}
	if _, err := s.file.Write(b); err != nil {
		return err
	}
	s.size += int64(len(b))
	return s.file.Sync()
}

// row gives the cells of a link.
func (s *Snapshot) row(l worker.Snapshot, now string) []string {
	at, line := s.set.At(l.Pos)
	row := []string{strconv.Itoa(line), at.Relation.Module, at.Parent.String(), at.Relation.List, at.Related.String(), now, s.crm}
	for _, name := range s.names {
		row = append(row, snapshotCell(l.Fields[name]))
	}
	return row
}

// open opens the file, with a column for each field of the links.
func (s *Snapshot) open(links []worker.Snapshot) error {
	more := map[string]bool{}
	for _, l := range links {
		for name := range l.Fields {
			more[name] = true
		}
	}
	for _, name := range s.names {
		delete(more, name)
	}
	if len(more) > 0 || s.size == 0 {
		if err := s.widen(slices.Sorted(maps.Keys(more))); err != nil {
			return err
		}
	}
	if s.file != nil {
		return nil
	}
	var err error
	s.file, err = s.on.Append(s.path, s.size)
	return err
}

// widen replaces the file by one with more columns.
func (s *Snapshot) widen(more []string) error {
	if err := s.Close(); err != nil {
		return err
	}
	names := slices.Concat(s.names, more)
	size := int64(0)
	err := s.on.Replace(s.path, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<20)
		write := func(row []string) error {
			b, err := csvLine(row)
			size += int64(len(b))
			if err == nil {
				_, err = out.Write(b)
			}
			return err
		}
		header := slices.Clone(snapshotColumns)
		for _, name := range names {
			header = append(header, reader.LinkColumn+snapshotCell(name))
		}
		if err := write(header); err != nil {
			return err
		}
		empty := make([]string, len(more))
		_, _, err := readSnapshot(s.on, s.path, func(row []string) error { return write(slices.Concat(row, empty)) })
		if err != nil {
			return err
		}
		return out.Flush()
	})
	s.names, s.size = names, size
	return err
}

// Close closes the file. All rows are on disk already.
func (s *Snapshot) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// snapshotCell gives a text as it stands in a cell: on one line, and a spreadsheet does not take it
// for a formula. textOf gives the text back.
func snapshotCell(s string) string {
	if strings.HasPrefix(s, `"`) || strings.ContainsFunc(s, isControl) {
		s = strconv.Quote(s)
	}
	return value.Cell(s)
}

func textOf(cell string) string {
	s := value.FromCell(cell)
	if text, err := strconv.Unquote(s); err == nil && strings.HasPrefix(s, `"`) {
		return text
	}
	return s
}

// csvLine gives a row as a line of a CSV file.
func csvLine(row []string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	err := w.WriteAll([][]string{row})
	return b.Bytes(), err
}
