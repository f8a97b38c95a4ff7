package disk

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Resolve follows the last element of a path, also to where nothing is yet.
func TestResolve(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	for link, to := range map[string]string{
		"absolute": at("there"), "relative": "there", "twice": "relative", "dangling": "sub/nothing", "up": "sub/../there", "loop": "loop",
	} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, at("there"), "")
	for path, want := range map[string]string{
		"there": "there", "absolute": "there", "relative": "there", "twice": "there", "dangling": "sub/nothing", "nothing": "nothing",
	} {
		if got, err := Resolve(at(path)); err != nil || got != at(want) {
			t.Errorf("%s is %s, %v", path, got, err)
		}
	}
	if got, err := Resolve(at("loop")); err == nil {
		t.Errorf("a loop is %s", got)
	}
	t.Chdir(folder)
	for path, want := range map[string]string{"./there": "./there", "relative": "./there", "sub/../x": "sub/../x"} {
		if got, err := Resolve(path); err != nil || got != want {
			t.Errorf("%s is %s, %v", path, got, err)
		}
	}
}

// Names of open files, devices and pipes have no place of their own.
func TestIsStream(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "links.csv")
	write(t, file, "x")
	links := map[string]string{"file": file, "null": "/dev/null", "stdin": "/dev/stdin"}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	open := must[*os.File](t)(os.Open(file))
	defer open.Close()
	number := strconv.Itoa(int(open.Fd()))
	for path, want := range map[string]bool{
		"/dev/fd/" + number: true, "/proc/self/fd/" + number: true,
		file: false, folder: false, filepath.Join(folder, "file"): false, filepath.Join(folder, "nothing"): false,
		"/dev/null": true, "/dev/stdin": true, "/dev/fd/0": true, "/proc/self/fd/0": true,
		filepath.Join(folder, "null"): true, filepath.Join(folder, "stdin"): true,
	} {
		if strings.HasPrefix(path, "/") && path != file {
			if _, err := os.Stat(path); err != nil && want {
				continue // not on this system
			}
		}
		if got := IsStream(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// A name that passes has room for all names that are made of it, and the excess of another one is
// exact.
func TestCheckName(t *testing.T) {
	folder := t.TempDir()
	longest := 0
	for n := 200; n <= 260; n++ {
		name := filepath.Join(folder, strings.Repeat("x", n-4)+".csv")
		err := CheckName(name)
		var long *TooLong
		if err != nil && (!errors.As(err, &long) || long.Over != n-longest) {
			t.Fatalf("%d bytes: %v, %+v", n, err, long)
		}
		if err != nil {
			continue
		}
		longest = n
		write(t, name, "old")
		if _, err := PutAside(OS{}, name, time.Now()); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		h, err := OS{}.Lock(name)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if _, err := ReplaceOwn(h, name, time.Now(), writeNew); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		release, err := h.Reserve(name, 1)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		release()
		h.Unlock()
	}
	if longest < 220 || longest > 250 {
		t.Errorf("the longest name has %d bytes", longest)
	}
}

// What belongs to a hidden file is swept with the file beside it.
func TestHiddenOfHidden(t *testing.T) {
	name := filepath.Join(t.TempDir(), ".dot.csv")
	f, err := System{}.Temp(Hidden(name, "journal"), Temporary)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if want := "..dot.csv.delink-journal"; filepath.Base(Hidden(name, "journal")) != want {
		t.Errorf("%s", Hidden(name, "journal"))
	}
	OS{}.Sweep(name)
	if there, _ := os.ReadDir(filepath.Dir(name)); len(there) > 0 {
		t.Errorf("left: %v", there)
	}
}

// Two files of one second get two names.
func TestAside(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	now := time.Date(2026, 11, 24, 19, 30, 0, 0, time.UTC)
	for _, want := range []string{"links.results.20261124-193000.csv", "links.results.20261124-193000-2.csv", "links.results.20261124-193000-3.csv"} {
		write(t, name, want)
		to, err := PutAside(OS{}, name, now)
		if err != nil || filepath.Base(to) != want || read(t, to) != want {
			t.Errorf("%s, %v", to, err)
		}
	}
	if to, err := PutAside(OS{}, name, now); to != "" || err != nil {
		t.Errorf("no file: %q, %v", to, err)
	}
}

// A file of ours is replaced and removed. One that was changed, or that was never ours, is kept.
func TestOwn(t *testing.T) {
	now := time.Now()
	name := filepath.Join(t.TempDir(), "links.failures.csv")
	state := func(want State) {
		t.Helper()
		if got, err := StateOf(OS{}, name); err != nil || got != want {
			t.Errorf("state %v, %v, want %v", got, err, want)
		}
	}
	replace := func(content string) string {
		t.Helper()
		return must[string](t)(ReplaceOwn(OS{}, name, now, func(w io.Writer) error {
			_, err := io.WriteString(w, content)
			return err
		}))
	}
	state(Missing)
	write(t, name, "somebody's")
	state(Changed)
	if aside := replace("first"); read(t, aside) != "somebody's" {
		t.Errorf("%q has %q", aside, read(t, aside))
	}
	state(Ours)
	if aside := replace("second"); aside != "" || read(t, name) != "second" {
		t.Errorf("aside %q, content %q", aside, read(t, name))
	}
	write(t, name, "second, corrected")
	state(Changed)
	if aside := must[string](t)(RemoveOwn(OS{}, name, now)); read(t, aside) != "second, corrected" {
		t.Errorf("%q has %q", aside, read(t, aside))
	}
	state(Missing)
	replace("third")
	if aside := must[string](t)(RemoveOwn(OS{}, name, now)); aside != "" || read(t, name) != "" {
		t.Errorf("aside %q, content %q", aside, read(t, name))
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if err := CheckName(name); err != nil {
		t.Error(err)
	}
}

// A name is found again in a summary, whatever bytes it has.
func TestSameText(t *testing.T) {
	for _, name := range []string{"links.csv", "liens-\xe9t\xe9.csv", "\xff\xfe\xed\xa0\x80", "Grüße", "\ufffd"} {
		b, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		var told string
		if err := json.Unmarshal(b, &told); err != nil {
			t.Fatal(err)
		}
		if !SameText(told, name) || SameText(told, name+"\xff") || SameText(told+"x", name) {
			t.Errorf("%q is told as %q", name, told)
		}
	}
}

func TestPrintable(t *testing.T) {
	for s, want := range map[string]string{
		"links.csv": "links.csv", "Grüße 表.csv": "Grüße 表.csv", `a\b`: `a\b`,
		"a\x1b[31mb": `a\x1b[31mb`, "a\nb\rc\td\x00": `a\nb\rc\td\x00`, "\xe9t\xe9": `\xe9t\xe9`, "\u009b2J": `\u009b2J`,
		"csv.\u202eexe": `csv.\u202eexe`, "a\u2028b": `a\u2028b`,
	} {
		if got := Printable(s); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	}
}

// The copy of a stream has no name where the system allows it, so that a kill leaves nothing
// behind.
func TestScratch(t *testing.T) {
	near := filepath.Join(t.TempDir(), "links.results.csv")
	f, remove, err := Scratch(near, Input)
	if err != nil {
		t.Fatal(err)
	}
	there, _ := os.ReadDir(filepath.Dir(near))
	if renamesOpen && len(there) > 0 {
		t.Errorf("there is %v", there)
	}
	if _, err := f.WriteString("a copy"); err != nil {
		t.Error(err)
	}
	remove()
	if there, _ := os.ReadDir(filepath.Dir(near)); len(there) > 0 {
		t.Errorf("left: %v", there)
	}
	if _, err := f.WriteString("more"); err == nil {
		t.Error("it is still open")
	}
}
