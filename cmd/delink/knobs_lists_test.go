package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Lists that cannot be delinked, or had better not be.
func TestKnobsOfLists(t *testing.T) {
	one := []string{"--concurrency", "1"}
	each(t, product(values("code-form"), values("details-form")), []choice{values("wording"), values("decor"), values("missing-parent")}, func(t *testing.T, settings []string) {
		knobs := func(more ...string) []string { return slices.Concat(settings, more) }
		// Without a name or a place, a refusal is known only for what it is when every half has
		// been refused.
		named := !slices.Contains(settings, "details-form=empty-array")

		// Where the org says so, nothing is sent at all.
		for knob, why := range map[string]string{"hidden-lists": "is hidden in this org", "kept-lists": "cannot be delinked in this org"} {
			trial{name: knob, knobs: knobs(knob + "=Campaigns.Leads"), links: manyParents(3)}.run(t, func(o *aftermath) {
				if o.code != 2 {
					o.Errorf("exit code %d", o.code)
				}
				o.says("nothing was sent")
				o.says(why)
			})
		}

		// Where it does not say so, a hidden list costs one call, and the others go on.
		links := append(manyParents(6), fate{"Products", someProduct, "Price_Books", someLead, true, gone})
		for i := range links[:12] {
			links[i].status = failed
		}
		trial{name: "hidden, and not said", knobs: knobs("hidden-lists=Campaigns.Leads", noLists), args: one, links: links}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.books.Calls["delink"]; named && n != 2 {
				o.Errorf("%d calls", n)
			}
		})

		// A parent record that does not exist costs one call, however many links it has.
		links = manyParents(2)
		for i := range 12 {
			links = append(links, fate{"Campaigns", missingParent, "Leads", someLead + uint64(i), false, failed})
		}
		trial{name: "missing parent", knobs: append(wholeJobKnobs(), settings...), args: append(one, "--batch-size", "4"), links: links}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.calls("Campaigns", missingParent, "Leads"); n != 1 && (named || slices.Contains(settings, "missing-parent=404")) {
				o.Errorf("%d calls", n)
			}
		})

		// A list that holds records and nobody knew of: the run stops at the first record that is
		// deleted.
		trial{name: "records deleted", knobs: knobs("delete-lists=Campaigns.Leads", noLists), args: one, links: manyParents(6)}.run(t, func(o *aftermath) {
			if o.code != 1 || o.books.Deleted != 2 || o.summary.Pending != 10 || o.summary.Removed > 0 {
				o.Errorf("exit code %d, %d records deleted", o.code, o.books.Deleted)
			}
			o.says("deleted the record")
		})
	})
}

// One-to-many lists are let through only if somebody vouches for them. What they do is not known.
func TestKnobsOfVouching(t *testing.T) {
	links := []fate{
		{"Accounts", someCampaign, "Contacts", someLead, true, failed}, {"Accounts", someCampaign + 1, "Contacts", someLead + 1, true, failed},
	}
	each(t, product(values("lookup-lists")), nil, func(t *testing.T, settings []string) {
		trial{name: "nobody vouches", knobs: settings, links: links}.run(t, func(o *aftermath) {
			if o.code != 2 {
				o.Errorf("exit code %d", o.code)
			}
			o.says("--allow-relation Accounts.Contacts")
		})
		trial{name: "somebody vouches", knobs: settings, links: links, args: []string{"--concurrency", "1", "--allow-relation", "Accounts.Contacts"}}.run(t, func(o *aftermath) {
			calls := o.books.Calls["delink"]
			switch what := value(settings, "lookup-lists"); {
			case what == "refused" && (o.code != 3 || o.summary.Failed != 2 || calls != 1),
				what == "removed" && (o.code != 0 || o.summary.Removed != 2 || calls != 2),
				what == "deleted" && (o.code != 1 || o.summary.Failed != 1 || o.summary.Pending != 1 || o.books.Deleted != 1):
				o.Errorf("exit code %d after %d calls", o.code, calls)
			}
		})
	})
}

