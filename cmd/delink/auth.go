package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"delink/pkg/job"
	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

func (p *program) authCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auth",
		Short: "login, status and logout: how delink gets into your org",
		Example: `  delink auth login --dc eu
  delink auth status
  delink auth logout --org "Example Inc."`,
	}
	cmd.AddCommand(p.loginCommand(), p.statusCommand(), p.logoutCommand())
	return cmd
}

// plainly makes a usageError of a Refusal. The message of a Refusal ends with "nothing was sent",
// which makes no sense for a command that sends nothing.
func plainly(err error) error {
	if refusal := new(job.Refusal); errors.As(err, &refusal) {
		return usageError{refusal, refusal.Hint}
	}
	return err
}

// authTimeout is the time limit of one call to the accounts host or the API.
const authTimeout = 30 * time.Second

func (p *program) loginCommand() *cobra.Command {
	var w whereFlags
	cmd := &cobra.Command{
		Use:   "login",
		Short: "makes a login from a self client's grant code, and stores it",
		Long: `login asks for a self client's id, secret and grant code, exchanges the code for a refresh token, and stores that in the
user's configuration folder, readable by the user alone. ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET are taken from the
environment where they are set; where there is no terminal, the code is read from standard input.`,
		Example: `  delink auth login
  delink auth login --dc eu`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return plainly(p.authLogin(cmd.Context(), w)) },
	}
	w.defineCenter(cmd.Flags())
	w.defineEnvironment(cmd.Flags())
	return cmd
}

func (p *program) authLogin(ctx context.Context, w whereFlags) error {
	dc, err := zoho.DataCentreByName(cmp.Or(w.center, p.setting("ZOHO_DC"), "us"))
	if err != nil {
		return usageError{err, ""}
	}
	l := login{dc: dc, fallback: dc.API, cache: tokenFolder()}
	if l.accounts, l.api, err = p.addresses(w, dc); err != nil {
		return err
	}
	if err := p.checkProxy(); err != nil {
		return err
	}
	// A grant code can be used once. So it is checked first whether the login can be stored.
	if err := tryLogins(); err != nil {
		return err
	}
	p.ui.say("%s", loginGuide(dc))
	code, err := p.askForGrant(&l)
	if err != nil {
		return err
	}
	// A grant code can be used once. So from here on, a signal must not lose the login.
	if err := p.signals.take(nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), authTimeout)
	defer cancel()
	grant, err := l.server(httpClient(1)).Exchange(ctx, l.Credentials, code, l.clientCache())
	if err != nil {
		return grantError(err)
	}
	l.RefreshToken = grant.RefreshToken
	grant.Keep(l.cacheOfTokens())
	if err := p.keepLogin(ctx, l, grant); err != nil {
		return err
	}
	for _, name := range []string{"ZOHO_REFRESH_TOKEN", "ZOHO_ACCESS_TOKEN"} {
		if p.getenv(name) != "" || p.getenv(name+"_FILE") != "" {
			p.ui.note(name + " is set in the environment, which beats this login: unset it to use this one")
		}
	}
	return nil
}

// askForGrant asks for the client and the grant code. The client's id and secret may be in the
// environment.
func (p *program) askForGrant(l *login) (code string, err error) {
	questions := bufio.NewReader(p.stdin)
	for _, q := range []struct {
		env, what string
		to        *string
		secret    bool
	}{
		{"ZOHO_CLIENT_ID", "client id", &l.ClientID, false},
		{"ZOHO_CLIENT_SECRET", "client secret", &l.ClientSecret, true},
	} {
		if *q.to, err = p.secret(q.env); err != nil {
			return "", err
		}
		if *q.to == "" {
			if *q.to, err = p.prompt(questions, q.what, q.secret); err != nil {
				return "", err
			}
		}
	}
	// If the client is locked out, a grant code expires before it can be used.
	if err := l.clientCache().LockedOut(); err != nil {
		return "", err
	}
	return p.prompt(questions, "grant code", true)
}

// keepLogin stores a login under the name of its org.
func (p *program) keepLogin(ctx context.Context, l login, grant oauth.Grant) error {
	stored := storedLogin{
		DC: l.dc.Name, Accounts: l.accounts, APIDomain: cmp.Or(l.api, grant.APIDomain), Scopes: grant.Scopes,
		ClientID: l.ClientID, ClientSecret: l.ClientSecret, RefreshToken: l.RefreshToken,
	}
	client, err := l.client(1, authTimeout, "v8")
	if err != nil {
		return err
	}
	org, err := whoAmI(ctx, client)
	if err != nil {
		p.ui.note(fmt.Sprintf("the org does not say its name: %s", err))
	}
	stored.Org, stored.OrgID, stored.OrgType = org.Name, org.ID, org.Type
	path, err := storeLogin(stored)
	if err != nil {
		return err
	}
	p.ui.say("logged in to %s; kept in %s", stored.name(), path)
	return nil
}

// loginGuide says where a grant code comes from.
func loginGuide(dc zoho.DataCentre) string {
	console := strings.Replace(dc.Accounts, "//accounts.", "//api-console.", 1)
	var names, uses []string
	for _, s := range oauth.Scopes {
		names = append(names, s.Name)
		uses = append(uses, fmt.Sprintf("   %-41s %s", s.Name, s.For))
	}
	return fmt.Sprintf(`1. open %s and add a self client, or open the one that is there
2. on its tab Client Secret: its client id and client secret
3. on its tab Generate Code: enter these scopes, 10 minutes and any description, then choose the org

     %s

%s
4. paste the code here before it expires; it is good once
`, console, strings.Join(names, ","), strings.Join(uses, "\n"))
}

