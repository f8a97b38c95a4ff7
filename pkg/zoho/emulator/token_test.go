package emulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestToken(t *testing.T) {
	e, c := serve(t)
	r := c.token()
	r.want(t, 200, "token_type", "Bearer", "expires_in", "3600", "expires_in_sec", "<none>", "refresh_token", "<none>", "api_domain", c.url,
		"scope", strings.Join(Default().Scopes, " "))
	c.do("GET", "/crm/v8/org", "", "Authorization", "Zoho-oauthtoken "+r.get("access_token")).want(t, 200)

	r = c.token("grant_type", "authorization_code", "code", "1000.emulator.grant")
	r.want(t, 200, "refresh_token", "1000.emulator.refresh")
	c.token("grant_type", "authorization_code", "code", "1000.emulator.grant").want(t, 200, "error", "invalid_code")

	c.token("grant_type", "client_credentials", "soid", "ZohoCRM.60001234567").want(t, 200, "token_type", "Bearer", "refresh_token", "<none>")
	c.token("grant_type", "client_credentials", "soid", "ZohoCRM.1").want(t, 200, "error", "invalid_soid")
	c.token("grant_type", "password").want(t, 200, "error", "unsupported_grant_type")
	c.token("client_id", "x").want(t, 200, "error", "invalid_client")
	c.token("client_secret", "x").want(t, 200, "error", "invalid_client_secret")
	c.token("refresh_token", "x").want(t, 200, "error", "invalid_code")
	if b := e.Books(); b.Tokens != 3 || b.Denied != 6 || b.Calls["token"] != 9 || b.Codes["invalid_code"] != 2 {
		t.Errorf("books %+v", b)
	}
	c.do("GET", "/oauth/v2/auth", "").want(t, 404)
	c.do("GET", "/oauth/v2/token", "").want(t, 405)
}

func TestTokenKnobs(t *testing.T) {
	_, c := serve(t, "expires-in-ms=true", "token-life=30m", "api-domain=https://www.zohoapis.eu", "token-errors=400",
		"client-id=a", "client-secret=b", "refresh-token=c", "grant-code=d", "org-id=7")
	mine := []string{"client_id", "a", "client_secret", "b", "refresh_token", "c"}
	c.token(mine...).want(t, 200, "expires_in", "1800000", "expires_in_sec", "1800", "api_domain", "https://www.zohoapis.eu")
	c.token(append(mine, "grant_type", "authorization_code", "code", "d")...).want(t, 200, "refresh_token", "c")
	c.token(append(mine, "grant_type", "client_credentials", "soid", "ZohoCRM.7")...).want(t, 200)
	c.token().want(t, 400, "error", "invalid_client")
}

func TestRevoke(t *testing.T) {
	e, c := serve(t)
	access := c.token().get("access_token")
	c.do("POST", "/oauth/v2/token/revoke?token=x", "").want(t, 400, "error", "invalid_token")
	c.do("POST", "/oauth/v2/token/revoke?token=1000.emulator.refresh", "").want(t, 200, "status", "success")
	c.token().want(t, 200, "error", "invalid_code")
	c.do("GET", "/crm/v8/org", "", "Authorization", "Zoho-oauthtoken "+access).want(t, 401)
	c.token("grant_type", "authorization_code", "code", "1000.emulator.grant").want(t, 200)
	c.token().want(t, 200, "token_type", "Bearer")
	if v := e.Books().Violations; len(v) != 1 || v[0] != "revoke request with token in the URL, where logs see it" {
		t.Error(v)
	}
}

