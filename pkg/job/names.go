package job

import (
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

// heed notes the name of the parent record of a row.
func (n *parentNames) heed(h *reader.Header, row *reader.Row) {
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

// nameQuestions are questions to the org for the names of the largest parent records, as far as the
// input has not named them: one for each module. keep notes the names that were found. A name that
// cannot be had is left out.
func nameQuestions(conn *Connection, in *Input) (questions []*worker.Question, keep func()) {
	var modules []string
	unnamed := map[string][]zoho.ID{}
	for _, p := range in.Set.LargestParents(Largest) {
		if in.names.names[Record{p.Module, p.Parent}] == "" {
			if unnamed[p.Module] == nil {
				modules = append(modules, p.Module)
			}
			unnamed[p.Module] = append(unnamed[p.Module], p.Parent)
		}
	}
	found := make([]map[zoho.ID]string, len(modules))
	for i, module := range modules {
		questions = append(questions, &worker.Question{Ask: func(ctx context.Context) (err error) {
			found[i], err = conn.CRM.Names(ctx, module, unnamed[module])
			return err
		}})
	}
	return questions, func() {
		for i, module := range modules {
			for id, name := range found[i] {
				if in.names.names == nil {
					in.names.names = map[Record]string{}
				}
				in.names.names[Record{module, id}] = name
			}
		}
	}
}

// NameOf gives the name of one of the largest parent records; empty where it is not known.
func (p *Input) NameOf(module string, id zoho.ID) string { return p.names.names[Record{module, id}] }
