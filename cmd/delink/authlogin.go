package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"delink/pkg/crash"
	"delink/pkg/job"
	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

// loginFlags are the flags of auth login.
type loginFlags struct {
	where      whereFlags
	selfClient bool
	emulator   bool
}

func (p *program) loginCommand() *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "login",
		Short: "logs in to your org, and stores the login",
		Long: `login shows a page of Zoho and a short code. You open the page in any browser, sign in, enter the code and allow the access; delink
waits for that. The login is stored in your configuration folder, readable by you alone. Ctrl-C cancels, and nothing is stored.

It asks for the data centre, and for the id and the secret of a client that you make once in Zoho's API console; it says where. They
can be given as ZOHO_DC, ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET instead, or in files that ZOHO_CLIENT_ID_FILE and
ZOHO_CLIENT_SECRET_FILE name. Where there is no terminal, the data centre is us unless it is given, and what is missing of id and secret
is read from standard input, one a line.

--self-client needs no page and no code: you paste a grant code that a self client of the API console generates. Where there is no
terminal, it is read from standard input, too.`,
		Example: `  delink auth login
  delink auth login --dc eu
  delink auth login --self-client
  delink auth login --emulator   a rehearsal, which stores nothing`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.emulator {
				unheeded, err := refuseForEmulator(cmd.Flags())
				if err != nil {
					return err
				}
				p.noteUnheeded(unheeded)
			}
			return plainly(p.authLogin(f))
		},
	}
	f.where.defineCenter(cmd.Flags())
	f.where.defineEnvironment(cmd.Flags())
	cmd.Flags().BoolVar(&f.selfClient, "self-client", false, "use the grant code of a self client, in place of a page and a code")
	cmd.Flags().BoolVar(&f.emulator, "emulator", false, "rehearse with a built-in emulator; nothing is stored")
	return cmd
}

func (p *program) authLogin(f loginFlags) error {
	s := &signIn{program: p, where: f.where, selfClient: f.selfClient, lines: bufio.NewReader(p.stdin), tries: mostTries}
	if file, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		s.terminal = file
	}
	if f.emulator {
		return s.rehearse()
	}
	if err := p.checkProxy(); err != nil {
		return err
	}
	// A login that was allowed would be lost. So it is checked first whether it can be stored.
	if err := tryLogins(); err != nil {
		return err
	}
	// From here on a signal ends Stop, and with it the questions and the waiting.
	if err := p.signals.take(nil); err != nil {
		return err
	}
	ctx := p.signals.Stop()
	if err := s.prepare(ctx); err != nil {
		return s.orCancelled(ctx, err)
	}
	grant, err := s.grant(ctx)
	if err != nil {
		return s.orCancelled(ctx, err)
	}
	s.l.RefreshToken = grant.RefreshToken
	grant.Keep(s.l.cacheOfTokens())
	// The login is there now, so the first signal must not lose it. A second one ends the question for
	// the name of the org.
	hard, cancel := context.WithTimeout(p.signals.Hard(), authTimeout)
	defer cancel()
	stored, err := p.keepLogin(hard, s.l, grant)
	if err != nil {
		return err
	}
	for _, note := range p.beats(stored) {
		p.ui.note(note)
	}
	return nil
}

// signIn is one login that is being made: what is known of it, and what has to be asked.
type signIn struct {
	*program
	where      whereFlags
	selfClient bool

	terminal    *os.File      // where a person answers; nil if there is none
	lines       *bufio.Reader // of standard input
	askedCentre bool          // a person has named the data centre, and can be asked for it again
	given       bool          // the client id is from the environment, and is not asked for again
	givenToo    bool          // so is the client secret
	tries       int           // how often a wrong answer may still be asked for again

	l      login
	code   string        // the grant code; empty if it has to be asked for
	device *oauth.Device // nil if there is none yet, or no more
}

// mostTries bounds how often what Zoho does not accept is asked for again: Zoho locks out whoever
// asks too often (R).
const mostTries = 5

// errLoginCancelled is the end of a login by a signal.
var errLoginCancelled = &job.Refusal{Cause: "cancelled; no login was stored"}

// orCancelled gives the error that ends a login.
func (s *signIn) orCancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errLoginCancelled
	}
	return err
}

// prepare finds or asks the data centre and the client.
func (s *signIn) prepare(ctx context.Context) error {
	s.l.cache = tokenFolder()
	dc, err := s.centre(ctx)
	if err != nil {
		return err
	}
	if err := s.goTo(dc); err != nil {
		return err
	}
	if s.l.ClientID, err = s.secret("ZOHO_CLIENT_ID"); err != nil {
		return err
	}
	if s.l.ClientSecret, err = s.secret("ZOHO_CLIENT_SECRET"); err != nil {
		return err
	}
	s.given, s.givenToo = s.l.ClientID != "", s.l.ClientSecret != ""
	switch {
	case s.selfClient:
		s.ui.say("%s", selfClientGuide(dc))
	case !s.given || !s.givenToo:
		s.ui.say("%s", deviceGuide(dc))
	}
	if !s.given {
		if s.l.ClientID, err = s.ask(ctx, clientID, ""); err != nil {
			return err
		}
	}
	if !s.givenToo {
		s.l.ClientSecret, err = s.ask(ctx, clientSecret, "")
	}
	return err
}

