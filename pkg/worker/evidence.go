package worker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// evidence says which empty look-ups are believed. That none of the links is there is said by an
// empty answer. A gateway that gives an empty success to every call says the same, and so does a
// CRM that hides the records of a list from this login. So an empty look-up of a relation is
// believed only
//
//   - once a read of the relation has shown some record: one of the links, or the first page of the
//     list, or
//   - if the CRM counts no record in the list of that parent record.
//
// A count of more than that proves nothing: it shows that the CRM is there, and not that reads show
// the records. Where the CRM refuses to count, it is enough for some operations that it answers
// other questions, and that the first page of the list is empty: see answers. If there is no proof,
// the look-up is held until the end, since another parent record may give one.
type evidence[T provable] struct {
	engine   *engine.Engine
	believed func(T)     // settles a task whose look-up is believed
	held     func(T)     // notes that a task is held; it may be nil
	answers  func() bool // the CRM is known to answer otherwise in this run; nil for never
	// tries says that the next call of a task that is believed finds out whether its links are
	// there. So it does no harm if nothing at all was shown: the CRM may refuse to list, too.
	tries bool

	readable map[zoho.Relation]bool // a read has shown some record
	proven   map[listOf]bool        // the CRM counts no record, or refuses to count and answers otherwise
	failed   map[listOf]T           // the task for which there was no proof
	waiting  map[listOf][]T         // tasks that wait for the proof of another one
	unproven []T                    // tasks that are held
}

// provable is a task with look-ups that may need a proof.
type provable interface {
	engine.Task
	list() listOf
	named() []zoho.ID // the related records that the look-up was about
	proof() *proving
	Fresh()
}

// listOf is the list of one parent record.
type listOf struct {
	relation zoho.Relation
	parent   zoho.ID
}

// proving is what a task keeps of its look-up and of the proof for it.
type proving struct {
	asks      asked
	at        time.Time   // when the links were looked up
	count     int         // of the list's records
	uncounted *zoho.Error // why there is no count
	page      zoho.Page
	recounted bool
	// contradicted says that a page of the list has shown links that a look-up had just not shown.
	contradicted bool
	unnamed      int // calls that reached the API, and named none of the links
}

// asked says what the next call of a task asks.
type asked int

const (
	whichLinks asked = iota // the task's own call
	howMany                 // how many records the list holds
	firstPage               // the first records of the list
)

// proofCalls is how many calls a proof takes, unless the list has changed meanwhile: a count, and a
// page of the list if the count is not enough.
const proofCalls = 2

// proofLeft is how many calls the proof takes beside the next one.
func (p *proving) proofLeft() int {
	if p.asks == howMany {
		return proofCalls - 1
	}
	return 0
}

func (p *proving) proof() *proving { return p }

// proves reports whether the next call is one for a proof.
func (p *proving) proves() bool { return p.asks != whichLinks }

// askForProof makes the next call, if it is one for a proof.
func (p *proving) askForProof(ctx context.Context, crm LinkReader, token zoho.Token, of listOf) (err error) {
	if p.asks == howMany {
		p.count, err = crm.Count(ctx, token, of.relation, of.parent)
	} else {
		p.page, err = crm.Links(ctx, token, of.relation, of.parent, zoho.PageOf{})
	}
	if err == nil || zoho.AsError(err).Sent {
		p.unnamed++
	}
	return err
}

// whyUnproven is why it is not known whether a task's links are there although its look-up was
// answered.
func whyUnproven(t provable) *zoho.Error {
	e := &zoho.Error{Kind: zoho.Unanswered, Sent: true, Code: zoho.CodeUnproven}
	of := t.list()
	switch uncounted := t.proof().uncounted; {
	case t.proof().contradicted:
		e.Detail = fmt.Sprintf("the list %s of %s shows links that the look-up did not show", of.relation, of.parent)
	case uncounted != nil:
		e.Detail = fmt.Sprintf("reads of %s show no record at all, and the CRM does not count them (%s)", of.relation, uncounted)
	default:
		e.Detail = fmt.Sprintf("the CRM counts records in %s of %s, and reads show none", of.relation, of.parent)
	}
	return e
}

func newEvidence[T provable](e *engine.Engine, believed, held func(T), answers func() bool) evidence[T] {
	return evidence[T]{
		engine: e, believed: believed, held: held, answers: answers,
		readable: map[zoho.Relation]bool{},
		proven:   map[listOf]bool{},
		failed:   map[listOf]T{},
		waiting:  map[listOf][]T{},
	}
}

// believes reports whether an empty look-up is believed.
func (v *evidence[T]) believes(t T) bool {
	return v.readable[t.list().relation] || v.proven[t.list()]
}

// isAsked reports whether there is a proof for a list under way, or there was none to be had.
func (v *evidence[T]) isAsked(of listOf) bool {
	_, asked := v.waiting[of]
	_, failed := v.failed[of]
	return asked || failed
}

// forget drops the count of a list.
func (v *evidence[T]) forget(t T) { delete(v.proven, t.list()) }

