package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Zoho's limits on tokens (D).
const (
	tokensPerWindow = 10               // per refresh token
	tokenWindow     = 10 * time.Minute // in which they count
	tokensAlive     = 15               // the next one kills the oldest
)

// A vault holds the access tokens and what limits them.
type vault struct {
	alive   map[string]*accessToken
	order   []string // of alive, oldest first
	issued  uint64
	used    map[string]bool     // grant codes that were used
	revoked bool                // the refresh token was
	grants  map[string]*allowed // by what the tokens were asked with
}

type accessToken struct {
	expires time.Time
	calls   int
}

// allowed is what was asked for with one refresh token, or one client.
type allowed struct {
	times  []time.Time // of the tokens in the window
	locked time.Time   // until then: Access Denied
}

func newVault() vault {
	return vault{alive: map[string]*accessToken{}, used: map[string]bool{}, grants: map[string]*allowed{}}
}

func (v *vault) kill(token string) {
	if v.alive[token] == nil {
		return
	}
	delete(v.alive, token)
	v.order = slices.DeleteFunc(v.order, func(t string) bool { return t == token })
}

// issue makes a token.
func (v *vault) issue(cfg *Config, now time.Time) string {
	if cfg.TokenLimits == "on" && len(v.order) >= tokensAlive {
		v.kill(v.order[0])
	}
	v.issued++
	// The form of a real one, so that whatever hides tokens hides these too.
	token := fmt.Sprintf("1000.%032x.%032x", cfg.Seed, v.issued)
	v.alive[token] = &accessToken{expires: now.Add(cfg.TokenLife)}
	v.order = append(v.order, token)
	return token
}

// permit reports whether another token may be had with that grant. Asking
// while locked prolongs the lock (R).
func (v *vault) permit(cfg *Config, grant string, now time.Time) bool {
	if cfg.TokenLimits != "on" {
		return true
	}
	a := v.grants[grant]
	if a == nil {
		a = &allowed{}
		v.grants[grant] = a
	}
	a.times = slices.DeleteFunc(a.times, func(t time.Time) bool { return now.Sub(t) >= tokenWindow })
	if now.Before(a.locked) || len(a.times) >= tokensPerWindow {
		a.locked = now.Add(cfg.TokenLockout)
		return false
	}
	a.times = append(a.times, now)
	return true
}

// good reports whether a token opens the API, and counts its use.
func (v *vault) good(cfg *Config, token string, now time.Time) bool {
	if cfg.TokensRefused {
		return false
	}
	if token == cfg.AccessToken && token != "none" {
		return true
	}
	t := v.alive[token]
	if t == nil {
		return false
	}
	if !now.Before(t.expires) || cfg.TokenCalls > 0 && t.calls >= cfg.TokenCalls {
		v.kill(token)
		return false
	}
	t.calls++
	return true
}

// KillTokens makes every access token invalid but the ready-made one, as if
// their hour were over.
func (e *Emulator) KillTokens() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.tokens.alive)
	e.tokens.order = nil
}

// tokenScheme is Zoho's own (D); Bearer is refused.
const tokenScheme = "Zoho-oauthtoken "

// bearer is the token of a request, empty if there is none of Zoho's form.
func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), tokenScheme)
	if !ok {
		return ""
	}
	return token
}

// authorize looks at the token of an API call.
func (c *call) authorize() (answer, bool) {
	e := c.e
	e.mu.Lock()
	defer e.mu.Unlock()
	header := c.r.Header.Get("Authorization")
	switch {
	case header == "":
		e.books.violation("header Authorization is missing")
		return c.refuse(http.StatusUnauthorized, "AUTHENTICATION_FAILURE", nil, "Authentication failed"), false
	case !strings.HasPrefix(header, tokenScheme):
		scheme, _, _ := strings.Cut(header, " ")
		e.books.violation("header Authorization has the scheme " + scheme + ", not Zoho-oauthtoken")
		return c.badToken(), false
	case !e.tokens.good(c.cfg, bearer(c.r), c.arrived):
		return c.badToken(), false
	}
	return answer{}, true
}

func (c *call) badToken() answer {
	return c.refuse(http.StatusUnauthorized, c.cfg.TokenCode, nil, "invalid oauth token")
}

