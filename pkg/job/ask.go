package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"delink/pkg/relation"
	"delink/pkg/report"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
	"delink/pkg/zoho/login"
)

// answers are what an org says of itself before the first call that removes links. An answer may be
// missing because the login lacks a scope.
type answers struct {
	org      *zoho.Org              // nil if it is not known
	lists    map[string][]zoho.List // by module; nil if they are not known
	noModule map[string][]string    // modules that the org does not have, and those that were most likely meant
	identity zoho.Identity          // as far as it is known
	emulated bool                   // the emulator inside this process has given them
	took     time.Duration          // the median time of an answer; 0 if there was none
	asked    int                    // calls that reached the org
	problems problems
	notes    []string
	refused  error // why nothing can be sent: the login is refused, or there is no connection
}

// mostQuestions is how many questions are asked at the same time: as many calls as every edition
// allows.
const mostQuestions = zoho.LeastSlots

// ask asks the org for its name, type and edition, for the related lists of the modules in the
// input, and whether its relations can be delinked. If links may be removed from their other side,
// it asks for the related lists there, too. The names of the largest parent records are asked for
// behind all of them.
func ask(ctx context.Context, conn *Connection, in *Input) answers {
	var also []*worker.Question
	keepNames := func() {}
	if in.Config.AskNames {
		var names *worker.Question
		if names, keepNames = nameQuestion(conn, in); names != nil {
			also = append(also, names)
		}
	}
	a := inquire(ctx, conn, modulesOf(in), otherModules(in), in.Config.Limits, also...)
	keepNames()
	return a
}

// inquire asks the org for its name, type and edition, and for the related lists of modules. It also
// asks for those of other modules, which matter less: of these, it does not say what the org did not
// answer.
func inquire(ctx context.Context, conn *Connection, modules, others []string, c Limits, also ...*worker.Question) answers {
	a := answers{lists: map[string][]zoho.List{}, noModule: map[string][]string{}, identity: zoho.Identity{Login: conn.Login}, emulated: conn.Emulator}
	var org zoho.Org
	aboutOrg := &worker.Question{Ask: func(ctx context.Context) (err error) {
		org, err = conn.CRM.Org(ctx)
		return err
	}}
	asked := slices.Concat(modules, others)
	lists, aboutLists := listQuestions(conn, asked)
	all := slices.Concat([]*worker.Question{aboutOrg}, aboutLists, also)
	times := timed(all, &a.asked)
	a.refused = worker.Ask(ctx, conn.CRM, all, c.questions())
	a.took = middle(times())
	a.locate(ctx, conn)
	if a.refused != nil || ctx.Err() != nil {
		return a
	}
	if aboutOrg.Err == nil {
		a.org = &org
		if !conn.Emulator {
			a.identity.Org = org.ID
		}
	} else {
		a.notef("could not read the org's name and edition: %s", noAnswer(aboutOrg.Err, login.ScopeOrg))
	}
	for i, module := range asked {
		switch e := aboutLists[i].Err; {
		case e == nil:
			a.lists[module] = lists[i]
		case i >= len(modules):
		case e.Has(zoho.CodeInvalidModule):
			a.noModule[module] = nil
		default:
			a.notef("could not read which related lists of %s can be delinked: %s", module, noAnswer(e, login.ScopeLists))
		}
	}
	a.findMeant(ctx, conn, c)
	return a
}

// listQuestions are the questions for the related lists of modules, and where their answers go.
func listQuestions(conn *Connection, modules []string) (answers [][]zoho.List, questions []*worker.Question) {
	answers = make([][]zoho.List, len(modules))
	for i, module := range modules {
		questions = append(questions, &worker.Question{Ask: func(ctx context.Context) (err error) {
			answers[i], err = conn.CRM.Lists(ctx, module)
			return err
		}})
	}
	return answers, questions
}

// labelled are modules whose related lists have the labels of most other modules.
var labelled = []string{"Leads", "Contacts", "Campaigns", "Products"}

