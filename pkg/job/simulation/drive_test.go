package simulation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"delink/pkg/disk"
)

// errKilled is what a dead process gets from every call; nothing that it still does has an effect.
var errKilled = errors.New("the process is dead")

// drive is one folder of a file system. It knows what a process sees and what would be left if the
// power went out.
type drive struct {
	mu      sync.Mutex
	names   map[string]*inode
	safe    map[string]*inode // the names at the last sync of the folder
	changes []change          // to the names since then
	limit   int64             // bytes in all; 0 for no limit
	locked  map[*inode]*life
}

// inode is a file whatever its name.
type inode struct {
	data []byte // never changed in place, only added to
	safe []byte // at its last sync
}

// change is one change of a name; a file system does them in this order or not at all.
type change struct {
	from, to string // of a rename; a new file has no from, a removed one no to
	node     *inode
}

func newDrive() *drive {
	return &drive{names: map[string]*inode{}, safe: map[string]*inode{}, locked: map[*inode]*life{}}
}

func apply(names map[string]*inode, c change) {
	if c.from != "" {
		delete(names, c.from)
	}
	if c.to != "" {
		names[c.to] = c.node
	}
}

func (d *drive) change(c change) {
	apply(d.names, c)
	d.changes = append(d.changes, c)
}

func (d *drive) used() (n int64) {
	seen := map[*inode]bool{}
	for _, f := range d.names {
		if !seen[f] {
			seen[f] = true
			n += int64(len(f.data))
		}
	}
	return n
}

// losePower leaves what was synced, and by chance some of what was not.
func (d *drive) losePower(rng *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.changes[:rng.IntN(len(d.changes)+1)] {
		apply(d.safe, c)
	}
	d.names = d.safe
	d.safe = map[string]*inode{}
	for name, f := range d.names {
		d.safe[name] = f
	}
	for _, name := range sortedKeys(d.names) {
		f := d.names[name]
		if !bytes.Equal(f.data, f.safe) {
			f.data = f.left(rng)
			f.safe = f.data
		}
	}
	d.changes = nil
}

// left is what a power failure leaves of a file.
func (f *inode) left(rng *rand.Rand) []byte {
	if !bytes.HasPrefix(f.data, f.safe) { // it was cut, and that was not synced
		if rng.IntN(2) == 0 {
			return f.safe
		}
		return f.data
	}
	switch rng.IntN(4) {
	case 0:
		return f.safe
	case 1: // the file has grown, and the blocks were never written
		kept := len(f.safe) + rng.IntN(len(f.data)-len(f.safe)+1)
		return append(bytes.Clone(f.data[:kept]), make([]byte, rng.IntN(200))...)
	}
	return f.data[:len(f.safe)+rng.IntN(len(f.data)-len(f.safe)+1)]
}

// free lets go of what a dead process held.
func (d *drive) free() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.locked)
}

func (d *drive) content(name string) (data []byte, there bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names[name]
	if f == nil {
		return nil, false
	}
	return f.data, true
}

// calls are the system's calls as one process makes them.
type calls struct {
	*drive
	life *life
}

