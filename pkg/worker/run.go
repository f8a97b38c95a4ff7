package worker

import (
	"context"
	"iter"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
)

// Run is an engine with its operation, ready to run once.
type Run struct {
	*engine.Engine
	op      operation
	batches iter.Seq[chunker.Batch]
}

// operation is an engine.Operation that makes its tasks of batches.
type operation interface {
	engine.Operation
	from(next func() (chunker.Batch, bool))
}

// source is the part of an operation that gives its batches.
type source struct {
	next func() (chunker.Batch, bool)
}

func (s *source) from(next func() (chunker.Batch, bool)) { s.next = next }

// Run makes the calls: see engine.Engine.Run.
func (r *Run) Run(stop, hard context.Context) (outcome.Reason, error) {
	next, done := iter.Pull(r.batches)
	defer done()
	r.op.from(next)
	return r.Engine.Run(stop, hard, r.op)
}
