package worker

import (
	"iter"
	"slices"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// Relink is the operation that makes links again. It is used for one run.
//
// Each batch is looked up first, and links that are there are left alone: to make them again would
// overwrite their fields. If a batch cannot be looked up, its links are not sent. The first link of
// each relation is sent alone and read back before the others follow: see trials.
type Relink struct {
	crm        RelinkCRM
	fields     func(pos int) zoho.Fields
	orgAnswers bool
	source
	results

	refused  refusals
	accepted map[zoho.Relation]bool // relations of which a call that makes links was answered
	trials   trials
	evidence evidence[*relinkTask]

	heard     bool // the CRM itself has answered some call
	overwrote bool // a link was there that its look-up did not show
	lost      int  // tasks whose links were sent to no answer, since such a call was last answered
	lostLooks int  // tasks whose look-ups went unanswered, since a look-up was last answered
}

// RelinkSettings are the limits of Relink.
type RelinkSettings struct {
	engine.Settings
	MaxFailures int // stop once more links than that are failed or unknown; -1 for no limit
	// OrgAnswers says that the org has answered a question in this run, which shows that reads
	// reach the CRM.
	OrgAnswers bool
}

// StartRelink gives the Run that makes the links of the batches. fields gives the fields that a
// link gets, by its position; one goroutine calls it. When the run has ended, record has every
// outcome and has synced it, unless record itself failed.
func StartRelink(crm RelinkCRM, batches iter.Seq[chunker.Batch], fields func(pos int) zoho.Fields, record Recorder, s RelinkSettings) *Run {
	r := &Relink{
		crm: crm, fields: fields, orgAnswers: s.OrgAnswers,
		results:  results{engine: engine.New(crm, s.Settings), record: record, maxFailures: s.MaxFailures},
		refused:  newRefusals(),
		accepted: map[zoho.Relation]bool{},
		trials:   newTrials(),
	}
	r.evidence = newEvidence(r.engine, r.try, r.held, r.answersOtherwise)
	r.evidence.tries = true
	return &Run{Engine: r.engine, op: r, batches: batches}
}

// Next takes the next batch.
func (r *Relink) Next() (engine.Task, bool) {
	b, ok := r.next()
	if !ok {
		return nil, false
	}
	return newRelinkTask(r.crm, b, r.fields), true
}

// Alone reports whether a task is the trial of its relation.
func (r *Relink) Alone(x engine.Task) bool { return relinkOf(x).trial }

// Missed notes a call that was cut off.
func (r *Relink) Missed(x engine.Task, e *zoho.Error) { relinkOf(x).missed(e) }

// Answer decides what an answer leads to: outcomes, another call, or the end of the run.
func (r *Relink) Answer(x engine.Task, reply engine.Reply) {
	t := relinkOf(x)
	if t.proves() {
		r.evidence.proved(t, reply.Err)
		return
	}
	r.hear(t, reply.Err)
	switch {
	case reply.Err != nil:
		r.failed(t, reply.Err)
	case t.step == looks:
		r.looked(t, reply.Finished)
	case t.step == checks:
		r.checked(t, reply.Finished)
	default:
		r.answered(t, reply.Finished)
	}
}

// hear notes that the CRM answers. Look-ups that are answered do not show that links can be made.
func (r *Relink) hear(t *relinkTask, e *zoho.Error) {
	refused := e != nil && isRefusal(e)
	says := e == nil && t.step == links && slices.ContainsFunc(t.answer.Items, func(i zoho.Item) bool { return i.Verdict != zoho.Silent })
	r.heard = r.heard || refused || says
	switch {
	case e != nil && !refused:
	case t.step == links:
		r.lost = 0
	default:
		r.lostLooks = 0
	}
	if e == nil && t.step == links {
		r.accepted[t.relation] = true
		r.refused.alike = 0
	}
}

// answered takes the answer to a call that makes links. Ids without an item of their own are sent
// again.
func (r *Relink) answered(t *relinkTask, at time.Time) {
	a := t.answer
	var out []outcome.Outcome
	var silent groups   // ids that are sent again, because the answer does not name them
	var refused groups  // ids that are looked up, because they were refused
	var untouched []int // ids that are sent again, because the call was refused for other ids
	for i, id := range t.ids {
		item := zoho.Item{ID: id, Code: zoho.CodeNotInAnswer}
		if i < len(a.Items) && a.Items[i].ID == id {
			item = a.Items[i]
		}
		switch item.Verdict {
		case zoho.Linked:
			if t.trial {
				r.readBack(t, item)
				return
			}
			status, message := r.made(t, t.history, item)
			out = append(out, t.outcome(i, status, item.Code, message, a.Status, at))
		case zoho.Failed:
			status, settled := t.history.JudgeLink(outcome.RefusedToLink)
			if !settled {
				refused.add(i, item)
				continue
			}
			out = append(out, t.outcome(i, status, item.Code, itemMessage(item), a.Status, at))
		case zoho.Untouched:
			untouched = append(untouched, i)
		case zoho.Silent, zoho.Removed, zoho.Absent, zoho.Deleted, zoho.Undecided: // the latter are said of delinks
			silent.add(i, item)
		}
	}
	r.settle(t, out)
	if len(untouched) > 0 {
		r.engine.Park(t.only(untouched), 0)
	}
	for _, g := range refused {
		part := t.only(g.at)
		part.refusedByID = true
		r.check(part, &zoho.Error{Kind: zoho.Refused, Status: a.Status, Code: g.code, Detail: g.message})
	}
	for _, g := range silent {
		r.repeat(t.only(g.at), &zoho.Error{Kind: zoho.Unanswered, Status: a.Status, Code: g.code, Detail: g.message})
	}
}

// made gives the status of a link of a history for which a call was answered with a success, and its
// message. If the words of the first answer say that the link was there before, the look-up did not
// show it, and the call has overwritten its fields.
func (r *Relink) made(t *relinkTask, h outcome.History, item zoho.Item) (outcome.Status, string) {
	if !item.WasThere || t.sends > 1 {
		status, _ := h.JudgeLink(outcome.SaidLinked)
		return status, item.Message
	}
	status, _ := h.JudgeLink(outcome.SaidUpdated)
	if status != outcome.Present {
		return status, item.Message
	}
	if !r.overwrote {
		r.overwrote = true
		r.engine.Notef("a link was there although the look-up before did not show it, and its fields were overwritten: reads of this CRM lag behind")
	}
	return status, item.Message + " (the link was there although the look-up before did not show it, and its fields were overwritten)"
}

// settle records outcomes of a task's links.
func (r *Relink) settle(t *relinkTask, out []outcome.Outcome) {
	if len(out) == 0 {
		return
	}
	r.write(out)
	if t.trial {
		r.trialEnds(t, out[0].Status == outcome.Restored)
	}
}

// Abandon settles the tasks that are left when the run ends. If an attempt of this run went
// unanswered, their links are Unknown, because it may have made them. The other links were not made
// by this run, and stay without an outcome.
func (r *Relink) Abandon(tasks []engine.Task) {
	for _, x := range tasks {
		if t := relinkOf(x); t.history.OfThisRun() {
			r.write(t.unknown(time.Now()))
		}
	}
	if e := r.refused.altogether(r.recorded); e != nil && r.engine.Ended() == outcome.Completed {
		r.engine.End(outcome.LoginRefused, e)
	}
}
