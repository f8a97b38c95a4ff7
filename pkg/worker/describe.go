package worker

import "delink/pkg/worker/engine"

// Describe says what the last call was: see Call.
func (t *task) Describe() engine.What {
	w := engine.What{Kind: engine.KindDelink, Relation: t.relation, Parent: t.parent, IDs: len(t.ids), Status: t.answer.Status}
	switch {
	case t.counts:
		w.Kind, w.IDs, w.Status = engine.KindCount, 0, 0
	case t.looksUp():
		w.Kind, w.Status = engine.KindLookUp, 0
	}
	return w
}

// Describe says what the last call was.
func (t *lookUpTask) Describe() engine.What {
	return engine.What{Kind: engine.KindLookUp, Relation: t.batch.Relation, Parent: t.batch.Parent, IDs: len(t.batch.Pos)}
}
