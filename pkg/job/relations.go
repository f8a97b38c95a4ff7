package job

import (
	"cmp"
	"fmt"
	"slices"

	"delink/pkg/reader"
	"delink/pkg/relation"
)

// problems are the relations of an input that cannot be delinked.
type problems []*relation.Problem

func (w *problems) add(p *relation.Problem) {
	if p != nil {
		*w = append(*w, p)
	}
}

// refusal makes one Refusal of all problems. It gives nil if there are none.
func (w problems) refusal(p *Input) error {
	switch {
	case len(w) == 0:
		return nil
	case len(w) > 1:
		return &Refusal{
			Cause: fmt.Sprintf("%s: %d relations cannot be delinked", p.source.name, len(w)),
			Hint:  "correct their names, or take their rows out",
			Rows:  w.rows(p),
		}
	}
	r := &Refusal{Cause: w[0].Error(), Hint: w[0].Hint()}
	if p.Header.TellsRelation() {
		r.Cause = fmt.Sprintf("%s:%d: %s", p.source.name, p.Set.FirstLine(w[0].Relation), r.Cause)
	}
	if w[0].CanVouch() {
		r.Remedy, r.Arg = VouchForRelation, w[0].Relation.String()
	}
	return r
}

// rows gives the first row of each of the relations.
func (w problems) rows(p *Input) (all reader.RowErrors) {
	rows := make([]*reader.RowError, len(w))
	for i, problem := range w {
		line := p.Set.FirstLine(problem.Relation)
		rows[i] = &reader.RowError{File: p.source.name, Line: line, AtLine: line, Reason: problem.Error(), Hint: problem.Hint()}
	}
	slices.SortFunc(rows, func(a, b *reader.RowError) int { return cmp.Compare(a.Line, b.Line) })
	for _, row := range rows {
		all.Add(row)
	}
	return all
}
