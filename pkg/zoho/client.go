package zoho

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"delink/pkg/zoho/internal/web"
)

// MaxIDs is how many related records one delink call can name (D S K): 100 ids of 19 digits and
// their commas are 1,999 of the 2,000 characters that the parameter may have.
const MaxIDs = 100

// FitIDs reports whether n ids fit into one call. longest is how many of them have MaxIDDigits; the
// others are shorter. With the commas between them, they may have 2,000 characters (D).
func FitIDs(n, longest int) bool { return n <= MaxIDs && n*MaxIDDigits-1+longest <= 2000 }

// Versions of the API that know the delink call, the current one last (D).
var Versions = []string{"v2", "v2.1", "v3", "v4", "v5", "v6", "v7", "v8"}

// readVersion is the version of all calls but the delink, whose older forms are known, too.
const readVersion = "v8"

// Client makes calls, one attempt each. It is safe for concurrent use.
type Client struct {
	tokens  Tokens
	http    *http.Client
	options Options

	mu        sync.Mutex
	credits   int       // what the CRM last said it has left; -1 is unknown
	creditsAt time.Time // when it said so
	unheard   int       // calls since then whose answers were lost
	unheardAt time.Time // when the last of them ended
}

// Options are a client's settings.
type Options struct {
	APIDomain string        // base URL; beats the one that comes with a token; needed if none does
	Fallback  string        // base URL for tokens that come without one
	Version   string        // of the API: one of Versions
	Timeout   time.Duration // of one call, with its answer
	UserAgent string

	// Observe is told of each call that was answered. It may be nil. Calls in flight at the same time
	// call it at the same time.
	Observe func(Exchange)
}

// NewClient makes a client. The http client must not have a time-out of its own.
func NewClient(tokens Tokens, client *http.Client, o Options) (*Client, error) {
	if !slices.Contains(Versions, o.Version) {
		return nil, fmt.Errorf("API version %q is not known: choose one of %s", o.Version, strings.Join(Versions, ", "))
	}
	return &Client{tokens: tokens, http: web.Direct(client), options: o, credits: -1}, nil
}

// Ready gives the token for the next call, without any wait; false if there is none, and Token has
// to make one.
func (c *Client) Ready() (Token, bool) { return c.tokens.Ready() }

// Token gives the token for the next call, and makes one if there is none. Its error is an *Error:
// Denied if the login is refused, else Unsent.
func (c *Client) Token(ctx context.Context) (Token, error) {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	return c.tokens.Token(ctx)
}

// Renew drops the token with which a call was refused, so that the next call gets another. It
// reports whether the error was about the token in use: of many calls that were refused with the
// same token, only the first.
func (c *Client) Renew(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == BadToken && c.tokens.Refused(e.token)
}

// Credits is what the org has left of its credits, as far as the CRM has said.
func (c *Client) Credits() (n int, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.credits-c.unheard, 0), c.credits >= 0
}

// heardCredits notes what an answer says of the credits. Answers overtake each other. So a larger
// number than before is believed only of a call that was sent after the smaller one came: credits
// of the day before have come back by then.
func (c *Client) heardCredits(n int, sent time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.credits < 0 || n < c.credits || sent.After(c.creditsAt) {
		c.credits, c.creditsAt = n, time.Now()
	}
	if sent.After(c.unheardAt) {
		c.unheard = 0
	}
}

// spentUnheard notes a call whose answer was lost. The call may have used a credit, until an answer
// to a later call says what is left.
func (c *Client) spentUnheard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.credits >= 0 {
		c.unheard++
		c.unheardAt = time.Now()
	}
}

// Base is the base URL that calls go to. It may take a new token to know it.
func (c *Client) Base(ctx context.Context) (string, error) {
	t, err := c.tokens.Token(ctx)
	return c.base(t), err
}

func (c *Client) base(t Token) string {
	return cmp.Or(c.options.APIDomain, t.APIDomain(), c.options.Fallback)
}

// reply is what came over the wire.
type reply struct {
	status int
	header http.Header
	body   []byte
	torn   *Error // the body broke off: what came of it proves nothing
}

// withoutBody is the error of an answer whose body broke off. The status alone says enough where it
// refuses the call for now: too many calls, or a dead token. Else it is not known what the CRM did.
func (r reply) withoutBody(t Token) *Error {
	switch r.status {
	case http.StatusTooManyRequests, http.StatusUnauthorized:
		e := classify(r.status, r.header, nil)
		e.token = t
		return e
	}
	return r.torn
}

// byID reports whether a body with data can be an answer by id: it comes with 200, 207 and 400
// alike (D), but not from a failing server or a refused token.
func (r reply) byID() bool {
	return r.status >= 200 && r.status < 300 ||
		r.status >= 400 && r.status < 500 && r.status != http.StatusUnauthorized && r.status != http.StatusTooManyRequests
}

// call sends one request and reads its whole body, which keeps the connection alive.
func (c *Client) call(ctx context.Context, token Token, method, version, path string) (reply, error) {
	return c.callWith(ctx, token, method, version, path, nil)
}

// callWith is call for a request with a body, which is JSON; nil for none.
func (c *Client) callWith(ctx context.Context, token Token, method, version, path string, content []byte) (reply, error) {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := http.NewRequestWithContext(traced, method, c.base(token)+"/crm/"+version+path, bytes.NewReader(content))
	if err != nil {
		return reply{}, unsent(err)
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+token.Secret()) // not Bearer (D)
	req.Header.Set("User-Agent", c.options.UserAgent)
	if content == nil {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
		req.GetBody = nil // it is sent once
	}
	if method == http.MethodGet {
		web.OnlyOnce(req)
	}
	sent := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		if !connected.Load() {
			e := unsent(hidden(c.tokens, web.Because(ctx, err)))
			e.Hinder(err)
			return reply{}, e
		}
		c.spentUnheard()
		return reply{}, &Error{Kind: Unanswered, Sent: true, Code: CodeNoAnswer, Running: ctx.Err() != nil, Cause: hidden(c.tokens, web.Because(ctx, err))}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, web.MaxBody))
	if n, ok := creditsRemaining(resp.Header); ok {
		c.heardCredits(n, sent)
	} else if resp.StatusCode >= 500 {
		c.spentUnheard()
	}
	got := reply{status: resp.StatusCode, header: resp.Header, body: c.tokens.Hide(body)}
	if err != nil {
		got.torn = &Error{Kind: Unanswered, Sent: true, Status: resp.StatusCode, Code: CodeNoAnswer, Cause: hidden(c.tokens, web.Because(ctx, err))}
	}
	c.observe(req, sent, got)
	return got, nil
}

// limited is for one exchange: a call, or the making of a token.
func (c *Client) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.options.Timeout, errTimeout{c.options.Timeout})
}

type errTimeout struct{ after time.Duration }

func (e errTimeout) Error() string { return fmt.Sprintf("no answer within %v", e.after) }
