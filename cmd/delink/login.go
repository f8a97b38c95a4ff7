package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

// login is the credentials, and the hosts that they are for.
type login struct {
	oauth.Credentials
	dc       zoho.DataCentre
	source   string       // where the credentials are from, for people
	stored   *storedLogin // which delink auth login has stored; nil if they are from elsewhere
	accounts string       // base URL of the token endpoint
	api      string       // base URL of the API; if it is empty, the token says it
	fallback string       // base URL of the API, if the token does not say it
	cache    string       // folder of access tokens; if it is empty, none are kept
}

// whereFlags are the flags that say which org is meant.
type whereFlags struct {
	center, org, environment string // center is the short name of a data centre
}

func (w *whereFlags) define(flags *pflag.FlagSet) {
	w.defineCenter(flags)
	w.defineOrg(flags)
	w.defineEnvironment(flags)
}

func (w *whereFlags) defineCenter(flags *pflag.FlagSet) {
	defineChoice(flags, &w.center, "dc", "", "data centre: "+strings.Join(zoho.DataCentreNames(), ", ")+" (default ZOHO_DC, or that of the stored login, or us)")
}

func (w *whereFlags) defineOrg(flags *pflag.FlagSet) {
	flags.StringVar(&w.org, "org", "", "`name` or id of the org, if logins for several are stored")
}

func (w *whereFlags) defineEnvironment(flags *pflag.FlagSet) {
	defineChoice(flags, &w.environment, "environment", "", "kind of org: production, sandbox or developer (default what the login says)")
}

// meanAnOrg are the flags of whereFlags.
var meanAnOrg = []string{"dc", "org", "environment"}

// refuseForEmulator refuses flags that say which org is meant if --emulator means none. A twin in
// the environment may be there for all commands, so it is no mistake. refuseForEmulator gives the
// twins that do not count.
func refuseForEmulator(flags *pflag.FlagSet) (unheeded []string, err error) {
	for _, name := range meanAnOrg {
		flag := flags.Lookup(name)
		if flag == nil || !flag.Changed {
			continue
		}
		twin := flag.Annotations[fromTwin]
		if twin == nil {
			return nil, usageError{
				fmt.Errorf("--%s says which org is meant, and --emulator means none: nothing is removed in any org", name),
				"leave out one of them",
			}
		}
		unheeded = append(unheeded, twin...)
	}
	return unheeded, nil
}

// noteUnheeded tells of variables that do not count because of --emulator.
func (p *program) noteUnheeded(variables []string) {
	for _, name := range variables {
		p.ui.note(name + " is ignored: --emulator asks no org")
	}
}

// namedCentre gives the short name of the data centre that --dc or, without it, ZOHO_DC names; empty if
// neither does.
func (p *program) namedCentre(w whereFlags) (string, error) {
	if w.center != "" {
		return w.center, nil
	}
	written := p.setting("ZOHO_DC")
	name, err := readCentre(written)
	if err == nil {
		return name, nil
	}
	hint := ""
	if word := meantWord("dc", written); word != "" {
		hint = "did you mean ZOHO_DC=" + word + "?"
	}
	return "", usageError{fmt.Errorf("ZOHO_DC: %w", err), hint}
}

// addresses gives the base URLs of the token endpoint and of the API, as the flags and the
// environment choose them. api is empty if they choose none.
func (p *program) addresses(w whereFlags, dc zoho.DataCentre) (accounts, api string, err error) {
	accounts = dc.Accounts
	for _, v := range []struct {
		name string
		to   *string
	}{{"ZOHO_ACCOUNTS_URL", &accounts}, {"ZOHO_API_DOMAIN", &api}} {
		if url := p.setting(v.name); url != "" {
			if *v.to, err = zoho.CheckBaseURL(url); err != nil {
				return "", "", usageError{fmt.Errorf("%s: %w", v.name, err), ""}
			}
		}
	}
	if w.environment == "" {
		return accounts, api, nil
	}
	chosen := map[string]string{"production": dc.API, "sandbox": dc.Sandbox, "developer": dc.Develop}[w.environment]
	if api != "" && api != chosen { // one is a mistake, and would remove links in the wrong org
		return "", "", usageError{fmt.Errorf("--environment %s is %s, but ZOHO_API_DOMAIN is %s", w.environment, chosen, api), "leave out one of them"}
	}
	return accounts, chosen, nil
}

