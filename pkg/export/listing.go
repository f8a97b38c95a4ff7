package export

import (
	"context"
	"fmt"
	"strings"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// Codes of ours, for parent records that cannot be closed.
const (
	CodeNotCounted = "NOT_COUNTED"    // the CRM does not say how many links there are
	CodeMiscounted = "COUNT_DIFFERS"  // it counts more or fewer links than it lists
	CodeChanged    = "LIST_CHANGED"   // links came and went while they were listed
	CodeTooMany    = "TOO_MANY_LINKS" // it does not list all of them
)

// failure is why a parent record cannot be closed.
type failure struct {
	code   string
	reason string
	denied *zoho.Error // the login may not do this; nil if that is not the reason
}

func failureOf(e *zoho.Error) failure {
	f := failure{code: e.Code, reason: e.Error()}
	if e.Kind == zoho.Denied {
		f.denied = e
	}
	return f
}

// counting counts the links of a parent record.
type counting struct {
	x *run
	p *parent
	n int
}

// Settled reports whether the list is refused: no parent record of it can be counted.
func (c *counting) Settled() bool { return c.x.refused.list != nil }

func (c *counting) Call(ctx context.Context, t zoho.Token) (err error) {
	c.n, err = c.x.crm.Count(ctx, t, c.x.config.Relation, c.p.id)
	return err
}

// Heard keeps the count. A run that stops early need not count again: there may be more parent
// records than one run may make calls. If there is no count, the links are listed all the same.
func (c *counting) Heard(e *zoho.Error) (more bool, err error) {
	c.x.counted.Add(1)
	if e == nil {
		c.p.counted = c.n
		c.x.engine.Wrote()
		return false, c.x.spool.count(c.p.id, c.n)
	}
	c.x.notCounted[c.p.id] = e
	return false, nil
}

// listing lists the links of one parent record.
type listing struct {
	x *run
	p *parent

	attempt  int
	step     step
	pages    *pager
	wanted   map[zoho.ID]bool // links that are wanted and were not met yet, if not all are
	noTokens bool
	begun    bool // the spool has the beginning of this attempt
	shown    int  // links that the progress has of this parent record

	sum, sumBefore uint64 // of this attempt and of the one before, if it came to its end
	byNumber       bool   // pages of this attempt were reached by their numbers

	page zoho.Page // the answer
	n    int
}

// step is a part of a listing.
type step int

const (
	recount step = iota // count again
	choose              // list the links whose records are wanted
	list                // list all links
)

// attempts is how often the links of a parent record are listed until it closes. A list that was
// read by numbers needs two readings that agree.
const (
	attempts         = 2
	attemptsByNumber = 3
)

func (x *run) newListing(p *parent) *listing {
	l := &listing{x: x, p: p, attempt: 1}
	if p.counted >= 0 || x.notCounted[p.id] != nil {
		l.start()
	}
	return l
}

// start begins with the first page.
func (l *listing) start() {
	c := &l.x.config
	l.sum, l.byNumber, l.wanted = 0, false, nil
	if c.Converted == Both && c.Approved == Both {
		l.listAll()
		return
	}
	l.step, l.wanted = choose, map[zoho.ID]bool{}
	l.pages = newPager(zoho.PageOf{Converted: c.Converted.value(), Approved: c.Approved.value(), WithoutApproved: l.x.refused.approved}, l.noTokens)
}

func (l *listing) listAll() {
	l.step, l.begun = list, false
	l.pages = newPager(zoho.PageOf{Fields: l.x.config.apiFields(), WithoutApproved: l.x.refused.approved}, l.noTokens)
}

// CallsLeft goes by the number of links that were counted.
func (l *listing) CallsLeft() int {
	pages := l.p.pagesCounted()
	switch l.step {
	case recount:
		return l.x.config.readings() * pages
	case choose:
		return max(0, pages-1-l.pages.read/perPage) + pages
	case list:
	}
	return max(0, pages-1-l.pages.read/perPage)
}

// Settled settles a parent record without a call if the list is refused.
func (l *listing) Settled() bool {
	e := l.x.refused.list
	if e != nil {
		l.fail(failureOf(e))
	}
	return e != nil
}

func (l *listing) Call(ctx context.Context, t zoho.Token) (err error) {
	if l.step == recount {
		l.n, err = l.x.crm.Count(ctx, t, l.x.config.Relation, l.p.id)
	} else {
		l.page, err = l.x.crm.Links(ctx, t, l.x.config.Relation, l.p.id, l.pages.PageOf)
	}
	return err
}

// Heard takes the answer to a call.
func (l *listing) Heard(e *zoho.Error) (more bool, err error) {
	switch {
	case e != nil:
		return l.refused(e)
	case l.step == recount:
		l.p.counted = l.n
		delete(l.x.notCounted, l.p.id)
		l.start()
		return true, nil
	}
	list := l.pages.add(l.page)
	if list != listChanged {
		if err := l.keep(); err != nil {
			return false, err
		}
	}
	switch list {
	case morePages:
		return true, nil
	case listChanged:
		return l.tryAgain(failure{code: CodeChanged, reason: "links were added or removed while they were listed"}), nil
	case truncated:
		l.fail(failure{code: CodeTooMany, reason: fmt.Sprintf("the CRM lists no more than %d links of a parent record%s", l.pages.read, l.ofCounted())})
		return false, nil
	case atEnd:
	}
	l.sum = l.sum*31 + l.pages.sum.Sum64()
	l.byNumber = l.byNumber || l.pages.byNumber
	if l.step == choose {
		l.listAll()
		return true, nil
	}
	return l.check()
}

// ofCounted says how many links were counted, if they were.
func (l *listing) ofCounted() string {
	if l.p.counted < 0 {
		return ""
	}
	return fmt.Sprintf(", and counts %d", l.p.counted)
}

// keep writes down the links of a page.
func (l *listing) keep() error {
	if l.step == choose {
		for _, r := range l.page.Records {
			l.wanted[r.ID] = true
		}
		return nil
	}
	if !l.begun { // the first page
		l.begun = true
		l.p.pages, l.p.listed = nil, 0
		if err := l.x.spool.begin(l.p.id); err != nil {
			return err
		}
	}
	if len(l.page.Records) == 0 {
		return nil
	}
	links := make([]link, len(l.page.Records))
	for i, r := range l.page.Records {
		links[i] = link{ID: r.ID, Own: r.Own, Fields: r.Fields, Not: l.wanted != nil && !l.wanted[r.ID]}
		delete(l.wanted, r.ID)
	}
	at, err := l.x.spool.page(l.p.id, links)
	if err != nil {
		return err
	}
	l.p.pages = append(l.p.pages, at)
	l.p.listed += len(links)
	if more := l.p.listed - l.shown; more > 0 {
		l.x.engine.Count(more)
		l.shown = l.p.listed
	}
	l.x.engine.Wrote()
	return nil
}

// check closes the parent record if its list is whole.
func (l *listing) check() (more bool, err error) {
	p := l.p
	switch e := l.x.notCounted[p.id]; {
	case e != nil:
		l.fail(failure{code: CodeNotCounted, reason: fmt.Sprintf("%d links were listed, and nothing shows that these are all: the CRM does not count them: %s", p.listed, e)})
		return false, nil
	case len(l.wanted) > 0:
		return l.tryAgain(failure{code: CodeChanged, reason: "links were removed, or their records changed, while they were listed"}), nil
	case p.listed != p.counted:
		reason := fmt.Sprintf("the CRM counts %d links and lists %d", p.counted, p.listed)
		if l.x.refused.approved && p.listed < p.counted {
			reason += "; it does not list links of records that are not approved"
		}
		return l.tryAgain(failure{code: CodeMiscounted, reason: reason}), nil
	case l.byNumber && l.sum != l.sumBefore:
		return l.tryAgain(failure{code: CodeChanged, reason: "links were added or removed while they were listed"}), nil
	}
	p.state = closed
	if err := l.x.spool.close(p.id, p.listed); err != nil {
		return false, err
	}
	l.x.engine.Wrote()
	return false, nil
}

// refused takes a call that was refused, or went unanswered to the last attempt.
func (l *listing) refused(e *zoho.Error) (more bool, err error) {
	c := &l.x.config
	switch {
	case l.step == recount:
		l.x.notCounted[l.p.id] = e
		l.start()
		return true, nil
	case e.IsAbout("approved") && !l.pages.WithoutApproved:
		if c.Approved != Both {
			return false, &job.Refusal{Cause: "this org does not tell which records are approved", Err: e, Remedy: job.LeaveOutApproved}
		}
		l.x.refusesApproved()
		l.start()
		return true, nil
	case e.IsAbout("fields") && len(c.Fields) > 0:
		return false, &job.Refusal{Cause: "the CRM does not accept the fields " + strings.Join(c.Fields, ", "), Err: e, Hint: "use the API names of the fields"}
	case e.IsAbout("page_token"): // it has expired, or is not accepted so early
		l.noTokens = l.noTokens || l.pages.read < lastByNumber
		return l.tryAgain(failureOf(e)), nil
	case e.Scope == zoho.ScopeList && (e.Kind == zoho.Refused || e.Kind == zoho.Denied):
		l.x.refuseList(e)
	}
	l.fail(failureOf(e))
	return false, nil
}

// tryAgain has the links listed once more, after they were counted anew. After the last attempt the
// parent record cannot be closed because of f.
func (l *listing) tryAgain(f failure) (more bool) {
	most := attempts
	if l.byNumber || l.noTokens {
		most = attemptsByNumber
	}
	if l.attempt == most {
		l.fail(f)
		return false
	}
	l.attempt++
	l.step, l.sumBefore = recount, l.sum
	return true
}

// fail notes that the parent record cannot be closed.
func (l *listing) fail(f failure) {
	l.p.state = failed
	l.x.failures[l.p.id] = f
}
