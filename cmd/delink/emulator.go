package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/zoho"
	"delink/pkg/zoho/emulator"
	oauth "delink/pkg/zoho/login"
)

// rehearsalLatency is how long the emulator of run --emulator takes for an answer. A CRM takes
// about as long, so a rehearsal looks like a run.
const rehearsalLatency = "100ms"

// startRehearsal starts an emulator in which every link exists until it is removed.
func startRehearsal() (*rehearsal, error) {
	return startEmulator("links=all", "credits=none", "latency="+rehearsalLatency, "company=built-in emulator", "org-type=sandbox")
}

// startDemo starts an emulator with the demo org, for commands that have no input which says what
// there is.
func startDemo() (*rehearsal, error) {
	return startEmulator("demo=true", "org-type=sandbox", "latency="+rehearsalLatency)
}

func startEmulator(settings ...string) (*rehearsal, error) {
	config := emulator.Default()
	if err := config.SetAll(settings...); err != nil {
		return nil, err
	}
	crm := emulator.New(config)
	server, err := crm.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &rehearsal{crm, server, emulatorLogin(server, config), config.GrantCode}, nil
}

// rehearsal is an emulator inside this process.
type rehearsal struct {
	crm    *emulator.Emulator
	server *emulator.Server
	login  login

	grantCode string // of a self client, good once
}

// setLink makes a link be there, or not.
func (r *rehearsal) setLink(l reader.Link, linked bool) {
	set := r.crm.Unlink
	if linked {
		set = r.crm.Link
	}
	set(l.Relation.Module, uint64(l.Parent), l.Relation.List, uint64(l.Related))
}

// emulatorName stands for a data centre where the emulator is called.
const emulatorName = "emulator"

// emulatorLogin is the login that an emulator accepts.
func emulatorLogin(s *emulator.Server, config emulator.Config) login {
	return login{
		Credentials: oauth.Credentials{ClientID: config.ClientID, ClientSecret: config.ClientSecret, RefreshToken: config.RefreshToken},
		dc:          zoho.DataCentre{Name: emulatorName},
		source:      "the emulator",
		accounts:    s.URL,
		api:         s.URL,
	}
}

// emulatorFlags are the flags of delink emulator.
type emulatorFlags struct {
	inputFlags  // how links is read
	addr, links string
	demo        bool
	set         []string
	knobs       bool
}

func (p *program) emulatorCommand() *cobra.Command {
	var f emulatorFlags
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "serves the built-in Zoho CRM emulator on loopback, to rehearse against",
		Long: `emulator serves a Zoho CRM on this machine, for rehearsals. It prints lines that lead delink to it: paste these into another terminal, and
run delink there. Ctrl-C ends the emulator, and its data is lost.

Its CRM is empty, but for the links of --links. With --demo it has a small org: 30 campaigns, 2,000 leads, and contacts, products and
price books, with links among them.

--set KNOB=VALUE sets how it behaves, and can be repeated. These knobs matter most, and --knobs prints all:

` + table(knobRows(func(k emulator.Knob) bool { return slices.Contains(firstKnobs, k.Name) })),
		Example: `  delink emulator --demo
  delink emulator --links links.csv
  delink emulator --links leads.csv --module Campaigns --relation Leads
  delink emulator --set links=all --set latency=100ms..300ms --set faults=drop-after:5%`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.knobs {
				_, err := io.WriteString(p.stdout, sheet{p.helpWidth()}.text(knobText()))
				return err
			}
			return p.serveEmulator(cmd, f)
		},
	}
	f.define(cmd.Flags())
	return cmd
}

func (f *emulatorFlags) define(flags *pflag.FlagSet) {
	f.inputFlags.define(flags)
	flags.StringVar(&f.addr, "addr", "127.0.0.1:0", "loopback `address` to serve on; with port 0, any that is free")
	flags.StringVar(&f.links, "links", "", "`file` of the links that exist: a CSV as run takes it")
	flags.BoolVar(&f.demo, "demo", false, "begin with the demo org")
	flags.StringArrayVar(&f.set, "set", nil, "set a `knob=value`; can be repeated")
	flags.BoolVar(&f.knobs, "knobs", false, "print all knobs, and serve nothing")
}

// serveEmulator serves until the program is told to stop.
func (p *program) serveEmulator(cmd *cobra.Command, f emulatorFlags) error {
	config := emulator.Default()
	if err := config.SetAll(f.set...); err != nil {
		return usageError{err, cmd.CommandPath() + " --knobs prints all knobs"}
	}
	config.Demo = config.Demo || f.demo
	if config.Demo && config.Links == "all" {
		return usageError{errors.New("the demo org has links of its own, and links=all says that every link exists"), "leave out one of them"}
	}
	if config.Demo && config.OrgType == emulator.Default().OrgType { // so that nobody is alarmed
		config.OrgType = "sandbox"
	}
	if f.links == "" {
		if err := refuseUnread(cmd.Flags(), "--links FILE", namesOf(new(inputFlags).define)); err != nil {
			return err
		}
	}
	e := emulator.New(config)
	if f.links != "" {
		p.reads = true
		if err := p.loadLinks(e, &f); err != nil {
			return err
		}
	}
	server, err := e.Start(f.addr)
	if err != nil {
		return usageError{err, "choose a free loopback address with --addr, or 127.0.0.1:0 for any"}
	}
	defer server.Close()
	if _, err := io.WriteString(p.stdout, environmentFor(emulatorLogin(server, config))); err != nil {
		return err
	}
	p.ui.say("paste these lines into another terminal, and run delink there\nCtrl-C here ends the emulator, and its data is lost")
	if err := p.signals.take(nil); err != nil {
		return err
	}
	<-p.signals.Stop().Done()
	return nil
}

