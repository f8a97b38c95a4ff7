package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/zoho"
)

var deviceClient = Credentials{ClientID: "1000.ID", ClientSecret: "hush-client"}

// host is an accounts host for devices. It takes a second for each answer.
type host struct {
	begin string   // what device/code answers
	polls []string // what device/token answers, one after the other; "cut" for no answer, "503 …" for a status
	asked []string // the polls that came: when, where and the form
	start time.Time
	first string // the request for a code
}

func (h *host) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	if h.start.IsZero() {
		h.start = time.Now()
	}
	at := time.Since(h.start)
	select {
	case <-time.After(time.Second):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if strings.HasSuffix(r.URL.Path, "/device/code") {
		h.first = r.Method + " " + r.URL.String() + " " + string(body)
		return tokenAnswer(200, h.begin), nil
	}
	h.asked = append(h.asked, fmt.Sprintf("%v %s %s", at, r.URL, body))
	answer := `{"error":"authorization_pending"}`
	switch n := len(h.asked); {
	case n > 50: // a test that would not end
		answer = `{"error":"asked too often"}`
	case n <= len(h.polls):
		answer = h.polls[n-1]
	}
	status := 200
	if code, rest, found := strings.Cut(answer, " "); found && len(code) == 3 {
		_, _ = fmt.Sscan(code, &status)
		answer = rest
	}
	if answer == "cut" {
		return nil, io.ErrUnexpectedEOF
	}
	return tokenAnswer(status, answer), nil
}

func (h *host) server() Server {
	return Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: h}}
}

// times are when polls came, in seconds after the request for the code.
func (h *host) times() []time.Duration {
	var all []time.Duration
	for _, a := range h.asked {
		text, _, _ := strings.Cut(a, " ")
		d, _ := time.ParseDuration(text)
		all = append(all, d)
	}
	return all
}

const (
	began   = `{"user_code":"ABC-DEF","device_code":"1004.hush-device","verification_url":"https://accounts.example/oauth/v3/device","verification_uri_complete":"https://accounts.example/oauth/v3/device?user_code=ABC-DEF","expires_in":300000,"interval":30000}`
	allowed = `{"access_token":"1000.hush-access","refresh_token":"1000.hush-refresh","api_domain":"https://www.zohoapis.eu","scope":"A B","expires_in":3600}`
	pending = `{"error":"authorization_pending"}`
	slow    = `{"error":"slow_down"}`
)

// await begins a login and waits for its end.
func (h *host) await(t *testing.T, memory *Cache) (*Device, Grant, []error, error) {
	t.Helper()
	var told []error
	d, err := h.server().Device(t.Context(), deviceClient, memory)
	if err != nil {
		return nil, Grant{}, nil, err
	}
	g, err := h.server().Await(t.Context(), deviceClient, d, memory, func(err error) { told = append(told, err) })
	return d, g, told, err
}

func TestDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{begin: began, polls: []string{pending, pending, allowed}}
		d, g, told, err := h.await(t, nil)
		if err != nil || g.RefreshToken != "1000.hush-refresh" || g.APIDomain != "https://www.zohoapis.eu" || !slices.Equal(g.Scopes, []string{"A", "B"}) || told != nil {
			t.Fatalf("%+v, %v, %v", g, told, err)
		}
		if d.Page != "https://accounts.example/oauth/v3/device" || d.UserCode != "ABC-DEF" || d.Link != d.Page+"?user_code=ABC-DEF" || !d.Expires.Equal(h.start.Add(5*time.Minute)) {
			t.Errorf("%+v", d)
		}
		scopes := make([]string, len(Scopes))
		for i, s := range Scopes {
			scopes[i] = s.Name
		}
		want := "POST https://accounts.example/oauth/v3/device/code access_type=offline&client_id=1000.ID&grant_type=device_request&prompt=consent&scope=" +
			url.QueryEscape(strings.Join(scopes, ","))
		if h.first != want {
			t.Errorf("%s\nwant %s", h.first, want)
		}
		want = "31s https://accounts.example/oauth/v3/device/token client_id=1000.ID&client_secret=hush-client&code=1004.hush-device&grant_type=device_token"
		if h.asked[0] != want {
			t.Errorf("%s\nwant %s", h.asked[0], want)
		}
		if text := fmt.Sprintf("%v %+v %#v", d, d, *d); strings.Contains(text, "hush") {
			t.Error("a device shows its secret: " + text)
		}
	})
}

