package export

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"delink/pkg/disk"
	"delink/pkg/sealed"
	"delink/pkg/zoho"
)

// The kinds of lines in a spool, by their first word.
const (
	kindHeader = "export" // the format, and a header as JSON
	kindNames  = "names"  // ids of parent records and their names, as JSON
	kindCount  = "count"  // a parent record, and how many links the CRM counts
	kindBegin  = "begin"  // a parent record, whose links are listed from here on; pages before do not count
	kindPage   = "page"   // a parent record, and some of its links as JSON
	kindClosed = "closed" // a parent record, whose list is whole, and how many links it has
	kindOutput = "output" // the SHA-256 of an output that is written because of this spool
)

// format is the version of the file's format.
const format = "1"

// link is a link in a spool.
type link struct {
	ID     zoho.ID     `json:"i"`
	Own    zoho.Fields `json:"o,omitempty"`
	Fields zoho.Fields `json:"f,omitempty"`
	Not    bool        `json:"n,omitempty"` // the related record is not wanted: see Which
}

// spool is the file that keeps what was read. It is appended to.
type spool struct {
	on   disk.Disk
	path string
	file disk.File
	size int64
	in   io.ReaderAt // nil before the first read
	shut func() error
}

// openSpool opens a spool behind what can be read of it, or makes one.
func openSpool(on disk.Disk, path string, h header, size int64) (*spool, error) {
	f, err := on.Append(path, size)
	if err != nil {
		return nil, err
	}
	s := &spool{on: on, path: path, file: f, size: size}
	if size > 0 {
		return s, nil
	}
	if _, err := s.write(kindHeader+" "+format, h); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// write adds a line: some words, and a value as JSON unless it is nil. It returns the line's
// offset.
func (s *spool) write(words string, v any) (at int64, err error) {
	if v != nil {
		b, err := json.Marshal(v)
		if err != nil {
			return 0, err
		}
		words += " " + string(b)
	}
	at = s.size
	line := sealed.Append(nil, words)
	if _, err = s.file.Write(line); err != nil {
		return 0, err
	}
	s.size += int64(len(line))
	return at, nil
}

// names writes down names of parent records, which are in one of their fields.
func (s *spool) names(records []zoho.Record, field string) (at int64, err error) {
	all := make(map[zoho.ID]string, len(records))
	for _, r := range records {
		all[r.ID] = r.Fields[field]
	}
	return s.write(kindNames, all)
}

func (s *spool) count(id zoho.ID, links int) error {
	_, err := s.write(fmt.Sprintf("%s %s %d", kindCount, id, links), nil)
	return err
}

func (s *spool) begin(id zoho.ID) error {
	_, err := s.write(kindBegin+" "+id.String(), nil)
	return err
}

func (s *spool) page(id zoho.ID, links []link) (at int64, err error) {
	return s.write(kindPage+" "+id.String(), links)
}

func (s *spool) close(id zoho.ID, links int) error {
	_, err := s.write(fmt.Sprintf("%s %s %d", kindClosed, id, links), nil)
	return err
}

// output writes down the digest of an output, and brings that to disk.
func (s *spool) output(digest string) error {
	if _, err := s.write(kindOutput+" "+digest, nil); err != nil {
		return err
	}
	return s.file.Sync()
}

// read reads the JSON of a line again.
func (s *spool) read(at int64, v any) error {
	if s.in == nil {
		f, err := s.on.Read(s.path)
		if err != nil {
			return err
		}
		in, ok := f.(io.ReaderAt)
		if !ok {
			return errors.Join(fmt.Errorf("%s cannot be read in parts", s.path), f.Close())
		}
		s.in, s.shut = in, f.Close
	}
	line, err := bufio.NewReader(io.NewSectionReader(s.in, at, s.size-at)).ReadString('\n')
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	text, whole := sealed.Open(strings.TrimSuffix(line, "\n"))
	start := strings.IndexAny(text, "[{")
	if !whole || start < 0 {
		return fmt.Errorf("%s was changed by another program", s.path)
	}
	return json.Unmarshal([]byte(text[start:]), v)
}

// end closes the spool.
func (s *spool) end() error {
	err := s.file.Close()
	if s.shut != nil {
		err = errors.Join(err, s.shut())
	}
	return err
}