// loadLinks puts the links of an input into the emulator's books. The emulator knows only its own
// form of a CSV, so the rows are written anew in that form.
func (p *program) loadLinks(e *emulator.Emulator, f *emulatorFlags) error {
	load := linkLoader{to: e}
	bad := &job.Refusal{}
	if err := job.EachRow(f.links, p.stdin, f.reader(), load.add, bad.Rows.Add); err != nil {
		return err
	}
	if n := bad.Rows.Count(); n > 0 {
		bad.Cause = fmt.Sprintf("%s: %s cannot be used", f.links, counted(n, "row", "rows"))
		return bad
	}
	return load.flush()
}

// linkLoader loads links some at a time.
type linkLoader struct {
	to    *emulator.Emulator
	extra []int // columns of the input that the emulator knows beside the link itself
	buf   bytes.Buffer
	rows  *csv.Writer
}

// loadedAtOnce is how many bytes of links are loaded at once.
const loadedAtOnce = 1 << 20

func (l *linkLoader) add(h *reader.Header, row *reader.Row) error {
	if l.rows == nil {
		l.rows = csv.NewWriter(&l.buf)
		for i, name := range h.Columns {
			name = strings.TrimSpace(name)
			if name == "parent_name" || strings.HasPrefix(name, "link.") || strings.HasPrefix(name, "record.") {
				l.extra = append(l.extra, i)
			}
		}
	}
	if l.buf.Len() == 0 {
		names := []string{"module", "parent_id", "relation", "related_id"}
		for _, i := range l.extra {
			names = append(names, strings.TrimSpace(h.Columns[i]))
		}
		l.write(names)
	}
	link := row.Link
	cells := []string{link.Relation.Module, link.Parent.String(), link.Relation.List, link.Related.String()}
	if len(l.extra) > 0 {
		all := h.Cells(row.Raw)
		for _, i := range l.extra {
			cells = append(cells, all[i])
		}
	}
	l.write(cells)
	if l.buf.Len() < loadedAtOnce {
		return nil
	}
	return l.flush()
}

// write writes a row. Writing to memory does not fail.
func (l *linkLoader) write(cells []string) {
	_ = l.rows.Write(cells)
	l.rows.Flush()
}

// flush loads the rows that are written.
func (l *linkLoader) flush() error {
	if l.buf.Len() == 0 {
		return nil
	}
	_, err := l.to.Load(&l.buf)
	l.buf.Reset()
	return err
}

// firstKnobs are the knobs that most people need.
var firstKnobs = []string{"latency", "faults", "in-flight"}

// knobRows are the rows of knobs in a help.
func knobRows(which func(emulator.Knob) bool) [][2]string {
	var rows [][2]string
	for _, k := range emulator.Knobs() {
		if !which(k) {
			continue
		}
		rows = append(rows, [2]string{k.Name, knobLine(k)})
	}
	return rows
}

// knobLine says what a knob is, which values it takes if they are few, and which it has at first.
func knobLine(k emulator.Knob) string {
	var more []string
	if k.Values != nil && !slices.Equal(k.Values, []string{"false", "true"}) {
		more = append(more, strings.Join(k.Values, ", "))
	}
	if k.Default != "" {
		more = append(more, "default "+strings.ReplaceAll(k.Default, ",", ", "))
	}
	if more == nil {
		return k.Help
	}
	return k.Help + " (" + strings.Join(more, "; ") + ")"
}

// knobText is the text of all knobs, by subject.
func knobText() string {
	var b strings.Builder
	b.WriteString("--set KNOB=VALUE sets how the emulator behaves. These are all knobs.\n")
	subject := ""
	for _, k := range emulator.Knobs() {
		if k.Subject == subject {
			continue
		}
		subject = k.Subject
		b.WriteString("\n" + subject + ":\n\n" + table(knobRows(func(k emulator.Knob) bool { return k.Subject == subject })))
	}
	return b.String()
}

func environmentFor(l login) string {
	return fmt.Sprintf("export ZOHO_ACCOUNTS_URL=%s\nexport ZOHO_API_DOMAIN=%s\nexport ZOHO_CLIENT_ID=%s\nexport ZOHO_CLIENT_SECRET=%s\nexport ZOHO_REFRESH_TOKEN=%s\n",
		l.accounts, l.api, l.ClientID, l.ClientSecret, l.RefreshToken)
}
