package report

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/sealed"
	"delink/pkg/worker"
)

// Findings keep what look-ups have shown of the links of a set. They are the
// worker.FindingRecorder of a verification.
//
// While the verification goes on they are in a hidden file, which is only appended to. So a
// verification that was stopped or killed can be gone on with. The first line of the file has a
// key, which says what the findings are about. All lines are sealed. Each other line has a link's
// position, whether it is linked, and the time. Links of which that is not known have no line: they
// are looked up again.
type Findings struct {
	set   *chunker.Set
	found []byte  // by position: noFinding, or what was found
	times []int64 // by position, in milliseconds
	file  disk.File

	unknown map[Fate]int // links by the reason why they could not be looked up
}

// What found has.
const (
	noFinding byte = iota
	isLinked
	isNotLinked
	isNotKnown
)

const findingsMark = "findings 1 "

// ReadFindings reads the findings that an earlier verification left. If there are none, or if they
// have another key, there are no findings. size is how many bytes of the file count.
func ReadFindings(on disk.Disk, path, key string, set *chunker.Set) (f *Findings, size int64, err error) {
	f = &Findings{set: set, found: make([]byte, set.Rows()), times: make([]int64, set.Rows()), unknown: map[Fate]int{}}
	in, err := on.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	lines := bufio.NewReader(in)
	// What comes behind a line that is not whole does not count.
	for {
		line, err := lines.ReadString('\n')
		text, whole := sealed.Open(strings.TrimSuffix(line, "\n"))
		if err != nil || !whole {
			return f, size, nil
		}
		if size == 0 && text != findingsMark+key || size > 0 && !f.load(text) {
			return f, size, nil
		}
		size += int64(len(line))
	}
}

// load takes a line of the file.
func (f *Findings) load(line string) bool {
	parts := strings.Split(line, " ")
	if len(parts) != 3 {
		return false
	}
	pos, err := strconv.Atoi(parts[0])
	at, timeErr := strconv.ParseInt(parts[2], 10, 64)
	what := findingOf(outcome.Presence(parts[1]))
	if err != nil || timeErr != nil || what == isNotKnown || pos < 0 || pos >= len(f.found) {
		return false
	}
	f.found[pos], f.times[pos] = what, at
	return true
}

func findingOf(p outcome.Presence) byte {
	switch p {
	case outcome.Linked:
		return isLinked
	case outcome.NotLinked:
		return isNotLinked
	case outcome.NotKnown:
	}
	return isNotKnown
}

func (f *Findings) presence(pos int) outcome.Presence {
	switch f.found[pos] {
	case isLinked:
		return outcome.Linked
	case isNotLinked:
		return outcome.NotLinked
	}
	return outcome.NotKnown
}

// Open opens the file, to append findings behind the first size bytes.
func (f *Findings) Open(on disk.Disk, path, key string, size int64) (err error) {
	if f.file, err = on.Append(path, size); err != nil || size > 0 {
		return err
	}
	_, err = f.file.Write(sealed.Append(nil, findingsMark+key))
	return err
}

// Forget drops all findings.
func (f *Findings) Forget() {
	clear(f.found)
	clear(f.times)
}

// Has reports whether a link has a finding.
func (f *Findings) Has(pos int) bool { return f.found[pos] != noFinding }

// Write keeps findings.
func (f *Findings) Write(findings []worker.Finding) error {
	var lines []byte
	for i := range findings {
		x := &findings[i]
		if x.Presence != outcome.NotKnown {
			lines = sealed.Append(lines, fmt.Sprintf("%d %s %d", x.Pos, x.Presence, x.Time.UnixMilli()))
		}
	}
	if len(lines) > 0 {
		if _, err := f.file.Write(lines); err != nil {
			return err
		}
	}
	for i := range findings {
		x := &findings[i]
		f.found[x.Pos], f.times[x.Pos] = findingOf(x.Presence), x.Time.UnixMilli()
		if x.Err != nil {
			f.unknown[Fate{outcome.Unknown, cell(x.Err.Code), cell(x.Err.Error())}]++
		}
	}
	return nil
}

// Sync makes what was written survive a power failure.
func (f *Findings) Sync() error { return f.file.Sync() }

// Close syncs and closes the file.
func (f *Findings) Close() error { return errors.Join(f.file.Sync(), f.file.Close()) }

// Causes gives why links could not be looked up, the most frequent cause first.
func (f *Findings) Causes() []Cause {
	var causes []Cause
	for fate, n := range f.unknown {
		causes = append(causes, Cause{fate, n})
	}
	slices.SortFunc(causes, func(x, y Cause) int {
		return cmp.Or(cmp.Compare(y.Links, x.Links), cmp.Compare(x.Message, y.Message))
	})
	return causes
}
