package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/zoho"
)

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run INPUT",
		Short: "plans, asks, delinks, records; run again, it goes on where it stopped",
		Long: `run reads the whole input and checks it, shows the plan and asks. Then it delinks, and writes beside the input

  links.results.csv    one row for each input row that is settled; a later run goes by it
  links.failures.csv   the input rows whose links are not gone, and why: an input itself
  links.summary.json   the run in numbers

Exit codes:
` + exitCodes() + `

Every flag has a twin in the environment (--max-calls is DELINK_MAX_CALLS); a flag beats it.`,
		Example: `  delink run links.csv                         asks first; run again, it goes on
  delink run links.csv --yes --quiet           for a scheduler
  delink run links.failures.csv                once more, with what failed
  delink run leads.csv --module Campaigns --relation Leads
  delink run export.csv --module Campaigns --relation Leads --columns 'parent_id="Kampagne-ID",related_id=Lead-ID'
  delink run links.csv --emulator --yes        a rehearsal without an account`,
		Args: oneInput,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			f.command = commandLine(cmd, args[0])
			if f.dryRun {
				return p.plan(&f, args[0])
			}
			return p.delink(&f, args[0])
		},
	}
	f.define(cmd.Flags())
	f.defineRun(cmd.Flags())
	return cmd
}

// delink is the whole of a run.
func (p *program) delink(f *runFlags, input string) error {
	c, err := p.config(f, input)
	if err != nil {
		return err
	}
	if !f.yes && !p.canAsk(input) {
		return &job.Refusal{Cause: "there is no terminal to ask on", Remedy: job.SayYes}
	}
	r := &runner{program: p, f: f}
	if !f.emulator { // a missing login is told before a large input is read
		if r.login, err = p.login(f.where); err != nil {
			return err
		}
	}
	stop, halt := context.WithCancelCause(p.signals.Stop())
	defer halt(nil)
	if f.deadline > 0 {
		defer time.AfterFunc(f.deadline, func() { halt(outcome.Deadline) }).Stop()
	}
	end, err := job.Run(stop, p.signals.Hard(), c, r.world())
	r.close()
	if err != nil {
		return err
	}
	return p.end(f, end)
}

// runner is what a run needs of the program.
type runner struct {
	*program
	f      *runFlags
	login  login
	client *zoho.Client
	close  func()
	begun  atomic.Pointer[func() progress.Moment] // nil before the first call
}

// world is the outside of the job.
func (r *runner) world() job.World {
	r.close = func() {}
	w := job.World{
		Disk:     r.disk,
		Registry: registry(),
		Opening:  func() error { return r.signals.take(r.stopping) },
		Connect:  r.connect,
		Note:     r.ui.note,
		Asking:   r.asking,
		Accept:   r.accept,
		Watch: func(look func() progress.Moment) func() {
			r.begun.Store(&look)
			return r.progress(look)
		},
	}
	if r.f.emulator {
		w.Registry = "" // no other run has to know what is in doubt in a rehearsal
	}
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

// connect makes the connection to the CRM, or to an emulator inside this process.
func (r *runner) connect() (*job.Connection, error) {
	if r.f.emulator {
		for _, name := range r.f.unheeded {
			r.ui.note(name + " does not count: --emulator asks no org")
		}
		server, rehearsal, err := startRehearsal()
		if err != nil {
			return nil, err
		}
		r.login = rehearsal
		r.close = func() { _ = server.Close() }
	}
	client, err := r.login.client(zoho.MostSlots, cmp.Or(r.f.timeout, time.Minute), r.f.apiVersion)
	if err != nil {
		return nil, err
	}
	r.client = client
	return &job.Connection{CRM: logged{client, r.ui.log}, Login: r.login.digest(), Emulator: r.f.emulator}, nil
}

// askingAfter is how long a person waits without a word while the org is asked.
const askingAfter = time.Second

// asking says that the org is asked, if that takes long.
func (r *runner) asking() (done func()) {
	t := time.AfterFunc(askingAfter, func() { r.ui.say("asking the org…") })
	return func() { t.Stop() }
}

// accept makes sure that the org is of the kind that is meant.
func (r *runner) accept(org *zoho.Org) error {
	want := r.f.where.environment
	if r.f.emulator || want == "" || org.Type == "" || org.Type == want {
		return nil
	}
	return &job.Refusal{
		Cause:  fmt.Sprintf("%s is a %s org, and a %s org is meant", org.Name, org.Type, want),
		Hint:   "log in to the org that is meant",
		Remedy: job.LeaveOutEnvironment,
	}
}

// tellPlan shows the plan.
func (r *runner) tellPlan(proposal *job.Proposal) *planView {
	view := newPlanView(proposal, r.f)
	r.ui.result("plan", view.text(false), "plan", view)
	return view
}

// confirm shows the plan and asks a person.
func (r *runner) confirm(ctx context.Context, proposal *job.Proposal) error {
	return r.ask(ctx, r.question(r.tellPlan(proposal)))
}

// stopping writes what the first signal does.
func (r *runner) stopping(what string) {
	if look := r.begun.Load(); look != nil {
		r.ui.note(fmt.Sprintf("%s: sending nothing new, waiting for %s in flight; a second signal leaves at once and records their links as unknown",
			what, counted((*look)().InFlight, "call", "calls")))
	}
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
