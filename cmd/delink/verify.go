package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	inputFlags
	crmFlags
	limitFlags
	monitorFlags
	folder           folderFlag
	results, summary string
	sample           int
	json             bool
	command          commandLine
}

func (p *program) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify INPUT",
		Short: "asks the CRM whether what the results of a run say is true; changes nothing",
		Long: `verify asks the CRM about every link of an input that was run, and of its undo if there was one. It removes nothing. It writes beside the results

  links.verify.csv   one row for each link: its status, whether it is linked, and whether the two agree

A link that is still there, or that is not there although it should be, is looked up a second time after 5 seconds, and the second look
counts. That none of the links is there is believed only if something proves that this login sees the list; else linked is unknown.

agrees is empty where the status claims nothing: of links that are unknown or pending, and of those that an undo failed to link.
Run again after a stop, verify goes on with the links that it has not looked up.

The exit code is 3 if something disagrees or is unknown.`,
		Example: `  delink verify links.csv                 looks up every link
  delink verify links.csv --sample 500    looks up 500 links, drawn evenly
  delink verify links.csv --json          the numbers on standard output`,
		Args: oneInput,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			p.reads = true
			f.command = asGiven(cmd, args[0])
			m, err := p.monitor(&f.monitorFlags, "verify", args[0], f.files(), f.emulator)
			if err != nil {
				return err
			}
			return m.monitored(func() error { return p.verify(&f, args[0]) })
		},
	}
	f.define(cmd.Flags())
	return cmd
}

func (f *verifyFlags) define(flags *pflag.FlagSet) {
	f.inputFlags.define(flags)
	f.crmFlags.define(flags, "ask an emulator inside this process, in which the job's files are true")
	f.defineSpeed(flags)
	f.defineBudgets(flags)
	f.monitorFlags.define(flags)
	f.folder.define(flags, "folder of the run's files, and for that of the verification, instead of beside the input: `DIR`")
	flags.StringVar(&f.results, "results", "", "result `file` of the run (default beside the input: links.results.csv)")
	flags.StringVar(&f.summary, "summary", "", "summary `file` of the run (default beside the input: links.summary.json)")
	flags.IntVar(&f.sample, "sample", 0, "look up `N` links that are drawn evenly, always the same ones of an input (default all)")
	flags.BoolVar(&f.json, "json", false, "print the numbers as JSON on standard output")
}

// files are the files that have a flag.
func (f *verifyFlags) files() job.Files {
	return job.Files{Folder: string(f.folder), Results: f.results, Summary: f.summary}
}

// check refuses values that make no sense, before anything is read.
func (f *verifyFlags) check(cmd *cobra.Command) error {
	err := firstWrong(cmd, []wrongValue{{f.sample < 0 || f.sample == 0 && cmd.Flags().Changed("sample"), "--sample must be above 0"}})
	if err == nil {
		err = f.limitFlags.check(cmd)
	}
	if err == nil {
		err = f.crmFlags.check(cmd)
	}
	return err
}

// verify is the whole of a verification.
func (p *program) verify(f *verifyFlags, input string) error {
	c := p.connector(&f.crmFlags, f.timeout)
	if err := c.logIn(); err != nil { // a missing login is told before a large input is read
		return err
	}
	stop, done := p.stop(f.deadline)
	defer done()
	c.kept = "what was found is kept, and the same command goes on with it"
	w := c.world()
	w.Confirm = func(_ context.Context, proposal *job.Proposal) error {
		p.tellLookUps(proposal)
		return nil
	}
	end, err := job.Verify(stop, p.signals.Hard(), job.Config{
		Input:  input,
		Stdin:  p.stdin,
		Files:  f.files(),
		Limits: f.limits(),
		Reader: f.reader(),
	}, f.sample, w)
	c.close()
	if err != nil {
		return err
	}
	return p.endVerify(f, end)
}

// lookUpsView is what a verification is about to do, for programs.
type lookUpsView struct {
	Input   string  `json:"input"`
	Links   int     `json:"links"`
	ToCheck int     `json:"to_check"`
	Checked int     `json:"checked"` // by a verification that was stopped
	Calls   int     `json:"calls"`
	Asked   int     `json:"questions"` // as of planView
	Seconds float64 `json:"seconds"`   // expected
}

// tellLookUps says what is about to be asked.
func (p *program) tellLookUps(x *job.Proposal) {
	links := x.Input.Set.Links()
	v := lookUpsView{x.Input.Config.Input, links, x.ToSend, x.Settled, x.Calls, x.Questions, x.Time.Seconds()}
	what := counted(x.ToSend, "link", "links")
	if x.ToSend < links {
		what = progress.Number(x.ToSend) + " of " + counted(links, "link", "links")
	}
	where := ""
	if x.Org != nil {
		where = " in " + (&orgView{x.Org.Name, x.Org.Type, x.Org.Edition}).text()
	}
	p.ui.result("plan", fmt.Sprintf("%s: look up %s%s, in %s and a few to make sure, %s",
		v.Input, what, where, counted(x.Calls, "call", "calls"), about(x.Time)), "plan", v)
}

// endVerify writes how a verification ended. It always returns an error, with the exit code.
func (p *program) endVerify(f *verifyFlags, end *job.VerifyEnding) error {
	code := end.Numbers.ExitCode
	if f.json {
		if e := end.Numbers.Encode(p.stdout); e != nil {
			end.Err = errors.Join(end.Err, e)
			code = outcome.ExitBroken
		}
	}
	if end.Err != nil {
		p.tellError(end.Err)
	}
	next := nextLookUps(end.Numbers, f.command)
	p.ui.result("ended", verifyText(end)+next.text(), append([]any{"summary", end.Numbers}, next.fields()...)...)
	return ended{code}
}
