package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// Calls are the calls of an operating system that a Disk is made of. They promise no more than the system does: what is
// written is safe from a power failure once it is synced, and a name once its folder is.
type Calls interface {
	Open(name string) (io.ReadCloser, error)
	Append(name string) (Handle, error)  // made if it is not there
	Temp(near string) (Handle, error)    // a new file in the same folder
	Temps(near string) ([]string, error) // those that are there
	Rename(from, to string) error        // replaces what is there
	Remove(name string) error
	Exists(name string) (bool, error)
	Names(folder string) ([]string, error)    // in a folder, sorted
	Same(f Handle, name string) (bool, error) // whether an open file still has that name
	SyncFolder(folder string) error
	Lock(name string) (unlock func(), err error) // *Locked if another process has it
}

// Handle is an open file.
type Handle interface {
	io.WriteCloser
	Name() string
	Stat() (fs.FileInfo, error)
	Sync() error
	Truncate(size int64) error
}

// System is the operating system.
type System struct{}

// private is the mode of every file: they hold customer data.
const private = 0o600

// Open opens a file for reading.
func (System) Open(name string) (io.ReadCloser, error) { return os.Open(name) }

// Append opens a file for appending.
func (System) Append(name string) (Handle, error) {
	return handle(os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, private))
}

// Temp makes a file with a name of its own in the folder of another file.
func (System) Temp(near string) (Handle, error) {
	return handle(os.CreateTemp(filepath.Dir(near), "."+filepath.Base(near)+".*")) // made with mode 0600
}

// Temps lists the files that Temp made for a file.
func (System) Temps(near string) (names []string, err error) {
	folder, err := os.Open(filepath.Dir(near))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	all, err := folder.Readdirnames(-1)
	for _, name := range all {
		number, ok := strings.CutPrefix(name, "."+filepath.Base(near)+".")
		if _, notNumber := strconv.ParseUint(number, 10, 64); ok && notNumber == nil {
			names = append(names, filepath.Join(filepath.Dir(near), name))
		}
	}
	return names, err
}

// handle keeps a nil *os.File from becoming a Handle that is not nil.
func handle(f *os.File, err error) (Handle, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Rename gives a file another name.
func (System) Rename(from, to string) error { return os.Rename(from, to) }

// Remove deletes a file.
func (System) Remove(name string) error { return os.Remove(name) }

// Exists reports whether a name is taken, be it by a link that leads nowhere.
func (System) Exists(name string) (bool, error) {
	_, err := os.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Names lists what is in a folder.
func (System) Names(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

// Same reports whether an open file still has a name.
func (System) Same(f Handle, name string) (bool, error) {
	open, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(open, there), err
}

// SyncFolder makes the names in it survive a power failure. Where folders cannot be synced (Windows, some network file
// systems) names are as safe as the system makes them.
func (System) SyncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, os.ErrPermission) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}

// Lock takes a lock that the system drops when the process ends.
func (System) Lock(name string) (unlock func(), err error) {
	l := flock.New(name, flock.SetPermissions(private))
	locked, err := l.TryLock()
	if err != nil {
		return nil, err
	}
	if !locked {
		holder, _ := os.ReadFile(name)
		who := strings.TrimSpace(string(holder))
		if who == "" {
			who = "another process"
		}
		return nil, &Locked{By: who}
	}
	host, _ := os.Hostname()
	// Who holds it is for people, so that a failure to write it is no reason not to run.
	_ = os.WriteFile(name, fmt.Appendf(nil, "process %d on %s, since %s\n", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339)), private)
	return func() { _ = l.Unlock() }, nil
}
