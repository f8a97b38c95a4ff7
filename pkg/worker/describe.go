package worker

import "delink/pkg/worker/engine"

// describe says what a call was that named the links of the piece.
func (p *piece) describe(kind engine.CallKind) engine.What {
	return engine.What{Kind: kind, Relation: p.relation, Parent: p.parent, IDs: len(p.ids)}
}

// describe says what the last call was if it was one for a proof. It gives false for another call.
func (p *proving) describe(l listOf) (w engine.What, proves bool) {
	kinds := map[asked]engine.CallKind{howMany: engine.KindCount, firstPage: engine.KindPage}
	return engine.What{Kind: kinds[p.asks], Relation: l.relation, Parent: l.parent}, p.proves()
}

// Describe says what the last call was: see engine.Call.
func (t *task) Describe() engine.What {
	if w, proves := t.proving.describe(t.list()); proves {
		return w
	}
	switch {
	case t.looksUp():
		return t.piece.describe(engine.KindLookUp)
	case t.reads:
		return t.piece.describe(engine.KindFields)
	}
	w := t.piece.describe(engine.KindDelink)
	w.Status = t.answer.Status
	return w
}

// Describe says what the last call was: see engine.Call.
func (t *relinkTask) Describe() engine.What {
	if w, proves := t.proving.describe(t.list()); proves {
		return w
	}
	if t.step != links {
		return t.piece.describe(engine.KindLookUp)
	}
	w := t.piece.describe(engine.KindLink)
	w.Status = t.answer.Status
	return w
}

// Describe says what the last call was: see engine.Call.
func (t *lookUpTask) Describe() engine.What {
	if w, proves := t.proving.describe(t.list()); proves {
		return w
	}
	return engine.What{Kind: engine.KindLookUp, Relation: t.batch.Relation, Parent: t.batch.Parent, IDs: len(t.batch.Pos)}
}
