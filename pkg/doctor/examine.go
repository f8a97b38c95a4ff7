package doctor

import (
	"context"
	"slices"
	"time"

	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// CRM makes the calls of an examination and of a probe. Errors are of type *zoho.Error.
type CRM interface {
	engine.API
	Base(ctx context.Context) (string, error)
	Reach(ctx context.Context) error
	Accepts(ctx context.Context) error
	Org(ctx context.Context) (zoho.Org, error)
	Lists(ctx context.Context, module string) ([]zoho.List, error)
	Views(ctx context.Context, module string) ([]zoho.View, error)
	Records(ctx context.Context, t zoho.Token, module string, view zoho.ID, p zoho.PageOf) (zoho.Page, error)
	Query(ctx context.Context, t zoho.Token, query string) (zoho.Page, error)
	Links(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, p zoho.PageOf) (zoho.Page, error)
	LookUp(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID, what zoho.LookFor) ([]zoho.LinkState, error)
	Delink(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error)
	Link(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, links []zoho.NewLink) (zoho.Answer, error)
}

// Case is what is examined.
type Case struct {
	CRM       CRM             // for WithoutLogin it may be nil
	Seen      *Exchanges      // that the calls of CRM are told to
	Granted   func() []string // the scopes of the login as far as they are listed somewhere, else nil
	Version   string          // of the API, in which links are removed
	Relations []zoho.Relation // to look at; may be none
	Limits    engine.Settings // of the calls
}

// answered is an answer of the org, or the reason why there is none.
type answered[T any] struct {
	value T
	err   *zoho.Error
}

// Findings is what an examination has found.
type Findings struct {
	Of      Case
	Refused *zoho.Error // why no token is to be had, or no connection; nil if calls were answered

	org      answered[zoho.Org]
	version  answered[struct{}]
	network  answered[struct{}]
	lists    map[string]answered[[]zoho.List]
	readable map[string]answered[struct{}] // modules whose records can be read
	views    answered[struct{}]
	query    answered[struct{}]
}

// defaultModules are asked about if no relation is named: those that most jobs are about.
var defaultModules = []string{"Campaigns", "Leads"}

// modules are those whose records have the links, on either side.
func (c *Case) modules() []string {
	var all []string
	add := func(module string) {
		if !slices.Contains(all, module) {
			all = append(all, module)
		}
	}
	for _, r := range c.Relations {
		if zoho.ClassOf(r) != zoho.HoldsRecords {
			add(r.Module)
			add(zoho.RelatedModule(r))
		}
	}
	if len(c.Relations) == 0 {
		all = defaultModules
	}
	return all
}

// unasked is the error of questions that were not asked.
var unasked = &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNoToken}

// Examine asks everything that there is to ask. When ctx ends, the rest stays unknown.
func Examine(ctx context.Context, c Case) *Findings {
	f := &Findings{Of: c, lists: map[string]answered[[]zoho.List]{}, readable: map[string]answered[struct{}]{}, network: answered[struct{}]{err: unasked}}
	var asked []*worker.Question
	var keep []func()
	later(&asked, &keep, c.CRM.Org, func(a answered[zoho.Org]) { f.org = a })
	later(&asked, &keep, without(c.CRM.Accepts), func(a answered[struct{}]) { f.version = a })
	modules := c.modules()
	for _, module := range modules {
		later(&asked, &keep, func(ctx context.Context) ([]zoho.List, error) { return c.CRM.Lists(ctx, module) },
			func(a answered[[]zoho.List]) { f.lists[module] = a })
		later(&asked, &keep, c.withToken(func(ctx context.Context, t zoho.Token) error {
			// Without a parameter that older versions refuse: this is about the scope.
			_, err := c.CRM.Records(ctx, t, module, 0, zoho.PageOf{WithoutApproved: true})
			return err
		}), func(a answered[struct{}]) { f.readable[module] = a })
	}
	if len(modules) > 0 {
		later(&asked, &keep, without(func(ctx context.Context) error {
			_, err := c.CRM.Views(ctx, modules[0])
			return err
		}), func(a answered[struct{}]) { f.views = a })
		later(&asked, &keep, c.withToken(func(ctx context.Context, t zoho.Token) error {
			_, err := c.CRM.Query(ctx, t, "select id from "+modules[0]+" where id > 0 limit 1")
			return err
		}), func(a answered[struct{}]) { f.query = a })
	} else {
		f.views.err, f.query.err = unasked, unasked
	}
	limits := c.Limits
	limits.Slots = zoho.LeastSlots // which every edition allows
	err := worker.Ask(ctx, c.CRM, asked, limits)
	for _, k := range keep {
		k()
	}
	if err != nil {
		f.Refused = zoho.AsError(err)
		f.reach(ctx)
	}
	return f
}

// WithoutLogin is an examination for which there is no login. The org is not asked. If there is a
// CRM, it is found out whether its host can be reached.
func WithoutLogin(ctx context.Context, c Case) *Findings {
	f := &Findings{
		Of: c, Refused: unasked, org: answered[zoho.Org]{err: unasked},
		version: answered[struct{}]{err: unasked}, views: answered[struct{}]{err: unasked},
		query: answered[struct{}]{err: unasked}, network: answered[struct{}]{err: unasked},
	}
	if c.CRM != nil {
		f.reach(ctx)
	}
	return f
}

// reachTime bounds the call without a token.
const reachTime = 20 * time.Second

// reach finds out whether the API can be reached at all, if no call was answered.
func (f *Findings) reach(ctx context.Context) {
	if all, _ := f.Of.Seen.since(0); len(all) > 0 {
		f.network.err = nil
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	f.network.err = nil
	if err := f.Of.CRM.Reach(ctx); err != nil {
		f.network.err = zoho.AsError(err)
	}
}

// later adds a question, and what is to be done with its answer when all are answered.
func later[T any](asked *[]*worker.Question, keep *[]func(), ask func(context.Context) (T, error), take func(answered[T])) {
	var value T
	q := &worker.Question{Ask: func(ctx context.Context) (err error) {
		value, err = ask(ctx)
		return err
	}}
	*asked = append(*asked, q)
	*keep = append(*keep, func() { take(answered[T]{value, q.Err}) })
}

// without makes a question of a call that gives nothing but an error.
func without(ask func(context.Context) error) func(context.Context) (struct{}, error) {
	return func(ctx context.Context) (struct{}, error) { return struct{}{}, ask(ctx) }
}

// withToken is without for a call that takes a token.
func (c *Case) withToken(ask func(context.Context, zoho.Token) error) func(context.Context) (struct{}, error) {
	return without(func(ctx context.Context) error {
		t, err := c.CRM.Token(ctx)
		if err != nil {
			return err
		}
		return ask(ctx, t)
	})
}
