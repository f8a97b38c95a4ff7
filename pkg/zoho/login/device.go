package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"delink/pkg/zoho"
	"delink/pkg/zoho/internal/web"
)

// Device is a login that waits for its user, who opens a page, enters a short code and allows the
// access there. The program that waits is called a device, because a television can do it.
type Device struct {
	Page     string // where the user enters the code
	Link     string // the page with the code in it; empty if the accounts host gives none
	UserCode string
	Expires  time.Time // of the code

	// Location is the data centre of the user, where the accounts host has said that it is another
	// one (CodeOtherDC). It is to be asked from then on.
	Location string

	interval time.Duration
	next     time.Time     // no poll before that
	code     func() string // a secret; a function, into which package fmt does not look
}

// Codes of the accounts host for a device (D).
const (
	CodeExpired = "expired"       // nobody allowed the access in time
	CodeRefused = "access_denied" // the user does not allow the access
	CodeOtherDC = "other_dc"      // the user is in the data centre that Device.Location names

	codePending  = "authorization_pending"
	codeSlowDown = "slow_down"
)

// What holds where the accounts host does not say it (D), and what cannot be.
const (
	usualInterval = 30 * time.Second
	usualLife     = 5 * time.Minute
	slower        = 5 * time.Second // for each slow_down, as RFC 8628 has it
	longestLife   = time.Hour

	// pollTimeout is the time limit of one poll.
	pollTimeout = 30 * time.Second
)

// Device begins a login. memory keeps whether the client is locked out; it may be nil.
//
// POST {accounts}/oauth/v3/device/code, grant_type=device_request (D). Without prompt=consent, there
// is a refresh token for the first login of a user only (D).
func (s Server) Device(ctx context.Context, c Credentials, memory *Cache) (*Device, error) {
	if err := memory.LockedOut(); err != nil {
		return nil, err
	}
	var scopes []string
	for _, scope := range Scopes {
		scopes = append(scopes, scope.Name)
	}
	a := s.post(ctx, s.Accounts+"/oauth/v3/device/code", url.Values{
		"client_id": {c.ClientID}, "grant_type": {"device_request"}, "scope": {strings.Join(scopes, ",")},
		"access_type": {"offline"}, "prompt": {"consent"},
	})
	var said struct {
		DeviceCode lenient `json:"device_code"`
		UserCode   lenient `json:"user_code"`
		URL        lenient `json:"verification_url"`
		URI        lenient `json:"verification_uri"` // as RFC 8628 has it
		Complete   lenient `json:"verification_uri_complete"`
		Interval   number  `json:"interval"`
		ExpiresIn  number  `json:"expires_in"`
	}
	if a.err != nil || a.status >= 300 || json.Unmarshal(a.body, &said) != nil || said.DeviceCode == "" || said.UserCode == "" {
		e := a.failure(ctx, newSecrets(c.ClientSecret, said.DeviceCode.String()))
		if e.Code == zoho.CodeLockedOut {
			memory.lockOut(time.Now())
		}
		return nil, e
	}
	code := said.DeviceCode.String()
	known := newSecrets(c.ClientSecret, code)
	shown := func(text lenient) string { return web.Line(string(known.hide([]byte(text)))) }
	d := &Device{
		UserCode: shown(said.UserCode),
		Link:     address(shown(said.Complete)),
		Expires:  a.at.Add(said.ExpiresIn.time(usualLife, longestLife)),
		interval: said.Interval.time(usualInterval, maxInterval),
		code:     func() string { return code },
	}
	for _, page := range []string{shown(said.URL), shown(said.URI), s.Accounts + "/oauth/v3/device"} {
		if d.Page = address(page); d.Page != "" {
			break
		}
	}
	d.next = time.Now().Add(d.interval)
	return d, nil
}

