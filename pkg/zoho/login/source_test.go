package login

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"delink/pkg/zoho"
)

var refreshable = Credentials{ClientID: "1000.ID", ClientSecret: "hush-client", RefreshToken: "1000.hush-refresh"}

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

func (a *accounts) server() Server {
	return Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: a}}
}

func (a *accounts) source(cache *Cache) *Source {
	return NewSource(refreshable, Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: a}}, cache)
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
		if err != nil || token.Secret() != "1000.hush-1" || token.APIDomain() != "https://www.zohoapis.eu" {
			t.Fatalf("%q %v", token.Secret(), err)
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
			cache := NewCache(t.TempDir(), refreshable, "https://accounts.example")
			s := a.source(cache)
			get := func() {
				t.Helper()
				if _, err := s.Token(t.Context()); err != nil {
					t.Fatal(body, err)
				}
			}
			get()
			if kept := inCache(cache).Secret() != ""; kept != (life > 0) {
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

// Errors come with HTTP 200 and 400 alike. A refusal of the login is final: nobody asks again. So
// is every other answer with a status of 400 to 499. Anything else is tried again, but not by every
// worker at once.
func TestTokenErrors(t *testing.T) {
	const page = "<html><body>no</body></html>"
	const (
		once  = iota // the login is refused, whatever the status
		by400        // it is refused only if the status says so
		again        // it is asked again, whatever the status
	)
	for _, c := range []struct {
		body string
		code string
		when int
	}{
		{`{"error":"invalid_code"}`, "invalid_code", once},
		{`{"error":"invalid_client"}`, "invalid_client", once},
		{`{"error":"invalid_client_secret"}`, "invalid_client_secret", once},
		{"\ufeff" + `{"error":"invalid_code"}` + "\r\n", "invalid_code", once},
		{`{"error":"something_new"}`, "something_new", once},
		{`{"error":"access_denied"}`, "access_denied", once},
		{`{"error":"access_denied","error_description":"the user said no"}`, "access_denied", once},
		{`{"error":"invalid_scope","error_description":"too many scopes"}`, "invalid_scope", once},
		{`{"error":"server_error"}`, zoho.CodeNoToken, again},
		{`{"error":"general_error"}`, zoho.CodeNoToken, again},
		{`{}`, zoho.CodeNoToken, by400},
		{`{"access_token":""}`, zoho.CodeNoToken, by400},
		{page, zoho.CodeNoToken, by400},
		{``, zoho.CodeNoToken, by400},
	} {
		for _, status := range []int{200, 400} {
			t.Run(fmt.Sprint(status, c.body), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := &accounts{answer: func(int) (int, string) { return status, c.body }}
					s := a.source(nil)
					final := c.when == once || c.when == by400 && status == 400
					for range 2 {
						_, err := s.Token(t.Context())
						e := failure(t, err)
						if e.Code != c.code || e.Sent || (e.Kind == zoho.Denied) != final || final && e.Scope != zoho.ScopeRun || !final && e.Kind != zoho.Unsent {
							t.Errorf("%+v", e)
						}
						if strings.Contains(e.Error(), "hush") || !strings.Contains(e.Error(), "accounts.example") && final {
							t.Errorf("%q", e.Error())
						}
					}
					if final {
						a.want(t, 1)
					} else {
						a.want(t, 2)
					}
				})
			})
		}
	}
}

