package export_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// crm is a CRM whose links change while they are read.
type crm struct {
	job.CRM // has the calls that no export makes
	rng     *rand.Rand
	byToken bool    // pages lead to the next one by a token
	changes float64 // the chance of a change before each call
	faults  float64 // the chance that a call gets no answer
	perPage int
	mostID  zoho.ID // links are added up to that id

	mu    sync.Mutex
	links map[zoho.ID]map[zoho.ID]bool // by parent record
	// steady has the links that were there all the time, ever those that were there at some time.
	steady, ever map[zoho.ID]map[zoho.ID]bool
	calls        map[string]int
	before       func(what string) // is called before each call; nil for nothing
	org          string
	broken       *zoho.Error // why links are not listed; nil for none
}

func newCRM(seed uint64, parents, links int) *crm {
	c := &crm{
		rng: rand.New(rand.NewPCG(seed, 1)), org: "1", byToken: true, perPage: 200, mostID: 1_000_000, links: map[zoho.ID]map[zoho.ID]bool{}, calls: map[string]int{},
		steady: map[zoho.ID]map[zoho.ID]bool{}, ever: map[zoho.ID]map[zoho.ID]bool{},
	}
	for p := range parents {
		id := zoho.ID(p + 1)
		c.links[id] = map[zoho.ID]bool{}
		for len(c.links[id]) < links {
			c.links[id][zoho.ID(1+c.rng.IntN(int(c.mostID)))] = true
		}
	}
	c.watch()
	return c
}

// watch begins to note which links are there all the time.
func (c *crm) watch() {
	for p, links := range c.links {
		c.steady[p], c.ever[p] = maps.Clone(links), maps.Clone(links)
	}
}

func (c *crm) Ready() (zoho.Token, bool)                 { return zoho.Token{}, true }
func (c *crm) Token(context.Context) (zoho.Token, error) { return zoho.Token{}, nil }
func (c *crm) Renew(error) bool                          { return false }
func (c *crm) Credits() (n int, known bool)              { return 0, false }
func (c *crm) Base(context.Context) (string, error)      { return "https://crm.example", nil }
func (c *crm) Org(context.Context) (zoho.Org, error)     { return zoho.Org{ID: c.org, Name: "Org"}, nil }

func (c *crm) Lists(context.Context, string) ([]zoho.List, error) {
	return []zoho.List{{Name: "Leads", CanDelink: zoho.Yes}}, nil
}

// call is what happens before each call.
func (c *crm) call(what string) error {
	if c.before != nil {
		c.before(what)
	}
	c.calls[what]++
	for c.rng.Float64() < c.changes {
		c.change()
	}
	if c.rng.Float64() < c.faults {
		return &zoho.Error{Kind: zoho.Unanswered, Sent: true, Code: zoho.CodeNoAnswer, Cause: errors.New("lost")}
	}
	return nil
}

// change removes a link, or adds one, or both, so that the number stays.
func (c *crm) change() {
	parent := zoho.ID(1 + c.rng.IntN(len(c.links)))
	kind := c.rng.IntN(3)
	if ids := slices.Sorted(maps.Keys(c.links[parent])); kind != 0 && len(ids) > 0 {
		c.remove(parent, ids[c.rng.IntN(len(ids))])
	}
	if kind != 1 {
		c.add(parent, zoho.ID(1+c.rng.IntN(int(c.mostID))))
	}
}

func (c *crm) remove(parent, id zoho.ID) {
	delete(c.links[parent], id)
	delete(c.steady[parent], id)
}

func (c *crm) add(parent, id zoho.ID) { c.links[parent][id], c.ever[parent][id] = true, true }

func (c *crm) Count(_ context.Context, _ zoho.Token, _ zoho.Relation, parent zoho.ID) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.call("count"); err != nil {
		return 0, err
	}
	return len(c.links[parent]), nil
}

func (c *crm) Links(_ context.Context, _ zoho.Token, _ zoho.Relation, parent zoho.ID, p zoho.PageOf) (zoho.Page, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.call("links"); err != nil {
		return zoho.Page{}, err
	}
	if c.broken != nil {
		return zoho.Page{}, c.broken
	}
	if slices.Contains(p.Fields, "Nonsense") {
		return zoho.Page{}, &zoho.Error{Kind: zoho.Refused, Sent: true, Status: 400, Code: zoho.CodeInvalidData, Param: "fields"}
	}
	return c.page(slices.Sorted(maps.Keys(c.links[parent])), p)
}

func (c *crm) Records(_ context.Context, _ zoho.Token, _ string, _ zoho.ID, p zoho.PageOf) (zoho.Page, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.call("records"); err != nil {
		return zoho.Page{}, err
	}
	return c.page(slices.Sorted(maps.Keys(c.links)), p)
}

// Query knows one form of query.
func (c *crm) Query(_ context.Context, _ zoho.Token, query string) (zoho.Page, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.call("query"); err != nil {
		return zoho.Page{}, err
	}
	var after, limit uint64
	if _, err := fmt.Sscanf(query, "select id, Campaign_Name from Campaigns where (all) and (id > %d) order by id limit %d", &after, &limit); err != nil {
		return zoho.Page{}, &zoho.Error{Kind: zoho.Refused, Sent: true, Status: 400, Code: "SYNTAX_ERROR", Detail: query}
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(c.links)), func(id zoho.ID) bool { return uint64(id) <= after })
	page := zoho.Page{More: uint64(len(ids)) > limit}
	for _, id := range ids[:min(uint64(len(ids)), limit)] {
		page.Records = append(page.Records, zoho.Record{ID: id, Fields: zoho.Fields{"Campaign_Name": "No. " + id.String()}})
	}
	return page, nil
}

// page cuts a page of ids. A token leads on behind a record, a number to a place.
func (c *crm) page(ids []zoho.ID, p zoho.PageOf) (page zoho.Page, err error) {
	start := (max(p.Number, 1) - 1) * c.perPage
	if p.Token != "" {
		after, err := strconv.ParseUint(p.Token, 10, 64)
		if err != nil {
			return page, &zoho.Error{Kind: zoho.Refused, Sent: true, Status: 400, Code: "INVALID_DATA", Param: "page_token"}
		}
		start, _ = slices.BinarySearchFunc(ids, zoho.ID(after)+1, cmp.Compare[zoho.ID])
	}
	start = min(start, len(ids))
	end := min(start+c.perPage, len(ids))
	for _, id := range ids[start:end] {
		page.Records = append(page.Records, zoho.Record{ID: id, Own: zoho.Fields{"Member_Status": "Sent"}})
	}
	if page.More = end < len(ids); page.More && c.byToken {
		page.Token = ids[end-1].String()
	}
	return page, nil
}