// login finds the credentials: in the environment, in files that the environment names, or among
// the stored logins. Credentials never come from flags, because every user of the machine can see
// the command lines of others.
func (p *program) login(w whereFlags) (login, error) {
	if err := p.checkProxy(); err != nil {
		return login{}, err
	}
	dc, err := p.namedCentre(w)
	if err != nil {
		return login{}, err
	}
	l, missing, err := p.credentials()
	if err != nil {
		return l, err
	}
	var stored storedLogin
	switch {
	case l.AccessToken == "" && l.RefreshToken == "":
		s, err := storedFor(l.Credentials, dc, w.org, missing)
		if err != nil {
			return l, err
		}
		stored, l.Credentials, l.source, l.stored = *s, s.login(), "the login stored for "+s.name(), s
	case l.AccessToken == "" && len(missing) > 1:
		return l, notWhole(missing)
	case w.org != "":
		return l, usageError{
			errors.New("--org chooses among the logins that are stored, but the environment has a login, which beats them"),
			"leave out --org, or unset the ZOHO_… variables",
		}
	}
	if l.dc, err = zoho.DataCentreByName(cmp.Or(dc, stored.DC, "us")); err != nil {
		return l, usageError{err, ""}
	}
	if l.accounts, l.api, err = p.addresses(w, l.dc); err != nil {
		return l, err
	}
	if p.setting("ZOHO_ACCOUNTS_URL") == "" {
		l.accounts = cmp.Or(stored.Accounts, l.accounts)
	}
	// A login that was made for a sandbox goes to the sandbox, even if the token names another
	// host.
	l.api = cmp.Or(l.api, stored.APIDomain)
	l.fallback = l.dc.API
	l.cache = tokenFolder()
	return l, nil
}

// credentials gives the credentials of the environment, and the names of variables that are not
// set.
func (p *program) credentials() (l login, missing []string, err error) {
	l.source = "the environment"
	var faults []error
	for _, v := range []struct {
		name string
		to   *string
	}{
		{"ZOHO_ACCESS_TOKEN", &l.AccessToken},
		{"ZOHO_CLIENT_ID", &l.ClientID},
		{"ZOHO_CLIENT_SECRET", &l.ClientSecret},
		{"ZOHO_REFRESH_TOKEN", &l.RefreshToken},
	} {
		var fault error
		if *v.to, fault = p.secret(v.name); fault != nil {
			faults = append(faults, fault)
			continue
		}
		if *v.to == "" {
			missing = append(missing, v.name)
		}
	}
	return l, missing, oneRefusal(faults)
}

// oneRefusal makes one refusal of several, so that a person can correct them at once.
func oneRefusal(faults []error) error {
	switch len(faults) {
	case 0:
		return nil
	case 1:
		return faults[0]
	}
	var causes, hints []string
	for _, fault := range faults {
		causes = append(causes, fault.Error())
		if r := new(job.Refusal); errors.As(fault, &r) && r.Hint != "" && !slices.Contains(hints, r.Hint) {
			hints = append(hints, r.Hint)
		}
	}
	return &job.Refusal{Cause: strings.Join(causes, "; "), Hint: strings.Join(hints, "; ")}
}

// storedFor gives the stored login that is used if the environment has no tokens. If the
// environment names a client, it must be the client of the stored login. Otherwise the login in the
// environment is incomplete.
func storedFor(environment oauth.Credentials, dc, org string, missing []string) (*storedLogin, error) {
	s, err := chooseLogin(dc, org)
	switch {
	case err != nil:
		return nil, err
	case environment.ClientID != "" && (s == nil || s.ClientID != environment.ClientID), environment.ClientID == "" && environment.ClientSecret != "":
		return nil, notWhole(missing)
	case s == nil:
		return nil, noLogin(dc, org)
	}
	return s, nil
}

// tokenFolder is the folder in which access tokens are kept between runs; empty if there is none.
func tokenFolder() string {
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, "delink")
}

