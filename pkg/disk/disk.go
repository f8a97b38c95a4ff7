package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
)

// Disk is what files that must not be lost need of a file system. OS is the real one.
type Disk interface {
	// Read opens a file for reading.
	Read(name string) (io.ReadCloser, error)
	// Append opens a file for appending, after cutting it to size, which it must have; for size 0 it makes one if there is
	// none. The cut and the file's name are on disk when it returns.
	Append(name string, size int64) (File, error)
	// Replace makes a file with what write gives it, or replaces the one that is there. After a crash there is the old
	// file or the new one, whole.
	Replace(name string, write func(io.Writer) error) error
	// Sweep removes what processes that were killed in the middle of a Replace left. Whoever calls it holds the file's lock.
	Sweep(name string)
	// Rename gives a file another name, that must be free.
	Rename(from, to string) error
	// Remove deletes a file; it is no error if there is none.
	Remove(name string) error
	// Exists reports whether a name is taken.
	Exists(name string) (bool, error)
	// Names lists what is in a folder, by name; nothing if there is no such folder.
	Names(folder string) ([]string, error)
	// Reserve takes so much space beside a file, for what has to be written even if the disk fills up. Release gives it
	// back, and may be called more than once.
	Reserve(name string, size int64) (release func(), err error)
	// Lock holds a file for this process until unlock is called or the process ends, however that happens. Its error is
	// a *Locked if another process holds it.
	Lock(name string) (unlock func(), err error)
}

// File is a file that is appended to.
type File interface {
	io.WriteCloser
	// Sync brings what was written to disk. It is an error if the file does not have its name any more: nobody would find
	// what was written.
	Sync() error
}

// Locked says that another process holds a file.
type Locked struct {
	By string // who, for people
}

func (e *Locked) Error() string { return "is held by " + e.By }

// OS is a file system of the operating system. Files that it makes have mode 0600: they hold customer data.
type OS struct {
	Calls Calls // nil for the system's own; tests have others, that fail
}

func (d OS) calls() Calls {
	if d.Calls == nil {
		return System{}
	}
	return d.Calls
}

// Read opens a file.
func (d OS) Read(name string) (io.ReadCloser, error) { return d.calls().Open(name) }

// Append opens a file for appending.
func (d OS) Append(name string, size int64) (File, error) {
	f, err := d.calls().Append(name)
	if err != nil {
		return nil, err
	}
	has, err := f.Stat()
	if err == nil && has.Size() < size {
		err = fmt.Errorf("%s has been removed or cut by another program since it was read", name)
	}
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		err = errors.Join(f.Sync(), d.calls().SyncFolder(filepath.Dir(name)))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	k := &kept{Handle: f, name: name, calls: d.calls()}
	k.size.Store(size)
	return k, nil
}

// kept is a file that has to keep its name and what was written to it.
type kept struct {
	Handle
	name  string
	calls Calls
	size  atomic.Int64 // what is in it at least: it is written to while it is synced
}

func (f *kept) Write(p []byte) (int, error) {
	n, err := f.Handle.Write(p)
	f.size.Add(int64(n))
	return n, err
}

func (f *kept) Sync() error {
	size := f.size.Load()
	if err := f.Handle.Sync(); err != nil {
		return err
	}
	same, err := f.calls.Same(f.Handle, f.name)
	if err == nil && !same {
		return fmt.Errorf("%s was removed or replaced by another program", f.name)
	}
	has, statErr := f.Stat()
	if statErr == nil && has.Size() < size {
		return fmt.Errorf("%s was cut by another program", f.name)
	}
	return errors.Join(err, statErr)
}

// Replace writes a file beside it and renames that.
func (d OS) Replace(name string, write func(io.Writer) error) (err error) {
	f, err := d.calls().Temp(name)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = d.calls().Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := d.calls().Rename(f.Name(), name); err != nil {
		return err
	}
	return d.calls().SyncFolder(filepath.Dir(name))
}

// Sweep removes files that Replace has begun. What stays is no reason not to run.
func (d OS) Sweep(name string) {
	names, _ := d.calls().Temps(name)
	for _, n := range names {
		_ = d.calls().Remove(n)
	}
}

// Rename gives a file another name.
func (d OS) Rename(from, to string) error {
	if there, err := d.calls().Exists(to); err != nil || there {
		return errors.Join(err, fmt.Errorf("%s is there already", to))
	}
	if err := d.calls().Rename(from, to); err != nil {
		return err
	}
	return d.calls().SyncFolder(filepath.Dir(to))
}

// Remove deletes a file.
func (d OS) Remove(name string) error {
	err := d.calls().Remove(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Exists reports whether a name is taken.
func (d OS) Exists(name string) (bool, error) { return d.calls().Exists(name) }

// Names lists what is in a folder.
func (d OS) Names(folder string) ([]string, error) {
	names, err := d.calls().Names(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

// Reserve fills a file with noise, which no file system can compress. One that a killed run left is used again.
func (d OS) Reserve(name string, size int64) (release func(), err error) {
	name = Hidden(name, "reserve")
	release = func() { _ = d.calls().Remove(name) }
	f, err := d.calls().Append(name)
	if err != nil {
		return nil, err
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = io.CopyN(f, rand.Reader, size)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// Lock takes a file of its own, since the file itself is replaced at times. It is never removed, since another process may
// be waiting for just that file.
func (d OS) Lock(name string) (unlock func(), err error) { return d.calls().Lock(Hidden(name, "lock")) }

// Hidden is a name beside another file, for what is no result: .links.results.csv.lock.
func Hidden(name, what string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+what)
}
