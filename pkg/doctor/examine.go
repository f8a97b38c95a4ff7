package doctor

import (
	"context"
	"slices"
	"time"

	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// CRM makes the calls of an examination: none of them changes anything. Errors are of type
// *zoho.Error.
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
}

// Case is what is examined.
type Case struct {
	CRM       CRM             // for WithoutLogin it may be nil
	Seen      *zoho.Exchanges // that the calls of CRM are told to
	Granted   func() []string // the scopes of the login as far as they are listed somewhere, else nil
	Version   string          // of the API, in which links are removed
	Relations []zoho.Relation // to look at; may be none. Of one without a list, the module is looked at
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

// parents are the modules whose records have the links, as the relations name them.
func (c *Case) parents() []string {
	if len(c.Relations) == 0 {
		return defaultModules
	}
	var all []string
	for _, r := range c.Relations {
		if zoho.ClassOf(r) != zoho.HoldsRecords {
			all = addOnce(all, r.Module)
		}
	}
	return all
}

// modules are those whose records have the links, on either side.
func (f *Findings) modules() []string {
	all := f.Of.parents()
	for _, r := range f.Of.Relations {
		if f.hasLinks(r) {
			all = addOnce(all, f.relatedModule(r))
		}
	}
	return all
}

func addOnce(all []string, module string) []string {
	if slices.Contains(all, module) {
		return all
	}
	return append(slices.Clip(all), module)
}

// unasked is the error of questions that were not asked.
var unasked = &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNoToken}

// Examine asks everything that there is to ask. When ctx ends, the rest stays unknown.
func Examine(ctx context.Context, c Case) *Findings {
	f := &Findings{Of: c, lists: map[string]answered[[]zoho.List]{}, readable: map[string]answered[struct{}]{}, network: answered[struct{}]{err: unasked}}
	f.views.err, f.query.err = unasked, unasked
	var first questions
	later(&first, c.CRM.Org, func(a answered[zoho.Org]) { f.org = a })
	later(&first, without(c.CRM.Accepts), func(a answered[struct{}]) { f.version = a })
	parents := c.parents()
	f.askModules(&first, parents)
	if len(parents) > 0 {
		f.askSearches(&first, parents[0])
	}
	err := first.ask(ctx, c)
	f.name()
	if err == nil {
		// Only now it is known which modules the related records are of.
		var second questions
		f.askModules(&second, f.modules())
		err = second.ask(ctx, c)
		if err != nil && zoho.AsError(err).Kind == zoho.BadToken {
			err = nil // calls with this token were answered: it is for want of a scope
		}
	}
	if err != nil {
		f.Refused = zoho.AsError(err)
		f.reach(ctx)
	}
	return f
}

// askModules asks for the related lists of modules, and whether their records can be read, where
// that was not done.
func (f *Findings) askModules(q *questions, modules []string) {
	for _, module := range modules {
		if _, asked := f.lists[module]; asked {
			continue
		}
		later(q, func(ctx context.Context) ([]zoho.List, error) { return f.Of.CRM.Lists(ctx, module) },
			func(a answered[[]zoho.List]) { f.lists[module] = a })
		later(q, f.Of.withToken(func(ctx context.Context, t zoho.Token) error {
			// Without a parameter that older versions refuse: this is about the scope.
			_, err := f.Of.CRM.Records(ctx, t, module, 0, zoho.PageOf{WithoutApproved: true})
			return err
		}), func(a answered[struct{}]) { f.readable[module] = a })
	}
}

// askSearches asks whether records of a module can be found by a view and by a query.
func (f *Findings) askSearches(q *questions, module string) {
	later(q, without(func(ctx context.Context) error {
		_, err := f.Of.CRM.Views(ctx, module)
		return err
	}), func(a answered[struct{}]) { f.views = a })
	later(q, f.Of.withToken(func(ctx context.Context, t zoho.Token) error {
		_, err := f.Of.CRM.Query(ctx, t, "select id from "+module+" where id > 0 limit 1")
		return err
	}), func(a answered[struct{}]) { f.query = a })
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
	if all, _ := f.Of.Seen.Since(0); len(all) > 0 {
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

// questions are asked at the same time.
type questions struct {
	asked []*worker.Question
	keep  []func() // what is to be done with the answers
}

// ask asks them, and keeps the answers. The error is why no other call would fare better.
func (q *questions) ask(ctx context.Context, c Case) error {
	limits := c.Limits
	limits.Slots = zoho.LeastSlots // which every edition allows
	err := worker.Ask(ctx, c.CRM, q.asked, limits)
	for _, keep := range q.keep {
		keep()
	}
	return err
}

// later adds a question, and what is to be done with its answer when all are answered.
func later[T any](q *questions, ask func(context.Context) (T, error), take func(answered[T])) {
	var value T
	question := &worker.Question{Ask: func(ctx context.Context) (err error) {
		value, err = ask(ctx)
		return err
	}}
	q.asked = append(q.asked, question)
	q.keep = append(q.keep, func() { take(answered[T]{value, question.Err}) })
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
