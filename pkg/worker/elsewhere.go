package worker

import (
	"slices"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// openElsewhere gives the indexes of links that another run may have removed. Only a link that is
// not there and has a clear history can be one. The other run wrote the link down before it sent
// it, and so before the answer that this run has got. So it is early enough to ask now.
func (d *Delink) openElsewhere(t *task, isNotThere func(i int) bool) (open []int) {
	if d.settings.Elsewhere == nil || t.history != outcome.Clear {
		return nil
	}
	var at []int
	var ids []zoho.ID
	for i, id := range t.ids {
		if isNotThere(i) {
			at, ids = append(at, i), append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	for n, isOpen := range d.settings.Elsewhere(t.relation, t.parent, ids) {
		if isOpen {
			open = append(open, at[n])
		}
	}
	return open
}

// lookedUp takes the answer to a look-up. Links that another run may have removed go on as a task
// of their own, because they have another history.
func (d *Delink) lookedUp(t *task, at time.Time) {
	open := d.openElsewhere(t, func(i int) bool { return !t.linked[i] })
	if len(open) == 0 {
		d.judgeLookUp(t, at)
		return
	}
	var rest []int
	for i := range t.ids {
		if !slices.Contains(open, i) {
			rest = append(rest, i)
		}
	}
	elsewhere := t.lookedUpOnly(open)
	elsewhere.history = outcome.Elsewhere
	d.judgeLookUp(elsewhere, at)
	if len(rest) > 0 {
		d.judgeLookUp(t.lookedUpOnly(rest), at)
	}
}

// lookedUpOnly is only for a task that has been looked up.
func (t *task) lookedUpOnly(at []int) *task {
	p := t.only(at)
	p.linked = make([]bool, len(at))
	for i, j := range at {
		p.linked[i] = t.linked[j]
	}
	return p
}