// What is refused fails, whatever the code, and costs no more calls than its place in the path
// makes necessary.
func TestKnobsOfRefusals(t *testing.T) {
	all, args, more := refusable()
	// what was not sent waits for it
	ofLogin := []string{"NO_PERMISSION", "OAUTH_SCOPE_MISMATCH", "AUTHORIZATION_FAILED"}
	list := choice{"list-errors", nil}
	for _, code := range []string{"INVALID_DATA", "NOT_SUPPORTED", "INVALID_MODULE", "NO_PERMISSION", "OAUTH_SCOPE_MISMATCH", "AUTHORIZATION_FAILED", "FEATURE_NOT_SUPPORTED"} {
		list.values = append(list.values, "Campaigns.Leads:"+code)
	}
	each(t, product(list), more, func(t *testing.T, settings []string) {
		links := denied(all, 6, 6)
		if slices.ContainsFunc(ofLogin, func(code string) bool { return strings.HasSuffix(settings[0], code) }) {
			links = denied(all, 6, 2)
		}
		trial{knobs: append(settings, noLists), args: args, links: links}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.books.Calls["delink"]; n != 2 {
				o.Errorf("%d calls", n)
			}
			o.says("Campaigns.Leads is refused")
			o.says("hint: ")
		})
	})
}

// A module that is refused is each of its lists. Where the org can be asked, nothing is sent.
func TestKnobsOfModules(t *testing.T) {
	all, args, more := refusable()
	module := choice{"module-errors", []string{"Campaigns:INVALID_MODULE", "Campaigns:NOT_SUPPORTED", "Campaigns:NO_PERMISSION"}}
	each(t, product(module), more, func(t *testing.T, settings []string) {
		links := denied(all, 6, 6)
		if value(settings, "module-errors") == "Campaigns:NO_PERMISSION" {
			links = denied(all, 6, 2)
		}
		trial{name: "not asked", knobs: append(settings, noLists), args: args, links: links}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.books.Calls["delink"]; n != 2 {
				o.Errorf("%d calls", n)
			}
		})
		if value(settings, "module-errors") == "Campaigns:INVALID_MODULE" {
			trial{name: "asked", knobs: settings, args: args, links: links}.run(t, func(o *aftermath) {
				if o.code != 2 {
					o.Errorf("exit code %d", o.code)
				}
				o.says("this org has no module Campaigns")
			})
		}
	})
}

// A parent record that is refused, with more links than go into a call, costs one call; its related
// records are refused one by one.
func TestKnobsOfRecordErrors(t *testing.T) {
	_, args, more := refusable()
	large := []fate{{"Campaigns", someCampaign + 1, "Leads", someLead, true, gone}}
	for i := range uint64(7) {
		large = append(large, fate{"Campaigns", someCampaign, "Leads", someLead + i, true, failed})
	}
	codes := []string{"RECORD_LOCKED", "NO_PERMISSION", "NOT_APPROVED", "DUPLICATE_DATA", "SOMETHING_NEW"}
	each(t, product(choice{"error-code", codes}), more, func(t *testing.T, settings []string) {
		code := value(settings, "error-code")
		trial{name: "parent record", knobs: append(settings, fmt.Sprintf("parent-errors=%d:%s", uint64(someCampaign), code)), args: args, links: large}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.calls("Campaigns", someCampaign, "Leads"); n != 1 {
				o.Errorf("%d calls for a parent record that is refused", n)
			}
			o.says(code)
		})
		// Its related records, one by one.
		trial{name: "related records", knobs: append(settings, "error-share=1"), args: args, links: large[1:]}.run(t, func(o *aftermath) {
			o.fates()
			if n := o.books.Calls["delink"]; n != 4 {
				o.Errorf("%d calls", n)
			}
			o.says(code)
		})
	})
}

// noLists is a login that cannot ask which lists can be delinked.
const noLists = "scopes=ZohoCRM.modules.ALL,ZohoCRM.org.READ"

// refusable is an input whose first six links are of Campaigns.Leads and go out in three calls, and
// the seventh of another list; with the flags for that, and knobs that should not matter.
func refusable() (links []fate, args []string, more []choice) {
	return append(manyParents(3), fate{"Products", someProduct, "Price_Books", someLead, true, gone}),
		[]string{"--concurrency", "1", "--batch-size", "2"},
		[]choice{values("scope-status"), values("wording"), values("decor"), {"details-form", []string{"object", "array"}}}
}

// denied gives links of which the first n are of a list that is refused: those that are in the
// calls that were sent have failed, the others are pending.
func denied(links []fate, n, sent int) []fate {
	links = slices.Clone(links)
	for i := range links[:n] {
		links[i].status = pending
		if i < sent {
			links[i].status = failed
		}
	}
	return links
}
