package doctor

import (
	"fmt"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/zoho"
)

// Checks are what was found, in order.
func (f *Findings) Checks() []Check {
	checks := []Check{f.tokenCheck()}
	if f.Refused != nil {
		checks = append(f.networkChecks(), checks...)
	}
	checks = append(checks, f.clockCheck(), f.versionCheck(), f.orgCheck(), f.inFlightCheck(), f.creditsCheck())
	checks = append(checks, f.scopeChecks()...)
	for _, r := range f.Of.Relations {
		checks = append(checks, f.relationChecks(r)...)
	}
	return checks
}

// trouble makes a check of an error.
func trouble(name Name, about string, e *zoho.Error) Check {
	c := Check{Name: name, About: about, State: Trouble, Found: e.Error(), Err: e, Exit: outcome.ExitFailures}
	switch {
	case e == unasked:
		return Check{Name: name, About: about, State: Unknown, Unasked: true, Found: "was not asked"}
	case e.Kind == zoho.Unanswered || e.Kind == zoho.Unsent || e.Kind == zoho.Throttled:
		c.State, c.Exit = Unknown, 0
		c.Found = "could not be asked: " + c.Found
	}
	return c
}

func (f *Findings) networkChecks() []Check {
	switch {
	case f.network.err == unasked:
		return nil
	case f.network.err != nil:
		return []Check{{Name: Network, State: Trouble, Found: f.network.err.Error(), Err: f.network.err, Exit: outcome.ExitBroken}}
	}
	return []Check{{Name: Network, State: OK, Found: "the API's host can be reached"}}
}

func (f *Findings) tokenCheck() Check {
	switch e := f.Refused; {
	case e == nil:
		return Check{Name: Token, State: OK, Found: "obtained, and accepted by the API"}
	case e == unasked:
		return trouble(Token, "", e)
	case e.Kind == zoho.Denied || e.Kind == zoho.BadToken:
		return Check{Name: Token, State: Trouble, Found: e.Error(), Err: e, Exit: outcome.ExitRefused}
	default:
		return Check{Name: Token, State: Trouble, Found: e.Error(), Err: e, Exit: outcome.ExitBroken}
	}
}

// mostSkew is how wrong a clock may be. Times in result files are of this machine, and tokens are
// used up to half a minute before their end.
const mostSkew = time.Minute

func (f *Findings) clockCheck() Check {
	ahead, known := f.Skew()
	switch {
	case !known:
		return Check{Name: Clock, State: Unknown, Unasked: f.Refused != nil, Found: "no answer said what time it is there"}
	case ahead > mostSkew:
		return clockTrouble(fmt.Sprintf("this machine's clock is %s behind Zoho's", span(ahead)))
	case ahead < -mostSkew:
		return clockTrouble(fmt.Sprintf("this machine's clock is %s ahead of Zoho's", span(-ahead)))
	}
	return Check{Name: Clock, State: OK, Found: "this machine's clock agrees with Zoho's"}
}

func clockTrouble(found string) Check {
	return Check{
		Name: Clock, State: Trouble, Found: found, Exit: outcome.ExitFailures,
		Hint: "set the clock, or have it set from the network; else access tokens are used too long or not long enough, and the times in the results are wrong",
	}
}

// span is a duration in words, in whole minutes or hours.
func span(d time.Duration) string {
	if d < 2*time.Hour {
		return number(int(d.Round(time.Minute).Minutes()), "minute", "minutes")
	}
	return number(int(d.Round(time.Hour).Hours()), "hour", "hours")
}

// Skew is how far Zoho's clock is ahead of this machine's, as far as an answer said.
func (f *Findings) Skew() (ahead time.Duration, known bool) {
	if f.Of.Seen == nil {
		return 0, false
	}
	return f.Of.Seen.Skew()
}

func (f *Findings) versionCheck() Check {
	e := f.version.err
	switch {
	case e == nil, e.Kind == zoho.Denied && e.Scope != zoho.ScopeRun: // refused for its scope, and not for its version
		return Check{Name: Version, State: OK, Found: f.Of.Version}
	case f.Refused != nil:
		return Check{Name: Version, State: Unknown, Unasked: true, Found: f.Of.Version + ", and it was not asked whether the org accepts it"}
	}
	c := trouble(Version, "", e)
	c.Found = f.Of.Version + ": " + c.Found
	return c
}

// Org is the org, as far as it says.
func (f *Findings) Org() (org zoho.Org, known bool) { return f.org.value, f.org.err == nil }

func (f *Findings) orgCheck() Check {
	switch {
	case f.org.err == nil:
		return Check{Name: Org, State: OK}
	case f.Refused != nil:
		return trouble(Org, "", unasked)
	case f.org.err.Kind == zoho.Denied: // the scope has a check of its own
		return Check{Name: Org, State: Unknown, Found: "this login may not read the org's name and edition"}
	}
	return trouble(Org, "", f.org.err)
}

func (f *Findings) inFlightCheck() Check {
	org, asked := f.Org()
	n, known := org.Slots()
	switch {
	case f.Refused != nil:
		return trouble(InFlight, "", unasked)
	case known:
		return Check{Name: InFlight, State: OK, Found: fmt.Sprintf("up to %d at the same time (%s edition)", n, org.Edition)}
	case asked:
		return Check{Name: InFlight, State: Unknown, Found: fmt.Sprintf("the org's edition is not known: delink makes %d calls at the same time, which every edition allows", zoho.LeastSlots)}
	}
	return Check{Name: InFlight, State: Unknown, Found: fmt.Sprintf("delink makes %d calls at the same time, which every edition allows", zoho.LeastSlots)}
}

// CreditsLeft is what the org has left of its credits, as far as the CRM said.
func (f *Findings) CreditsLeft() (n int, known bool) {
	if f.Refused == unasked {
		return 0, false
	}
	return f.Of.CRM.Credits()
}

func (f *Findings) creditsCheck() Check {
	if f.Refused != nil {
		return trouble(Credits, "", unasked)
	}
	org, _ := f.Org()
	limit, limited := org.DailyCredits()
	left, said := f.CreditsLeft()
	c := Check{Name: Credits, State: OK}
	switch {
	case said && left == 0:
		c.State, c.Exit, c.Found = Trouble, outcome.ExitFailures, "the org's API credits for the last 24 hours are used up"
		c.Hint = "wait: each credit comes back 24 hours after it was used; other programs use the same credits"
		return c
	case said:
		c.Found = progress.Number(left) + " left"
	case limited:
		c.Found = "Zoho does not say how many are left; it does so once half of them are used"
	default:
		c.State, c.Found = Unknown, "Zoho does not say how many are left"
		return c
	}
	if limited {
		c.Found += fmt.Sprintf("; %s in 24 hours (%s edition)", progress.Number(limit), org.Edition)
	}
	return c
}

func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return progress.Number(n) + " " + many
}