// No poll comes sooner after an answer than the accounts host says.
func TestDevicePace(t *testing.T) {
	s := time.Second
	for name, c := range map[string]struct {
		begin string
		polls []string
		want  []time.Duration
	}{
		"milliseconds":        {`"interval":5000,"expires_in":300000`, []string{pending, allowed}, []time.Duration{6 * s, 12 * s}},
		"seconds":             {`"interval":5,"expires_in":300`, []string{pending, allowed}, []time.Duration{6 * s, 12 * s}},
		"as texts":            {`"interval":"5","expires_in":"300"`, []string{allowed}, []time.Duration{6 * s}},
		"not said":            {`"x":0`, []string{allowed}, []time.Duration{31 * s}},
		"no sense":            {`"interval":-1,"expires_in":1e300`, []string{allowed}, []time.Duration{31 * s}},
		"of another kind":     {`"interval":{},"expires_in":null`, []string{allowed}, []time.Duration{31 * s}},
		"slow down":           {`"interval":30`, []string{pending, slow, slow, pending, allowed}, []time.Duration{31 * s, 62 * s, 98 * s, 139 * s, 180 * s}},
		"slow down with 429":  {`"interval":30`, []string{"429 " + slow, allowed}, []time.Duration{31 * s, 67 * s}},
		"slow down, in words": {`"interval":30`, []string{`{"error":"slow_down","error_description":"too many requests"}`, allowed}, []time.Duration{31 * s, 67 * s}},
		"pending with 400":    {`"interval":30`, []string{"400 " + pending, allowed}, []time.Duration{31 * s, 62 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &host{begin: `{"user_code":"A","device_code":"1004.hush-device",` + c.begin + `}`, polls: c.polls}
				if _, g, _, err := h.await(t, nil); err != nil || g.RefreshToken == "" {
					t.Fatal(err)
				}
				if !slices.Equal(h.times(), c.want) {
					t.Errorf("polls at %v, want %v", h.times(), c.want)
				}
			})
		})
	}
}

// Polls without an answer are repeated at the same pace, and told of. The code's end is the end.
func TestDeviceRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{begin: began, polls: []string{"cut", "503 <html>", "<html>", `{"error":"general_error"}`, allowed}}
		_, g, told, err := h.await(t, nil)
		if err != nil || g.RefreshToken == "" || len(told) != 4 {
			t.Errorf("%v, %v", told, err)
		}
		for _, e := range told {
			if strings.Contains(e.Error(), "hush") || !strings.Contains(e.Error(), "device/token") && !strings.Contains(e.Error(), "cannot be read") {
				t.Errorf("%v", e)
			}
		}
	})
	for name, answer := range map[string]string{"nobody comes": pending, "nobody answers": "cut"} {
		synctest.Test(t, func(t *testing.T) {
			h := &host{begin: began, polls: slices.Repeat([]string{answer}, 100)}
			_, _, _, err := h.await(t, nil)
			if e := failure(t, err); e.Code != CodeExpired || (e.Cause != nil) != (answer == "cut") {
				t.Errorf("%s: %+v", name, e)
			}
			if n := len(h.asked); n != 10 { // the last one after 5 minutes and 10 seconds
				t.Errorf("%s: asked %d times", name, n)
			}
		})
	}
}

// What ends the waiting, and how often was asked by then.
func TestDeviceEnds(t *testing.T) {
	for _, c := range []struct {
		answer, code string
		kind         zoho.Kind
	}{
		{`{"error":"access_denied"}`, CodeRefused, zoho.Denied},
		{`{"error":"expired"}`, CodeExpired, zoho.Denied},
		{`{"error":"expired_token"}`, CodeExpired, zoho.Denied},
		{`{"error":"invalid_code"}`, "invalid_code", zoho.Denied},
		{`{"error":"invalid_client_secret"}`, "invalid_client_secret", zoho.Denied},
		{`400 {"error":"invalid_client"}`, "invalid_client", zoho.Denied},
		{`{"error":"other_dc","user_location":"eu"}`, CodeOtherDC, zoho.Denied},
		{`{"error":"Access Denied","error_description":"too many requests","status":"failure"}`, zoho.CodeLockedOut, zoho.Denied},
		{`429 <html>`, zoho.CodeLockedOut, zoho.Denied},
		{`403 <html>`, zoho.CodeBlocked, zoho.Denied},
		{`407 `, zoho.CodeProxy, zoho.Unsent},
		{`{"access_token":"1000.hush-access","expires_in":3600}`, zoho.CodeNoRefreshToken, zoho.Denied},
		{`{"access_token":"1000.hush-access","refresh_token":"1000.hush-refresh","api_domain":"http://evil.example"}`, zoho.CodeNoToken, zoho.Denied},
	} {
		t.Run(c.answer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &host{begin: began, polls: []string{pending, c.answer}}
				memory := NewCache(t.TempDir(), deviceClient, "https://accounts.example")
				_, _, told, err := h.await(t, memory)
				e := failure(t, err)
				if e.Code != c.code || e.Kind != c.kind || len(h.asked) != 2 || told != nil || strings.Contains(e.Error(), "hush") {
					t.Errorf("%+v after %d polls, %v", e, len(h.asked), told)
				}
				if locked := memory.LockedOut(); (locked != nil) != (c.code == zoho.CodeLockedOut) {
					t.Errorf("remembered: %v", locked)
				}
				if memory.LockedOut() != nil {
					if _, err := h.server().Device(t.Context(), deviceClient, memory); err == nil {
						t.Error("a locked-out client asks for a code")
					}
				}
			})
		})
	}
}

