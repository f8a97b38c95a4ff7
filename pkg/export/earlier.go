package export

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/sealed"
	"delink/pkg/zoho"
)

// earlier is what an earlier run has left in a spool.
type earlier struct {
	header  *header            // nil if there is no spool that can be read
	size    int64              // of what can be read
	parents []parent           // closed ones, by id
	closed  map[zoho.ID]parent // the same, while the spool is read
	counts  map[zoho.ID]int    // of others
	outputs []string           // the digests of outputs
}

// readEarlier reads a spool. What comes behind the first line that is not whole was not written to the
// end, and does not count.
func readEarlier(on disk.Disk, path string) (*earlier, error) {
	e := &earlier{counts: map[zoho.ID]int{}, closed: map[zoho.ID]parent{}}
	f, err := on.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	begun := map[zoho.ID]*reread{}
	in := bufio.NewReaderSize(f, 1<<16)
	for {
		line, err := in.ReadString('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		text, whole := sealed.Open(strings.TrimSuffix(line, "\n"))
		if err == io.EOF || !whole || !e.add(text, begun) {
			break
		}
		e.size += int64(len(line))
	}
	for _, id := range slices.Sorted(maps.Keys(e.closed)) {
		e.parents = append(e.parents, e.closed[id])
	}
	e.closed = nil
	return e, nil
}

// add takes up a line. It returns false for one that makes no sense.
func (e *earlier) add(text string, begun map[zoho.ID]*reread) bool {
	kind, rest, _ := strings.Cut(text, " ")
	if e.header == nil {
		version, content, _ := strings.Cut(rest, " ")
		h := &header{}
		if kind != kindHeader || version != format || json.Unmarshal([]byte(content), h) != nil {
			return false
		}
		e.header = h
		return true
	}
	switch kind {
	case kindNames:
		return true
	case kindOutput:
		e.outputs = append(e.outputs, rest)
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
		e.counts[id] = n
	case kindBegin:
		begun[id] = &reread{}
		delete(e.closed, id)
	case kindPage:
		return begun[id] != nil && begun[id].add(e.size, rest)
	case kindClosed:
		n, err := strconv.Atoi(rest)
		if err != nil || begun[id] == nil {
			return false
		}
		if l := begun[id]; l.links == n && !l.disorder {
			e.closed[id] = parent{id: id, state: closed, pages: l.pages, listed: n}
			delete(e.counts, id)
		}
		delete(begun, id)
	default:
		return false
	}
	return true
}

// since is when the earlier run began; the zero time if there was none.
func (e *earlier) since() time.Time {
	if e.header == nil {
		return time.Time{}
	}
	return e.header.Begun
}

// reread is a parent record whose pages are read from a spool. It counts as closed only if it has as
// many links as its closing line says: a line may be missing, or be there twice.
type reread struct {
	pages    []int64
	links    int
	last     zoho.ID
	disorder bool // links are not in the order of their ids, or there twice
}

// add takes up a page, which is the line at an offset. It returns false for one that makes no sense.
func (l *reread) add(at int64, page string) bool {
	var links []struct {
		ID zoho.ID `json:"i"`
	}
	if json.Unmarshal([]byte(page), &links) != nil {
		return false
	}
	for _, link := range links {
		l.disorder = l.disorder || link.ID <= l.last
		l.last = link.ID
	}
	l.pages = append(l.pages, at)
	l.links += len(links)
	return true
}
