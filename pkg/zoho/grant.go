package zoho

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// The scopes that delink can use, by purpose (D).
const (
	ScopeDelink = "ZohoCRM.modules.ALL"                 // to remove links, and to look up those that went unanswered
	ScopeLists  = "ZohoCRM.settings.related_lists.READ" // to check relations before the first call
	ScopeOrg    = "ZohoCRM.org.READ"                    // to show the org, and to know its edition's limits
)

// Grant is what a grant code was exchanged for.
type Grant struct {
	RefreshToken string
	Scopes       []string // as far as the token endpoint says
	APIDomain    string   // base URL; empty if the token endpoint does not say
	token        Token
}

// ExchangeCode makes a refresh token of the grant code that a self client generates. A code is good for minutes, and once
// (D). Its errors are those of TokenSource.Token.
//
// POST {accounts}/oauth/v2/token, grant_type=authorization_code (D)
func ExchangeCode(ctx context.Context, client *http.Client, accounts string, l Login, code string) (Grant, error) {
	asked := time.Now()
	endpoint := tokenEndpoint(accounts)
	known := newSecrets(l.ClientSecret, l.RefreshToken, l.AccessToken, code)
	t, err := exchangeConfig(l, endpoint).Exchange(context.WithValue(ctx, oauth2.HTTPClient, accountsClient(client)), code)
	if err != nil {
		return Grant{}, tokenError(ctx, known, endpoint, err)
	}
	if t.RefreshToken == "" {
		return Grant{}, &Error{Kind: Denied, Scope: ScopeRun, Code: CodeNoToken, Cause: errors.New("the token endpoint gave no refresh token")}
	}
	token, err := newToken(known, t, asked)
	if err != nil {
		return Grant{}, err
	}
	g := Grant{RefreshToken: t.RefreshToken, APIDomain: token.apiDomain, token: token}
	if scopes, ok := t.Extra("scope").(string); ok {
		g.Scopes = strings.FieldsFunc(known.with(t.AccessToken, t.RefreshToken).hideText(scopes), func(r rune) bool { return r == ' ' || r == ',' })
	}
	return g, nil
}

// Keep puts the access token that came with the grant into the cache, so that the first run needs no other.
func (g Grant) Keep(c *TokenCache) { c.keep(g.token) }