// grantError makes a better error of the endpoint's error for a grant code that is not accepted.
func grantError(err error) error {
	var e *zoho.Error
	if errors.As(err, &e) && e.Code == "invalid_code" {
		return &refusedLogin{cause: "the grant code is not accepted", hint: "a code is good once and for some minutes, in its own data centre: generate another one, and check --dc"}
	}
	return err
}

// refusedLogin is the error for a login that Zoho refuses.
type refusedLogin struct{ cause, hint string }

func (e *refusedLogin) Error() string { return e.cause }

func whoAmI(ctx context.Context, client *zoho.Client) (zoho.Org, error) {
	org, err := client.Org(ctx)
	if client.Renew(err) {
		org, err = client.Org(ctx)
	}
	return org, err
}

// prompt asks for a value: on a terminal, where a secret is not shown, else it takes the next line
// of standard input.
func (p *program) prompt(in *bufio.Reader, what string, secret bool) (string, error) {
	var answer string
	f, ok := p.stdin.(*os.File)
	if ok && term.IsTerminal(int(f.Fd())) {
		p.ui.ask(context.Background(), what+":")
		if secret {
			b, err := p.readSecret(int(f.Fd()))
			p.ui.answered()
			if err != nil {
				return "", err
			}
			answer = string(b)
		}
	}
	if answer == "" {
		line, err := in.ReadString('\n')
		if err != nil && err != io.EOF {
			return "", err
		}
		answer = line
	}
	if answer = unquoted(answer); answer == "" {
		return "", &job.Refusal{Cause: "no " + what + " was given"}
	}
	return answer, nil
}

// readSecret reads a line that the terminal does not show. If a signal ends the program meanwhile,
// the terminal is put right.
func (p *program) readSecret(tty int) ([]byte, error) {
	if before, err := term.GetState(tty); err == nil {
		restore := func() { _ = term.Restore(tty, before) }
		p.atLeave.Store(&restore)
		defer p.atLeave.Store(nil)
	}
	return term.ReadPassword(tty)
}

func (p *program) statusCommand() *cobra.Command {
	var w whereFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "says which login is used, for which org, and whether it is valid",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return plainly(p.authStatus(cmd.Context(), w)) },
	}
	w.define(cmd.Flags())
	return cmd
}

func (p *program) authStatus(ctx context.Context, w whereFlags) error {
	l, err := p.login(w)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	client, err := l.client(1, authTimeout, "v8")
	if err != nil {
		return err
	}
	org, err := whoAmI(ctx, client)
	valid := "yes"
	var e *zoho.Error
	switch {
	case err == nil:
	case errors.As(err, &e) && e.Kind == zoho.Denied && e.Scope == zoho.ScopeList:
		valid = "yes, but it cannot read the org: " + err.Error()
		err = nil
	case errors.As(err, &e) && (e.Kind == zoho.Denied || e.Kind == zoho.BadToken):
		valid = "no: " + err.Error()
	default:
		valid = "not known: " + err.Error()
	}
	base, _ := client.Base(ctx) // without a token, where it would most likely go
	rows := [][2]string{{"login", l.source}, {"accounts", l.accounts + " (" + l.dc.Name + ")"}, {"API", base}}
	if org.Name != "" {
		rows = append(rows, [2]string{"org", (&orgView{org.Name, org.Type, org.Edition}).text() + ", id " + org.ID})
	}
	if scopes := p.storedScopes(l); len(scopes) > 0 {
		rows = append(rows, [2]string{"scopes", strings.Join(scopes, ", ")})
	}
	rows = append(rows, [2]string{"valid", valid})
	if _, err := io.WriteString(p.stdout, table(rows)); err != nil {
		return err
	}
	return err
}

// storedScopes gives the scopes of a stored login. Nobody but Zoho knows those of a login in the
// environment.
func (p *program) storedScopes(l login) []string {
	logins, err := readLogins()
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(logins, func(s storedLogin) bool { return s.RefreshToken == l.RefreshToken })
	if i < 0 {
		return nil
	}
	return logins[i].Scopes
}

func (p *program) logoutCommand() *cobra.Command {
	var w whereFlags
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "removes a stored login from this machine",
		Long: `logout removes a login that auth login stored. The refresh token stays good at Zoho until it is revoked there, under
Connected Apps of the account.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return plainly(p.authLogout(w)) },
	}
	w.defineCenter(cmd.Flags())
	w.defineOrg(cmd.Flags())
	return cmd
}

func (p *program) authLogout(w whereFlags) error {
	logins, err := readLogins()
	if err != nil {
		return err
	}
	chosen, err := chooseLogin(w.center, w.org)
	if err != nil {
		return err
	}
	if chosen == nil {
		refusal := &job.Refusal{Cause: "no login is stored" + meant(w.center, w.org)}
		if len(logins) > 0 {
			refusal.Hint = "stored: " + names(logins)
		}
		return refusal
	}
	_, err = changeLogins(func(logins []storedLogin) []storedLogin {
		return slices.DeleteFunc(logins, func(s storedLogin) bool { return s.RefreshToken == chosen.RefreshToken })
	})
	if err != nil {
		return err
	}
	l := login{Credentials: chosen.login(), accounts: chosen.Accounts, cache: tokenFolder()}
	l.cacheOfTokens().Forget()
	p.ui.say("logged out of %s", chosen.name())
	return nil
}
