package recap

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"delink/pkg/disk"
	"delink/pkg/reader"
)

// CompareInput notes if the input that is there now is not that of the last run: another file of the
// same name, or one that was changed. A file that cannot be read says nothing.
func (m *Model) CompareInput(on disk.Disk, input string) {
	if m.InputSHA256 == "" {
		return
	}
	f, err := on.Read(input)
	if err != nil {
		return
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err == nil && hex.EncodeToString(sum.Sum(nil)) != m.InputSHA256 {
		m.Unknown = append(m.Unknown, ChangedInput)
	}
}

// NameParents gives the largest parent records the names that the input has for them. It reads the
// input once, if that has a column of names. Nobody is named if the input is not there any more, or is
// not that of the last run.
//
// The files do not tell with which options the input was read. So a name counts only if the input has
// the parent record in the very line in which the results have it.
func (m *Model) NameParents(on disk.Disk, input string) {
	if m.InputSHA256 == "" || len(m.Parents) == 0 {
		return
	}
	f, err := on.Read(input)
	if err != nil {
		return
	}
	defer f.Close()
	sum := sha256.New()
	bytes := io.TeeReader(f, sum)
	in, err := reader.New(input, bytes, m.likelyOptions())
	if err != nil {
		return
	}
	n := m.namer(in.Header())
	if len(n) == 0 || !n.readAll(in) {
		return
	}
	if _, err := io.Copy(io.Discard, bytes); err != nil || hex.EncodeToString(sum.Sum(nil)) != m.InputSHA256 {
		return
	}
	for i := range m.Parents {
		p := &m.Parents[i]
		if found := n[recordOf(p)]; found != nil && found.placed && found.name != "" {
			p.Name = &found.name
		}
	}
}

// likelyOptions are those that an input without columns for module and relation has been read with, if
// all the largest parent records have one relation.
func (m *Model) likelyOptions() reader.Options {
	first := &m.Parents[0]
	for i := range m.Parents {
		if m.Parents[i].Module != first.Module || m.Parents[i].Relation != first.Relation {
			return reader.Options{}
		}
	}
	return reader.Options{Module: first.Module, Relation: first.Relation}
}

// record is a parent record, in whatever relation.
type record struct{ module, id string }

func recordOf(p *Parent) record { return record{p.Module, p.ID} }

// naming is what the input says of a parent record.
type naming struct {
	column int // of the names of its module
	line   int // in which the results have it
	placed bool
	name   string // the first one
}

// namer is what is looked for in the input.
type namer map[record]*naming

// namer gives the parent records whose module has a column of names in the input.
func (m *Model) namer(h *reader.Header) namer {
	n := namer{}
	for i := range m.Parents {
		p := &m.Parents[i]
		if column := h.NameColumn(p.Module); column >= 0 && n[recordOf(p)] == nil {
			n[recordOf(p)] = &naming{column: column, line: p.line}
		}
	}
	return n
}

// readAll reads rows until all names are found. It returns false if the input cannot be read to its
// end.
func (n namer) readAll(in *reader.Reader) bool {
	open := len(n)
	for row, err := range in.Rows() {
		if err != nil {
			return false
		}
		if row.Err != nil {
			continue
		}
		found := n[record{row.Link.Relation.Module, row.Link.Parent.String()}]
		if found == nil || found.placed && found.name != "" {
			continue
		}
		found.placed = found.placed || row.Line == found.line
		if found.name == "" {
			found.name = in.Header().Name(row.Raw, found.column)
		}
		if found.placed && found.name != "" {
			if open--; open == 0 {
				break
			}
		}
	}
	return true
}
