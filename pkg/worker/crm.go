package worker

import (
	"context"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// LinkReader makes the calls that look links up. A call names up to 100 links of one parent record.
// Errors are of type *zoho.Error.
type LinkReader interface {
	engine.API
	// Linked says of each id whether that record is linked, in the order of the ids.
	Linked(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]bool, error)
}

// CRM makes the calls that remove links, too.
type CRM interface {
	LinkReader
	// Delink removes links. The answer has an item for each id, in the order of the ids.
	Delink(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error)
	// Count says how many records a related list of the parent record holds.
	Count(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID) (int, error)
}

// Recorder keeps what is about to be sent, and what became of it.
type Recorder interface {
	// Prepare writes down what is about to be sent. It is on disk, safe from a power failure, when
	// Prepare returns.
	Prepare(batches []chunker.Batch) error
	// Write keeps outcomes, so that they survive the end of this process.
	Write([]outcome.Outcome) error
	// Sync makes what was written before it survive the loss of power. It runs beside the others.
	Sync() error
}
