package zoho

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/zoho/emulator"
)

// at is a client with a ready token for a server that listens.
func at(t *testing.T, url string, timeout time.Duration) *Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := &http.Client{Transport: transport}
	client, err := NewClient(ready(""), c,
		Options{APIDomain: url, Version: "v8", Timeout: timeout, UserAgent: "delink/1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// What stands on the wire: the documented call, to the letter.
func TestRequestForm(t *testing.T) {
	var line, agent, authorization, body string
	var encoding []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		line, agent, authorization, body, encoding = r.Method+" "+r.RequestURI, r.UserAgent(), r.Header.Get("Authorization"), string(b), r.TransferEncoding
		_, _ = io.WriteString(w, `{"data":[{"code":"SUCCESS","details":{"id":"1"},"message":"relation removed","status":"success"}]}`)
	}))
	defer server.Close()
	c := at(t, server.URL, time.Minute)
	if _, err := delink(t, c, []ID{idA, idB, idC}); err != nil {
		t.Fatal(err)
	}
	if want := "DELETE /crm/v8/Campaigns/3652397000000400001/Leads?ids=3652397000000900001,3652397000000900002,3652397000000900003"; line != want {
		t.Errorf("%s, want %s", line, want)
	}
	if agent != "delink/1.2.3" || authorization != "Zoho-oauthtoken 1000.ready" || body != "" || encoding != nil {
		t.Errorf("agent %q, authorization %q, body %q, encoding %q", agent, authorization, body, encoding)
	}

	ids := make([]ID, MaxIDs)
	for i := range ids {
		ids[i] = 3652397000000900001 + ID(i)
	}
	if _, err := delink(t, c, ids); err != nil {
		t.Fatal(err)
	}
	_, value, _ := strings.Cut(line, "ids=")
	if len(value) != 1999 || strings.Count(value, ",") != 99 || strings.Contains(line, "%") {
		t.Errorf("ids has %d characters: %s", len(value), line)
	}

	c.options.Version = "v2" // reading is documented for v8 only
	_, _ = linked(t, c, []ID{idA, idB})
	path, query, _ := strings.Cut(line, "?")
	if path != "GET /crm/v8/Campaigns/3652397000000400001/Leads" {
		t.Error(line)
	}
	for _, want := range []string{"fields=id", "converted=both", "approved=both", "ids=3652397000000900001,3652397000000900002"} {
		if !strings.Contains("&"+query+"&", "&"+want+"&") {
			t.Errorf("%s is not in %s", want, query)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, v := range append([]string{"v1", "8", ""}, Versions...) {
		_, err := NewClient(nil, http.DefaultClient, Options{Version: v})
		if (err == nil) != (strings.HasPrefix(v, "v") && v != "v1") {
			t.Errorf("%q: %v", v, err)
		}
	}
}

// The host of a call: the setting beats the token's, and that the fallback.
func TestAPIDomain(t *testing.T) {
	for _, c := range []struct{ set, token, fallback, want string }{
		{"https://set.example", "https://token.example", "https://fallback.example", "set.example"},
		{"", "https://token.example", "https://fallback.example", "token.example"},
		{"", "", "https://fallback.example", "fallback.example"},
	} {
		var host string
		client := &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
			host = r.URL.Host
			return canned{status: 204}.RoundTrip(r)
		})}
		z, err := NewClient(ready(c.token), client,
			Options{APIDomain: c.set, Fallback: c.fallback, Version: "v8", Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = linked(t, z, []ID{idA}); err != nil || host != c.want {
			t.Errorf("%+v: %s, %v", c, host, err)
		}
	}
}

// trip is a transport.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRedirectsAreNotFollowed(t *testing.T) {
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		_, err := delink(t, at(t, server.URL, time.Minute), []ID{idA})
		if e := failure(t, err); e.Kind != Refused || e.Scope != ScopeRun || e.Code != CodeRedirected {
			t.Errorf("%d: %+v", status, e)
		}
		server.Close()
	}
	if n := followed.Load(); n > 0 {
		t.Errorf("followed %d times", n)
	}
}

