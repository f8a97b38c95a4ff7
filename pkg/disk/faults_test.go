package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var errFault = errors.New("a fault of the disk")

// faults are the system's calls, of which one fails. They note what was called, by the names of the
// files.
type faults struct {
	System
	fails int // the number of the call that fails, from 1; 0 for none
	calls []string
}

func (f *faults) call(what, name string) error {
	f.calls = append(f.calls, what+" "+shape(name))
	if len(f.calls) == f.fails {
		return errFault
	}
	return nil
}

// shape is a file name without its random part.
func shape(name string) string {
	base := filepath.Base(name)
	for _, what := range []string{Temporary, Reserved, Input} {
		if head, _, ok := strings.Cut(base, ".delink-"+what+"-"); ok {
			return head + ".delink-" + what
		}
	}
	return base
}

func (f *faults) Open(name string) (io.ReadCloser, error) {
	if err := f.call("open", name); err != nil {
		return nil, err
	}
	return f.System.Open(name)
}

func (f *faults) Append(name string) (Handle, error) {
	if err := f.call("append", name); err != nil {
		return nil, err
	}
	h, err := f.System.Append(name)
	return f.handle(h, err)
}

func (f *faults) Temp(near, what string) (Handle, error) {
	if err := f.call("temp", near); err != nil {
		return nil, err
	}
	h, err := f.System.Temp(near, what)
	return f.handle(h, err)
}

func (f *faults) Temps(near string) ([]string, error) {
	if err := f.call("temps", near); err != nil {
		return nil, err
	}
	return f.System.Temps(near)
}

func (f *faults) Rename(from, to string) error {
	if err := f.call("rename", from); err != nil {
		return err
	}
	return f.System.Rename(from, to)
}

func (f *faults) Remove(name string) error {
	if err := f.call("remove", name); err != nil {
		return err
	}
	return f.System.Remove(name)
}

func (f *faults) Exists(name string) (bool, error) {
	if err := f.call("exists", name); err != nil {
		return false, err
	}
	return f.System.Exists(name)
}

func (f *faults) Same(h Handle, name string) (bool, error) {
	if err := f.call("same", name); err != nil {
		return false, err
	}
	return f.System.Same(h.(*faultyHandle).Handle, name)
}

func (f *faults) SyncFolder(folder string) error {
	if err := f.call("sync", "folder"); err != nil {
		return err
	}
	return f.System.SyncFolder(folder)
}

func (f *faults) Lock(name string, guard bool) (Handle, error) {
	if err := f.call("lock", name); err != nil {
		return nil, err
	}
	h, err := f.System.Lock(name, guard)
	return f.handle(h, err)
}

func (f *faults) handle(h Handle, err error) (Handle, error) {
	if err != nil {
		return nil, err
	}
	return &faultyHandle{h, f}, nil
}

type faultyHandle struct {
	Handle
	f *faults
}

func (h *faultyHandle) Stat() (os.FileInfo, error) {
	if err := h.f.call("stat", h.Name()); err != nil {
		return nil, err
	}
	return h.Handle.Stat()
}

func (h *faultyHandle) Write(p []byte) (int, error) {
	if err := h.f.call("write", h.Name()); err != nil {
		n, _ := h.Handle.Write(p[:len(p)/2])
		return n, err
	}
	return h.Handle.Write(p)
}

func (h *faultyHandle) Sync() error {
	if err := h.f.call("sync", h.Name()); err != nil {
		return err
	}
	return h.Handle.Sync()
}

func (h *faultyHandle) Truncate(size int64) error {
	if err := h.f.call("truncate", h.Name()); err != nil {
		return err
	}
	return h.Handle.Truncate(size)
}

// Close closes the file also if it fails, as the system does.
func (h *faultyHandle) Close() error {
	return errors.Join(h.f.call("close", h.Name()), h.Handle.Close())
}

// eachFault runs a step again and again: without a fault, and then with the first call failing, the
// second, and so on. check looks at what the step left. It returns the calls of the run without a
// fault.
func eachFault(t *testing.T, content string, step func(on Disk, name string) error, check func(t *testing.T, name string, err error)) []string {
	t.Helper()
	run := func(t *testing.T, fails int) (*faults, error) {
		f := &faults{fails: fails}
		name := filepath.Join(t.TempDir(), "f")
		if content != "" {
			write(t, name, content)
		}
		err := step(OS{Calls: f}, name)
		check(t, name, err)
		return f, err
	}
	whole, err := run(t, 0)
	if err != nil {
		t.Fatalf("without a fault: %v", err)
	}
	for n := range len(whole.calls) {
		t.Run(fmt.Sprintf("%d %s", n+1, whole.calls[n]), func(t *testing.T) {
			if _, err := run(t, n+1); err != nil && !errors.Is(err, errFault) {
				t.Errorf("another error: %v", err)
			}
		})
	}
	return whole.calls
}

