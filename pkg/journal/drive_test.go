package journal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"delink/pkg/disk"
)

// errKilled is what every call of a process gets that was killed.
var errKilled = errors.New("the process was killed")

// drive is a file system with one folder. It knows what a process sees, and what would be left if
// the power went out.
type drive struct {
	names map[string]*inode
	safe  map[string]*inode // the names at the last sync of the folder
	left  int               // calls until the process is killed; negative for never
	torn  int               // bytes that get written of the write in which it is killed
	most  int               // bytes that a file had at the most
}

// inode is a file whatever its name.
type inode struct{ data, safe []byte }

func newDrive() *drive {
	return &drive{names: map[string]*inode{}, safe: map[string]*inode{}, left: -1}
}

func (d *drive) disk() disk.Disk { return disk.OS{Calls: d} }

// call counts a call, and fails it if the process is dead.
func (d *drive) call() error {
	if d.left == 0 {
		return errKilled
	}
	d.left--
	return nil
}

// losePower leaves the names and the bytes that were synced, and of the journal that was being
// written some more bytes: what was written, or blocks of zeros that never were.
func (d *drive) losePower(more int, zeros bool) {
	d.names = maps.Clone(d.safe)
	for _, f := range d.names {
		switch {
		case !bytes.HasPrefix(f.data, f.safe) || more == 0:
			f.data = f.safe
		case zeros:
			f.data = append(bytes.Clone(f.safe), make([]byte, more)...)
		default:
			f.data = f.data[:min(len(f.data), len(f.safe)+more)]
		}
		f.safe = f.data
	}
}

func (d *drive) Open(name string) (io.ReadCloser, error) {
	f := d.names[name]
	if err := d.call(); err != nil || f == nil {
		return nil, cmpErr(err, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(f.data)), nil
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func (d *drive) Append(name string) (disk.Handle, error) {
	if err := d.call(); err != nil {
		return nil, err
	}
	if d.names[name] == nil {
		d.names[name] = &inode{}
	}
	return &handle{d, name, d.names[name]}, nil
}

func (d *drive) Temp(near, _ string) (disk.Handle, error) {
	for n := 1; ; n++ {
		name := filepath.Join(filepath.Dir(near), "."+filepath.Base(near)+"."+strconv.Itoa(n))
		if d.names[name] == nil {
			return d.Append(name)
		}
	}
}

func (d *drive) Rename(from, to string) error {
	if err := d.call(); err != nil {
		return err
	}
	d.names[to] = d.names[from]
	delete(d.names, from)
	return nil
}

func (d *drive) Remove(name string) error {
	if err := d.call(); err != nil {
		return err
	}
	delete(d.names, name)
	return nil
}

func (d *drive) Exists(name string) (bool, error) { return d.names[name] != nil, d.call() }

func (d *drive) Same(f disk.Handle, name string) (bool, error) {
	return d.names[name] == f.(*handle).node, d.call()
}

func (d *drive) SyncFolder(string) error {
	if err := d.call(); err != nil {
		return err
	}
	d.safe = maps.Clone(d.names)
	return nil
}

func (d *drive) Names(string) ([]string, error) { return slices.Sorted(maps.Keys(d.names)), d.call() }

func (d *drive) Temps(string) ([]string, error) { return nil, nil }

func (d *drive) Lock(name string, _ bool) (disk.Handle, error) { return d.Append(name) }

// handle is an open file.
type handle struct {
	*drive
	name string
	node *inode
}

func (h *handle) Name() string { return h.name }

func (h *handle) Close() error { return h.call() }

func (h *handle) Write(p []byte) (int, error) {
	err := h.call()
	n := len(p)
	if err != nil {
		n = min(n, h.torn)
		h.torn = 0
	}
	h.node.data = append(h.node.data, p[:n]...)
	h.most = max(h.most, len(h.node.data))
	return n, err
}

func (h *handle) Sync() error {
	if err := h.call(); err != nil {
		return err
	}
	h.node.safe = h.node.data
	return nil
}

func (h *handle) Truncate(size int64) error {
	if err := h.call(); err != nil {
		return err
	}
	h.node.data = h.node.data[:size:size]
	return nil
}

func (h *handle) Stat() (fs.FileInfo, error) { return info{size: int64(len(h.node.data))}, h.call() }

// info is what is asked of a file.
type info struct {
	fs.FileInfo
	size int64
}

func (i info) Size() int64 { return i.size }
