package login

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/zoho"
	"delink/pkg/zoho/internal/web"
)

// Cache keeps the access token of one login in a file of mode 0600, so that runs in a row, or at
// the same time, need one token between them. Beside it stands until when the login is locked out.
// The cache is an optimisation: one that cannot be read or written is as good as an empty one. The
// nil cache keeps nothing.
type Cache struct {
	path   string // of the token
	client string // of the lock-out of the client, whatever the refresh token
	disk   disk.OS
}

// NewCache keeps the token of a login in folder. The file's name is a digest of the credentials and
// the accounts host, so that no login ever sees another's token.
func NewCache(folder string, c Credentials, accounts string) *Cache {
	name := func(kind string, parts ...string) string {
		sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
		return filepath.Join(folder, kind+"-"+hex.EncodeToString(sum[:12]))
	}
	return &Cache{
		path:   name("token", accounts, c.ClientID, c.ClientSecret, c.RefreshToken) + ".json",
		client: name("client", accounts, c.ClientID, c.ClientSecret) + ".lockout",
	}
}

// kept is the content of the file.
type kept struct {
	AccessToken string      `json:"access_token"`
	APIDomain   string      `json:"api_domain"`
	Expires     time.Time   `json:"expires"`
	Scopes      string      `json:"scopes,omitempty"`
	Made        []time.Time `json:"made,omitempty"` // when tokens were asked for lately
}

// lockOutFor is how long a login that Zoho has locked out is not asked about again, whichever
// process was told: asking makes the lock-out longer (R).
const lockOutFor = 10 * time.Minute

// lockOut remembers that the login was locked out, and with it its client, so that no grant code is
// exchanged meanwhile.
func (c *Cache) lockOut(at time.Time) {
	if c == nil || os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return
	}
	until := at.Add(lockOutFor).UTC().Format(time.RFC3339)
	for _, name := range []string{c.path + ".lockout", c.client} {
		c.replace(name, []byte(until))
	}
}

// replace writes a file as a whole: a reader sees the old content or the new one. What cannot be
// written is not kept.
func (c *Cache) replace(name string, content []byte) {
	_ = c.disk.Replace(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// LockedOut is the error of a grant code that would be exchanged while the client is locked out;
// nil if it is not, or if nothing is known of it.
func (c *Cache) LockedOut() error {
	if c == nil {
		return nil
	}
	return lockedOut(c.client)
}

// loginLockedOut is the same for a login with a refresh token. Another login of the same client may
// be locked out: Zoho counts tokens for each refresh token (D).
func (c *Cache) loginLockedOut() error {
	if c == nil {
		return nil
	}
	return lockedOut(c.path + ".lockout")
}

// lockedOut reads until when nobody asks. A time that lies too far ahead was written by a clock
// that was wrong.
func lockedOut(path string) error {
	b, _ := os.ReadFile(path)
	until, _ := time.Parse(time.RFC3339, string(b)) // what cannot be read lies long ago
	now := time.Now()
	if !now.Before(until) || until.After(now.Add(lockOutFor)) {
		return nil
	}
	return &zoho.Error{
		Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: zoho.CodeLockedOut, RetryAfter: until.Sub(now),
		Cause: fmt.Errorf("it is not asked again before %s", until.Local().Format("15:04:05")),
	}
}

// lockWait is how long a process waits for another one that makes a token. Exchanges take seconds;
// a process that was stopped in the middle of one would be waited for without end.
const lockWait = 5 * time.Second

// lock keeps other processes from renewing the same token at the same time. Where there is no lock
// to be had, there may be two tokens instead of one, which does no harm. Its only error is that ctx
// has ended.
func (c *Cache) lock(ctx context.Context) (unlock func(), err error) {
	none := func() {}
	if c == nil || os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return none, nil //nolint:nilerr // without a lock there may be two tokens, as above
	}
	wait := lockWait
	if end, ok := ctx.Deadline(); ok { // the exchange needs time as well
		wait = min(wait, time.Until(end)/2)
	}
	for giveUp := time.Now().Add(wait); ; {
		held, failed := c.disk.Lock(c.path)
		switch {
		case failed == nil:
			return held.Unlock, nil
		case !isHeld(failed), !time.Now().Before(giveUp):
			return none, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func isHeld(err error) bool {
	held := new(disk.Locked)
	return errors.As(err, &held)
}

// load gives the token that is kept, and when tokens were asked for lately. What is damaged is no
// token.
func (c *Cache) load() (t token, made []time.Time) {
	if c == nil {
		return token{}, nil
	}
	b, err := os.ReadFile(c.path)
	if err != nil {
		return token{}, nil
	}
	var k kept
	if json.Unmarshal(b, &k) != nil {
		return token{}, nil
	}
	if k.Expires.IsZero() || !web.IsPrintable(k.AccessToken) { // such a text cannot stand in a header
		return token{}, k.Made
	}
	domain := k.APIDomain
	if domain != "" {
		if domain, err = zoho.CheckBaseURL(domain); err != nil {
			return token{}, k.Made
		}
	}
	return token{Token: zoho.NewToken(k.AccessToken, domain), expires: k.Expires, scopes: k.Scopes}, k.Made
}

// store keeps a token, and when tokens were asked for. A token without a known end, or with an API
// domain that only the settings of this run override, is not kept.
func (c *Cache) store(t token, made []time.Time) {
	if c == nil {
		return
	}
	k := kept{Made: made}
	if !t.expires.IsZero() && !t.foreign {
		k.AccessToken, k.APIDomain, k.Expires, k.Scopes = t.Secret(), t.APIDomain(), t.expires, t.scopes
	}
	b, err := json.Marshal(k)
	if err != nil {
		return
	}
	c.disk.Sweep(c.path)
	c.replace(c.path, b)
}

// drop forgets a token that the CRM refused, unless another process has made a new one since.
func (c *Cache) drop(t token) {
	if c == nil {
		return
	}
	if has, made := c.load(); has.Is(t.Token) {
		c.store(token{}, made)
	}
}

// Forget removes the kept token.
func (c *Cache) Forget() {
	if c != nil {
		_ = os.Remove(c.path)
	}
}