// Await polls until the user has decided, no more often than the accounts host says. A poll that
// gets no answer is told of and repeated. Await ends with CodeOtherDC if another accounts host has to
// be asked: then it is to be called with that one. With a code that the accounts host does not take
// for other reasons, such as a wrong client secret, it can be called again as well.
//
// POST {accounts}/oauth/v3/device/token, grant_type=device_token (D)
func (s Server) Await(ctx context.Context, c Credentials, d *Device, memory *Cache, tell func(error)) (Grant, error) {
	known := newSecrets(c.ClientSecret, d.code())
	for {
		if err := d.wait(ctx); err != nil {
			return Grant{}, unsent(err)
		}
		grant, err := s.poll(ctx, c, d, known)
		d.next = time.Now().Add(d.interval)
		var e *zoho.Error
		switch {
		case err == nil, !errors.As(err, &e):
			return grant, err
		case ctx.Err() != nil:
			return Grant{}, unsent(context.Cause(ctx))
		case e.Code == zoho.CodeLockedOut:
			memory.lockOut(time.Now())
			return Grant{}, e
		case e.Code == codePending:
		case e.Code == codeSlowDown:
			d.interval += slower
			d.next = d.next.Add(slower)
		case e.Kind == zoho.Unsent && !e.Lasting:
			tell(e)
		default:
			return Grant{}, e
		}
		if !time.Now().Before(d.Expires) {
			return Grant{}, &zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: CodeExpired, Cause: e.Cause}
		}
	}
}

// wait waits until the next poll is allowed.
func (d *Device) wait(ctx context.Context) error {
	timer := time.NewTimer(time.Until(d.next))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

var errNoAnswerInTime = fmt.Errorf("no answer in %d seconds", int(pollTimeout/time.Second))

// poll asks once what the user has decided.
func (s Server) poll(ctx context.Context, c Credentials, d *Device, known *secrets) (Grant, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pollTimeout, errNoAnswerInTime)
	defer cancel()
	a := s.ask(ctx, c, s.Accounts+"/oauth/v3/device/token", func(ctx context.Context, config *oauth2.Config) (*oauth2.Token, error) {
		return config.Exchange(ctx, d.code(), oauth2.SetAuthURLParam("grant_type", "device_token"))
	})
	if a.err == nil {
		return s.granted(known, a, "the access was allowed without offline access")
	}
	// What the answer says to a device comes before its status: "slow_down" may come with 429, which
	// would be a lock-out otherwise.
	switch said := readRefusal(a.body); said.Error {
	case codePending, codeSlowDown:
		return Grant{}, &zoho.Error{Kind: zoho.Unsent, Status: a.status, Code: said.Error.String()}
	case CodeOtherDC:
		d.Location = web.Line(string(known.hide([]byte(said.location()))))
	case "expired_token": // as RFC 8628 has it
		return Grant{}, &zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Status: a.status, Code: CodeExpired}
	}
	return Grant{}, a.failure(ctx, known)
}

// location is the data centre of a user, under one of the names that it has: user_location is D, the
// others were seen in public code (R).
func (r refusal) location() string {
	i := slices.IndexFunc([]lenient{r.UserLocation, r.Location, r.DC}, func(l lenient) bool { return l != "" })
	if i < 0 {
		return ""
	}
	return []lenient{r.UserLocation, r.Location, r.DC}[i].String()
}

// number is a number of JSON, or a text with one; anything else is 0.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	f, _ := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = number(f)
	return nil
}

// maxInterval bounds the time between polls.
const maxInterval = 5 * time.Minute

// time is a time in seconds or, if that would be longer than most, in milliseconds: the documentation
// says milliseconds (D), and its examples and public code have both (R). It is usual where neither
// makes sense.
func (n number) time(usual, most time.Duration) time.Duration {
	for _, unit := range []time.Duration{time.Second, time.Millisecond} {
		if f := float64(n) * float64(unit); f >= float64(time.Second) && f <= float64(most) {
			return time.Duration(f)
		}
	}
	return usual
}

// address gives the address of a page that a person may open: https, or this machine. It is empty
// for anything else.
func address(page string) string {
	u, err := url.Parse(page)
	if err != nil {
		return ""
	}
	if _, err := zoho.CheckBaseURL(u.Scheme + "://" + u.Host); err != nil || u.User != nil {
		return ""
	}
	return page
}