// Whether a call reached the CRM decides what may have become of its ids.
func TestSentOrUnsent(t *testing.T) {
	raw := func(serve func(net.Conn)) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				serve(c)
			}
		}()
		return "http://" + l.Addr().String()
	}
	read := func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }
	refused := httptest.NewServer(nil)
	refused.Close()
	for _, c := range []struct {
		name, url string
		kind      Kind
		code      string
	}{
		{"nobody listens", refused.URL, Unsent, CodeNotConnected},
		{"no such host", "http://nowhere.invalid", Unsent, CodeNotConnected},
		{"no TLS", strings.Replace(raw(func(c net.Conn) { read(c); _ = c.Close() }), "http:", "https:", 1), Unsent, CodeNotConnected},
		{"closed without an answer", raw(func(c net.Conn) { read(c); _ = c.Close() }), Unanswered, CodeNoAnswer},
		{"reset", raw(func(c net.Conn) { read(c); _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() }), Unanswered, CodeNoAnswer},
		{"no HTTP", raw(func(c net.Conn) { read(c); _, _ = io.WriteString(c, "SSH-2.0\r\n\r\n"); _ = c.Close() }), Unanswered, CodeNoAnswer},
		{"torn", raw(func(c net.Conn) {
			read(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"data\":[{\"code\":")
			_ = c.Close()
		}), Unanswered, CodeNoAnswer},
		{"torn refusal", raw(func(c net.Conn) {
			read(c)
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 1000\r\n\r\n{\"code\":\"INVALID_")
			_ = c.Close()
		}), Unanswered, CodeNoAnswer},
		{"torn refusal that can be read", raw(func(c net.Conn) {
			read(c)
			body := `{"data":[{"code":"INVALID_DATA","details":{"id":"3652397000000900001"},"message":"relation not found","status":"error"}]}`
			_, _ = fmt.Fprintf(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s", len(body)+1, body)
			_ = c.Close()
		}), Unanswered, CodeNoAnswer},
		{"torn, dead token", raw(func(c net.Conn) {
			read(c)
			_, _ = io.WriteString(c, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n{\"code\":")
			_ = c.Close()
		}), BadToken, "INVALID_TOKEN"},
		{"torn, too many", raw(func(c net.Conn) {
			read(c)
			_, _ = io.WriteString(c, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 1000\r\n\r\n<html>")
			_ = c.Close()
		}), Throttled, "TOO_MANY_REQUESTS"},
		{"torn permission", raw(func(c net.Conn) {
			read(c)
			_, _ = io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\n{\"code\":\"NO_PERMISSION\"}")
			_ = c.Close()
		}), Unanswered, CodeNoAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := delink(t, at(t, c.url, time.Minute), []ID{idA})
			e := failure(t, err)
			if e.Kind != c.kind || e.Sent == (c.kind == Unsent) || e.Code != c.code || (e.Scope == ScopeBatch) != (c.kind == Unsent || c.kind == Unanswered) {
				t.Errorf("%+v", e)
			}
			if s := e.Error(); strings.Contains(s, "127.0.0.1") || strings.Contains(s, idA.String()) || strings.Contains(s, "1000.ready") {
				t.Errorf("too much is said: %s", s)
			}
		})
	}
}

// Errors of a transport say what happened, and nothing that differs from call to call: equal causes
// group.
func TestTransportErrorsInWords(t *testing.T) {
	addr := func(port int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }
	op := func(op string, err error) error {
		return &net.OpError{Op: op, Net: "tcp", Source: addr(50598), Addr: addr(443), Err: err}
	}
	call := func(name string, no syscall.Errno) error { return os.NewSyscallError(name, no) }
	for _, c := range []struct {
		err  error
		want string
	}{
		{op("read", call("read", syscall.ECONNRESET)), "connection reset by peer"},
		{op("write", call("write", syscall.EPIPE)), "broken pipe"},
		{op("dial", call("connect", syscall.ECONNREFUSED)), "connection refused"},
		{op("dial", &net.DNSError{Err: "no such host", Name: "www.zohoapis.example", Server: "10.0.0.2:53"}), "the name www.zohoapis.example cannot be looked up: no such host"},
		{op("dial", os.ErrDeadlineExceeded), "no connection in time"},
		{op("read", os.ErrDeadlineExceeded), "no answer in time"},
		{op("proxyconnect", op("dial", call("connect", syscall.ECONNREFUSED))), "the proxy: connection refused"},
		{op("remote error", errors.New("tls: handshake failure")), "tls: handshake failure"},
		{io.EOF, "the connection was closed before the answer came"},
		{io.ErrUnexpectedEOF, "the connection was closed in the middle of the answer"},
		{errors.New("http: server closed idle connection"), "the connection was closed before the answer came"},
		{errors.New("net/http: TLS handshake timeout"), "no secure connection in time"},
		{errors.New("stream error: stream ID 7; INTERNAL_ERROR; received from peer"), "the other side gave the call up: INTERNAL_ERROR; received from peer"},
		{errors.New(`http2: server sent GOAWAY and closed the connection; LastStreamID=7, ErrCode=NO_ERROR, debug=""`), "the connection was closed before the answer came"},
		{errors.New("something else"), "something else"},
	} {
		broken := trip(func(*http.Request) (*http.Response, error) { return nil, c.err })
		_, err := delink(t, over(t, broken), []ID{idA})
		if e := failure(t, err); e.Cause.Error() != c.want {
			t.Errorf("%v: %q, want %q", c.err, e.Cause, c.want)
		}
	}
}

// A certificate that is not trusted and a proxy that refuses are lasting: another try would fail in
// the same way.
func TestLastingObstacles(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer refusing.Close()
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer busy.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, c := range []struct {
		name, url, proxy string
		code             string
		lasting          bool
	}{
		{"certificate of nobody", secure.URL, "", CodeNotTrusted, true},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), "", CodeNotTrusted, true},
		{"proxy that wants a password", "https://api.example", refusing.URL, CodeProxy, true},
		{"proxy that is not there", "https://api.example", gone.URL, CodeProxy, true},
		{"proxy in trouble", "https://api.example", busy.URL, CodeNotConnected, false},
		{"nobody listens", gone.URL, "", CodeNotConnected, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			if c.proxy != "" {
				u, err := url.Parse(c.proxy)
				if err != nil {
					t.Fatal(err)
				}
				transport.Proxy = http.ProxyURL(u)
			}
			client, err := NewClient(ready(""), &http.Client{Transport: transport}, Options{APIDomain: c.url, Version: "v8", Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			_, err = delink(t, client, []ID{1})
			if e := failure(t, err); e.Kind != Unsent || e.Sent || e.Code != c.code || e.Lasting != c.lasting || strings.Contains(e.Error(), "127.0.0.1") && !strings.Contains(e.Error(), "x509") {
				t.Errorf("%v: %+v", err, e)
			}
		})
	}
}

