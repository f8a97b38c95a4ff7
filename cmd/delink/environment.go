package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"delink/pkg/job"
)

// tidied gives the environment without the line ends at the end of delink's variables: a variable
// that was read from a file often has one. Other variables stay as they are, since other programs
// read them as well.
func tidied(getenv func(string) string) func(string) string {
	return func(name string) string {
		value := getenv(name)
		if strings.HasPrefix(name, "ZOHO_") || strings.HasPrefix(name, "DELINK_") {
			return strings.TrimRight(value, "\r\n")
		}
		return value
	}
}

// setting reads a variable that names a data centre or a host. Space and quotes around the value do
// not belong to it: docker's --env-file, and files with Windows line ends, leave them there.
func (p *program) setting(name string) string { return unquoted(p.getenv(name)) }

// unquoted gives a value without space around it and without one pair of quotes.
func unquoted(v string) string {
	v = strings.TrimSpace(v)
	if n := len(v); n >= 2 && v[0] == v[n-1] && (v[0] == '"' || v[0] == '\'') {
		v = strings.TrimSpace(v[1 : n-1])
	}
	return v
}

// maxSecret is the most bytes that a file with a credential may have. Zoho's tokens are far
// shorter.
const maxSecret = 4096

// secret reads a credential from a variable, or from the file that its …_FILE variable names.
func (p *program) secret(name string) (string, error) {
	if v := unquoted(p.getenv(name)); v != "" {
		return v, checkSecret(name, v)
	}
	path := unquoted(p.getenv(name + "_FILE"))
	if path == "" {
		return "", nil
	}
	name += "_FILE"
	f, err := os.Open(path)
	if err != nil {
		return "", &job.Refusal{Cause: name, Err: err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", &job.Refusal{Cause: name, Err: err}
	}
	v := unquoted(strings.TrimPrefix(string(b), "\ufeff"))
	switch {
	case v == "":
		return "", &job.Refusal{Cause: fmt.Sprintf("%s: %s is empty", name, path)}
	case len(b) > maxSecret:
		return "", &job.Refusal{Cause: fmt.Sprintf("%s: %s is too large for a credential", name, path)}
	}
	return v, checkSecret(name, v)
}

// assignment is the beginning of a line that sets a variable. No credential begins in this way.
var assignment = regexp.MustCompile(`^(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*[=:]\s*[^=\s]`)

// checkSecret refuses a value that is no credential. The error does not show the value.
func checkSecret(name, v string) error {
	const alone = "put the value there alone: on one line, without a name, quotes or spaces"
	switch {
	case json.Valid([]byte(v)) && (v[0] == '{' || v[0] == '['):
		return &job.Refusal{Cause: name + " holds JSON instead of a credential", Hint: alone}
	case assignment.MatchString(v):
		return &job.Refusal{Cause: name + " holds the setting of a variable, NAME=VALUE, instead of a credential", Hint: alone}
	case strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f }), strings.ContainsAny(v, `"'`):
		return &job.Refusal{Cause: name + " has a character that no credential has", Hint: "copy it again, on one line and without quotes or spaces"}
	}
	return nil
}

// checkProxy refuses a proxy that cannot be one. Package net/http ignores it, and calls would go
// where they must not. The value is not shown, since it may hold a password.
func (p *program) checkProxy() error {
	// HTTP_PROXY does not matter: calls with plain http go to this machine only, without a proxy.
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		value := p.getenv(name)
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if !strings.Contains(value, "://") { // host:port alone is understood
			u, err = url.Parse("http://" + value)
		}
		if err != nil || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
			return usageError{
				errors.New(name + " is not the address of a proxy"),
				"write it as http://host:port (socks5:// and https:// are understood as well), or unset it to do without a proxy",
			}
		}
		return nil // the other name counts only where this one is not set
	}
	return nil
}
