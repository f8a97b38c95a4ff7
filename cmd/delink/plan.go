package main

import (
	"fmt"
	"io"
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
	cmd.Flags().BoolVar(&f.offline, "offline", false, "ask no org, even if there is a login")
	return cmd
}

func (p *program) plan(f *runFlags, input string) error {
	c, err := p.config(f, input)
	if err != nil {
		return err
	}
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
	_, err = io.WriteString(p.stdout, v.text(true))
	return err
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
	Input       string         `json:"input"`
	InputSHA256 string         `json:"input_sha256"`
	Org         *orgView       `json:"org"` // null where it was not asked
	Rows        int            `json:"rows"`
	Links       int            `json:"links"`
	Duplicate   int            `json:"duplicate"`
	Invalid     int            `json:"invalid"`
	Parents     int            `json:"parents"`
	Columns     []columnView   `json:"columns"` // that had to be chosen
	Relations   []relationView `json:"relations"`
	Largest     []parentView   `json:"largest_parents"`
	Settled     int            `json:"settled"` // by an earlier run
	ToSend      int            `json:"to_send"`
	InDoubt     int            `json:"in_doubt"` // links of ToSend that may be removed already
	Calls       int            `json:"calls"`
	Ways        []wayView      `json:"other_sides"` // that need fewer calls
	Reads       int            `json:"reads"`       // calls of Calls that read the links' own fields
	Credits     int            `json:"credits"`
	Concurrency int            `json:"concurrency"`
	Seconds     float64        `json:"seconds"`        // expected
	Answer      float64        `json:"answer_seconds"` // of one call, in Seconds
	AnswerFrom  string         `json:"answer_from"`    // how it is known: questions, last_run, guess
	CreditsLeft *int           `json:"credits_left"`   // null where the org does not say
	Nights      int            `json:"nights"`         // runs that it takes, one a day; 0 where that is not known
	Warnings    []warningView  `json:"warnings"`
	Command     string         `json:"command"` // that runs this plan

	batchSize int
	pace      job.Pace
	budget    string // what is known of the credits, for people
	asked     bool
	org       *zoho.Org

	keepsFields bool            // the links' own fields are kept
	lost        []zoho.Relation // whose links cannot be made again, because a field of theirs is not kept
}

// carriedOut is the command that carries out a plan.
func carriedOut(c commandLine) string {
	c.command = "run"
	return c.String()
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
	Module string `json:"module"`
	ID     string `json:"parent_id"`
	Links  int    `json:"links"`
}

// largest is how many parents a plan names.
const largest = 10

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
		Concurrency: p.Slots,
		Seconds:     p.Time.Seconds(),
		Answer:      p.Pace.Answer.Seconds(),
		AnswerFrom:  string(p.Pace.From),
		CreditsLeft: p.Left,
		Nights:      p.Nights,
		pace:        p.Pace,
		budget:      creditsText(p, f.reserveCredits),
		Warnings:    append(warningsOf(p.Input.Suspicions), vouched(p.Vouched)...),
		Command:     carriedOut(f.command),
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
	for _, l := range set.LargestParents(largest) {
		v.Largest = append(v.Largest, parentView{l.Module, l.Parent.String(), l.Links})
	}
	return v
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
			Text:  fmt.Sprintf("links of %s cannot be made again without their %s, which is not kept", r.Relation, field),
			Hint:  "add --snapshot if you may want to undo this",
			Lines: []int{},
		})
	}
}

// text gives the plan for people. whole adds what is not needed for the question.
func (v *planView) text(whole bool) string {
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
		rows = append(rows, [2]string{"column", c.Column + " is taken for " + c.As})
	}
	rows = append(rows, [2]string{"rows", progress.Number(v.Rows) + v.repeated()})
	if v.Settled > 0 {
		rows = append(rows, [2]string{"settled", counted(v.Settled, "link", "links") + " by an earlier run, " + progress.Number(v.ToSend) + " to send"})
	}
	if v.InDoubt > 0 {
		rows = append(rows, [2]string{"in doubt", counted(v.InDoubt, "link", "links") + " that an earlier run may have removed; they are sent first"})
	}
	rows = append(rows,
		[2]string{"calls", progress.Number(v.Calls) + ", of one credit each" + v.reads()})
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
	if whole && len(v.Largest) > 1 {
		b.WriteString("\n  the largest parent records\n")
		rows = nil
		for _, l := range v.Largest {
			rows = append(rows, [2]string{l.Module + " " + l.ID, counted(l.Links, "link", "links")})
		}
		b.WriteString(table(rows))
	}
	if whole && v.Command != "" && v.ToSend > 0 {
		b.WriteString("\n  to carry it out\n" + commandIndent + v.Command + "\n")
	}
	return b.String()
}

// vouched warns of relations for which nobody but the user vouches.
func vouched(relations []zoho.Relation) []warningView {
	var views []warningView
	for _, r := range relations {
		views = append(views, warningView{
			Text:  "nobody but you vouches for " + r.String() + ": neither the org nor Zoho's documentation says that it can be delinked",
			Hint:  "its first batches go one at a time; a record that is deleted stops the run",
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