// A lock-out comes in many words, statuses and languages (R).
func TestLockOuts(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
	}{
		{400, `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}`},
		{200, `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}`},
		{400, `{"error":"Access Denied"}`},
		{400, `{"error":"access_denied","error_description":"Sorry, too many requests from this client"}`},
		{400, `{"error":"access_denied","error_description":"リクエストが多すぎます"}`},
		{400, `{"error":"アクセスが拒否されました","error_description":"しばらくしてから","status":"failure"}`},
		{200, `{"error":"Zugriff verweigert","status":"failure"}`},
		{400, `{"response":"error","code":"Z101","cause":"throttles_limit_exceeded"}`},
		{200, `{"response":"error","code":"Z101","cause":"throttles_limit_exceeded"}`},
		{429, "<html>Too Many Requests</html>"},
		{429, ""},
		{429, `{"error":"invalid_code"}`},
		{400, `{"message":"Rate limit reached"}`},
		{200, `{"error":"general_error","error_description":"You have made too many requests continuously"}`},
	} {
		t.Run(fmt.Sprint(c.status, c.body), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				folder := t.TempDir()
				a := &accounts{answer: func(int) (int, string) { return c.status, c.body }}
				for range 2 { // two processes
					_, err := a.source(NewCache(folder, refreshable, "https://accounts.example")).Token(t.Context())
					if e := failure(t, err); e.Kind != zoho.Denied || e.Code != zoho.CodeLockedOut || e.Scope != zoho.ScopeRun {
						t.Errorf("%+v", e)
					}
				}
				a.want(t, 1)
				// The code of a new login of this client would be burned.
				_, err := a.server().Exchange(t.Context(), Credentials{ClientID: refreshable.ClientID, ClientSecret: refreshable.ClientSecret}, "code",
					NewCache(folder, Credentials{ClientID: refreshable.ClientID, ClientSecret: refreshable.ClientSecret}, "https://accounts.example"))
				if e := failure(t, err); e.Code != zoho.CodeLockedOut {
					t.Errorf("%+v", e)
				}
				a.want(t, 1)
				// Another login of it has tokens of its own.
				other := refreshable
				other.RefreshToken += "x"
				_, _ = NewSource(other, a.server(), NewCache(folder, other, "https://accounts.example")).Token(t.Context())
				a.want(t, 2)
			})
		})
	}
}

// A lock-out that the exchange of a code meets is remembered for the next one.
func TestLockOutOfExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := Credentials{ClientID: "1000.ID", ClientSecret: "hush-client"}
		folder := t.TempDir()
		a := &accounts{answer: func(int) (int, string) { return 429, "" }}
		for i := range 3 {
			cache := NewCache(folder, client, "https://accounts.example")
			if locked := cache.LockedOut(); (locked != nil) != (i > 0) {
				t.Errorf("%d: %v", i, locked)
			}
			_, err := a.server().Exchange(t.Context(), client, "code", cache)
			if e := failure(t, err); e.Code != zoho.CodeLockedOut {
				t.Errorf("%+v", e)
			}
		}
		a.want(t, 1)
		<-time.After(lockOutFor)
		_, _ = a.server().Exchange(t.Context(), client, "code", NewCache(folder, client, "https://accounts.example"))
		a.want(t, 2)
	})
}

// JSON is JSON, whatever the header calls it.
func TestTokenContentTypes(t *testing.T) {
	for _, label := range []string{"application/json", "text/plain", "text/plain;charset=UTF-8", "text/html;charset=UTF-8", "application/octet-stream", "application/x-www-form-urlencoded", ""} {
		t.Run(label, func(t *testing.T) {
			n := 0
			answer := `{"access_token":"1000.hush-1","refresh_token":"1000.hush-next","api_domain":"https://www.zohoapis.eu","expires_in":3600}`
			client := &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) {
				n++
				r := tokenAnswer(200, answer)
				r.Header.Set("Content-Type", label)
				return r, nil
			})}
			server := Server{Accounts: "https://accounts.example", HTTP: client}
			token, err := NewSource(refreshable, server, nil).Token(t.Context())
			if err != nil || token.Secret() != "1000.hush-1" || token.APIDomain() != "https://www.zohoapis.eu" {
				t.Errorf("%q, %v", token.Secret(), err)
			}
			if g, err := server.Exchange(t.Context(), refreshable, "code", nil); err != nil || g.RefreshToken != "1000.hush-next" {
				t.Error(err)
			}
			answer = `{"error":"invalid_code"}`
			n = 0
			s := NewSource(refreshable, server, nil)
			for range 2 {
				_, err = s.Token(t.Context())
				if e := failure(t, err); e.Kind != zoho.Denied || e.Code != "invalid_code" || n != 1 {
					t.Errorf("%+v after %d requests", e, n)
				}
			}
		})
	}
}

