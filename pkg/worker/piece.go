package worker

import (
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// piece is a batch, or a part of one, as the tasks of Delink and Relink have it. All its links have
// the same history.
type piece struct {
	engine.State
	proving
	relation zoho.Relation
	parent   zoho.ID
	ids      []zoho.ID
	pos      []int
	history  outcome.History
	turned   zoho.Relation // see chunker.Batch
}

func pieceOf(b chunker.Batch) piece {
	return piece{relation: b.Relation, parent: b.Parent, ids: b.Related, pos: b.Pos, history: b.History, turned: b.Turned}
}

// batch gives the piece as a batch.
func (p *piece) batch() chunker.Batch {
	return chunker.Batch{Relation: p.relation, Parent: p.parent, Related: p.ids, Pos: p.pos, History: p.history, Turned: p.turned}
}

func (p *piece) named() []zoho.ID { return p.ids }

func (p *piece) list() listOf { return listOf{p.relation, p.parent} }

// isTurned reports whether the piece is sent from the other side of its links.
func (p *piece) isTurned() bool { return p.turned != zoho.Relation{} }

// parentRecord names the piece's parent record.
func (p *piece) parentRecord() parentRecord { return parentRecord{p.relation.Module, p.parent} }

// Size is how many links the piece has.
func (p *piece) Size() int { return len(p.ids) }

// cut reduces the piece to the links from one index up to another.
func (p *piece) cut(from, to int) { p.ids, p.pos = p.ids[from:to], p.pos[from:to] }

// pick reduces the piece to the links at the given indexes.
func (p *piece) pick(at []int) { p.ids, p.pos = picked(p.ids, at), picked(p.pos, at) }

// picked gives the values at the given indexes.
func picked[T any](from []T, at []int) []T {
	to := make([]T, len(at))
	for i, j := range at {
		to[i] = from[j]
	}
	return to
}

// outcome gives the outcome of the link at an index.
func (p *piece) outcome(i int, s outcome.Status, code, message string, httpStatus int, now time.Time) outcome.Outcome {
	return outcome.Outcome{Pos: p.pos[i], Status: s, Code: code, Message: message, HTTPStatus: httpStatus, Attempts: p.Attempts - p.unnamed, Time: now}
}

// all gives every link of the piece the same outcome.
func (p *piece) all(s outcome.Status, e *zoho.Error, message string, now time.Time) []outcome.Outcome {
	out := make([]outcome.Outcome, len(p.ids))
	for i := range p.ids {
		out[i] = p.outcome(i, s, e.Code, message, e.Status, now)
	}
	return out
}

// mayBeCarriedOut reports whether the CRM may have carried out a call although no answer says so:
// the call went unanswered, or it was redirected. A server that redirects a call may have passed it
// on as well.
func mayBeCarriedOut(e *zoho.Error) bool {
	return e.Kind == zoho.Unanswered || e.Status >= 300 && e.Status < 400
}
