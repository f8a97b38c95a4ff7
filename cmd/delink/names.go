package main

import (
	"fmt"
	"strings"

	cells "delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// relationOf reads Module.List. List may be the label that people see: the org says which list that
// is.
func relationOf(s string) (zoho.Relation, error) {
	module, list, found := strings.Cut(s, ".")
	r := zoho.Relation{Module: cells.APIName(module), List: cells.APIName(list)}
	if !found || cells.CheckName(r.Module) != nil || cells.CheckList(r.List) != nil {
		return zoho.Relation{}, fmt.Errorf("%q is not a relation: write Module.List with API names, as in Campaigns.Leads", s)
	}
	return r, nil
}
