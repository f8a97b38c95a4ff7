package worker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"delink/pkg/zoho"
)

// settle decides what an attempt leads to: outcomes, another attempt, or the end of the run.
func (d *dispatcher) settle(r *result) {
	t := r.task
	other := t.other
	t.other = nil
	if r.sent() {
		t.attempts++
	} else {
		d.sent--
	}
	if r.proves() {
		d.heard = true
	}
	if r.accepted() && !d.empty(r) {
		d.answers++
		d.renewals, d.probing = 0, false
		d.throttle.answered(r.finished)
		d.lost = 0
	}
	switch {
	case r.err != nil && d.hard.Err() != nil:
		if !t.lookup && mayHaveRemoved(r.err) {
			t.unanswered = r.err
		}
		d.park(t, 0) // there is no time left: abandon decides
	case r.err != nil:
		d.failed(t, r)
	case t.lookup:
		d.lookedUp(t, r)
	default:
		d.answered(t, r)
	}
	switch {
	case other == nil:
	case r.err == nil: // so it is the other half that was refused
		d.split(other)
	default:
		d.park(other, 0)
	}
}

// mayHaveRemoved reports whether the links of a call that failed may be gone: it went unanswered, or it was redirected by who
// may have passed it on as well.
func mayHaveRemoved(e *zoho.Error) bool {
	return e.Kind == zoho.Unanswered || e.Status >= 300 && e.Status < 400
}

// split finds what is wrong in a task that was refused without a name. The second half waits for the answer to the first:
// if that goes through, the second is the one that was refused, and is split without a call. So one bad id of a hundred
// costs 12 calls and not 15. An id that is alone is always sent by itself, so that no outcome rests on that conclusion.
func (d *dispatcher) split(t *task) {
	if len(t.ids) == 1 {
		d.park(t, 0)
		return
	}
	half := len(t.ids) / 2
	first := t.part(0, half)
	first.other = t.part(half, len(t.ids))
	d.park(first, 0)
}

// answered takes an answer by id. Ids without an item of their own are sent again.
func (d *dispatcher) answered(t *task, r *result) {
	if r.answer.Deleted {
		d.end(Broken, &zoho.Error{
			Kind: zoho.Refused, Scope: zoho.ScopeRun, Sent: true, Status: r.answer.Status,
			Code: zoho.CodeRecordDeleted, Detail: fmt.Sprintf("in %s of %s", t.relation, t.parent),
		})
	}
	// Links that are not there say nothing of what happens to those that are, and may be gone by an unanswered call.
	if !r.answer.Deleted && slices.ContainsFunc(r.answer.Items, func(i zoho.Item) bool { return i.Verdict == zoho.Removed }) {
		d.tried[t.relation] = true
	}
	out := make([]Outcome, 0, len(t.ids))
	// Ids that need another call, by what was said of them: the ids of a task have one history.
	var silent, doubted groups
	var untouched []int // the call was refused because of other ids
	for i, id := range t.ids {
		item := zoho.Item{ID: id, Code: zoho.CodeNotInAnswer}
		if i < len(r.answer.Items) && r.answer.Items[i].ID == id {
			item = r.answer.Items[i]
		}
		t.kin.answered = t.kin.answered || item.Verdict != zoho.Silent
		switch item.Verdict {
		case zoho.Removed:
			out = append(out, t.outcome(i, Removed, item.Code, item.Message, r.answer.Status, r.finished))
		case zoho.Absent:
			text := item.Message
			if t.unanswered != nil {
				text = t.afterUnanswered(text)
			}
			out = append(out, t.outcome(i, Absent, item.Code, text, r.answer.Status, r.finished))
		case zoho.Deleted:
			out = append(out, t.outcome(i, Failed, item.Code, zoho.Explain(item.Code), r.answer.Status, r.finished))
		case zoho.Failed:
			if t.unanswered != nil {
				doubted.add(i, item)
				continue
			}
			out = append(out, t.outcome(i, Failed, item.Code, itemMessage(item), r.answer.Status, r.finished))
		case zoho.Silent:
			silent.add(i, item)
		case zoho.Untouched:
			untouched = append(untouched, i)
		}
	}
	d.write(out)
	if len(untouched) > 0 {
		d.park(t.only(untouched), 0)
	}
	for _, g := range doubted {
		d.lookUp(t.only(g.at), &zoho.Error{Kind: zoho.Refused, Status: r.answer.Status, Code: g.code, Detail: g.message})
	}
	for _, g := range silent {
		d.repeat(t.only(g.at), &zoho.Error{Kind: zoho.Unanswered, Status: r.answer.Status, Code: g.code, Detail: g.message})
	}
}

// groups are the indexes of ids, by what the CRM said of them.
type groups []group

type group struct {
	code, message string
	at            []int
}

func (g *groups) add(i int, item zoho.Item) {
	for n := range *g {
		if (*g)[n].code == item.Code && (*g)[n].message == item.Message {
			(*g)[n].at = append((*g)[n].at, i)
			return
		}
	}
	*g = append(*g, group{item.Code, item.Message, []int{i}})
}

