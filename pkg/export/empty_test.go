package export_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"delink/pkg/export"
	"delink/pkg/outcome"
	"delink/pkg/sealed"
	"delink/pkg/zoho"
)

// A page that is empty although the one before says that there are more parent records is no end:
// they are missing, and that is said. If they were deleted meanwhile, nothing is missing.
func TestEmptyPageOfParents(t *testing.T) {
	for name, c := range map[string]struct {
		parents export.Parents
		empty   int // how many pages behind the first are empty
		deleted bool
		exit    int
	}{
		"all, always":    {export.Parents{All: true}, 100, false, outcome.ExitFailures},
		"all, once":      {export.Parents{All: true}, 1, false, outcome.ExitDone},
		"all, deleted":   {export.Parents{All: true}, 0, true, outcome.ExitDone},
		"query, always":  {export.Parents{Where: "all"}, 100, false, outcome.ExitFailures},
		"query, once":    {export.Parents{Where: "all"}, 1, false, outcome.ExitDone},
		"query, deleted": {export.Parents{Where: "all"}, 0, true, outcome.ExitDone},
	} {
		t.Run(name, func(t *testing.T) {
			crm := newCRM(1, 2100, 1)
			crm.before = func(what string) {
				if c.deleted && crm.calls[what] == 1 && (what == "records" || what == "query") {
					for id := range crm.links {
						if id > map[string]zoho.ID{"records": 200, "query": 2000}[what] {
							delete(crm.links, id)
							delete(crm.steady, id)
						}
					}
				}
			}
			crm.empty = c.empty
			x := newExporter(t, crm)
			x.config.Parents = c.parents
			s := x.run(t.Context()).Summary
			if s.ExitCode != c.exit || (s.Problem != nil) != (c.exit != 0) || (s.Parents != len(crm.links)) != (c.exit != 0) {
				t.Errorf("%+v", s)
			}
			if s.Problem != nil && !strings.Contains(*s.Problem, "the CRM says that there are more Campaigns than the") {
				t.Error(*s.Problem)
			}
		})
	}
}

// Where the links that are wanted are on a page that comes empty, they are not taken for unwanted.
func TestEmptyPageOfLinks(t *testing.T) {
	c := newCRM(1, 1, 300)
	c.empty = 100
	x := newExporter(t, c)
	x.config.Converted = export.No
	if s := x.run(t.Context()).Summary; s.ExitCode != outcome.ExitFailures || len(s.Incomplete) != 1 {
		t.Errorf("%+v", s)
	}
}

// A line that is missing from a spool, is there twice or stands elsewhere costs calls, and no link.
func TestLinesOfSpool(t *testing.T) {
	c := newCRM(3, 4, 450)
	x := newExporter(t, c)
	x.config.MaxCalls, x.config.Slots = 12, 1
	if end := x.run(t.Context()); end.Summary.Complete < 2 {
		t.Fatalf("%+v", end.Summary)
	}
	spool := x.spools()[0]
	lines := bytes.SplitAfter(read(t, spool), []byte("\n"))
	x.config.MaxCalls = 0
	pages := 0
	for i, line := range lines {
		if text, _ := sealed.Open(strings.TrimSuffix(string(line), "\n")); strings.HasPrefix(text, "page ") {
			pages++
		}
		for what, changed := range map[string][][]byte{
			"missing": slices.Delete(slices.Clone(lines), i, i+1),
			"twice":   slices.Insert(slices.Clone(lines), i, line),
			"later":   slices.Insert(slices.Delete(slices.Clone(lines), i, i+1), min(i+1, len(lines)-1), line),
		} {
			if err := os.WriteFile(spool, bytes.Join(changed, nil), 0o600); err != nil {
				t.Fatal(err)
			}
			s := x.run(t.Context()).Summary
			x.mustBeTrue(s)
			if s.Rows != 1800 || t.Failed() {
				t.Fatalf("line %d, %s: %+v", i, what, s)
			}
			if err := os.Remove(x.config.Output); err != nil {
				t.Fatal(err)
			}
		}
	}
	if pages < 6 {
		t.Errorf("%d pages show too little", pages)
	}
}
