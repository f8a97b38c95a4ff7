package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/relation"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// CRM makes the calls of a probe. Errors are of type *zoho.Error.
type CRM interface {
	engine.API
	Base(ctx context.Context) (string, error)
	Query(ctx context.Context, t zoho.Token, query string) (zoho.Page, error)
	Links(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, p zoho.PageOf) (zoho.Page, error)
	LookUp(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID, what zoho.LookFor) ([]zoho.LinkState, error)
	Delink(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error)
	Link(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, links []zoho.NewLink) (zoho.Answer, error)
}

// Plan is a probe that is about to begin.
type Plan struct {
	CRM    CRM
	Seen   *zoho.Exchanges // that the calls of CRM are told to
	Limits engine.Settings
	Target Target
	Other  zoho.Relation // the other side, if the link is to be removed from there as well; else none
	OrgID  string        // empty if it is not known
	Disk   disk.Disk
	Record string // the file in which to write down how the link was

	// Confirm asks a person. fields are those of the link. If it returns an error, nothing was
	// changed and Run returns that error. If ctx ends first, it returns nil.
	Confirm func(ctx context.Context, fields zoho.Fields) error
	// Opening is called before the first change. An error ends the probe. It may be nil.
	Opening func() error
	// Tell takes what the probe is about to do. It may be nil.
	Tell func(step string)
}

// probe is a probe under way.
type probe struct {
	Plan
	stop, hard context.Context
	report     *Report
	api        string
	withoutApp bool      // this org does not know the parameter approved
	asked      []string  // fields that have to be asked for by name
	touched    bool      // something was sent that changes the link
	open       bool      // the link may be removed, and no answer since says that it was made again
	changed    time.Time // when the last answer to a change came
	seen       int       // exchanges that were noted
	credits    int       // what the last answer said is left; -1 if nothing
}

// Why a probe ends early.
var (
	errInterrupted = errors.New("it was interrupted")
	errDeleted     = errors.New("the CRM says that it deleted a record")
)

// IsInterrupted reports whether a probe ended early because it was told to stop.
func IsInterrupted(err error) bool { return errors.Is(err, errInterrupted) }

