package zoho

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var refreshable = Login{ClientID: "1000.ID", ClientSecret: "hush-client", RefreshToken: "1000.hush-refresh"}

func tokenAnswer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, Body: io.NopCloser(strings.NewReader(body))}
}

// accounts is a token endpoint: it counts, takes a second, and answers with what answer says.
type accounts struct {
	asked  atomic.Int32
	answer func(n int) (status int, body string)
	forms  sync.Map
}

func (a *accounts) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(a.asked.Add(1))
	body, _ := io.ReadAll(r.Body)
	a.forms.Store(n, r.Method+" "+r.URL.String()+" "+string(body))
	select {
	case <-time.After(time.Second):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	status, text := a.answer(n)
	return tokenAnswer(status, text), nil
}

func good(n int) (int, string) {
	return 200, fmt.Sprintf(`{"access_token":"1000.hush-%d","api_domain":"https://www.zohoapis.eu","token_type":"Bearer","expires_in":3600}`, n)
}

func (a *accounts) source(cache *TokenCache) *TokenSource {
	return NewTokenSource(refreshable, "https://accounts.example", &http.Client{Transport: a}, cache)
}

func (a *accounts) want(t *testing.T, n int) {
	t.Helper()
	if got := int(a.asked.Load()); got != n {
		t.Errorf("asked %d times, want %d", got, n)
	}
}

func TestTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		token, err := a.source(nil).Token(t.Context())
		if err != nil || token.secret() != "1000.hush-1" || token.apiDomain != "https://www.zohoapis.eu" {
			t.Fatalf("%q %v", token.secret(), err)
		}
		form, _ := a.forms.Load(1)
		if form != "POST https://accounts.example/oauth/v2/token client_id=1000.ID&client_secret=hush-client&grant_type=refresh_token&refresh_token=1000.hush-refresh" {
			t.Error(form)
		}
		a.want(t, 1)
	})
}

// How long a token is used: to half a minute before its end.
func TestTokenLife(t *testing.T) {
	for body, life := range map[string]time.Duration{
		`"expires_in":3600`:                          time.Hour,
		`"expires_in":"3600"`:                        time.Hour,
		`"expires_in":3600000,"expires_in_sec":3600`: time.Hour,
		`"expires_in_sec":1800`:                      30 * time.Minute,
		`"x":1`:                                      0, // until it is refused
		`"expires_in":0`:                             0,
		`"expires_in":1`:                             0,
		`"expires_in":60`:                            0,
		`"expires_in":61`:                            61 * time.Second,
		`"expires_in":-3600`:                         0,
		`"expires_in":"-1"`:                          0,
		`"expires_in":3600000`:                       0,
		`"expires_in":99999999999999999999999`:       0,
		`"expires_in":3600.5`:                        0,
		`"expires_in":"soon"`:                        0,
		`"expires_in":{"seconds":3600}`:              0,
		`"expires_in":null`:                          0,
		`"expires_in":3600,"expires_in_sec":1`:       0,
		`"expires_in":3600,"expires_in_sec":"1800"`:  30 * time.Minute,
		`"expires_in":3600,"expires_in_sec":-5`:      time.Hour,
		`"expires_in":1e3,"expires_in_sec":3600`:     time.Hour,
		`"expires_in":3600,"api_domain":"https://www.zohoapis.com"`:   time.Hour,
		`"expires_in":3600,"api_domain":"https://www.zohoapis.com//"`: time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &accounts{answer: func(n int) (int, string) { return 200, fmt.Sprintf(`{"access_token":"%d",%s}`, n, body) }}
			cache := NewTokenCache(t.TempDir(), refreshable, "https://accounts.example")
			s := a.source(cache)
			get := func() {
				t.Helper()
				if _, err := s.Token(t.Context()); err != nil {
					t.Fatal(body, err)
				}
			}
			get()
			if kept := cache.load().secret() != ""; kept != (life > 0) {
				t.Errorf("%s: kept for other runs: %v", body, kept)
			}
			if life == 0 {
				<-time.After(100 * time.Hour)
				get()
				a.want(t, 1)
				return
			}
			<-time.After(life - 33*time.Second)
			get()
			a.want(t, 1)
			<-time.After(5 * time.Second)
			get()
			a.want(t, 2)
		})
	}
}

