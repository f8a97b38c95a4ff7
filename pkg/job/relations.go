package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// Settings are what an org says of itself. The client answers it; errors are *zoho.Error.
type Settings interface {
	Org(ctx context.Context) (zoho.Org, error)
	Lists(ctx context.Context, module string) ([]zoho.List, error)
	Renew(err error) bool
}

// Inquiry is what an org is asked before the first call. What it cannot be asked, for want of a scope or an answer, is left
// open, and Notes says so. Only a login that is refused altogether is an error, of type *zoho.Error.
type Inquiry struct {
	Notes []string

	crm      Settings
	accepted bool  // the token was, for some question
	renewed  bool  // it was replaced, once for all
	refused  bool  // it was not, for another
	hopeless error // the login is refused: no other call would fare better
}

// Inquire begins an inquiry.
func Inquire(crm Settings) *Inquiry { return &Inquiry{crm: crm} }

// Org asks the org for its name, type and edition; nil if they are not known.
func (i *Inquiry) Org(ctx context.Context) (*zoho.Org, error) {
	o, err := ask(i, func() (zoho.Org, error) { return i.crm.Org(ctx) })
	switch {
	case err == nil:
		return &o, nil
	case i.hopeless != nil:
		return nil, i.hopeless
	}
	i.Notes = append(i.Notes, fmt.Sprintf("the org does not say its name and edition: %s", unasked(err, "ZohoCRM.org.READ")))
	return nil, nil
}

// Relations asks whether the relations of a plan can be delinked. Where the org does not say, the built-in table decides.
// A relation that cannot is a *Refusal.
func (i *Inquiry) Relations(ctx context.Context, p *Plan) error {
	lists := map[string][]zoho.List{}
	refused := map[string]error{} // modules
	var wrong wrongRelations
	for _, r := range p.Set.Relations() {
		module := r.Relation.Module
		known, asked := lists[module]
		if !asked {
			var err error
			known, err = ask(i, func() ([]zoho.List, error) { return i.crm.Lists(ctx, module) })
			switch {
			case err == nil:
			case i.hopeless != nil:
				return i.hopeless
			case isRefused(err):
				refused[module] = err
			default:
				i.Notes = append(i.Notes, fmt.Sprintf("the org does not say which lists of %s can be delinked: %s", module, unasked(err, "ZohoCRM.settings.related_lists.READ")))
			}
			lists[module] = known
		}
		if err := refused[module]; err != nil {
			wrong.add(r.Relation, &Refusal{Cause: fmt.Sprintf("the org does not accept the module %s", module), Err: err, Hint: "use the module's API name (Setup > Developer Hub > APIs and SDKs > API names)"})
		} else {
			wrong.add(r.Relation, checkRelation(r.Relation, p.Config.Allow, known))
		}
	}
	return wrong.refusal(p)
}

// wrongRelations are the relations that cannot be delinked, and why.
type wrongRelations []wrongRelation

type wrongRelation struct {
	zoho.Relation
	why *Refusal
}

func (w *wrongRelations) add(r zoho.Relation, why *Refusal) {
	if why != nil {
		*w = append(*w, wrongRelation{r, why})
	}
}

// refusal tells of all of them, each with the first line that has it; nil if there are none.
func (w wrongRelations) refusal(p *Plan) error {
	switch rows := w.rows(p); {
	case len(w) == 0:
		return nil
	case len(w) == 1 && p.Header.TellsRelation():
		return &Refusal{Cause: fmt.Sprintf("%s:%d: %s", p.source.name, rows[0].Line, w[0].why), Hint: w[0].why.Hint}
	case len(w) == 1:
		return w[0].why
	default:
		return &Refusal{
			Cause: fmt.Sprintf("%s: %d relations cannot be delinked", p.source.name, len(w)),
			Hint:  "mend their names, or take their rows out",
			Rows:  rows,
		}
	}
}

// rows are the first rows with these relations.
func (w wrongRelations) rows(p *Plan) []*reader.RowError {
	rows := make([]*reader.RowError, len(w))
	for i, wrong := range w {
		line := p.Set.FirstLine(wrong.Relation)
		rows[i] = &reader.RowError{File: p.source.name, Line: line, AtLine: line, Reason: wrong.why.Error(), Hint: wrong.why.Hint}
	}
	slices.SortFunc(rows, func(a, b *reader.RowError) int { return cmp.Compare(a.Line, b.Line) })
	return rows
}

