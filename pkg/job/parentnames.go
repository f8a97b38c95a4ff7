package job

import (
	"cmp"
	"context"

	"delink/pkg/reader"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

// Largest is how many parent records a plan names, those with the most links.
const Largest = 10

// mostNamed bounds the parent records of which the input's names are kept. Where there are more,
// each has few links, or it is named by the org.
const mostNamed = 100_000

// Record is a record of a module.
type Record struct {
	Module string
	ID     zoho.ID
}

// parentNames has the names of parent records, as far as the input has them.
type parentNames struct {
	names   map[Record]string
	columns map[string]int // by module; -1 where the input has no column of names
}

// noteName notes the name of the parent record of a row.
func (n *parentNames) noteName(h *reader.Header, row *reader.Row) {
	if len(n.names) >= mostNamed {
		return
	}
	column, known := n.columns[row.Link.Relation.Module]
	if !known {
		column = h.NameColumn(row.Link.Relation.Module)
		if n.columns == nil {
			n.columns, n.names = map[string]int{}, map[Record]string{}
		}
		n.columns[row.Link.Relation.Module] = column
	}
	if column < 0 {
		return
	}
	record := Record{row.Link.Relation.Module, row.Link.Parent}
	if n.names[record] == "" {
		if name := h.Name(row.Raw, column); name != "" {
			n.names[record] = name
		}
	}
}

// nameQuestion is the question to the org for the names of the largest parent records that the input
// does not name; nil if there are none. A call can ask about one module. If the records are of
// several, nameQuestion asks about that of the largest, since names are not worth more than a call.
// keep notes the names that were found. A name that cannot be had is left out.
func nameQuestion(conn *Connection, in *Input) (question *worker.Question, keep func()) {
	var module string
	var unnamed []zoho.ID
	for _, p := range in.Set.LargestParents(Largest) {
		if in.NameOf(p.Module, p.Parent) != "" {
			continue
		}
		if module = cmp.Or(module, p.Module); p.Module == module {
			unnamed = append(unnamed, p.Parent)
		}
	}
	if len(unnamed) == 0 {
		return nil, func() {}
	}
	var found map[zoho.ID]string
	question = &worker.Question{Spare: true, Ask: func(ctx context.Context) (err error) {
		found, err = conn.CRM.Names(ctx, module, unnamed)
		return err
	}}
	return question, func() {
		for id, name := range found {
			if in.names.names == nil {
				in.names.names = map[Record]string{}
			}
			in.names.names[Record{module, id}] = name
		}
	}
}

// NameOf gives the name of one of the largest parent records; empty where it is not known.
func (p *Input) NameOf(module string, id zoho.ID) string { return p.names.names[Record{module, id}] }
