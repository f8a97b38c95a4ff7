package worker

import (
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// SnapshotRecorder keeps the fields of links before they are removed.
type SnapshotRecorder interface {
	// Keep keeps fields. When it returns, they survive a power failure. It runs beside all methods
	// of a Recorder but Prepare.
	Keep([]Snapshot) error
}

// Snapshot has the own fields of a link that is about to be removed.
type Snapshot struct {
	Pos    int         // the link's position in the set that the batches are from
	Fields zoho.Fields // nil if it has none, or the CRM does not show them
}

// errNotLinked is why links are not sent that are not there when their fields are read.
var errNotLinked = &zoho.Error{Kind: zoho.Refused, Code: zoho.CodeNotLinked}

// errFieldHidden is why links are not sent whose mandatory field is not shown.
var errFieldHidden = &zoho.Error{Kind: zoho.Refused, Code: zoho.CodeFieldHidden}

// fieldsRead takes the links' own fields. Links that are there are sent as soon as their fields are
// on disk. The others are settled without a delink, like links that a look-up has not found.
func (d *Delink) fieldsRead(t *task, at time.Time) {
	var there, others, bare []int
	field := zoho.MandatoryField(t.relation)
	for i := range t.ids {
		switch s := t.states[i]; {
		case s.Linked && field != "" && s.Fields[field] == "":
			bare = append(bare, i)
		case s.Linked:
			there = append(there, i)
		default:
			others = append(others, i)
		}
	}
	if len(bare) > 0 { // undo could not make them again, which is what the snapshot is for
		d.evidence.shown(t.relation)
		e := *errFieldHidden
		e.Detail = field
		d.settleUnread(t.only(bare), &e)
	}
	if len(there) > 0 {
		d.unread = 0
		d.evidence.shown(t.relation)
		p := t.only(there)
		p.reads, p.states = false, make([]zoho.LinkState, len(there))
		for i, j := range there {
			p.states[i] = t.states[j]
		}
		d.engine.Prepare(p)
	}
	if len(others) > 0 {
		p := t.only(others)
		p.why, p.reads = errNotLinked, false
		p.linked = make([]bool, len(others))
		d.lookedUp(p, at)
	}
}

// snapshots gives the fields of the links of a task that is about to be sent.
func (t *task) snapshots() []Snapshot {
	s := make([]Snapshot, len(t.states))
	for i := range t.states {
		s[i] = Snapshot{t.pos[i], t.states[i].Fields}
	}
	return s
}

// lose settles links whose fields could not be read. The run ends if that happens to lostMax tasks
// in a row.
func (d *Delink) lose(t *task, e *zoho.Error) {
	d.settleUnread(t, e)
	d.unread++
	d.endUnread(e)
}

// endUnread ends the run if the fields of too many tasks in a row could not be read.
func (d *Delink) endUnread(e *zoho.Error) {
	if d.unread >= lostMax {
		d.engine.End(outcome.Broken, e)
	}
}

// cannotRead takes a refusal of the call that reads fields. No delink of these links was sent. So
// they stay pending if the login lacks a permission: another login may read them.
func (d *Delink) cannotRead(t *task, e *zoho.Error) {
	d.unread = 0
	if e.Kind == zoho.Denied {
		d.leave(e)
		return
	}
	d.settleUnread(t, e)
}

// settleUnread gives outcomes to links that are not sent because their fields cannot be read.
func (d *Delink) settleUnread(t *task, e *zoho.Error) {
	d.settleBlind(t, e, "its own fields could not be read, so it was not removed: "+e.Error())
}
