package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"golang.org/x/time/rate"

	"delink/pkg/job"
	"delink/pkg/report"
	"delink/pkg/worker"
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

Exit codes: 0 every link is removed or absent, 1 the run could not go on, 2 nothing was sent, 3 some links failed,
are unknown or invalid, 4 Zoho refuses the login, 5 stopped early and can be resumed, 130 stopped at once.

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
			if f.dryRun {
				f.command = commandLine(cmd, args[0])
				return p.plan(&f, args[0])
			}
			return p.delink(cmd.Context(), &f, args[0])
		},
	}
	f.define(cmd.Flags())
	f.defineRun(cmd.Flags())
	return cmd
}

// delink is the whole of a run.
func (p *program) delink(ctx context.Context, f *runFlags, input string) error {
	c, err := p.config(f, input)
	if err != nil {
		return err
	}
	if !f.yes && !p.canAsk(input) {
		return &job.Refusal{Cause: "there is no terminal to ask on", Hint: "add --yes to go on without being asked"}
	}
	var l login
	if !f.emulator { // a missing login is told before a large input is read
		if l, err = p.login(f.where); err != nil {
			return err
		}
	}
	begun := time.Now()
	plan, err := job.Read(c, p.disk, true)
	if err != nil {
		return err
	}
	defer plan.Close()
	j, err := job.Open(plan, p.disk)
	if err != nil {
		return err
	}
	defer j.Close()
	r := &runner{program: p, f: f, plan: plan, j: j, login: l}
	r.stop, r.halt = context.WithCancelCause(ctx)
	defer r.halt(nil)
	r.hard, r.cut = context.WithCancelCause(context.WithoutCancel(ctx))
	defer r.cut(nil)
	if f.deadline > 0 {
		timer := time.AfterFunc(f.deadline-time.Since(begun), func() { r.halt(worker.Deadline) })
		defer timer.Stop()
	}
	defer r.heed()()
	return r.run()
}

// runner is a run that has its plan and its files.
type runner struct {
	*program
	f     *runFlags
	plan  *job.Plan
	j     *job.Job
	login login

	stop context.Context // ends when nothing new is to be sent
	halt context.CancelCauseFunc
	hard context.Context // ends when nothing is to be waited for
	cut  context.CancelCauseFunc
	pool atomic.Pointer[worker.Pool] // nil before the first call
}

// run asks the org, shows the plan and asks the user, and delinks.
func (r *runner) run() error {
	if r.plan.Rows() == 0 {
		return r.nothing(r.plan.Name() + " has a header and no rows")
	}
	if r.f.emulator {
		server, rehearsal, err := startRehearsal()
		if err != nil {
			return err
		}
		defer server.Close()
		r.login = rehearsal
	}
	client, err := r.login.client(mostSlots, r.f.timeout, r.f.apiVersion)
	if err != nil {
		return err
	}
	pace := worker.NewRate(r.f.rate)
	inquiry := job.Inquire(paced{client, pace})
	org, refused := inquiry.Org(r.stop)
	if err := r.at(org); err != nil {
		return err
	}
	for _, n := range r.j.Notes {
		r.ui.note(n)
	}
	if earlier := r.j.Done(); earlier != nil {
		return r.nothingToDo(r.f, earlier, org)
	}
	if r.plan.Set.Links() == 0 {
		return r.nothing("no row of " + r.plan.Name() + " can be used")
	}
	if !r.j.HasWork() {
		return r.nothing("an earlier run has settled every link of " + r.plan.Name())
	}
	if refused == nil {
		refused = inquiry.Relations(r.stop, r.plan)
	}
	if r.stop.Err() != nil {
		return r.giveUp(stopReason(r.stop), nil)
	}
	for _, n := range inquiry.Notes {
		r.ui.note(n)
	}
	refusal := new(job.Refusal)
	if byZoho := new(zoho.Error); errors.As(refused, &byZoho) && !errors.As(refused, &refusal) {
		return r.giveUp(worker.Refused, byZoho)
	}
	if refused != nil {
		return refused
	}
	view := newPlanView(r.j, r.f, org)
	r.ui.say("%s", view.text(false))
	if !r.f.yes {
		if err := r.ask(r.stop, view, r.login); err != nil {
			return err
		}
		if r.stop.Err() != nil {
			return r.giveUp(stopReason(r.stop), nil)
		}
	}
	return r.send(client, pace, view)
}

// nothing ends a run that has no links to send.
func (r *runner) nothing(why string) error {
	r.ui.say("nothing to do: %s", why)
	summary, err := r.j.Nothing()
	return r.end(r.f, summary, err, nil)
}

