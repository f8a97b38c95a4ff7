package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"delink/pkg/job"
	"delink/pkg/progress"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

func (p *program) planCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "plan INPUT",
		Short: "reads and checks everything, says what run would do, sends nothing",
		Example: `  delink plan links.csv
  delink plan links.csv --json
  delink plan leads.csv --module Campaigns --relation Leads`,
		Args: oneInput,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			p.reads = true
			f.command = asGiven(cmd, args[0])
			return p.plan(&f, args[0])
		},
	}
	f.define(cmd.Flags())
	f.defineBudgets(cmd.Flags()) // they decide how many runs it takes
	cmd.Flags().BoolVar(&f.json, "json", false, "print the plan as JSON on standard output")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "ask no org, even if there is a login")
	return cmd
}

func (p *program) plan(f *runFlags, input string) error {
	c, err := p.config(f, input)
	if err != nil {
		return err
	}
	c.AskNames = true
	r := p.runner(f)
	w := r.world()
	if !p.canConnect(r) {
		w.Connect = nil
	}
	proposal, err := job.Look(p.signals.Stop(), c, w)
	r.close()
	if err != nil {
		return err
	}
	if p.signals.isLeaving() { // the org may not have been asked to the end
		return errSignalled
	}
	v := newPlanView(proposal, f)
	if f.json {
		return report.EncodeJSON(p.stdout, v)
	}
	return p.print(v.text() + v.howToGoOn())
}

// canConnect reports whether a plan asks the org: there is a login, and the user has not asked for
// an offline plan.
func (p *program) canConnect(r *runner) bool {
	if r.f.emulator {
		return true
	}
	if r.f.offline {
		return false
	}
	return r.logIn() == nil
}

// planView is a plan as people and programs see it.
type planView struct {
	Input       string          `json:"input"`
	InputSHA256 string          `json:"input_sha256"`
	Org         *orgView        `json:"org"` // null where it was not asked
	Rows        int             `json:"rows"`
	Links       int             `json:"links"`
	Duplicate   int             `json:"duplicate"`
	Invalid     int             `json:"invalid"`
	Parents     int             `json:"parents"`
	Columns     []columnView    `json:"columns"` // that had to be chosen
	Relations   []relationView  `json:"relations"`
	Largest     []parentView    `json:"largest_parents"`
	Idle        string          `json:"nothing_to_do"` // why there is nothing to do; empty if there is something
	Earlier     *report.Summary `json:"earlier"`       // of the last run of this job; null if there was none
	Job         *report.Totals  `json:"job"`           // of all earlier runs of this job; null if there was none
	Settled     int             `json:"settled"`       // by an earlier run
	ToSend      int             `json:"to_send"`
	InDoubt     int             `json:"in_doubt"` // links of ToSend that may be removed already
	Calls       int             `json:"calls"`
	Ways        []wayView       `json:"other_sides"` // that need fewer calls
	Reads       int             `json:"reads"`       // calls of Calls that read the links' own fields
	Credits     int             `json:"credits"`
	Questions   int             `json:"questions"` // calls that have asked the org about itself, one credit each; not in Calls
	Concurrency int             `json:"concurrency"`
	Seconds     float64         `json:"seconds"`        // expected
	Answer      float64         `json:"answer_seconds"` // of one call, in Seconds
	AnswerFrom  string          `json:"answer_from"`    // how it is known: questions, last_run, guess
	CreditsLeft *int            `json:"credits_left"`   // null where the org does not say
	Nights      int             `json:"nights"`         // runs that it takes; 0 where that is not known
	Days        int             `json:"days"`           // on which these can be made at the soonest; 0 where that is not known
	Warnings    []warningView   `json:"warnings"`
	Command     string          `json:"command"` // that runs this plan
	Next        string          `json:"next"`    // the command to go on with where there is nothing to do; empty if there is none

	batchSize int
	pace      job.Pace
	budget    string // what is known of the credits, for people
	asked     bool
	org       *zoho.Org

	nothing string   // says that there is nothing to do; empty if there is something
	next    nextStep // if there is nothing to do

	keepsFields bool            // the links' own fields are kept
	lost        []zoho.Relation // whose links cannot be made again, because a field of theirs is not kept
}

