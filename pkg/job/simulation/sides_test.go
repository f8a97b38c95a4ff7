package simulation

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"delink/pkg/zoho/emulator"
)

// otherSides are the relations of worlds whose links may be removed from their other side.
var otherSides = map[[2]string][2]string{
	{"Leads", "Campaigns"}:      {"Campaigns", "Leads"},
	{"Campaigns", "Leads"}:      {"Leads", "Campaigns"},
	{"Price_Books", "Products"}: {"Products", "Price_Books"},
	{"Products", "Deals"}:       {"Deals", "Products"},
	{"Campaigns", "Contacts"}:   {"Contacts", "Campaigns"},
}

// asWritten gives a link as the input has it, by what a call names.
func (w *world) asWritten(k link) link {
	for own, other := range otherSides {
		turned := link{own[0], k.related, own[1], k.parent}
		if other == [2]string{k.module, k.list} && !w.inInput[k] && w.inInput[turned] {
			return turned
		}
	}
	return k
}

// turnStyle gives the input many parent records and few related ones, and no relation from both
// sides.
func (w *world) turnStyle(n int) {
	d := dice{rand.New(rand.NewPCG(w.seed, 20261201))}
	w.style.kinds = pick(d,
		[][2]string{{"Leads", "Campaigns"}},
		[][2]string{{"Leads", "Campaigns"}, {"Products", "Deals"}},
		[][2]string{{"Price_Books", "Products"}, {"Campaigns", "Leads"}},
	)
	w.style.parents = d.between(1, n)
	w.style.related = d.upTo(30)
}

// makeOtherSide has the CRM refuse some calls from the other sides.
func (w *world) makeOtherSide(d dice) {
	c := w.emulator.Config()
	if ask := d.chance(0.3); ask && len(c.HiddenLists) == 0 {
		w.ask = true
	}
	if w.healthy {
		return
	}
	knob := func(chance float64, name, value string) {
		if !d.chance(chance) || value == "" {
			return
		}
		w.logf("CRM: %s=%s", name, value)
		if err := c.Set(name, value); err != nil {
			w.fault("harness", "%v", err)
		}
	}
	kind := otherSides[w.style.kinds[0]]
	name := kind[0] + "." + kind[1]
	ids := func(share float64) string {
		var some []string
		for i := range w.style.related {
			if d.chance(share) {
				some = append(some, fmt.Sprint(firstRelated+i))
			}
		}
		return strings.Join(some, ",")
	}
	knob(0.1, "list-errors", name+":"+pick(d, "INVALID_DATA", "NO_PERMISSION", "NOT_SUPPORTED", "AUTHORIZATION_FAILED", "INVALID_REQUEST_METHOD"))
	knob(0.05, "hidden-lists", name)
	knob(0.05, "kept-lists", name)
	knob(0.1, "missing", ids(0.3))
	if locked := ids(0.2); locked != "" {
		knob(0.1, "parent-errors", strings.ReplaceAll(locked, ",", ":RECORD_LOCKED,")+":RECORD_LOCKED")
	}
	w.emulator.Update(func(to *emulator.Config) { *to = c })
}