func TestRevokeKnobs(t *testing.T) {
	form := url.Values{"token": {"1000.emulator.refresh"}}
	_, c := serve(t)
	c.form("/oauth/v2/token/revoke", form).want(t, 200, "status", "success")
	c.form("/oauth/v2/token/revoke", form).want(t, 400, "error", "invalid_token")
	_, c = serve(t, "revoke=url-only")
	c.form("/oauth/v2/token/revoke", form).want(t, 400, "error", "invalid_token")
	c.token().want(t, 200, "token_type", "Bearer")
	c.do("POST", "/oauth/v2/token/revoke?token=1000.emulator.refresh", "").want(t, 200, "status", "success")
	_, c = serve(t, "revoke=refused", "token-errors=400")
	c.form("/oauth/v2/token/revoke", form).want(t, 400, "error", "general_error")
	c.token().want(t, 200, "token_type", "Bearer")
	_, c = serve(t, "revoke=unsupported")
	if r := c.form("/oauth/v2/token/revoke", form); r.status != 404 || !strings.HasPrefix(r.body, "<html>") {
		t.Errorf("%+v", r)
	}
}

// use reports with which status a token opens the API.
func (c client) use(token string) int {
	return c.do("GET", "/crm/v8/org", "", "Authorization", "Zoho-oauthtoken "+token).status
}

func TestTokenDies(t *testing.T) {
	e, c := serve(t, "token-calls=2")
	token := c.token().get("access_token")
	for i, want := range []int{200, 200, 401, 401} {
		if got := c.use(token); got != want {
			t.Errorf("use %d: %d", i, got)
		}
	}
	token = c.token().get("access_token")
	e.KillTokens()
	if c.use(token) != 401 || c.use("1000.emulator.access") != 200 {
		t.Error("KillTokens")
	}
	e.Update(func(cfg *Config) { cfg.TokensRefused = true })
	if c.use(c.token().get("access_token")) != 401 || c.use("1000.emulator.access") != 401 {
		t.Error("tokens-refused")
	}
}

func TestTokenLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(Config{})
		c := bubble(t, e)
		denied := func(want bool) string {
			t.Helper()
			r := c.token()
			if got := r.get("error") == "Access Denied"; got != want || got != (r.status == 400) {
				t.Fatalf("denied: %v, %s", got, r.body)
			}
			return r.get("access_token")
		}
		first := denied(false)
		for range 9 {
			denied(false)
		}
		denied(true)
		// Asking prolongs the lock-out.
		time.Sleep(9 * time.Minute)
		denied(true)
		time.Sleep(9 * time.Minute)
		denied(true)
		time.Sleep(10 * time.Minute)
		for range 5 {
			denied(false)
		}
		if c.use(first) != 200 {
			t.Error("the first of 15 tokens is dead")
		}
		denied(false)
		if c.use(first) != 401 {
			t.Error("the 16th token left the oldest alive")
		}
		// An hour is an hour.
		last := denied(false)
		time.Sleep(time.Hour - time.Second)
		if c.use(last) != 200 {
			t.Error("a token died early")
		}
		time.Sleep(time.Second)
		if c.use(last) != 401 {
			t.Error("a token outlived its hour")
		}
		e.Update(func(cfg *Config) { cfg.TokenLimits = "off" })
		for range 30 {
			denied(false)
		}
	})
}

func TestDeniedKnobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cfg Config
		if err := cfg.SetAll("denied-status=200", "token-lockout=1h", "token-latency=3s"); err != nil {
			t.Fatal(err)
		}
		c := bubble(t, New(cfg))
		start := time.Now()
		for range 10 {
			c.token().want(t, 200, "token_type", "Bearer")
		}
		if d := time.Since(start); d != 30*time.Second {
			t.Errorf("ten tokens took %v", d)
		}
		c.token().want(t, 200, "error", "Access Denied", "status", "failure")
		time.Sleep(59 * time.Minute)
		c.token().want(t, 200, "error", "Access Denied")
		time.Sleep(time.Hour)
		c.token().want(t, 200, "token_type", "Bearer")
	})
}

// The token that a fault kills stays dead.
func TestInvalidTokenFault(t *testing.T) {
	_, c := serve(t, "fault-script=2:invalid-token", "faults-on=org", "token-code=AUTHENTICATION_FAILURE")
	token := c.token().get("access_token")
	for i, want := range []int{200, 401, 401} {
		if got := c.use(token); got != want {
			t.Errorf("use %d: %d", i, got)
		}
	}
	if got := c.use(c.token().get("access_token")); got != 200 {
		t.Errorf("a new token: %d", got)
	}
}

