package emulator

import (
	"fmt"
	"net/http"
	"time"
)

// A device is a program that waits for its user to allow the access (docs/zoho-api.md, section 6.6).
type device struct {
	expires time.Time
	last    time.Time // when it asked last
	polls   int       // how often it asked in time
	offline bool      // it gets a refresh token
	moved   bool      // it was told of another data centre, where it asks now
}

// deviceCode answers POST /oauth/v3/device/code: the codes with which a login begins (D).
func (c *call) deviceCode() answer {
	cfg, form, v := c.cfg, c.r.Form, &c.e.tokens
	c.secretsInURL("device request", "client_secret", "code")
	switch {
	case cfg.LockedOut:
		return c.denied()
	case form.Get("client_id") != cfg.ClientID:
		return c.tokenError("invalid_client")
	case form.Get("grant_type") != "device_request":
		return c.tokenError("unsupported_grant_type")
	case form.Get("scope") == "":
		return c.tokenError("invalid_scope")
	}
	now := c.now()
	v.begun++
	code := fmt.Sprintf("1004.%032x.%032x", cfg.Seed, v.begun)
	offline := form.Get("access_type") == "offline" && (!v.consented || form.Get("prompt") == "consent")
	v.devices[code] = &device{expires: now.Add(cfg.DeviceLife), last: now, offline: offline}
	page := "http://" + c.r.Host + "/oauth/v3/device"
	user := fmt.Sprintf("EMU-%03d", v.begun)
	unit := time.Second
	if cfg.DeviceUnit == "milliseconds" {
		unit = time.Millisecond
	}
	return c.tokenAnswer(http.StatusOK, map[string]any{
		"user_code": user, "device_code": code, "verification_url": page, "verification_uri_complete": page + "?user_code=" + user,
		"expires_in": int(cfg.DeviceLife / unit), "interval": int(cfg.DeviceInterval / unit),
	})
}

// deviceToken answers POST /oauth/v3/device/token: what the user has decided so far (D). The user of
// the emulator decides after some polls, as knobs say.
func (c *call) deviceToken() answer {
	cfg, form, v := c.cfg, c.r.Form, &c.e.tokens
	c.secretsInURL("device request", "client_secret", "code")
	d := v.devices[form.Get("code")]
	now := c.now()
	switch {
	case cfg.LockedOut:
		return c.denied()
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
	switch d.polls++; {
	case d.polls <= cfg.DeviceSlowDown:
		return c.tokenError("slow_down")
	case d.polls <= cfg.DeviceSlowDown+cfg.DevicePolls:
		return c.tokenError("authorization_pending")
	case cfg.DeviceAnswer == "other_dc" && !d.moved:
		// The emulator is one host for all data centres: the next poll is taken for one of the other.
		d.moved = true
		c.e.books.Denied++
		return c.tokenAnswer(cfg.TokenErrors, map[string]string{"error": "other_dc", cfg.DeviceDCField: cfg.DeviceLocation}, "other_dc")
	}
	if cfg.DeviceAnswer != "allowed" && !d.moved {
		delete(v.devices, form.Get("code"))
		return c.tokenError(cfg.DeviceAnswer)
	}
	if !v.permit(cfg, "device_token", now) {
		return c.denied() // the code stays good
	}
	delete(v.devices, form.Get("code"))
	if d.offline {
		v.consented = true
		delete(v.revoked, cfg.RefreshToken)
	}
	return c.grant(now, d.offline)
}