func missing(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

func (c calls) Open(name string) (io.ReadCloser, error) {
	if err := c.life.diskCall("open", name); err != nil {
		return nil, err
	}
	data, there := c.content(name)
	if !there {
		return nil, missing("open", name)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (c calls) Append(name string) (disk.Handle, error) {
	if err := c.life.diskCall("append to", name); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.names[name]
	if f == nil {
		f = &inode{}
		c.change(change{to: name, node: f})
	}
	c.life.opened = c.life.opened || name == c.life.world.results
	return &handle{calls: c, name: name, node: f}, nil
}

func (c calls) Temp(near, what string) (disk.Handle, error) {
	if err := c.life.diskCall("make a file beside", near); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := 1; ; n++ {
		name := disk.Hidden(near, fmt.Sprintf("%s-%08x", what, n))
		if c.names[name] == nil {
			f := &inode{}
			c.change(change{to: name, node: f})
			return &handle{calls: c, name: name, node: f}, nil
		}
	}
}

func (c calls) Temps(near string) (names []string, err error) {
	if err := c.life.diskCall("look beside", near); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range sortedKeys(c.names) {
		if disk.IsTemporary(name, near) {
			names = append(names, name)
		}
	}
	return names, nil
}

func (c calls) Rename(from, to string) error {
	if err := c.life.diskCall("rename", from); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.names[from]
	if f == nil {
		return missing("rename", from)
	}
	c.change(change{from: from, to: to, node: f})
	return nil
}

func (c calls) Remove(name string) error {
	if err := c.life.diskCall("remove", name); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names[name] == nil {
		return missing("remove", name)
	}
	c.change(change{from: name})
	return nil
}

func (c calls) Exists(name string) (bool, error) {
	if err := c.life.diskCall("look for", name); err != nil {
		return false, err
	}
	_, there := c.content(name)
	return there, nil
}

func (c calls) Names(folder string) (names []string, err error) {
	if err := c.life.diskCall("list", folder); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range sortedKeys(c.names) {
		if filepath.Dir(name) == filepath.Clean(folder) {
			names = append(names, filepath.Base(name))
		}
	}
	return names, nil
}

func (c calls) Same(f disk.Handle, name string) (bool, error) {
	if err := c.life.diskCall("look at", name); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.names[name] == f.(*handle).node, nil
}

func (c calls) SyncFolder(folder string) error {
	if err := c.life.diskCall("sync", folder); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.safe = map[string]*inode{}
	for name, f := range c.names {
		c.safe[name] = f
	}
	c.changes = nil
	return nil
}

func (c calls) Lock(name string, guard bool) (disk.Handle, error) {
	if err := c.life.diskCall("lock", name); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.names[name]
	if f == nil && !guard {
		return nil, missing("lock", name)
	}
	if f == nil {
		f = &inode{}
		c.change(change{to: name, node: f})
	}
	if c.locked[f] != nil {
		return nil, &disk.Locked{Name: name, By: "another life"}
	}
	c.locked[f] = c.life
	return &handle{calls: c, name: name, node: f, locks: true}, nil
}

// handle is an open file of one process.
type handle struct {
	calls calls
	name  string
	node  *inode
	locks bool // until it is closed
}

func (h *handle) Name() string { return h.name }

func (h *handle) Stat() (fs.FileInfo, error) {
	if err := h.calls.life.diskCall("look at", h.name); err != nil {
		return nil, err
	}
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	return info{size: int64(len(h.node.data))}, nil
}

// info is what is asked of a file.
type info struct {
	fs.FileInfo
	size int64
}

func (i info) Size() int64 { return i.size }

func (h *handle) Close() error {
	h.calls.mu.Lock()
	if h.locks && h.calls.locked[h.node] == h.calls.life {
		delete(h.calls.locked, h.node)
	}
	h.calls.mu.Unlock()
	return h.calls.life.diskCall("close", h.name)
}

// Write writes all of p, or what a kill or a full disk leaves of it.
func (h *handle) Write(p []byte) (n int, err error) {
	l := h.calls.life
	err = l.diskCall("write", h.name)
	n = len(p)
	if err != nil {
		n = 0
		if l.torn { // this is the write in which it died, or which failed half way
			l.torn = false
			n = l.rng.IntN(len(p) + 1)
		}
	}
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	if limit := h.calls.limit; limit > 0 {
		if room := max(0, limit-h.calls.used()); int64(n) > room {
			n, err = int(room), &fs.PathError{Op: "write", Path: h.name, Err: syscall.ENOSPC}
			l.trouble = true
		}
	}
	h.node.data = append(h.node.data, p[:n]...)
	if h.name == l.world.results && h.calls.names[h.name] == h.node && !strings.HasPrefix(string(p), "line,") {
		l.recorded(p[:n])
	}
	return n, err
}

func (h *handle) Truncate(size int64) error {
	if err := h.calls.life.diskCall("cut", h.name); err != nil {
		return err
	}
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	data := make([]byte, size) // a file that is shorter grows
	copy(data, h.node.data)
	h.node.data = data
	return nil
}

// Sync makes safe what was written before it began.
func (h *handle) Sync() error {
	l := h.calls.life
	h.calls.mu.Lock()
	begun := h.node.data
	rows := l.unsynced
	l.syncs++
	what := fmt.Sprint("sync ", l.syncs)
	h.calls.mu.Unlock()
	// of the bubble: how long the disk takes
	time.Sleep(l.moment(200*time.Microsecond, l.world.syncTime, what))
	if err := l.diskCall("sync", h.name); err != nil {
		return err
	}
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	h.node.safe = begun
	if h.name == l.world.results {
		l.unsynced -= rows
	}
	return nil
}
