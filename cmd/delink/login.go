package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// login is who we are and where we go.
type login struct {
	zoho.Login
	dc       zoho.DataCentre
	accounts string
	api      string // empty: what the token says
	cache    string // folder of access tokens; empty: none are kept
}

// loginFromEnvironment reads the credentials. They come from the environment or from files that it names, and never
// from flags, which every user of the machine can see.
func (p *program) loginFromEnvironment(dc string) (login, error) {
	var l login
	for _, v := range []struct {
		name string
		to   *string
	}{
		{"ZOHO_CLIENT_ID", &l.ClientID},
		{"ZOHO_CLIENT_SECRET", &l.ClientSecret},
		{"ZOHO_REFRESH_TOKEN", &l.RefreshToken},
		{"ZOHO_ACCESS_TOKEN", &l.AccessToken},
	} {
		value, err := p.secret(v.name)
		if err != nil {
			return l, err
		}
		*v.to = value
	}
	if dc == "" {
		dc = p.getenv("ZOHO_DC")
	}
	if dc == "" {
		dc = "us"
	}
	var err error
	if l.dc, err = zoho.DataCentreByName(dc); err != nil {
		return l, usageError{err, ""}
	}
	l.accounts = l.dc.Accounts
	if v := p.getenv("ZOHO_ACCOUNTS_URL"); v != "" {
		if l.accounts, err = zoho.CheckBaseURL(v); err != nil {
			return l, usageError{fmt.Errorf("ZOHO_ACCOUNTS_URL: %w", err), ""}
		}
	}
	if v := p.getenv("ZOHO_API_DOMAIN"); v != "" {
		if l.api, err = zoho.CheckBaseURL(v); err != nil {
			return l, usageError{fmt.Errorf("ZOHO_API_DOMAIN: %w", err), ""}
		}
	}
	if folder, err := os.UserCacheDir(); err == nil {
		l.cache = filepath.Join(folder, "delink")
	}
	return l, l.complete()
}

// secret reads a variable, or the file that its …_FILE twin names.
func (p *program) secret(name string) (string, error) {
	if v := p.getenv(name); v != "" {
		return strings.TrimSpace(v), nil
	}
	path := p.getenv(name + "_FILE")
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", &job.Refusal{Cause: name + "_FILE", Err: err}
	}
	if v := strings.TrimSpace(string(b)); v != "" {
		return v, nil
	}
	return "", &job.Refusal{Cause: fmt.Sprintf("%s_FILE: %s is empty", name, path)}
}

func (l login) complete() error {
	var missing []string
	if l.AccessToken != "" {
		return nil
	}
	for _, v := range []struct{ name, value string }{
		{"ZOHO_CLIENT_ID", l.ClientID}, {"ZOHO_CLIENT_SECRET", l.ClientSecret}, {"ZOHO_REFRESH_TOKEN", l.RefreshToken},
	} {
		if v.value == "" {
			missing = append(missing, v.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &job.Refusal{
		Cause: "no login: " + strings.Join(missing, ", ") + " not set",
		Hint:  "make a self client in Zoho's API console with the scope ZohoCRM.modules.ALL, and set its values in the environment; ZOHO_ACCESS_TOKEN alone will do for an hour; --emulator needs none",
	}
}

// client makes the client for a login.
func (l login) client(slots int, timeout time.Duration, apiVersion string) (*zoho.Client, error) {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("the default HTTP transport was replaced by a %T", http.DefaultTransport)
	}
	transport = transport.Clone()
	// One connection for each call in flight, kept: a new TLS handshake for each call takes nine tenths of the speed. One
	// more for the token endpoint, which may be the same host.
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = slots + 1
	transport.MaxConnsPerHost = slots + 1
	// Neither calls nor secrets follow a redirect: it can lead anywhere.
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var cache *zoho.TokenCache
	if l.cache != "" && l.RefreshToken != "" {
		cache = zoho.NewTokenCache(l.cache, l.Login, l.accounts)
	}
	tokens := zoho.NewTokenSource(l.Login, l.accounts, client, cache)
	c, err := zoho.NewClient(tokens, client, zoho.Options{
		APIDomain: l.api,
		Fallback:  l.dc.API,
		Version:   apiVersion,
		Timeout:   timeout,
		UserAgent: "delink/" + version,
	})
	if err != nil {
		return nil, usageError{err, ""}
	}
	return c, nil
}
