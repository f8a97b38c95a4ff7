package reader

import (
	"errors"
	"io"
	"slices"
)

const (
	blockSize = 256 << 10 // what is asked of the source at a time
	maxRow    = 1 << 20   // the longest row that is read
)

var errRowTooLong = errors.New("the row is longer than 1 MiB")

// window hands the input's bytes to the csv reader, and keeps those of the rows that are being worked on: the csv reader
// gives values only, but failures are written as they stood in the input, and messages name the place of a value.
type window struct {
	src   io.Reader
	buf   []byte // the input from offset start on, as far as it was read
	start int64  // the offset of buf[0]
	given int    // how much of buf the csv reader has got
	row   int64  // the offset at which the row begins that is being read
	err   error  // what ended the input: kept, for not every source says it twice
}

func (w *window) Read(p []byte) (int, error) {
	if w.given == len(w.buf) {
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.buf[w.given:])
	w.given += n
	return n, nil
}

// fill is called when the csv reader has used up all that there is, and the row has not ended.
func (w *window) fill() error {
	if w.err == nil && w.start+int64(len(w.buf))-w.row > maxRow {
		w.err = errRowTooLong
	}
	for tries := 0; w.err == nil; tries++ {
		w.buf = slices.Grow(w.buf, blockSize)
		n, err := w.src.Read(w.buf[len(w.buf) : len(w.buf)+blockSize])
		w.buf, w.err = w.buf[:len(w.buf)+n], err
		if n > 0 {
			return nil
		}
		if err == nil && tries == 100 {
			w.err = io.ErrNoProgress
		}
	}
	return w.err
}

// text is the input between two offsets that are still kept. It is valid until the next release or Read.
func (w *window) text(start, end int64) []byte { return w.buf[start-w.start : end-w.start] }

// release forgets what is before the offset.
func (w *window) release(offset int64) {
	n := int(offset - w.start)
	w.buf = w.buf[:copy(w.buf, w.buf[n:])]
	w.given -= n
	w.start = offset
}
