package reader

import (
	"delink/pkg/reader/scan"
	"delink/pkg/reader/value"
)

// Cells gives the values of a row that can be used, one for each of Columns, without quotes and
// without what spreadsheets put around a value.
func (h *Header) Cells(raw []byte) []string {
	s := scan.Scanner{Comma: h.Comma, Newline: h.newline()}
	cells := make([]string, len(h.Columns))
	for i, f := range s.Split(raw) {
		cells[i] = value.FromCell(scan.Unquote(raw[f.Start:f.End]))
	}
	return cells
}
