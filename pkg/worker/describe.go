package worker

import "delink/pkg/worker/engine"

// describe says what a call was that named the links of the piece.
func (p *piece) describe(kind engine.CallKind) engine.What {
	return engine.What{Kind: kind, Relation: p.relation, Parent: p.parent, IDs: len(p.ids)}
}

// describeCount says what a call was that counted the records of the list.
func (p *piece) describeCount() engine.What {
	return engine.What{Kind: engine.KindCount, Relation: p.relation, Parent: p.parent}
}

// Describe says what the last call was: see Call.
func (t *task) Describe() engine.What {
	switch {
	case t.counts:
		return t.describeCount()
	case t.looksUp():
		return t.describe(engine.KindLookUp)
	case t.reads:
		return t.describe(engine.KindFields)
	}
	w := t.describe(engine.KindDelink)
	w.Status = t.answer.Status
	return w
}

// Describe says what the last call was: see Call.
func (t *relinkTask) Describe() engine.What {
	switch t.step {
	case counts:
		return t.describeCount()
	case links:
		w := t.describe(engine.KindLink)
		w.Status = t.answer.Status
		return w
	case looks, checks:
	}
	return t.describe(engine.KindLookUp)
}

// Describe says what the last call was: see Call.
func (t *lookUpTask) Describe() engine.What {
	return engine.What{Kind: engine.KindLookUp, Relation: t.batch.Relation, Parent: t.batch.Parent, IDs: len(t.batch.Pos)}
}
