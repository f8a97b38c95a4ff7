package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantHeld fails unless the file is held by somebody.
func wantHeld(t *testing.T, name string) {
	t.Helper()
	h, err := OS{}.Lock(name)
	var held *Locked
	if !errors.As(err, &held) || held.Name != name {
		t.Errorf("%s is not held: %v", filepath.Base(name), err)
	}
	if err == nil {
		h.Unlock()
	}
}

// A file is locked once, whatever name leads to it, and whether it is there or not.
func TestLockIsHeldOnce(t *testing.T) {
	for how, again := range map[string]func(t *testing.T, name string) string{
		"the same name":    func(_ *testing.T, name string) string { return name },
		"another spelling": func(_ *testing.T, name string) string { return filepath.Dir(name) + "/./" + filepath.Base(name) },
		"a link to the folder": func(t *testing.T, name string) string {
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(filepath.Dir(name), link); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(link, filepath.Base(name))
		},
		"a symbolic link": func(t *testing.T, name string) string {
			link := filepath.Join(t.TempDir(), "link.csv")
			if err := os.Symlink(name, link); err != nil {
				t.Fatal(err)
			}
			return must[string](t)(Resolve(link))
		},
	} {
		for _, there := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, file %v", how, there), func(t *testing.T) {
				name := filepath.Join(t.TempDir(), "links.results.csv")
				if there {
					write(t, name, "rows")
				}
				h := must[Held](t)(OS{}.Lock(name))
				wantHeld(t, again(t, name))
				h.Unlock()
				must[Held](t)(OS{}.Lock(again(t, name))).Unlock()
				if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".*")); len(left) > 0 {
					t.Errorf("left: %q", left)
				}
			})
		}
	}
}

// A hard link is another name of the same file. It stays locked after everything that can be done
// with the file, and whatever becomes of the guard.
func TestLockOfHardLinks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	write(t, name, "")
	names := 0
	other := func() string {
		names++
		link := filepath.Join(t.TempDir(), fmt.Sprintf("%d.csv", names))
		if err := os.Link(name, link); err != nil {
			t.Fatal(err)
		}
		return link
	}
	h := must[Held](t)(OS{}.Lock(name))
	defer h.Unlock()
	wantHeld(t, other())
	f := must[File](t)(h.Append(name, 0))
	if _, err := f.Write([]byte("row\n")); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, other())
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, other())
	err := h.Replace(name, func(w io.Writer) error {
		_, err := io.WriteString(w, "new\n")
		return err
	})
	if err != nil || read(t, name) != "new\n" {
		t.Errorf("%q, %v", read(t, name), err)
	}
	wantHeld(t, other())
	if err := h.Rename(name, name+".old"); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, name)
	must[Held](t)(OS{}.Lock(name + ".old")).Unlock()
	f = must[File](t)(h.Append(name, 0))
	wantHeld(t, other())
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Error(err)
	}
}

// Where the guard is removed, the lock of the file still holds, and the next Sync makes the guard
// again.
func TestLockWithoutGuard(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	h := must[Held](t)(OS{}.Lock(name))
	defer h.Unlock()
	f := must[File](t)(h.Append(name, 0))
	defer f.Close()
	guard := Hidden(name, lockOf)
	if err := os.Remove(guard); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, name)
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
	if read(t, guard) == "" {
		t.Error("the guard was not made again")
	}
	wantHeld(t, name)
}

// If somebody else got the lock of a file after its guard was removed, every step fails that would
// write it.
func TestLockIsLost(t *testing.T) {
	for step, do := range map[string]func(h Held, results File, name string) error{
		"check":   func(h Held, _ File, _ string) error { return h.Check() },
		"sync":    func(_ Held, results File, _ string) error { return results.Sync() },
		"append":  func(h Held, _ File, name string) error { _, err := h.Append(name, 0); return err },
		"replace": func(h Held, _ File, name string) error { return h.Replace(name, func(io.Writer) error { return nil }) },
		"rename":  func(h Held, _ File, name string) error { return h.Rename(name, name+".old") },
		"remove":  func(h Held, _ File, name string) error { return h.Remove(name) },
	} {
		t.Run(step, func(t *testing.T) {
			folder := t.TempDir()
			results, summary := filepath.Join(folder, "r.csv"), filepath.Join(folder, "s.json")
			h := must[Held](t)(OS{}.Lock(results, summary))
			defer h.Unlock()
			f := must[File](t)(h.Append(results, 0))
			defer f.Close()
			if err := os.Remove(Hidden(summary, lockOf)); err != nil {
				t.Fatal(err)
			}
			defer must[Held](t)(OS{}.Lock(summary)).Unlock()
			var held *Locked
			if err := do(h, f, summary); !errors.As(err, &held) || held.Name != summary {
				t.Errorf("%v", err)
			}
			if read(t, summary) != "" {
				t.Error("the file of the other process was written")
			}
		})
	}
}

// removed are calls under which a guard is removed between its open and its lock, as by another
// process that ends at that moment.
type removed struct {
	System
	left *int
}

func (r removed) Lock(name string, guard bool) (Handle, error) {
	h, err := r.System.Lock(name, guard)
	if guard && *r.left > 0 {
		*r.left--
		err = errors.Join(err, os.Remove(name))
	}
	return h, err
}

