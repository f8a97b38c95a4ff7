package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// undoFlags are the flags of undo.
type undoFlags struct {
	inputFlags
	crmFlags
	limitFlags
	monitorFlags
	folder      folderFlag
	results     string
	yes, dryRun bool
	maxLinks    int
	batchSize   int
	maxFailures share
	retryFailed bool
	restart     bool
	ifChanged   string
	gone        bool
	json        bool
	command     commandLine
}

func (p *program) undoCommand() *cobra.Command {
	var f undoFlags
	cmd := &cobra.Command{
		Use:   "undo INPUT",
		Short: "links again what a run of the input removed",
		Long: `undo reads the results that run has left beside the input, shows what it would link again, and asks. Links that are there already
are left as they are. It writes beside the results

  links.undo.csv            one row for each link, with the columns of the results
  links.undo.summary.json   the undo in numbers

A link's own fields, such as a campaign's member status, come from the snapshot that run --snapshot has kept (links.snapshot.csv), else
from the columns link.NAME of the input. The link's id and its times do not come back.

Run again, it goes on where it stopped. A job that was undone is not run again by accident: run refuses, and names --restart.`,
		Example: `  delink undo links.csv                asks first
  delink undo links.csv --dry-run      says what it would do
  delink undo links.csv --gone         links again also what the results call gone
  delink undo links.csv --emulator     a rehearsal without an account`,
		Args: oneInput,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			f.command = asGiven(cmd, args[0])
			if f.dryRun {
				return p.undo(&f, args[0], nil)
			}
			m, err := p.monitor(&f.monitorFlags, "undo", args[0], f.files(), f.emulator)
			if err != nil {
				return err
			}
			return m.monitored(func() error { return p.undo(&f, args[0], m) })
		},
	}
	f.define(cmd.Flags())
	return cmd
}

func (f *undoFlags) define(flags *pflag.FlagSet) {
	f.maxFailures = share{n: -1}
	f.inputFlags.define(flags)
	f.crmFlags.define(flags, "link again in an emulator inside this process, in which what the results call removed is not there")
	f.defineSpeed(flags)
	f.defineBudgets(flags)
	f.monitorFlags.define(flags)
	f.folder.define(flags, "folder of the run's files, and for those of the undo, instead of beside the input: `DIR`")
	flags.StringVar(&f.results, "results", "", "result `file` of the run (default beside the input: links.results.csv)")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask; needed where there is no terminal")
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "say what would be done, and change nothing")
	flags.IntVar(&f.maxLinks, "max-links", 0, "refuse to link more than `N` links again")
	flags.IntVar(&f.batchSize, "batch-size", zoho.MaxIDs, "links per call, 1 to 100")
	flags.Var(&f.maxFailures, "max-failures", "stop once more links than that failed: finish open calls, save, stop; a percentage is of all links")
	flags.BoolVar(&f.retryFailed, "retry-failed", false, "send again what failed in an earlier undo")
	flags.BoolVar(&f.restart, "restart", false, "start over, whatever an earlier undo did; its files get new names")
	defineChoice(flags, &f.ifChanged, "if-changed", "", "what to do if the input has changed since an unfinished undo: resume or restart")
	flags.BoolVar(&f.gone, "gone", false, "link again also what the results call gone: a call without an answer has probably removed it")
	flags.BoolVar(&f.json, "json", false, "print the summary as JSON on standard output")
}

func (f *undoFlags) check(cmd *cobra.Command) error {
	err := firstWrong(cmd, []wrongValue{
		wrongBatchSize(f.batchSize),
		{f.maxLinks < 0, "--max-links is below 0"},
		{cmd.Flags().Changed("max-links") && f.maxLinks == 0, "--max-links 0 would refuse every undo"},
	})
	if err == nil {
		err = f.limitFlags.check(cmd)
	}
	if err == nil {
		err = f.crmFlags.check(cmd)
	}
	return err
}

// files are the files that have a flag.
func (f *undoFlags) files() job.Files { return job.Files{Folder: string(f.folder), Results: f.results} }

// config makes the job's UndoConfig from the flags.
func (f *undoFlags) config(p *program, input string) job.UndoConfig {
	c := job.UndoConfig{Gone: f.gone}
	c.Input, c.Stdin, c.Reader = input, p.stdin, f.reader()
	c.Files, c.Version = f.files(), version
	c.BatchSize, c.MaxLinks = f.batchSize, f.maxLinks
	c.Choice = job.Choice{RetryFailed: f.retryFailed, Restart: f.restart, IfChanged: job.Changed(f.ifChanged)}
	c.Limits = f.limits()
	c.Limits.MaxFailures = f.maxFailures.of
	return c
}

