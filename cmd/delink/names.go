package main

import (
	"errors"
	"fmt"
	"strings"

	"delink/pkg/reader"
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

// misnamed gives the relation of an input whose header names no link, if it is not one that is known
// of every org: then its names may be wrong, and not the header.
func misnamed(err error) (r zoho.Relation, is bool) {
	input := new(reader.InputError)
	if !errors.As(err, &input) {
		return r, false
	}
	lacks, _ := input.Remedy.(reader.Complete)
	r = lacks.For
	return r, r.Module != "" && r.List != "" && zoho.ClassOf(r) == zoho.Unlisted
}
