package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/sealed"
)

// Path gives the name of the record of the calls that belongs to a result file.
func Path(results string) string { return disk.Hidden(results, "calls") }

// Entry is a line of a record. One of its fields is not nil.
type Entry struct {
	Run  *Run
	Call *Call
	Sum  *Sum
	End  *End
}

// Extent is what a record has.
type Extent struct {
	Exists  bool
	Size    int64 // bytes up to the last line end
	Damaged int   // lines that cannot be read
}

// ErrNotARecord says that a file has the name of a record and is none, or one of another version.
var ErrNotARecord = errors.New("is not a record of calls that this version of delink can read")

// longest is the longest line that is read, in bytes.
const longest = 1 << 16

// Read calls visit for each line of a record, in order. A file that does not exist has none. Lines
// that cannot be read are counted and passed over, and so is a line without an end. So the record of
// a run that goes on can be read, too.
func Read(on disk.Disk, path string, visit func(Entry)) (Extent, error) {
	return read(on, path, func(e Entry, _ []byte, _ int64) { visit(e) })
}

// read is Read, with the line of each entry and the byte at which it begins.
func read(on disk.Disk, path string, visit func(e Entry, line []byte, at int64)) (x Extent, err error) {
	f, err := on.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return x, nil
	}
	if err != nil {
		return x, err
	}
	defer f.Close()
	x.Exists = true
	in := bufio.NewReaderSize(f, longest)
	var began time.Time
	end := int64(0) // of what was read
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		at := end
		end += int64(len(line))
		switch {
		case err == io.EOF:
			return x, nil
		case err == nil:
			x.Size = end
		case !errors.Is(err, bufio.ErrBufferFull): // else it is no line of delink, and counts as damaged
			return x, err
		}
		text, whole := sealed.Open(strings.TrimSuffix(string(line), "\n"))
		if first {
			if text != kindHeader+" "+format || !whole {
				return x, ErrNotARecord
			}
			continue
		}
		e, ok := parse(text, began)
		if !whole || !ok {
			x.Damaged++
			continue
		}
		if e.Run != nil {
			began = e.Run.Start
		}
		visit(e, line, at)
	}
}

// parse reads the text of a line. began is the start of the run to which it belongs.
func parse(text string, began time.Time) (e Entry, ok bool) {
	kind, rest, _ := strings.Cut(text, " ")
	switch kind {
	case kindRun:
		e.Run = new(Run)
		return e, json.Unmarshal([]byte(rest), e.Run) == nil && !e.Run.Start.IsZero()
	case kindEnd:
		e.End = new(End)
		return e, json.Unmarshal([]byte(rest), e.End) == nil
	case kindSum:
		e.Sum = new(Sum)
		return e, json.Unmarshal([]byte(rest), e.Sum) == nil && e.Sum.Seconds > 0 && e.Sum.Calls > 0
	case kindCall:
		c, ok := parseCall(rest, began)
		e.Call = &c
		return e, ok && !began.IsZero()
	}
	return e, false
}