func notWhole(missing []string) error {
	missing = slices.DeleteFunc(missing, func(name string) bool { return name == "ZOHO_ACCESS_TOKEN" })
	hint := "set all of ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN, or ZOHO_ACCESS_TOKEN alone; each also as …_FILE"
	if len(missing) == 1 && missing[0] == "ZOHO_REFRESH_TOKEN" {
		hint += "; delink auth login makes and stores one for this client"
	}
	return &job.Refusal{Cause: "the login in the environment is incomplete: " + areMissing(missing), Hint: hint}
}

// areMissing says of variables that they are missing.
func areMissing(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0] + " is missing"
	}
	return strings.Join(names[:last], ", ") + " and " + names[last] + " are missing"
}

func noLogin(dc, org string) error {
	hint := "delink auth login makes one; or set ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN; run --emulator needs none"
	if logins, err := readLogins(); err == nil && len(logins) > 0 {
		hint = "stored: " + names(logins) + "; delink auth login makes another"
	}
	return &job.Refusal{Cause: "there is no login" + meant(dc, org), Hint: hint}
}

// cacheOfTokens gives the cache that keeps the login's access tokens between runs. It gives nil if
// none are kept.
func (l login) cacheOfTokens() *oauth.Cache {
	if l.cache == "" || l.RefreshToken == "" {
		return nil
	}
	return l.clientCache()
}

// clientCache gives the cache of a login that need not have a refresh token yet. The cache knows
// whether the client is locked out.
func (l login) clientCache() *oauth.Cache {
	if l.cache == "" {
		return nil
	}
	return oauth.NewCache(l.cache, l.Credentials, l.accounts)
}

// server gives the accounts host of the login.
func (l login) server(client *http.Client) oauth.Server {
	return oauth.Server{Accounts: l.accounts, APIDomain: l.api, HTTP: client}
}

// digest tells this login from others, and does not show its secrets.
func (l login) digest() string {
	kind, key := "", l.ClientID+"\n"+l.RefreshToken
	if l.RefreshToken == "" {
		kind, key = zoho.PassingLogin, l.AccessToken
	}
	sum := sha256.Sum256([]byte(key))
	return kind + hex.EncodeToString(sum[:6])
}

// registry is the folder in which runs note where their journals are; empty if there is none.
func registry() string {
	folder, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	folder = filepath.Join(folder, "delink", "journals")
	if os.MkdirAll(folder, 0o700) != nil {
		return ""
	}
	return folder
}

// paces is the folder in which runs note how long calls take; empty if there is none.
func paces() string {
	folder := tokenFolder()
	if folder == "" {
		return ""
	}
	folder = filepath.Join(folder, "pace")
	if os.MkdirAll(folder, 0o700) != nil {
		return ""
	}
	return folder
}

// client makes the client for a login.
func (l login) client(slots int, timeout time.Duration, apiVersion string) (*zoho.Client, error) {
	c, _, err := l.observed(slots, timeout, apiVersion, nil)
	return c, err
}

// observed makes the client and its source of tokens. observe is told of each call; it may be nil.
func (l login) observed(slots int, timeout time.Duration, apiVersion string, observe func(zoho.Exchange)) (*zoho.Client, *oauth.Source, error) {
	client := httpClient(slots)
	tokens := oauth.NewSource(l.Credentials, l.server(client), l.cacheOfTokens())
	c, err := zoho.NewClient(tokens, client, zoho.Options{
		APIDomain: l.api,
		Fallback:  l.fallback,
		Version:   apiVersion,
		Timeout:   timeout,
		UserAgent: "delink/" + version,
		Observe:   observe,
	})
	if err != nil {
		return nil, nil, usageError{err, ""}
	}
	return c, tokens, nil
}

// httpClient makes a client for so many calls in flight.
func httpClient(slots int) *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = standard.Clone()
	}
	// Each call in flight keeps its connection. With a new TLS handshake for each call, a run has a
	// tenth of the speed. There is one connection more for the token endpoint, which may be the
	// same host.
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = slots + 1
	transport.MaxConnsPerHost = slots + 1
	// Redirects are not followed, because they could take calls and secrets to any host.
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
