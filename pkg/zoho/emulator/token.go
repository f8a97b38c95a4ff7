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
	tokensAlive     = 15               // one more makes the oldest invalid
)

// A vault holds the access tokens and what limits them.
type vault struct {
	alive   map[string]*accessToken
	order   []string // of alive, oldest first
	issued  uint64
	used    map[string]bool     // grant codes that were used
	revoked map[string]bool     // refresh tokens that were revoked
	grants  map[string]*allowed // by grant type

	devices   map[string]*device // by device code
	begun     int                // devices so far
	consented bool               // the user has allowed the access of a device before
}

type accessToken struct {
	expires time.Time
	calls   int
}

// allowed is what limits the tokens of one grant.
type allowed struct {
	times  []time.Time // of the tokens in the window
	locked time.Time   // until then, every request is refused
}

func newVault() vault {
	return vault{alive: map[string]*accessToken{}, used: map[string]bool{}, revoked: map[string]bool{}, grants: map[string]*allowed{}, devices: map[string]*device{}}
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
	// It looks like a real one, so that a program that hides real tokens hides these too.
	token := fmt.Sprintf("1000.%032x.%032x", cfg.Seed, v.issued)
	v.alive[token] = &accessToken{expires: now.Add(cfg.TokenLife)}
	v.order = append(v.order, token)
	return token
}

// permit reports whether the limits allow another token with that grant. A request during the
// lock-out makes the lock-out longer (R).
func (v *vault) permit(cfg *Config, grant string, now time.Time) bool {
	if cfg.LockedOut {
		return false
	}
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

// good reports whether a token is valid, and counts its use.
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

// KillTokens makes every access token invalid, as if its hour were over, except the ready-made one.
func (e *Emulator) KillTokens() {
	e.lock()
	defer e.mu.Unlock()
	clear(e.tokens.alive)
	e.tokens.order = nil
}

// tokenScheme is the scheme of the header Authorization, which is Zoho's own (D). Bearer is
// refused.
const tokenScheme = "Zoho-oauthtoken "

// bearer is the token of a request, empty if there is none with Zoho's scheme.
func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), tokenScheme)
	if !ok {
		return ""
	}
	return token
}

