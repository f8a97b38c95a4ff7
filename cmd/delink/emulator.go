package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/reader/text"
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
	return &rehearsal{crm, server, emulatorLogin(server, config)}, nil
}

// rehearsal is an emulator inside this process.
type rehearsal struct {
	crm    *emulator.Emulator
	server *emulator.Server
	login  login
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
	addr, links string
	encoding    encodingFlag
	demo        bool
	knobs       []string
}

func (p *program) emulatorCommand() *cobra.Command {
	var flags emulatorFlags
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "serves the built-in Zoho CRM emulator on loopback, to rehearse against",
		Long: `emulator serves a Zoho CRM on this machine until it is interrupted. It prints the environment that leads delink to it.

Its CRM is empty, but for the links of --links. With --demo it has a small org: 30 campaigns, 2,000 leads, and contacts, products and
price books, with links among them.

Its behaviour is set with --set KNOB=VALUE, which can be repeated:

` + knobHelp(),
		Example: `  delink emulator --demo
  delink emulator --addr 127.0.0.1:8080 --links links.csv
  delink emulator --set links=all --set latency=100ms..300ms --set faults=drop-after:5%`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serveEmulator(cmd, flags) },
	}
	cmd.Flags().StringVar(&flags.addr, "addr", "127.0.0.1:0", "loopback `address` to serve on")
	cmd.Flags().StringVar(&flags.links, "links", "", "CSV `file` of the links that exist, with the columns of an input")
	flags.encoding.define(cmd.Flags(), "--links")
	cmd.Flags().BoolVar(&flags.demo, "demo", false, "begin with the demo org")
	cmd.Flags().StringArrayVar(&flags.knobs, "set", nil, "set a `KNOB=VALUE`")
	return cmd
}

// serveEmulator serves until the program is told to stop.
func (p *program) serveEmulator(cmd *cobra.Command, flags emulatorFlags) error {
	config := emulator.Default()
	if err := config.SetAll(flags.knobs...); err != nil {
		return usageError{err, cmd.CommandPath() + " --help lists the knobs"}
	}
	config.Demo = config.Demo || flags.demo
	if config.Demo && config.Links == "all" {
		return usageError{errors.New("the demo org has links of its own, and links=all says that every link exists"), "leave out one of them"}
	}
	if config.Demo && config.OrgType == emulator.Default().OrgType { // so that nobody is alarmed
		config.OrgType = "sandbox"
	}
	e := emulator.New(config)
	if flags.links != "" {
		if err := load(e, flags.links, flags.encoding.Encoding); err != nil {
			return err
		}
	}
	server, err := e.Start(flags.addr)
	if err != nil {
		return usageError{err, "choose a free loopback address with --addr, or 127.0.0.1:0 for any"}
	}
	defer server.Close()
	if _, err := io.WriteString(p.stdout, environmentFor(emulatorLogin(server, config))); err != nil {
		return err
	}
	p.ui.say("paste these lines into another terminal, and run delink there; Ctrl-C here ends the emulator, and what was changed in it is lost")
	if err := p.signals.take(nil); err != nil {
		return err
	}
	<-p.signals.Stop().Done()
	return nil
}

// load puts the links of a CSV in the emulator's books. told is its encoding, as in reader.Options.
func load(e *emulator.Emulator, path string, told text.Encoding) error {
	f, err := os.Open(path)
	if err != nil {
		return &job.Refusal{Err: err}
	}
	defer f.Close()
	plain, _, _, err := text.Open(f, told)
	if err != nil {
		return &job.Refusal{Cause: path, Err: err}
	}
	if _, err := e.Load(plain); err != nil {
		return &job.Refusal{Cause: path, Err: err}
	}
	return nil
}

func knobHelp() string {
	var rows [][2]string
	for _, k := range emulator.Knobs() {
		name := k.Name
		if k.Default != "" {
			name += "=" + k.Default
		}
		rows = append(rows, [2]string{name, k.Help})
	}
	return strings.TrimSuffix(table(rows), "\n")
}

func environmentFor(l login) string {
	return fmt.Sprintf("export ZOHO_ACCOUNTS_URL=%s\nexport ZOHO_API_DOMAIN=%s\nexport ZOHO_CLIENT_ID=%s\nexport ZOHO_CLIENT_SECRET=%s\nexport ZOHO_REFRESH_TOKEN=%s\n",
		l.accounts, l.api, l.ClientID, l.ClientSecret, l.RefreshToken)
}
