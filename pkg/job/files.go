package job

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"delink/pkg/disk"
)

// Files are where a run's results go.
type Files struct {
	Results, Failures, Summary string
	Invalid                    string // the rows that cannot be used; empty for no such file
}

// resolve fills in what was not given: files beside the input.
func (f Files) resolve(input string) (Files, error) {
	if f.Results == "" {
		if input == Stdin || !isFile(input) {
			return f, refusef("add --results FILE", "%s has no folder for the results", inputName(input))
		}
		f.Results = stem(input) + ".results.csv"
	}
	base := stem(input)
	if input == Stdin || !isFile(input) {
		base = strings.TrimSuffix(stem(f.Results), ".results")
	}
	if f.Failures == "" {
		f.Failures = base + ".failures.csv"
	}
	if f.Summary == "" {
		f.Summary = base + ".summary.json"
	}
	return f, nil
}

func inputName(input string) string {
	if input == Stdin {
		return "standard input"
	}
	return input
}

// isFile is true for what is not there as well: that is another error, with a better message.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular() || info.IsDir()
}

// stem is the path without the endings that an input has.
func stem(path string) string {
	for _, ending := range []string{".gz", ".zst", ".csv", ".tsv", ".txt"} {
		if strings.EqualFold(filepath.Ext(path), ending) && len(filepath.Base(path)) > len(ending) {
			path = path[:len(path)-len(ending)]
		}
	}
	return path
}

// check makes sure that no file takes the place of another, or of the input.
func (f Files) check(input string) error {
	all := []struct{ what, path string }{{"the input", input}, {"--results", f.Results}, {"--failures", f.Failures}, {"--summary", f.Summary}, {"--invalid", f.Invalid}}
	for i, a := range all {
		for _, b := range all[:i] {
			if a.path == "" || b.path == "" { // not known, or not wanted
				continue
			}
			if a.path != Stdin && b.path != Stdin && same(a.path, b.path) {
				return refusef("give each its own file", "%s and %s are both %s", b.what, a.what, a.path)
			}
		}
	}
	for _, a := range all[1:] {
		if info, err := os.Stat(a.path); err == nil && !info.Mode().IsRegular() {
			return refusef("give the path of a file", "%s: %s is not a file", a.what, a.path)
		}
		if a.path == "" {
			continue
		}
		if info, err := os.Stat(filepath.Dir(a.path)); err != nil || !info.IsDir() {
			return refusef("make it, or choose another place", "%s: there is no folder %s", a.what, filepath.Dir(a.path))
		}
	}
	return nil
}

func same(a, b string) bool {
	if absA, err := filepath.Abs(a); err == nil {
		if absB, err := filepath.Abs(b); err == nil && absA == absB {
			return true
		}
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// putAside gives files of an earlier run new names, with the time:
// links.results.20261124-193000.csv. The results go first: without them the others are not taken
// for a run.
func (j *Job) putAside(now time.Time, paths ...string) error {
	for _, path := range paths {
		if _, err := putAside(j.world.Disk, path, now); err != nil {
			return err
		}
	}
	return nil
}

// copyAside puts a copy of an older file under a new name.
func copyAside(on disk.Disk, path string, now time.Time) error {
	to, err := aside(on, path, now.UTC().Format("20060102-150405"))
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

// putAside gives an older file a new name, and tells it; empty if there is none.
func putAside(on disk.Disk, path string, now time.Time) (to string, err error) {
	to, err = aside(on, path, now.UTC().Format("20060102-150405"))
	if err == nil {
		err = on.Rename(path, to)
	}
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("an older file cannot be put aside: %w", err)
	}
	return to, nil
}

// aside is a free name for an older file.
func aside(on disk.Disk, path, mark string) (string, error) {
	ext := filepath.Ext(path)
	base := strings.TrimSuffix(path, ext)
	for n := 1; ; n++ {
		to := base + "." + mark + ext
		if n > 1 {
			to = fmt.Sprintf("%s.%s-%d%s", base, mark, n, ext)
		}
		if taken, err := on.Exists(to); err != nil || !taken {
			return to, err
		}
	}
}