// authorize checks the token of an API call.
func (c *call) authorize() (answer, bool) {
	e := c.e
	e.lock()
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
	case "/oauth/v3/device/code":
		kind, work = "device", (*call).deviceCode
	case "/oauth/v3/device/token":
		kind, work = "device", (*call).deviceToken
	}
	c := e.begin(w, r, kind)
	switch {
	case r.URL.Path == "/oauth/v3/device" && r.Method == http.MethodGet: // where the user of a device enters the code
		c.run(0, func(*call) answer {
			return answer{status: http.StatusOK, html: true, body: htmlPage("Emulator", "The user of this emulator decides by itself, as its knobs say. There is nothing to enter.")}
		})
		return
	case work == nil:
		c.run(0, func(*call) answer {
			return answer{status: http.StatusNotFound, html: true, body: htmlPage("404", "URL not found.")}
		})
		return
	case r.Method != http.MethodPost:
		c.run(0, func(*call) answer {
			e.books.violation(kind + " asked for with " + r.Method)
			return answer{status: http.StatusMethodNotAllowed, html: true, body: htmlPage("405", "Use POST.")}
		})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	err := r.ParseForm()
	c.draw()
	c.run(c.span(c.cfg.TokenLatency), func(c *call) answer {
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
	c.secretsInURL("token request", "client_secret", "refresh_token", "code")
	// The limits count by grant type.
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
		if form.Get("refresh_token") != cfg.RefreshToken || v.revoked[cfg.RefreshToken] {
			return c.tokenError("invalid_code")
		}
	case "authorization_code":
		code := form.Get("code")
		if code != cfg.GrantCode || v.used[code] {
			return c.tokenError("invalid_code")
		}
		v.used[code], fresh = true, true
		delete(v.revoked, cfg.RefreshToken)
	case "client_credentials":
		if form.Get("soid") != "ZohoCRM."+cfg.OrgID {
			return c.tokenError("invalid_soid")
		}
	default:
		return c.tokenError("unsupported_grant_type")
	}
	now := time.Now()
	if !v.permit(cfg, grant, now) {
		return c.denied()
	}
	return c.grant(now, fresh)
}

// grant is the answer with a new access token; fresh says that a refresh token comes with it.
func (c *call) grant(now time.Time, fresh bool) answer {
	cfg := c.cfg
	c.e.books.Tokens++
	seconds := int64(cfg.TokenLife / time.Second)
	body := map[string]any{
		"access_token": c.e.tokens.issue(cfg, now),
		"scope":        strings.Join(cfg.Scopes, " "),
		"token_type":   "Bearer",
		"expires_in":   seconds,
	}
	if domain := c.apiDomain(); domain != "" {
		body["api_domain"] = domain
	}
	if cfg.ExpiresInMs {
		body["expires_in_sec"], body["expires_in"] = seconds, cfg.TokenLife.Milliseconds()
	}
	if fresh && cfg.OfflineAccess == "granted" {
		body["refresh_token"] = cfg.RefreshToken
	}
	return c.tokenAnswer(http.StatusOK, body)
}

// apiDomain is where the token answer says that the API is, in the form that a knob wants.
func (c *call) apiDomain() string {
	domain := c.cfg.APIDomain
	if domain == "" {
		domain = "http://" + c.r.Host
		if c.r.TLS != nil {
			domain = "https://" + c.r.Host
		}
	}
	switch c.cfg.APIDomainForm {
	case "bare":
		_, host, _ := strings.Cut(domain, "://")
		return host
	case "slash":
		return domain + "/"
	case "missing":
		return ""
	}
	return domain
}

// tokenAnswer is an answer of the accounts host, labelled as a knob wants it.
func (c *call) tokenAnswer(status int, body any, codes ...string) answer {
	a := answer{status: status, body: toJSON(body), codes: codes}
	if c.cfg.TokenType != "application/json" {
		a.label = c.cfg.TokenType
	}
	return a
}

// denied is the answer to a token request too many, in one of the forms that were seen
// (docs/zoho-api.md, sections 5 and 6.7).
func (c *call) denied() answer {
	const text = "You have made too many requests continuously. Please try again after some time."
	c.e.books.Denied++
	status := c.cfg.DeniedStatus
	switch c.cfg.DeniedForm {
	case "access-denied":
		return c.tokenAnswer(status, map[string]string{"error": "access_denied", "error_description": text}, "access_denied")
	case "throttles":
		return c.tokenAnswer(status, map[string]string{"response": "error", "code": "Z101", "cause": "throttles_limit_exceeded"}, "Z101")
	case "translated":
		return c.tokenAnswer(status, map[string]string{
			"error": "アクセスが拒否されました", "error_description": "リクエストが多すぎます。しばらくしてから再度お試しください。", "status": "failure",
		}, "Access Denied")
	case "html":
		return answer{status: status, html: true, codes: []string{"Access Denied"}, body: htmlPage("Access Denied", text)}
	}
	return c.tokenAnswer(status, map[string]string{"error": "Access Denied", "error_description": text, "status": "failure"}, "Access Denied")
}

// tokenError is an error of the accounts host, which comes with 200 (D).
func (c *call) tokenError(code string) answer {
	c.e.books.Denied++
	return c.tokenAnswer(c.cfg.TokenErrors, map[string]string{"error": code}, code)
}

// revoke answers POST /oauth/v2/token/revoke: the refresh token and all access tokens that were made
// with it become invalid (D).
func (c *call) revoke() answer {
	cfg, v := c.cfg, &c.e.tokens
	c.secretsInURL("revoke request", "token")
	token := c.r.Form.Get("token")
	switch cfg.Revoke {
	case "url-only":
		token = c.r.URL.Query().Get("token")
	case "refused":
		return c.tokenError("general_error")
	case "unsupported":
		return answer{status: http.StatusNotFound, html: true, body: htmlPage("404", "URL not found.")}
	}
	if token != cfg.RefreshToken || v.revoked[token] {
		c.e.books.Denied++
		return c.tokenAnswer(http.StatusBadRequest, map[string]string{"error": "invalid_token"}, "invalid_token")
	}
	v.revoked[token] = true
	clear(v.alive)
	v.order = nil
	return c.tokenAnswer(http.StatusOK, map[string]string{"status": "success"})
}

// secretsInURL notes secrets in the URL of a request. They belong in the form.
func (c *call) secretsInURL(request string, names ...string) {
	for _, name := range names {
		if c.r.URL.Query().Has(name) {
			c.e.books.violation(request + " with " + name + " in the URL, where logs see it")
		}
	}
}