type orgView struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Edition string `json:"edition"`
}

// text gives the org as people see it before they say yes. The word production is in capitals.
func (o *orgView) text() string {
	var about []string
	switch o.Type {
	case "":
	case "production":
		about = append(about, "PRODUCTION")
	default:
		about = append(about, o.Type)
	}
	if o.Edition != "" {
		about = append(about, o.Edition+" edition")
	}
	if len(about) == 0 {
		return o.Name
	}
	return fmt.Sprintf("%s (%s)", o.Name, strings.Join(about, ", "))
}

type relationView struct {
	Module   string `json:"module"`
	Relation string `json:"relation"`
	Links    int    `json:"links"`
	Parents  int    `json:"parents"`
}

type columnView struct {
	Column string `json:"column"`
	As     string `json:"as"`
}

type parentView struct {
	Module string  `json:"module"`
	ID     string  `json:"parent_id"`
	Name   *string `json:"name"` // null where it is not known
	Links  int     `json:"links"`
}

// shownLargest is how many parent records the text of a plan names.
const shownLargest = 5

// idleWords are why there is nothing to do, for programs.
var idleWords = map[job.Idle]string{job.NoRows: "no_rows", job.NoUsableRows: "no_usable_rows", job.EarlierDone: "finished", job.EarlierEnough: "settled"}

// newPlanView makes the view of a proposal.
func newPlanView(p *job.Proposal, f *runFlags) *planView {
	set := p.Input.Set
	v := &planView{
		Input:       p.Input.Config.Input,
		InputSHA256: p.Input.SHA256,
		Rows:        p.Input.Rows(),
		Links:       set.Links(),
		Duplicate:   set.Duplicates(),
		Invalid:     len(p.Input.Bad),
		Parents:     set.Parents(),
		Columns:     []columnView{},
		Relations:   []relationView{},
		Largest:     []parentView{},
		Settled:     p.Settled,
		ToSend:      p.ToSend,
		InDoubt:     p.InDoubt,
		Calls:       p.Calls,
		Ways:        waysOf(p.Ways),
		Reads:       p.Reads,
		Credits:     p.Credits,
		Questions:   p.Questions,
		Idle:        idleWords[p.Idle],
		Earlier:     p.Earlier,
		Concurrency: p.Slots,
		Seconds:     p.Time.Seconds(),
		Answer:      p.Pace.Answer.Seconds(),
		AnswerFrom:  string(p.Pace.From),
		CreditsLeft: p.Left,
		Nights:      p.Nights,
		Days:        p.Days,
		pace:        p.Pace,
		budget:      creditsText(p, f.reserveCredits),
		Warnings:    append(warningsOf(p.Input.Suspicions), vouched(p.Vouched)...),
		Command:     f.command.as("run").String(),
		batchSize:   f.batchSize,
		asked:       p.Asked,
		org:         p.Org,
	}
	v.takeFields(p, f.snapshot)
	if p.Org != nil {
		v.Org = &orgView{p.Org.Name, p.Org.Type, p.Org.Edition}
	}
	for _, t := range p.Input.Header.Taken() {
		v.Columns = append(v.Columns, columnView(t))
	}
	for _, r := range set.Relations() {
		v.Relations = append(v.Relations, relationView{r.Relation.Module, r.Relation.List, r.Links, r.Parents})
	}
	for _, l := range set.LargestParents(job.Largest) {
		parent := parentView{Module: l.Module, ID: l.Parent.String(), Links: l.Links}
		if name := p.Input.NameOf(l.Module, l.Parent); name != "" {
			parent.Name = &name
		}
		v.Largest = append(v.Largest, parent)
	}
	v.takeEarlier(p, f)
	return v
}

