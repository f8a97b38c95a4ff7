package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Calls are the calls of an operating system that a Disk is made of. They promise no more than the
// system does: what is written survives a power failure once the file is synced, and a name once
// its folder is.
type Calls interface {
	Open(name string) (io.ReadCloser, error)
	Append(name string) (Handle, error)     // makes the file if there is none
	Temp(near, what string) (Handle, error) // a new file with a name as IsTemporary knows it
	Temps(near string) ([]string, error)    // those that are there
	Rename(from, to string) error           // replaces what is there
	Remove(name string) error
	Exists(name string) (bool, error)
	Names(folder string) ([]string, error)    // in a folder, sorted
	Same(f Handle, name string) (bool, error) // whether an open file still has that name
	SyncFolder(folder string) error
	// Lock opens a file and locks it until the handle is closed or the process ends. With guard,
	// the file is one of ours that is there only to be locked: it is made if there is none. The
	// error is a *Locked if the file is locked already.
	Lock(name string, guard bool) (Handle, error)
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

// InTheWay is the error for a name that delink would write to, where something else is already.
type InTheWay struct {
	Name string
	What string // what is there
}

func (e *InTheWay) Error() string { return fmt.Sprintf("%s is in the way: it is %s", e.Name, e.What) }

// openFile opens a regular file. It never follows a symbolic link.
func openFile(name string, flags int) (*os.File, error) {
	f, err := os.OpenFile(name, flags|openFlags, private)
	if err != nil {
		if isLink(err) {
			return nil, &InTheWay{name, "a symbolic link"}
		}
		return nil, err
	}
	if err := checkRegular(f, name); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func checkRegular(f *os.File, name string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &InTheWay{name, "not a file"}
	}
	if there, err := os.Lstat(name); err == nil && there.Mode()&fs.ModeSymlink != 0 { // where the open follows links
		return &InTheWay{name, "a symbolic link"}
	}
	return nil
}

// makePrivate lets only the owner read a file that was there before. Some file systems have no
// modes, and only the owner can change one: that is no reason not to run.
func makePrivate(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	err = f.Chmod(private)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// Append opens a file for appending.
func (System) Append(name string) (Handle, error) {
	f, err := openFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	if err := makePrivate(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// mostTries is how often a new name is tried: one that is taken is very unlikely.
const mostTries = 100

// Temp makes a hidden file beside another file.
func (System) Temp(near, what string) (Handle, error) {
	for n := 1; ; n++ {
		f, err := os.OpenFile(temporary(near, what), os.O_CREATE|os.O_EXCL|os.O_RDWR, private)
		if n == mostTries || !errors.Is(err, fs.ErrExist) {
			if err != nil {
				return nil, err
			}
			return f, nil
		}
	}
}

// Scratch makes a hidden file beside another file, for what is needed only while the process runs.
// Where the system allows, the file has no name any more when Scratch returns, so that not even a
// kill leaves it behind. Remove closes it, and deletes it where it still has its name.
func Scratch(near, what string) (f *os.File, remove func(), err error) {
	h, err := System{}.Temp(near, what)
	if err != nil {
		return nil, nil, err
	}
	f = h.(*os.File)
	named := os.Remove(f.Name()) != nil
	return f, func() {
		_ = f.Close()
		if named {
			_ = os.Remove(f.Name())
		}
	}, nil
}

// Temps lists the files that Temp made for a file. What is no regular file is not ours.
func (System) Temps(near string) (all []string, err error) {
	folder, err := os.Open(filepath.Dir(near))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	there, err := folder.Readdirnames(-1)
	for _, name := range there {
		if !IsTemporary(name, near) {
			continue
		}
		path := filepath.Join(filepath.Dir(near), name)
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			all = append(all, path)
		}
	}
	return all, err
}

// Rename gives a file another name.
func (System) Rename(from, to string) error { return os.Rename(from, to) }

// Remove deletes a file.
func (System) Remove(name string) error { return os.Remove(name) }

// Exists reports whether a name is taken. A symbolic link that leads nowhere takes one too.
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

// Same reports whether an open file still has a name. A symbolic link to the file is another name.
func (System) Same(f Handle, name string) (bool, error) {
	open, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(open, there), err
}

// SyncFolder makes the names in a folder survive a power failure. Where folders cannot be synced
// (Windows, some network file systems) names are as safe as the system makes them.
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

// errHeld says that another open file holds the lock.
var errHeld = errors.New("is locked")

// guardMark begins every guard, so that no other file is taken for one.
const guardMark = "delink process "

// Lock locks a file. A guard says who holds it.
func (System) Lock(name string, guard bool) (Handle, error) {
	flags := os.O_RDWR
	if guard {
		flags |= os.O_CREATE
	}
	f, err := openFile(name, flags)
	if err != nil {
		return nil, err
	}
	if err := lockOpen(f, name, guard); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func lockOpen(f *os.File, name string, guard bool) error {
	content := make([]byte, 512)
	if guard {
		n, err := f.ReadAt(content, 0)
		if err != nil && err != io.EOF {
			return err
		}
		content = content[:n]
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if n > 0 && !bytes.HasPrefix(content, []byte(guardMark)) || names(info) > 1 {
			return &InTheWay{name, "not a lock of delink"}
		}
	}
	err := lockFile(f)
	if err == errHeld {
		return &Locked{Name: name, By: holder(content, guard)}
	}
	if err != nil || !guard {
		return err
	}
	host, _ := os.Hostname()
	text := fmt.Appendf(nil, guardMark+"%d on %s, since %s\n", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339))
	// Who holds it is for people, so that a failure to write it is no reason not to run.
	_ = f.Truncate(0)
	_, _ = f.WriteAt(text, 0)
	return nil
}

// holder is who holds a lock, for people.
func holder(content []byte, guard bool) string {
	line, _, whole := strings.Cut(string(content), "\n")
	if guard && whole {
		return strings.TrimPrefix(line, "delink ")
	}
	return "another process"
}
