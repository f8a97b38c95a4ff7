package worker

import (
	"context"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// LinkReader makes the calls that look links up. One of them names up to chunker.MaxLinks links of
// one parent record. Errors are of type *zoho.Error.
type LinkReader interface {
	engine.API
	// Linked reports for each id whether that record is linked, in the order of the ids.
	Linked(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]bool, error)
	// Count says how many records a related list of the parent record holds.
	Count(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID) (int, error)
	// Links reads a page of a related list of the parent record.
	Links(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, p zoho.PageOf) (zoho.Page, error)
}

// CRM makes the calls that look links up and the calls that remove them.
type CRM interface {
	LinkReader
	// LinkFields is Linked with the links' own fields.
	LinkFields(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]zoho.LinkState, error)
	// Delink removes links. The answer has an item for each id, in the order of the ids.
	Delink(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error)
}

// RelinkCRM makes the calls that look links up and the calls that make them.
type RelinkCRM interface {
	LinkReader
	// Link makes links. The answer has an item for each link, in the order of the links. Where
	// zoho.LinksSingly says so, a call has one link.
	Link(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, links []zoho.NewLink) (zoho.Answer, error)
}

// Lister makes the calls that list links and the calls that find parent records.
type Lister interface {
	LinkReader
	// Records reads a page of the records of a module, or of one of its custom views.
	Records(ctx context.Context, t zoho.Token, module string, view zoho.ID, p zoho.PageOf) (zoho.Page, error)
	// Query runs a query in COQL.
	Query(ctx context.Context, t zoho.Token, query string) (zoho.Page, error)
}

// Recorder keeps what is about to be sent, and what became of it.
type Recorder interface {
	// Prepare writes down which links are about to be sent. When it returns, that survives a power
	// failure. It runs beside Write and Sync.
	Prepare(batches []chunker.Batch) error
	// Write keeps outcomes. When it returns, they survive the end of this process.
	Write([]outcome.Outcome) error
	// Sync makes what Write has kept so far survive a power failure. It runs beside Write.
	Sync() error
}