// failed takes a call without an answer by id.
func (d *dispatcher) failed(t *task, r *result) {
	e := r.err
	switch e.Kind {
	case zoho.Unanswered, zoho.Unsent:
		d.repeat(t, e)
	case zoho.Throttled:
		d.pool.throttled.Add(1)
		d.throttled(d.throttle.refused(e, r.sentAt, d.inFlight, r.finished), e, r.finished)
		d.park(t, 0)
	case zoho.BadToken:
		d.badToken(t, r)
	case zoho.Denied, zoho.Refused, zoho.Nameless:
		switch {
		case e.Scope == zoho.ScopeRun && (e.Kind == zoho.Denied || !t.lookup):
			d.end(runReason(e), e)
			if !t.lookup && mayHaveRemoved(e) {
				t.unanswered = e
			}
			d.park(t, 0) // else not removed by this call
		case e.Kind == zoho.Nameless && len(t.ids) > 1:
			d.split(t)
		case t.lookup && e.Kind == zoho.Refused && e.Scope == zoho.ScopeParent && t.last.Kind == zoho.Nameless && !t.kin.answered:
			d.remember(t, e) // so that is what the delinks were refused for, without saying so
			if t.unanswered != nil {
				d.cannotLookUp(t, e)
				return
			}
			d.refuse(t, e)
		case t.lookup:
			d.cannotLookUp(t, e)
		case e.Kind == zoho.Nameless:
			d.lookUp(t, e) // this id is the one, but whether it is linked was not said
		default:
			d.remember(t, e)
			d.refuse(t, e)
		}
	}
}

// throttled tells people what a refusal as too many leads to.
func (d *dispatcher) throttled(end ending, e *zoho.Error, now time.Time) {
	switch end {
	case goOn:
		if wait, worth := d.throttle.pause(now); worth && !d.stopped {
			d.note("Zoho refuses calls as too many: waiting %s, with %s in flight allowed", inWords(wait), calls(int(d.throttle.slots)))
		}
		return
	case told:
	case tooLong:
		d.note("Zoho refuses calls as too many, and asks to wait %s: that is better spent stopped", inWords(e.RetryAfter))
	case conclude:
		d.note("Zoho refuses even one call at a time, and does not say why: the credits of the last 24 hours may be used up, or another program uses the limit")
	}
	d.end(Credits, nil)
}

