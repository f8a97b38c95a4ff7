package reader

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

const (
	blockSize = 256 << 10 // what is asked of the source at a time
	maxRow    = 1 << 20   // the longest row that is read
	maxLine   = 16 << 20  // the longest line that is kept, to be refused as a row of its own
)

var (
	errRowTooLong  = errors.New("the row is longer than 1 MiB")
	errLineTooLong = errors.New("the line is longer than 16 MiB")
)

// window keeps the text of the rows that are being worked on: failures are written as they stood in the input, and
// messages name the place of a value.
type window struct {
	src io.Reader
	buf []byte // the text behind what was dropped, as far as it was read
	err error  // what ended the text: kept, for not every source says it twice
}

// more reads on. Its error is what ended the text.
func (w *window) more() error {
	for tries := 0; w.err == nil; tries++ {
		w.buf = slices.Grow(w.buf, blockSize)
		n, err := w.src.Read(w.buf[len(w.buf) : len(w.buf)+blockSize])
		w.buf, w.err = w.buf[:len(w.buf)+n], err
		if err == io.EOF { // ^Z may stand behind the quotes of the last value
			w.buf = bytes.TrimRight(w.buf, string(endOfFile))
		}
		if n > 0 {
			return nil
		}
		if err == nil && tries == 100 {
			w.err = io.ErrNoProgress
		}
	}
	return w.err
}

// whole reports whether the text ends where what was read ends.
func (w *window) whole() bool { return w.err == io.EOF }

// sample reads the first n bytes of the text, or as many as there are, and further to the end of a line that is longer.
func (w *window) sample(n int) []byte {
	for len(w.buf) < n && w.more() == nil { // the error is kept for the rows
	}
	for len(w.buf) < maxRow && bytes.IndexAny(bytes.TrimLeft(w.buf, " \t\r\n"), "\r\n") < 0 && w.more() == nil {
	}
	return w.buf
}

// double reads on until there is twice as much text from some place on, so that looking for the end of a long row does not look at
// its beginning again and again.
func (w *window) double(from int) error {
	for want := len(w.buf) + len(w.buf) - from; ; {
		if err := w.more(); err != nil || len(w.buf) >= want {
			return err
		}
	}
}

// drop forgets the first n bytes.
func (w *window) drop(n int) { w.buf = w.buf[:copy(w.buf, w.buf[n:])] }
