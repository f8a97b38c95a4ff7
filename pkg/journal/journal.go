package journal

import (
	"io"
	"slices"
	"strconv"
	"sync"

	"delink/pkg/chunker"
	"delink/pkg/disk"
	"delink/pkg/sealed"
	"delink/pkg/zoho"
)

// Doubts are what earlier runs leave in doubt.
type Doubts struct {
	Records []Record
	All     []zoho.Identity // see Past.All
}

// IsEmpty reports whether nothing is in doubt.
func (d Doubts) IsEmpty() bool { return len(d.Records)+len(d.All) == 0 }

// Journal is the journal of the current run. Synced may be called at any time. The other methods
// must be called one after the other.
type Journal struct {
	on      disk.Disk
	name    File
	earlier Doubts        // what earlier runs leave in doubt
	crm     zoho.Identity // of this run
	limit   int64         // a file of more bytes is replaced

	file    disk.File
	begin   int64           // see Past.Begin
	written int64           // bytes of the file
	least   int64           // bytes of the file when it was new
	listed  []chunker.Batch // in the file, from this run
	broken  error           // why nothing can be written any more

	mu      sync.Mutex // guards the fields below; it is never held while the disk is waited for
	size    int64      // bytes of the result file that are on disk
	waiting []uint64   // a bit for each position: the link is listed and has no outcome on disk
}

// sizeMax is the number of bytes from which on the file is replaced: some hundred batches of 100
// links.
const sizeMax = 1 << 20

// Begin makes the journal of a new run, with what earlier runs leave in doubt. It replaces an older
// journal as a whole: after a crash the file is one or the other. Until Start is called, no row of
// the result file takes a link out of doubt. size is the size of the result file that is on disk; 0
// if the file is to be replaced.
func Begin(on disk.Disk, name File, earlier Doubts, size int64) (*Journal, error) {
	j := &Journal{on: on, name: name, earlier: earlier, begin: -1, limit: sizeMax, size: size}
	return j, j.replace(nil)
}

// Keep makes the journal that a run leaves behind, with what is still in doubt. If nothing is, the
// journal is empty until Remove removes it. size is the size of the result file; 0 if the file is to
// be replaced.
func Keep(on disk.Disk, name File, left Doubts, size int64) error {
	_, err := Begin(on, name, left, size)
	return err
}

// Remove removes the journal of a run that leaves nothing in doubt. It comes after the summary that
// says how the run ended: a run that is told to be running and has no journal has lost it.
func Remove(on disk.Disk, name File) error { return on.Remove(name.Path) }

// Start opens the journal for Write. size is the size of the result file: rows that are added from
// now on are outcomes of this run. rows is the number of positions in the set that is sent.
func (j *Journal) Start(crm zoho.Identity, size int64, rows int) error {
	j.crm, j.begin, j.size = crm, size, size
	j.waiting = make([]uint64, (rows+63)/64)
	return j.renew(nil)
}

// replace replaces the file by one with what earlier runs leave in doubt, and some batches.
func (j *Journal) replace(batches []chunker.Batch) error {
	return j.on.Replace(j.name.Path, func(w io.Writer) error {
		b := sealed.Append(nil, kindHeader+" "+format+" "+strconv.Quote(j.name.Results))
		for _, crm := range j.earlier.All {
			b = sealed.Append(b, kindAll+" "+crm.String())
		}
		for i := range j.earlier.Records {
			b = sealed.Append(b, j.earlier.Records[i].text())
		}
		if j.begin >= 0 {
			b = sealed.Append(b, kindBegin+" "+strconv.FormatInt(j.begin, 10))
		}
		b = j.append(b, batches)
		j.least = int64(len(b))
		_, err := w.Write(b)
		return err
	})
}

// append adds the lines of batches to b.
func (j *Journal) append(b []byte, batches []chunker.Batch) []byte {
	if size := j.sizeOnDisk(); size > 0 {
		b = sealed.Append(b, kindSize+" "+strconv.FormatInt(size, 10))
	}
	for i := range batches {
		b = sealed.Append(b, recordOf(j.crm, &batches[i]).text())
	}
	return b
}

// renew replaces the file by one with some batches, and opens it to append to it.
func (j *Journal) renew(batches []chunker.Batch) error {
	if j.file != nil {
		err := j.file.Close()
		j.file = nil
		if err != nil {
			return err
		}
	}
	if err := j.replace(batches); err != nil {
		return err
	}
	f, err := j.on.Append(j.name.Path, j.least)
	if err != nil {
		return err
	}
	j.file, j.written, j.listed = f, j.least, batches
	return nil
}

// Write writes down batches that are about to be sent. They are on disk when it returns. After an
// error, every later call fails too: a line behind an incomplete one could not be read back.
func (j *Journal) Write(batches []chunker.Batch) error {
	if j.broken == nil {
		j.broken = j.write(batches)
	}
	return j.broken
}

func (j *Journal) write(batches []chunker.Batch) error {
	j.mark(batches)
	if j.written > j.limit && j.written > 2*j.least {
		return j.renew(append(j.stillWaiting(), batches...))
	}
	text := j.append(nil, batches)
	j.listed = append(j.listed, batches...)
	j.written += int64(len(text))
	if _, err := j.file.Write(text); err != nil {
		return err
	}
	return j.file.Sync()
}

// mark notes that the links of batches wait for an outcome.
func (j *Journal) mark(batches []chunker.Batch) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, b := range batches {
		for _, pos := range b.Pos {
			j.waiting[pos/64] |= 1 << (pos % 64)
		}
	}
}

func (j *Journal) sizeOnDisk() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size
}

// stillWaiting gives the listed batches that have a link without an outcome on disk.
func (j *Journal) stillWaiting() (batches []chunker.Batch) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, b := range j.listed {
		if slices.ContainsFunc(b.Pos, func(pos int) bool { return j.waiting[pos/64]&(1<<(pos%64)) != 0 }) {
			batches = append(batches, b)
		}
	}
	return batches
}

// Synced tells the journal that size bytes of the result file are on disk, with outcomes for the
// links at these positions. The journal may forget the links.
func (j *Journal) Synced(positions []int, size int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.size = size
	for _, pos := range positions {
		j.waiting[pos/64] &^= 1 << (pos % 64)
	}
}

// Waits reports whether the link at a position is listed and has no outcome on disk.
func (j *Journal) Waits(pos int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.waiting[pos/64]&(1<<(pos%64)) != 0
}

// Close closes the file. It does not remove it.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
