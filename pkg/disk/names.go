package disk

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a hidden file is for. Temp adds a random part to the first three.
const (
	Temporary = "tmp"     // the new content of a file that is being replaced
	Reserved  = "reserve" // space for what must be written even if the disk fills up
	Input     = "input"   // the copy of an input that can be read only once
	lockOf    = "lock"
	digestOf  = "digest"
)

// Hidden is the name of a file of ours beside another file: .links.results.csv.delink-lock for the
// lock of links.results.csv. The word "delink" keeps such a name from being one that a user has
// chosen. What belongs to a hidden file has a name as if it belonged to the file beside it, so that
// Sweep finds it there.
func Hidden(name, what string) string {
	base := filepath.Base(name)
	if at := strings.LastIndex(base, hiddenMark); at > 0 && base[0] == '.' {
		base = base[1:at]
	}
	return filepath.Join(filepath.Dir(name), "."+base+hiddenMark+what)
}

const hiddenMark = ".delink-"

// IsHidden reports whether a name is one that Hidden gives.
func IsHidden(name string) bool {
	return strings.HasPrefix(name, ".") && strings.Contains(name, hiddenMark)
}

// randomBytes is the length of the random part of a temporary name.
const randomBytes = 4

// temporary is a new hidden name: .links.results.csv.delink-tmp-1a2b3c4d.
func temporary(near, what string) string {
	b := make([]byte, randomBytes)
	_, _ = rand.Read(b) // it never fails: package crypto/rand
	return Hidden(near, what+"-"+hex.EncodeToString(b))
}

// IsTemporary reports whether a path is a name that Temp gives to files beside another file.
func IsTemporary(path, near string) bool {
	for _, what := range []string{Temporary, Reserved, Input} {
		random, ok := strings.CutPrefix(filepath.Base(path), filepath.Base(Hidden(near, what+"-")))
		if b, err := hex.DecodeString(random); ok && err == nil && len(b) == randomBytes && random == strings.ToLower(random) {
			return true
		}
	}
	return false
}

// mostLinks is how many symbolic links Resolve follows: as many as Linux does.
const mostLinks = 40

// Resolve follows a path whose last element is a symbolic link to the place of the file, also where
// there is no file yet. Any other path is returned as it is. Links among the folders need not be
// followed: they lead to the same folder for everybody.
//
// Replacing a file by its resolved path keeps the link and changes the file that it leads to.
func Resolve(path string) (string, error) {
	chain, err := Chain(path)
	if err != nil {
		return "", err
	}
	return chain[len(chain)-1], nil
}

// Chain is a path and, if its last element is a symbolic link, every path to which the link leads,
// the file itself last.
func Chain(path string) ([]string, error) {
	chain := []string{path}
	for {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return chain, nil
		}
		if err != nil {
			return nil, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return chain, nil
		}
		if len(chain) > mostLinks {
			return nil, fmt.Errorf("%s leads through more than %d symbolic links", chain[0], mostLinks)
		}
		to, err := os.Readlink(path)
		if err != nil {
			return nil, err
		}
		if !filepath.IsAbs(to) {
			// filepath.Join would remove "..", which is wrong if the folder is a link itself.
			to = filepath.Dir(path) + string(filepath.Separator) + to
		}
		path = to
		chain = append(chain, path)
	}
}

// IsStream reports whether an input has no place of its own among the files: a pipe, a device, or a
// name of an open file such as /dev/stdin, whatever that file is. An input that is not there is no
// stream.
func IsStream(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return true
	}
	if runtime.GOOS == "windows" {
		return false
	}
	chain, err := Chain(path)
	if err != nil { // names of open files may lead to what has no name
		return true
	}
	for _, step := range chain {
		folder, err := filepath.Abs(filepath.Dir(step))
		if err != nil {
			return false
		}
		if to, err := filepath.EvalSymlinks(folder); err == nil {
			folder = to
		}
		if folder == "/dev" || folder == "/dev/fd" || strings.HasPrefix(folder+"/", "/proc/") {
			return true
		}
	}
	return false
}

