package emulator

import (
	"net/url"
	"testing"
	"time"
)

// device begins a login and returns the form of the polls.
func (c client) device(access string) (url.Values, reply) {
	c.t.Helper()
	r := c.form("/oauth/v3/device/code", url.Values{
		"client_id": {"1000.EMULATOR"}, "scope": {"ZohoCRM.modules.ALL"}, "grant_type": {"device_request"}, "access_type": {access},
	})
	return url.Values{
		"client_id": {"1000.EMULATOR"}, "client_secret": {"emulator-secret"}, "grant_type": {"device_token"}, "code": {r.get("device_code")},
	}, r
}

func (c client) form(path string, form url.Values) reply {
	c.t.Helper()
	return c.do("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
}

func TestDevice(t *testing.T) {
	inBubble(t, []string{"device-polls=2", "links=all"}, func(t *testing.T, e *Emulator, c client) {
		form, r := c.device("offline")
		r.want(t, 200, "interval", "30000", "expires_in", "300000", "verification_url", "http://emulator/oauth/v3/device")
		poll := func(want string) reply {
			t.Helper()
			r := c.form("/oauth/v3/device/token", form)
			r.want(t, 200, "error", want)
			return r
		}
		time.Sleep(29 * time.Second)
		poll("slow_down")
		for range 2 {
			time.Sleep(30 * time.Second)
			poll("authorization_pending")
		}
		time.Sleep(30 * time.Second)
		r = poll("<none>")
		r.want(t, 200, "token_type", "Bearer", "refresh_token", "1000.emulator.refresh")
		if c.use(r.get("access_token")) != 200 {
			t.Error("the token is not valid")
		}
		time.Sleep(30 * time.Second)
		poll("invalid_code") // a code is good once
		if b := e.Books(); b.Tokens != 1 || b.Denied != 4 || len(b.Violations) != 1 {
			t.Errorf("books %+v", b)
		}
		form, _ = c.device("online")
		time.Sleep(5*time.Minute + time.Second)
		poll("expired")
		form, _ = c.device("online")
		e.Update(func(cfg *Config) { cfg.DevicePolls = -1 })
		time.Sleep(30 * time.Second)
		poll("<none>").want(t, 200, "refresh_token", "<none>")
	})
}

// A second login of a user has a refresh token only if it asks for consent (D).
func TestDeviceConsent(t *testing.T) {
	inBubble(t, []string{"device-polls=none", "device-slow-downs=1"}, func(t *testing.T, e *Emulator, c client) {
		poll := func(form url.Values) reply {
			t.Helper()
			time.Sleep(30 * time.Second)
			return c.form("/oauth/v3/device/token", form)
		}
		login := func(want string) {
			t.Helper()
			form, _ := c.device("offline")
			poll(form).want(t, 200, "error", "slow_down")
			poll(form).want(t, 200, "refresh_token", want)
		}
		login("1000.emulator.refresh")
		login("<none>")
		r := c.form("/oauth/v3/device/code", url.Values{
			"client_id": {"1000.EMULATOR"}, "scope": {"x"}, "grant_type": {"device_request"}, "access_type": {"offline"}, "prompt": {"consent"},
		})
		form, _ := c.device("offline")
		form.Set("code", r.get("device_code"))
		poll(form)
		poll(form).want(t, 200, "refresh_token", "1000.emulator.refresh")
		if b := e.Books(); len(b.Violations) > 0 {
			t.Errorf("books %+v", b)
		}
	})
}

// The next poll after other_dc is taken for one at the host of the other data centre.
func TestDeviceMoves(t *testing.T) {
	inBubble(t, []string{"device-polls=none", "device-unit=seconds", "device-answer=other_dc"}, func(t *testing.T, _ *Emulator, c client) {
		form, r := c.device("offline")
		r.want(t, 200, "interval", "30", "expires_in", "300")
		time.Sleep(30 * time.Second)
		c.form("/oauth/v3/device/token", form).want(t, 200, "error", "other_dc", "user_location", "eu")
		time.Sleep(30 * time.Second)
		c.form("/oauth/v3/device/token", form).want(t, 200, "refresh_token", "1000.emulator.refresh")
	})
	_, c := serve(t, "locked-out=true")
	_, r := c.device("offline")
	r.want(t, 400, "error", "Access Denied")
	c.form("/oauth/v3/device/token", url.Values{}).want(t, 400, "error", "Access Denied")
	if r := c.do("GET", "/oauth/v3/device", "", "Authorization", ""); r.status != 200 {
		t.Errorf("%+v", r)
	}
}

func TestDeviceRefused(t *testing.T) {
	for answer, location := range map[string]string{"access_denied": "<none>", "expired": "<none>", "other_dc": "in"} {
		inBubble(t, []string{"device-polls=none", "device-interval=5s", "device-location=in", "device-location-field=location", "device-answer=" + answer}, func(t *testing.T, _ *Emulator, c client) {
			form, r := c.device("offline")
			r.want(t, 200, "interval", "5000")
			time.Sleep(5 * time.Second)
			c.form("/oauth/v3/device/token", form).want(t, 200, "error", answer, "location", location)
		})
	}
	_, c := serve(t)
	c.form("/oauth/v3/device/code", url.Values{"client_id": {"x"}}).want(t, 200, "error", "invalid_client")
	c.form("/oauth/v3/device/code", url.Values{"client_id": {"1000.EMULATOR"}, "grant_type": {"device_request"}}).want(t, 200, "error", "invalid_scope")
	c.form("/oauth/v3/device/code", url.Values{"client_id": {"1000.EMULATOR"}, "grant_type": {"x"}}).want(t, 200, "error", "unsupported_grant_type")
	form, _ := c.device("offline")
	for name, want := range map[string]string{
		"client_id": "invalid_client", "client_secret": "invalid_client_secret", "grant_type": "unsupported_grant_type", "code": "invalid_code",
	} {
		good := form.Get(name)
		form.Set(name, "x")
		c.form("/oauth/v3/device/token", form).want(t, 200, "error", want)
		form.Set(name, good)
	}
}