// Answers that no token can be read from are told of in words.
func TestTokenAnswersThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   string
		code   string
	}{
		{200, `{"access_token":1}`, "the token endpoint's answer cannot be read", zoho.CodeNoToken},
		{200, `{"access_token":`, "the token endpoint's answer cannot be read", zoho.CodeNoToken},
		{200, ``, "the token endpoint's answer cannot be read", zoho.CodeNoToken},
		{200, `{"access_token":""}`, "the token endpoint answered without a token", zoho.CodeNoToken},
		{200, `{"error":{"code":1}}`, "the token endpoint's answer cannot be read", zoho.CodeNoToken},
		{200, `<html>`, "from https://accounts.example/oauth/v2/token a web page came (HTTP 200)", zoho.CodeNoToken},
		{403, `<!DOCTYPE html>`, "from https://accounts.example/oauth/v2/token a web page came (HTTP 403)", zoho.CodeBlocked},
		{404, `<html>`, "from https://accounts.example/oauth/v2/token a web page came (HTTP 404)", zoho.CodeNoToken},
		{403, ``, "https://accounts.example/oauth/v2/token answered HTTP 403", zoho.CodeNoToken},
		{503, `<html>`, "from https://accounts.example/oauth/v2/token a web page came (HTTP 503)", zoho.CodeNoToken},
		{407, ``, "https://accounts.example/oauth/v2/token answered HTTP 407", zoho.CodeProxy},
	} {
		client := &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) { return tokenAnswer(c.status, c.body), nil })}
		_, err := NewSource(refreshable, Server{Accounts: "https://accounts.example", HTTP: client}, nil).Token(t.Context())
		e := failure(t, err)
		if e.Cause.Error() != c.want || e.Code != c.code || (e.Kind == zoho.Denied) != (c.status == 403 || c.status == 404) || e.Lasting != (c.status == 407) {
			t.Errorf("%d %s: %v, %+v", c.status, c.body, e, e)
		}
	}
}

// Where no answer comes, the error says why in plain words, and whether another try would help.
func TestTokenTransportErrors(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, c := range []struct {
		err     error
		want    string
		code    string
		lasting bool
	}{
		{refused, "connection refused", zoho.CodeNoToken, false},
		{io.EOF, "the connection was closed before the answer came", zoho.CodeNoToken, false},
		{x509.UnknownAuthorityError{}, "x509: certificate signed by unknown authority", zoho.CodeNotTrusted, true},
		{&net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}, "the proxy: connection refused", zoho.CodeProxy, true},
		{errors.New("Proxy Authentication Required"), "the proxy refused the connection: Proxy Authentication Required", zoho.CodeProxy, true},
	} {
		client := &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) { return nil, c.err })}
		_, err := NewSource(refreshable, Server{Accounts: "https://accounts.example", HTTP: client}, nil).Token(t.Context())
		if e := failure(t, err); e.Cause.Error() != "https://accounts.example/oauth/v2/token: "+c.want || e.Code != c.code || e.Lasting != c.lasting || e.Kind != zoho.Unsent {
			t.Errorf("%v: %+v, want %q", c.err, e, c.want)
		}
	}
}

// Requests for tokens hold the secrets themselves: no redirect is followed, and none is asked for
// again.
func TestTokenRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var hosts []string
		client := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
			hosts = append(hosts, r.URL.Host)
			resp := tokenAnswer(status, "")
			resp.Header.Set("Location", "https://elsewhere.example/")
			resp.Request = r
			return resp, nil
		})}
		server := Server{Accounts: "https://accounts.example", HTTP: client}
		_, err := NewSource(refreshable, server, nil).Token(t.Context())
		if e := failure(t, err); e.Kind != zoho.Unsent || !e.Lasting {
			t.Errorf("%d: %+v", status, e)
		}
		if _, err = server.Exchange(t.Context(), refreshable, "code", nil); err == nil {
			t.Errorf("%d: a grant", status)
		}
		if !slices.Equal(hosts, []string{"accounts.example", "accounts.example"}) {
			t.Errorf("%d: asked %v", status, hosts)
		}
	}
}