// undo is the whole of an undo.
func (p *program) undo(f *undoFlags, input string, m *monitor) error {
	if !f.yes && !f.dryRun && !p.canAsk(input) {
		return &job.Refusal{Cause: "there is no terminal to ask on", Remedy: job.SayYes}
	}
	c := p.connector(&f.crmFlags, f.timeout)
	if err := c.logIn(); err != nil {
		return err
	}
	if f.dryRun {
		return p.planUndo(f, c, input)
	}
	stop, done := p.stop(f.deadline)
	defer done()
	w := c.world()
	m.watches(&w)
	w.Confirm = func(ctx context.Context, proposal *job.Proposal) error {
		text := undoPlan(proposal)
		p.ui.result("plan", text, "plan", newUndoView(proposal))
		if f.yes {
			return nil
		}
		q := fmt.Sprintf("link %s again in %s? [y/N]", counted(proposal.ToSend, "link", "links"), c.where(proposal.Org))
		if p.ui.manner().quiet {
			q = text + "\n" + q
		}
		return p.ask(ctx, q)
	}
	end, err := job.Undo(stop, p.signals.Hard(), f.config(p, input), w)
	c.close()
	if err != nil {
		return err
	}
	return p.end(closing{again: f.command, json: f.json, emulator: f.emulator, words: undoWords, monitor: m}, end)
}

// planUndo says what an undo would do.
func (p *program) planUndo(f *undoFlags, c *connector, input string) error {
	proposal, err := job.LookUndo(p.signals.Stop(), f.config(p, input), c.world())
	c.close()
	switch {
	case err != nil:
		return err
	case p.signals.isLeaving(): // the org may not have been asked to the end
		return errSignalled
	case f.json:
		return report.EncodeJSON(p.stdout, newUndoView(proposal))
	}
	return p.print(undoPlan(proposal))
}

// undoView is the plan of an undo as programs see it.
type undoView struct {
	Input       string  `json:"input"`
	Links       int     `json:"links"`   // that an undo is about
	Settled     int     `json:"settled"` // by an earlier undo
	ToSend      int     `json:"to_send"`
	InDoubt     int     `json:"in_doubt"`
	WithFields  int     `json:"with_fields"` // links of ToSend that get fields of their own
	Calls       int     `json:"calls"`
	Credits     int     `json:"credits"`   // at the most
	Questions   int     `json:"questions"` // as of planView
	Concurrency int     `json:"concurrency"`
	Seconds     float64 `json:"seconds"` // expected
}

func newUndoView(p *job.Proposal) undoView {
	return undoView{p.Input.Config.Input, p.Input.Set.Links(), p.Settled, p.ToSend, p.InDoubt, p.Fields, p.Calls, p.Credits, p.Questions, p.Slots, p.Time.Seconds()}
}

// undoPlan says what an undo would do.
func undoPlan(p *job.Proposal) string {
	set := p.Input.Set
	var b strings.Builder
	fmt.Fprintf(&b, "%s: link %s again\n\n", p.Input.Name(), counted(p.ToSend, "link", "links"))
	var rows [][2]string
	for _, r := range set.Relations() {
		if p.Settled > 0 {
			break // their numbers are of all links of the undo
		}
		rows = append(rows, [2]string{r.Relation.String(), fmt.Sprintf("%s of %s", counted(r.Links, "link", "links"), counted(r.Parents, "parent record", "parent records"))})
	}
	if len(rows) > 0 {
		b.WriteString(table(rows) + "\n")
	}
	rows = nil
	if p.Org != nil {
		rows = append(rows, [2]string{"org", (&orgView{p.Org.Name, p.Org.Type, p.Org.Edition}).text()})
	}
	if p.Settled > 0 {
		rows = append(rows, [2]string{"done", counted(p.Settled, "link", "links") + " by an earlier undo"})
	}
	rows = append(rows,
		[2]string{"fields", fieldsText(p)},
		[2]string{"lost", "the links' ids and times do not come back"},
		[2]string{"calls", fmt.Sprintf("%s, of %s at the most", progress.Number(p.Calls), counted(p.Credits, "credit", "credits"))},
		[2]string{"time", timeText(p.Time, p.Slots, p.Pace)})
	b.WriteString(table(rows))
	return b.String()
}

// fieldsText says how many links get fields of their own.
func fieldsText(p *job.Proposal) string {
	switch none := p.ToSend - p.Fields; {
	case p.Fields == 0:
		return "none are known: the links come back without fields of their own, such as a member status"
	case none == 0:
		return "all links get their own fields back"
	default:
		return fmt.Sprintf("%s get their own fields back, of %s none are known", counted(p.Fields, "link", "links"), progress.Number(none))
	}
}

// undoWords are the words of an ending of undo.
var undoWords = endingWords{
	first: outcome.Restored,
	notes: map[outcome.Status]string{
		outcome.Unknown: "sent, and may be linked; undo again to find out",
		outcome.Pending: "not linked again yet",
	},
	inDoubt: "not sent by this undo; %s in doubt: an earlier undo may have linked them, and they go first next time",
	idle: map[job.Idle]string{
		job.NothingRemoved: "nothing to undo: the results of %s call no link removed",
		job.EarlierDone:    "nothing to do: this job was undone before%s%s",
		job.EarlierEnough:  "nothing to do: an earlier undo is done with every link of %s",
		job.NoRows:         "nothing to undo: %s has a header and no rows",
	},
}