func TestTokenFaults(t *testing.T) {
	e, c := serve(t, "fault-script=1:500,2:drop-after,3:html", "faults-on=token")
	if r := c.token(); r.status != http.StatusInternalServerError {
		t.Errorf("%+v", r)
	}
	if r := c.token(); r.err == nil {
		t.Errorf("%+v", r)
	}
	if r := c.token(); r.status != 200 || !strings.HasPrefix(r.body, "<html>") {
		t.Errorf("%+v", r)
	}
	c.token().want(t, 200, "token_type", "Bearer")
	if b := e.Books(); b.Tokens != 2 || b.Faults["drop-after"] != 1 {
		t.Errorf("books %+v", b)
	}
	_, c = serve(t)
	if r := c.do("POST", "/oauth/v2/token", strings.Repeat("x", maxBody+1), "Content-Type", "application/x-www-form-urlencoded"); r.err == nil {
		r.want(t, 200, "error", "invalid_request")
	}
	if n, err := strconv.Atoi(c.token().get("expires_in")); n != 3600 || err != nil {
		t.Error(n, err)
	}
}

// What the token endpoint's answers can look like, good ones and errors.
func TestTokenAnswers(t *testing.T) {
	for _, label := range []string{"application/json", "text/plain", "text/html", "application/octet-stream", "none"} {
		_, c := serve(t, "token-content-type="+label)
		r, bad := c.token(), c.token("refresh_token", "x")
		r.want(t, 200, "token_type", "Bearer")
		bad.want(t, 200, "error", "invalid_code")
		want := label + ";charset=UTF-8"
		if label == "none" {
			want = ""
		}
		if got := r.header.Get("Content-Type"); got != want || bad.header.Get("Content-Type") != want {
			t.Errorf("Content-Type %q, want %q", got, want)
		}
	}
	_, c := serve(t, "api-domain-form=bare", "offline-access=missing")
	code := []string{"grant_type", "authorization_code", "code", "1000.emulator.grant"}
	c.token(code...).want(t, 200, "api_domain", strings.TrimPrefix(c.url, "http://"), "refresh_token", "<none>")
	_, c = serve(t, "api-domain-form=slash")
	c.token().want(t, 200, "api_domain", c.url+"/")
	_, c = serve(t, "api-domain-form=missing")
	c.token().want(t, 200, "api_domain", "<none>", "token_type", "Bearer")
	_, c = serve(t, "faults-on=token", "fault-script=1:403,2:429")
	if r := c.token(); r.status != 403 || !strings.HasPrefix(r.body, "<html>") {
		t.Errorf("%+v", r)
	}
	c.token().want(t, 429, "code", "TOO_MANY_REQUESTS")
}

// The lock-out in each of the words that were seen, from the first request on.
func TestDeniedForms(t *testing.T) {
	tests := map[string][]string{
		"documented":    {"error", "Access Denied", "status", "failure"},
		"access-denied": {"error", "access_denied", "status", "<none>"},
		"throttles":     {"cause", "throttles_limit_exceeded", "code", "Z101", "response", "error", "error", "<none>"},
		"translated":    {"status", "failure"},
		"html":          {},
	}
	for form, want := range tests {
		for _, status := range []string{"400", "200", "401", "403", "429"} {
			e, c := serve(t, "locked-out=true", "denied-form="+form, "denied-status="+status)
			r := c.token()
			n, _ := strconv.Atoi(status)
			r.want(t, n, want...)
			if html := strings.HasPrefix(r.body, "<html>"); html != (form == "html") {
				t.Errorf("%s: %s", form, r.body)
			}
			if form == "translated" && strings.Contains(r.body, "many") {
				t.Errorf("in English: %s", r.body)
			}
			if b := e.Books(); b.Denied != 1 || b.Tokens != 0 {
				t.Errorf("%s: books %+v", form, b)
			}
		}
	}
}
