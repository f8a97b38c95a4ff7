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

// Disk is what files that must not be lost need of a file system. OS is the real one. Paths of
// files that are written must have gone through Resolve.
type Disk interface {
	// Read opens a file for reading.
	Read(name string) (io.ReadCloser, error)
	// Append opens a file for appending, after cutting it to size. The file must be that long. For
	// size 0 it is made if there is none. The cut and the file's name are on disk when Append
	// returns.
	Append(name string, size int64) (File, error)
	// Replace makes a file with what write gives it, or replaces the one that is there. After a
	// crash there is the old file or the new one, whole.
	Replace(name string, write func(io.Writer) error) error
	// Sweep removes the temporary files that killed processes left beside a file. Its caller holds
	// the file's lock.
	Sweep(name string)
	// Rename gives a file another name, which must be free.
	Rename(from, to string) error
	// Remove deletes a file; it is no error if there is none.
	Remove(name string) error
	// Exists reports whether a name is taken.
	Exists(name string) (bool, error)
	// Names lists what is in a folder, by name; nothing if there is no such folder.
	Names(folder string) ([]string, error)
	// Reserve takes so much space beside a file, for what must be written even if the disk fills
	// up. Release gives it back, and may be called more than once.
	Reserve(name string, size int64) (release func(), err error)
	// Lock locks files for this process, until Unlock or until the process ends in any way. The
	// files need not be there yet. It locks all of them or none. The error is a *Locked if another
	// process holds one.
	Lock(names ...string) (Held, error)
}

// Held is a Disk that holds the locks of some files. Whoever locks files writes them through it: so
// a lock stays with its file when the file is made, replaced or renamed, and each write and Sync
// makes sure that nobody else has it.
type Held interface {
	Disk
	// Check returns an error if the lock of one of the files was lost, and somebody else has it.
	Check() error
	// Unlock lets other processes have the files.
	Unlock()
}

// File is a file that is appended to.
type File interface {
	io.WriteCloser
	// Sync brings to disk what was written. It is an error if the file does not have its name any
	// more, since nobody would find what was written, or if its lock was lost.
	Sync() error
}

// Locked is the error for a file that another process holds.
type Locked struct {
	Name string // of the file, as it was given to Lock
	By   string // who holds it, for people
}

func (e *Locked) Error() string { return e.Name + " is held by " + e.By }

// OS is a file system of the operating system. Files that it makes have mode 0600: they hold
// customer data.
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
	return d.append(name, size, func(Handle) error { return nil }, func() error { return nil })
}

// append opens a file. claim is called before the file is changed, and may refuse it. check is
// called by each Sync.
func (d OS) append(name string, size int64, claim func(Handle) error, check func() error) (File, error) {
	f, err := d.calls().Append(name)
	if err != nil {
		return nil, err
	}
	if err := d.begin(f, name, size, claim); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	k := &kept{Handle: f, name: name, calls: d.calls(), check: check}
	k.size.Store(size)
	return k, nil
}

func (d OS) begin(f Handle, name string, size int64, claim func(Handle) error) error {
	if err := claim(f); err != nil {
		return err
	}
	has, err := f.Stat()
	if err != nil {
		return err
	}
	if has.Size() < size {
		return fmt.Errorf("%s has been removed or cut by another program since it was read", name)
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	return errors.Join(f.Sync(), d.calls().SyncFolder(filepath.Dir(name)))
}

// kept is a file that has to keep its name and what was written to it.
type kept struct {
	Handle
	name  string
	calls Calls
	check func() error // of the locks
	size  atomic.Int64 // what is in the file at least; Write and Sync run at the same time
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
	if err != nil {
		return err
	}
	if !same {
		return fmt.Errorf("%s was removed or replaced by another program", f.name)
	}
	has, err := f.Stat()
	if err != nil {
		return err
	}
	if has.Size() < size {
		return fmt.Errorf("%s was cut by another program", f.name)
	}
	return f.check()
}

// Replace writes a new file beside the old one and renames it.
func (d OS) Replace(name string, write func(io.Writer) error) error {
	return d.replace(name, write, d.calls().Rename)
}

// replace writes the new file; rename puts it in the place of the old one.
func (d OS) replace(name string, write func(io.Writer) error, rename func(temp, name string) error) (err error) {
	f, err := d.calls().Temp(name, Temporary)
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
	if err := rename(f.Name(), name); err != nil {
		return err
	}
	return d.calls().SyncFolder(filepath.Dir(name))
}

// Sweep removes what killed processes left. A file that stays is no reason not to run.
func (d OS) Sweep(name string) {
	left, _ := d.calls().Temps(name)
	for _, n := range left {
		_ = d.calls().Remove(n)
	}
}

// Rename gives a file another name.
func (d OS) Rename(from, to string) error {
	there, err := d.calls().Exists(to)
	if err != nil {
		return err
	}
	if there {
		return fmt.Errorf("%s is there already", to)
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

// Reserve fills a file with noise, which no file system can compress. Sweep removes one that a
// killed run left.
func (d OS) Reserve(name string, size int64) (release func(), err error) {
	f, err := d.calls().Temp(name, Reserved)
	if err != nil {
		return nil, err
	}
	var released atomic.Bool
	release = func() {
		if !released.Swap(true) {
			_ = d.calls().Remove(f.Name())
		}
	}
	_, err = io.CopyN(f, rand.Reader, size)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		release()
		return nil, err
	}
	return release, nil
}
