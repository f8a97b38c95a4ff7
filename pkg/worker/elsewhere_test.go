package worker

import (
	"slices"
	"strings"
	"testing"

	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// another has the links at some positions open in another run, and counts how often it is asked.
func another(r *rig, asked *int, open ...int) func(zoho.Relation, zoho.ID, []zoho.ID) []bool {
	r.elsewhere = map[reader.Link]bool{}
	for _, pos := range open {
		r.elsewhere[link(r, pos)] = true
	}
	return func(list zoho.Relation, parent zoho.ID, related []zoho.ID) []bool {
		*asked++
		out := make([]bool, len(related))
		for i, id := range related {
			out[i] = r.elsewhere[reader.Link{Relation: list, Parent: parent, Related: id}]
		}
		return out
	}
}

// A link that is not there is gone if another run may have removed it.
func TestElsewhere(t *testing.T) {
	in(t, func(t *testing.T) {
		r, asked := newRig(t, some(campaignLeads, 3, 4)), 0
		for _, pos := range []int{1, 2, 5} {
			r.linked[link(r, pos)] = false
		}
		r.settings.Elsewhere = another(r, &asked, 0, 2, 5) // the link at 0 is there, and is removed
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 9, gone: 2, absent: 1})
		if asked != 2 {
			t.Errorf("asked %d times", asked)
		}
		if o := r.out[2]; o.Status != outcome.Gone || !strings.Contains(o.Message, "another run") {
			t.Errorf("%+v", o)
		}
		if o := r.out[1]; o.Status != outcome.Absent || strings.Contains(o.Message, "another run") {
			t.Errorf("%+v", o)
		}
	})
}

// The other runs are not asked about links that are gone anyway.
func TestElsewhereIsNotAsked(t *testing.T) {
	in(t, func(t *testing.T) {
		r, asked := newRig(t, with(outcome.InDoubt, some(campaignLeads, 1, 4))), 0
		r.linked[link(r, 1)] = false
		r.settings.Elsewhere = another(r, &asked, 1)
		r.mustEnd(outcome.Completed)
		r.want(tally{removed: 3, gone: 1})
		if asked != 0 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// The same holds for a look-up. A batch is refused without a name, so its links are looked up.
func TestElsewhereLookedUp(t *testing.T) {
	in(t, func(t *testing.T) {
		r, asked := newRig(t, some(campaignLeads, 2, 1)), 0
		r.linked[link(r, 0)], r.linked[link(r, 1)] = false, false
		r.settings.Elsewhere = another(r, &asked, 1)
		r.settings.OrgAnswers = true
		r.fault = always(delinks, fault{err: nameless()})
		r.mustEnd(outcome.Completed)
		r.want(tally{gone: 1, absent: 1})
		if o := r.out[1]; o.Status != outcome.Gone || !strings.Contains(o.Message, "another run") {
			t.Errorf("%+v", o)
		}
	})
}

// A look-up of many links tells those that another run may have removed from the others.
func TestLookedUpOnly(t *testing.T) {
	x := &task{piece: piece{ids: []zoho.ID{1, 2, 3}, pos: []int{7, 8, 9}}, linked: []bool{true, false, true}}
	p := x.lookedUpOnly([]int{0, 1})
	if !slices.Equal(p.linked, []bool{true, false}) || !slices.Equal(p.pos, []int{7, 8}) {
		t.Errorf("%+v", p)
	}
}
