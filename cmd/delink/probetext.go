package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"delink/pkg/probe"
	"delink/pkg/zoho"
)

// probeView is what a probe has found, as programs see it. It has no names of people and no values
// of fields, so that it can be sent to others.
type probeView struct {
	Delink     string       `json:"delink"` // the version of this program
	APIVersion string       `json:"api_version"`
	DataCentre string       `json:"data_centre"`
	OrgType    string       `json:"org_type"`
	Edition    string       `json:"edition"`
	Module     string       `json:"module"`
	ParentID   string       `json:"parent_id"`
	Relation   string       `json:"relation"`
	RelatedID  string       `json:"related_id"`
	Facts      []probe.Fact `json:"facts"`
	Calls      []probe.Call `json:"calls"`
	Blocked    *string      `json:"blocked"` // why nothing was changed
	Error      *string      `json:"error"`   // why it ended early
	Restored   bool         `json:"restored"`
	Missing    []string     `json:"missing"` // if it is not restored
	Record     *string      `json:"record"`  // the file with the link's fields, while it is there
}

func (x *examination) probeView(org zoho.Org, r *probe.Report) *probeView {
	v := &probeView{
		Delink: version, APIVersion: x.f.apiVersion, DataCentre: x.login.dc.Name, OrgType: org.Type, Edition: org.Edition,
		Module: r.Target.Relation.Module, ParentID: r.Target.Parent.String(), Relation: r.Target.Relation.List, RelatedID: r.Target.Related.String(),
		Facts: r.Facts, Calls: r.Calls, Restored: r.Restored, Missing: append([]string{}, r.Missing...),
	}
	if r.Blocked != "" {
		v.Blocked = &r.Blocked
	}
	if r.Err != nil {
		text := r.Err.Error()
		v.Error = &text
	}
	if r.Record != "" {
		v.Record = &r.Record
	}
	return v
}

// intent says what a probe is about to do.
func (x *examination) intent(org zoho.Org, plan probe.Plan, fields zoho.Fields) string {
	t := plan.Target
	where := cmp.Or((&orgView{org.Name, org.Type, org.Edition}).text(), "the org of this login")
	rows := [][2]string{
		{"org", where},
		{"link", fmt.Sprintf("%s %s to %s in its list %s", t.Relation.Module, t.Parent, t.Related, t.Relation.List)},
		{"its fields", linkFieldsText(fields)},
		{"first", "it is linked once more as it is, to see that this login may do so"},
		{"then", "it is removed, removed again while it is not there, and linked again with its fields"},
	}
	if plan.Other != (zoho.Relation{}) {
		rows = append(rows, [2]string{"then", "the same from the other record: " + plan.Other.String()})
	}
	rows = append(rows,
		[2]string{"at the end", "it is as it was, but for the id and the times that Zoho gives it; workflows of the org may have run"},
		[2]string{"meanwhile", "its fields are kept in " + plan.Record})
	return "probe of one link\n\n" + strings.TrimSuffix(table(rows), "\n")
}

// linkFieldsText shows fields with their values. Only the person at the terminal sees it.
func linkFieldsText(f zoho.Fields) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		parts = append(parts, name+" = "+f[name])
	}
	if len(parts) == 0 {
		return "none that this org shows: if it has some, they do not come back"
	}
	return strings.Join(parts, ", ")
}

// pointTitles are what people see of the points.
var pointTitles = map[probe.Point]string{
	probe.ApprovedParameter: "parameters", probe.OwnFieldsWithID: "own fields", probe.MemberInfo: "member info", probe.ListPrice: "list price",
	probe.PageOrder: "order of pages", probe.LookUpOrder: "order of look-ups", probe.QueryLimit: "queries (COQL)", probe.LinkWhileLinked: "linking once more",
	probe.Removal: "removing", probe.NamesID: "answer to that", probe.ReadAfterDelink: "reading after that", probe.AllBadBatch: "removing again",
	probe.LinkAgain: "linking again", probe.ReadAfterLink: "reading after that", probe.FieldsBack: "fields after that", probe.SameLink: "other side",
	probe.CallCredits: "credits",
}

// text is the probe for people.
func (v *probeView) text(width int) string {
	var b strings.Builder
	own := v.Module + "." + v.Relation
	var sides []string
	for _, f := range v.Facts {
		if !slices.Contains(sides, f.Side) {
			sides = append(sides, f.Side)
		}
	}
	slices.SortStableFunc(sides, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // what is of no side goes last
	for _, side := range sides {
		title := "from the other side, " + side
		switch side {
		case own:
			title = "how this org answers for " + own
		case "":
			title = "for all relations"
		}
		b.WriteString("\n" + wrap(title, width) + "\n")
		for _, f := range v.Facts {
			if f.Side == side {
				b.WriteString(factLine(pointTitles[f.Point], f.Found, width))
			}
		}
	}
	if v.Blocked != nil {
		b.WriteString("\n" + wrap("nothing was removed: "+*v.Blocked, width) + "\n")
	}
	if v.Error != nil {
		b.WriteString("\n" + wrap("the probe ended early: "+*v.Error, width) + "\n")
	}
	if v.Restored && v.Blocked == nil {
		b.WriteString("\n" + wrap("the link is as it was", width) + "\n")
	}
	if v.DataCentre != emulatorName && v.Error == nil {
		b.WriteString(wrap("few real orgs have told how they answer: please send the makers of delink what --json prints under \"probe\"; it has no names of people and no secrets", width) + "\n")
	}
	return b.String()
}

func factLine(title, found string, width int) string {
	const columns = 20
	head := fmt.Sprintf("  %-*s", columns, title)
	switch {
	case width == 0:
		return head + found + "\n"
	case width < narrow:
		return "  " + title + "\n" + hangingIndent("    ", found, width)
	}
	return hangingIndent(head, found, width)
}
