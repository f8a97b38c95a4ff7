package journal

import (
	"io"
	"slices"
	"strconv"
	"sync"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/zoho"
)

// Doubts are what a journal carries over from earlier runs.
type Doubts struct {
	Records []Record
	All     []zoho.Identity
}

// IsEmpty reports whether nothing is in doubt.
func (d Doubts) IsEmpty() bool { return len(d.Records)+len(d.All) == 0 }

// Journal is the journal of a run that goes on. Synced may be called beside everything else; the
// other methods are called one after the other.
type Journal struct {
	on      disk.Disk
	path    string
	results string
	carried Doubts
	crm     zoho.Identity
	limit   int64 // of the file, in bytes: beyond it the file is replaced

	file    disk.File
	begin   int64
	written int64 // bytes of the file
	least   int64 // bytes of the file when it was new
	live    []chunker.Batch
	broken  error // why nothing can be written any more

	mu   sync.Mutex // of what is below; it is never held while the disk is waited for
	size int64      // of the result file, as far as it is on disk
	open []uint64   // a bit for each position: written down, and no outcome on disk
}

// sizeMax is how large the file may grow before it is replaced, in bytes: some hundred batches of
// 100 links.
const sizeMax = 1 << 20

// Begin makes the journal of a new run, with what earlier runs left in doubt. It replaces an older
// one: after a crash there is the older journal or the new one, whole. As long as Start was not
// called, no row of the result file counts as an outcome.
func Begin(on disk.Disk, results string, carried Doubts, size int64) (*Journal, error) {
	j := &Journal{on: on, path: Name(results), results: results, carried: carried, begin: -1, limit: sizeMax, size: size}
	return j, j.replace(nil)
}

// Keep makes the journal that a run leaves, with what is still in doubt; none if nothing is.
func Keep(on disk.Disk, results string, left Doubts) error {
	if left.IsEmpty() {
		return on.Remove(Name(results))
	}
	_, err := Begin(on, results, left, 0)
	return err
}

// Start opens the journal for writing. The result file has size bytes, and rows behind them are
// outcomes of this run. The set that is sent has so many rows.
func (j *Journal) Start(crm zoho.Identity, size int64, rows int) error {
	j.crm, j.begin, j.size = crm, size, size
	j.open = make([]uint64, (rows+63)/64)
	return j.reopen(nil)
}

// replace replaces the file by one with what is carried and the live batches.
func (j *Journal) replace(live []chunker.Batch) error {
	return j.on.Replace(j.path, func(w io.Writer) error {
		b := seal(nil, kindHeader+" "+format+" "+strconv.Quote(j.results))
		for _, crm := range j.carried.All {
			b = seal(b, kindAll+" "+crm.String())
		}
		for i := range j.carried.Records {
			b = seal(b, j.carried.Records[i].text())
		}
		if j.begin >= 0 {
			b = seal(b, kindBegin+" "+strconv.FormatInt(j.begin, 10))
		}
		b = j.append(b, live)
		j.least = int64(len(b))
		_, err := w.Write(b)
		return err
	})
}

// append adds the lines of batches.
func (j *Journal) append(b []byte, batches []chunker.Batch) []byte {
	if size := j.sizeOnDisk(); size > 0 {
		b = seal(b, kindSize+" "+strconv.FormatInt(size, 10))
	}
	for _, batch := range batches {
		r := Record{j.crm, batch.Relation, batch.Parent, batch.Related}
		b = seal(b, r.text())
	}
	return b
}

// reopen replaces the file, and opens it to add to it.
func (j *Journal) reopen(live []chunker.Batch) error {
	if j.file != nil {
		err := j.file.Close()
		j.file = nil
		if err != nil {
			return err
		}
	}
	if err := j.replace(live); err != nil {
		return err
	}
	f, err := j.on.Append(j.path, j.least)
	if err != nil {
		return err
	}
	j.file, j.written, j.live = f, j.least, live
	return nil
}

// Write writes down batches that are about to be sent. They are on disk when it returns. After an
// error, every later call fails too: a line behind one that was torn could not be read back.
func (j *Journal) Write(batches []chunker.Batch) error {
	if j.broken == nil {
		j.broken = j.write(batches)
	}
	return j.broken
}

func (j *Journal) write(batches []chunker.Batch) error {
	j.mark(batches)
	if j.written > j.limit && j.written > 2*j.least {
		return j.reopen(append(j.stillLive(), batches...))
	}
	text := j.append(nil, batches)
	j.live = append(j.live, batches...)
	j.written += int64(len(text))
	if _, err := j.file.Write(text); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *Journal) mark(batches []chunker.Batch) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, b := range batches {
		for _, pos := range b.Pos {
			j.open[pos/64] |= 1 << (pos % 64)
		}
	}
}

func (j *Journal) sizeOnDisk() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size
}

// stillLive are the batches of which some link has no outcome on disk.
func (j *Journal) stillLive() (live []chunker.Batch) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, b := range j.live {
		if slices.ContainsFunc(b.Pos, func(pos int) bool { return j.open[pos/64]&(1<<(pos%64)) != 0 }) {
			live = append(live, b)
		}
	}
	return live
}

// Synced says that the result file has size bytes on disk, with outcomes for the links at these
// positions.
func (j *Journal) Synced(positions []int, size int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.size = size
	for _, pos := range positions {
		j.open[pos/64] &^= 1 << (pos % 64)
	}
}

// Close closes the file, and leaves it where it is.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
