package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"delink/pkg/doctor"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// doctorView is what doctor has found, as programs see it.
type doctorView struct {
	State         doctor.State   `json:"state"` // ok or trouble
	ExitCode      int            `json:"exit_code"`
	Checks        []checkView    `json:"checks"`
	Org           *doctorOrgView `json:"org"` // null where it is not known, as all below
	DataCentre    string         `json:"data_centre"`
	API           *string        `json:"api"`
	CallsInFlight *int           `json:"calls_in_flight"`
	CreditsLimit  *int           `json:"credits_limit"`
	CreditsLeft   *int           `json:"credits_left"`
	ClockAhead    *float64       `json:"clock_ahead_seconds"` // Zoho's clock
	Scopes        []string       `json:"scopes"`              // as far as they are listed somewhere
	Probe         *probeView     `json:"probe"`               // null without --probe
}

type doctorOrgView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Edition string `json:"edition"`
}

type checkView struct {
	Check doctor.Name  `json:"check"`
	About string       `json:"about"`
	State doctor.State `json:"state"`
	Found string       `json:"found"`
	Hint  *string      `json:"hint"`

	unasked bool
}

// view makes the view of what was found.
func (x *examination) view(findings *doctor.Findings) *doctorView {
	org, hasOrg := findings.Org()
	checks := append([]doctor.Check{x.loginCheck(), x.dataCentreCheck(), x.proxyCheck()}, findings.Checks()...)
	dc, _ := x.dataCentre() // of the error, the check of the data centre tells
	v := &doctorView{DataCentre: cmp.Or(x.login.dc.Name, dc.Name, x.setting("ZOHO_DC"))}
	if hasOrg {
		v.Org = &doctorOrgView{org.ID, org.Name, org.Type, org.Edition}
	}
	if x.base != "" {
		v.API = &x.base
	}
	v.CallsInFlight = ifKnown(org.Slots())
	v.CreditsLimit = ifKnown(org.DailyCredits())
	v.CreditsLeft = ifKnown(findings.CreditsLeft())
	if ahead, known := findings.Skew(); known {
		seconds := ahead.Round(1e6).Seconds()
		v.ClockAhead = &seconds
	}
	if x.hasLogin() {
		v.Scopes = x.granted()
	}
	for i := range checks {
		c := &checks[i]
		if c.Name == doctor.Org && hasOrg {
			x.tellOrg(c, org)
		}
		shown := checkView{Check: c.Name, About: c.About, State: c.State, Found: c.Found, unasked: c.Unasked}
		if hint := x.hintFor(c); hint != "" {
			shown.Hint = &hint
		}
		v.Checks = append(v.Checks, shown)
	}
	v.exit(doctor.ExitCode(checks))
	return v
}

func (v *doctorView) exit(code int) {
	v.ExitCode, v.State = code, doctor.OK
	if code != outcome.ExitDone {
		v.State = doctor.Trouble
	}
}

func ifKnown(n int, known bool) *int {
	if !known {
		return nil
	}
	return &n
}

// tellOrg completes the check of an org that has answered.
func (x *examination) tellOrg(c *doctor.Check, org zoho.Org) {
	c.Found = (&orgView{org.Name, org.Type, org.Edition}).text() + ", id " + org.ID
	if want := x.f.where.environment; !x.f.emulator && want != "" && org.Type != "" && org.Type != want {
		c.State, c.Exit = doctor.Trouble, outcome.ExitUsage
		c.Found += fmt.Sprintf("; a %s org is meant", want)
		c.Hint = "log in to the org that is meant, or leave out --environment"
	}
}

// hintFor says what to mend.
func (x *examination) hintFor(c *doctor.Check) string {
	switch {
	case c.State != doctor.Trouble && c.Hint == "":
		return ""
	case c.Lacks:
		return "make a login that has it: delink auth login, with " + c.About + " among the scopes of the code"
	case c.Hint != "":
		return c.Hint
	case c.Err != nil:
		return hintFor(c.Err)
	}
	return ""
}

// loginCheck says where the login is from. It never shows a secret.
func (x *examination) loginCheck() doctor.Check {
	c := doctor.Check{Name: doctor.Login, State: doctor.OK}
	refusal, usage := new(job.Refusal), usageError{}
	switch err := x.broken; {
	case x.proxied != nil:
		return doctor.Check{Name: doctor.Login, State: doctor.Unknown, Found: "was not looked for: the proxy comes first"}
	case err == nil:
		c.Found = x.loginSource()
		return c
	case errors.As(err, &refusal):
		c.Hint = hint(refusal)
	case errors.As(err, &usage):
		c.Hint = usage.hint
	}
	c.State, c.Found, c.Exit = doctor.Trouble, x.broken.Error(), outcome.ExitUsage
	return c
}

// loginSource says where a login is from.
func (x *examination) loginSource() string {
	if x.f.emulator {
		return "that of the built-in emulator"
	}
	if x.login.stored != nil {
		where := ""
		if path, err := loginsPath(); err == nil {
			where = ", in " + path
		}
		return x.login.source + where
	}
	var names []string
	for _, name := range []string{"ZOHO_ACCESS_TOKEN", "ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN"} {
		switch {
		case x.getenv(name) != "":
			names = append(names, name)
		case x.getenv(name+"_FILE") != "":
			names = append(names, name+"_FILE")
		}
	}
	text := x.login.source + ": " + strings.Join(names, ", ")
	if x.login.RefreshToken == "" {
		text += "; it ends an hour after it was made, and delink cannot make another"
	}
	return text
}

