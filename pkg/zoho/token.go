package zoho

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Token is an access token and where it is good. It is never printed: its own text is a
// placeholder, and inside of other values, where package fmt does not ask for that text, it is an
// address.
type Token struct {
	value     *string // nil for no token
	apiDomain string
}

// NewToken makes a token of its secret text. apiDomain is the base URL of the API where the token's
// org lives; it is empty where that is not known.
func NewToken(secret, apiDomain string) Token { return Token{value: &secret, apiDomain: apiDomain} }

// Secret is the token's text, for a header or a file that only its owner can read. It is empty for
// no token.
func (t Token) Secret() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// APIDomain is the base URL of the API where the token's org lives; empty where that is not known.
func (t Token) APIDomain() string { return t.apiDomain }

// Is reports whether two tokens are the same secret.
func (t Token) Is(other Token) bool { return t.Secret() == other.Secret() }

func (t Token) String() string { return "(access token)" }

// Format prints String, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// Tokens hands out the access token for calls. Package login has the implementation.
type Tokens interface {
	// Ready gives the current token if it can be used, without any wait.
	Ready() (Token, bool)
	// Token gives the current token, or makes one. Its error is an *Error: Denied if the login is
	// refused, else Unsent.
	Token(ctx context.Context) (Token, error)
	// Refused says that the CRM did not accept a token. It reports whether that was the current
	// one: of many calls that were refused with the same token, only the first makes a difference.
	Refused(t Token) bool
	// Hide replaces the login's secrets in what a server sent. Where there is none, it gives back
	// what it was given.
	Hide(b []byte) []byte
}

// hidden takes secrets out of an error's text. An error without any stays itself.
func hidden(tokens Tokens, err error) error {
	text := err.Error()
	if safe := string(tokens.Hide([]byte(text))); safe != text {
		return errors.New(safe)
	}
	return err
}
