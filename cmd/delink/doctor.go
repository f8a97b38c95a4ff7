package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"delink/pkg/doctor"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

// doctorFlags are the flags of doctor.
type doctorFlags struct {
	crmFlags
	limitFlags
	module    string
	relations []string
	columns   columnsFlag
	delimiter delimiterFlag
	probe     string
	restore   string
	yes, json bool

	target *doctor.Target // of probe; nil for none
}

func (p *program) doctorCommand() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor [INPUT]",
		Short: "checks the login, scopes, org, limits and relations, and says what to mend",
		Long: `doctor asks the org what a run would need: whether the login is accepted and what it may do, how many calls and credits there are, and
whether relations can be delinked, from which side. It looks at the relations of INPUT, or at those of --relation. It removes nothing.
Each line is "ok", "trouble" or "unknown". A scope is a right that a login has since its code was generated.

--probe is for one link that nobody needs. It removes the link and makes it again, looks at it all the while, and reports how this org
really answers where Zoho's documentation is silent. It asks first, and always tries to leave the link as it was. How the link was is
kept in a file delink-probe-….json meanwhile; --restore puts the link back if a probe was killed.

Exit codes: 0 all is well, 1 it could not go on or the link of a probe is not as it was, 2 usage or configuration (no login, say),
3 there is a trouble that would stop a run in part, 4 Zoho refuses the login, 5 stopped by a signal.`,
		Example: `  delink doctor
  delink doctor links.csv
  delink doctor --relation Campaigns.Leads --relation Products.Leads
  delink doctor --json
  delink doctor --probe Campaigns.Leads:3652397000000400001:3652397000000900001`,
		Args: atMostOneInput,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			return plainly(p.examine(&f, args))
		},
	}
	flags := cmd.Flags()
	f.crmFlags.define(flags, "look at an emulator inside this process, with the demo org")
	flags.StringArrayVar(&f.relations, "relation", nil, "relation to look at: `Module.List`; can be repeated")
	flags.StringVar(&f.module, "module", "", "module of the parent records, if neither INPUT nor --relation says it: `Campaigns`")
	flags.Var(&f.columns, "columns", "which column of INPUT is which, as `parent_id=NAME,related_id=NAME`")
	flags.Var(&f.delimiter, "delimiter", "what is between columns of INPUT: `comma|semicolon|tab|pipe`")
	flags.StringVar(&f.probe, "probe", "", "take this one link through a removal and back: `Module.List:PARENT:RELATED`")
	flags.StringVar(&f.restore, "restore", "", "put back the link of a probe that was killed, from its `file`")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask before a probe; needed where there is no terminal")
	flags.BoolVar(&f.json, "json", false, "print what was found as JSON on standard output")
	flags.Float64Var(&f.rate, "rate", 0, "calls per second at most; 0.5 is one in two seconds")
	flags.DurationVar(&f.timeout, "timeout", authTimeout, "of one call")
	return cmd
}

// atMostOneInput is the argument of a command that can do without an input.
func atMostOneInput(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return oneInput(cmd, args)
}

func (f *doctorFlags) check(cmd *cobra.Command, args []string) error {
	if err := f.limitFlags.check(cmd); err != nil {
		return err
	}
	if err := f.crmFlags.check(cmd); err != nil {
		return err
	}
	if f.probe != "" {
		t, err := doctor.ParseTarget(f.probe)
		if err != nil {
			return usageError{fmt.Errorf("--probe: %w", err), ""}
		}
		f.target = &t
	}
	return firstWrong(cmd, []wrongValue{
		{f.probe != "" && f.restore != "", "--probe and --restore exclude each other"},
		{f.restore != "" && (f.json || len(args) > 0 || len(f.relations) > 0), "--restore takes no INPUT, --relation or --json"},
	})
}

// named gives the relations that --relation names, each once. A value without a module has that of
// --module.
func (f *doctorFlags) named() (relations []zoho.Relation, err error) {
	for _, values := range f.relations {
		// The flag's twin in the environment has several relations with commas between them.
		for value := range strings.SplitSeq(values, ",") {
			value = strings.TrimSpace(value)
			if f.module != "" && !strings.Contains(value, ".") {
				value = f.module + "." + value
			}
			r, err := zoho.ParseRelation(value)
			if err != nil {
				return nil, usageError{fmt.Errorf("--relation: %w", err), ""}
			}
			relations = addOnce(relations, r)
		}
	}
	return relations, nil
}