// The data centre of the user is told, under any name, and the next poll goes there, at the same
// pace.
func TestDeviceOtherDataCentre(t *testing.T) {
	for _, field := range []string{"user_location", "location", "dc"} {
		synctest.Test(t, func(t *testing.T) {
			h := &host{begin: began, polls: []string{`{"error":"other_dc","` + field + `":"eu"}`, allowed}}
			d, _, _, err := h.await(t, nil)
			if e := failure(t, err); e.Code != CodeOtherDC || d.Location != "eu" {
				t.Fatalf("%+v, %+v", e, d)
			}
			other := h.server()
			other.Accounts = "https://accounts.zoho.eu"
			g, err := other.Await(t.Context(), deviceClient, d, nil, nil)
			if err != nil || g.RefreshToken == "" || len(h.asked) != 2 || !strings.HasPrefix(h.asked[1], "1m2s https://accounts.zoho.eu/oauth/v3/device/token ") {
				t.Errorf("%v, %v", h.asked, err)
			}
		})
	}
}

// A wrong secret does not spoil the code.
func TestDeviceGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{begin: began, polls: []string{`{"error":"invalid_client_secret"}`, allowed}}
		d, _, _, err := h.await(t, nil)
		if e := failure(t, err); e.Code != "invalid_client_secret" {
			t.Fatal(err)
		}
		other := deviceClient
		other.ClientSecret = "hush-other"
		if _, err := h.server().Await(t.Context(), other, d, nil, nil); err != nil || !strings.Contains(h.asked[1], "client_secret=hush-other&code=1004.hush-device") {
			t.Errorf("%v, %v", h.asked, err)
		}
	})
}

// The wait ends with its context, between polls and in the middle of one.
func TestDeviceCancelled(t *testing.T) {
	stop := errors.New("stop")
	for _, after := range []time.Duration{5 * time.Second, 30*time.Second + time.Second/2} {
		synctest.Test(t, func(t *testing.T) {
			h := &host{begin: began}
			d, err := h.server().Device(t.Context(), deviceClient, nil)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(after, func() { cancel(stop) })
			begin := time.Now()
			_, err = h.server().Await(ctx, deviceClient, d, nil, nil)
			if e := failure(t, err); e.Kind != zoho.Unsent || !errors.Is(err, stop) || time.Since(begin) != after {
				t.Errorf("%+v after %v", e, time.Since(begin))
			}
		})
	}
}

// An accounts host that hangs is asked again.
func TestDevicePollHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{begin: began, polls: []string{allowed}}
		d, err := h.server().Device(t.Context(), deviceClient, nil)
		if err != nil {
			t.Fatal(err)
		}
		var told []error
		hangs := true
		server := Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
			if hangs {
				hangs = false
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return h.RoundTrip(r)
		})}}
		if _, err := server.Await(t.Context(), deviceClient, d, nil, func(err error) { told = append(told, err) }); err != nil || len(told) != 1 || !strings.Contains(told[0].Error(), "no answer in 30 seconds") {
			t.Errorf("%v, %v", told, err)
		}
	})
}

