package main

import (
	"strings"
	"testing"

	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/reader/text"
	"delink/pkg/suspicion"
)

// Where a flag helps with an input, the hint names it as it is to be written.
func TestInputHints(t *testing.T) {
	utf16, err := text.ParseEncoding("utf-16")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, input string
		opt         reader.Options
		want        string
	}{
		{"nothing but a hint", "", reader.Options{}, "it needs a header and rows"},
		{"delimiter that is not known", "parent_id;related_id,parent_id,related_id\n", reader.Options{Delimiter: '|'}, "the columns seem to be separated by a comma; leave out --delimiter"},
		{
			"delimiter that a line is wrong about", "sep=|\nparent_id,related_id\n",
			reader.Options{},
			"the columns seem to be separated by a comma, not as the line sep= says; add --delimiter comma",
		},
		{"a column that there is not", "a;b,p;c,r\n", reader.Options{Module: "Campaigns", Relation: "Leads", Columns: reader.Columns{1: "a", 3: "r"}}, `it has a;b, p;c, r; correct --columns`},
		{
			"two columns for one record", "Campaign Id,Campaigns.id,Lead Id\n",
			reader.Options{Module: "Campaigns", Relation: "Leads"},
			"it has Campaign Id, Campaigns.id, Lead Id; say which, for example --columns 'parent_id=Campaign Id,related_id=Lead Id'",
		},
		{"one column for two records", "x\n", reader.Options{Module: "Campaigns", Relation: "Leads", Columns: reader.Columns{1: "x", 3: "x"}}, "each part of a link has a column of its own; correct --columns"},
		{
			"no columns", "a,b\n",
			reader.Options{},
			`it has a, b; --columns parent_id="…",related_id="…" says which columns to use; --module, --parent-id ID and --relation can replace columns that are the same in all rows`,
		},
		{
			"no parent record", "Lead Id\n",
			reader.Options{Module: "Campaigns", Relation: "Leads"},
			`it has Lead Id; Lead Id looks like the id of one of the Leads; --columns parent_id="…" says which columns to use; if all rows have the same parent record, add --parent-id ID`,
		},
		{"no relation", "module,parent_id,related_id\n", reader.Options{}, "it has module, parent_id, related_id; --relation can replace columns that are the same in all rows"},
		{
			"relations that can be", "Product Id,Deal Id\n",
			reader.Options{},
			"it has Product Id, Deal Id; Product Id looks like the id of one of the Products, Deal Id looks like the id of one of the Deals; add --module Products --relation Deals to remove Deals from Products",
		},
		{"no API name", "a\n", reader.Options{Module: "Camp aigns"}, "API names are letters, digits and _, as in Campaigns or Price_Books (Setup › Developer Hub › APIs and SDKs › API Names)"},
		{"no id", "a\n", reader.Options{Parent: "Fair"}, "open the record in the CRM: its id is the number at the end of the page's address"},
		{"parent record twice", "m\n", reader.Options{Parent: "1", Columns: reader.Columns{1: "m"}}, "--parent-id and --columns both say what the parent_id is: leave one out"},
		{"an encoding that is not said", "module,parent_id,relation,related_id,Stra\xdfe\n", reader.Options{}, `Excel's "CSV" saves like this: save it as "CSV UTF-8", or say how it is encoded: --encoding windows-1252 if this means "Straße", --encoding macintosh if this means "Straﬂe"`},
		{"an encoding that nobody knows", "module,parent_id,relation,related_id,Stra\x1b\x9de\n", reader.Options{}, `Excel's "CSV" saves like this: save it as "CSV UTF-8", or say with --encoding how it is encoded`},
		{"an encoding that is not the usual one", "module,parent_id,relation,related_id,Stra\x9de\n", reader.Options{}, `Excel's "CSV" saves like this: save it as "CSV UTF-8", or say how it is encoded: --encoding macintosh if this means "Straùe"`},
		{"no UTF-16", "module,parent_id,relation,related_id\n", reader.Options{Encoding: utf16}, "leave out --encoding, or say with it how the file is really encoded"},
		{"UTF-16 without a mark", "m\x00o\x00", reader.Options{}, "save it again as UTF-8 (in Excel: CSV UTF-8), or add --encoding utf-16le"},
		{"module twice", "m\n", reader.Options{Module: "Campaigns", Columns: reader.Columns{0: "m"}}, "--module and --columns both say what the module is: leave one out"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := reader.New("links.csv", strings.NewReader(test.input), test.opt)
			if err == nil {
				t.Fatal("it is read")
			}
			if got := withInputHint(&job.Refusal{Err: err}).Hint; got != test.want {
				t.Errorf("got  %s\nwant %s (%v)", got, test.want, err)
			}
		})
	}
}

// Each kind of suspicion has a hint of its own, and a refusal says how to go on in spite of it.
func TestSuspicionHints(t *testing.T) {
	hints := map[string]suspicion.Kind{}
	for kind := suspicion.UnusedOption; kind <= suspicion.StrayIDs; kind++ {
		hint := suspicionHint(suspicion.Suspicion{Kind: kind})
		if other, twice := hints[hint]; twice || hint == "" {
			t.Errorf("kind %d has the hint of kind %d: %q", kind, other, hint)
		}
		hints[hint] = kind
	}
	for certain, want := range map[bool]string{true: "add --accept-rounded-ids", false: "without --strict this is a warning"} {
		s := suspicion.Suspicion{Kind: suspicion.RoundedIDs, Certain: certain}
		if got := withInputHint(&job.Refusal{Err: &job.Suspected{Suspicion: s}}).Hint; !strings.HasSuffix(got, want) {
			t.Errorf("certain %v: the hint is %q", certain, got)
		}
	}
	unused := suspicion.Suspicion{Kind: suspicion.UnusedOption, Part: suspicion.Module, Value: "Campaigns", Other: "Leads"}
	if got, want := suspicionText(unused), "--module Campaigns is not used: the file has a column for that, with Leads in it"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