func addOnce(relations []zoho.Relation, more ...zoho.Relation) []zoho.Relation {
	for _, r := range more {
		if !slices.Contains(relations, r) {
			relations = append(relations, r)
		}
	}
	return relations
}

// relationsToSee gives the relations of the flags, of the probe and of the input.
func (p *program) relationsToSee(f *doctorFlags, args []string) ([]zoho.Relation, error) {
	relations, err := f.named()
	if err != nil {
		return nil, err
	}
	if f.target != nil {
		relations = addOnce(relations, f.target.Relation)
	}
	if len(args) == 0 {
		return relations, nil
	}
	o := reader.Options{Module: f.module, Columns: reader.Columns(f.columns), Delimiter: byte(f.delimiter)}
	if len(relations) == 1 { // for an input that does not name them
		o.Module, o.Relation = relations[0].Module, relations[0].List
	}
	of, bad, err := job.RelationsOf(args[0], p.stdin, o)
	if err != nil {
		return nil, err
	}
	if bad > 0 {
		p.ui.note(fmt.Sprintf("%s of %s cannot be used: delink plan says why", counted(bad, "row", "rows"), args[0]))
	}
	return addOnce(relations, of...), nil
}

// examination is doctor at work.
type examination struct {
	*program
	f       *doctorFlags
	login   login
	crm     logged
	source  *oauth.Source // nil if there is no login
	seen    *doctor.Exchanges
	base    string
	close   func()
	broken  error // why there is no login
	proxied error // why the proxy cannot be used
}

// examine is the whole of doctor.
func (p *program) examine(f *doctorFlags, args []string) error {
	if f.probe != "" && !f.yes && !p.canAsk("") {
		return usageError{errors.New("there is no terminal to ask on"), "add --yes to go on without being asked"}
	}
	relations, err := p.relationsToSee(f, args)
	if err != nil {
		return err
	}
	if f.target != nil && zoho.ClassOf(f.target.Relation) == zoho.HoldsRecords {
		return usageError{fmt.Errorf("%s holds records, not links: removing one would delete it", f.target.Relation), "probe a list of links, such as Campaigns.Leads"}
	}
	x := &examination{program: p, f: f, seen: &doctor.Exchanges{}, close: func() {}}
	if err := x.connect(); err != nil {
		return err
	}
	defer func() { x.close() }()
	if f.restore != "" {
		return x.putBack()
	}
	findings := x.look(relations)
	if p.signals.isLeaving() { // not everything was asked
		return errSignalled
	}
	view := x.view(findings)
	if f.target == nil || findings.Refused != nil {
		return x.show(view)
	}
	if !f.json {
		if err := x.print(view); err != nil {
			return err
		}
	}
	report, err := x.probe(findings)
	if err != nil {
		return err
	}
	return x.endProbe(view, findings, report)
}

// connect finds the login and makes the client. A login that is missing or not whole is something
// to report, and no reason to end.
func (x *examination) connect() (err error) {
	if x.f.emulator {
		for _, name := range x.f.unheeded {
			x.ui.note(name + " does not count: --emulator asks no org")
		}
		demo, err := startDemo()
		if err != nil {
			return err
		}
		x.login, x.close = demo.login, func() { _ = demo.server.Close() }
	} else if x.proxied = x.checkProxy(); x.proxied == nil {
		x.login, x.broken = x.program.login(x.f.where)
	}
	if x.proxied != nil {
		return nil //nolint:nilerr // the check of the proxy tells
	}
	if x.broken != nil { // it can still be seen whether the API is there
		dc, err := zoho.DataCentreByName(cmp.Or(x.f.where.center, x.setting("ZOHO_DC"), "us"))
		if err != nil {
			return nil //nolint:nilerr // the check of the data centre tells
		}
		x.login = login{dc: dc, fallback: dc.API}
		if x.login.accounts, x.login.api, err = x.addresses(x.f.where, dc); err != nil {
			return nil //nolint:nilerr // as above
		}
	}
	client, source, err := x.login.observed(zoho.MostSlots, x.f.timeout, x.f.apiVersion, x.seen.Add)
	if err != nil {
		return err
	}
	x.crm = logged{client, x.ui.log}
	if x.broken == nil {
		x.source = source
	}
	return nil
}

