package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"delink/pkg/job"
	"delink/pkg/progress"
)

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run INPUT",
		Short: "plans, asks, delinks, records; run again, it goes on where it stopped",
		Long: `run reads the whole input and checks it, shows the plan and asks. Then it removes the links, and writes what became of each beside the
input, into links.results.csv. Run again, it goes on where it stopped.`,
		Example: `  delink run links.csv                   asks first
  delink run links.csv --yes --quiet     for a scheduler
  delink run links.csv --retry-failed    once more, with what failed
  delink run links.csv --emulator --yes  a rehearsal without an account
  delink run leads.csv --module Campaigns --relation Leads
  delink run leads.csv --columns related_id=Lead-ID`,
		Args: oneInput,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			f.command = asGiven(cmd, args[0])
			if f.dryRun {
				return p.plan(&f, args[0])
			}
			if _, err := p.pagePlace(f.files(), args[0]); err != nil {
				return err
			}
			m, err := p.monitor(&f.monitorFlags, "run", args[0], f.files(), f.emulator)
			if err != nil {
				return err
			}
			return m.monitored(func() error { return p.delink(&f, args[0], m) })
		},
	}
	f.define(cmd.Flags())
	f.defineRun(cmd.Flags())
	return cmd
}

// delink is the whole of a run.
func (p *program) delink(f *runFlags, input string, m *monitor) error {
	c, err := p.config(f, input)
	if err != nil {
		return err
	}
	c.AskNames = !f.yes // a person waits anyway
	if !f.yes && !p.canAsk(input) {
		return &job.Refusal{Cause: "there is no terminal to ask on", Remedy: job.SayYes}
	}
	r := p.runner(f)
	if err := r.logIn(); err != nil { // a missing login is told before a large input is read
		return err
	}
	stop, done := p.stop(f.deadline)
	defer done()
	w := r.world()
	m.watches(&w)
	end, err := job.Run(stop, p.signals.Hard(), c, w)
	r.close()
	if err != nil {
		return err
	}
	page := p.pageOfRun(f, input, end)
	return p.end(closing{again: f.command, page: page, json: f.json, emulator: f.emulator, failAbsent: f.failAbsent, words: runWords, monitor: m}, end)
}

// runner is what a run needs of the program.
type runner struct {
	*connector
	f *runFlags
}

func (p *program) runner(f *runFlags) *runner {
	return &runner{connector: p.connector(&f.crmFlags, f.timeout), f: f}
}

// world is the outside of the job.
func (r *runner) world() job.World {
	w := r.connector.world()
	if !r.f.yes {
		w.Confirm = r.confirm
	} else {
		w.Confirm = func(_ context.Context, proposal *job.Proposal) error {
			r.tellPlan(proposal)
			return nil
		}
	}
	return w
}

// tellPlan shows the plan.
func (r *runner) tellPlan(proposal *job.Proposal) *planView {
	view := newPlanView(proposal, r.f)
	r.ui.result("plan", view.text(), "plan", view)
	return view
}

// confirm shows the plan and asks a person.
func (r *runner) confirm(ctx context.Context, proposal *job.Proposal) error {
	return r.ask(ctx, r.question(r.tellPlan(proposal)))
}

// progress shows how the run goes on until the returned function is called.
func (p *program) progress(look func() progress.Moment) (end func()) {
	switch {
	case p.ui.manner().quiet:
		return func() {}
	case p.ui.canDraw():
		return progress.StartBar(p.ui, look).Stop
	}
	return progress.StartLines(p.ui.progress, look).Stop
}

// canAsk reports whether there is somebody to ask.
func (p *program) canAsk(input string) bool {
	f, ok := p.stdin.(*os.File)
	return ok && input != job.Stdin && term.IsTerminal(int(f.Fd())) && p.ui.terminal()
}
