package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/zoho"
)

// What a server sends back of our secrets gets into no message, code or item, in whatever form.
func TestEchoedSecrets(t *testing.T) {
	login := Credentials{ClientID: "1000.ID", ClientSecret: "hush/client+secret&\"", RefreshToken: "1000.hush-refresh", AccessToken: "1000.hush-access/a"}
	for _, echo := range []string{
		"1000.hush-access/a", "1000.hush-access%2Fa", "1000.hush-access%2fa", `1000.hush-access\/a`, `1000.hush-access\u002fa`, `\u0031000.hush-access/a`,
		"1000.hush-refresh", "hush%2Fclient%2Bsecret%26%22", `hush/client+secret&\"`, `hush\/client+secret\u0026\"`,
		"grant_type=refresh_token&refresh_token=1000.hush-refresh&client_secret=hush%2Fclient%2Bsecret%26%22",
		"1000.hush-access/a1000.hush-access/a",
	} {
		for _, form := range []struct {
			status int
			body   string
		}{
			{200, `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"relation removed %s","status":"success"}]}`},
			{200, `{"data":[{"code":"%s","details":{"id":"3652397000000900001"},"message":"x","status":"error"}]}`},
			{400, `{"data":[{"code":"INVALID_DATA","details":{},"message":"%s","status":"error"}]}`},
			{400, `{"code":"INVALID_DATA","details":{"resource_path_index":1},"message":"%s","status":"error"}`},
			{400, `{"code":"%s","details":{},"message":"x","status":"error"}`},
			{429, `{"code":429,"error":"%s","error_info":"x","details":[]}`},
			{500, `{"code":"INTERNAL_ERROR","message":"%s","status":"error"}`},
		} {
			client := &http.Client{Transport: canned{status: form.status, body: fmt.Sprintf(form.body, echo)}}
			z, err := zoho.NewClient(NewSource(login, Server{Accounts: "https://accounts.example", HTTP: client}, nil), client, zoho.Options{APIDomain: "https://api.example", Version: "v8", Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := delink(t, z, []zoho.ID{idA, idB})
			_, lookUp := linked(t, z, []zoho.ID{idA, idB})
			if s := fmt.Sprintf("%+v %v %+v %v", answer, err, err, lookUp); strings.Contains(s, "hush") || !strings.Contains(s, hidden) {
				t.Errorf("%s, status %d: %s", echo, form.status, s)
			}
		}
	}
}

// The token endpoint's answers hold secrets of their own.
func TestEchoedSecretsOfTokenEndpoint(t *testing.T) {
	for _, body := range []string{
		`{"error":"1000.hush-refresh is unknown"}`,
		`{"error":"1000.hush\u002drefresh is unknown"}`,
		`{"error":"code=1000.hush-grant%20x"}`,
		`{"error":"hush-client","error_description":"1000.hush-refresh"}`,
		`{"error":"made 1000.hush-new","access_token":"1000.hush-new"}`,
		`{"error":["1000.hush-refresh"]}`,
		`{"access_token":"1000.hush-new","refresh_token":"1000.hush-next","api_domain":"ftp://hush-client/1000.hush-new","expires_in":3600}`,
		`{"access_token":{"1000.hush-refresh":1}}`,
		`1000.hush-refresh`,
		``,
	} {
		for _, status := range []int{200, 400, 500} {
			client := &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) { return tokenAnswer(status, body), nil })}
			login := refreshable
			if strings.Contains(body, "grant") { // which only an exchange knows
				login.RefreshToken = "1000.hush-grant x"
			}
			_, err := NewSource(login, Server{Accounts: "https://accounts.example", HTTP: client}, nil).Token(t.Context())
			_, grantErr := Server{Accounts: "https://accounts.example", HTTP: client}.Exchange(t.Context(), refreshable, "1000.hush-grant x", nil)
			for _, e := range []*zoho.Error{failure(t, err), failure(t, grantErr)} {
				if s := fmt.Sprintf("%v %+v %s", e, *e, e.Code); strings.Contains(s, "hush") {
					t.Errorf("%d %s: %s", status, body, s)
				}
			}
		}
	}
	client := &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) {
		return tokenAnswer(200, `{"access_token":"1000.hush-new","refresh_token":"1000.hush-next","scope":"ZohoCRM.modules.ALL 1000.hush-grant","expires_in":3600}`), nil
	})}
	g, err := Server{Accounts: "https://accounts.example", HTTP: client}.Exchange(t.Context(), refreshable, "1000.hush-grant", nil)
	if err != nil || g.RefreshToken != "1000.hush-next" || g.token.Secret() != "1000.hush-new" || fmt.Sprint(g.Scopes) != "[ZohoCRM.modules.ALL ***]" {
		t.Errorf("%v, %v", g.Scopes, err)
	}
}

