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
	gather = 250 * time.Millisecond

	// mostWaiting bounds the calls that wait for a disk that is too slow. Calls beyond that are
	// counted as lost.
	mostWaiting = 20_000

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
	waiting []engine.Call
	lost    int
	broken  error

	// These are used by one goroutine at a time: Begin, the writer, and End.
	file disk.File
	size int64
	text []byte // of the lines that are being written
}

// Begin opens the record of a job, behind what earlier runs have left, and writes the beginning of a
// run. A file of that name that is no record gets another name. End must be called.
func Begin(on disk.Disk, path string, r Run) *Log {
	l := &Log{
		on: on, path: path, began: r.Start, limit: sizeMax, keep: sizeKept,
		wake: make(chan struct{}, 1), ending: make(chan struct{}), written: make(chan struct{}),
	}
	r.Start = r.Start.UTC().Truncate(time.Millisecond)
	err := l.open()
	if err == nil {
		err = l.append(appendJSON(nil, kindRun, &r))
	}
	l.check(err)
	go func() {
		defer crash.Guard()
		defer close(l.written)
		l.write()
	}()
	return l
}

// Observe takes a call. It does not wait for the disk. The line is made later, for many calls at a
// time, which takes far less time than one by one.
func (l *Log) Observe(c engine.Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil || len(l.waiting) >= mostWaiting {
		l.lost++
		return
	}
	l.waiting = append(l.waiting, c)
	if len(l.waiting) > 1 {
		return // the writer has been told
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// End writes the end of the run, and closes the file. It returns why the record lacks calls, if it
// does.
func (l *Log) End(e End) error {
	close(l.ending)
	<-l.written
	e.End, e.Lost = e.End.UTC().Truncate(time.Millisecond), l.lost
	if l.broken == nil {
		l.check(l.append(appendJSON(nil, kindEnd, &e)))
	}
	if l.file != nil {
		l.check(l.file.Close())
	}
	return l.broken
}

// write writes what waits, until End.
func (l *Log) write() {
	for {
		select {
		case <-l.wake:
			select {
			case <-time.After(gather):
			case <-l.ending:
			}
		case <-l.ending:
			l.check(l.flush())
			return
		}
		l.check(l.flush())
	}
}

// check notes the first error. Nothing is written any more then: a line behind half a line could not
// be read.
func (l *Log) check(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
	l.lost += len(l.waiting)
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
	l.size = x.Size
	if l.file, err = l.on.Append(l.path, l.size); err == nil && l.size == 0 {
		err = l.append(header)
	}
	return err
}

// flush writes the calls that wait.
func (l *Log) flush() error {
	l.mu.Lock()
	calls := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	l.text = l.text[:0]
	for i := range calls {
		l.text = appendCall(l.text, l.began, &calls[i])
	}
	return l.append(l.text)
}

// append writes lines at the end of the file.
func (l *Log) append(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if l.size+int64(len(lines)) > l.limit {
		if err := l.shrink(); err != nil {
			return err
		}
	}
	l.size += int64(len(lines))
	_, err := l.file.Write(lines)
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