// Errors come with HTTP 200 and 400 alike. A refusal of the login is final: nobody asks again. Anything else is tried
// again, but not by every worker at once.
func TestTokenErrors(t *testing.T) {
	for _, c := range []struct {
		body  string
		code  string
		final bool
	}{
		{`{"error":"invalid_code"}`, "invalid_code", true},
		{`{"error":"invalid_client"}`, "invalid_client", true},
		{`{"error":"invalid_client_secret"}`, "invalid_client_secret", true},
		{`{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}`, "Access Denied", true},
		{"\ufeff" + `{"error":"invalid_code"}` + "\r\n", "invalid_code", true},
		{`{"error":"something_new"}`, "something_new", true},
		{`{"error":"server_error"}`, CodeNoToken, false},
		{`{"error":"general_error"}`, CodeNoToken, false},
		{`{}`, CodeNoToken, false},
		{`{"access_token":""}`, CodeNoToken, false},
		{`<html></html>`, CodeNoToken, false},
		{``, CodeNoToken, false},
	} {
		for _, status := range []int{200, 400} {
			synctest.Test(t, func(t *testing.T) {
				a := &accounts{answer: func(int) (int, string) { return status, c.body }}
				s := a.source(nil)
				ask := func() *Error {
					t.Helper()
					_, err := s.Token(t.Context())
					if err == nil {
						t.Fatal(c.body, "gave a token")
					}
					return failure(t, err)
				}
				e := ask()
				if e.Code != c.code || e.Sent || (e.Kind == Denied) != c.final || c.final && e.Scope != ScopeRun || !c.final && e.Kind != Unsent {
					t.Errorf("%d %s: %+v", status, c.body, e)
				}
				if strings.Contains(e.Error(), "hush") || !strings.Contains(e.Error(), "accounts.example") && c.final {
					t.Errorf("%q", e.Error())
				}
				ask()
				if c.final {
					a.want(t, 1)
				} else {
					a.want(t, 2)
				}
			})
		}
	}
}

// Answers that no token can be read from are told of in words.
func TestTokenAnswersThatCannotBeRead(t *testing.T) {
	for body, want := range map[string]string{
		`{"access_token":1}`:   "the token endpoint's answer cannot be read",
		`{"access_token":`:     "the token endpoint's answer cannot be read",
		`<html>`:               "the token endpoint's answer cannot be read",
		``:                     "the token endpoint's answer cannot be read",
		`{"access_token":""}`:  "the token endpoint answered without a token",
		`{"error":{"code":1}}`: "the token endpoint's answer cannot be read",
	} {
		client := &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) { return tokenAnswer(200, body), nil })}
		_, err := NewTokenSource(refreshable, "https://accounts.example", client, nil).Token(t.Context())
		if e := failure(t, err); e.Cause.Error() != want || e.Kind != Unsent {
			t.Errorf("%s: %v", body, e)
		}
	}
}

// A failing server says nothing of the login, whatever its body.
func TestTokenServerErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: func(n int) (int, string) {
			if n < 3 {
				return 500, `{"error":"invalid_code"}`
			}
			return good(n)
		}}
		s := a.source(nil)
		for range 2 {
			_, err := s.Token(t.Context())
			if e := failure(t, err); e.Kind != Unsent || e.Status != 500 {
				t.Errorf("%+v", e)
			}
			<-time.After(2 * time.Second)
		}
		if _, err := s.Token(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A lock-out is remembered for ten minutes, whichever process asks: asking prolongs it. A clock that was wrong does no harm.
func TestLockOutIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		cache := NewTokenCache(folder, refreshable, "https://accounts.example")
		a := &accounts{answer: func(n int) (int, string) {
			if n == 1 {
				return 400, `{"error":"Access Denied","status":"failure"}`
			}
			return good(n)
		}}
		for i := range 3 {
			_, err := a.source(cache).Token(t.Context())
			if e := failure(t, err); e.Kind != Denied || e.Code != "Access Denied" || i > 0 && !strings.Contains(e.Error(), "it is not asked again before") {
				t.Errorf("%+v", e)
			}
		}
		a.want(t, 1)
		<-time.After(lockOutFor)
		if _, err := a.source(cache).Token(t.Context()); err != nil {
			t.Error(err)
		}
		for _, wrong := range []string{"", "x", time.Now().Add(time.Hour).Format(time.RFC3339)} {
			if err := os.WriteFile(cache.path+".lockout", []byte(wrong), 0o600); err != nil {
				t.Fatal(err)
			}
			if until := cache.lockedOut(time.Now()); !until.IsZero() {
				t.Errorf("%q locks out until %v", wrong, until)
			}
		}
	})
}

