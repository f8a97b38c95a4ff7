package emulator

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A Fault is what can go wrong with a call. Its name is one of
//
//	drop, reset   the connection is closed, or reset, without an answer
//	hang          no answer, until the client leaves
//	torn          half of the answer, then the connection is closed
//	short         the whole answer, with a Content-Length that is longer than it
//	html, empty, foreign
//	              200 with a page, with nothing, with JSON of something else
//	invalid-token 401, and the token is invalid from now on
//	413, 500 ...  that status, with a page of HTML
//	CODE          a refusal with that code, such as LIMIT_EXCEEDED
//
// with "-before" (the default of all but torn and short) where the call's work is not done, "-after"
// where it is done, or "-late" where it is done after the answer, as knob late says.
type Fault struct {
	Name  string // without -before, -after and -late
	After bool   // the work is done before the fault strikes
	Late  bool   // the work is done later
}

var faultNames = []string{"drop", "reset", "hang", "torn", "short", "html", "empty", "foreign", "invalid-token"}

func parseFault(word string) (Fault, error) {
	f := Fault{Name: word}
	if name, ok := strings.CutSuffix(word, "-after"); ok {
		f = Fault{Name: name, After: true}
	} else if name, ok := strings.CutSuffix(word, "-late"); ok {
		f = Fault{Name: name, Late: true}
	} else if name, ok := strings.CutSuffix(word, "-before"); ok {
		f.Name = name
	} else if f.cuts() {
		f.After = true
	}
	switch {
	case f.cuts() && !f.After:
		return Fault{}, fmt.Errorf("%s makes no sense: the answer that is cut off is that to work that was done", word)
	case f.Name == "invalid-token" && (f.After || f.Late):
		return Fault{}, fmt.Errorf("%s makes no sense: the token is checked before any work is done", word)
	case slices.Contains(faultNames, f.Name), f.status() != 0, isCode(f.Name):
		return f, nil
	}
	return Fault{}, fmt.Errorf("unknown fault %q (there are: %s, an HTTP status from 400, an error CODE; with -before, -after or -late)",
		word, strings.Join(faultNames, ", "))
}

// cuts reports whether the fault cuts off the answer to the call's work.
func (f Fault) cuts() bool { return f.Name == "torn" || f.Name == "short" }

// String is the fault's name as it is written.
func (f Fault) String() string {
	switch {
	case f.Late:
		return f.Name + "-late"
	case f.After && !f.cuts():
		return f.Name + "-after"
	}
	return f.Name
}

func (f Fault) status() int {
	n, err := strconv.Atoi(f.Name)
	if err != nil || n < 400 || n > 599 {
		return 0
	}
	return n
}

func isCode(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return s[0] >= 'A'
}

// Mix gives faults a chance each.
type Mix []Chance

// Chance is a fault and how likely it is.
type Chance struct {
	Fault Fault
	Share Share
}

// UnmarshalText reads "drop-after:1%,500:0.02".
func (m *Mix) UnmarshalText(text []byte) error {
	var mix Mix
	var sum Share
	for _, word := range split(text) {
		name, share, ok := strings.Cut(word, ":")
		if !ok {
			return fmt.Errorf("%q lacks a chance: write %s:1%%", word, name)
		}
		var c Chance
		var err error
		if c.Fault, err = parseFault(name); err != nil {
			return err
		}
		if err = c.Share.UnmarshalText([]byte(share)); err != nil {
			return err
		}
		sum += c.Share
		mix = append(mix, c)
	}
	if sum > 1 {
		return fmt.Errorf("the chances in %q are more than 1", text)
	}
	*m = mix
	return nil
}

// Script says which calls a fault strikes for certain, by their number from 1.
type Script []Step

// Step strikes the calls From to To, both included.
type Step struct {
	From, To uint64
	Fault    Fault
}

// UnmarshalText reads "3:reset-after,5-9:429,20-:drop,*:html"; of several
// steps for a call the first counts.
func (s *Script) UnmarshalText(text []byte) error {
	var script Script
	for _, word := range split(text) {
		when, name, ok := strings.Cut(word, ":")
		if !ok {
			return fmt.Errorf("%q lacks a fault: write %s:500", word, when)
		}
		from, to, err := parseWhen(when)
		if err != nil {
			return err
		}
		f, err := parseFault(name)
		if err != nil {
			return err
		}
		script = append(script, Step{from, to, f})
	}
	*s = script
	return nil
}