// serveOAuth is the accounts host.
func (e *Emulator) serveOAuth(w http.ResponseWriter, r *http.Request) {
	var work func(*call) answer
	kind := "other"
	switch r.URL.Path {
	case "/oauth/v2/token":
		kind, work = "token", (*call).token
	case "/oauth/v2/token/revoke":
		kind, work = "revoke", (*call).revoke
	}
	c := e.begin(w, r, kind)
	switch {
	case work == nil:
		c.run(0, func() answer {
			return answer{status: http.StatusNotFound, html: true, body: htmlPage("404", "URL not found.")}
		})
		return
	case r.Method != http.MethodPost:
		c.run(0, func() answer {
			e.books.violation(kind + " asked for with " + r.Method)
			return answer{status: http.StatusMethodNotAllowed, html: true, body: htmlPage("405", "Use POST.")}
		})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	err := r.ParseForm()
	c.draw()
	c.run(c.span(c.cfg.TokenLatency), func() answer {
		if err != nil {
			return c.tokenError("invalid_request")
		}
		return work(c)
	})
}

// token answers POST /oauth/v2/token, from the form in its body (D).
func (c *call) token() answer {
	cfg, v, form := c.cfg, &c.e.tokens, c.r.PostForm
	if c.r.Header.Get("Authorization") != "" {
		c.e.books.violation("token request with a header Authorization: credentials belong in the form")
	}
	for _, name := range []string{"client_secret", "refresh_token", "code"} {
		if c.r.URL.Query().Has(name) {
			c.e.books.violation("token request with " + name + " in the URL, where logs see it")
		}
	}
	// grant is what the limits count by.
	grant := form.Get("grant_type")
	switch {
	case form.Get("client_id") != cfg.ClientID:
		return c.tokenError("invalid_client")
	case form.Get("client_secret") != cfg.ClientSecret:
		return c.tokenError("invalid_client_secret")
	}
	fresh := false
	switch grant {
	case "refresh_token":
		if form.Get("refresh_token") != cfg.RefreshToken || v.revoked {
			return c.tokenError("invalid_code")
		}
	case "authorization_code":
		code := form.Get("code")
		if code != cfg.GrantCode || v.used[code] {
			return c.tokenError("invalid_code")
		}
		v.used[code] = true
		v.revoked, fresh = false, true
	case "client_credentials":
		if form.Get("soid") != "ZohoCRM."+cfg.OrgID {
			return c.tokenError("invalid_soid")
		}
	default:
		return c.tokenError("unsupported_grant_type")
	}
	now := time.Now()
	if !v.permit(cfg, grant, now) {
		c.e.books.Denied++
		return answer{status: cfg.DeniedStatus, codes: []string{"Access Denied"}, body: toJSON(map[string]string{
			"error":             "Access Denied",
			"error_description": "You have made too many requests continuously. Please try again after some time.",
			"status":            "failure",
		})}
	}
	c.e.books.Tokens++
	domain := cfg.APIDomain
	if domain == "" {
		domain = "http://" + c.r.Host
		if c.r.TLS != nil {
			domain = "https://" + c.r.Host
		}
	}
	seconds := int64(cfg.TokenLife / time.Second)
	body := map[string]any{
		"access_token": v.issue(cfg, now),
		"api_domain":   domain,
		"scope":        strings.Join(cfg.Scopes, " "),
		"token_type":   "Bearer",
		"expires_in":   seconds,
	}
	if cfg.ExpiresInMs {
		body["expires_in_sec"], body["expires_in"] = seconds, cfg.TokenLife.Milliseconds()
	}
	if fresh {
		body["refresh_token"] = cfg.RefreshToken
	}
	return answer{status: http.StatusOK, body: toJSON(body)}
}

// tokenError answers as the accounts host does, which is with 200 (D).
func (c *call) tokenError(code string) answer {
	c.e.books.Denied++
	return answer{status: c.cfg.TokenErrors, body: toJSON(map[string]string{"error": code}), codes: []string{code}}
}

// revoke answers POST /oauth/v2/token/revoke: the refresh token and all that
// it gave are dead (I).
func (c *call) revoke() answer {
	if c.r.Form.Get("token") != c.cfg.RefreshToken || c.e.tokens.revoked {
		return c.tokenError("invalid_token")
	}
	c.e.tokens.revoked = true
	clear(c.e.tokens.alive)
	c.e.tokens.order = nil
	return answer{status: http.StatusOK, body: []byte(`{"status":"success"}`)}
}
