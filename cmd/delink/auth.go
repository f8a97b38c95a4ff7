package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

func (p *program) authCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auth",
		Short: "login, status, list, use and logout: how delink gets into your org",
		Example: `  delink auth login
  delink auth status
  delink auth use "Example Inc."
  delink auth logout --org "Example Inc."`,
	}
	cmd.AddCommand(p.loginCommand(), p.statusCommand(), p.listCommand(), p.useCommand(), p.logoutCommand())
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
	// Nobody but Zoho knows the scopes of a login in the environment.
	if l.stored != nil && len(l.stored.Scopes) > 0 {
		rows = append(rows, [2]string{"scopes", strings.Join(l.stored.Scopes, ", ")})
	}
	rows = append(rows, [2]string{"valid", valid})
	if err := p.print(table(rows)); err != nil {
		return err
	}
	return err
}

func (p *program) useCommand() *cobra.Command {
	var w whereFlags
	cmd := &cobra.Command{
		Use:   "use NAME",
		Short: "chooses which of several stored logins is used",
		Long: `use makes a stored login the one that is used where no other is chosen. NAME is the name or the id of its org, as auth list shows
them. --org chooses another one for one command.`,
		Example: `  delink auth use "Example Inc."
  delink auth use 60001234567`,
		Args:              oneLogin,
		ValidArgsFunction: completeOneOrg,
		RunE: func(_ *cobra.Command, args []string) error {
			w.org = args[0]
			return plainly(p.authUse(w))
		},
	}
	w.defineCenter(cmd.Flags())
	return cmd
}

// oneLogin is the argument check of auth use.
func oneLogin(cmd *cobra.Command, args []string) error {
	if len(args) == 1 && args[0] != "" {
		return nil
	}
	hint := "write " + cmd.CommandPath() + " and the name or id of its org"
	if logins, err := readLogins(); err == nil && len(logins) > 0 {
		hint += "; stored: " + names(logins)
	}
	return usageError{errors.New("one login has to be named"), hint}
}

func (p *program) authUse(w whereFlags) error {
	chosen, err := p.oneStored(w)
	if several := (usageError{}); errors.As(err, &several) {
		return usageError{several.err, "name it by its id, or add --dc"} // auth use has no --org
	}
	if err != nil {
		return err
	}
	_, err = changeLogins(func(logins []storedLogin) []storedLogin {
		for i := range logins {
			logins[i].Default = logins[i].replaces(chosen)
		}
		return logins
	})
	if err != nil {
		return err
	}
	beaten := p.beats(chosen)
	is := "used from now on"
	if len(beaten) > 0 {
		is = "chosen"
	}
	p.ui.say("%s is %s; --org chooses another login for one command", chosen.full(), is)
	for _, note := range beaten {
		p.ui.note(note)
	}
	return nil
}

// oneStored gives the one stored login that flags mean. The default does not count.
func (p *program) oneStored(w whereFlags) (*storedLogin, error) {
	logins, err := readLogins()
	if err != nil {
		return nil, err
	}
	chosen, err := onlyLogin(logins, w.center, w.org)
	if err != nil {
		return nil, err
	}
	if chosen == nil {
		refusal := &job.Refusal{Cause: "no login is stored" + meant(w.center, w.org)}
		switch {
		case len(logins) > 0:
			refusal.Hint = "stored: " + names(logins)
		case len(p.tokenVariables()) > 0:
			refusal.Hint = "the login in the environment is used: unset the ZOHO_… variables to be without it"
		}
		return nil, refusal
	}
	return chosen, nil
}

// logoutFlags are the flags of auth logout.
type logoutFlags struct {
	where     whereFlags
	keepToken bool
}

func (p *program) logoutCommand() *cobra.Command {
	var f logoutFlags
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "revokes a stored login at Zoho, and removes it from this machine",
		Long: `logout has Zoho revoke the refresh token of a login that auth login stored, and removes the login from this machine. If Zoho does not
revoke it, or cannot be asked, the login is removed nonetheless, and logout says that the token stays valid (exit 3).`,
		Example: `  delink auth logout
  delink auth logout --org "Example Inc."
  delink auth logout --keep-token   does not ask Zoho`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.authLogout(cmd.Context(), f) },
	}
	f.where.defineCenter(cmd.Flags())
	f.where.defineOrg(cmd.Flags())
	cmd.Flags().BoolVar(&f.keepToken, "keep-token", false, "leave the refresh token valid: something else uses it")
	return cmd
}

func (p *program) authLogout(ctx context.Context, f logoutFlags) error {
	chosen, err := p.oneStored(f.where)
	if err != nil {
		return plainly(err)
	}
	l := login{Credentials: chosen.login(), accounts: chosen.Accounts, api: chosen.APIDomain, cache: tokenFolder()}
	var kept error
	if !f.keepToken {
		kept = p.revoke(ctx, l)
	}
	_, err = changeLogins(func(logins []storedLogin) []storedLogin {
		return slices.DeleteFunc(logins, func(s storedLogin) bool { return s.replaces(chosen) })
	})
	if err != nil {
		return plainly(err)
	}
	l.cacheOfTokens().Forget()
	byHand := "it is revoked by hand under Connected Apps of the Zoho account (" + chosen.Accounts + ")"
	switch {
	case f.keepToken:
		p.ui.say("logged out of %s; its refresh token stays valid; %s", chosen.name(), byHand)
	case kept != nil:
		p.ui.say("logged out of %s on this machine", chosen.name())
		p.ui.error("the refresh token may still be valid: it could not be revoked: "+kept.Error(), byHand)
		return ended{outcome.ExitFailures}
	default:
		p.ui.say("logged out of %s; its refresh token is not valid any more", chosen.name())
	}
	return nil
}

// revoke has Zoho make the refresh token of a login invalid. An error says why it may still be valid.
func (p *program) revoke(ctx context.Context, l login) error {
	if err := p.checkProxy(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	server := l.server(httpClient(1))
	err := server.Revoke(ctx, l.Credentials)
	var e *zoho.Error
	if !errors.As(err, &e) {
		return err
	}
	// Zoho also refuses a token that was revoked before. Whether it was is known once it is used.
	if e.Kind == zoho.Denied && e.Code != zoho.CodeLockedOut {
		if _, used := oauth.NewSource(l.Credentials, server, nil).Token(ctx); oauth.IsRevoked(used) {
			return nil
		}
	}
	return cmp.Or(e.Cause, err)
}
