package reader

import "delink/pkg/zoho"

// Link is one relation between two records: what an input row asks to remove. Links are equal if
// their fields are.
type Link struct {
	Relation zoho.Relation
	Parent   zoho.ID // the parent record
	Related  zoho.ID // the related record
}