// takeEarlier notes what earlier runs of the job have done.
func (v *planView) takeEarlier(p *job.Proposal, f *runFlags) {
	if p.Before.Runs > 0 {
		v.Job = &p.Before
	}
	end := &job.Ending{Input: p.Input.Name(), Results: p.Results, Failures: p.Failures}
	if p.Idle != job.NotIdle && p.Earlier != nil {
		v.next = (&closing{again: f.command.as("run")}).next(p.Earlier, end)
		v.Next = v.next.line()
	}
	switch p.Idle {
	case job.NotIdle, job.NothingRemoved:
	case job.EarlierDone:
		v.nothing = runWords.nothingToDo(p.Earlier, end, orgOf(f.emulator, p.Org))
	case job.NoRows, job.NoUsableRows, job.EarlierEnough:
		v.nothing = fmt.Sprintf(runWords.idle[p.Idle], p.Input.Name())
		if p.Idle == job.EarlierEnough && p.Earlier != nil {
			v.nothing += "\n" + earlierNumbers(p.Earlier, end)
		}
	}
}

// takeFields notes what is kept of the links' own fields, and warns of links that cannot be made
// again without.
func (v *planView) takeFields(p *job.Proposal, snapshot bool) {
	names := p.Input.Header.LinkNames()
	v.keepsFields = snapshot || len(names) > 0
	for _, r := range p.Input.Set.Relations() {
		field := zoho.MandatoryField(r.Relation)
		if field == "" || snapshot || slices.Contains(names, field) {
			continue
		}
		v.lost = append(v.lost, r.Relation)
		v.Warnings = append(v.Warnings, warningView{
			Text:  fmt.Sprintf("undo could not link %s again: it needs their %s, and this run does not keep it", r.Relation, field),
			Hint:  "add --snapshot if you may want to undo this",
			Lines: []int{},
		})
	}
}

