package job

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/reader"
)

// Files are where the files of a job go.
type Files struct {
	// Folder is where the files go that have no path of their own, named after the input. If it is
	// empty, they go beside the input.
	Folder           string
	Results, Summary string
	Failures         string // empty for a job that writes none
	// Snapshot is in the Folder, else beside the results and named after them. It has its path whether
	// or not a run keeps fields there.
	Snapshot string
	Invalid  string // the rows that cannot be used; empty for no such file
	Metrics  string // written by the program; empty for no such file
	Page     string // the same
}

// Role says what a file is for.
type Role int

// The roles of the files of a job.
const (
	NoRole Role = iota
	RoleInput
	RoleResults
	RoleFailures
	RoleSummary
	RoleInvalid
	RoleSnapshot
	RoleVerified
	RoleUndo
	RoleOutput
	RoleMetrics
	RolePage
)

// String gives the words for the file in messages.
func (r Role) String() string {
	return [...]string{
		"no file", "the input", "the results", "the failures", "the summary", "the rows that cannot be used", "the snapshot",
		"the file of the verification", "the results of the undo", "the output", "the metrics", "the report",
	}[r]
}

func refuseFile(remedy Remedy, role Role, err error, format string, args ...any) *Refusal {
	return &Refusal{Cause: fmt.Sprintf(format, args...), Remedy: remedy, Role: role, Err: err}
}

// part is one file of a job. path is the field that has its path.
type part struct {
	role Role
	path *string
}

// written lists the files that a job writes. The snapshot's path comes last: see stem.
func (f *Files) written() []part {
	return []part{{RoleResults, &f.Results}, {RoleFailures, &f.Failures}, {RoleSummary, &f.Summary}, {RoleInvalid, &f.Invalid}, {RoleSnapshot, &f.Snapshot}, {RoleMetrics, &f.Metrics}, {RolePage, &f.Page}}
}

// place gives every file its path: see fill.
// Symbolic links are followed to their end, and every path is checked. need says that every file
// must have a path. Otherwise paths that are not known stay empty.
func (f Files) place(input string, need bool) (Files, error) {
	if err := cmp.Or(f.refuseStreams(), f.checkFolder()); err != nil {
		return f, err
	}
	chosen := f // by the user
	if err := f.fill(input); err != nil && need {
		return f, err
	}
	for _, p := range f.written() {
		if p.role == RoleSnapshot && f.Results != "" { // its real place is known now
			f.Snapshot = f.name("snapshot", ".csv")
		}
		if *p.path == "" {
			continue
		}
		to, err := resolve(p.role, *p.path)
		if err != nil {
			return f, err
		}
		*p.path = to
	}
	if err := f.refuseShared(input); err != nil {
		return f, err
	}
	return f, cmp.Or(refuseForeign(RoleFailures, chosen.Failures, reader.AddedColumns[0]), refuseForeign(RoleInvalid, chosen.Invalid, reader.ReasonColumn))
}

// Beside gives every file its path, for a job whose files are only read. The input need not be there.
// Symbolic links are followed as by a job that writes: what else it has left is beside their ends.
func (f Files) Beside(input string) (Files, error) {
	if err := f.checkFolder(); err != nil {
		return f, err
	}
	if err := f.fill(input); err != nil {
		return f, err
	}
	for _, path := range []*string{&f.Results, &f.Summary} {
		to, err := disk.Resolve(*path)
		if err != nil {
			return f, err
		}
		*path = to
	}
	return f, nil
}

// Check gives every file its path, as a job does that writes them, or says why that cannot be.
func (f Files) Check(input string) (Files, error) { return f.place(input, false) }

// refuseForeign refuses the path of a file that is not of a job, since it would get another name. A
// file of a job has that column, which no other program writes.
func refuseForeign(role Role, path, column string) error {
	if path == "" {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil // what keeps it from being written is told later
	}
	defer file.Close()
	header := make([]byte, maxHeader)
	n, err := io.ReadFull(file, header)
	if n == 0 || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	header, _, _ = bytes.Cut(bytes.ReplaceAll(header[:n], []byte{0}, nil), []byte("\n")) // UTF-16 has a NUL in each character
	if bytes.Contains(header, []byte(column)) {
		return nil
	}
	return refuseFile(AnotherPlace, role, nil, "%s is there already, and is not a file that delink wrote for %s", path, role)
}