func (x *examination) limits() engine.Settings {
	return engine.Settings{Rate: engine.NewRate(x.f.rate), Note: x.ui.note}
}

// look asks the org.
func (x *examination) look(relations []zoho.Relation) *doctor.Findings {
	c := doctor.Case{Seen: x.seen, Version: x.f.apiVersion, Relations: relations, Limits: x.limits()}
	done := (&connector{program: x.program}).asking()
	defer done()
	ctx := x.signals.Stop()
	if x.crm.Client != nil {
		c.CRM = x.crm
	}
	if x.source == nil {
		return doctor.WithoutLogin(ctx, c)
	}
	c.Granted = x.granted
	findings := doctor.Examine(ctx, c)
	x.base, _ = x.crm.Base(ctx) // without a token, where it would most likely go
	return findings
}

// granted are the scopes that the token endpoint or the stored login lists.
func (x *examination) granted() []string {
	if scopes := x.source.Scopes(); scopes != nil {
		return scopes
	}
	if x.f.emulator {
		return nil
	}
	return x.storedScopes(x.login)
}

// show prints what was found, and gives the exit code.
func (x *examination) show(v *doctorView) error {
	if err := x.print(v); err != nil {
		return err
	}
	if v.ExitCode == outcome.ExitDone {
		return nil
	}
	return ended{v.ExitCode}
}

// probe takes the link of --probe through a removal and back.
func (x *examination) probe(findings *doctor.Findings) (*doctor.Report, error) {
	if err := findings.Allows(x.f.target.Relation); err != nil {
		return nil, err
	}
	name, err := x.recordName()
	if err != nil {
		return nil, err
	}
	org, _ := findings.Org()
	plan := x.plan(org.ID, name)
	plan.Target, plan.Other = *x.f.target, findings.OtherToProbe(x.f.target.Relation)
	plan.Confirm = func(ctx context.Context, fields zoho.Fields) error {
		text := x.intent(org, plan, fields)
		if x.f.yes {
			x.ui.result("probe", text)
			return nil
		}
		question := "take this link through that? [y/N]"
		if x.ui.manner().quiet {
			question = text + "\n" + question
		} else {
			x.ui.result("probe", text)
		}
		return x.ask(ctx, question)
	}
	report, err := doctor.Probe(x.signals.Stop(), x.signals.Hard(), plan)
	if stopped := new(job.Stopped); errors.As(err, &stopped) {
		return nil, &job.Stopped{Reason: stopped.Reason}
	}
	return report, err
}

// plan is what probes and restorations have in common.
func (x *examination) plan(orgID, record string) doctor.Plan {
	return doctor.Plan{
		CRM: x.crm, Seen: x.seen, Limits: x.limits(), OrgID: orgID, Disk: x.disk, Record: record,
		Tell: func(step string) { x.ui.say("  %s…", step) },
		Opening: func() error {
			return x.signals.take(func(what string) {
				x.ui.note(what + ": putting the link back before delink ends; a second signal leaves at once, and perhaps without the link")
			})
		},
	}
}

// putBack is doctor --restore.
func (x *examination) putBack() error {
	if err := errors.Join(x.broken, x.proxied); err != nil {
		return err
	}
	record, err := doctor.ReadRecord(x.disk, x.f.restore)
	if err != nil {
		return usageError{err, "give the file delink-probe-….json that a probe has left"}
	}
	ctx := x.signals.Stop()
	org, err := whoAmI(ctx, x.crm.Client)
	if err != nil && zoho.AsError(err).Scope == zoho.ScopeRun {
		return err
	}
	plan := x.plan(org.ID, x.f.restore)
	if err := plan.Opening(); err != nil {
		return err
	}
	report, err := doctor.Restore(ctx, x.signals.Hard(), plan, record)
	if err != nil {
		return err
	}
	if !report.Restored {
		x.shout(report)
		return ended{x.probeExit(report)}
	}
	x.ui.result("restored", fmt.Sprintf("the link of %s is as it was before the probe", report.Target), "link", report.Target.String())
	return nil
}