// at makes sure that the results and the login are of the CRM that is meant.
func (r *runner) at(org *zoho.Org) error {
	switch {
	case r.f.emulator:
		return r.j.At(job.Emulator)
	case org == nil:
		return r.j.At("")
	}
	if want := r.f.where.environment; want != "" && org.Type != "" && org.Type != want {
		return &job.Refusal{
			Cause: fmt.Sprintf("%s is a %s org, and --environment says %s", org.Name, org.Type, want),
			Hint:  "log in to the org that is meant, or leave out --environment",
		}
	}
	return r.j.At(org.ID)
}

// giveUp ends a run before its first call.
func (r *runner) giveUp(reason worker.Reason, why error) error {
	summary, err := r.j.GiveUp(reason, why)
	return r.end(r.f, summary, err, nil)
}

// stopReason is why a context was ended.
func stopReason(stop context.Context) worker.Reason {
	reason := worker.Interrupted
	errors.As(context.Cause(stop), &reason)
	return reason
}

// send runs the job, shows how it goes, and tells how it ended.
func (r *runner) send(client *zoho.Client, pace *rate.Limiter, view *planView) error {
	f, j := r.f, r.j
	pool := worker.New(logged{client, r.ui.log}, worker.Settings{
		Slots:          view.Concurrency,
		Rate:           pace,
		MaxAttempts:    f.maxAttempts,
		MaxCalls:       f.maxCalls,
		ReserveCredits: f.reserveCredits,
		MaxFailures:    f.maxFailures.of(j.Book.Links()),
		Note:           r.ui.note,
		Untried:        func(rel zoho.Relation) bool { return slices.Contains(r.plan.Config.Allow, rel) },
	})
	r.pool.Store(pool)
	progress := r.progress(func() report.Moment {
		s := pool.Stats()
		return report.Moment{
			Done:     s.Outcomes,
			Total:    view.ToSend,
			Failed:   j.Book.Count(worker.Failed) + j.Book.Count(worker.Unknown),
			InFlight: s.InFlight,
			Slots:    s.Slots,
		}
	})
	summary, err := j.Run(r.stop, r.hard, pool, client.Credits)
	progress()
	return r.end(f, summary, err, j.Book.Causes())
}

// end tells how a run ended.
func (p *program) end(f *runFlags, summary *report.Summary, err error, causes []report.Cause) error {
	code := summary.ExitCode
	if f.json {
		if e := summary.Encode(p.stdout); e != nil {
			err = errors.Join(err, e)
			code = job.ExitBroken
		}
	}
	if err != nil {
		p.tellError(err)
	}
	text := ending(summary, causes)
	if deleted := new(zoho.Error); errors.As(err, &deleted) && deleted.Code == zoho.CodeRecordDeleted {
		text = strings.Replace(text, runAgain, "", 1)
	}
	p.ui.say("%s", text)
	return ended{code}
}

func (p *program) tellError(err error) {
	var api *zoho.Error
	hint := ""
	if errors.As(err, &api) {
		hint = hintFor(api)
	}
	p.ui.error(err.Error(), hint)
}

// errLeft is why calls were cut off.
var errLeft = errors.New("delink was told to leave at once")

// heed stops the run on the first signal and cuts it off on the second.
func (r *runner) heed() (end func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	quit := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-quit:
				return
			case s := <-signals:
				if n > 0 {
					r.cut(errLeft)
					return
				}
				r.halt(worker.Interrupted)
				if pool := r.pool.Load(); pool != nil {
					r.ui.note(fmt.Sprintf("%s: sending nothing new, waiting for %s in flight; a second signal leaves at once and records their links as unknown",
						signalName(s), counted(pool.Stats().InFlight, "call", "calls")))
				}
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(quit)
	}
}

func signalName(s os.Signal) string {
	switch s {
	case os.Interrupt:
		return "interrupted"
	case syscall.SIGHUP:
		return "the terminal was closed"
	}
	return "terminated"
}

// progress shows how the run goes on until the returned function is called.
func (p *program) progress(look func() report.Moment) (end func()) {
	if p.ui.quiet {
		return func() {}
	}
	if p.ui.json {
		bar := report.StartProgress(uiLines{p.ui}, false, false, look)
		return bar.Stop
	}
	bar := report.StartProgress(p.ui.w, p.ui.terminal(), p.ui.color, look)
	restore := p.ui.during(bar.Above)
	return func() {
		bar.Stop()
		restore()
	}
}

// uiLines makes a message of each line.
type uiLines struct{ u *ui }

