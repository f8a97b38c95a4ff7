package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"delink/pkg/doctor"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/probe"
	cells "delink/pkg/reader/value"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// doctorFlags are the flags of doctor.
type doctorFlags struct {
	formFlags
	crmFlags
	rateFlag
	timeoutFlag
	relations []string
	probe     string
	restore   string
	yes, json bool

	target *probe.Target // of probe; nil for none
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

The exit code is 3 if there is a trouble that would stop a run in part, and 1 if the link of a probe is not as it was.`,
		Example: `  delink doctor
  delink doctor links.csv
  delink doctor --relation Campaigns.Leads --relation Products.Leads
  delink doctor --json
  delink doctor --probe Campaigns.Leads:PARENT:RELATED`,
		Args: atMostOneInput,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			return plainly(p.examine(&f, args))
		},
	}
	flags := cmd.Flags()
	f.formFlags.define(flags)
	f.crmFlags.define(flags, "look at an emulator inside this process, with the demo org")
	f.rateFlag.define(flags)
	f.timeoutFlag.define(flags, authTimeout)
	flags.StringArrayVar(&f.relations, "relation", nil, "`relation` to look at: Module.List, or List alone beside --module or an INPUT that names modules; can be repeated")
	flags.StringVar(&f.probe, "probe", "", "take this one `link` through a removal and back: Module.List:PARENT:RELATED")
	flags.StringVar(&f.restore, "restore", "", "put back the link of a probe that was killed, from its `file`")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask before a probe; needed where there is no terminal")
	flags.BoolVar(&f.json, "json", false, "print what was found as JSON on standard output")
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
	if err := firstWrong(cmd, slices.Concat(f.rateFlag.wrong(cmd.Flags()), f.timeoutFlag.wrong(cmd.Flags()))); err != nil {
		return err
	}
	if err := f.crmFlags.check(cmd); err != nil {
		return err
	}
	if f.probe != "" {
		t, err := probe.ParseTarget(f.probe)
		if err != nil {
			return usageError{fmt.Errorf("--probe: %w", err), ""}
		}
		f.target = &t
	}
	if len(args) == 0 {
		names := namesOf(new(formFlags).define)
		if len(f.relations) > 0 { // --module is of use for these, too
			names = slices.DeleteFunc(names, func(name string) bool { return name == "module" })
		}
		if err := refuseUnread(cmd.Flags(), "INPUT", names); err != nil {
			return err
		}
	}
	return firstWrong(cmd, []wrongValue{
		{f.probe != "" && f.restore != "", "--probe and --restore exclude each other"},
		{f.restore != "" && (f.json || len(args) > 0 || len(f.relations) > 0), "--restore takes no INPUT, --relation or --json"},
	})
}

// named gives the relations that --relation names, each once. A list without a module is of that of
// --module. Without --module it is for the input, which may have the modules.
func (f *doctorFlags) named(input bool) (relations []zoho.Relation, list string, err error) {
	// The flag's twin in the environment has several relations with commas between them.
	values := strings.Split(strings.Join(f.relations, ","), ",")
	for _, value := range values {
		value = strings.TrimSpace(value)
		alone := value != "" && !strings.Contains(value, ".")
		switch {
		case value == "" && len(values) == 1:
			continue
		case alone && f.module != "":
			value = f.module + "." + value
		case alone && input && len(values) == 1:
			return nil, zoho.APIName(value), nil
		case alone:
			return nil, "", usageError{fmt.Errorf("--relation %s does not say the module of the parent records", value), "write --relation Campaigns." + value + ", say, or add --module Campaigns"}
		}
		r, err := cells.ParseRelation(value)
		if err != nil {
			return nil, "", usageError{fmt.Errorf("--relation: %w", err), ""}
		}
		relations = addOnce(relations, r)
	}
	return relations, "", nil
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
	relations, list, err := f.named(len(args) > 0)
	if err != nil {
		return nil, err
	}
	if f.target != nil {
		relations = addOnce(relations, f.target.Relation)
	}
	if len(args) == 0 {
		return relations, nil
	}
	o := f.reader(list)
	if len(relations) == 1 { // for an input that does not name them
		o.Module, o.Relation = relations[0].Module, relations[0].List
	}
	of, bad, err := job.RelationsOf(args[0], p.stdin, o)
	if r, is := job.Misnamed(err); is {
		p.ui.note(fmt.Sprintf("%s; the org is asked whether there is %s", err, strings.TrimSuffix(r.String(), "."))) // r may have no list
		return addOnce(relations, r), nil
	}
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
	*connector
	f       *doctorFlags
	seen    *zoho.Exchanges
	base    string
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
	x := &examination{connector: p.connector(&f.crmFlags, f.timeout), f: f, seen: &zoho.Exchanges{}}
	x.demo, x.observe = true, x.seen.Add
	if err := x.connect(); err != nil {
		return err
	}
	defer func() { x.close() }()
	if f.restore != "" {
		return x.restore()
	}
	findings := x.look(relations)
	if p.signals.isLeaving() { // not everything was asked
		return errSignalled
	}
	if f.target != nil {
		f.target.Relation = findings.Named(f.target.Relation)
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
func (x *examination) connect() error {
	if !x.f.emulator {
		if x.proxied = x.checkProxy(); x.proxied != nil {
			return nil //nolint:nilerr // the check of the proxy tells
		}
	}
	if x.broken = x.logIn(); x.broken != nil && !x.hostOnly() {
		return nil // the checks of the login and the data centre tell
	}
	_, err := x.connector.connect()
	return err
}

// hostOnly makes a login without credentials, with which it can be seen whether the API is there. It
// reports whether the data centre is known.
func (x *examination) hostOnly() bool {
	dc, err := x.dataCentre()
	if err != nil {
		return false
	}
	x.login = login{dc: dc, fallback: dc.API}
	x.login.accounts, x.login.api, err = x.addresses(x.f.where, dc)
	return err == nil
}

// dataCentre is the data centre that is meant where there is no login.
func (x *examination) dataCentre() (zoho.DataCentre, error) {
	name, err := x.namedCentre(x.f.where)
	if err != nil {
		return zoho.DataCentre{}, err
	}
	return zoho.DataCentreByName(cmp.Or(name, "us"))
}

// hasLogin reports whether there is a login to make calls with.
func (x *examination) hasLogin() bool { return x.client != nil && x.broken == nil }

func (x *examination) limits() engine.Settings {
	return engine.Settings{Rate: engine.NewRate(x.f.rate), Note: x.ui.note}
}

// look asks the org.
func (x *examination) look(relations []zoho.Relation) *doctor.Findings {
	c := doctor.Case{Seen: x.seen, Version: x.f.apiVersion, Relations: relations, Limits: x.limits()}
	done := x.asking()
	defer done()
	ctx := x.signals.Stop()
	if x.client != nil {
		c.CRM = x.crm()
	}
	if !x.hasLogin() {
		return doctor.WithoutLogin(ctx, c)
	}
	c.Granted = x.granted
	findings := doctor.Examine(ctx, c)
	x.base, _ = x.client.Base(ctx) // without a token, where it would most likely go
	return findings
}

// granted are the scopes that the token endpoint or the stored login lists.
func (x *examination) granted() []string {
	if scopes := x.source.Scopes(); scopes != nil {
		return scopes
	}
	if x.login.stored == nil {
		return nil
	}
	return x.login.stored.Scopes
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
