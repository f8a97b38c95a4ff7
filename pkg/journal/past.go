package journal

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"delink/pkg/disk"
	"delink/pkg/sealed"
	"delink/pkg/zoho"
)

// File is a journal, and the result file that it belongs to.
type File struct{ Path, Results string }

// Of gives the journal of a run, which removes links.
func Of(results string) File { return File{disk.Hidden(results, "journal"), results} }

// OfUndo gives the journal of an undo, which makes links. It has another name, because no run may
// take what it lists for links that are about to be removed.
func OfUndo(results string) File { return File{disk.Hidden(results, "undo-journal"), results} }

// Suffix is the end of the name of the journal of every run. It serves to find them in a folder.
const Suffix = ".delink-journal"

// Past is what the journal of an earlier run says.
type Past struct {
	Results string   // the path of the result file that the journal belongs to
	Records []Record // what was about to be sent
	// All are CRMs to which every link of the input may have been sent that has no row in the
	// result file.
	All []zoho.Identity
	// Begin is a place in the result file, in bytes. A row takes its link out of doubt only if it
	// stands there or later. It is -1 if no row does.
	Begin int64
	// Damaged says that a line cannot be read, and no kill or power failure leaves it like that.
	// Nobody knows which links it had.
	Damaged bool
	// Size is how many bytes of the result file were on disk. If the file is smaller now, it has
	// lost rows.
	Size int64
	// Since is a place in the result file, at Begin or behind it. Each batch that the run itself
	// has written down has a link without an outcome before this place. It is -1 if Begin is.
	Since int64
}

// NotAJournal is the error for a file that has a journal's name and cannot be read as one: it is
// another file, or was damaged, or is of another version.
type NotAJournal struct {
	Path         string
	OtherVersion bool
	Rest         *Past // what the lines say that are whole; never nil
}

func (e *NotAJournal) Error() string {
	if e.OtherVersion {
		return e.Path + " is the journal of another version of delink"
	}
	return e.Path + " is not a journal of delink, or is damaged"
}

// longest is the longest line that is read, in bytes. The lines of a journal have less than 3 kB.
const longest = 1 << 16

// Read reads a journal. It returns nil if there is none. Lines at the end that are not whole are
// passed over: a batch is sent only after its line is on disk as a whole. So the journal of a run
// that goes on can be read, too. If the first line is not that of a journal, the error is a
// *NotAJournal.
func Read(on disk.Disk, path string) (*Past, error) {
	return read(on, path, func([]byte) bool { return true })
}

// ReadAbout is Read for the records that may have links of one parent record and relation, from
// whichever side. It is much faster if a journal has many others. It does not look for damage in
// them.
func ReadAbout(on disk.Disk, path string, r zoho.Relation, parent zoho.ID) (*Past, error) {
	other, _ := zoho.OtherSide(r)
	id := parent.String()
	own := []byte(" " + r.Module + " " + id + " " + r.List + " ")
	module, names := []byte(" "+other.Module+" "), []byte(" "+other.List+" ")
	return read(on, path, func(line []byte) bool {
		if !isRecord(line) || bytes.Contains(line, own) {
			return true
		}
		_, list, of := bytes.Cut(line, module)
		_, ids, isOther := bytes.Cut(list, names)
		return of && isOther && bytes.Contains(ids, []byte(id))
	})
}

// isRecord reports whether a line has a Record, whole or not.
func isRecord(line []byte) bool {
	if len(line) < sealed.Sum {
		return false
	}
	text := line[sealed.Sum:]
	return bytes.HasPrefix(text, []byte(" "+kindLinks+" ")) || bytes.HasPrefix(text, []byte(" "+kindTurned+" "))
}

// read takes those lines of a journal that are wanted.
func read(on disk.Disk, path string, wanted func(line []byte) bool) (*Past, error) {
	f, err := on.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &Past{Begin: -1, Since: -1}
	var not *NotAJournal
	torn := false // a line so far is not whole
	lines := bufio.NewReaderSize(f, longest)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF: // text behind the last line end is no whole line
			if n == 1 {
				not = &NotAJournal{Path: path, Rest: p}
			}
			if not != nil {
				return nil, not
			}
			return p, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
		if err == nil && n > 1 && !wanted(line) {
			continue
		}
		text, whole := sealed.Open(strings.TrimSuffix(string(line), "\n"))
		if n == 1 {
			not = p.readHeader(path, text, whole)
			continue
		}
		switch {
		case not != nil:
			if whole && !not.OtherVersion {
				p.take(text)
			}
		case whole:
			p.Damaged = p.Damaged || torn
			p.take(text)
		case strings.Contains(text, "\x00"): // blocks that a power failure kept from the disk
			torn = true
		default: // a kill leaves no line end behind half a line
			p.Damaged = true
		}
	}
}

// readHeader takes the first line. It returns nil if that is the first line of a journal.
func (p *Past) readHeader(path, text string, whole bool) *NotAJournal {
	kind, rest, _ := strings.Cut(text, " ")
	version, quoted, _ := strings.Cut(rest, " ")
	results, err := strconv.Unquote(quoted)
	switch {
	case !whole || kind != kindHeader:
		return &NotAJournal{Path: path, Rest: p}
	case version != format && version != firstFormat || err != nil:
		return &NotAJournal{Path: path, OtherVersion: true, Rest: p}
	}
	p.Results = results
	return nil
}

// take takes the text of a line. Lines of an unknown kind are passed over.
func (p *Past) take(text string) {
	words := strings.Split(text, " ")
	switch words[0] {
	case kindBegin:
		p.Begin = number(words, p.Begin)
	case kindSize:
		size := number(words, 0)
		if p.Begin >= 0 && p.Since < 0 {
			p.Since = max(p.Begin, size)
		}
		p.Size = max(p.Size, size)
	case kindAll:
		if len(words) == 2 {
			if crm, ok := zoho.ParseIdentity(words[1]); ok {
				p.All = append(p.All, crm)
			}
		}
	case kindLinks:
		if r, ok := parseRecord(words[1:]); ok {
			p.Records = append(p.Records, r)
		}
	case kindTurned:
		if r, ok := parseTurned(words[1:]); ok {
			p.Records = append(p.Records, r)
		}
	}
}

// number reads a line of a kind and a number.
func number(words []string, otherwise int64) int64 {
	if len(words) != 2 {
		return otherwise
	}
	n, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}
