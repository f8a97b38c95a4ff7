package reader

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"

	"delink/pkg/reader/text"
)

// Dialect is how a file is written. Files of ours that are made of an input's rows are written in
// the same way, but for the encoding: they are read without Options, so they are UTF-16 if the input
// was, else UTF-8, with a mark if it was known how the input was encoded.
type Dialect struct {
	Comma   byte   // the delimiter
	LineEnd string // "\n", "\r\n", "\r", or "\r\r\n", which programs make that mix up line ends twice
	Sep     string // Excel's line before the header that names the delimiter, with its line end; or empty

	// EncodingKnown says that the input has a byte order mark, or that Options say its encoding.
	// Files of ours have a mark then.
	EncodingKnown bool

	encoding text.Encoding // of the input
	told     bool          // only Options say so
}

// IsEncodingTold reports whether the input is read in an encoding because Options say so, and not its
// mark.
func (d *Dialect) IsEncodingTold() bool { return d.told }

// newline is what ends a line, for counting them.
func (d *Dialect) newline() byte {
	if d.LineEnd == "\r" {
		return '\r'
	}
	return '\n'
}

// Writer writes rows of an input, as they stand in it, with columns behind them.
type Writer struct {
	header  *Header
	out     *bufio.Writer
	row     []byte // the row that is written
	encoded []byte // the same in the input's encoding
	cells   bytes.Buffer
	csv     *csv.Writer
}

// NewWriter begins a file of the input's dialect: its header with the names of more columns.
// Columns that an earlier run has added are left out, here and in rows.
func (h *Header) NewWriter(w io.Writer, added ...string) *Writer {
	f := &Writer{header: h, out: bufio.NewWriterSize(w, 1<<20)}
	f.csv = csv.NewWriter(&f.cells)
	f.csv.Comma = rune(h.Comma)
	if h.EncodingKnown {
		f.write([]byte("\ufeff"))
	}
	if h.Sep != "" && bytes.ContainsRune([]byte(h.Sep), rune(h.Comma)) { // else Options were right, and the line was wrong
		f.write([]byte(h.Sep))
	}
	f.Write(h.Raw, added...)
	return f
}

// Write writes a row, given by its text, and the values of the added columns. What goes wrong is
// told by Flush.
func (f *Writer) Write(raw []byte, cells ...string) {
	f.cells.Reset()
	_ = f.csv.Write(cells) // into memory
	f.csv.Flush()
	own, missing := f.header.own(raw)
	f.row = append(f.row[:0], own...)
	for range missing {
		f.row = append(f.row, f.header.Comma)
	}
	f.row = append(f.row, f.header.Comma)
	f.row = append(f.row, bytes.TrimSuffix(f.cells.Bytes(), []byte("\n"))...)
	f.row = append(f.row, f.header.LineEnd...)
	f.write(f.row)
}

func (f *Writer) write(row []byte) {
	f.encoded = f.header.encoding.Append(f.encoded[:0], row)
	_, _ = f.out.Write(f.encoded) // a bufio.Writer keeps its first error for Flush
}

// Flush writes what is still in memory.
func (f *Writer) Flush() error { return f.out.Flush() }