// mostAside is how many older files of one second get names of their own.
const mostAside = 99

// Aside finds a free name for an older file, with the time in it:
// links.results.20261124-193000.csv.
func Aside(on Disk, path string, now time.Time) (string, error) {
	for n := 1; n <= mostAside; n++ {
		to := asideName(path, now, n)
		if taken, err := on.Exists(to); err != nil || !taken {
			return to, err
		}
	}
	return "", fmt.Errorf("there are %d older files of the same second beside %s", mostAside, path)
}

// Older gives the newest of the older files that were put aside beside a path: see Aside. It is empty
// if there is none.
func Older(on Disk, path string) (string, error) {
	folder, name := filepath.Split(path)
	ext := filepath.Ext(name)
	names, err := on.Names(cmp.Or(folder, "."))
	newest := ""
	for _, n := range names { // in the order of their times
		mark, is := strings.CutPrefix(n, strings.TrimSuffix(name, ext)+".")
		if mark, ends := strings.CutSuffix(mark, ext); is && ends && isMark.MatchString(mark) {
			newest = folder + n
		}
	}
	return newest, err
}

// isMark recognises the time in the name of an older file.
var isMark = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}(-[0-9]{1,2})?$`)

func asideName(path string, now time.Time, n int) string {
	ext := filepath.Ext(path)
	mark := now.UTC().Format("20060102-150405")
	if n > 1 {
		mark = fmt.Sprintf("%s-%d", mark, n)
	}
	return strings.TrimSuffix(path, ext) + "." + mark + ext
}

// TooLong is the error for a name that leaves no room for the names of the files that belong to it.
type TooLong struct {
	Name string // as it was given
	Over int    // by how many bytes it is too long at least; 0 where nobody can tell
	Err  error  // what the file system said
}

func (e *TooLong) Error() string {
	if e.Over > 0 {
		return fmt.Sprintf("the name %s is too long by %d bytes", e.Name, e.Over)
	}
	return fmt.Sprintf("the name %s is too long", e.Name)
}

// Unwrap returns what the file system said.
func (e *TooLong) Unwrap() error { return e.Err }

// CheckName makes sure that the file system takes a name and the longest of those that come from
// it: the new name of an older file, and the name of a temporary file. The error is a *TooLong.
func CheckName(path string) error {
	longest := asideName(path, time.Unix(0, 0), mostAside)
	for _, hidden := range []string{temporary(path, Reserved), Hidden(path, lockOf), Hidden(path, digestOf)} {
		if len(hidden) > len(longest) {
			longest = hidden
		}
	}
	err := nameError(longest)
	if err == nil {
		return nil
	}
	e := &TooLong{Name: path, Err: err}
	for cut := longest; e.Over < len(longest); e.Over++ {
		if nameError(cut) == nil {
			return e
		}
		cut = cut[:len(cut)-1]
	}
	e.Over = 0
	return e
}

// nameError asks the file system about a name. It returns nil for every answer but "too long".
func nameError(path string) error {
	_, err := os.Lstat(path)
	if err != nil && isTooLong(err) {
		return err
	}
	return nil
}

// SameText reports whether a path is the one that a JSON file tells. JSON cannot hold names that
// are not UTF-8: each byte that does not fit stands there as U+FFFD.
func SameText(told, path string) bool { return told == path || asJSON(told) == asJSON(path) }

// asJSON is a text as a JSON file gives it back.
func asJSON(s string) string {
	var b strings.Builder
	for _, r := range s { // a byte that is not UTF-8 is U+FFFD here, too
		b.WriteRune(r)
	}
	return b.String()
}

// Printable is a file name, or any text of somebody else, as it can be shown on a terminal. Control
// characters, and bytes that are not UTF-8, are written as in Go: \x1b. A terminal would obey them.
func Printable(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, unprintable) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unprintable(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// unprintable is true for control characters, for those that change the direction of what follows,
// and for line ends of every kind.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}