func calls(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// inWords is a wait, rounded up to what people count in.
func inWords(wait time.Duration) string {
	up := func(unit time.Duration) int { return int((wait + unit - 1) / unit) }
	switch {
	case wait <= 2*time.Minute:
		return fmt.Sprintf("%d s", up(time.Second))
	case wait <= 2*time.Hour:
		return fmt.Sprintf("%d min", up(time.Minute))
	}
	return fmt.Sprintf("%d h", up(time.Hour))
}

// badToken sends again with a new token. If that is refused too, and no other call was accepted in between, the login is
// at fault and not the token.
func (d *dispatcher) badToken(t *task, r *result) {
	if r.renewed {
		d.renewals++
	}
	d.park(t, 0)
	if d.renewals > 1 {
		d.probing = true
		if d.inFlight == 0 {
			d.end(Refused, r.err)
		}
	}
}

// repeat sends again what went unanswered or unsent, within the attempts that are allowed.
func (d *dispatcher) repeat(t *task, e *zoho.Error) {
	if e.Kind == zoho.Unanswered && !t.lookup {
		t.unanswered = e
		t.foreign = t.foreign || e.Code == zoho.CodeForeignAnswer && e.Status >= 200 && e.Status < 300
	}
	t.tries++
	if wait, again := retry(t.tries, d.pool.settings.MaxAttempts, e); again {
		d.park(t, wait)
		if least := time.Now().Add(min(e.RetryAfter, pauseMax)); t.due.Before(least) {
			t.due = least
		}
		return
	}
	switch {
	case e.Kind == zoho.Unsent: // the network, or the token endpoint: no other batch would fare better
		d.park(t, 0)
		d.end(Broken, e)
		return
	case t.lookup:
		d.cannotLookUp(t, e)
	default:
		d.lookUp(t, e)
		if d.lost++; d.lost >= lostMax {
			d.end(Broken, e)
		}
	}
}

// remember keeps a refusal that reaches further than its batch, so that no further call is spent on it.
func (d *dispatcher) remember(t *task, e *zoho.Error) {
	switch e.Scope {
	case zoho.ScopeParent:
		d.parents[parent{t.relation.Module, t.parent}] = e
		if first, seen := d.unproven[t.relation]; e.Unproven && seen && first != t.parent {
			proven := *e
			proven.Scope, proven.Unproven = zoho.ScopeList, false
			d.remember(t, &proven)
		} else if e.Unproven {
			d.unproven[t.relation] = t.parent
		}
	case zoho.ScopeList:
		if d.lists[t.relation] == nil {
			d.note("%s is refused: %s", t.relation, e)
		}
		d.lists[t.relation] = e
	case zoho.ScopeBatch, zoho.ScopeRun:
	}
}

// refuse fails the links of a task, unless an earlier call for them went unanswered: then they may be gone.
func (d *dispatcher) refuse(t *task, e *zoho.Error) {
	message := e.Error()
	switch t.unanswered {
	case nil:
	case errCutOff: // most were never sent, and where the parent or the list is refused no call is spent on finding out
		message = t.afterUnanswered(message)
	default:
		d.lookUp(t, e)
		return
	}
	if e.Kind == zoho.Denied {
		d.denied += len(t.ids)
		d.denial = e
	}
	d.write(t.all(Failed, e, message, time.Now()))
}

// lookUp asks the CRM which of the links are there, because the answers so far do not tell.
func (d *dispatcher) lookUp(t *task, e *zoho.Error) {
	t.last = e
	if d.noLookup[t.relation] {
		d.cannotLookUp(t, e)
		return
	}
	t.lookup, t.tries = true, 0
	d.park(t, 0)
}

// lookedUp takes the answer to a look-up.
func (d *dispatcher) lookedUp(t *task, r *result) {
	if d.empty(r) {
		d.write(t.all(Unknown, t.unanswered, unknownMessage(t.unanswered), time.Now()))
		return
	}
	out := make([]Outcome, len(t.ids))
	for i, linked := range r.linked {
		switch {
		case !linked && t.unanswered == errCutOff:
			out[i] = t.outcome(i, Absent, t.last.Code, t.afterUnanswered("the link is not there"), t.last.Status, r.finished)
		case !linked && t.unanswered != nil:
			out[i] = t.outcome(i, Absent, t.last.Code, "an earlier attempt went unanswered, and the link is no longer there", t.last.Status, r.finished)
		case !linked:
			out[i] = t.outcome(i, Absent, t.last.Code, "the CRM does not accept this id, and the link is not there", t.last.Status, r.finished)
		default:
			out[i] = t.outcome(i, Failed, t.last.Code, "the link is still there after all attempts: "+t.last.Error(), t.last.Status, r.finished)
		}
	}
	d.write(out)
}

// empty reports whether a look-up says nothing: that none of the links is there is what the CRM says with an empty answer,
// and so does whatever answers every call with one. It is not believed of who answered the delink like that, unless some
// delink of this run has been answered by the CRM.
func (d *dispatcher) empty(r *result) bool {
	return r.err == nil && r.task.lookup && r.task.foreign && !d.heard && !slices.Contains(r.linked, true)
}

// proves reports whether a delink was answered by the CRM itself: by id, or by a refusal in its form.
func (r *result) proves() bool {
	switch {
	case r.task.lookup:
		return false
	case r.err == nil:
		return slices.ContainsFunc(r.answer.Items, func(i zoho.Item) bool { return i.Verdict != zoho.Silent })
	}
	return r.err.Sent && (r.err.Kind == zoho.Refused || r.err.Kind == zoho.Nameless || r.err.Kind == zoho.Denied) && r.err.Scope != zoho.ScopeRun
}

// cannotLookUp settles links that cannot be read; e is why.
func (d *dispatcher) cannotLookUp(t *task, e *zoho.Error) {
	if t.lookup && e.Kind == zoho.Denied && !e.Unproven && !d.noLookup[t.relation] {
		d.noLookup[t.relation] = true
		d.note("links of %s cannot be looked up, so some may stay unknown: %s", t.relation, e)
	}
	switch t.unanswered {
	case nil:
		d.write(t.all(Failed, t.last, t.last.Error(), time.Now()))
	case errCutOff:
		d.write(t.all(Failed, t.last, t.afterUnanswered(t.last.Error()), time.Now()))
	default:
		d.write(t.all(Unknown, t.unanswered, unknownMessage(t.unanswered), time.Now()))
	}
}

func runReason(e *zoho.Error) Reason {
	if e.Kind == zoho.Denied || e.Kind == zoho.BadToken {
		return Refused
	}
	return Broken
}

// altogether reports whether the CRM refused every list for want of a scope or permission, and nothing else became of any
// link: then it is the login that is refused, and not some links.
func (d *dispatcher) altogether() *zoho.Error {
	if d.denied == 0 || d.denied < int(d.pool.outcomes.Load()) {
		return nil
	}
	return d.denial
}

func itemMessage(i zoho.Item) string {
	text := zoho.Explain(i.Code)
	switch {
	case text == "":
		return i.Message
	case i.Message == "":
		return text
	}
	return text + ": " + i.Message
}

// afterUnanswered is what the CRM said of a link that is not there, or cannot be removed, where a call may have removed it.
func (t *task) afterUnanswered(message string) string {
	if t.unanswered == errCutOff {
		return fmt.Sprintf("%s (an earlier attempt went unanswered, if the run that was cut off made one, and %s", message, mayHaveRemovedIt)
	}
	return fmt.Sprintf("%s (an earlier attempt went unanswered and %s", message, mayHaveRemovedIt)
}

const mayHaveRemovedIt = "may have removed it)"

// LeavesOpen reports whether a message says of a link that a call of an earlier run may have removed it.
func LeavesOpen(message string) bool { return strings.HasSuffix(message, mayHaveRemovedIt) }

func unknownMessage(e *zoho.Error) string {
	return fmt.Sprintf("sent, but %s: the link may have been removed", e)
}