// centre gives the data centre that the flags or the environment name, or that a person names.
func (s *signIn) centre(ctx context.Context) (zoho.DataCentre, error) {
	name, err := s.namedCentre(s.where)
	switch {
	case err != nil:
		return zoho.DataCentre{}, err
	case name != "":
	case s.terminal == nil:
		name = "us"
	default:
		var rows [][2]string
		for _, dc := range zoho.DataCentres() {
			rows = append(rows, [2]string{dc.Name, dc.CRM()})
		}
		s.askedCentre = true
		return s.askForCentre(ctx, "where do you sign in to Zoho CRM? The address line of your browser says it:\n"+table(rows))
	}
	return zoho.DataCentreByName(name)
}

// askForCentre asks for a data centre.
func (s *signIn) askForCentre(ctx context.Context, before string) (zoho.DataCentre, error) {
	answer, err := s.ask(ctx, dataCentre, before)
	if err != nil {
		return zoho.DataCentre{}, err
	}
	return zoho.DataCentreByName(answer)
}

// goTo makes the login one of a data centre.
func (s *signIn) goTo(dc zoho.DataCentre) (err error) {
	s.l.dc, s.l.fallback = dc, dc.API
	s.l.accounts, s.l.api, err = s.addresses(s.where, dc)
	return err
}

// grant gets the login from Zoho. What Zoho does not accept is asked for again.
func (s *signIn) grant(ctx context.Context) (oauth.Grant, error) {
	for {
		grant, err := s.try(ctx)
		if err == nil || ctx.Err() != nil {
			return grant, err
		}
		if err := s.again(ctx, err); err != nil {
			return grant, err
		}
	}
}

// try asks Zoho once, with what is known.
func (s *signIn) try(ctx context.Context) (oauth.Grant, error) {
	server, memory := s.l.server(httpClient(1)), s.l.clientCache()
	// If the client is locked out, a code expires before it can be used.
	if err := memory.LockedOut(); err != nil {
		return oauth.Grant{}, err
	}
	if s.selfClient {
		if s.code == "" {
			var err error
			if s.code, err = s.ask(ctx, grantCode, ""); err != nil {
				return oauth.Grant{}, err
			}
		}
		// A grant code can be used once. So from here on, a signal must not lose the login.
		hard, cancel := context.WithTimeout(s.signals.Hard(), authTimeout)
		defer cancel()
		return server.Exchange(hard, s.l.Credentials, s.code, memory)
	}
	if s.device == nil {
		limited, cancel := context.WithTimeout(ctx, authTimeout)
		defer cancel()
		device, err := server.Device(limited, s.l.Credentials, memory)
		if err != nil {
			return oauth.Grant{}, err
		}
		s.device = device
		s.show(device)
	}
	defer func() {
		if ctx.Err() != nil && s.ui.canDraw() {
			s.ui.answered() // the terminal shows the ^C that was typed
		}
	}()
	defer s.countdown(s.device.Expires)()
	told := "" // once, while nothing changes
	return server.Await(ctx, s.l.Credentials, s.device, memory, func(err error) {
		if text := err.Error(); text != told {
			s.ui.note("could not ask whether you have allowed the access, and will ask again: " + text)
			told = text
		}
	})
}

// show says what a person has to do.
func (s *signIn) show(d *oauth.Device) {
	text := fmt.Sprintf("\n1. open %s\n2. sign in, enter the code %s, and allow the access", d.Page, d.UserCode)
	if d.Link != "" {
		text += "\n   or open the page with the code in it: " + d.Link
	}
	if !s.ui.canDraw() {
		text += fmt.Sprintf("\nwaiting for that until %s; Ctrl-C cancels", d.Expires.Local().Format("15:04:05"))
	}
	s.ui.instruct("allow the access on this page", text, "page", d.Page, "link", d.Link, "code", d.UserCode, "expires_at", d.Expires.UTC())
}

