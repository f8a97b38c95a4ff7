package job

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"delink/pkg/disk"
	"delink/pkg/journal"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// otherJournals finds the journals of other result files: in the folders of this run's files, and
// where the registry says that there are some. known has the journals that were found before, by
// the file that led to each. The journal of this run is there as an empty path.
func (j *Job) otherJournals(known map[string]string) (paths []string) {
	own := j.journal().Path
	take := func(file string, read func() string) {
		path, isKnown := known[file]
		if !isKnown {
			if path = read(); path == "" {
				return
			}
			known[file] = path
			if path == own || same(path, own) {
				known[file] = ""
			}
		}
		if known[file] != "" {
			paths = append(paths, path)
		}
	}
	folders := map[string]bool{}
	for _, f := range []string{j.files.Results, j.files.Failures, j.files.Summary, j.inputPath()} {
		if f == "" {
			continue
		}
		if folder := filepath.Dir(f); !folders[folder] {
			folders[folder] = true
			names, _ := j.world.Disk.Names(folder) // a folder that cannot be listed is passed over
			for _, name := range names {
				if strings.HasSuffix(name, journal.Suffix) && strings.HasPrefix(name, ".") {
					path := filepath.Join(folder, name)
					take(path, func() string { return path })
				}
			}
		}
	}
	if j.world.Registry != "" {
		names, _ := j.world.Disk.Names(j.world.Registry)
		for _, name := range names {
			name := filepath.Join(j.world.Registry, name)
			take(name, func() string {
				if n, ok := readNote(j.world.Disk, name); ok {
					return n.path
				}
				return ""
			})
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// inputPath is the path of the input; empty for standard input.
func (j *Job) inputPath() string {
	if j.config.Input == Stdin {
		return ""
	}
	return j.config.Input
}

// doubtsOf gives the links of this input that are in doubt because of another result file's
// journal. A journal whose run is not over is passed over: that run will record its links itself.
// So is a journal that cannot be read.
func (j *Job) doubtsOf(d *doubts, path string) []reader.Link {
	past, err := journal.Read(j.world.Disk, path)
	if err != nil || past == nil {
		return nil
	}
	results := resultsOf(path, past)
	held, err := j.world.Disk.Lock(results)
	if locked := new(disk.Locked); errors.As(err, &locked) {
		return nil
	}
	if err == nil {
		defer held.Unlock()
	}
	left, foreign := d.unsettledOf(past)
	if past.Damaged && (len(foreign) == 0 || len(left.links) > 0) {
		d.lose("%s is damaged", path)
	}
	// If the result file cannot be read to its end, the links whose rows are missing stay in doubt.
	_, _ = report.ReadLedger(j.world.Disk, results, func(r *report.Row, at int64) error {
		if r.Status != outcome.Unknown { // such a link may be removed, too
			left.settle(r, at)
		}
		return nil
	})
	var links []reader.Link
	for l := range left.links {
		if j.input.has(l) {
			links = append(links, l)
		}
	}
	return links
}

// resultsOf is the result file of another run's journal. Past.Results may be relative to another
// folder. The result file is beside its journal.
func resultsOf(path string, past *journal.Past) string {
	return filepath.Join(filepath.Dir(path), filepath.Base(past.Results))
}

// note is what the registry has about a journal.
type note struct {
	path  string        // of the journal
	input string        // the SHA-256 of the input of its run
	crm   zoho.Identity // of its run
}

// findLost looks for journals that the registry has and that are not there any more. Nobody knows
// which links such a journal had, but they are links of its run's input.
func (j *Job) findLost(d *doubts) {
	if j.world.Registry == "" {
		return
	}
	names, _ := j.world.Disk.Names(j.world.Registry)
	for _, name := range names {
		name = filepath.Join(j.world.Registry, name)
		n, ok := readNote(j.world.Disk, name)
		if !ok || n.input != j.input.SHA256 || !d.isOwn(n.crm) {
			continue
		}
		f, err := j.world.Disk.Read(n.path)
		switch {
		case err == nil:
			f.Close()
		case errors.Is(err, fs.ErrNotExist):
			d.notes = append(d.notes, name)
			d.lose("%s is missing, though its run has left links in doubt", n.path)
		}
	}
}

// noteJournal notes in the registry where the journal of this run is, so that a run with other
// files finds it. An error is ignored: runs in the same folder find the journal without the note.
func (j *Job) noteJournal() {
	path, err := filepath.Abs(j.journal().Path)
	if !j.work.hasRivals || j.world.Registry == "" || err != nil {
		return
	}
	_ = j.world.Disk.Replace(j.noteName(path), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\n%s\n%s\n", path, j.input.SHA256, j.identityToKeep())
		return err
	})
}

// forgetJournals removes the note of noteJournal, and those about lost journals.
func (j *Job) forgetJournals() {
	path, err := filepath.Abs(j.journal().Path)
	if j.work.hasRivals && j.world.Registry != "" && err == nil {
		_ = j.world.Disk.Remove(j.noteName(path))
	}
	if j.doubts == nil {
		return
	}
	for _, name := range j.doubts.notes {
		_ = j.world.Disk.Remove(name)
	}
}

// noteName is the file of the note about a journal.
func (j *Job) noteName(path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(j.world.Registry, hex.EncodeToString(sum[:8]))
}

// readNote reads what noteJournal wrote. It gives false for a file that is no such note.
func readNote(on disk.Disk, name string) (n note, ok bool) {
	f, err := on.Read(name)
	if err != nil {
		return n, false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<14))
	lines := strings.Split(string(b), "\n") // a path may have line ends in it, so the others are counted from behind
	if err != nil || len(lines) < 4 || lines[len(lines)-1] != "" {
		return n, false
	}
	last := len(lines) - 3
	n.path, n.input = strings.Join(lines[:last], "\n"), lines[last]
	n.crm, ok = zoho.ParseIdentity(lines[last+1])
	return n, ok && strings.HasSuffix(n.path, journal.Suffix)
}
