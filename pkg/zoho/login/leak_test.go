package login

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	someToken  = "1000.4f7c0b1ad92e83566a1be0f9c2d3e4f5.0123456789abcdef0123456789abcdef"
	someSecret = "9b1e7c5d3f2a4e6b8c0d1f3e5a7b9c2d4e6f8a0b1c"
)

func everyByte(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

// Servers echo secrets cut short and encoded. Whatever of one can be read back does not get
// through.
func TestPartsAndEncodingsOfSecrets(t *testing.T) {
	s := newSecrets(someSecret)
	s.token(someToken)
	for name, echo := range map[string]string{
		"cut at the end":                  someToken[:30],
		"cut short":                       someToken[:20],
		"cut at the beginning":            someToken[30:],
		"cut with dots behind":            someToken[:24] + "...",
		"cut in JSON":                     `{"message":"token ` + someToken[:25] + `… is wrong"}`,
		"percent-encoded":                 everyByte(someToken),
		"percent-encoded, cut":            everyByte(someToken)[:90],
		"percent-encoded twice":           url.QueryEscape(everyByte(someToken)),
		"base64":                          base64.StdEncoding.EncodeToString([]byte(someToken)),
		"base64 for URLs":                 base64.RawURLEncoding.EncodeToString([]byte(someToken)),
		"base64 of the header":            base64.StdEncoding.EncodeToString([]byte("Zoho-oauthtoken " + someToken)),
		"base64 of a form":                base64.StdEncoding.EncodeToString([]byte("client_secret=" + someSecret + "&x=1")),
		"base64, cut":                     base64.StdEncoding.EncodeToString([]byte(someToken))[:40],
		"base64, cut at the beginning":    base64.StdEncoding.EncodeToString([]byte(someToken))[7:],
		"base64 behind a name":            "token=" + base64.StdEncoding.EncodeToString([]byte(someToken)),
		"base64 in a URL":                 "https://x.example/?t=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(someToken))),
		"base64 in base64":                base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(someToken)))),
		"base64 in JSON, escaped slashes": `"` + strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte("???"+someToken)), "/", `\/`) + `"`,
		"hexadecimal":                     hex.EncodeToString([]byte(someToken)),
		"hexadecimal, capitals":           strings.ToUpper(hex.EncodeToString([]byte(someToken))),
		"a client secret, cut":            someSecret[:16],
	} {
		for _, around := range []string{"%s", "x %s x", `{"code":"X","message":"%s"}`} {
			in := fmt.Sprintf(around, echo)
			out := string(s.hide([]byte(in)))
			if !strings.Contains(out, hidden) || strings.Contains(out, echo) {
				t.Errorf("%s: %s", name, out)
			}
			if around != "%s" && (out[0] != in[0] || out[len(out)-1] != in[len(in)-1]) {
				t.Errorf("%s: too much is hidden: %s", name, out)
			}
		}
	}
}

// What only looks like it is left alone: ids, names, words, other tokens.
func TestHidesNothingElse(t *testing.T) {
	s := newSecrets(someSecret, "1234567890123456789012345678901234567890")
	s.token(someToken)
	for _, text := range []string{
		"", "3652397000000925128", `{"id":"3652397000000925128","json_path":"$.data[0].id","resource_path_index":1}`,
		"1000.aaaa", "1000.ffffffffffffffffffffffffffffffff.ffffffffffffffffffffffffffffffff", "Crm_Implied_Edit_Campaigns",
		"ZohoCRM.settings.related_lists.READ", base64.StdEncoding.EncodeToString([]byte("something else altogether, and long")),
		"%41%42%43%44%45%46%47%48%49%50%51%52", "https://www.zohoapis.com/crm/v8/Campaigns/3652397000000327001/Leads?ids=3652397000000925128,3652397000000925129",
		"12345678901234567890",
	} {
		if out := string(s.hide([]byte(text))); out != text {
			t.Errorf("%q became %q", text, out)
		}
	}
}

// Wherever in a text a secret stands, it is found, and all around it stays.
func TestHidesAnywhere(t *testing.T) {
	s := newSecrets(someSecret)
	s.token(someToken)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ -\[\]-~]{0,40}`)
		before, after := word.Draw(t, "before")+" ", " "+word.Draw(t, "after")
		secret := rapid.SampledFrom([]string{someToken, someSecret}).Draw(t, "secret")
		from := rapid.IntRange(0, len(secret)-gramLen-6).Draw(t, "from")
		to := rapid.IntRange(from+gramLen+6, len(secret)).Draw(t, "to")
		part := secret[from:to]
		if strings.Trim(part[:gramLen], "0123456789") == "" {
			t.Skip("an id")
		}
		want := string(s.hide([]byte(before))) + hidden + string(s.hide([]byte(after)))
		if got := string(s.hide([]byte(before + part + after))); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}
