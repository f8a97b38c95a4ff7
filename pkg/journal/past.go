package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"delink/pkg/disk"
	"delink/pkg/zoho"
)

// Name is the name of the journal that belongs to a result file.
func Name(results string) string { return disk.Hidden(results, "journal") }

// Suffix is how the names of journals end, for those who look for them in a folder.
const Suffix = ".delink-journal"

// Past is what the journal of an earlier run says.
type Past struct {
	Results string          // the result file that it belongs to
	Records []Record        // what was about to be sent
	All     []zoho.Identity // CRMs to which every link without a row may have been sent
	Begin   int64           // rows of the result file from this byte on are outcomes of the records; -1: none is
	Size    int64           // what the result file had on disk at the least
}

// NotAJournal says that a file with a journal's name is something else.
type NotAJournal struct{ Path string }

func (e *NotAJournal) Error() string { return e.Path + " is not a journal of delink" }

// longest is the longest line that is read. Lines of ours are shorter than 3 kB.
const longest = 1 << 16

// Read reads the journal of a result file; nil if there is none. Lines that are not whole are
// passed over: nothing was sent that was not on disk as a whole line.
func Read(on disk.Disk, path string) (*Past, error) {
	f, err := on.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &Past{Begin: -1}
	lines := bufio.NewReaderSize(f, longest)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF: // what is behind the last line end was never whole
			if n == 1 {
				return nil, &NotAJournal{path}
			}
			return p, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
		text, whole := open(strings.TrimSuffix(string(line), "\n"))
		if n == 1 {
			if err := p.readHeader(path, text, whole); err != nil {
				return nil, err
			}
			continue
		}
		if whole {
			p.take(text)
		}
	}
}

func (p *Past) readHeader(path, text string, whole bool) error {
	kind, rest, _ := strings.Cut(text, " ")
	version, quoted, _ := strings.Cut(rest, " ")
	results, err := strconv.Unquote(quoted)
	switch {
	case !whole || kind != kindHeader:
		return &NotAJournal{path}
	case version != format || err != nil:
		return fmt.Errorf("%s is the journal of another version of delink", path)
	}
	p.Results = results
	return nil
}

// take takes a line. A kind that is not known is of no use.
func (p *Past) take(text string) {
	words := strings.Split(text, " ")
	switch words[0] {
	case kindBegin:
		p.Begin = number(words, p.Begin)
	case kindSize:
		p.Size = max(p.Size, number(words, 0))
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
	}
}

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
