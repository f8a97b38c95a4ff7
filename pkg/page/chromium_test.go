package page

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// chromium is a browser without a window. It is spoken to in the DevTools protocol, over two pipes:
// JSON messages with a zero byte behind each.
type chromium struct {
	t    *testing.T
	in   io.WriteCloser
	mu   sync.Mutex
	next int
	open map[int]chan message // answers that are waited for
}

// message is an answer or an event.
type message struct {
	ID      int             `json:"id"`
	Session string          `json:"sessionId"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct{ Message string }
}

// patience is how long a browser may take for anything. It is long, for machines under load.
const patience = 90 * time.Second

// findChromium gives the program, or skips the test.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("DELINK_NEEDS_BROWSER") != "" {
		t.Fatal("there is no Chromium, and DELINK_NEEDS_BROWSER says that there must be one")
	}
	t.Skip("\n\n*** NOT TESTED: there is no Chromium on the PATH, so no page was opened in a browser.\n*** On Debian: apt-get install chromium\n")
	return ""
}

// startChromium starts a browser that ends with the test. events gets what it tells.
func startChromium(t *testing.T, events func(message)) *chromium {
	t.Helper()
	path := findChromium(t)
	if runtime.GOOS == "windows" {
		t.Skip("pipes to the browser have other numbers here")
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("", "delink-chromium")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(
		ctx, path, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
		"--user-data-dir="+filepath.Join(home, "profile"), "about:blank",
	)
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4
	cmd.Env = append(os.Environ(), "HOME="+home)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirIn.Close()
	_ = theirOut.Close()
	c := &chromium{t: t, in: in, open: map[int]chan message{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read(out, events)
	}()
	t.Cleanup(func() {
		_, _ = c.call("", "Browser.close", nil)
		ended := time.AfterFunc(10*time.Second, stop)
		_ = cmd.Wait()
		ended.Stop()
		stop()
		_ = in.Close()
		<-read
		_ = out.Close()
		_ = os.RemoveAll(home)
	})
	return c
}

func (c *chromium) read(out io.Reader, events func(message)) {
	r := bufio.NewReaderSize(out, 1<<20)
	for {
		b, err := r.ReadBytes(0)
		if err != nil {
			break
		}
		var m message
		if json.Unmarshal(b[:len(b)-1], &m) != nil {
			continue
		}
		if m.ID == 0 {
			events(m)
			continue
		}
		c.mu.Lock()
		answer := c.open[m.ID]
		delete(c.open, m.ID)
		c.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, answer := range c.open {
		close(answer)
		delete(c.open, id)
	}
}

// call calls a method of the protocol. session is empty for the browser as a whole.
func (c *chromium) call(session, method string, params any) (json.RawMessage, error) {
	answer := make(chan message, 1)
	c.mu.Lock()
	c.next++
	id := c.next
	c.open[id] = answer
	b, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if session != "" {
		b, err = json.Marshal(map[string]any{"id": id, "method": method, "params": params, "sessionId": session})
	}
	if err == nil {
		_, err = c.in.Write(append(b, 0))
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case m, ok := <-answer:
		if !ok {
			return nil, errors.New("the browser has ended")
		}
		if m.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		return m.Result, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("%s: no answer", method)
	}
}

// tab is a page in the browser, and all that went on in it.
type tab struct {
	*chromium
	session string

	heard    sync.Mutex
	loaded   chan struct{}
	requests []string // what it asked for, by address
	troubles []string // errors, warnings, and violations of the policy
}

// newTab starts a browser with one tab.
func newTab(t *testing.T) *tab {
	t.Helper()
	p := &tab{loaded: make(chan struct{}, 10)}
	p.chromium = startChromium(t, p.event)
	var target struct{ TargetID string }
	p.into(&target, "", "Target.createTarget", map[string]any{"url": "about:blank"})
	var session struct{ SessionID string }
	p.into(&session, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	p.session = session.SessionID
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		p.do(domain+".enable", nil)
	}
	p.do("Page.addScriptToEvaluateOnNewDocument", map[string]any{
		"source": `addEventListener("securitypolicyviolation", e => console.error("violation of " + e.violatedDirective + " by " + e.blockedURI))`,
	})
	return p
}

func (p *tab) event(m message) {
	p.heard.Lock()
	defer p.heard.Unlock()
	switch m.Method {
	case "Page.loadEventFired":
		p.loaded <- struct{}{}
	case "Network.requestWillBeSent":
		var e struct{ Request struct{ URL string } }
		_ = json.Unmarshal(m.Params, &e)
		p.requests = append(p.requests, e.Request.URL)
	case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled":
		p.troubles = append(p.troubles, string(m.Params))
	}
}

// heardOf gives what went on since it was asked last.
func (p *tab) heardOf() (requests, troubles []string) {
	p.heard.Lock()
	defer p.heard.Unlock()
	requests, troubles = p.requests, p.troubles
	p.requests, p.troubles = nil, nil
	return requests, troubles
}

func (p *tab) into(to any, session, method string, params any) {
	p.t.Helper()
	b, err := p.call(session, method, params)
	if err == nil && to != nil {
		err = json.Unmarshal(b, to)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) do(method string, params any) {
	p.t.Helper()
	p.into(nil, p.session, method, params)
}

// visit opens a file.
func (p *tab) visit(path string) {
	p.t.Helper()
	p.do("Page.navigate", map[string]any{"url": "file://" + path})
	select {
	case <-p.loaded:
	case <-time.After(patience):
		p.t.Fatal("the page did not load")
	}
}

// eval gives the value of an expression of the page, as JSON would have it. A promise is waited for.
func (p *tab) eval(expression string, to any) {
	p.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	p.into(&answer, p.session, "Runtime.evaluate", map[string]any{
		"expression": expression, "returnByValue": true, "awaitPromise": true, "allowUnsafeEvalBlockedByCSP": false, "userGesture": true,
	})
	if answer.ExceptionDetails != nil {
		p.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	if to == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, to); err != nil {
		p.t.Fatalf("%s: %v in %s", expression, err, answer.Result.Value)
	}
}

// text is a text of the page.
func (p *tab) text(expression string) (s string) {
	p.t.Helper()
	p.eval(expression, &s)
	return s
}

// until waits until an expression of the page is true.
func (p *tab) until(expression string) {
	p.t.Helper()
	p.eval(`new Promise((done, not) => {
		const end = Date.now() + `+fmt.Sprint(patience.Milliseconds()/2)+`;
		const look = () => { if (`+expression+`) done(true); else if (Date.now() > end) not(new Error("it does not become true")); else requestAnimationFrame(look); };
		look();
	})`, nil)
}

// look sets the width of the window and the theme.
func (p *tab) look(width, height int, dark bool) {
	p.t.Helper()
	p.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
	theme := "light"
	if dark {
		theme = "dark"
	}
	p.do("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": theme}}})
	p.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))", nil)
}

// picture takes a picture of the page, from its top to its end, or to height if that is not 0.
func (p *tab) picture(height int) []byte {
	p.t.Helper()
	var size struct {
		CSSContentSize struct{ Width, Height float64 }
	}
	p.into(&size, p.session, "Page.getLayoutMetrics", nil)
	if height > 0 {
		size.CSSContentSize.Height = float64(height)
	}
	var shot struct{ Data string }
	p.into(&shot, p.session, "Page.captureScreenshot", map[string]any{
		"format": "png", "captureBeyondViewport": true,
		"clip": map[string]any{"x": 0, "y": 0, "width": size.CSSContentSize.Width, "height": size.CSSContentSize.Height, "scale": 1},
	})
	return p.decoded(shot.Data)
}

// print gives the page as PDF.
func (p *tab) print() []byte {
	p.t.Helper()
	var printed struct{ Data string }
	p.into(&printed, p.session, "Page.printToPDF", map[string]any{"printBackground": true, "preferCSSPageSize": false, "paperWidth": 8.27, "paperHeight": 11.69})
	return p.decoded(printed.Data)
}

func (p *tab) decoded(data string) []byte {
	p.t.Helper()
	b, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}
