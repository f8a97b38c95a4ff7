package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"delink/pkg/zoho/emulator"
)

// household is the auth commands of one user, with an emulator to log in to. It is used in a bubble.
type household struct {
	*testing.T

	env    map[string]string
	file   string // of the stored logins
	crm    *emulator.Emulator
	stderr string // of the last command
}

// inHousehold runs a test in a bubble of its own, with an emulator whose knobs are set.
func inHousehold(t *testing.T, settings []string, test func(h *household)) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("HOME", folder)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(folder, "cache"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(folder, "config"))
	synctest.Test(t, func(t *testing.T) {
		config := emulator.Default()
		if err := config.SetAll(settings...); err != nil {
			t.Fatal(err)
		}
		h := &household{T: t, env: loginTo(config), file: filepath.Join(folder, "config", "delink", "logins.json"), crm: emulator.New(config)}
		h.env["ZOHO_REFRESH_TOKEN"] = ""
		serveInMemory(t, h.crm)
		test(h)
		if v := h.crm.Books().Violations; len(v) > 0 {
			t.Errorf("breaches of the protocol: %v", v)
		}
		if t.Failed() {
			t.Logf("%s\nbooks %+v", h.stderr, h.crm.Books())
		}
	})
}

// ends runs an auth command, which must end with this code and say this.
func (h *household) ends(code int, says string, args ...string) {
	h.Helper()
	var stdout, stderr bytes.Buffer
	getenv := func(name string) string { return h.env[name] }
	p := &program{ui: newUI(&stderr, getenv), stdin: strings.NewReader(""), stdout: &stdout, getenv: getenv, disk: hasty}
	got := p.run(h.Context(), append([]string{"auth"}, args...))
	h.stderr = stderr.String()
	if got != code || !strings.Contains(h.stderr, says) {
		h.Errorf("%v ended with %d, want %d and %q", args, got, code, says)
	}
	config := h.crm.Config()
	for _, secret := range []string{config.ClientSecret, config.RefreshToken, "1000.0000", "1004.0000"} {
		if strings.Contains(stdout.String()+h.stderr, secret) {
			h.Errorf("%v shows a secret", args)
		}
	}
}

// stored is what the file of the logins holds; empty if there is none.
func (h *household) stored() string {
	b, _ := os.ReadFile(h.file)
	return string(b)
}

// A login with a page and a code ends as the user decides, whatever the accounts host is like.
func TestKnobsOfDevices(t *testing.T) {
	main := product(
		values("device-answer"), values("offline-access"), values("token-errors"),
		choice{"device-slow-downs", []string{"0", "2"}}, choice{"device-polls", []string{"none", "3"}},
	)
	others := []choice{values("device-unit"), values("device-location-field"), values("token-content-type"), values("api-domain-form"), values("expires-in-ms")}
	each(t, main, others, func(t *testing.T, settings []string) {
		inHousehold(t, settings, func(h *household) {
			answer := value(settings, "device-answer")
			polls := map[string]int{"0": 0, "2": 2}[value(settings, "device-slow-downs")] + map[string]int{"none": 0, "3": 3}[value(settings, "device-polls")] + 1
			switch {
			case answer == "access_denied":
				h.ends(4, "the access was not allowed on Zoho's page", "login")
			case answer == "expired":
				h.ends(4, "the code expired before the access was allowed", "login")
			case value(settings, "offline-access") == "missing":
				h.ends(4, "the login gave no refresh token", "login")
			default:
				centre := map[string]string{"allowed": "us", "other_dc": "eu"}[answer]
				h.ends(0, "logged in to Emulated Inc. ("+centre+")", "login")
				if !strings.Contains(h.stored(), `"dc": "`+centre+`"`) {
					h.Error("the login is not stored")
				}
				h.ends(0, "", "status")
				if n := h.crm.Books().Tokens; n != 1 {
					h.Errorf("%d tokens", n)
				}
				h.env["ZOHO_CLIENT_ID"], h.env["ZOHO_CLIENT_SECRET"] = "", ""
				h.ends(0, "its refresh token is not valid any more", "logout")
			}
			if answer == "other_dc" {
				polls++
			}
			if n := h.crm.Books().Calls["device"]; n != polls+1 {
				h.Errorf("%d calls for the device, want %d polls", n, polls)
			}
			if strings.Contains(h.stored(), "refresh_token") {
				h.Error("a login is stored")
			}
		})
	})
}

// A lock-out ends a login in any of its forms that can be told from other errors, and is remembered,
// so that nobody asks again. A web page can be anything.
func TestKnobsOfLockedOutDevices(t *testing.T) {
	forms := values("denied-form")
	forms.values = slices.DeleteFunc(slices.Clone(forms.values), func(form string) bool { return form == "html" })
	each(t, product(forms, values("denied-status")), []choice{values("token-content-type")}, func(t *testing.T, settings []string) {
		for _, locked := range []string{"begin", "poll"} {
			t.Run(locked, func(t *testing.T) {
				inHousehold(t, append([]string{"device-polls=none"}, settings...), func(h *household) {
					calls := 1
					if locked == "begin" {
						h.crm.Update(func(c *emulator.Config) { c.LockedOut = true })
					} else {
						// Ten tokens in ten minutes are all that Zoho gives.
						for range 10 {
							h.ends(0, "logged in", "login")
							h.ends(0, "", "logout")
						}
						calls = 22
					}
					h.ends(4, "wait ten minutes", "login")
					h.ends(4, "it is not asked again before", "login")
					if n := h.crm.Books().Calls["device"]; n != calls {
						h.Errorf("%d calls for the device, want %d", n, calls)
					}
				})
			})
		}
	})
}

// auth logout removes the login from this machine whatever Zoho says, and says whether the token may
// still be valid.
func TestKnobsOfRevoking(t *testing.T) {
	each(t, product(values("revoke"), values("token-errors")), []choice{values("token-content-type")}, func(t *testing.T, settings []string) {
		inHousehold(t, append([]string{"device-polls=none"}, settings...), func(h *household) {
			h.ends(0, "logged in", "login")
			revoked := slices.Contains(settings, "revoke=accepted")
			if revoked {
				h.ends(0, "its refresh token is not valid any more", "logout")
			} else {
				h.ends(3, "the refresh token may still be valid", "logout")
			}
			if strings.Contains(h.stored(), "refresh_token") {
				h.Error("a login is stored")
			}
			h.env["ZOHO_REFRESH_TOKEN"] = h.crm.Config().RefreshToken
			code := 0
			if revoked {
				code = 4
			}
			h.ends(code, "", "status")
		})
	})
}
