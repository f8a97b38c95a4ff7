package probe

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// prepare looks at the link and finds out what can be found out without a change.
func (p *probe) prepare() error {
	p.tell("looking at the link")
	p.api, _ = p.CRM.Base(p.stop)
	if err := p.readFields(); err != nil {
		return err
	}
	p.pageFacts()
	p.queryFact()
	return nil
}

// readFields reads the link's own fields, as an undo would read them, and by name.
func (p *probe) readFields() error {
	t := p.Target
	plain, call, err := p.lookPlain()
	if err != nil {
		return err
	}
	if !plain.Linked {
		return &job.Refusal{
			Cause: fmt.Sprintf("%s %s has no link to %s in %s: there is nothing to probe", t.Relation.Module, t.Parent, t.Related, t.Relation.List),
			Hint:  "choose a link that is there, and that nobody needs",
		}
	}
	p.report.Fields = plain.Fields
	fields := zoho.FieldsToAskFor(t.Relation)
	p.asked = fields
	named := plain
	if p.asked != nil {
		if named, err = p.look(t, p.asked); err != nil { // this org does not know the name
			p.asked, named = nil, plain
		}
	}
	if named.Linked && len(named.Fields) >= len(plain.Fields) {
		p.report.Fields = named.Fields
	}
	p.ownFieldsFact(plain.Fields, named.Fields)
	if slices.Contains(fields, zoho.MemberInfo) {
		p.memberFact(call)
	}
	mandatory := zoho.MandatoryField(t.Relation)
	if mandatory == "" {
		return nil
	}
	if mandatory == "list_price" {
		p.shownFact(p.report.Fields[mandatory] != "")
	}
	if p.report.Fields[mandatory] == "" && p.report.Fields[mandatory+".id"] == "" {
		p.report.Blocked = fmt.Sprintf("this org does not show the link's %s, without which it could not be linked again", mandatory)
	}
	return nil
}

// lookPlain reads the link with fields=id. An org that refuses the parameter approved is asked
// without it.
func (p *probe) lookPlain() (zoho.LinkState, zoho.Exchange, error) {
	ids := []zoho.ID{p.Target.Related}
	states, call, err := p.lookFor(p.Target, ids, nil)
	if err != nil && zoho.AsError(err).IsAbout("approved") {
		p.report.fact(ApprovedParameter, p.Target.Relation, "refused", "reads refuse the parameter approved; they may hide records that are not approved")
		p.withoutApp = true
		states, call, err = p.lookFor(p.Target, ids, nil)
	} else if err == nil {
		p.report.fact(ApprovedParameter, p.Target.Relation, "accepted", "reads accept the parameters converted and approved")
	}
	if err != nil {
		return zoho.LinkState{}, call, err
	}
	return states[0], call, nil
}

func (p *probe) ownFieldsFact(plain, named zoho.Fields) {
	r := p.Target.Relation
	switch {
	case len(plain) == 0 && len(named) == 0:
		p.report.fact(OwnFieldsWithID, r, "none", "no read shows any fields of the link itself")
	case len(plain) == 0:
		p.report.fact(OwnFieldsWithID, r, "asked", "a read shows the link's own fields only if they are asked for: "+names(named))
	default:
		p.report.fact(OwnFieldsWithID, r, "shown", "a read with fields=id shows the link's own fields: "+names(plain))
	}
}

// memberFact says what $member_info has. The answer to the read by name is the last one.
func (p *probe) memberFact(plain zoho.Exchange) {
	shape := plain.Shape
	if n := len(p.report.Calls); n > 0 {
		shape += p.report.Calls[n-1].Shape
	}
	_, inside, found := strings.Cut(shape, `"`+zoho.MemberInfo+`":{`)
	inside, _, _ = strings.Cut(inside, "}")
	switch {
	case !found:
		p.report.fact(MemberInfo, p.Target.Relation, "missing", "there is no "+zoho.MemberInfo+" in what reads show")
	case strings.Contains(inside, `"id":`):
		p.report.fact(MemberInfo, p.Target.Relation, "full", zoho.MemberInfo+" has the link's own id beside its fields")
	default:
		p.report.fact(MemberInfo, p.Target.Relation, "fields", zoho.MemberInfo+" has the link's fields alone")
	}
}

func (p *probe) shownFact(shown bool) {
	if shown {
		p.report.fact(ListPrice, p.Target.Relation, "shown", "reads show list_price")
		return
	}
	p.report.fact(ListPrice, p.Target.Relation, "hidden", "reads do not show list_price")
}