// countdown shows how long the code is still good, on a terminal that can draw.
func (s *signIn) countdown(until time.Time) (done func()) {
	if !s.ui.canDraw() || s.ui.manner().quiet {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer crash.Guard()
		defer close(stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			s.ui.Replace(waitingLine(time.Until(until), s.ui.Width()))
			select {
			case <-stop:
				s.ui.Replace("")
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// waitingLine is the line that shows that delink waits, for a terminal of so many columns.
func waitingLine(left time.Duration, columns int) string {
	seconds := int(max(0, left).Round(time.Second) / time.Second)
	line := fmt.Sprintf("waiting until you allow the access, %d:%02d left; Ctrl-C cancels", seconds/60, seconds%60)
	if len(line) < columns {
		return line
	}
	return fmt.Sprintf("waiting, %d:%02d left; Ctrl-C cancels", seconds/60, seconds%60)
}

// again asks for what Zoho did not accept. Its error is the one to end with.
func (s *signIn) again(ctx context.Context, err error) error {
	var e *zoho.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Code == oauth.CodeOtherDC && s.device != nil {
		return s.move(err)
	}
	if s.terminal == nil || s.tries <= 0 {
		return s.refusal(e)
	}
	s.tries--
	switch expired := !s.selfClient && (e.Code == oauth.CodeExpired || e.Code == "invalid_code"); {
	case expired:
		s.device = nil
		return s.askForNewCode(ctx, e)
	case e.Code == "invalid_client" && !s.given:
		s.device = nil
		return s.askForClient(ctx)
	case e.Code == "invalid_client" && s.askedCentre:
		s.device = nil
		dc, err := s.askForCentre(ctx, fmt.Sprintf("the client id in ZOHO_CLIENT_ID is not accepted at %s. Do you sign in somewhere else?\n", s.l.accounts))
		if err != nil {
			return err
		}
		return s.goTo(dc)
	case e.Code == "invalid_client_secret" && !s.givenToo:
		s.l.ClientSecret, err = s.ask(ctx, clientSecret, "the client secret is not accepted, the client id is.\n")
		return err
	case e.Code == "invalid_code":
		s.code, err = s.ask(ctx, grantCode, "the grant code is not accepted: a code works once, and only for some minutes. Generate another one.\n")
		return err
	}
	return s.refusal(e)
}

// move goes on in the data centre that Zoho names.
func (s *signIn) move(err error) error {
	dc, unknown := zoho.DataCentreByName(s.device.Location)
	switch {
	case unknown != nil:
		return &refusedLogin{
			cause: fmt.Sprintf("your Zoho account is in the data centre %q, which delink does not know", s.device.Location),
			hint:  "set ZOHO_ACCOUNTS_URL to the address at which you sign in, https://accounts.zoho.…",
		}
	case dc.Name == s.l.dc.Name || s.tries <= 0:
		return err
	}
	s.tries--
	s.ui.say("your Zoho account is in the data centre %s: going on there", dc.Name)
	return s.goTo(dc)
}

// askForNewCode asks whether a new code is wanted.
func (s *signIn) askForNewCode(ctx context.Context, e *zoho.Error) error {
	what := "the code is not accepted any more."
	if e.Code == oauth.CodeExpired {
		what = "the code has expired."
	}
	answer, err := s.line(ctx, what+" Show a new one? [Y/n]", false)
	switch {
	case err != nil && err != io.EOF:
		return err
	case err == nil && (answer == "" || isYes(answer)):
		return nil
	}
	return s.refusal(e)
}

// askForClient asks for another client id, or for another data centre: a client that is one of
// another data centre is not accepted either.
func (s *signIn) askForClient(ctx context.Context) error {
	kind, more := "Non-browser Application", " That of a Self Client works with delink auth login --self-client only."
	if s.selfClient {
		kind, more = "Self Client", ""
	}
	answer, err := s.ask(ctx, clientOrCentre, fmt.Sprintf(
		"the client id is not accepted at %s. It must be that of a %s in %s, unless you sign in to another data centre.%s\n",
		s.l.accounts, kind, s.l.dc.Console(), more))
	if err != nil {
		return err
	}
	if dc, err := zoho.DataCentreByName(answer); err == nil {
		return s.goTo(dc)
	}
	s.l.ClientID = answer
	return nil
}

// refusal makes an error for people of what Zoho does not accept. Where hints says enough, it is the
// error that came.
func (s *signIn) refusal(e *zoho.Error) error {
	switch {
	case s.selfClient && e.Code == "invalid_code":
		return &refusedLogin{"the grant code is not accepted", "a code works once, and only for some minutes, in its own data centre: generate another one, and check --dc"}
	case s.selfClient:
		return e
	}
	switch e.Code {
	case oauth.CodeExpired, "invalid_code":
		cause := "the code expired before the access was allowed"
		if e.Status == 0 && e.Cause != nil { // the last poll went unanswered
			cause += ": " + e.Cause.Error()
		}
		return &refusedLogin{cause, "run delink auth login again for a new code"}
	case oauth.CodeRefused:
		return &refusedLogin{"the access was not allowed on Zoho's page", "run delink auth login again, and allow it there"}
	case "invalid_client":
		return &refusedLogin{e.Error(), hintFor(e) + "; that of a Self Client works with --self-client only"}
	}
	return e
}

// refusedLogin is the error for a login that Zoho refuses.
type refusedLogin struct{ cause, hint string }

func (e *refusedLogin) Error() string { return e.cause }
