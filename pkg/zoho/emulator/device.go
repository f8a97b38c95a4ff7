package emulator

import (
	"fmt"
	"net/http"
	"time"
)

// deviceLife is how long the user has to allow the access of a device.
const deviceLife = 5 * time.Minute

// A device is a program that waits for its user to allow the access (docs/zoho-api.md, section 6.6).
type device struct {
	expires time.Time
	last    time.Time // when it asked last
	polls   int       // how often it asked in time
	offline bool      // it wants a refresh token
}

// deviceCode answers POST /oauth/v3/device/code: the codes with which a login begins (D).
func (c *call) deviceCode() answer {
	form, v := c.r.Form, &c.e.tokens
	switch {
	case form.Get("client_id") != c.cfg.ClientID:
		return c.tokenError("invalid_client")
	case form.Get("grant_type") != "device_request":
		return c.tokenError("unsupported_grant_type")
	case form.Get("scope") == "":
		return c.tokenError("invalid_scope")
	}
	now := c.now()
	code := fmt.Sprintf("1004.%032x.%032x", c.cfg.Seed, len(v.devices)+1)
	v.devices[code] = &device{expires: now.Add(deviceLife), last: now, offline: form.Get("access_type") == "offline"}
	page := "http://" + c.r.Host + "/oauth/v3/device"
	user := fmt.Sprintf("EMU-%03d", len(v.devices))
	return c.tokenAnswer(http.StatusOK, map[string]any{
		"user_code": user, "device_code": code, "verification_url": page, "verification_uri_complete": page + "?user_code=" + user,
		"expires_in": int(deviceLife / time.Second), "interval": int(c.cfg.DeviceInterval / time.Second),
	})
}

// deviceToken answers POST /oauth/v3/device/token: what the user has decided so far (D). The user of
// the emulator decides after some polls, as knobs say.
func (c *call) deviceToken() answer {
	cfg, form, v := c.cfg, c.r.Form, &c.e.tokens
	d := v.devices[form.Get("code")]
	now := c.now()
	switch {
	case form.Get("client_id") != cfg.ClientID:
		return c.tokenError("invalid_client")
	case form.Get("client_secret") != cfg.ClientSecret:
		return c.tokenError("invalid_client_secret")
	case form.Get("grant_type") != "device_token":
		return c.tokenError("unsupported_grant_type")
	case d == nil:
		return c.tokenError("invalid_code")
	case now.After(d.expires):
		return c.tokenError("expired")
	case now.Sub(d.last) < cfg.DeviceInterval:
		c.e.books.violation("device polled more often than the answer allows")
		d.last = now
		return c.tokenError("slow_down")
	}
	d.last = now
	if d.polls++; d.polls <= cfg.DevicePolls {
		return c.tokenError("authorization_pending")
	}
	delete(v.devices, form.Get("code"))
	switch cfg.DeviceAnswer {
	case "allowed":
		if !v.permit(cfg, "device_token", now) {
			return c.denied()
		}
		return c.grant(now, d.offline)
	case "other_dc":
		c.e.books.Denied++
		return c.tokenAnswer(cfg.TokenErrors, map[string]string{"error": "other_dc", "location": cfg.DeviceLocation}, "other_dc")
	}
	return c.tokenError(cfg.DeviceAnswer)
}
