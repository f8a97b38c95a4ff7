package main

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// login is who we are and where we go.
type login struct {
	zoho.Login
	dc       zoho.DataCentre
	source   string // where the credentials are from, for people
	accounts string // base URL of the token endpoint
	api      string // base URL of the API; empty: what the token says
	fallback string // base URL for tokens that say nothing
	cache    string // folder of access tokens; empty: none are kept
}

// whereFlags say which org is meant.
type whereFlags struct {
	center, org, environment string
}

func (w *whereFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&w.center, "dc", "", "data centre: `"+strings.Join(zoho.DataCentreNames(), "|")+"` (default ZOHO_DC, or that of the stored login, or us)")
	flags.StringVar(&w.org, "org", "", "`name` or id of the org, if logins for several are stored")
	flags.StringVar(&w.environment, "environment", "", "kind of org: `production|sandbox|developer` (default what the login says)")
}

// api is the base URL of the API that the flags choose; empty for none.
func (w *whereFlags) api(dc zoho.DataCentre) (string, error) {
	switch w.environment {
	case "":
		return "", nil
	case "production":
		return dc.API, nil
	case "sandbox":
		return dc.Sandbox, nil
	case "developer":
		return dc.Develop, nil
	}
	return "", usageError{fmt.Errorf("--environment %q is not production, sandbox or developer", w.environment), ""}
}

// login finds the credentials: those of the environment, or of files that it names, or those that auth login stored. They
// never come from flags, which every user of the machine can see.
func (p *program) login(w whereFlags) (login, error) {
	l := login{source: "the environment"}
	var missing []string
	for _, v := range []struct {
		name string
		to   *string
	}{
		{"ZOHO_ACCESS_TOKEN", &l.AccessToken},
		{"ZOHO_CLIENT_ID", &l.ClientID},
		{"ZOHO_CLIENT_SECRET", &l.ClientSecret},
		{"ZOHO_REFRESH_TOKEN", &l.RefreshToken},
	} {
		value, err := p.secret(v.name)
		if err != nil {
			return l, err
		}
		if *v.to = value; value == "" {
			missing = append(missing, v.name)
		}
	}
	dc := w.center
	if dc == "" {
		dc = p.getenv("ZOHO_DC")
	}
	var stored storedLogin
	switch {
	case len(missing) == 4:
		s, err := chooseLogin(dc, w.org)
		if err != nil {
			return l, err
		}
		if s == nil {
			return l, noLogin(dc, w.org)
		}
		stored, l.Login, l.source = *s, s.login(), "the login stored for "+s.name()
		if dc == "" {
			dc = s.DC
		}
	case l.AccessToken == "" && len(missing) > 1:
		return l, &job.Refusal{
			Cause: "the login in the environment is not whole: " + strings.Join(missing[1:], ", ") + " not set",
			Hint:  "set all of ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN, or ZOHO_ACCESS_TOKEN alone; each also as …_FILE",
		}
	}
	if dc == "" {
		dc = "us"
	}
	var err error
	if l.dc, err = zoho.DataCentreByName(dc); err != nil {
		return l, usageError{err, ""}
	}
	if l.api, err = w.api(l.dc); err != nil {
		return l, err
	}
	l.accounts = cmp.Or(stored.Accounts, l.dc.Accounts)
	l.fallback = cmp.Or(stored.APIDomain, l.dc.API)
	for _, v := range []struct {
		name string
		to   *string
	}{{"ZOHO_ACCOUNTS_URL", &l.accounts}, {"ZOHO_API_DOMAIN", &l.api}} {
		if url := p.getenv(v.name); url != "" {
			if *v.to, err = zoho.CheckBaseURL(url); err != nil {
				return l, usageError{fmt.Errorf("%s: %w", v.name, err), ""}
			}
		}
	}
	if folder, err := os.UserCacheDir(); err == nil {
		l.cache = filepath.Join(folder, "delink")
	}
	return l, nil
}

func noLogin(dc, org string) error {
	cause := "there is no login"
	if dc != "" {
		cause += " for data centre " + dc
	}
	if org != "" {
		cause += " for the org " + org
	}
	return &job.Refusal{
		Cause: cause,
		Hint:  "delink auth login makes one; or set ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN; run --emulator needs none",
	}
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

// cacheOfTokens is where the login's access tokens are kept between runs; nil for nowhere.
func (l login) cacheOfTokens() *zoho.TokenCache {
	if l.cache == "" || l.RefreshToken == "" {
		return nil
	}
	return zoho.NewTokenCache(l.cache, l.Login, l.accounts)
}

// client makes the client for a login.
func (l login) client(slots int, timeout time.Duration, apiVersion string) (*zoho.Client, error) {
	client := httpClient(slots)
	tokens := zoho.NewTokenSource(l.Login, l.accounts, client, l.cacheOfTokens())
	c, err := zoho.NewClient(tokens, client, zoho.Options{
		APIDomain: l.api,
		Fallback:  l.fallback,
		Version:   apiVersion,
		Timeout:   timeout,
		UserAgent: "delink/" + version,
	})
	if err != nil {
		return nil, usageError{err, ""}
	}
	return c, nil
}

// httpClient makes a client for so many calls in flight.
func httpClient(slots int) *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = standard.Clone()
	}
	// One connection for each call in flight, kept: a new TLS handshake for each call takes nine tenths of the speed. One
	// more for the token endpoint, which may be the same host.
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = slots + 1
	transport.MaxConnsPerHost = slots + 1
	// Neither calls nor secrets follow a redirect: it can lead anywhere.
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
