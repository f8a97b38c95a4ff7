package export

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

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

// header says what a spool is of. A spool with another header is of another export.
type header struct {
	CRM       string    `json:"crm"` // see zoho.Identity.String
	Relation  string    `json:"relation"`
	Parents   string    `json:"parents"`
	Fields    []string  `json:"fields"`
	Converted Which     `json:"converted"`
	Approved  Which     `json:"approved"`
	Begun     time.Time `json:"begun"`
}

// isOf reports whether two headers are of the same export.
func (h header) isOf(other header) bool {
	a, okA := zoho.ParseIdentity(h.CRM)
	b, okB := zoho.ParseIdentity(other.CRM)
	return okA && okB && a.Compare(b) == zoho.Same && h.Relation == other.Relation && h.Parents == other.Parents &&
		slices.Equal(h.Fields, other.Fields) && h.Converted == other.Converted && h.Approved == other.Approved
}

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

// past is what an earlier run has left in a spool.
type past struct {
	header  *header         // nil if there is no spool that can be read
	size    int64           // of what can be read
	parents []parent        // closed ones, by id
	counts  map[zoho.ID]int // of others
	outputs []string        // the digests of outputs
}

// readPast reads a spool. What comes behind the first line that is not whole was not written to the
// end, and does not count.
func readPast(on disk.Disk, path string) (*past, error) {
	p := &past{counts: map[zoho.ID]int{}}
	f, err := on.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	begun := map[zoho.ID]*parent{}
	in := bufio.NewReaderSize(f, 1<<16)
	for {
		line, err := in.ReadString('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		text, whole := sealed.Open(strings.TrimSuffix(line, "\n"))
		if err == io.EOF || !whole || !p.take(text, begun) {
			break
		}
		p.size += int64(len(line))
	}
	slices.SortFunc(p.parents, func(a, b parent) int { return cmp.Compare(a.id, b.id) })
	return p, nil
}

// take takes a line. It returns false for one that makes no sense.
func (p *past) take(text string, begun map[zoho.ID]*parent) bool {
	kind, rest, _ := strings.Cut(text, " ")
	if p.header == nil {
		version, content, _ := strings.Cut(rest, " ")
		h := &header{}
		if kind != kindHeader || version != format || json.Unmarshal([]byte(content), h) != nil {
			return false
		}
		p.header = h
		return true
	}
	switch kind {
	case kindNames:
		return true
	case kindOutput:
		p.outputs = append(p.outputs, rest)
		return true
	}
	word, rest, _ := strings.Cut(rest, " ")
	id, err := zoho.ParseID(word)
	if err != nil {
		return false
	}
	switch kind {
	case kindCount:
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return false
		}
		p.counts[id] = n
	case kindBegin:
		begun[id] = &parent{id: id, state: closed}
	case kindPage:
		if begun[id] == nil {
			return false
		}
		begun[id].pages = append(begun[id].pages, p.size)
	case kindClosed:
		n, err := strconv.Atoi(rest)
		if err != nil || begun[id] == nil {
			return false
		}
		begun[id].listed = n
		p.parents = append(p.parents, *begun[id])
		delete(begun, id)
		delete(p.counts, id)
	default:
		return false
	}
	return true
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
