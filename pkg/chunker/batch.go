package chunker

import "delink/pkg/zoho"

// Batch is what one call can remove: up to 100 links of one parent record and relation. Related holds the related
// records, each once; Pos[i] is the position of the link of Related[i] in the Set that the batch comes from.
type Batch struct {
	Relation zoho.Relation
	Parent   zoho.ID
	Related  []zoho.ID
	Pos      []int

	// Unanswered says that an earlier run sent these links and did not learn what became of them: they may be gone.
	Unanswered bool
	// MayBeSent says that an earlier run was cut off and may have sent these links.
	MayBeSent bool
}
