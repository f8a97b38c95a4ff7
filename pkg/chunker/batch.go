package chunker

import (
	"delink/pkg/outcome"
	"delink/pkg/reader"
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

	// Turned is the relation of the links, if the call is to be made from their other side: then
	// Relation is the other side, Parent is the related record of the links, and Related are their
	// parent records. It is empty for all other batches.
	Turned zoho.Relation

	// History is what earlier runs leave open about the links. It is the same for all of them.
	History outcome.History
}

// IsTurned reports whether the call is to be made from the other side of the links.
func (b *Batch) IsTurned() bool { return b.Turned != zoho.Relation{} }

// Link gives the link at an index, as the input has it.
func (b *Batch) Link(i int) reader.Link {
	if b.IsTurned() {
		return reader.Link{Relation: b.Turned, Parent: b.Related[i], Related: b.Parent}
	}
	return reader.Link{Relation: b.Relation, Parent: b.Parent, Related: b.Related[i]}
}