// A kept connection that has died in the meantime is not the call's fault, and no call is sent
// twice by the transport.
func TestCallsAreNotReplayed(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 2 { // the work is done; its answer is lost on a connection that was used before
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"code":"SUCCESS","details":{"id":"1"},"message":"relation removed","status":"success"}]}`)
	}))
	defer server.Close()
	c := at(t, server.URL, time.Minute)
	if _, err := delink(t, c, []ID{1}); err != nil {
		t.Fatal(err)
	}
	_, err := delink(t, c, []ID{1})
	if e := failure(t, err); e.Kind != Unanswered || calls.Load() != 2 {
		t.Errorf("%+v after %d calls", e, calls.Load())
	}
}

// Nor is a look-up, which package net/http may send again by itself because it is a GET.
func TestReadsAreNotReplayed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var requests atomic.Int32
	var heads atomic.Value // of the last request
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { // answers the first request, and closes the connection instead of an answer to the next
				defer conn.Close()
				in := bufio.NewReader(conn)
				for i := 0; ; i++ {
					head := ""
					for !strings.HasSuffix(head, "\r\n\r\n") {
						line, err := in.ReadString('\n')
						if err != nil {
							return
						}
						head += line
					}
					requests.Add(1)
					heads.Store(head)
					if i > 0 {
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"data\":[]}")
				}
			}()
		}
	}()
	c := at(t, "http://"+listener.Addr().String(), time.Minute)
	if _, err := linked(t, c, []ID{1}); err != nil {
		t.Fatal(err)
	}
	_, err = linked(t, c, []ID{1})
	if e := failure(t, err); e.Kind != Unanswered || requests.Load() != 2 {
		t.Errorf("%+v after %d requests", e, requests.Load())
	}
	if head := strings.ToLower(heads.Load().(string)); strings.Contains(head, "content-length") || strings.Contains(head, "transfer-encoding") {
		t.Errorf("the request tells of a body:\n%s", head)
	}
}

// The empty body that keeps a look-up from being sent twice does no harm in HTTP/2.
func TestReadsOverHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if r.ProtoMajor != 2 || len(body) > 0 || err != nil || r.Method != http.MethodGet {
			t.Errorf("%s %s, body %q, %v", r.Method, r.Proto, body, err)
		}
		_, _ = io.WriteString(w, `{"data":[{"id":"1"}]}`)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client, err := NewClient(ready(""), server.Client(), Options{APIDomain: server.URL, Version: "v8", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if yes, err := linked(t, client, []ID{1, 2}); err != nil || !yes[0] || yes[1] {
			t.Error(yes, err)
		}
	}
}

func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := trip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		slow := trip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: endless{r.Context()}}, nil
		})
		for name, transport := range map[string]trip{"no answer": hang, "no end": slow} {
			start := time.Now()
			_, err := delink(t, over(t, transport), []ID{1})
			e := failure(t, err)
			if time.Since(start) != time.Minute || !strings.Contains(e.Error(), "no answer within 1m0s") {
				t.Errorf("%s: %v after %v", name, e, time.Since(start))
			}
			if name == "no end" && e.Kind != Unanswered {
				t.Errorf("%+v", e)
			}
		}
		why := errors.New("told to leave")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(why) })
		if _, err := over(t, hang).Delink(ctx, Token{}, campaignLeads, parentID, []ID{1}); !errors.Is(err, why) {
			t.Error(err)
		}
	})
}

type endless struct{ ctx context.Context }

func (e endless) Read([]byte) (int, error) { <-e.ctx.Done(); return 0, e.ctx.Err() }
func (endless) Close() error               { return nil }

func TestLinked(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   [2]bool
		code   string
	}{
		{"both", 200, `{"data":[{"id":"3652397000000900002"},{"id":"3652397000000900001"}],"info":{"more_records":false}}`, [2]bool{true, true}, ""},
		{"one", 200, `{"data":[{"id":"3652397000000900002"}]}`, [2]bool{false, true}, ""},
		{"none", 204, "", [2]bool{}, ""},
		{"none, otherwise", 200, `{"data":[]}`, [2]bool{}, ""},
		{"ids as numbers, byte order mark", 200, "\ufeff{\"data\":[{\"id\":3652397000000900001}]} \n", [2]bool{true, false}, ""},
		{"not filtered", 200, `{"data":[{"id":"3652397000000900001"},{"id":"3652397000000999999"}]}`, [2]bool{}, CodeForeignAnswer},
		{"more to come", 200, `{"data":[{"id":"3652397000000900001"}],"info":{"more_records":true}}`, [2]bool{}, CodeForeignAnswer},
		{"counted", 200, `{"data":[{"id":"3652397000000900001"}],"info":{"count":1,"more_records":false}}`, [2]bool{true, false}, ""},
		{"none, counted", 200, `{"data":[],"info":{"count":0}}`, [2]bool{}, ""},
		{"fewer than counted", 200, `{"data":[{"id":"3652397000000900001"}],"info":{"count":2,"more_records":false}}`, [2]bool{}, CodeForeignAnswer},
		{"none, and some counted", 200, `{"data":[],"info":{"count":2}}`, [2]bool{}, CodeForeignAnswer},
		{"an error beside data", 200, `{"code":"INTERNAL_ERROR","message":"x","status":"error","data":[]}`, [2]bool{}, "INTERNAL_ERROR"},
		{"an unknown error beside data", 200, `{"code":"X","data":[{"id":"3652397000000900001"}]}`, [2]bool{}, "X"},
		{"status alone beside data", 200, `{"status":"error","data":[]}`, [2]bool{}, CodeForeignAnswer},
		{"a message beside data", 200, `{"message":"try again","data":[]}`, [2]bool{}, CodeForeignAnswer},
		{"another kind of error beside data", 200, `{"error":"TOO_MANY_REQUESTS","data":[]}`, [2]bool{}, CodeForeignAnswer},
		{"a known error instead of data", 200, `{"code":"INVALID_MODULE","message":"x","status":"error"}`, [2]bool{}, CodeForeignAnswer},
		{"a refusal beside data", 200, `{"code":"OAUTH_SCOPE_MISMATCH","message":"x","status":"error","data":[]}`, [2]bool{}, CodeForeignAnswer},
		{"another page, without saying so", 200, `{"data":[],"info":{"next_page_token":"abc","more_records":false}}`, [2]bool{}, CodeForeignAnswer},
		{"another page, without saying so at all", 200, `{"data":[{"id":"3652397000000900001"}],"info":{"next_page_token":"abc"}}`, [2]bool{}, CodeForeignAnswer},
		{"no other page", 200, `{"data":[{"id":"3652397000000900001"}],"info":{"next_page_token":null,"page":1}}`, [2]bool{true, false}, ""},
		{"the second page", 200, `{"data":[],"info":{"page":2}}`, [2]bool{}, CodeForeignAnswer},
		{"data twice", 200, `{"data":[{"id":"3652397000000900001"}],"data":[]}`, [2]bool{}, CodeForeignAnswer},
		{"info twice", 200, `{"data":[],"info":{"more_records":true},"info":{"more_records":false}}`, [2]bool{}, CodeForeignAnswer},
		{"one twice", 200, `{"data":[{"id":"3652397000000900001"},{"id":"3652397000000900001"}],"info":{"count":2}}`, [2]bool{}, CodeForeignAnswer},
		{"more records said in words", 200, `{"data":[],"info":{"more_records":"true"}}`, [2]bool{}, CodeForeignAnswer},
		{"nameless", 200, `{"data":[{}]}`, [2]bool{}, CodeForeignAnswer},
		{"no data", 200, `{"data":null}`, [2]bool{}, CodeForeignAnswer},
		{"nothing", 200, "", [2]bool{}, CodeForeignAnswer},
		{"page", 200, "<html>", [2]bool{}, CodeForeignAnswer},
		{"data with an error status", 400, `{"data":[{"id":"3652397000000900001"}]}`, [2]bool{}, CodeForeignAnswer},
		{"part", 206, `{"data":[{"id":"3652397000000900001"}]}`, [2]bool{}, CodeForeignAnswer},
		{"refused", 401, `{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"x","status":"error"}`, [2]bool{}, "OAUTH_SCOPE_MISMATCH"},
		{"broken", 500, "", [2]bool{}, CodeServerError},
	} {
		t.Run(c.name, func(t *testing.T) {
			linked, err := linked(t, over(t, canned{status: c.status, body: c.body}), []ID{idA, idB})
			if c.code != "" {
				if e := failure(t, err); e.Code != c.code {
					t.Errorf("%+v", e)
				}
				return
			}
			if err != nil || len(linked) != 2 || [2]bool(linked) != c.want {
				t.Errorf("%v, %v", linked, err)
			}
		})
	}
}

// Answers overtake each other; what is left is never thought to be more than it is.
func TestCredits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(t, trip(func(r *http.Request) (*http.Response, error) {
			id := r.URL.Query().Get("ids")
			h := http.Header{}
			switch id { // the first answer is slow, and older than the second
			case "1":
				<-time.After(2 * time.Second)
				h.Set("X-API-CREDITS-REMAINING", "100")
			case "2":
				<-time.After(time.Second)
				h.Set("X-API-CREDITS-REMAINING", "99")
			case "3":
				h.Set("X-API-CREDITS-REMAINING", "4000")
			case "5":
				h.Set("X-API-CREDITS-REMAINING", "-7")
			case "4":
				h.Set("X-API-CREDITS-REMAINING", "many")
			}
			return canned{204, "", h}.RoundTrip(r)
		}))
		want := func(n int, known bool) {
			t.Helper()
			if got, ok := c.Credits(); got != n || ok != known {
				t.Errorf("%d, %v, want %d, %v", got, ok, n, known)
			}
		}
		call := func(id ID) { _, _ = linked(t, c, []ID{id}) }
		want(0, false)
		call(4)
		want(0, false)
		go call(1)
		go call(2)
		<-time.After(1500 * time.Millisecond)
		want(99, true)
		<-time.After(time.Second)
		want(99, true)
		call(4)
		want(99, true)
		call(3) // sent after the last answer came: credits of the day before have come back
		want(4000, true)
		call(5) // overdrawn
		want(0, true)
	})
}

// Against the emulator, which was written without this package in view.
func TestEmulator(t *testing.T) {
	var config emulator.Config
	if err := config.SetAll("order=shuffled", "no-details=never", "id-form=number", "wording=varied", "decor=both"); err != nil {
		t.Fatal(err)
	}
	crm := emulator.New(config)
	crm.Link("Campaigns", uint64(parentID), "Leads", uint64(idA), uint64(idB))
	server := httptest.NewServer(crm)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	z, err := NewClient(&oneToken{token: NewToken(emulator.Default().AccessToken, "")}, client, Options{APIDomain: server.URL, Version: "v8", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	linked, err := linked(t, z, []ID{idC, idA, idB})
	if err != nil || fmt.Sprint(linked) != "[false true true]" {
		t.Fatal(linked, err)
	}
	answer, err := delink(t, z, []ID{idC, idA, idB})
	if err != nil || answer.Items[0].Verdict != Absent || answer.Items[1].Verdict != Removed || answer.Items[2].Verdict != Removed {
		t.Fatal(answer, err)
	}
	if b := crm.Books(); b.Removed != 2 || b.Encoded != 0 || len(b.Violations) > 0 {
		t.Errorf("%+v", b)
	}
}

// A page of any length is read to no more than a bound.
func TestEndlessBody(t *testing.T) {
	c := over(t, trip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"data":["`), zeros{}))}, nil
	}))
	_, err := delink(t, c, []ID{1})
	if e := failure(t, err); e.Kind != Unanswered {
		t.Errorf("%+v", e)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("0"), len(p))), nil }
