package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Disk is what results need of a file system. OS is the real one.
type Disk interface {
	// Read opens a file for reading.
	Read(name string) (io.ReadCloser, error)
	// Append opens a file for appending, after cutting it to size; it makes one if there is none. The file's name is on
	// disk when it returns.
	Append(name string, size int64) (File, error)
	// Replace makes a file with what write gives it, or replaces the one that is there. After a crash there is the old
	// file or the new one, whole.
	Replace(name string, write func(io.Writer) error) error
	// Rename gives a file another name, that must be free.
	Rename(from, to string) error
	// Remove deletes a file; it is no error if there is none.
	Remove(name string) error
}

// File is a file that is appended to.
type File interface {
	io.WriteCloser
	Sync() error
}

// OS is the operating system's file system. Files that it makes have mode 0600: they hold customer data.
type OS struct{}

const private = 0o600

// Read opens a file.
func (OS) Read(name string) (io.ReadCloser, error) { return os.Open(name) }

// Append opens a file for appending.
func (OS) Append(name string, size int64) (File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, private)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Truncate(size), f.Sync(), syncFolder(name)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Replace writes a file beside it and renames that.
func (OS) Replace(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // created with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
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
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncFolder(name)
}

// Rename gives a file another name.
func (OS) Rename(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s is there already", to)
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(to)
}

// Remove deletes a file.
func (OS) Remove(name string) error {
	err := os.Remove(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// syncFolder makes a file's name survive a power failure. Where folders cannot be synced (Windows, some network file
// systems) names are as safe as the system makes them.
func syncFolder(name string) error {
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return nil
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, os.ErrPermission) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}