// Earlier tokens of this process are secrets too, and a token that is given out again still works.
func TestEarlierTokensAreSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		client := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/oauth/v2/token" {
				n++
				return tokenAnswer(200, fmt.Sprintf(`{"access_token":"1000.hush-%d","expires_in":3600}`, min(n, 2))), nil
			}
			return canned{status: 400, body: `{"code":"X","message":"1000.hush-1 1000.hush-2"}`}.RoundTrip(r)
		})}
		s := NewSource(refreshable, Server{Accounts: "https://accounts.example", HTTP: client}, nil)
		z, _ := zoho.NewClient(s, client, zoho.Options{APIDomain: "https://api.example", Version: "v8", Timeout: time.Minute})
		for range 3 {
			token, err := s.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.Refused(token)
		}
		if token, err := s.Token(t.Context()); err != nil || token.Secret() != "1000.hush-2" {
			t.Errorf("%q, %v", token.Secret(), err)
		}
		_, err := delink(t, z, []zoho.ID{idA})
		if e := failure(t, err); e.Detail != "*** ***" {
			t.Errorf("%q", e.Detail)
		}
	})
}

// A transport's errors can quote what the other side sent.
func TestSecretsInTransportErrors(t *testing.T) {
	echo := errors.New(`malformed HTTP response "Zoho-oauthtoken 1000.ready, hush-client"`)
	transport := &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) { return nil, echo })}
	z, err := zoho.NewClient(NewSource(Credentials{AccessToken: "1000.ready"}, Server{}, nil), transport, zoho.Options{APIDomain: "https://api.example", Version: "v8", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	_, err = delink(t, z, []zoho.ID{idA})
	if s := err.Error(); strings.Contains(s, "1000.ready") || !strings.Contains(s, "malformed") {
		t.Error(s)
	}
	client := &http.Client{Transport: trip(func(*http.Request) (*http.Response, error) { return nil, echo })}
	_, err = NewSource(refreshable, Server{Accounts: "https://accounts.example", HTTP: client}, nil).Token(t.Context())
	if s := err.Error(); strings.Contains(s, "hush") || !strings.Contains(s, "malformed") {
		t.Error(s)
	}
}

// Looking for secrets costs nothing where there are none, and short ones are not looked for.
func TestHideIsCheap(t *testing.T) {
	s := newSecrets("1000.hush-refresh", "1", "", "success")
	s.token(strings.Repeat("1000.0123456789abcdef.", 3))
	body := []byte(`{"data":[` + strings.Repeat(`{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"relation removed","status":"success"},`, 99) + `]}`)
	if n := testing.AllocsPerRun(100, func() {
		if got := s.hide(body); &got[0] != &body[0] || len(got) != len(body) {
			t.Error("changed")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHide(b *testing.B) {
	s := newSecrets("hush-client", "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef")
	s.token("1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdee")
	body := bytes.Repeat([]byte(`{"code":"SUCCESS","details":{"id":"3652397000000100001"},"message":"relation removed","status":"success"},`), 100)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		s.hide(body)
	}
}

func FuzzUnescape(f *testing.F) {
	for _, s := range []string{`"a\/b"`, `"\u0041\\u0041\u00"`, `"\ud83d\ude00\u005c\u0022"`, `\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var before, after string
		if json.Unmarshal([]byte(s), &before) != nil {
			return
		}
		if err := json.Unmarshal(unescape([]byte(s)), &after); err != nil || before != after {
			t.Errorf("%q and %q of %q (%v)", before, after, s, err)
		}
	})
}
