package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

// keepLogin stores a login under the name of its org.
func (p *program) keepLogin(ctx context.Context, l login, grant oauth.Grant) (*storedLogin, error) {
	stored := &storedLogin{
		DC: l.dc.Name, Accounts: l.accounts, APIDomain: cmp.Or(l.api, grant.APIDomain), Scopes: grant.Scopes, Made: time.Now().UTC().Truncate(time.Second),
		ClientID: l.ClientID, ClientSecret: l.ClientSecret, RefreshToken: l.RefreshToken,
	}
	org, err := p.askOrg(ctx, l)
	if err != nil {
		return nil, err
	}
	stored.Org, stored.OrgID, stored.OrgType = org.Name, org.ID, org.Type
	path, lost, err := storeLogin(*stored)
	if err != nil {
		return nil, err
	}
	if lost {
		p.ui.note("it replaces an older login for data centre " + stored.DC + " whose org is not known either; the older one stays valid at Zoho until its user revokes it")
	}
	p.ui.say("logged in to %s; stored in %s", stored.name(), path)
	return stored, nil
}

// askOrg asks the org who it is. If it does not say it, that is noted, and the org has no name.
func (p *program) askOrg(ctx context.Context, l login) (zoho.Org, error) {
	client, err := l.client(1, authTimeout, "v8")
	if err != nil {
		return zoho.Org{}, err
	}
	org, err := whoAmI(ctx, client)
	var e *zoho.Error
	switch {
	case errors.As(err, &e) && e.Has(zoho.CodeScopeMismatch):
		p.ui.note("could not read the org's name: the login lacks " + oauth.ScopeOrg)
	case err != nil:
		p.ui.note("could not read the org's name: " + err.Error())
	}
	return org, nil
}

func whoAmI(ctx context.Context, client *zoho.Client) (zoho.Org, error) {
	org, err := client.Org(ctx)
	if client.Renew(err) {
		org, err = client.Org(ctx)
	}
	return org, err
}

// rehearse logs in to an emulator inside this process, whose user allows the access.
func (s *signIn) rehearse() error {
	r, err := startEmulator("device-interval=2s", "company=built-in emulator", "org-type=sandbox")
	if err != nil {
		return err
	}
	defer func() { _ = r.server.Close() }()
	if err := s.signals.take(nil); err != nil {
		return err
	}
	ctx := s.signals.Stop()
	s.l, s.code, s.terminal = r.login, r.grantCode, nil
	s.l.RefreshToken = ""
	s.ui.say("a rehearsal: the emulator has a user who allows the access, so there is nothing to open or to type")
	grant, err := s.grant(ctx)
	if err != nil {
		return s.orCancelled(ctx, err)
	}
	s.l.RefreshToken = grant.RefreshToken
	limited, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	org, err := s.askOrg(limited, s.l)
	if err != nil {
		return err
	}
	s.ui.say("logged in to %s; nothing was stored, because the emulator ends with this command", org.Name)
	return nil
}

// deviceGuide says where a client for a page and a code comes from.
func deviceGuide(dc zoho.DataCentre) string {
	return fmt.Sprintf(`delink needs a client of your own, which you make once:
1. open %s and add a client of the type Non-browser Application; any name and home page will do
2. copy its client id and client secret here
`, dc.Console())
}

// selfClientGuide says where a grant code comes from.
func selfClientGuide(dc zoho.DataCentre) string {
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
4. paste the code here before it expires; it works once
`, dc.Console(), strings.Join(names, ","), strings.Join(uses, "\n"))
}
