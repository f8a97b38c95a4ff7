package emulator

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

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
	c.fault = cfg.FaultFor(c.e.faulty, Share(c.rng.Float64()))
	if c.fault != nil {
		c.e.books.Faults[c.fault.String()]++
	}
}

// strike answers as the call's fault says. a is the answer to the call's work, if that was done.
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
	status := f.Status()
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
