package worker

import (
	"context"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// CRM makes the calls of the operations. A call names up to 100 links of one parent record, and answers for each id in the order of
// the ids. Errors are of type *zoho.Error.
type CRM interface {
	engine.API
	// Delink removes links.
	Delink(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error)
	// Linked says which of the records are linked.
	Linked(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]bool, error)
}

// Recorder keeps what is about to be sent, and what became of it.
type Recorder interface {
	// Prepare writes down what is about to be sent. It is on disk, safe from a power failure, when Prepare returns.
	Prepare(batches []chunker.Batch) error
	// Write keeps outcomes, so that they survive the end of this process.
	Write([]outcome.Outcome) error
	// Sync makes what was written before it survive the loss of power.
	Sync() error
}