// CheckRelations decides about the relations of a plan where no org is asked.
func (p *Plan) CheckRelations() error {
	var wrong wrongRelations
	for _, r := range p.Set.Relations() {
		wrong.add(r.Relation, checkRelation(r.Relation, p.Config.Allow, nil))
	}
	return wrong.refusal(p)
}

// checkRelation accepts a relation if the org's lists, where they are known, say that it can be delinked, else if the
// built-in table has it, or if the user vouches for it.
func checkRelation(r zoho.Relation, allow []zoho.Relation, lists []zoho.List) *Refusal {
	i := slices.IndexFunc(lists, func(l zoho.List) bool { return l.Name == r.List })
	if i >= 0 && zoho.HoldsRecordsOf(lists[i]) {
		return holdsRecords(r)
	}
	if slices.Contains(allow, r) {
		return nil
	}
	vouch := fmt.Sprintf("; if you know that it can be delinked, add --allow-relation %s", r)
	if lists == nil {
		if zoho.ClassOf(r) == zoho.Supported {
			return nil
		}
		hint := "check the API names"
		if names := zoho.SupportedLists(r.Module); len(names) > 0 {
			hint = fmt.Sprintf("of %s, these can be delinked: %s", r.Module, strings.Join(names, ", "))
		}
		return refusef(hint+vouch, "%s is not known as a relation that can be delinked", r)
	}
	switch {
	case i < 0:
		return refusef(nearest(r, lists)+vouch, "%s has no related list %s in this org", r.Module, r.List)
	case lists[i].Hidden:
		return refusef("show it in the layout of "+r.Module+" (Setup > Modules and Fields), or have an administrator do so",
			"the related list %s of %s is hidden in this org, and calls for it would be refused", r.List, r.Module)
	case lists[i].CanDelink == zoho.No:
		return refusef(nearest(r, lists)+vouch, "%s cannot be delinked in this org", r)
	case lists[i].CanDelink == zoho.NotSaid:
		return checkRelation(r, allow, nil)
	}
	return nil
}

func holdsRecords(r zoho.Relation) *Refusal {
	return refusef("delink removes links only; delete such records in the CRM",
		"%s holds records, not links: delinking would delete them", r)
}

// nearest names the lists of a module that can be delinked, those first whose names are most like the one that was meant.
func nearest(r zoho.Relation, lists []zoho.List) string {
	const most = 8
	var names []string
	for _, l := range lists {
		if !l.Hidden && l.CanDelink == zoho.Yes && !zoho.HoldsRecordsOf(l) {
			names = append(names, l.Name)
		}
	}
	if len(names) == 0 {
		return "no related list of " + r.Module + " can be delinked there"
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(distance(a, r.List), distance(b, r.List)) })
	return fmt.Sprintf("of %s, these can be delinked: %s", r.Module, strings.Join(names[:min(len(names), most)], ", "))
}

// distance is how many letters have to change to make one name of another (Levenshtein), whatever their case.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

// ask asks, and once more with another token if the first one is not accepted: a kept token may have died since. A missing
// scope comes with 401 as well, and not always with its name (R), so a second 401 is the login's end only if no question is
// accepted: it waits for the next one.
func ask[T any](i *Inquiry, question func() (T, error)) (T, error) {
	v, err := question()
	if !i.renewed && i.crm.Renew(err) {
		i.renewed = true
		v, err = question()
	}
	var e *zoho.Error
	switch {
	case err == nil:
		i.accepted = true
	case !errors.As(err, &e):
	case e.Kind == zoho.Denied && e.Scope == zoho.ScopeRun:
		i.hopeless = err
	case e.Kind == zoho.Denied || e.Kind == zoho.Refused:
		i.accepted = true
	case e.Kind == zoho.BadToken && i.refused && !i.accepted:
		i.hopeless = err
	case e.Kind == zoho.BadToken:
		i.refused = true
	}
	return v, err
}

// isRefused reports whether the org refused the module itself.
func isRefused(err error) bool {
	var e *zoho.Error
	return errors.As(err, &e) && e.Code == "INVALID_MODULE"
}

func unasked(err error, scope string) string {
	var e *zoho.Error
	if errors.As(err, &e) && e.Kind == zoho.Denied {
		return fmt.Sprintf("%s (%s allows it)", e, scope)
	}
	return err.Error()
}
