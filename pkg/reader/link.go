package reader

import "delink/pkg/zoho"

// Link is one relation between two records: what an input row asks to remove. Links are equal if
// their fields are.
type Link struct {
	Relation zoho.Relation
	Parent   zoho.ID // the parent record
	Related  zoho.ID // the related record
}

// OtherSide is the same link as its related record shows it; false if no such relation is known.
func (l Link) OtherSide() (other Link, known bool) {
	r, known := zoho.OtherSide(l.Relation)
	if !known {
		return Link{}, false
	}
	return Link{Relation: r, Parent: l.Related, Related: l.Parent}, true
}