// Something that refuses every token must not use up what Zoho gives: 10 tokens in 10 minutes, over
// all processes.
func TestTokensAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		a := &accounts{answer: good}
		source := func() *Source { return a.source(NewCache(folder, refreshable, "https://accounts.example")) }
		use := func(s *Source) error {
			token, err := s.Token(t.Context())
			if err == nil && !s.Refused(token) {
				t.Fatal("not dropped")
			}
			return err
		}
		one, two := source(), source()
		for range 6 {
			if err := use(one); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			if err := use(two); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range []*Source{one, two, source()} {
			for range 20 {
				if e := failure(t, use(s)); e.Kind != zoho.Denied || e.Code != zoho.CodeTooManyTokens || e.Scope != zoho.ScopeRun || e.RetryAfter <= 0 || e.RetryAfter > madeWithin {
					t.Fatalf("%+v", e)
				}
			}
		}
		a.want(t, madeMost)
		<-time.After(madeWithin)
		if err := use(one); err != nil {
			t.Error(err)
		}
		a.want(t, madeMost+1)

		// A token whose answer broke off was made as well.
		torn := &accounts{answer: good}
		cut := trip(func(r *http.Request) (*http.Response, error) {
			resp, err := torn.RoundTrip(r)
			if err == nil {
				resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(resp.Body, 10), iotest.ErrReader(io.ErrUnexpectedEOF)))
			}
			return resp, err
		})
		broken := NewSource(refreshable, Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: cut}}, nil)
		for i := range 2 * madeMost {
			if e := failure(t, use(broken)); (e.Code == zoho.CodeTooManyTokens) != (i >= madeMost) {
				t.Errorf("%d: %+v", i, e)
			}
		}
		torn.want(t, madeMost)

		// Without a cache the bound holds for the process.
		b := &accounts{answer: good}
		alone := b.source(nil)
		for i := range 2 * madeMost {
			if err := use(alone); (err == nil) != (i < madeMost) {
				t.Errorf("%d: %v", i, err)
			}
		}
		b.want(t, madeMost)
	})
}

// A request that was sent and got no answer may have made a token. One that was never sent has not.
func TestTokensWithoutAnswerCount(t *testing.T) {
	lost := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer lost.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]struct {
		url   string
		bound bool
	}{"lost": {lost.URL, true}, "nobody listens": {gone.URL, false}} {
		transport := &http.Transport{}
		s := NewSource(refreshable, Server{Accounts: c.url, HTTP: &http.Client{Transport: transport}}, nil)
		for i := range madeMost + 2 {
			_, err := s.Token(t.Context())
			if e := failure(t, err); (e.Code == zoho.CodeTooManyTokens) != (c.bound && i >= madeMost) {
				t.Errorf("%s, %d: %+v", name, i, e)
			}
		}
		transport.CloseIdleConnections()
	}
}

