package report

import (
	"io"

	"delink/pkg/reader"
)

// InvalidRows is a file of rows that cannot be used, as they stand in the input, with the reason in
// one more column. Once the rows are mended, the file is an input itself.
type InvalidRows struct{ out *reader.Writer }

// NewInvalidRows begins such a file, in the dialect of the input.
func NewInvalidRows(w io.Writer, h *reader.Header) *InvalidRows {
	return &InvalidRows{h.NewWriter(w, reader.ReasonColumn)}
}

// Write adds a row. Flush returns the error, if there is one.
func (i *InvalidRows) Write(row *reader.Row) { i.out.Write(row.Raw, cell(row.Err.Message())) }

// Flush writes what is still in memory.
func (i *InvalidRows) Flush() error { return i.out.Flush() }