// maxHeader is how much of a file is looked at to find its header.
const maxHeader = 1 << 20

// refuseStreams refuses "-", which means standard output elsewhere. These files are read again and
// replaced.
func (f Files) refuseStreams() error {
	for _, p := range f.written() {
		if *p.path == Stdin {
			return refuseFile(AnotherPlace, p.role, nil, "%s must be a file, not standard output", p.role)
		}
	}
	return nil
}

// fill gives a path to the files that have none: in the Folder, else beside the results, which are
// beside the input unless the user says where they go.
func (f *Files) fill(input string) error {
	named := input != Stdin && !disk.IsStream(input)
	if f.Results == "" && !named {
		return refuseFile(NameTheFile, RoleResults, nil, "%s has no folder for the results", inputName(input))
	}
	if f.Results == "" {
		f.Results = stem(input) + ".results.csv"
		if f.Folder != "" {
			f.Results = filepath.Join(f.Folder, filepath.Base(f.Results))
		}
	}
	if f.Failures == "" {
		before, mark := f.stem()
		f.Failures = failuresOf(before, mark)
	}
	if f.Summary == "" {
		f.Summary = f.name("summary", ".json")
	}
	return nil
}

// checkFolder refuses a Folder that is not there, if there is to be one.
func (f *Files) checkFolder() error {
	if f.Folder == "" {
		return nil
	}
	return CheckFolder(f.Folder)
}

// CheckFolder refuses a Folder that is not there. It is not made: in a folder with a wrong name, a job
// would not find what its earlier runs have left.
func CheckFolder(path string) error {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return &Refusal{Cause: "there is no folder " + path, Hint: "make it", Remedy: AnotherFolder}
	case err != nil:
		return &Refusal{Cause: "the folder for the files cannot be read", Err: err, Remedy: AnotherFolder}
	case !info.IsDir():
		return &Refusal{Cause: path + " is not a folder", Remedy: AnotherFolder}
	}
	return nil
}

// isResults finds what results are called, without their ending. If they were put aside, they have the
// time of that in their name: see disk.Aside.
var isResults = regexp.MustCompile(`^(.*)\.results(\.[0-9]{8}-[0-9]{6}(?:-[0-9]{1,2})?)?$`)

// stem is what the paths of the job's files begin with, and a mark in front of their endings: links
// of links.results.csv, links and .20261124-193000 of links.results.20261124-193000.csv. All files
// that were put aside together have the same mark.
func (f Files) stem() (before, mark string) {
	before = stem(f.Results)
	if m := isResults.FindStringSubmatch(before); m != nil {
		before, mark = m[1], m[2]
	}
	if f.Folder != "" {
		before = filepath.Join(f.Folder, filepath.Base(before))
	}
	return before, mark
}

// name gives the path of a file that goes with the results: links.summary.json.
func (f Files) name(kind, ending string) string {
	before, mark := f.stem()
	return before + "." + kind + mark + ending
}

// isFailures finds what a failures file is called, without its ending, and which one it is.
var isFailures = regexp.MustCompile(`(?i)^(.*\.failures)(?:\.([1-9][0-9]{0,5}))?$`)

// failuresOf gives the path of the failures file, by what the paths of the job begin with. That of
// links is links.failures.csv. A failures file is an input, too: that of links.failures is
// links.failures.2.csv, and that of links.failures.2 is links.failures.3.csv. So no two inputs of a
// folder have the same one.
func failuresOf(stem, mark string) string {
	folder, name := filepath.Split(stem)
	m := isFailures.FindStringSubmatch(name)
	switch {
	case m == nil:
		return stem + ".failures" + mark + ".csv"
	case m[2] == "":
		return stem + ".2" + mark + ".csv"
	}
	if n, err := strconv.Atoi(m[2]); err == nil && n > 1 {
		return fmt.Sprintf("%s%s.%d%s.csv", folder, m[1], n+1, mark)
	}
	return stem + ".failures" + mark + ".csv"
}

