package main

import "testing"

func TestUnquoted(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " ": "", "x": "x", `"x"`: "x", "'x'": "x", ` "x" `: "x", `" x "`: "x", `"`: `"`, `""`: "", `"x'`: `"x'`, `""x""`: `"x"`, "x\r\n": "x",
	} {
		if got := unquoted(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	for v, ok := range map[string]bool{
		"1000.abc.def": true, "emulator-secret": true, "9b1e7c5d3f": true, "YWJjZA==": true,
		`{"a":1}`: false, `["1000.abc"]`: false, "ZOHO_REFRESH_TOKEN=1000.abc": false, "export X=1": false, "token: 1000.abc": false,
		"a b": false, "a\nb": false, "é": false, `1000."abc`: false,
	} {
		if err := checkSecret("ZOHO_REFRESH_TOKEN", v); (err == nil) != ok {
			t.Errorf("%q: %v", v, err)
		}
	}
}

// Package net/http ignores a proxy that it cannot read.
func TestCheckProxy(t *testing.T) {
	for v, ok := range map[string]bool{
		"": true, "proxy:8080": true, "proxy": true, "http://proxy:8080": true, "http://user:pw@proxy:8080/": true, "https://proxy": true,
		"socks5://proxy:1080": true, "socks5h://proxy:1080": true, "10.0.0.1:3128": true, "[::1]:3128": true,
		"http://proxy:port": false, "http://": false, "ftp://proxy": false, "://": false, "http://pro xy": false, ":8080": false, "proxy:80:80": false, "http:/proxy:8080": false, "http://proxy:8080\r": false, `"http://proxy:8080"`: false,
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
			p := &program{getenv: tidied(func(n string) string {
				if n == name {
					return v
				}
				return ""
			})}
			if err := p.checkProxy(); (err == nil) != ok {
				t.Errorf("%s=%q: %v", name, v, err)
			}
		}
	}
}
