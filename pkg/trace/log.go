package trace

import (
	"sync"
	"time"

	"delink/pkg/crash"
	"delink/pkg/disk"
	"delink/pkg/worker/engine"
)

const (
	// gather is how long calls are gathered for one write. A kill loses the calls of that time at
	// the most; their links are in the results.
	gather = 100 * time.Millisecond

	// mostWaiting bounds the lines that wait for a disk that is too slow, in bytes. Calls beyond
	// that are counted as lost.
	mostWaiting = 4 << 20

	// sizeMax bounds the file, in bytes. Beyond it, the oldest calls are summed up, and the newest
	// sizeKept bytes stay as they are.
	sizeMax  = 32 << 20
	sizeKept = 8 << 20
)

// Log is the record of the run that goes on. Its methods may be called at the same time. After an
// error of the disk it takes no more calls, and End says why.
type Log struct {
	on    disk.Disk
	path  string
	began time.Time
	limit int64 // see sizeMax
	keep  int64 // see sizeKept

	wake    chan struct{} // there is something to write
	ending  chan struct{} // closed by End
	written chan struct{} // closed when all is written

	mu      sync.Mutex // guards the fields below; it is never held while the disk is waited for
	waiting []byte
	lost    int
	broken  error

	// The writer alone uses these.
	file disk.File
	size int64
}

// Begin opens the record of a job, behind what earlier runs have left, and writes the beginning of a
// run. A file of that name that is no record gets another name. End must be called.
func Begin(on disk.Disk, path string, r Run) *Log {
	l := &Log{
		on: on, path: path, began: r.Start, limit: sizeMax, keep: sizeKept,
		wake: make(chan struct{}, 1), ending: make(chan struct{}), written: make(chan struct{}),
	}
	r.Start = r.Start.UTC().Truncate(time.Millisecond)
	l.waiting = appendJSON(nil, kindRun, &r)
	l.check(l.open())
	l.check(l.flush())
	go func() {
		defer crash.Guard()
		defer close(l.written)
		l.write()
	}()
	return l
}

// Observe takes a call. It does not wait for the disk.
func (l *Log) Observe(c engine.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil || len(l.waiting) > mostWaiting {
		l.lost++
		return
	}
	l.waiting = appendCall(l.waiting, l.began, &c)
	select {
	case l.wake <- struct{}{}:
	default: // the writer will come
	}
}

// End writes the end of the run, and closes the file. It returns why the record lacks calls, if it
// does.
func (l *Log) End(e End) error {
	l.mu.Lock()
	e.End, e.Lost = e.End.UTC().Truncate(time.Millisecond), l.lost
	l.waiting = appendJSON(l.waiting, kindEnd, &e)
	l.mu.Unlock()
	close(l.ending)
	<-l.written
	return l.broken
}

// write writes what waits, until End.
func (l *Log) write() {
	for {
		select {
		case <-l.wake:
		case <-l.ending:
		}
		select {
		case <-time.After(gather):
		case <-l.ending:
			l.check(l.flush())
			if l.file != nil {
				l.check(l.file.Close())
			}
			return
		}
		l.check(l.flush())
	}
}

// check notes the first error. What waits is dropped then: a line behind half a line could not be
// read.
func (l *Log) check(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
	l.waiting = nil
}

// open opens the file behind its last whole line.
func (l *Log) open() error {
	x, err := read(l.on, l.path, func(Entry, []byte, int64) {})
	if err == ErrNotARecord {
		x = Extent{}
		_, err = disk.PutAside(l.on, l.path, time.Now())
	}
	if err != nil {
		return err
	}
	if x.Size == 0 {
		l.mu.Lock()
		l.waiting = append(append([]byte(nil), header...), l.waiting...)
		l.mu.Unlock()
	}
	l.size = x.Size
	l.file, err = l.on.Append(l.path, l.size)
	return err
}

// flush writes what waits.
func (l *Log) flush() error {
	l.mu.Lock()
	b, broken := l.waiting, l.broken
	l.waiting = nil
	l.mu.Unlock()
	if broken != nil || len(b) == 0 {
		return nil
	}
	if l.size+int64(len(b)) > l.limit {
		if err := l.shrink(); err != nil {
			return err
		}
	}
	l.size += int64(len(b))
	_, err := l.file.Write(b)
	return err
}

// shrink makes the file smaller.
func (l *Log) shrink() error {
	if err := l.file.Close(); err != nil {
		return err
	}
	l.file = nil
	size, err := compact(l.on, l.path, l.size, l.keep)
	if err != nil {
		return err
	}
	l.size = size
	l.file, err = l.on.Append(l.path, size)
	return err
}