func parseWhen(when string) (from, to uint64, err error) {
	const forever = 1<<64 - 1
	if when == "*" {
		return 1, forever, nil
	}
	low, high, ranged := strings.Cut(when, "-")
	bad := fmt.Errorf("%q is not a call: write 3, 5-9, 20- or *", when)
	if from, err = strconv.ParseUint(low, 10, 64); err != nil || from == 0 {
		return 0, 0, bad
	}
	switch {
	case !ranged:
		return from, from, nil
	case high == "":
		return from, forever, nil
	}
	if to, err = strconv.ParseUint(high, 10, 64); err != nil || to < from {
		return 0, 0, bad
	}
	return from, to, nil
}

// draw numbers a call that faults can strike, and draws its fault.
func (c *call) draw() {
	cfg := c.cfg
	if len(cfg.Faults) == 0 && len(cfg.FaultScript) == 0 {
		return
	}
	if !slices.Contains(cfg.FaultsOn, c.kind) && !slices.Contains(cfg.FaultsOn, "all") {
		return
	}
	c.e.lock()
	defer c.e.mu.Unlock()
	c.e.faulty++
	c.fault = cfg.faultFor(c.e.faulty, Share(c.rng.Float64()))
	if c.fault != nil {
		c.e.books.Faults[c.fault.String()]++
	}
}

// faultFor returns the fault of call n for a number drawn from 0 to 1, or nil.
func (c *Config) faultFor(n uint64, drawn Share) *Fault {
	for i := range c.FaultScript {
		if s := &c.FaultScript[i]; s.From <= n && n <= s.To {
			return &s.Fault
		}
	}
	for i := range c.Faults {
		if drawn < c.Faults[i].Share {
			return &c.Faults[i].Fault
		}
		drawn -= c.Faults[i].Share
	}
	return nil
}

// strike answers as the call's fault wants it; a is the answer to its work, if
// that was done.
func (c *call) strike(a answer) {
	f := c.fault
	if f.Name == "hang" {
		// The call keeps its slot: for the server, the call is not over.
		<-c.r.Context().Done()
		abort(c.w, false)
		return
	}
	c.leave()
	switch f.Name {
	case "drop":
		abort(c.w, false)
	case "reset":
		abort(c.w, true)
	case "torn":
		c.tear(a, false)
	case "short":
		c.tear(a, true)
	case "html":
		c.send(answer{status: 200, html: true, body: htmlPage("Zoho", "We are upgrading our systems.")})
	case "empty":
		c.send(answer{status: 200})
	case "foreign":
		c.send(answer{status: 200, body: []byte(`{"result":{"ok":true,"items":[{"name":"something else"}]}}`)})
	case "invalid-token":
		c.e.lock()
		c.e.tokens.kill(bearer(c.r))
		c.e.mu.Unlock()
		c.send(c.badToken())
	default:
		c.send(c.failure(f))
	}
}

// failure is the answer of a fault that is a status or a code.
func (c *call) failure(f *Fault) answer {
	status := f.status()
	switch {
	case status == http.StatusTooManyRequests:
		return c.throttled(false)
	case status == http.StatusInternalServerError:
		return c.refuse(status, "INTERNAL_ERROR", nil, "Internal Server Error")
	case status != 0:
		title := strconv.Itoa(status) + " " + http.StatusText(status)
		return answer{status: status, html: true, body: htmlPage(title, "Please try again later.")}
	}
	return c.refuse(codeNumber(f.Name), f.Name, nil, plainMessage(f.Name))
}

// plainMessage makes a message of a code that has none of its own.
func plainMessage(code string) string {
	return strings.ToLower(strings.ReplaceAll(code, "_", " "))
}

// tear sends an answer that ends before its Content-Length: half of it, or all of it with a length
// that promises more.
func (c *call) tear(a answer, whole bool) {
	if status := c.cfg.TornStatus; status != 0 {
		a.status = status
	}
	c.headers(a, nil)
	body := c.decorate(a)
	sent, length := body[:len(body)/2], len(body)
	if whole {
		sent, length = body, len(body)+64
	}
	c.w.Header().Set("Content-Length", strconv.Itoa(length))
	c.w.WriteHeader(a.status)
	_, _ = c.w.Write(sent)
	// Without the flush, the server throws the bytes away with the connection.
	_ = http.NewResponseController(c.w).Flush()
	panic(http.ErrAbortHandler)
}

// abort ends the connection without an answer, with a reset if it is TCP.
func abort(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