// pageFacts find out about the order of lists.
func (p *probe) pageFacts() {
	t := p.Target
	var page zoho.Page
	_, err := p.call(StepPage, mostAttempts, func(ctx context.Context, token zoho.Token) (err error) {
		page, err = p.CRM.Links(ctx, token, t.Relation, t.Parent, zoho.PageOf{WithoutApproved: p.withoutApp})
		return err
	})
	ids := make([]zoho.ID, len(page.Records))
	for i, r := range page.Records {
		ids[i] = r.ID
	}
	switch {
	case err != nil:
		p.report.fact(PageOrder, t.Relation, "refused", "a page by ascending id was not to be had: "+err.Error())
		return
	case len(ids) < 2:
		p.report.fact(PageOrder, t.Relation, "unknown", "the parent record has too few links to tell in which order they come")
		return
	}
	p.report.fact(PageOrder, t.Relation, "by id", "pages come by ascending id, as asked")
	if len(ids) < 3 {
		return
	}
	asked := []zoho.ID{ids[1], ids[2], ids[0]}
	_, call, err := p.lookFor(t, asked, nil)
	if err != nil {
		return
	}
	order := "other"
	switch got := call.IDs; {
	case slices.Equal(got, asked):
		order = "as asked"
	case slices.IsSorted(got):
		order = "ascending"
	case slices.IsSortedFunc(got, func(a, b zoho.ID) int { return cmp.Compare(b, a) }):
		order = "descending"
	}
	p.report.fact(LookUpOrder, t.Relation, order, "a look-up of several ids answers in this order: "+order)
}

// The limits of a query that documents name (docs/zoho-api.md, section 6.2).
var queryLimits = []int{2000, 200}

// queryFact finds the largest limit of a query.
func (p *probe) queryFact() {
	module := p.Target.Relation.Module
	var last error
	for _, limit := range queryLimits {
		_, err := p.call(StepQuery, mostAttempts, func(ctx context.Context, token zoho.Token) error {
			_, err := p.CRM.Query(ctx, token, fmt.Sprintf("select id from %s where id > 0 limit %d", module, limit))
			return err
		})
		if err == nil {
			p.report.fact(QueryLimit, zoho.Relation{}, fmt.Sprint(limit), fmt.Sprintf("queries accept a limit of %d", limit))
			return
		}
		if last = err; !zoho.AsError(err).Has(zoho.CodeLimitExceeded) {
			break
		}
	}
	p.report.fact(QueryLimit, zoho.Relation{}, "unknown", "could not be found out: "+last.Error())
}

// looksAfter are the waits between looks at a link that was changed.
var looksAfter = []time.Duration{
	0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second,
}

// lag measures how long it takes until a look shows a change. ends is what the change is.
func (p *probe) lag(point Point, t Target, ends string, shown func(zoho.LinkState) bool) error {
	p.tell("looking when a read shows it as %s", ends)
	for i, wait := range looksAfter {
		if !sleep(p.stop, wait) {
			return errInterrupted
		}
		after := time.Since(p.changed)
		state, err := p.look(t, nil)
		switch {
		case err != nil:
			return err
		case shown(state) && i == 0:
			p.report.fact(point, t.Relation, "0", "the first read shows it as "+ends)
			return nil
		case shown(state):
			p.report.fact(point, t.Relation, fmt.Sprintf("%.1f", after.Seconds()), fmt.Sprintf("a read shows it as %s after %.1f s, not before", ends, after.Seconds()))
			return nil
		}
	}
	p.report.fact(point, t.Relation, "never", fmt.Sprintf("reads did not show it as %s within %d s", ends, int(time.Since(p.changed).Seconds())))
	return nil
}

// sleep waits, and reports whether ctx has not ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// said is what an answer said of the link.
func said(item zoho.Item, call zoho.Exchange) string {
	text := fmt.Sprintf("HTTP %d, %s", call.Status, item.Code)
	if item.Message != "" {
		text += fmt.Sprintf(" %q", item.Message)
	}
	return text
}

func status(call zoho.Exchange) string { return fmt.Sprint(call.Status) }

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func namesID(call zoho.Exchange, id zoho.ID) string {
	if slices.Contains(call.IDs, id) {
		return "the answer names the id"
	}
	return "the answer does not name the id"
}

// names are the names of fields, sorted.
func names(f zoho.Fields) string { return strings.Join(slices.Sorted(maps.Keys(f)), ", ") }