// A process that was stopped while it held the lock on a token is not waited for without end.
func TestTokenLockIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := NewCache(t.TempDir(), refreshable, "https://accounts.example")
		unlock, err := cache.lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		a := &accounts{answer: good}
		for _, limit := range []time.Duration{time.Minute, 4 * time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			start := time.Now()
			s := a.source(cache)
			token, err := s.Token(ctx)
			if took := time.Since(start); err != nil || took > lockWait+2*time.Second {
				t.Errorf("%v after %v", err, took)
			}
			s.Refused(token)
			cancel()
		}
		a.want(t, 2)
	})
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
			if e := failure(t, err); e.Kind != zoho.Unsent || e.Status != 500 {
				t.Errorf("%+v", e)
			}
			<-time.After(2 * time.Second)
		}
		if _, err := s.Token(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A lock-out is remembered for ten minutes, whichever process asks: asking prolongs it. A clock
// that was wrong does no harm.
func TestLockOutIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		cache := NewCache(folder, refreshable, "https://accounts.example")
		a := &accounts{answer: func(n int) (int, string) {
			if n == 1 {
				return 400, `{"error":"Access Denied","status":"failure"}`
			}
			return good(n)
		}}
		for i := range 3 {
			_, err := a.source(cache).Token(t.Context())
			if e := failure(t, err); e.Kind != zoho.Denied || e.Code != "Access Denied" || i > 0 && !strings.Contains(e.Error(), "it is not asked again before") {
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
			if until := cache.loginLockedOut(); until != nil {
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
			if _, err := s.Token(ctx); failure(t, err).Kind != zoho.Unsent {
				t.Error(err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := s.Token(ctx); !errors.Is(err, why) || failure(t, err).Kind != zoho.Unsent {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if token, err := s.Token(t.Context()); err != nil || token.Secret() != "1000.hush-2" {
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
		cache := NewCache(t.TempDir(), refreshable, "https://accounts.example")
		s := a.source(cache)
		first, err := s.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !s.Refused(first) || s.Refused(first) {
			t.Error("not the first alone")
		}
		if inCache(cache).Secret() != "" {
			t.Error("the refused token is still kept")
		}
		second, err := s.Token(t.Context())
		if err != nil || second.Is(first) || s.Refused(first) || s.Refused(zoho.Token{}) {
			t.Error("an old refusal drops the new token", err)
		}
		a.want(t, 2)
	})
}

// A cache that cannot be changed must not bring the refused token back.
func TestRefusedTokenIsNotTakenFromCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		cache := NewCache(t.TempDir(), refreshable, "https://accounts.example")
		s := a.source(cache)
		first, _ := s.Token(t.Context())
		s.Refused(first)
		cache.store(token{Token: first, expires: time.Now().Add(time.Hour)}, nil)
		second, err := s.Token(t.Context())
		if err != nil || second.Is(first) {
			t.Errorf("%v, the refused one: %v", err, second.Is(first))
		}
	})
}

func TestReadyTokenAlone(t *testing.T) {
	s := NewSource(Credentials{AccessToken: "1000.hush-ready"}, Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) {
		t.Error("a token was asked for")
		return nil, io.EOF
	})}}, nil)
	token, err := s.Token(t.Context())
	if err != nil || token.Secret() != "1000.hush-ready" {
		t.Fatal(err)
	}
	if !s.Refused(token) {
		t.Error("not dropped")
	}
	for range 2 {
		_, err = s.Token(t.Context())
		e := failure(t, err)
		if e.Kind != zoho.Denied || e.Scope != zoho.ScopeRun || e.Code != zoho.CodeTokenRefused || strings.Contains(e.Error(), "hush") {
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
		s := NewSource(l, Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: a}}, nil)
		token, _ := s.Token(t.Context())
		a.want(t, 0)
		s.Refused(token)
		if token, err := s.Token(t.Context()); err != nil || token.Secret() != "1000.hush-1" {
			t.Error(err)
		}
	})
}

// A token's answer must not send the token to just anywhere, unless the settings say where to go.
func TestTokenNamesBadDomain(t *testing.T) {
	for domain, want := range map[string]string{
		"http://www.zohoapis.com":         "",
		"https://a:b@c":                   "",
		"a:b@c":                           "",
		"ftp://x":                         "",
		"/www.zohoapis.com":               "",
		"//www.zohoapis.com":              "",
		"www.zohoapis.com":                "https://www.zohoapis.com",
		"www.zohoapis.eu/":                "https://www.zohoapis.eu",
		"https://www.zohoapis.com/crm/v8": "https://www.zohoapis.com",
	} {
		t.Run(domain, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &accounts{answer: func(int) (int, string) {
					return 200, fmt.Sprintf(`{"access_token":"1000.hush","api_domain":%q,"expires_in":3600}`, domain)
				}}
				cache := NewCache(t.TempDir(), refreshable, "https://accounts.example")
				token, err := a.source(cache).Token(t.Context())
				if want != "" {
					if err != nil || token.APIDomain() != want {
						t.Errorf("%q, %v", token.APIDomain(), err)
					}
					return
				}
				if e := failure(t, err); e.Kind != zoho.Denied || strings.Contains(e.Error(), "hush") {
					t.Errorf("%+v", e)
				}
				a.want(t, 1)
				server := a.server()
				server.APIDomain = "https://gateway.example"
				token, err = NewSource(refreshable, server, cache).Token(t.Context())
				if err != nil || token.Secret() != "1000.hush" || token.APIDomain() != "" {
					t.Errorf("%q, %v", token.APIDomain(), err)
				}
				if inCache(cache).Secret() != "" { // a run without the setting must not use it
					t.Error("it is kept")
				}
			})
		})
	}
}

