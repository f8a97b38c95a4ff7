package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// witness passes a life's calls on and sees all of them.
type witness struct {
	life      *life
	transport *http.Transport

	mu       sync.Mutex
	seen     map[string]int // calls by address
	inFlight int
	last     time.Time // an API call departed
	calls    int       // API calls that reached the CRM
	delinks  int
}

// call is what the witness knows of one.
type call struct {
	api   bool // a delink, a read of links or a count, as opposed to questions about the org and tokens
	links []link
	name  string
}

func (w *witness) understand(r *http.Request) call {
	c := call{name: r.Method + " " + r.URL.Path}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	ids := r.URL.Query().Get("ids")
	if strings.HasSuffix(r.URL.Path, "/actions/get_related_records_count") {
		c.api = true
	}
	if r.Method == http.MethodPut {
		return c.linking(r, parts)
	}
	if len(parts) != 5 || parts[0] != "crm" {
		return c
	}
	c.api = true
	if ids == "" { // a page of the list
		return c
	}
	for _, id := range strings.Split(ids, ",") {
		c.links = append(c.links, link{parts[2], parts[3], parts[4], id})
	}
	c.name = fmt.Sprintf("%s %s/%s/%s %d ids", r.Method, parts[2], parts[3], parts[4], len(c.links))
	return c
}

// linking understands a call that makes links: its body has their ids.
func (c call) linking(r *http.Request, parts []string) call {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var asked struct{ Data []struct{ ID string } }
	if err != nil || json.Unmarshal(body, &asked) != nil || len(parts) < 5 {
		return c
	}
	c.api = true
	for _, d := range asked.Data {
		c.links = append(c.links, link{parts[2], parts[3], parts[4], d.ID})
	}
	c.name = fmt.Sprintf("%s %s/%s/%s %d links", r.Method, parts[2], parts[3], parts[4], len(c.links))
	return c
}

// Calls that begin at the same moment are drawn apart, by this much at most, so that they have an
// order.
const drawnApart = 2 * time.Millisecond

// RoundTrip is the way of one call.
func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	l := w.life
	key := r.Method + r.URL.String()
	w.mu.Lock()
	w.seen[key]++
	key += strconv.Itoa(w.seen[key])
	w.mu.Unlock()
	c := w.understand(r)
	l.pause(r.Context(), l.moment(0, drawnApart, key))
	if err := l.netCall("send", c); err != nil {
		return nil, err
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w.departs(r, c)
	started := time.Now()
	resp, err := w.transport.RoundTrip(r)
	var body []byte
	var bodyErr error
	if err == nil {
		body, bodyErr = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err != nil || bodyErr != nil {
		// of the bubble: time-outs come in bunches
		time.Sleep(l.moment(0, time.Millisecond, "back"+key))
	}
	w.returns(r, c, resp, body, err, bodyErr, started)
	if dead := l.netCall("answer", c); dead != nil {
		return nil, dead
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{bodyErr}))
	return resp, nil
}

// failing ends a body as it ended.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

func (w *witness) departs(r *http.Request, c call) {
	if !c.api {
		return
	}
	w.mu.Lock()
	w.inFlight++
	w.calls++
	if r.Method == http.MethodDelete {
		w.delinks++
	}
	inFlight, calls, last := w.inFlight, w.calls, w.last
	w.last = time.Now()
	w.mu.Unlock()
	l := w.life
	o := &l.options
	if inFlight > o.slots {
		l.world.fault("slots", "%d calls in flight with %d slots", inFlight, o.slots)
	}
	if o.maxCalls > 0 && calls > o.maxCalls {
		l.world.fault("max-calls", "%d calls with a limit of %d", calls, o.maxCalls)
	}
	if apart := time.Since(last); o.rate > 0 && !last.IsZero() && (apart+drawnApart).Seconds() < 1/o.rate {
		l.world.fault("rate", "two calls %v apart at %v a second", apart, o.rate)
	}
	switch r.Method {
	case http.MethodDelete:
		l.sends(c.links)
	case http.MethodPut:
		l.links(c.links)
	}
}

func (w *witness) returns(r *http.Request, c call, resp *http.Response, body []byte, err, bodyErr error, started time.Time) {
	var what string
	switch {
	case err != nil:
		what = err.Error()
	case bodyErr != nil:
		what = fmt.Sprintf("%d, %v", resp.StatusCode, bodyErr)
	default:
		what = strconv.Itoa(resp.StatusCode)
		if len(body) < 200 {
			what += " " + strings.TrimSpace(string(body))
		}
	}
	w.life.world.logf("life %d: %s: %v later: %s", w.life.number, c.name, time.Since(started).Round(time.Millisecond), what)
	if !c.api {
		return
	}
	w.mu.Lock()
	w.inFlight--
	w.mu.Unlock()
	if r.Method == http.MethodPut {
		return
	}
	if r.Method == http.MethodDelete {
		answered := map[string]bool{}
		if err == nil && bodyErr == nil {
			answered = byID(body)
		}
		w.life.answers(c.links, answered)
	} else if len(c.links) > 0 && err == nil && resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
		w.life.cannotRead(c.links, resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden || bytes.Contains(body, []byte("AUTHORIZATION_FAILED")))
	}
}

// byID are the ids that an answer names, read by other code than the client's.
func byID(body []byte) map[string]bool {
	ids := map[string]bool{}
	var a struct {
		Data []struct{ Code, Details json.RawMessage }
	}
	if json.Unmarshal(bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff"))), &a) != nil {
		return ids
	}
	for _, item := range a.Data {
		if !bytes.HasPrefix(item.Code, []byte{'"'}) { // a number says nothing
			continue
		}
		text := strings.Trim(string(item.Details), "[]{} ")
		if id, ok := strings.CutPrefix(text, `"id":`); ok {
			ids[strings.Trim(id, `" `)] = true
		}
	}
	return ids
}