// shown notes that a read has shown a record of a relation. What was held for the want of that is
// settled. Tasks that wait for the proof of another one are settled with it.
func (v *evidence[T]) shown(r zoho.Relation) {
	if v.readable[r] {
		return
	}
	v.readable[r] = true
	held := v.unproven
	v.unproven = nil
	for _, t := range held {
		if t.list().relation == r && !t.proof().contradicted {
			v.believed(t)
		} else {
			v.unproven = append(v.unproven, t)
		}
	}
}

// prove takes an empty look-up that is not believed yet, and asks how many records the list holds.
// Other tasks of the list wait for that.
func (v *evidence[T]) prove(t T) {
	of := t.list()
	if first, failed := v.failed[of]; failed {
		v.hold(t, first)
		return
	}
	if waiting, proving := v.waiting[of]; proving {
		v.waiting[of] = append(waiting, t)
		return
	}
	v.waiting[of] = nil
	t.proof().recounted = false
	v.ask(t, howMany)
}

func (v *evidence[T]) ask(t T, what asked) {
	t.proof().asks = what
	t.Fresh()
	v.engine.Park(t, 0)
}

// proved takes the end of a call for a proof.
func (v *evidence[T]) proved(t T, e *zoho.Error) {
	if isWorthAsking(e) && v.engine.Retry(t, e) {
		return
	}
	p, of := t.proof(), t.list()
	switch {
	case v.readable[of.relation]: // another task has proved it meanwhile
	case p.asks == howMany && e == nil && p.count == 0:
		v.proven[of] = true
	case p.asks == howMany:
		p.uncounted = e
		v.ask(t, firstPage)
		return
	case e == nil && len(p.page.Records) > 0 && !contradicts(p.page, t.named()):
		v.shown(of.relation)
	case p.uncounted == nil && len(p.page.Records) == 0 && !p.recounted: // perhaps the count is out of date
		p.recounted, p.asks = true, howMany
		t.Fresh()
		v.engine.After(t, lookAgain)
		return
	case refusesToAnswer(p.uncounted) && v.believesPage(p, e) && v.answers != nil && v.answers():
		v.proven[of] = true
	default:
		p.contradicted = len(p.page.Records) > 0
		v.failed[of] = t
		for _, w := range v.release(t) {
			v.hold(w, t)
		}
		return
	}
	v.settle(t)
}

// believesPage reports whether the first page of a list that the CRM does not count shows nothing. e is
// the end of the call.
func (v *evidence[T]) believesPage(p *proving, e *zoho.Error) bool {
	if e != nil {
		return v.tries && refusesToAnswer(e)
	}
	return len(p.page.Records) == 0 || v.tries
}

// contradicts reports whether a page of the list shows a link that a look-up has just not shown.
func contradicts(page zoho.Page, named []zoho.ID) bool {
	return slices.ContainsFunc(page.Records, func(r zoho.Record) bool { return slices.Contains(named, r.ID) })
}

// settleUncalled settles a task whose next call is one for a proof that has become needless,
// because another task has proved it meanwhile. It reports whether the task is such a one.
func (v *evidence[T]) settleUncalled(t T) bool {
	if !t.proof().proves() || !v.readable[t.list().relation] {
		return false
	}
	v.settle(t)
	return true
}

// settle settles a task that is believed, and those that have waited for its proof.
func (v *evidence[T]) settle(t T) {
	for _, w := range v.release(t) {
		v.believed(w)
	}
}

// release gives a task, and those that have waited for its proof. None of them asks for a proof any
// more.
func (v *evidence[T]) release(t T) []T {
	if !t.proof().proves() {
		return []T{t}
	}
	t.proof().asks, t.proof().page = whichLinks, zoho.Page{}
	waited := v.waiting[t.list()]
	delete(v.waiting, t.list())
	return append([]T{t}, waited...)
}

// hold holds a task, because there was no proof for another one of its list.
func (v *evidence[T]) hold(t, failed T) {
	t.proof().uncounted, t.proof().contradicted = failed.proof().uncounted, failed.proof().contradicted
	v.unproven = append(v.unproven, t)
	if v.held != nil {
		v.held(t)
	}
}

// waited gives the tasks that still wait for the proof of another one when the run ends.
func (v *evidence[T]) waited() (tasks []T) {
	for _, waiting := range v.waiting {
		tasks = append(tasks, waiting...)
	}
	return tasks
}

// isWorthAsking reports whether a call for a proof that ended in this way should be made again.
func isWorthAsking(e *zoho.Error) bool {
	return e != nil && e.Kind == zoho.Unanswered && (e.Status == 0 || e.Status >= 500)
}

// refusesToAnswer reports whether a call was refused in Zoho's form. A gateway answers with an
// empty or foreign success, with an error of a server, or with a redirection.
func refusesToAnswer(e *zoho.Error) bool {
	return e != nil && e.Sent && e.Status >= 400 && (e.Kind == zoho.Refused || e.Kind == zoho.Nameless || e.Kind == zoho.Denied)
}
