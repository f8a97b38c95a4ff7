package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
)

// A file has two locks.
//
// One is on the file itself. Every name of the file leads to it, hard links too. It is missing as
// long as there is no file.
//
// The other is on the guard, a hidden file beside it. It is there before the file is, and while the
// file is replaced by a new one. A process that gets the lock of a guard looks whether the guard
// still has its name: so a guard can be removed, by its owner or by anybody, without two processes
// holding the same name for long. If both make a guard, the lock of the file itself lets only one
// of them go on.

// hold holds the locks of some files.
type hold struct {
	OS
	mu    sync.Mutex // Sync is called while other files are written
	files map[string]*heldFile
}

// heldFile is one file and its locks.
type heldFile struct {
	name  string
	guard Handle
	file  Handle // nil as long as there is no file
}

// Lock locks files in the order in which they are given, so that the first one is named if all are
// held.
func (d OS) Lock(names ...string) (Held, error) {
	h := &hold{OS: d, files: map[string]*heldFile{}}
	for _, name := range names {
		if h.files[key(name)] != nil {
			continue
		}
		f := &heldFile{name: name}
		h.files[key(name)] = f
		if err := h.check(f); err != nil {
			h.Unlock()
			return nil, err
		}
	}
	return h, nil
}

// key is how a file is found again, whatever spelling of its path is used.
func key(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return filepath.Clean(name)
}

// lock locks the file that has a name. It returns nil if there is none and none is to be made.
func (d OS) lock(name string, guard bool) (Handle, error) {
	for range mostTries {
		f, err := d.calls().Lock(name, guard)
		if !guard && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		// Between the open and the lock, the file may have been removed or replaced by whoever held
		// it.
		same, err := d.calls().Same(f, name)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if same {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return nil, &Locked{Name: name, By: "other processes, one after the other"}
}

// check takes the locks of a file that are missing: at first both, later one that was lost because
// somebody removed or replaced the file.
func (h *hold) check(f *heldFile) error {
	for _, one := range []struct {
		handle *Handle
		name   string
		guard  bool
	}{{&f.guard, Hidden(f.name, lockOf), true}, {&f.file, f.name, false}} {
		if *one.handle != nil {
			same, err := h.calls().Same(*one.handle, one.name)
			if err != nil {
				return err
			}
			if same {
				continue
			}
		}
		lock, err := h.lock(one.name, one.guard)
		if held := new(Locked); errors.As(err, &held) {
			return &Locked{Name: f.name, By: held.By}
		}
		if err != nil {
			return err
		}
		drop(one.handle)
		*one.handle = lock
	}
	return nil
}

// drop closes a handle, which gives up its lock.
func drop(f *Handle) {
	if *f != nil {
		_ = (*f).Close()
		*f = nil
	}
}

// Check looks at all locks.
func (h *hold) Check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(h.files)) {
		if err := h.check(h.files[name]); err != nil {
			return fmt.Errorf("a lock was lost: %w", err)
		}
	}
	return nil
}

// Unlock removes the guards and gives up the locks.
func (h *hold) Unlock() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(h.files)) {
		f := h.files[name]
		guard := Hidden(f.name, lockOf)
		ours := false
		if f.guard != nil {
			ours, _ = h.calls().Same(f.guard, guard)
		}
		if !renamesOpen {
			drop(&f.guard) // an open file cannot be removed
		}
		if ours {
			_ = h.calls().Remove(guard)
		}
		drop(&f.guard)
		drop(&f.file)
	}
	clear(h.files)
}

// Append opens a file for appending. It must be the file that is locked, or a new one.
func (h *hold) Append(name string, size int64) (File, error) {
	h.mu.Lock()
	f := h.files[key(name)]
	h.mu.Unlock()
	if f == nil {
		return h.OS.Append(name, size)
	}
	return h.append(name, size, func(open Handle) error { return h.claim(f, open) }, h.Check)
}

// claim makes sure that an open file is the one that is locked. A new file gets its lock here.
func (h *hold) claim(f *heldFile, open Handle) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	has, err := open.Stat()
	if err != nil {
		return err
	}
	if f.file == nil && has.Size() > 0 {
		return fmt.Errorf("%s was made by another program", f.name)
	}
	if f.file != nil {
		same, err := h.calls().Same(f.file, f.name)
		if err != nil {
			return err
		}
		if !same {
			return fmt.Errorf("%s was removed or replaced by another program", f.name)
		}
	}
	if err := h.check(f); err != nil {
		return err
	}
	same, err := h.calls().Same(open, f.name)
	if err == nil && (!same || f.file == nil) {
		return fmt.Errorf("%s was removed or replaced by another program", f.name)
	}
	return err
}

// Replace replaces a file. The new file is locked before it gets the name of the old one.
func (h *hold) Replace(name string, write func(io.Writer) error) error {
	h.mu.Lock()
	f := h.files[key(name)]
	h.mu.Unlock()
	if f == nil {
		return h.OS.Replace(name, write)
	}
	return h.replace(name, write, func(temp, name string) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if err := h.check(f); err != nil {
			return err
		}
		return h.move(f, temp, name)
	})
}

// move renames the new file and takes its lock with it.
func (h *hold) move(f *heldFile, temp, name string) error {
	if !renamesOpen { // the guard alone holds the name meanwhile
		drop(&f.file)
		if err := h.calls().Rename(temp, name); err != nil {
			return err
		}
		return h.check(f)
	}
	lock, err := h.lock(temp, false)
	if err != nil {
		return err
	}
	if err := h.calls().Rename(temp, name); err != nil {
		drop(&lock)
		return err
	}
	drop(&f.file)
	f.file = lock
	return nil
}

// Rename gives a file another name. What is put under a new name is not written any more: it loses
// its lock.
func (h *hold) Rename(from, to string) error {
	return h.away(from, func() error { return h.OS.Rename(from, to) })
}

// Remove deletes a file.
func (h *hold) Remove(name string) error {
	return h.away(name, func() error { return h.OS.Remove(name) })
}

// away takes the name of a file away.
func (h *hold) away(name string, do func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.files[key(name)]
	if f == nil {
		return do()
	}
	if err := h.check(f); err != nil {
		return err
	}
	if !renamesOpen {
		drop(&f.file)
	}
	// If the name is gone, or has come to another file, check gives up the old lock.
	return errors.Join(do(), h.check(f))
}
