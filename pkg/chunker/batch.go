package chunker

import (
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// Batch is what one call can remove: up to 100 links of one parent record and relation. Related
// holds the related records, each once; Pos[i] is the position of the link of Related[i] in the Set
// that the batch comes from.
type Batch struct {
	Relation zoho.Relation
	Parent   zoho.ID
	Related  []zoho.ID
	Pos      []int

	// History is what earlier runs leave open about the links. It is the same for all of them.
	History outcome.History
}