func (x *examination) dataCentreCheck() doctor.Check {
	c := doctor.Check{Name: doctor.DataCentre, State: doctor.OK}
	if !x.hasLogin() {
		dc, err := x.dataCentre()
		accounts, api := "", ""
		if err == nil {
			accounts, api, err = x.addresses(x.f.where, dc)
		}
		if err != nil {
			c.State, c.Found, c.Exit = doctor.Trouble, err.Error(), outcome.ExitUsage
			if usage := (usageError{}); errors.As(err, &usage) {
				c.Hint = usage.hint
			}
			return c
		}
		c.Found = x.hosts(dc.Name, accounts, cmp.Or(api, dc.API))
		return c
	}
	c.Found = x.hosts(x.login.dc.Name, x.login.accounts, cmp.Or(x.base, x.login.api, x.login.fallback))
	return c
}

// hosts says which hosts are called. A login of another data centre is refused with words that do not
// say so, so it is told if nobody has chosen this one.
func (x *examination) hosts(center, accounts, api string) string {
	chosen := x.f.emulator || x.login.stored != nil || cmp.Or(x.f.where.center, x.setting("ZOHO_DC"), x.setting("ZOHO_ACCOUNTS_URL")) != ""
	if !chosen {
		center += " (neither --dc nor ZOHO_DC says another)"
	}
	return fmt.Sprintf("%s: tokens from %s, calls to %s", center, accounts, api)
}

func (x *examination) proxyCheck() doctor.Check {
	c := doctor.Check{Name: doctor.Proxy, State: doctor.OK, Found: "none"}
	if x.proxied != nil {
		c.State, c.Found, c.Exit = doctor.Trouble, x.proxied.Error(), outcome.ExitUsage
		if usage := (usageError{}); errors.As(x.proxied, &usage) {
			c.Hint = usage.hint
		}
		return c
	}
	name := "HTTPS_PROXY"
	if x.getenv(name) == "" {
		name = "https_proxy"
	}
	if x.getenv(name) == "" {
		return c
	}
	u, err := url.Parse(cmp.Or(x.base, x.login.api, x.login.fallback, "https://www.zohoapis.com"))
	if err != nil {
		return c
	}
	via, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	switch {
	case err == nil && via != nil:
		c.Found = fmt.Sprintf("%s://%s (%s)", via.Scheme, via.Host, name)
	case err == nil:
		c.Found = fmt.Sprintf("none: %s is set, and does not count for %s", name, u.Hostname())
	}
	return c
}

// titles are what people see of the checks.
var titles = map[doctor.Name]string{
	doctor.Login: "login", doctor.DataCentre: "data centre", doctor.Proxy: "proxy", doctor.Network: "network", doctor.Token: "access token",
	doctor.Clock: "clock", doctor.Version: "API version", doctor.Org: "org", doctor.InFlight: "calls", doctor.Credits: "credits",
	doctor.Scope: "scope", doctor.Relation: "relation", doctor.OtherSide: "other side",
}

// print writes the view to standard output.
func (x *examination) print(v *doctorView) error {
	if x.f.json {
		return report.EncodeJSON(x.stdout, v)
	}
	_, err := io.WriteString(x.stdout, printableText(v.text(x.stdoutWidth())))
	return err
}

// text is the view for people, in lines of that width; 0 for lines of any length.
func (v *doctorView) text(width int) string {
	var b strings.Builder
	var unasked []string
	troubles, unknown := 0, 0
	for _, c := range v.Checks {
		title := titles[c.Check]
		switch {
		case c.unasked:
			unasked = append(unasked, title)
			continue
		case c.State == doctor.Trouble:
			troubles++
		case c.State == doctor.Unknown:
			unknown++
		}
		found := c.Found
		if c.About != "" && !strings.HasPrefix(found, c.About) {
			found = c.About + ": " + found
		}
		b.WriteString(checkLine(string(c.State), title, found, width))
		if c.Hint != nil {
			b.WriteString(checkLine("", "", "hint: "+*c.Hint, width))
		}
	}
	if len(unasked) > 0 {
		unknown += len(unasked)
		b.WriteString(checkLine(string(doctor.Unknown), "the rest", strings.Join(unasked, ", ")+": cannot be asked about before the trouble above is mended", width))
	}
	b.WriteString("\n" + wrap(v.verdict(troubles, unknown), width) + "\n")
	return b.String()
}

// verdict is the last line.
func (v *doctorView) verdict(troubles, unknown int) string {
	text := "all is well"
	if troubles > 0 {
		text = counted(troubles, "trouble", "troubles") + " to mend"
	}
	if unknown > 0 {
		text += fmt.Sprintf("; %d unknown", unknown)
	}
	return text
}

// Columns of a line, and the width below which what was found stands on lines of its own.
const (
	markColumns  = 9
	titleColumns = 14
	narrow       = 64
)

// checkLine writes one line of what was found: a mark, a title, and the rest.
func checkLine(mark, title, found string, width int) string {
	head := fmt.Sprintf("%-*s%-*s", markColumns, mark, titleColumns, title)
	switch {
	case width == 0:
		return strings.TrimRight(head+found, " ") + "\n"
	case width < narrow && title == "":
		return hangingIndent("  ", found, width)
	case width < narrow:
		return strings.TrimRight(head, " ") + "\n" + hangingIndent("  ", found, width)
	}
	return hangingIndent(head, found, width)
}

// hangingIndent writes a text behind a head, and further lines as far in as the first.
func hangingIndent(head, text string, width int) string {
	return sheet{width}.fill(text, head, strings.Repeat(" ", len(head)))
}
