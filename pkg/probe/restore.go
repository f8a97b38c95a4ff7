package probe

import (
	"context"
	"fmt"
	"time"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// restoreAfter are the waits before the attempts to put the link back.
var restoreAfter = []time.Duration{0, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second}

// mostLooks is how often it is looked whether the link is as it was, each time for as long as reads
// may lag behind.
const mostLooks = 2

// finish puts the link back if it may be removed, makes sure that it is as it was, and removes the
// file then.
func (p *probe) finish() {
	defer p.creditsFact()
	if p.report.Deleted {
		p.report.Missing = []string{"a record was deleted; nothing more was sent"}
		return
	}
	if !p.touched {
		p.report.Restored = true
		return
	}
	if p.open {
		p.tell("putting the link back")
	}
	p.restore()
	if p.report.Restored && p.Disk.Remove(p.Record) == nil {
		p.report.Record = ""
	}
}

// restore links the link again, unless an answer said that this was done, and looks at it. A look
// alone proves nothing while the link may be removed: reads may go on to show what was before.
func (p *probe) restore() {
	var why string
	looks := 0
	for _, wait := range restoreAfter {
		if looks == mostLooks || !sleep(p.hard, wait) {
			break
		}
		if p.open {
			item, call, err := p.link(StepRestore, p.Target)
			switch {
			case p.report.Deleted:
				return
			case err != nil:
				why = err.Error()
				continue
			case p.open:
				why = said(item, call)
				continue
			}
		}
		looks++
		if why = p.verify(); why == "" {
			p.report.Restored = true
			return
		}
		p.open = true
	}
	if why == "" {
		why = "delink was told to leave at once"
	}
	p.report.Missing = append(p.report.Missing, why)
}

// verify looks whether the link is there with its fields, for as long as reads may lag behind. It
// gives what is missing.
func (p *probe) verify() (missing string) {
	for _, wait := range looksAfter {
		if !sleep(p.hard, wait) {
			return "the link could not be looked at again"
		}
		state, err := p.look(p.Target, p.asked)
		switch {
		case err != nil:
			missing = "the link could not be looked at again: " + err.Error()
		case !state.Linked:
			missing = "the link is not there"
		default:
			lost := differing(p.report.Fields, state.Fields)
			if len(lost) == 0 {
				return ""
			}
			missing = fmt.Sprintf("the link is there, but %s is not as it was", lost)
		}
	}
	return missing
}

// Restore puts a link back that a probe which was killed left in a file, and removes the file. A
// link that is there as it was is left alone.
func Restore(stop, hard context.Context, plan Plan, r Record) (*Report, error) {
	t, err := r.target()
	if err != nil {
		return nil, err
	}
	if r.OrgID != "" && plan.OrgID != "" && r.OrgID != plan.OrgID {
		return nil, &job.Refusal{
			Cause: fmt.Sprintf("%s is about the org with the id %s, and this login is for the org with the id %s", plan.Record, r.OrgID, plan.OrgID),
			Hint:  "log in to the right org",
		}
	}
	plan.Target = t
	p := newProbe(stop, hard, plan)
	p.report.Fields, p.report.Record = r.Fields, plan.Record
	p.asked = zoho.FieldsToAskFor(t.Relation)
	state, err := p.look(t, p.asked)
	if err != nil && zoho.AsError(err).IsAbout("approved") {
		p.withoutApp = true
		state, err = p.look(t, p.asked)
	}
	if err != nil {
		return nil, err
	}
	p.touched = true // the file has it
	p.open = !state.Linked || len(differing(r.Fields, state.Fields)) > 0
	p.finish()
	return p.report, nil
}
