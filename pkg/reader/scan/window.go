package scan

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"delink/pkg/reader/value"
)

// The sizes of what is read and kept.
const (
	blockSize = 256 << 10 // what is asked of the source at a time
	MaxRow    = 1 << 20   // the longest row that is read
	MaxLine   = 16 << 20  // the longest line that is kept, to be refused as a row of its own
)

// What keeps a row from being read.
var (
	ErrRowTooLong  = errors.New("the row is longer than 1 MiB")
	ErrLineTooLong = errors.New("the line is longer than 16 MiB")
)

// Window keeps the text of the rows that are being worked on: failures are written as they stood in
// the input, and messages name the place of a value.
type Window struct {
	Src io.Reader
	Buf []byte // the text behind what was dropped, as far as it was read
	Err error  // what ended the text: kept, for not every source says it twice
}

// More reads on. Its error is what ended the text.
func (w *Window) More() error {
	for tries := 0; w.Err == nil; tries++ {
		w.Buf = slices.Grow(w.Buf, blockSize)
		n, err := w.Src.Read(w.Buf[len(w.Buf) : len(w.Buf)+blockSize])
		w.Buf, w.Err = w.Buf[:len(w.Buf)+n], err
		if err == io.EOF { // ^Z may stand behind the quotes of the last value
			w.Buf = bytes.TrimRight(w.Buf, string(value.EndOfFile))
		}
		if n > 0 {
			return nil
		}
		if err == nil && tries == 100 {
			w.Err = io.ErrNoProgress
		}
	}
	return w.Err
}

// Whole reports whether the text ends where what was read ends.
func (w *Window) Whole() bool { return w.Err == io.EOF }

// Sample reads the first n bytes of the text, or as many as there are, and further to the end of a
// line that is longer.
func (w *Window) Sample(n int) []byte {
	for len(w.Buf) < n && w.More() == nil { // the error is kept for the rows
	}
	for len(w.Buf) < MaxRow && !bytes.ContainsAny(bytes.TrimLeft(w.Buf, " \t\r\n"), "\r\n") && w.More() == nil {
	}
	return w.Buf
}

// Double reads on until there is twice as much text from some place on, so that looking for the end
// of a long row does not look at its beginning again and again.
func (w *Window) Double(from int) error {
	for want := len(w.Buf) + len(w.Buf) - from; ; {
		if err := w.More(); err != nil || len(w.Buf) >= want {
			return err
		}
	}
}

// Drop forgets the first n bytes.
func (w *Window) Drop(n int) { w.Buf = w.Buf[:copy(w.Buf, w.Buf[n:])] }