func wantCalls(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the calls are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// temporaries is what is left beside a file.
func temporaries(t *testing.T, name string) []string {
	t.Helper()
	return must[[]string](t)(System{}.Temps(name))
}

func writeNew(w io.Writer) error {
	_, err := io.WriteString(w, "the new content")
	return err
}

// Whatever call of a Replace fails: there is the old file or the new one, an error that nobody can
// overlook, and nothing beside it. The order of the calls is what makes it safe, the last sync of
// the folder included.
func TestFaultsOfReplace(t *testing.T) {
	calls := eachFault(t, "the old content", func(on Disk, name string) error { return on.Replace(name, writeNew) },
		func(t *testing.T, name string, err error) {
			got := read(t, name)
			if err == nil && got != "the new content" || got != "the old content" && got != "the new content" {
				t.Errorf("error %v, content %q", err, got)
			}
			if err == nil && t.Name() != "TestFaultsOfReplace" {
				t.Error("a fault went unnoticed")
			}
			if left := temporaries(t, name); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	wantCalls(t, calls, "temp f", "write .f.delink-tmp", "sync .f.delink-tmp", "close .f.delink-tmp", "rename .f.delink-tmp", "sync folder")
}

// A Replace of a file that is locked keeps the lock, whatever fails, and can be tried again.
func TestFaultsOfLockedReplace(t *testing.T) {
	var h Held
	calls := eachFault(t, "the old content", func(on Disk, name string) error {
		var err error
		if h, err = on.Lock(name); err != nil {
			return err
		}
		return h.Replace(name, writeNew)
	}, func(t *testing.T, name string, err error) {
		if h == nil {
			return
		}
		defer func() { h = nil }()
		if err != nil {
			wantHeld(t, name)
			if err := h.Replace(name, writeNew); err != nil {
				t.Errorf("tried again: %v", err)
			}
		}
		wantHeld(t, name)
		link := name + ".link"
		if err := os.Link(name, link); err != nil {
			t.Fatal(err)
		}
		wantHeld(t, link)
		if got := read(t, name); got != "the new content" {
			t.Errorf("content %q", got)
		}
		if left := temporaries(t, name); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		h.Unlock()
		must[Held](t)(OS{}.Lock(name)).Unlock()
	})
	wantCalls(t, calls,
		"lock .f.delink-lock", "same .f.delink-lock", "lock f", "same f",
		"temp f", "write .f.delink-tmp", "sync .f.delink-tmp", "close .f.delink-tmp",
		"same .f.delink-lock", "same f", "lock .f.delink-tmp", "same .f.delink-tmp", "rename .f.delink-tmp", "close f", "sync folder",
		"same .f.delink-lock", "remove .f.delink-lock", "close .f.delink-lock", "close .f.delink-tmp")
}

// Whatever call of a Lock fails, there is an error and no lock.
func TestFaultsOfLock(t *testing.T) {
	eachFault(t, "content", func(on Disk, name string) error {
		h, err := on.Lock(name, name+"2")
		if err == nil {
			h.Unlock()
		}
		return err
	}, func(t *testing.T, name string, _ error) {
		h, err := OS{}.Lock(name, name+"2")
		if err != nil {
			t.Fatalf("the lock is held for ever: %v", err)
		}
		h.Unlock()
	})
}

// Whatever call fails while a file is opened and added to: no row that a Sync has confirmed is
// lost, and no fault goes unnoticed.
func TestFaultsOfAppend(t *testing.T) {
	const row = "a row\n"
	synced := false
	calls := eachFault(t, "old\ntorn", func(on Disk, name string) error {
		synced = false
		f, err := on.Append(name, 4)
		if err != nil {
			return err
		}
		if _, err := f.Write([]byte(row)); err != nil {
			return errors.Join(err, f.Close())
		}
		if err := f.Sync(); err != nil {
			return errors.Join(err, f.Close())
		}
		synced = true
		return f.Close()
	}, func(t *testing.T, name string, err error) {
		got := read(t, name)
		if err == nil && t.Name() != "TestFaultsOfAppend" {
			t.Error("a fault went unnoticed")
		}
		if !strings.HasPrefix(got, "old\n") || synced && got != "old\n"+row {
			t.Errorf("synced %v, error %v, content %q", synced, err, got)
		}
	})
	wantCalls(t, calls, "append f", "stat f", "truncate f", "sync f", "sync folder", "write f", "sync f", "same f", "stat f", "close f")
}

// Whatever call of a Rename fails, the file has one of the two names, and the names are brought to
// disk.
func TestFaultsOfRename(t *testing.T) {
	calls := eachFault(t, "content", func(on Disk, name string) error { return on.Rename(name, name+".old") },
		func(t *testing.T, name string, err error) {
			if err == nil && t.Name() != "TestFaultsOfRename" {
				t.Error("a fault went unnoticed")
			}
			if got := read(t, name) + read(t, name+".old"); got != "content" {
				t.Errorf("the two files have %q", got)
			}
		})
	wantCalls(t, calls, "exists f.old", "rename f", "sync folder")
	name := filepath.Join(t.TempDir(), "f")
	write(t, name, "content")
	write(t, name+".old", "older")
	if err := (OS{}).Rename(name, name+".old"); err == nil || read(t, name+".old") != "older" {
		t.Errorf("a name that is in use: %v", err)
	}
}

// Whatever call of a Reserve fails, nothing is left that takes space, unless it cannot be removed;
// then the next Sweep does it. A Sweep that fails removes nothing else.
func TestFaultsOfReserve(t *testing.T) {
	eachFault(t, "content", func(on Disk, name string) error {
		release, err := on.Reserve(name, 10)
		if err == nil {
			release()
		}
		return err
	}, func(t *testing.T, name string, err error) {
		if left := temporaries(t, name); err != nil && len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		OS{}.Sweep(name)
		if left := temporaries(t, name); len(left) > 0 {
			t.Errorf("left by the sweep: %q", left)
		}
	})
	eachFault(t, "content", func(on Disk, name string) error {
		for range 2 {
			f, err := System{}.Temp(name, Temporary)
			if err != nil {
				return err
			}
			_ = f.Close()
		}
		on.Sweep(name)
		return nil
	}, func(t *testing.T, name string, _ error) {
		if left := temporaries(t, name); len(left) > 0 && t.Name() == "TestFaultsOfReserve" {
			t.Errorf("left: %q", left)
		}
		if read(t, name) != "content" {
			t.Error("the file itself is gone")
		}
	})
}

// Whatever call fails while a file that a user changed is replaced or removed, the user's words are
// kept.
func TestFaultsOfOwn(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for what, step := range map[string]func(on Disk, name string) error{
		"replace": func(on Disk, name string) error { _, err := ReplaceOwn(on, name, now, writeNew); return err },
		"remove":  func(on Disk, name string) error { _, err := RemoveOwn(on, name, now); return err },
	} {
		t.Run(what, func(t *testing.T) {
			eachFault(t, "corrected by hand", step, func(t *testing.T, name string, err error) {
				aside := must[string](t)(filepath.Abs(asideName(name, now, 1)))
				if read(t, name) != "corrected by hand" && read(t, aside) != "corrected by hand" {
					t.Errorf("error %v: the user's file is lost", err)
				}
				// What is not sure to be ours is never taken for it.
				if state, e := StateOf(OS{}, name); e != nil || state == Ours && read(t, name) != "the new content" {
					t.Errorf("state %v, %v", state, e)
				}
			})
		})
	}
}

// A Sync notices what another program did to the file.
func TestSyncNotices(t *testing.T) {
	for what, do := range map[string]func(name string) error{
		"it was cut":     func(name string) error { return os.Truncate(name, 3) },
		"it was emptied": func(name string) error { return os.Truncate(name, 0) },
		"it was removed": os.Remove,
		"it was replaced": func(name string) error {
			return errors.Join(os.Remove(name), os.WriteFile(name, []byte("12345"), 0o600))
		},
		"it became a link": func(name string) error {
			return errors.Join(os.Rename(name, name+".old"), os.Symlink(name+".old", name))
		},
	} {
		t.Run(what, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "f")
			f := must[File](t)(OS{}.Append(name, 0))
			defer f.Close()
			if _, err := f.Write([]byte("12345")); err != nil {
				t.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
			if err := do(name); err != nil {
				t.Fatal(err)
			}
			if err := f.Sync(); err == nil || !strings.Contains(err.Error(), "by another program") {
				t.Errorf("%v", err)
			}
		})
	}
	name := filepath.Join(t.TempDir(), "f")
	write(t, name, "12345")
	if _, err := (OS{}).Append(name, 6); err == nil || read(t, name) != "12345" {
		t.Errorf("a file that is shorter than it was read: %v", err)
	}
}