// text gives the plan for people.
func (v *planView) text() string {
	if v.nothing != "" {
		return v.nothing + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: remove %s\n\n", v.Input, v.what())
	width := 0
	for _, r := range v.Relations {
		width = max(width, len(progress.Number(r.Links)))
	}
	var rows [][2]string
	for _, r := range v.Relations {
		rows = append(rows, [2]string{
			r.Module + "." + r.Relation,
			fmt.Sprintf("%*s %s of %s", width, progress.Number(r.Links), plural(r.Links, "link", "links"), counted(r.Parents, "parent record", "parent records")),
		})
	}
	b.WriteString(table(rows) + "\n")
	rows = nil
	switch {
	case v.Org != nil:
		rows = append(rows, [2]string{"org", v.Org.text()})
	case !v.asked:
		rows = append(rows, [2]string{"org", "not asked"})
	}
	for _, c := range v.Columns {
		rows = append(rows, [2]string{"column", c.Column + " is used as " + c.As})
	}
	rows = append(rows, [2]string{"rows", progress.Number(v.Rows) + v.repeated()})
	if v.Settled > 0 {
		rows = append(rows, [2]string{"done", counted(v.Settled, "link", "links") + " by " + v.earlierRuns() + ", " + progress.Number(v.ToSend) + " to send"})
	}
	if v.InDoubt > 0 {
		rows = append(rows, [2]string{"in doubt", counted(v.InDoubt, "link", "links") + " that an earlier run may have removed; they are sent first"})
	}
	rows = append(rows,
		[2]string{"calls", progress.Number(v.Calls) + ", one credit each" + v.reads()})
	for _, w := range v.Ways {
		rows = append(rows, [2]string{"", w.text()})
	}
	rows = append(rows,
		[2]string{"time", timeText(time.Duration(v.Seconds*float64(time.Second)), v.Concurrency, v.pace)})
	if v.budget != "" {
		rows = append(rows, [2]string{"credits", v.budget})
	}
	b.WriteString(table(rows))
	b.WriteString(v.warnings())
	b.WriteString(v.largest())
	return b.String()
}

// howToGoOn gives the command that carries the plan out or, if there is nothing to do, what else can
// be done.
func (v *planView) howToGoOn() string {
	switch next := strings.TrimPrefix(v.next.text(), "\n"); {
	case v.nothing != "" && next != "":
		return next + "\n"
	case v.nothing != "" || v.ToSend == 0:
		return ""
	}
	return "\n  to carry it out\n" + commandIndent + v.Command + "\n"
}

// earlierRuns tells which runs of the job went before.
func (v *planView) earlierRuns() string {
	switch {
	case v.Job == nil:
		return "an earlier run"
	case v.Job.Runs == 1:
		return "an earlier run of " + shownMoment(v.Job.StartedAt)
	}
	return fmt.Sprintf("%s earlier runs since %s", progress.Number(v.Job.Runs), shownMoment(v.Job.StartedAt))
}

// largest tells of the parent records with the most links. A single one is told only if it has a
// name: nothing else is new about it.
func (v *planView) largest() string {
	shown := v.Largest[:min(len(v.Largest), shownLargest)]
	if len(shown) == 0 || len(shown) == 1 && shown[0].Name == nil {
		return ""
	}
	heading := "parent records"
	if v.Parents > len(shown) {
		heading = fmt.Sprintf("the largest of %s parent records", progress.Number(v.Parents))
	}
	width := len(progress.Number(shown[0].Links))
	var rows [][2]string
	for _, l := range shown {
		text := fmt.Sprintf("%*s %s", width, progress.Number(l.Links), plural(l.Links, "link", "links"))
		if l.Name != nil {
			text = fmt.Sprintf("%-*s  %s", width+len(" links"), text, shortName(*l.Name))
		}
		rows = append(rows, [2]string{l.Module + " " + l.ID, text})
	}
	return "\n  " + heading + "\n" + table(rows)
}

// shortName gives the name of a record as it can stand in a line.
func shortName(name string) string {
	r := []rune(printableText(strings.Join(strings.Fields(name), " ")))
	if len(r) > longestName {
		return string(r[:longestName-1]) + "…"
	}
	return string(r)
}

// longestName bounds the names that are shown.
const longestName = 60

// vouched warns of relations for which nobody but the user vouches.
func vouched(relations []zoho.Relation) []warningView {
	var views []warningView
	for _, r := range relations {
		views = append(views, warningView{
			Text:  "only you say that " + r.String() + " can be delinked: neither the org nor Zoho's documentation says so",
			Hint:  "its first calls go one at a time; the run stops if the CRM deletes a record",
			Lines: []int{},
		})
	}
	return views
}

// warnings gives the warnings of the plan, for people.
func (v *planView) warnings() string {
	var b strings.Builder
	for _, w := range v.Warnings {
		fmt.Fprintf(&b, "\n  warning: %s", w.Text)
		if len(w.Lines) > 0 {
			lines := make([]string, len(w.Lines))
			for i, l := range w.Lines {
				lines[i] = strconv.Itoa(l)
			}
			more := ""
			if w.Count > len(w.Lines) {
				more = ", …"
			}
			fmt.Fprintf(&b, " (%s %s%s)", plural(len(w.Lines), "line", "lines"), strings.Join(lines, ", "), more)
		}
		fmt.Fprintf(&b, "\n    hint: %s\n", w.Hint)
	}
	return b.String()
}

// what gives the job in one phrase. It must show which records are taken for the parent records.
func (v *planView) what() string {
	if len(v.Relations) != 1 {
		return fmt.Sprintf("%s from %s", counted(v.Links, "link", "links"), counted(v.Parents, "parent record", "parent records"))
	}
	r := v.Relations[0]
	return fmt.Sprintf("%s from %s", counted(r.Links, "link to "+r.Relation, r.Relation), counted(r.Parents, "record of "+r.Module, r.Module))
}

// reads says which of the calls read the links' own fields.
func (v *planView) reads() string {
	if v.Reads == 0 {
		return ""
	}
	return fmt.Sprintf(": %s to read the links' own fields, %s to remove them", progress.Number(v.Reads), progress.Number(v.Calls-v.Reads))
}

func (v *planView) repeated() string {
	var s string
	if v.Duplicate > 0 {
		s += ", " + progress.Number(v.Duplicate) + plural(v.Duplicate, " repeats", " repeat") + " an earlier line"
	}
	if v.Invalid > 0 {
		s += ", " + progress.Number(v.Invalid) + " cannot be used"
	}
	return s
}

func counted(n int, one, many string) string { return progress.Number(n) + " " + plural(n, one, many) }

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func about(d time.Duration) string {
	if d < time.Second {
		return progress.Duration(d)
	}
	return "about " + progress.Duration(d)
}