func (l uiLines) Write(b []byte) (int, error) {
	l.u.say("%s", strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// canAsk reports whether there is somebody to ask.
func (p *program) canAsk(input string) bool {
	f, ok := p.stdin.(*os.File)
	return ok && input != job.Stdin && term.IsTerminal(int(f.Fd())) && p.ui.terminal()
}

// ask wants a yes from a person. If ctx ends before there is an answer, that is told by ctx alone.
func (p *program) ask(ctx context.Context, v *planView, l login) error {
	where := "the org of this login"
	if v.Org != nil {
		where = v.Org.text()
	}
	if l.api != "" {
		where += " at " + l.api
	} else {
		where += ", data centre " + l.dc.Name
	}
	p.ui.write(fmt.Sprintf("remove %s in %s? This cannot be undone by itself. [y/N] ", counted(v.ToSend, "link", "links"), where))
	answers := make(chan string, 1)
	go func() { // a read of a terminal cannot be called off
		answer, _ := bufio.NewReader(p.stdin).ReadString('\n')
		answers <- answer
	}()
	select {
	case <-ctx.Done():
		p.ui.write("\n")
		return nil
	case answer := <-answers:
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "y", "yes":
			return nil
		}
	}
	return &job.Refusal{Cause: "not confirmed"}
}

// nothingToDo ends a run whose links an earlier run has settled.
func (p *program) nothingToDo(f *runFlags, s *report.Summary, org *zoho.Org) error {
	code := s.ExitCode
	if code == job.ExitDone && f.failAbsent && s.Absent > 0 {
		code = job.ExitFailures
	}
	where := ""
	switch {
	case f.emulator:
		where = " in the emulator"
	case org != nil:
		where = " in " + org.Name
	}
	text := "nothing to do: an earlier run finished with this input" + where + "; its results are in " + s.Results
	if s.Failed > 0 {
		text += fmt.Sprintf("\n%s failed: --retry-failed sends them again", counted(s.Failed, "link", "links"))
	}
	p.ui.say("%s", text)
	if f.json {
		if err := s.Encode(p.stdout); err != nil {
			return err
		}
	}
	return ended{code}
}

// shownCauses is how many causes of failure an ending lists.
const shownCauses = 5

// ending tells how a run ended.
func ending(s *report.Summary, causes []report.Cause) string {
	var b strings.Builder
	b.WriteString(reasonText(s) + "\n")
	var rows [][2]string
	for _, c := range []struct {
		name string
		n    int
		note string
	}{
		{"removed", s.Removed, ""},
		{"absent", s.Absent, "no such link; message says if an attempt before went unanswered"},
		{"failed", s.Failed, ""},
		{"unknown", s.Unknown, "may be removed; run again to find out"},
		{"pending", s.Pending, "not sent"},
		{"duplicate", s.Duplicate, "rows that repeat an earlier line"},
		{"invalid", s.Invalid, "rows that cannot be used"},
	} {
		if c.n > 0 || c.name == "removed" {
			rows = append(rows, [2]string{c.name, strings.TrimSpace(fmt.Sprintf("%s  %s", report.Number(c.n), c.note))})
		}
	}
	b.WriteString(table(rows))
	for i, c := range causes {
		if i == shownCauses {
			fmt.Fprintf(&b, "  … and %d more causes, see the failures file\n", len(causes)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s × %s: %s\n", report.Number(c.Links), c.Code, c.Message)
		if hint := hintForCode(c.Code); hint != "" {
			fmt.Fprintf(&b, "    hint: %s\n", hint)
		}
	}
	b.WriteString("\n")
	rows = [][2]string{{"results", s.Results}}
	if s.Failures != nil {
		rows = append(rows, [2]string{"failures", *s.Failures})
	}
	b.WriteString(strings.TrimSuffix(table(rows), "\n"))
	return b.String()
}

const runAgain = "; run the same command again to go on"

func reasonText(s *report.Summary) string {
	took := fmt.Sprintf("%s, %s", report.Duration(time.Duration(s.Seconds*float64(time.Second))), counted(s.Calls, "call", "calls"))
	again := runAgain
	switch s.Reason {
	case worker.Completed:
		return "done in " + took
	case worker.Interrupted:
		if s.ExitCode == job.ExitInterrupted {
			return "stopped at once by a second signal after " + took + again
		}
		return "stopped by a signal after " + took + again
	case worker.Deadline:
		return "stopped at the deadline after " + took + again
	case worker.MaxCalls:
		return "stopped at the limit of calls after " + took + again
	case worker.Credits:
		return "stopped for want of credits after " + took + "; they come back 24 hours after each was used: run the same command again then"
	case worker.Failures:
		return "stopped because too many links failed, after " + took + again
	case worker.Refused:
		return "stopped because Zoho refuses this login, after " + took
	case worker.Broken:
	}
	return "stopped because of an error after " + took + again
}
