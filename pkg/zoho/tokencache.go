package zoho

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// TokenCache keeps the access token of one login in a file of mode 0600, so that runs in a row, or at the same time,
// need one token between them. It is an optimisation: a cache that cannot be read or written is as good as an empty one.
// The nil cache keeps nothing.
type TokenCache struct{ path string }

// NewTokenCache keeps the token of a login in folder. The file's name is a digest of the login and the accounts host, so
// that no login ever sees another's token.
func NewTokenCache(folder string, login Login, accounts string) *TokenCache {
	sum := sha256.Sum256([]byte(accounts + "\n" + login.ClientID + "\n" + login.ClientSecret + "\n" + login.RefreshToken))
	return &TokenCache{path: filepath.Join(folder, "token-"+hex.EncodeToString(sum[:12])+".json")}
}

type cachedToken struct {
	AccessToken string    `json:"access_token"`
	APIDomain   string    `json:"api_domain"`
	Expires     time.Time `json:"expires"`
}

// lockOutFor is how long a login that Zoho has locked out is not asked about again, whichever process was told (R: asking prolongs it).
const lockOutFor = 10 * time.Minute

// lockOut remembers that the login was locked out.
func (c *TokenCache) lockOut(at time.Time) {
	if c != nil {
		_ = os.WriteFile(c.path+".lockout", []byte(at.Add(lockOutFor).UTC().Format(time.RFC3339)), 0o600)
	}
}

// lockedOut is until when the login is not asked about; zero if nothing is known. A clock that was wrong does not lock it out for
// longer than that.
func (c *TokenCache) lockedOut(now time.Time) time.Time {
	if c == nil {
		return time.Time{}
	}
	b, _ := os.ReadFile(c.path + ".lockout")
	until, err := time.Parse(time.RFC3339, string(b))
	if err != nil || !now.Before(until) || until.After(now.Add(lockOutFor)) {
		return time.Time{}
	}
	return until
}

// lock keeps other processes from renewing the same token at the same time.
func (c *TokenCache) lock(ctx context.Context) (unlock func(), err error) {
	if c == nil {
		return func() {}, nil
	}
	if os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return func() {}, nil //nolint:nilerr // without a lock there may be two tokens instead of one, which does no harm
	}
	l := flock.New(c.path + ".lock")
	locked, err := l.TryLockContext(ctx, 50*time.Millisecond)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil || !locked {
		return func() {}, nil //nolint:nilerr // as above
	}
	return func() { _ = l.Unlock() }, nil
}

func (c *TokenCache) load() Token {
	if c == nil {
		return Token{}
	}
	b, err := os.ReadFile(c.path)
	if err != nil {
		return Token{}
	}
	var t cachedToken
	if json.Unmarshal(b, &t) != nil || t.Expires.IsZero() {
		return Token{}
	}
	if !isPrintable(t.AccessToken) { // damaged: it cannot stand in a header
		return Token{}
	}
	domain := t.APIDomain
	if domain != "" {
		if domain, err = CheckBaseURL(domain); err != nil {
			return Token{}
		}
	}
	return Token{value: &t.AccessToken, apiDomain: domain, expires: t.Expires}
}

// keep is store for a token that was not asked for under the lock.
func (c *TokenCache) keep(t Token) {
	unlock, err := c.lock(context.Background())
	if err != nil {
		return
	}
	defer unlock()
	c.store(t)
}

// store replaces the file as a whole: a reader sees the old token or the new one.
func (c *TokenCache) store(t Token) {
	if c == nil || t.expires.IsZero() {
		return
	}
	b, err := json.Marshal(cachedToken{t.secret(), t.apiDomain, t.expires})
	if err != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(c.path), ".token-*") // created with mode 0600
	if err != nil {
		return
	}
	_, err = f.Write(b)
	if closeErr := f.Close(); err != nil || closeErr != nil || os.Rename(f.Name(), c.path) != nil {
		_ = os.Remove(f.Name())
	}
}

// drop forgets a token that the CRM refused, unless another process has made a new one since.
func (c *TokenCache) drop(t Token) {
	if c != nil && c.load().is(t) {
		_ = os.Remove(c.path)
	}
}

// Forget removes the kept token.
func (c *TokenCache) Forget() {
	if c != nil {
		_ = os.Remove(c.path)
	}
}