// findMeant finds out which modules were most likely meant by those that the org does not have. What
// the org calls its modules is asked only then: the labels of related lists tell.
func (a *answers) findMeant(ctx context.Context, conn *Connection, c Limits) {
	if len(a.noModule) == 0 {
		return
	}
	a.askLists(ctx, conn, labelled, c)
	var all []zoho.List
	for _, module := range slices.Sorted(maps.Keys(a.lists)) {
		all = append(all, a.lists[module]...)
	}
	for module := range a.noModule {
		a.noModule[module] = relation.MeantModules(module, all)
	}
}

// askLists asks for the related lists of modules of which it is not known yet whether the org has
// them. Modules for which there is no answer stay as they are.
func (a *answers) askLists(ctx context.Context, conn *Connection, modules []string, c Limits) {
	modules = slices.DeleteFunc(slices.Clone(modules), func(module string) bool {
		_, none := a.noModule[module]
		return none || a.lists[module] != nil
	})
	if len(modules) == 0 {
		return
	}
	lists, questions := listQuestions(conn, modules)
	times := timed(questions, &a.asked)
	_ = worker.Ask(ctx, conn.CRM, questions, c.questions()) // each question has its own error
	times()
	for i, module := range modules {
		if questions[i].Err == nil {
			a.lists[module] = lists[i]
		}
	}
}

// questions are the limits for questions to the org.
func (l Limits) questions() engine.Settings {
	slots := mostQuestions
	if l.Slots > 0 {
		slots = min(slots, l.Slots)
	}
	return engine.Settings{Slots: slots, Rate: l.Rate, Jitter: l.Jitter}
}

// problem is why a relation cannot be delinked; nil if it can.
func (a *answers) problem(r zoho.Relation, vouched []zoho.Relation) *relation.Problem {
	if meant, is := a.noModule[r.Module]; is {
		return &relation.Problem{Relation: r, Kind: relation.NoSuchModule, Modules: meant}
	}
	p := relation.Check(r, vouched, a.lists[r.Module])
	if p != nil {
		p.Emulated = a.emulated
	}
	return p
}

// timed has it measured how long the answers to questions take, and adds the calls. The function
// that it returns gives the times of those that were answered, and must be called when all are.
func timed(questions []*worker.Question, calls *int) (times func() []time.Duration) {
	var sent atomic.Int64
	took := make([]time.Duration, len(questions))
	for i, q := range questions {
		ask := q.Ask
		q.Ask = func(ctx context.Context) error {
			began := time.Now()
			err := ask(ctx)
			took[i] = time.Since(began)
			if err == nil || zoho.AsError(err).Sent {
				sent.Add(1)
			}
			return err
		}
	}
	return func() (answered []time.Duration) {
		*calls += int(sent.Load())
		for i, q := range questions {
			if q.Err == nil {
				answered = append(answered, took[i])
			}
		}
		return answered
	}
}

// locate notes the host of the CRM.
func (a *answers) locate(ctx context.Context, conn *Connection) {
	if conn.Emulator {
		a.identity = zoho.Identity{Org: report.Emulator, Host: report.Emulator, Login: report.Emulator}
		return
	}
	if a.refused != nil || ctx.Err() != nil { // the address may come with a token: there is none
		return
	}
	base, err := conn.CRM.Base(ctx)
	if err != nil {
		a.refused = err
		return
	}
	if u, err := url.Parse(base); err == nil {
		a.identity.Host = u.Host
	}
}

// check finds the relations of an input that cannot be delinked.
func (a *answers) check(in *Input) {
	for _, r := range in.Set.Relations() {
		a.problems.add(a.problem(r.Relation, in.Config.Allow))
	}
}

func (a *answers) notef(format string, args ...any) {
	a.notes = append(a.notes, fmt.Sprintf(format, args...))
}

// modulesOf are the modules of the parent records in an input, in order of appearance.
func modulesOf(in *Input) (modules []string) {
	seen := map[string]bool{}
	for _, r := range in.Set.Relations() {
		if m := r.Relation.Module; !seen[m] {
			seen[m] = true
			modules = append(modules, m)
		}
	}
	return modules
}

// noAnswer says why a question has no answer.
func noAnswer(err error, scope string) string {
	var e *zoho.Error
	if errors.As(err, &e) && e.Kind == zoho.Denied {
		return fmt.Sprintf("%s; the login needs %s", e, scope)
	}
	return err.Error()
}
