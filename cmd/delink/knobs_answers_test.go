package main

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Whatever the form of the answers to delink calls, every link comes to the same end.
func TestKnobsOfAnswers(t *testing.T) {
	interacting := product(
		values("no-details"), values("details-form"), values("code-form"), choice{"missing-items", []string{"0", "0.3"}},
	)
	others := []choice{
		values("strict"), values("all-bad"), values("mixed"), values("order"),
		{"extra-items", []string{"0", "0.5"}},
		values("absent-code"), values("id-form"), values("wording"), values("decor"), values("missing-parent"),
		{"seed", []string{"1", "2", "3", "4", "5"}},
	}
	each(t, interacting, others, func(t *testing.T, settings []string) {
		has := func(s string) bool { return slices.Contains(settings, s) }
		if has("missing-items=0.3") && (!has("no-details=never") || has("details-form=empty-array")) {
			// An answer that leaves an id out, answers one that nobody asked for, and says of
			// neither which it is, looks like a good one. Nothing could tell.
			settings = append(settings, "extra-items=0")
		}
		mute := 0
		if has("no-details=always") && has("missing-items=0.3") {
			mute = 5 // the first batch, if its answer was empty
		}
		trial{
			mute:  mute,
			knobs: append(wholeJobKnobs(), settings...),
			args:  []string{"--batch-size", "5", "--concurrency", "3", "--max-attempts", "3"},
			links: wholeJob(),
			vague: !has("no-details=never") || has("details-form=empty-array") || has("missing-items=0.3"),
		}.run(t, func(o *aftermath) {
			o.fates()
			// A parent that the CRM names as missing costs no second call.
			named := has("missing-parent=404") || !has("details-form=empty-array")
			// the input has two batches of it, perhaps in flight together
			if n := o.calls("Campaigns", missingParent, "Leads"); named && n > 2 {
				o.Errorf("%d calls for a parent record that does not exist", n)
			}
			// Where nothing has to be said twice, nothing is.
			simple := has("no-details=never") && has("missing-items=0") && has("strict=false") && has("code-form=string") && !has("details-form=empty-array")
			if n := o.books.Calls["delink"]; simple && n > 10 {
				o.Errorf("%d calls", n)
			}
		})
	})
}

// Ids of another module, and contact roles, whose answers have words of their own.
func TestKnobsOfRecords(t *testing.T) {
	links := wholeJob()
	for i := range uint64(6) {
		links = append(links, fate{"Deals", someProduct, "Contact_Roles", someLead + i, i < 4, map[bool]string{true: gone, false: absent}[i < 4]})
	}
	stranger := fmt.Sprintf("other-module=%d", links[6].related)
	each(t, product(values("other-module-answer"), values("absent-code"), values("strict")),
		[]choice{values("wording"), values("encoded-commas"), values("duplicates"), values("order"), values("all-bad"), values("mixed"), values("id-form")},
		func(t *testing.T, settings []string) {
			trial{knobs: slices.Concat(wholeJobKnobs(), settings, []string{stranger}), args: []string{"--batch-size", "5"}, links: links}.run(t, (*aftermath).fates)
		})
}

// What goes unanswered is looked up, in whatever form the reads come, and records that reads hide
// by default are seen.
func TestKnobsOfLookUps(t *testing.T) {
	lookedUp := product(values("work"), values("id-form"), values("scope-both"))
	each(t, lookedUp, []choice{values("decor"), values("wording"), values("code-form"), values("details-form")}, func(t *testing.T, settings []string) {
		lost, left := manyParents(3), manyParents(3)
		for i := range left {
			left[i].status = unknown // a call that went unanswered can be carried out late
		}
		knobs := append([]string{
			fmt.Sprintf("converted=%d,%d", left[0].related, left[2].related),
			fmt.Sprintf("unapproved=%d,%d", left[1].related, left[2].related),
		}, settings...)
		args := []string{"--timeout", "1s", "--max-attempts", "2"}
		trial{name: "carried out", knobs: append(knobs, "fault-script=1-6:hang-after"), args: args, links: lost}.run(t, func(o *aftermath) {
			o.fates()
			if o.summary.Gone != 6 || o.books.Calls["read"] != 3 {
				o.Errorf("%d gone, %d looked up", o.summary.Gone, o.books.Calls["read"])
			}
		})
		trial{name: "not carried out", knobs: append(knobs, "fault-script=*:hang-before"), args: args, links: left}.run(t, func(o *aftermath) {
			o.fates()
			if o.took < 5*time.Second {
				o.Errorf("looked up once more after %v, which is too early for a late call", o.took)
			}
		})
	})
}