// A code that gives no refresh token was not one of a self client.
func TestGrantWithoutRefreshToken(t *testing.T) {
	client := &http.Client{Transport: canned{200, `{"access_token":"1000.hush","expires_in":3600}`}}
	_, err := Server{Accounts: "https://accounts.example", HTTP: client}.Exchange(t.Context(), refreshable, "code", nil)
	if e := failure(t, err); e.Code != zoho.CodeNoRefreshToken || e.Kind != zoho.Denied || !strings.Contains(e.Error(), "online access") || strings.Contains(e.Error(), "hush") {
		t.Errorf("%+v", e)
	}
}

func TestTokenCacheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &accounts{answer: good}
		folder := filepath.Join(t.TempDir(), "cache")
		cache := NewCache(folder, refreshable, "https://accounts.example")
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
		var content map[string]any
		if err != nil || json.Unmarshal(b, &content) != nil || len(content) != 4 || content["access_token"] != "1000.hush-1" ||
			content["api_domain"] != "https://www.zohoapis.eu" || content["expires"] == "" {
			t.Errorf("%s, %v", b, err)
		}
		files, _ := os.ReadDir(folder)
		if len(files) > 2 { // the token and its lock
			t.Errorf("%v", files)
		}

		// The next run takes it, and a run after its end does not.
		token, err := a.source(cache).Token(t.Context())
		if err != nil || token.Secret() != "1000.hush-1" || token.APIDomain() != "https://www.zohoapis.eu" {
			t.Error(err)
		}
		a.want(t, 1)
		<-time.After(time.Hour)
		if token, err = a.source(cache).Token(t.Context()); err != nil || token.Secret() != "1000.hush-2" {
			t.Error(err)
		}

		// No other login, and none of another data centre, sees it.
		other := refreshable
		other.RefreshToken += "x"
		if inCache(NewCache(folder, other, "https://accounts.example")).Secret() != "" || inCache(NewCache(folder, refreshable, "https://accounts.zoho.eu")).Secret() != "" {
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
		if inCache(cache).Secret() != "" {
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
		s := a.source(NewCache(file, refreshable, "x")) // a file where the folder should be
		token, err := s.Token(t.Context())
		if err != nil || !s.Refused(token) {
			t.Error(err)
		}
	})
}

// Several runs at a time, in several processes, need one token between them: the lock is the
// operating system's, and two sources in one process hold it as two processes do.
func TestSourcesShareCache(t *testing.T) {
	folder := t.TempDir()
	a := &accounts{answer: good}
	var wg sync.WaitGroup
	tokens := make([]zoho.Token, 6)
	for i := range tokens {
		wg.Go(func() {
			var err error
			if tokens[i], err = a.source(NewCache(folder, refreshable, "https://accounts.example")).Token(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a.want(t, 1)
	for _, token := range tokens {
		if !token.Is(tokens[0]) {
			t.Error("not the same token")
		}
	}

	// A token that both had is refused to both: one of them asks for another.
	one, two := a.source(NewCache(folder, refreshable, "https://accounts.example")), a.source(NewCache(folder, refreshable, "https://accounts.example"))
	x, _ := one.Token(t.Context())
	y, _ := two.Token(t.Context())
	if !one.Refused(x) {
		t.Error("not dropped")
	}
	x, _ = one.Token(t.Context())
	if !two.Refused(y) {
		t.Error("not dropped")
	}
	if y, _ = two.Token(t.Context()); !x.Is(y) {
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
		s := NewSource(l, Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: a}}, NewCache(t.TempDir(), l, "x"))
		ready, _ := s.Token(t.Context())
		s.Refused(ready)
		token, _ := s.Token(t.Context())
		client, _ := zoho.NewClient(s, &http.Client{Transport: canned{status: 401}}, zoho.Options{APIDomain: "https://api.example", Version: "v8", Timeout: time.Minute})
		_, err := delink(t, client, []zoho.ID{1})
		for _, v := range []any{l, &l, token, &token, []zoho.Token{token}, map[string]Credentials{"x": l}, struct{ T zoho.Token }{token}, struct{ t zoho.Token }{token}, s, *s, client, err, *failure(t, err), fmt.Errorf("x: %w", err)} {
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
