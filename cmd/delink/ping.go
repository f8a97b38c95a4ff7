package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"delink/pkg/crash"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/report"
)

// The URL of a monitor is a secret: whoever has it can say that all is well. It comes from the
// environment or a file, and stands in no message.

// pingURLName is the variable that has the URL.
const pingURLName = "DELINK_PING_URL"

// codePlace is what the exit code takes the place of in a URL.
const codePlace = "{code}"

// pingURL reads the URL of the monitor. It returns nil if there is none.
func (p *program) pingURL(f *monitorFlags) (*url.URL, error) {
	name, text := pingURLName, unquoted(p.getenv(pingURLName))
	if f.pingURLFile != "" {
		name = "--ping-url-file"
		file, err := os.Open(f.pingURLFile)
		if err != nil {
			return nil, &job.Refusal{Cause: name, Err: err}
		}
		defer file.Close()
		b, err := io.ReadAll(io.LimitReader(file, maxSecret))
		if err != nil {
			return nil, &job.Refusal{Cause: name, Err: err}
		}
		if text = unquoted(string(b)); text == "" {
			return nil, &job.Refusal{Cause: fmt.Sprintf("%s: %s is empty", name, f.pingURLFile)}
		}
	}
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(strings.ReplaceAll(text, codePlace, codeMark))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, &job.Refusal{Cause: name + " does not hold the URL of a monitor", Hint: "put there the URL alone, on one line: https://…"}
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, &job.Refusal{Cause: name + " holds a URL with http, and everybody on the way could read it", Hint: "use https"}
	}
	return u, nil
}

// codeMark stands for codePlace in a URL that was taken apart.
const codeMark = "delink-exit-code"

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// pinger tells a monitor of the start and the end of a run.
type pinger struct {
	url    *url.URL
	client *http.Client
	note   func(string)
	cancel context.CancelFunc // ends the ping of the start
	begun  chan struct{}      // closed when it has ended
}

const (
	// pingTime is how long a monitor is waited for.
	pingTime = 10 * time.Second
	// pingTries is how often a monitor is called that does not answer.
	pingTries = 2
	pingPause = time.Second
)

func newPinger(u *url.URL, note func(string)) *pinger {
	return &pinger{url: u, note: note, client: &http.Client{
		Timeout:       pingTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// start tells of the start of a run, which does not wait for that.
func (p *pinger) start() {
	ctx, cancel := stopContext(pingTries * (pingTime + pingPause))
	p.cancel, p.begun = cancel, make(chan struct{})
	go func() {
		defer crash.Guard()
		defer close(p.begun)
		p.send(ctx, p.place("start"), nil, "start")
	}()
}

// end tells of the end of a run, with the summary.
func (p *pinger) end(s *report.Summary, code int) {
	select {
	case <-p.begun: // so that the start does not come behind the end
	default:
		time.AfterFunc(pingPause, p.cancel)
		<-p.begun
	}
	p.cancel()
	var body bytes.Buffer
	if s != nil {
		_ = s.Encode(&body) // a buffer takes everything
	} else {
		fmt.Fprintf(&body, "{\"exit_code\": %d}\n", code)
	}
	where := p.place("")
	switch {
	case p.hasPlace():
		where = p.place(strconv.Itoa(code))
	case !isFine(s, code):
		where = p.place("fail")
	}
	ctx, cancel := stopContext(pingTries * (pingTime + pingPause))
	defer cancel()
	p.send(ctx, where, body.Bytes(), "end")
}

// isFine reports whether a run ended as it was to: all is as wanted, or a budget of the user has
// ended it, and the next run goes on.
func isFine(s *report.Summary, code int) bool {
	planned := s != nil && (s.Reason == outcome.Deadline || s.Reason == outcome.MaxCalls || s.Reason == outcome.Credits)
	return code == outcome.ExitDone || code == outcome.ExitStopped && planned
}

// hasPlace reports whether the URL says where the exit code goes.
func (p *pinger) hasPlace() bool { return strings.Contains(p.url.String(), codeMark) }

// place gives the URL for a word: in the place for it, or else at the end of the path.
func (p *pinger) place(word string) string {
	if p.hasPlace() {
		return strings.ReplaceAll(p.url.String(), codeMark, word)
	}
	if word == "" {
		return p.url.String()
	}
	return p.url.JoinPath(word).String()
}

// send calls the monitor, and once more if that fails.
func (p *pinger) send(ctx context.Context, where string, body []byte, of string) {
	for try := 1; ; try++ {
		fault := p.call(ctx, where, body)
		if fault == "" || errors.Is(ctx.Err(), context.Canceled) {
			return
		}
		if try < pingTries {
			select {
			case <-time.After(pingPause):
				continue
			case <-ctx.Done():
			}
		}
		p.note(fmt.Sprintf("the monitor was not told of the %s of the run: %s", of, fault))
		return
	}
}

// call makes one call. It returns what went wrong, without the URL, which errors of package net/http
// have in them.
func (p *pinger) call(ctx context.Context, where string, body []byte) (fault string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, where, bytes.NewReader(body))
	if err != nil {
		return "the URL cannot be called"
	}
	req.Header.Set("User-Agent", "delink/"+version)
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer within %d s", int(pingTime.Seconds()))
	case err != nil:
		return "no connection"
	}
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Sprintf("HTTP %d", resp.StatusCode)
	}
	return ""
}