func inputName(input string) string {
	if input == Stdin {
		return "standard input"
	}
	return input
}

// stem gives a path without the endings of an input.
func stem(path string) string {
	for _, ending := range []string{".gz", ".zst", ".csv", ".tsv", ".txt"} {
		if strings.EqualFold(filepath.Ext(path), ending) && len(filepath.Base(path)) > len(ending) {
			path = path[:len(path)-len(ending)]
		}
	}
	return path
}

// resolve follows symbolic links and makes sure that a file can be there.
func resolve(role Role, path string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", refuseFile(AnotherPlace, role, nil, "%s is not a file, so %s cannot go there", path, role)
	}
	to, err := disk.Resolve(path)
	if err != nil {
		return "", refuseFile(AnotherPlace, role, err, "%s cannot be written", role)
	}
	if err := disk.CheckName(to); err != nil {
		return "", refuseFile(AnotherPlace, role, err, "%s cannot be written", role)
	}
	if disk.IsHidden(filepath.Base(to)) {
		return "", refuseFile(AnotherPlace, role, nil, "%s has the name of a hidden file of a job, so %s cannot go there", path, role)
	}
	if info, err := os.Stat(filepath.Dir(to)); err != nil || !info.IsDir() {
		return "", refuseFile(AnotherPlace, role, nil, "there is no folder %s for %s", filepath.Dir(to), role)
	}
	return to, nil
}

// refuseShared makes sure that no file takes the place of another, or of the input.
func (f Files) refuseShared(input string) error {
	all := append([]part{{RoleInput, &input}}, f.written()...)
	for i, b := range all {
		for _, a := range all[:i] {
			if *a.path == "" || *b.path == "" || *a.path == Stdin { // not known, or not wanted
				continue
			}
			if same(*a.path, *b.path) {
				return refuseFile(OwnFiles, b.role, nil, "%s and %s are both %s", a.role, b.role, *b.path)
			}
		}
	}
	return nil
}

// same reports whether two paths lead to one file, through links of any kind. The file need not
// exist yet.
func same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	return truePath(a) == truePath(b)
}

// truePath gives the absolute path of a file without symbolic links. The file need not exist.
func truePath(path string) string {
	if to, err := disk.Resolve(path); err == nil {
		path = to
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(folder, filepath.Base(abs))
	}
	return abs
}

// isNamed reports whether a path in a summary is that of a file. A summary holds text, and names of
// files that are not UTF-8 are changed in it.
func isNamed(inSummary, path string) bool {
	return disk.SameText(inSummary, path) || same(inSummary, path)
}

// putAside gives files of an earlier run new names, with the time, such as
// links.results.20261124-193000.csv, and notes these. The results must be the first of the paths:
// without results, the other files are not taken for a run.
func (j *Job) putAside(now time.Time, paths ...string) error {
	var renamed []string
	for _, path := range paths {
		if path == "" {
			continue
		}
		to, err := putAside(j.world.Disk, path, now)
		if err != nil {
			return err
		}
		if to != "" && path == j.files.Results {
			j.moveCalls(to)
		}
		if to != "" {
			renamed = append(renamed, filepath.Base(path)+" is now "+filepath.Base(to))
		}
	}
	if renamed != nil {
		j.notef("kept under a new name: %s", strings.Join(renamed, ", "))
	}
	return nil
}

// copyAside puts a copy of an older file under a new name.
func copyAside(on disk.Disk, path string, now time.Time) error {
	to, err := disk.Aside(on, path, now)
	if err != nil {
		return err
	}
	in, err := on.Read(path)
	if err != nil {
		return err
	}
	defer in.Close()
	return on.Replace(to, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// putAside gives an older file a new name and returns it. The name is empty if there is no such
// file.
func putAside(on disk.Disk, path string, now time.Time) (to string, err error) {
	if to, err = disk.PutAside(on, path, now); err != nil {
		return "", fmt.Errorf("an older file cannot be renamed: %w", err)
	}
	return to, nil
}