// What the request for a code brings.
func TestDeviceBegins(t *testing.T) {
	for _, c := range []struct {
		status     int
		body       string
		code, page string
	}{
		{200, began, "", "https://accounts.example/oauth/v3/device"},
		{200, "\ufeff" + began + "\r\n", "", "https://accounts.example/oauth/v3/device"},
		{200, `{"user_code":"A","device_code":"1004.hush-device","verification_uri":"https://other.example/go"}`, "", "https://other.example/go"},
		{200, `{"user_code":"A","device_code":"1004.hush-device"}`, "", "https://accounts.example/oauth/v3/device"},
		{200, `{"user_code":"A","device_code":"1004.hush-device","verification_url":"javascript:alert(1)"}`, "", "https://accounts.example/oauth/v3/device"},
		{200, `{"user_code":"A","device_code":"1004.hush-device","verification_url":"http://evil.example"}`, "", "https://accounts.example/oauth/v3/device"},
		{200, `{"user_code":"A","device_code":"1004.hush-device","verification_url":"https://x/?c=1004.hush-device"}`, "", "https://x/?c=***"},
		{200, `{"error":"invalid_client"}`, "invalid_client", ""},
		{400, `{"error":"invalid_client"}`, "invalid_client", ""},
		{200, `{"error":"invalid_scope"}`, "invalid_scope", ""},
		{200, `{"user_code":"A"}`, zoho.CodeNoToken, ""},
		{200, `{"device_code":"1004.hush-device"}`, zoho.CodeNoToken, ""},
		{200, `<html>`, zoho.CodeNoToken, ""},
		{404, `<html>`, zoho.CodeNoToken, ""},
		{500, began, zoho.CodeNoToken, ""},
		{429, ``, zoho.CodeLockedOut, ""},
		{400, `{"response":"error","code":"Z101","cause":"throttles_limit_exceeded"}`, zoho.CodeLockedOut, ""},
	} {
		server := Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: canned{c.status, c.body}}}
		memory := NewCache(t.TempDir(), deviceClient, server.Accounts)
		d, err := server.Device(t.Context(), deviceClient, memory)
		if c.code == "" {
			if err != nil || d.Page != c.page {
				t.Errorf("%s: %+v, %v", c.body, d, err)
			}
			continue
		}
		if e := failure(t, err); e.Code != c.code || strings.Contains(e.Error(), "hush") {
			t.Errorf("%d %s: %+v", c.status, c.body, e)
		}
		if locked := memory.LockedOut(); (locked != nil) != (c.code == zoho.CodeLockedOut) {
			t.Errorf("%d %s: remembered: %v", c.status, c.body, locked)
		}
	}
}

func TestRevoke(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		code   string // empty if the token is revoked
		kind   zoho.Kind
	}{
		{200, `{"status":"success"}`, "", 0},
		{200, `{"status":"failure"}`, zoho.CodeNoToken, zoho.Unsent},
		{200, `{"status":"success","error":"invalid_token"}`, "invalid_token", zoho.Denied},
		{400, `{"error":"invalid_token"}`, "invalid_token", zoho.Denied},
		{400, `{"status":"success"}`, zoho.CodeNoToken, zoho.Denied},
		{400, ``, zoho.CodeNoToken, zoho.Denied},
		{200, ``, zoho.CodeNoToken, zoho.Unsent},
		{200, `<html>`, zoho.CodeNoToken, zoho.Unsent},
		{404, `<html>`, zoho.CodeNoToken, zoho.Denied},
		{302, ``, zoho.CodeNoToken, zoho.Unsent},
		{503, ``, zoho.CodeNoToken, zoho.Unsent},
		{429, ``, zoho.CodeLockedOut, zoho.Denied},
		{400, `{"error":"1000.hush-refresh is not known"}`, "", zoho.Denied},
	} {
		var sent string
		server := Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			sent = r.Method + " " + r.URL.String() + " " + string(body)
			return canned{c.status, c.body}.RoundTrip(r)
		})}}
		err := server.Revoke(t.Context(), refreshable)
		if sent != "POST https://accounts.example/oauth/v2/token/revoke token=1000.hush-refresh" {
			t.Error(sent)
		}
		if c.code == "" && c.kind == 0 {
			if err != nil {
				t.Errorf("%d %s: %v", c.status, c.body, err)
			}
			continue
		}
		e := failure(t, err)
		if strings.Contains(e.Error(), "hush") || c.code != "" && (e.Code != c.code || e.Kind != c.kind) {
			t.Errorf("%d %s: %+v", c.status, c.body, e)
		}
	}
	_, err := NewSource(refreshable, Server{Accounts: "https://accounts.example", HTTP: &http.Client{Transport: canned{200, `{"error":"invalid_code"}`}}}, nil).Token(t.Context())
	if !IsRevoked(err) || IsRevoked(nil) || IsRevoked(io.EOF) {
		t.Error(err)
	}
}