// A guard that has no name any more protects nothing: another one is made.
func TestLockOfARemovedGuard(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	left := 3
	h := must[Held](t)(OS{Calls: removed{left: &left}}.Lock(name))
	wantHeld(t, name)
	h.Unlock()
	left = 1 << 30
	var held *Locked
	if _, err := (OS{Calls: removed{left: &left}}).Lock(name); !errors.As(err, &held) {
		t.Errorf("a guard that is removed again and again: %v", err)
	}
}

// Both of two processes whose guards were removed cannot make the file: the lock of the file
// decides.
func TestLockOfANewFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	first := must[Held](t)(OS{}.Lock(name))
	defer first.Unlock()
	if err := os.Remove(Hidden(name, lockOf)); err != nil {
		t.Fatal(err)
	}
	second := must[Held](t)(OS{}.Lock(name))
	defer second.Unlock()
	f := must[File](t)(second.Append(name, 0))
	defer f.Close()
	var held *Locked
	if _, err := first.Append(name, 0); !errors.As(err, &held) {
		t.Errorf("both append: %v", err)
	}
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
}

// A file that another program made or exchanged since it was locked is neither cut nor added to.
func TestAppendToAnotherFile(t *testing.T) {
	for how, before := range map[string]string{"made": "", "replaced": "ours"} {
		t.Run(how, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "links.results.csv")
			if before != "" {
				write(t, name, before)
			}
			h := must[Held](t)(OS{}.Lock(name))
			defer h.Unlock()
			_ = os.Remove(name)
			write(t, name, "another program's")
			if _, err := h.Append(name, int64(len(before))); err == nil || !strings.Contains(err.Error(), "another program") {
				t.Errorf("%v", err)
			}
			if got := read(t, name); got != "another program's" {
				t.Errorf("it is %q now", got)
			}
		})
	}
}

// Nothing is written through a symbolic link, and no file of somebody else is taken for a guard.
func TestNothingIsFollowed(t *testing.T) {
	folder := t.TempDir()
	name, victim := filepath.Join(folder, "links.results.csv"), filepath.Join(folder, "victim")
	guard := Hidden(name, lockOf)
	for how, plant := range map[string]func() error{
		"symbolic link":      func() error { return os.Symlink(victim, guard) },
		"hard link":          func() error { return os.Link(victim, guard) },
		"another file":       func() error { return os.WriteFile(guard, []byte("precious"), 0o600) },
		"folder":             func() error { return os.Mkdir(guard, 0o700) },
		"dangling":           func() error { return os.Symlink(victim+"2", guard) },
		"link of empty file": func() error { return errors.Join(os.WriteFile(victim+"3", nil, 0o600), os.Link(victim+"3", guard)) },
	} {
		t.Run(how, func(t *testing.T) {
			write(t, victim, "precious")
			if err := plant(); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(guard)
			h, err := OS{}.Lock(name)
			if err == nil {
				h.Unlock()
				t.Error("it was taken for a guard")
			}
			if read(t, victim) != "precious" || read(t, victim+"3") != "" {
				t.Error("the file behind it was written")
			}
			if _, err := os.Lstat(victim + "2"); err == nil {
				t.Error("the file behind it was made")
			}
			if _, err := os.Lstat(guard); err != nil {
				t.Error("it was removed")
			}
		})
	}
	t.Run("results", func(t *testing.T) {
		if err := os.Symlink(victim, name); err != nil {
			t.Fatal(err)
		}
		var way *InTheWay
		if _, err := (OS{}).Append(name, 0); !errors.As(err, &way) {
			t.Errorf("append: %v", err)
		}
		if read(t, victim) != "precious" {
			t.Error("the file behind it was written")
		}
	})
}

// A process that dies lets go of its locks, and a guard that it leaves is used again. The next
// process is told who holds them while it lives.
func TestLockOfADeadProcess(t *testing.T) {
	if name := os.Getenv("DELINK_TEST_LOCK"); name != "" {
		if _, err := (OS{}).Lock(name); err != nil {
			fmt.Println(err)
		}
		fmt.Println("locked")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
		return
	}
	name := filepath.Join(t.TempDir(), "links.results.csv")
	write(t, name, "")
	cmd := exec.Command(os.Args[0], "-test.run", "^TestLockOfADeadProcess$")
	cmd.Env = append(os.Environ(), "DELINK_TEST_LOCK="+name)
	in, out := must[io.WriteCloser](t)(cmd.StdinPipe()), must[io.ReadCloser](t)(cmd.StdoutPipe())
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("%q, %v", line, err)
	}
	var held *Locked
	if _, err := (OS{}).Lock(name); !errors.As(err, &held) || !strings.HasPrefix(held.By, fmt.Sprintf("process %d on ", cmd.Process.Pid)) {
		t.Errorf("while it lives: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if read(t, Hidden(name, lockOf)) == "" {
		t.Error("a killed process removed its guard")
	}
	must[Held](t)(OS{}.Lock(name)).Unlock()
}

// Appending makes a file private that was there before, and looking at it changes nothing.
func TestPrivate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "links.results.csv")
	write(t, name, "")
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	h := must[Held](t)(OS{}.Lock(name))
	defer h.Unlock()
	mode := func() os.FileMode { return must[os.FileInfo](t)(os.Stat(name)).Mode().Perm() }
	if mode() != 0o644 {
		t.Errorf("mode %v by a lock", mode())
	}
	defer must[File](t)(h.Append(name, 0)).Close()
	if mode() != private {
		t.Errorf("mode %v", mode())
	}
}