// Run takes a link through a removal and back. When stop ends, it takes no further step and puts
// the link back. When hard ends, it gives up even that.
//
// If Run returns an error, nothing was changed. Else the report says how the link was left.
func Run(stop, hard context.Context, plan Plan) (*Report, error) {
	p := newProbe(stop, hard, plan)
	if zoho.ClassOf(plan.Target.Relation) == zoho.HoldsRecords { // whatever the caller has checked
		return nil, &job.Refusal{Cause: relation.HoldsRecordsAlways(plan.Target.Relation).Error()}
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	if p.report.Blocked != "" {
		p.report.Restored = true
		p.creditsFact()
		return p.report, nil
	}
	if err := p.Confirm(stop, p.report.Fields); err != nil {
		return nil, err
	}
	if p.Opening != nil {
		if err := p.Opening(); err != nil {
			return nil, err
		}
	}
	if stop.Err() != nil {
		return nil, &job.Stopped{Reason: outcome.ReasonOf(stop)}
	}
	p.report.Err = p.steps()
	p.finish()
	return p.report, nil
}

func newProbe(stop, hard context.Context, plan Plan) *probe {
	_, n := plan.Seen.Since(0)
	return &probe{Plan: plan, stop: stop, hard: hard, report: &Report{Target: plan.Target}, credits: -1, seen: n}
}

// steps are all that change the link, in order.
func (p *probe) steps() error {
	if err := p.relinkWhileLinked(); err != nil {
		return err
	}
	if err := p.side(p.Target); err != nil {
		return err
	}
	if p.Other == (zoho.Relation{}) || p.open {
		return nil
	}
	other := p.Target.from(p.Other)
	p.tell("looking at the link from the other side, %s", p.Other)
	state, err := p.look(other, p.asked)
	switch {
	case p.stop.Err() != nil:
		return errInterrupted
	case err != nil:
		p.report.fact(SameLink, p.Other, "refused", "cannot be read from there: "+err.Error())
		return nil //nolint:nilerr // that is what the probe was to find out
	case !state.Linked:
		p.report.fact(SameLink, p.Other, "another", "does not show the link: it was not touched from there")
		return nil
	}
	p.report.fact(SameLink, p.Other, "same", "shows the same link")
	return p.side(other)
}

// relinkWhileLinked links a link that is there, with the fields that it has. It shows whether the
// link can be made again before it is removed.
func (p *probe) relinkWhileLinked() error {
	p.tell("linking it once more while it is there, to see that this is allowed")
	item, call, err := p.link(StepRelinkWhileLinked, p.Target)
	switch {
	case err != nil:
		return fmt.Errorf("it cannot be linked again, so it was not removed: %w", err)
	case item.Verdict != zoho.Linked:
		return fmt.Errorf("it cannot be linked again, so it was not removed: %s", said(item, call))
	}
	p.report.fact(LinkWhileLinked, p.Target.Relation, status(call), said(item, call))
	return nil
}

// side removes the link from one side and links it again from there.
func (p *probe) side(t Target) error {
	p.tell("removing the link from %s %s", t.Relation.Module, t.Parent)
	item, call, err := p.delink(StepDelink, t)
	switch {
	case err != nil && p.isOther(t) && !unclear(err): // this side is refused, which is a fact, too
		p.open = false
		p.report.fact(Removal, t.Relation, "refused", err.Error())
		return nil
	case err != nil:
		return err
	}
	p.report.fact(Removal, t.Relation, status(call), said(item, call))
	switch {
	case item.Verdict == zoho.Removed:
	case p.isOther(t): // it is made sure that the link is there
		return nil
	default:
		return fmt.Errorf("the link was there, and it was not removed: %s", said(item, call))
	}
	p.report.fact(NamesID, t.Relation, yesNo(slices.Contains(call.IDs, t.Related)), namesID(call, t.Related))
	if err := p.lag(ReadAfterDelink, t, "gone", func(s zoho.LinkState) bool { return !s.Linked }); err != nil {
		return err
	}
	p.tell("removing it once more, now that it is not there")
	item, call, err = p.delink(StepDelinkAgain, t)
	if err == nil {
		p.report.fact(AllBadBatch, t.Relation, status(call), said(item, call))
	} else if e := zoho.AsError(err); e.Status != 0 && !unclear(err) {
		p.report.fact(AllBadBatch, t.Relation, status(call), fmt.Sprintf("HTTP %d for the entire call: %s", e.Status, err))
	} else {
		return err
	}
	return p.back(t)
}

// back links the link again, and looks whether it is as it was.
func (p *probe) back(t Target) error {
	p.tell("linking it again from %s %s", t.Relation.Module, t.Parent)
	item, call, err := p.link(StepLink, t)
	switch {
	case err != nil && p.isOther(t): // it is put back from the user's side
		p.report.fact(LinkAgain, t.Relation, "refused", err.Error())
		return nil
	case err != nil:
		return err
	}
	p.report.fact(LinkAgain, t.Relation, status(call), said(item, call))
	if item.Verdict != zoho.Linked {
		if p.isOther(t) {
			return nil
		}
		return fmt.Errorf("it was not linked again: %s", said(item, call))
	}
	if err := p.lag(ReadAfterLink, t, "there", func(s zoho.LinkState) bool { return s.Linked }); err != nil {
		return err
	}
	state, err := p.look(t, p.asked)
	if err != nil {
		return err
	}
	switch lost := differing(p.report.Fields, state.Fields); {
	case len(p.report.Fields) == 0:
		p.report.fact(FieldsBack, t.Relation, "none", "the link has no fields of its own")
	case len(lost) == 0:
		p.report.fact(FieldsBack, t.Relation, "same", "the link has its own fields again: "+names(p.report.Fields))
	default:
		p.report.fact(FieldsBack, t.Relation, "lost", "not as they were: "+strings.Join(lost, ", "))
	}
	return nil
}

// isOther reports whether a target is seen from the other side than the user's.
func (p *probe) isOther(t Target) bool { return t.Relation != p.Target.Relation }

// unclear reports whether nobody knows what became of a call.
func unclear(err error) bool {
	switch zoho.AsError(err).Kind {
	case zoho.Unanswered, zoho.Unsent, zoho.Throttled, zoho.BadToken:
		return true
	case zoho.Refused, zoho.Nameless, zoho.Denied:
	}
	return false
}

// delink removes the link, in one attempt.
func (p *probe) delink(step Step, t Target) (zoho.Item, zoho.Exchange, error) {
	if err := p.before(step); err != nil {
		return zoho.Item{}, zoho.Exchange{}, err
	}
	p.open = true
	var a zoho.Answer
	call, err := p.call(step, 1, func(ctx context.Context, token zoho.Token) (err error) {
		a, err = p.CRM.Delink(ctx, token, t.Relation, t.Parent, []zoho.ID{t.Related})
		return err
	})
	p.changed = time.Now()
	if a.Deleted || len(a.Items) == 1 && a.Items[0].Verdict == zoho.Deleted {
		p.report.Deleted = true
		return zoho.Item{}, call, errDeleted
	}
	if err != nil {
		return zoho.Item{}, call, err
	}
	return a.Items[0], call, nil
}

// link makes the link, with the fields that it had. Doing so twice is as good as once.
func (p *probe) link(step Step, t Target) (zoho.Item, zoho.Exchange, error) {
	if err := p.before(step); err != nil {
		return zoho.Item{}, zoho.Exchange{}, err
	}
	var a zoho.Answer
	call, err := p.call(step, mostAttempts, func(ctx context.Context, token zoho.Token) (err error) {
		a, err = p.CRM.Link(ctx, token, t.Relation, t.Parent, []zoho.NewLink{{ID: t.Related, Fields: p.report.Fields}})
		return err
	})
	p.changed = time.Now()
	if err != nil {
		return zoho.Item{}, call, err
	}
	if a.Items[0].Verdict == zoho.Linked {
		p.open = false
	}
	return a.Items[0], call, nil
}

// mostAttempts is how often a call that can be repeated is made if it goes unanswered.
const mostAttempts = 3

// before is called before each step that changes something. It writes down how the link was. After
// an interruption only the step that restores the link goes on.
func (p *probe) before(step Step) error {
	if p.stop.Err() != nil && step != StepRestore {
		return errInterrupted
	}
	if step == StepRestore && p.touched { // it is on disk already
		return nil
	}
	t := p.Target
	r := Record{
		Format: recordFormat, Time: time.Now().UTC().Truncate(time.Second), OrgID: p.OrgID, API: p.api,
		Module: t.Relation.Module, Parent: t.Parent.String(), List: t.Relation.List, Related: t.Related.String(),
		Fields: p.report.Fields, Step: step,
	}
	if err := r.write(p.Disk, p.Record); err != nil {
		return fmt.Errorf("%s cannot be written: %w", p.Record, err)
	}
	p.report.Record = p.Record
	p.touched = true
	return nil
}

// call makes one call, and notes what passed over the wire. The last exchange is that of the
// answer. Before anything was changed, an interruption cuts calls off; afterwards they are finished.
func (p *probe) call(step Step, attempts int, ask func(context.Context, zoho.Token) error) (zoho.Exchange, error) {
	ctx := p.stop
	if p.touched {
		ctx = p.hard
	}
	limits := p.Limits
	limits.MaxAttempts = attempts
	err := worker.AskOne(ctx, p.CRM, func(ctx context.Context) error {
		t, err := p.CRM.Token(ctx)
		if err != nil {
			return err
		}
		return ask(ctx, t)
	}, limits)
	passed, n := p.Seen.Since(p.seen)
	p.report.note(step, passed, p.credits)
	p.seen = n
	if len(passed) == 0 {
		return zoho.Exchange{}, err
	}
	last := passed[len(passed)-1]
	p.credits = last.Credits
	return last, err
}

// look reads the link, with its own fields. fields are asked for by name.
func (p *probe) look(t Target, fields []string) (state zoho.LinkState, err error) {
	states, _, err := p.lookFor(t, []zoho.ID{t.Related}, fields)
	if err != nil {
		return state, err
	}
	return states[0], nil
}

func (p *probe) lookFor(t Target, ids []zoho.ID, fields []string) (states []zoho.LinkState, call zoho.Exchange, err error) {
	call, err = p.call(StepLook, mostAttempts, func(ctx context.Context, token zoho.Token) (err error) {
		states, err = p.CRM.LookUp(ctx, token, t.Relation, t.Parent, ids, zoho.LookFor{Fields: fields, WithoutApproved: p.withoutApp})
		return err
	})
	return states, call, err
}

func (p *probe) tell(format string, args ...any) {
	if p.Tell != nil {
		p.Tell(fmt.Sprintf(format, args...))
	}
}
