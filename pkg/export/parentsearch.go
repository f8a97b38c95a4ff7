package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// The limits of a query: the larger one that Zoho's documents name, and the smaller one.
const (
	mostOfQuery  = 2000
	leastOfQuery = 200
)

// query finds the parent records that meet a condition. Each call asks for the records behind the
// last one, so that records that come and go meanwhile shift nothing.
type query struct {
	x       *run
	where   string
	limit   int
	last    zoho.ID
	before  zoho.ID     // the last record before the latest page
	more    bool        // the latest page said that there is another one
	empty   int         // times in which there was none
	noNames *zoho.Error // why the names are not asked for; nil if they are
	page    zoho.Page
}

func (q *query) Settled() bool { return false }

func (q *query) Call(ctx context.Context, t zoho.Token) (err error) {
	fields := "id"
	if q.noNames == nil {
		fields += ", " + zoho.NameField(q.x.config.Relation.Module)
	}
	q.page, err = q.x.crm.Query(ctx, t, fmt.Sprintf("select %s from %s where (%s) and (id > %s) order by id limit %d",
		fields, q.x.config.Relation.Module, q.where, q.last, q.limit))
	return err
}

func (q *query) Heard(e *zoho.Error) (more bool, err error) {
	switch {
	case e == nil:
	case e.Has(zoho.CodeLimitExceeded) && q.limit > leastOfQuery:
		q.limit = leastOfQuery
		return true, nil
	case e.Kind == zoho.Refused && q.noNames == nil && q.last == 0: // the name may be what is refused
		q.noNames = e
		return true, nil
	case e.Kind == zoho.Refused && q.last == 0:
		return false, q.refusal(e)
	default:
		return false, e
	}
	if len(q.page.Records) == 0 && q.more {
		return q.lookAgain(), nil
	}
	if q.noNames != nil && q.last == 0 && q.empty == 0 {
		q.x.notef("the names of %s are left out: %s", q.x.config.Relation.Module, q.noNames)
	}
	q.before, q.more = q.last, q.page.More
	for _, r := range q.page.Records {
		if r.ID <= q.last {
			return false, fmt.Errorf("the CRM does not give the records of %s in the order of their ids", q.x.config.Relation.Module)
		}
		q.last = r.ID
	}
	err = q.x.add(q.page.Records)
	return err == nil && (q.page.More || len(q.page.Records) >= q.limit), err
}

// lookAgain asks once more for the latest page, which said that another one follows. If those
// records were deleted meanwhile, it does not say so again. What it has is there twice then: see
// arrange.
func (q *query) lookAgain() (more bool) {
	if q.empty++; q.empty > mostEmpty {
		q.x.unlistedBehind(len(q.x.parents))
		return false
	}
	q.last = q.before
	return true
}

// mostEmpty is how often a page may be empty although the one before says that it is not.
const mostEmpty = 3

// unlistedBehind notes that the CRM lists no more than the first parent records.
func (x *run) unlistedBehind(listed int) {
	x.unlisted = fmt.Sprintf("the CRM says that there are more %s than the %d that it lists", x.config.Relation.Module, listed)
}

// refusal says that the CRM does not accept the condition.
func (q *query) refusal(e *zoho.Error) error {
	hint := "write it as in End_Date < '2025-01-01', with API names of fields; three conditions need brackets: (a and b) and c"
	switch {
	case e.Has(zoho.CodeInvalidQuery):
		hint = "use the API names of fields, such as End_Date (" + zoho.PlaceOfNames + ")"
	case e.Has(zoho.CodeInvalidModule):
		hint = "use the module's API name (" + zoho.PlaceOfNames + ")"
	}
	return &job.Refusal{Cause: fmt.Sprintf("the CRM does not accept the condition %q", q.where), Err: e, Hint: hint}
}

// records finds all parent records of a module, or those of a view.
type records struct {
	x     *run
	view  zoho.ID
	pages *pager
	page  zoho.Page
	tries int
	sum   uint64 // of an earlier reading by numbers
	read  bool   // there was such a reading
}