// 25 callers need one token between them, and share a refusal as well.
func TestSharedRefresh(t *testing.T) {
	for name, answer := range map[string]func(int) (int, string){
		"good":    good,
		"refused": func(int) (int, string) { return 200, `{"error":"invalid_code"}` },
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &accounts{answer: answer}
			s := a.source(nil)
			var wg sync.WaitGroup
			for range 25 {
				wg.Go(func() {
					if _, err := s.Token(t.Context()); (err == nil) != (name == "good") {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			a.want(t, 1)
		})
	}
}

// A caller that leaves is not waited for, and its leaving is not the others' failure.
func TestTokenCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		s := a.source(nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("told to leave")
		time.AfterFunc(100*time.Millisecond, func() { cancel(why) })
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Token(ctx); failure(t, err).Kind != Unsent {
				t.Error(err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := s.Token(ctx); !errors.Is(err, why) || failure(t, err).Kind != Unsent {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if token, err := s.Token(t.Context()); err != nil || token.secret() != "1000.hush-2" {
				t.Error(err)
			}
		})
		wg.Wait()
		a.want(t, 2)
	})
}

// Of all calls that were refused with one token, the first makes a difference.
func TestRefusedTokenIsDroppedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		cache := NewTokenCache(t.TempDir(), refreshable, "https://accounts.example")
		s := a.source(cache)
		first, err := s.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c := &Client{tokens: s}
		bad := &Error{Kind: BadToken, token: first}
		if !c.Renew(bad) || c.Renew(bad) || c.Renew(fmt.Errorf("wrapped: %w", bad)) {
			t.Error("not the first alone")
		}
		if cache.load().secret() != "" {
			t.Error("the refused token is still kept")
		}
		second, err := s.Token(t.Context())
		if err != nil || second.is(first) || c.Renew(bad) || c.Renew(&Error{Kind: BadToken}) || c.Renew(&Error{Kind: Denied, token: second}) || c.Renew(io.EOF) {
			t.Error("an old refusal drops the new token", err)
		}
		a.want(t, 2)
	})
}

// A cache that cannot be changed must not bring the refused token back.
func TestRefusedTokenIsNotTakenFromCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		cache := NewTokenCache(t.TempDir(), refreshable, "https://accounts.example")
		s := a.source(cache)
		first, _ := s.Token(t.Context())
		s.refused(first)
		cache.store(first)
		second, err := s.Token(t.Context())
		if err != nil || second.is(first) {
			t.Errorf("%v, the refused one: %v", err, second.is(first))
		}
	})
}

func TestReadyTokenAlone(t *testing.T) {
	s := NewTokenSource(Login{AccessToken: "1000.hush-ready"}, "https://accounts.example", &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) {
		t.Error("a token was asked for")
		return nil, io.EOF
	})}, nil)
	token, err := s.Token(t.Context())
	if err != nil || token.secret() != "1000.hush-ready" {
		t.Fatal(err)
	}
	if !s.refused(token) {
		t.Error("not dropped")
	}
	for range 2 {
		_, err = s.Token(t.Context())
		e := failure(t, err)
		if e.Kind != Denied || e.Scope != ScopeRun || !strings.Contains(e.Error(), "ZOHO_ACCESS_TOKEN") || strings.Contains(e.Error(), "hush") {
			t.Errorf("%+v", e)
		}
	}
}

// A ready token that dies is replaced where the login can.
func TestReadyTokenAndRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		l := refreshable
		l.AccessToken = "1000.hush-ready"
		s := NewTokenSource(l, "https://accounts.example", &http.Client{Transport: a}, nil)
		token, _ := s.Token(t.Context())
		a.want(t, 0)
		s.refused(token)
		if token, err := s.Token(t.Context()); err != nil || token.secret() != "1000.hush-1" {
			t.Error(err)
		}
	})
}

// A token answer must not send the token to just anywhere.
func TestTokenNamesBadDomain(t *testing.T) {
	for _, domain := range []string{"http://www.zohoapis.com", "www.zohoapis.com", "https://a:b@c", "ftp://x"} {
		synctest.Test(t, func(t *testing.T) {
			a := &accounts{answer: func(int) (int, string) {
				return 200, fmt.Sprintf(`{"access_token":"1000.hush","api_domain":%q,"expires_in":3600}`, domain)
			}}
			_, err := a.source(nil).Token(t.Context())
			if e := failure(t, err); e.Kind != Denied || strings.Contains(e.Error(), "hush") {
				t.Errorf("%s: %+v", domain, e)
			}
		})
	}
}

func TestTokenCacheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		folder := filepath.Join(t.TempDir(), "cache")
		cache := NewTokenCache(folder, refreshable, "https://accounts.example")
		if _, err := a.source(cache).Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		mode := func(path string, want fs.FileMode) {
			t.Helper()
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%v, %v", info, err)
			}
		}
		mode(folder, 0o700)
		mode(cache.path, 0o600)
		if name := filepath.Base(cache.path); strings.Contains(name, "1000") || strings.Contains(name, "hush") {
			t.Error(name)
		}
		b, err := os.ReadFile(cache.path)
		var content map[string]string
		if err != nil || json.Unmarshal(b, &content) != nil || len(content) != 3 || content["access_token"] != "1000.hush-1" ||
			content["api_domain"] != "https://www.zohoapis.eu" || content["expires"] == "" {
			t.Errorf("%s, %v", b, err)
		}
		files, _ := os.ReadDir(folder)
		if len(files) > 2 { // the token and its lock
			t.Errorf("%v", files)
		}

		// The next run takes it, and a run after its end does not.
		token, err := a.source(cache).Token(t.Context())
		if err != nil || token.secret() != "1000.hush-1" || token.apiDomain != "https://www.zohoapis.eu" {
			t.Error(err)
		}
		a.want(t, 1)
		<-time.After(time.Hour)
		if token, err = a.source(cache).Token(t.Context()); err != nil || token.secret() != "1000.hush-2" {
			t.Error(err)
		}

		// No other login, and none of another data centre, sees it.
		other := refreshable
		other.RefreshToken += "x"
		if NewTokenCache(folder, other, "https://accounts.example").load().secret() != "" || NewTokenCache(folder, refreshable, "https://accounts.zoho.eu").load().secret() != "" {
			t.Error("seen by another login")
		}

		// What is not ours is no token, and does not get in the way.
		for _, s := range []string{"", "x", "null", `{"access_token":"a"}`, `{"access_token":"","expires":"2100-01-01T00:00:00Z"}`, `{"access_token":"a","api_domain":"http://evil.example","expires":"2100-01-01T00:00:00Z"}`} {
			if err := os.WriteFile(cache.path, []byte(s), 0o600); err != nil {
				t.Fatal(err)
			}
			before := a.asked.Load()
			if _, err := a.source(cache).Token(t.Context()); err != nil || a.asked.Load() != before+1 {
				t.Errorf("%q: %v", s, err)
			}
		}
		cache.Forget()
		if cache.load().secret() != "" {
			t.Error("not forgotten")
		}
	})
}

// A cache that cannot be used is no reason to stop.
func TestTokenCacheUnusable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		a := &accounts{answer: good}
		s := a.source(NewTokenCache(file, refreshable, "x")) // a file where the folder should be
		token, err := s.Token(t.Context())
		if err != nil || !s.refused(token) {
			t.Error(err)
		}
	})
}

// Several runs at a time, in several processes, need one token between them: the lock is the operating system's, and two
// sources in one process hold it as two processes do.
func TestSourcesShareCache(t *testing.T) {
	folder := t.TempDir()
	a := &accounts{answer: good}
	var wg sync.WaitGroup
	tokens := make([]Token, 6)
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = a.source(NewTokenCache(folder, refreshable, "https://accounts.example")).Token(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a.want(t, 1)
	for _, token := range tokens {
		if !token.is(tokens[0]) {
			t.Error("not the same token")
		}
	}

	// A token that both had is refused to both: one of them asks for another.
	one, two := a.source(NewTokenCache(folder, refreshable, "https://accounts.example")), a.source(NewTokenCache(folder, refreshable, "https://accounts.example"))
	x, _ := one.Token(t.Context())
	y, _ := two.Token(t.Context())
	if !one.refused(x) {
		t.Error("not dropped")
	}
	x, _ = one.Token(t.Context())
	if !two.refused(y) {
		t.Error("not dropped")
	}
	if y, _ = two.Token(t.Context()); !x.is(y) {
		t.Error("not the same token")
	}
	a.want(t, 2)
}

// However a login, a token or what holds them is printed, no secret is.
func TestSecretsAreNotPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		l := refreshable
		l.AccessToken = "1000.hush-ready"
		s := NewTokenSource(l, "https://accounts.example", &http.Client{Transport: a}, NewTokenCache(t.TempDir(), l, "x"))
		ready, _ := s.Token(t.Context())
		s.refused(ready)
		token, _ := s.Token(t.Context())
		client, _ := NewClient(s, &http.Client{Transport: canned{status: 401}}, Options{APIDomain: "https://api.example", Version: "v8", Timeout: time.Minute})
		_, err := delink(t, client, []ID{1})
		for _, v := range []any{l, &l, token, &token, []Token{token}, map[string]Login{"x": l}, struct{ T Token }{token}, struct{ t Token }{token}, s, *s, client, err, *failure(t, err), fmt.Errorf("x: %w", err)} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				if text := fmt.Sprintf(verb, v); strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
					t.Errorf("%s of %T: %s", verb, v, text)
				}
			}
		}
		if token.String() != "(access token)" || fmt.Sprint(token) != "(access token)" {
			t.Error(token)
		}
	})
}
