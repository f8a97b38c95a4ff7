package emulator

import (
	"net/http"
	"strconv"
	"time"
)

// creditsPeriod is the time after which a credit comes back (D): 24 hours after its use, not at
// midnight.
const creditsPeriod = 24 * time.Hour

// maxQueries is how many COQL queries may be in flight (D).
const maxQueries = 10

// limits counts the calls in flight and the credits used.
type limits struct {
	inFlight int
	queries  int        // of those, COQL queries
	spent    []spending // oldest first
	total    int        // sum of spent
}

// spending is the credits used in one second. A second is exact enough, and keeps a day below 1.4
// MB.
type spending struct {
	second  int64
	credits int
}

// used returns the credits used in the last 24 hours.
func (l *limits) used(now time.Time) int {
	old := now.Add(-creditsPeriod).Unix()
	for len(l.spent) > 0 && l.spent[0].second <= old {
		l.total -= l.spent[0].credits
		l.spent = l.spent[1:]
	}
	return l.total
}

func (l *limits) spend(now time.Time, credits int) {
	second := now.Unix()
	if n := len(l.spent); n > 0 && l.spent[n-1].second >= second {
		l.spent[n-1].credits += credits
	} else {
		l.spent = append(l.spent, spending{second, credits})
	}
	l.total += credits
}

// inFlightLimit is how many calls an org and app may have in flight (D), -1 for no limit.
func inFlightLimit(c *Config) int {
	if c.InFlight != 0 {
		return c.InFlight
	}
	switch c.Edition {
	case "free":
		return 5
	case "standard":
		return 10
	case "professional":
		return 15
	case "ultimate", "crmplus":
		return 25
	}
	return 20
}

// creditLimit is how many credits an org may use in any 24 hours (D), -1 for no limit.
func creditLimit(c *Config) int {
	if c.Credits != 0 {
		return c.Credits
	}
	const base = 50_000
	switch c.Edition {
	case "free":
		return 5_000
	case "standard":
		return min(base+250*c.Users, 100_000)
	case "professional":
		return min(base+500*c.Users, 3_000_000)
	case "ultimate", "crmplus":
		return base + 2_000*c.Users
	}
	return min(base+1_000*c.Users, 5_000_000)
}

// enter takes a slot and a credit, or returns the answer that refuses the call. A refused call is
// not in flight and costs nothing (I).
func (c *call) enter() (answer, bool) {
	e := c.e
	e.lock()
	defer e.mu.Unlock()
	l := &e.limits
	slots, credits := inFlightLimit(c.cfg), creditLimit(c.cfg)
	used := l.used(c.arrived)
	c.remaining(credits, used)
	e.books.Peak = max(e.books.Peak, l.inFlight+1)
	query := c.kind == "query"
	if slots >= 0 && l.inFlight >= slots || query && l.queries >= maxQueries {
		e.books.Throttled++
		return c.throttled(false), false
	}
	if credits >= 0 && used >= credits {
		e.books.NoCredits++
		return c.throttled(true), false
	}
	l.inFlight++
	if query {
		l.queries++
	}
	l.spend(c.arrived, 1)
	c.remaining(credits, used+1)
	c.inside = true
	if e.books.First.IsZero() {
		e.books.First = c.arrived
	}
	return answer{}, true
}

// remaining decides whether the answer says how many credits are left. That was seen once half of
// them were used (R).
func (c *call) remaining(credits, used int) {
	c.credits = -1
	if credits < 0 {
		return
	}
	if c.cfg.CreditsHeader == "always" || c.cfg.CreditsHeader == "half" && 2*used > credits {
		c.credits = max(credits-used, 0)
	}
}

// charge takes credits beside the one that enter has taken.
func (c *call) charge(credits int) {
	c.e.limits.spend(c.arrived, credits)
	if c.credits >= 0 {
		c.credits = max(c.credits-credits, 0)
	}
}

// leave gives the slot back, once.
func (c *call) leave() {
	if !c.inside {
		return
	}
	c.e.lock()
	defer c.e.mu.Unlock()
	c.giveBack(time.Now())
}

// giveBack gives the slot back, with the books locked.
func (c *call) giveBack(now time.Time) {
	if !c.inside {
		return
	}
	c.inside = false
	b := &c.e.books
	c.e.limits.inFlight--
	if c.kind == "query" {
		c.e.limits.queries--
	}
	b.Busy += now.Sub(c.arrived)
	if b.Last.Before(now) {
		b.Last = now
	}
}

// throttled is the answer to a call that exceeds a limit.
func (c *call) throttled(noCredits bool) answer {
	cfg := c.cfg
	a := answer{status: http.StatusTooManyRequests, codes: []string{cfg.ThrottleCode}}
	message := "too many requests fired in concurrency"
	if noCredits {
		switch cfg.CreditsAnswer {
		case "text":
			message = "You have reached the API limit for the past 24 hours."
		case "header":
			c.credits = 0
		}
		if cfg.CreditsAnswer != "header" {
			c.credits = -1
		}
	}
	switch cfg.ThrottleBody {
	case "envelope":
		a.body = c.envelope(cfg.ThrottleCode, nil, message)
	case "number":
		// R: users reported this body.
		a.body = []byte(`{"code":429,"error":` + quote(cfg.ThrottleCode) + `,"error_info":` + quote(message) + `,"details":[]}`)
	case "html":
		a.html = true
		a.body = htmlPage("429 Too Many Requests", message)
	case "empty":
		a.html = true
	}
	switch wait := cfg.RetryAfterWait; cfg.RetryAfter {
	case "seconds":
		a.set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	case "date":
		a.set("Retry-After", time.Now().Add(wait).UTC().Format(http.TimeFormat))
	case "nonsense":
		a.set("Retry-After", "soon")
	}
	return a
}

// rateHeaders adds headers about the calls in flight, which are not documented (?).
func (c *call) rateHeaders(h http.Header, status int) {
	on := c.cfg.RateHeaders
	if on != "always" && (on != "throttled" || status != http.StatusTooManyRequests) {
		return
	}
	slots := inFlightLimit(c.cfg)
	if slots < 0 {
		return
	}
	c.e.lock()
	free := max(slots-c.e.limits.inFlight, 0)
	c.e.mu.Unlock()
	h.Set("X-RATELIMIT-LIMIT", strconv.Itoa(slots))
	h.Set("X-RATELIMIT-REMAINING", strconv.Itoa(free))
	h.Set("X-RATELIMIT-RESET", strconv.FormatInt(time.Now().Add(c.cfg.RetryAfterWait).UnixMilli(), 10))
}