func (x *run) newRecords(view zoho.ID) *records {
	r := &records{x: x, view: view}
	r.begin(false)
	return r
}

func (r *records) begin(noTokens bool) {
	r.x.parents = r.x.parents[:0]
	r.x.found.Store(0)
	r.pages = newPager(zoho.PageOf{Fields: []string{zoho.NameField(r.x.config.Relation.Module)}, WithoutApproved: r.x.refused.approved}, noTokens)
}

func (r *records) Settled() bool { return false }

func (r *records) Call(ctx context.Context, t zoho.Token) (err error) {
	r.page, err = r.x.crm.Records(ctx, t, r.x.config.Relation.Module, r.view, r.pages.PageOf)
	return err
}

func (r *records) Heard(e *zoho.Error) (more bool, err error) {
	switch {
	case e == nil:
	case e.IsAbout("approved") && !r.pages.WithoutApproved:
		r.x.refusesApproved()
		r.begin(r.pages.noTokens)
		return true, nil
	case e.IsAbout("page_token") && r.again():
		r.begin(r.pages.read < lastByNumber)
		return true, nil
	default:
		return false, e
	}
	if err := r.x.add(r.page.Records); err != nil {
		return false, err
	}
	state := r.pages.add(r.page)
	switch state {
	case morePages:
		return true, nil
	case atEnd:
		sum := r.pages.sum.Sum64()
		if !r.pages.byNumber || r.read && sum == r.sum {
			return false, nil
		}
		r.read, r.sum = true, sum
	case truncated:
		r.x.unlisted = fmt.Sprintf("the CRM lists no more than %d parent records in this way", r.pages.read)
		return false, nil
	case listChanged, noAnswer:
	}
	listed := r.pages.read
	if r.again() {
		r.begin(r.pages.noTokens)
		return true, nil
	}
	if state == noAnswer {
		r.x.unlistedBehind(listed)
		return false, nil
	}
	r.x.unlisted = "parent records were added or removed while they were listed"
	return false, nil
}

// again reports whether the records can be listed once more.
func (r *records) again() bool {
	r.tries++
	return r.tries <= 3
}

// mostNames is how many records a query for names asks about.
const mostNames = 50

// names asks for the names of parent records whose ids are known.
type names struct {
	x    *run
	ids  []zoho.ID
	page zoho.Page
}

func (n *names) Settled() bool {
	if n.x.refused.names {
		n.x.unnamed(n.ids)
	}
	return n.x.refused.names
}

func (n *names) Call(ctx context.Context, t zoho.Token) (err error) {
	ids := make([]string, len(n.ids))
	for i, id := range n.ids {
		ids[i] = id.String()
	}
	module := n.x.config.Relation.Module
	n.page, err = n.x.crm.Query(ctx, t, fmt.Sprintf("select id, %s from %s where id in (%s) order by id limit %d",
		zoho.NameField(module), module, strings.Join(ids, ","), leastOfQuery))
	return err
}

// Heard goes on without the names if they cannot be had. Whether the records are there shows when
// their links are listed.
func (n *names) Heard(e *zoho.Error) (more bool, err error) {
	if e != nil {
		if !n.x.refused.names {
			n.x.notef("the names of %s are left out: %s", n.x.config.Relation.Module, e)
		}
		n.x.refused.names = true
		n.x.unnamed(n.ids)
		return false, nil
	}
	n.page.Records = slices.DeleteFunc(n.page.Records, func(r zoho.Record) bool { return !slices.Contains(n.ids, r.ID) })
	err = n.x.add(n.page.Records)
	n.x.unnamed(slices.DeleteFunc(slices.Clone(n.ids), func(id zoho.ID) bool {
		return slices.ContainsFunc(n.page.Records, func(r zoho.Record) bool { return r.ID == id })
	}))
	return false, err
}

// unnamed adds parent records without names.
func (x *run) unnamed(ids []zoho.ID) {
	for _, id := range ids {
		x.parents = append(x.parents, parent{id: id, counted: -1})
	}
	x.found.Store(int64(len(x.parents)))
}
