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
	op      *Delink
	batches iter.Seq[chunker.Batch]
}

// Run removes the links: see engine.Engine.Run.
func (r *Run) Run(stop, hard context.Context) (outcome.Reason, error) {
	next, done := iter.Pull(r.batches)
	defer done()
	r.op.next = next
	return r.Engine.Run(stop, hard, r.op)
}
