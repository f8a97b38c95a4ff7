package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"delink/pkg/zoho"
	"delink/pkg/zoho/internal/web"
)

// failure says why there is no token.
func (a *asked) failure(ctx context.Context, known *secrets) *zoho.Error {
	if a.status == 0 {
		return a.noAnswer(ctx, known)
	}
	said := readRefusal(a.body)
	known = known.with(said.AccessToken.String(), said.RefreshToken.String())
	code := web.Line(string(known.hide([]byte(said.Error))))
	e := &zoho.Error{Kind: zoho.Unsent, Status: a.status, Code: zoho.CodeNoToken}
	switch {
	case a.status >= 500:
		e.Cause = a.answered(code)
		return e
	case a.status == http.StatusTooManyRequests, said.lockedOut():
		e.Kind, e.Scope, e.Code = zoho.Denied, zoho.ScopeRun, zoho.CodeLockedOut
		e.Cause = a.answered(code)
		return e
	case a.status == http.StatusProxyAuthRequired:
		e.Code, e.Lasting = zoho.CodeProxy, true
		e.Cause = a.answered(code)
		return e
	case a.status >= 300 && a.status < 400:
		e.Lasting = true
		e.Cause = a.answered(code)
		return e
	case passing[code], a.status == http.StatusRequestTimeout:
		e.Cause = a.answered(code)
		return e
	case code != "":
		e.Kind, e.Scope, e.Code = zoho.Denied, zoho.ScopeRun, code
		e.Cause = fmt.Errorf("the token endpoint %s answered %q", a.endpoint, code)
		return e
	case a.status >= 400:
		e.Kind, e.Scope = zoho.Denied, zoho.ScopeRun
		if isPage(a.body) && a.status == http.StatusForbidden {
			e.Code = zoho.CodeBlocked
		}
		e.Cause = a.answered("")
		return e
	case isPage(a.body):
		e.Cause = a.answered("")
		return e
	case a.err != nil && strings.Contains(a.err.Error(), "missing access_token"):
		e.Cause = errors.New("the token endpoint answered without a token")
		return e
	}
	e.Cause = errors.New("the token endpoint's answer cannot be read")
	return e
}

// answered is what came, in words.
func (a *asked) answered(code string) error {
	switch {
	case code != "":
		return fmt.Errorf("%s answered HTTP %d, %q", a.endpoint, a.status, code)
	case isPage(a.body):
		return fmt.Errorf("from %s a web page came (HTTP %d)", a.endpoint, a.status)
	}
	return fmt.Errorf("%s answered HTTP %d", a.endpoint, a.status)
}

// isPage reports whether a body is HTML or XML.
func isPage(body []byte) bool { return len(body) > 0 && body[0] == '<' }

// noAnswer is a request without an answer.
func (a *asked) noAnswer(ctx context.Context, known *secrets) *zoho.Error {
	err := a.err
	e := &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNoToken}
	if ctx.Err() == nil {
		e.Hinder(err)
	}
	cause := web.Because(ctx, err)
	if transport := new(url.Error); ctx.Err() == nil && !errors.As(err, &transport) {
		cause = web.Plain(err)
	}
	if text := cause.Error(); string(known.hide([]byte(text))) != text {
		cause = errors.New(string(known.hide([]byte(text))))
	}
	e.Cause = fmt.Errorf("%s: %w", a.endpoint, cause)
	return e
}

// passing are error codes of the token endpoint that say nothing about the login.
var passing = map[string]bool{"server_error": true, "temporarily_unavailable": true, "general_error": true, "internal_error": true}

// refusal is what an answer without a token says. Its errors come with HTTP 200 or 400 alike (R).
type refusal struct {
	Error        lenient `json:"error"`
	Description  lenient `json:"error_description"`
	Status       lenient `json:"status"`
	Cause        lenient `json:"cause"`
	Code         lenient `json:"code"`
	Message      lenient `json:"message"`
	AccessToken  lenient `json:"access_token"`
	RefreshToken lenient `json:"refresh_token"`
	UserLocation lenient `json:"user_location"`
	Location     lenient `json:"location"`
	DC           lenient `json:"dc"`
}

// lenient is a JSON string; anything else is empty.
type lenient string

func (l lenient) String() string { return string(l) }

func (l *lenient) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*l = lenient(s)
	}
	return nil
}

func readRefusal(body []byte) refusal {
	var r refusal
	if json.Unmarshal(body, &r) != nil {
		return refusal{}
	}
	return r
}

// lockWords are parts of what the token endpoint says to whoever has asked too often, in lower case
// (R).
var lockWords = []string{
	"too many requests", "too many tokens", "too many access tokens", "too many times", "too many attempts", "throttle",
	"limit_exceeded", "limit exceeded", "rate limit", "rate_limit",
}

// codeForm is what error codes look like. An error that is no code is a sentence, and those that
// Zoho puts there, in the user's language, tell of a lock-out ("Access Denied") (R).
var codeForm = regexp.MustCompile(`^[A-Za-z0-9_.-]*$`)

// lockedOut reports whether an answer says that tokens were asked for too often. What stands in a
// language that cannot be read is taken for that if it has the form of Zoho's lock-out: asking
// again would make a lock-out longer, while waiting without need does no harm.
func (r refusal) lockedOut() bool {
	for _, text := range []lenient{r.Error, r.Description, r.Cause, r.Code, r.Message} {
		text := strings.ToLower(string(text))
		for _, words := range lockWords {
			if strings.Contains(text, words) {
				return true
			}
		}
	}
	sentence := !codeForm.MatchString(string(r.Error))
	switch {
	case strings.EqualFold(string(r.Error), zoho.CodeLockedOut):
		return true
	case sentence:
		return r.Description != "" || strings.EqualFold(string(r.Status), "failure")
	}
	return strings.EqualFold(string(r.Error), "access_denied") && !web.IsPrintable(string(r.Description))
}
