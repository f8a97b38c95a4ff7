package zoho

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// secrets are what must not come back from a server into a message or a record: proxies and debugging pages echo requests.
// It is never printed.
type secrets struct {
	forms atomic.Pointer[[][]byte] // every form of every secret, the longest first

	mu     sync.Mutex
	values func() (fixed, tokens []string) // a function, into which package fmt does not look
}

const (
	hidden = "***"
	// secretMin is the length from which a secret is one: hiding every "1" would hide what people need to know.
	secretMin = 8
	// tokensMax is how many access tokens are looked for, the newest: 15 are alive at a time (D).
	tokensMax = 16
)

func newSecrets(fixed ...string) *secrets {
	s := &secrets{}
	s.set(fixed, nil)
	return s
}

// token adds an access token.
func (s *secrets) token(t string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fixed, tokens := s.values()
	if t == "" || slices.Contains(tokens, t) {
		return
	}
	tokens = append(slices.Clone(tokens), t)
	s.set(fixed, tokens[max(0, len(tokens)-tokensMax):])
}

// with are these secrets and more.
func (s *secrets) with(more ...string) *secrets {
	s.mu.Lock()
	defer s.mu.Unlock()
	fixed, tokens := s.values()
	return newSecrets(slices.Concat(fixed, tokens, more)...)
}

func (s *secrets) set(fixed, tokens []string) {
	s.values = func() (_, _ []string) { return fixed, tokens }
	var forms []string
	for _, v := range slices.Concat(fixed, tokens) {
		if len(v) < secretMin {
			continue
		}
		escaped, _ := json.Marshal(v) // a string, which cannot fail
		inJSON := string(unescape(escaped[1 : len(escaped)-1]))
		query := url.QueryEscape(v)
		forms = append(forms, v, query, lowerEscapes(query), url.PathEscape(v), inJSON)
	}
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	forms = slices.Compact(forms)
	all := make([][]byte, len(forms))
	for i, f := range forms {
		all[i] = []byte(f)
	}
	s.forms.Store(&all)
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// hide replaces secrets in what a server sent. Where there is none, it gives back what it was given.
func (s *secrets) hide(b []byte) []byte {
	// What is escaped comes first: \u0031000 holds the text 1000, which must not be taken out of it.
	if bytes.Contains(b, []byte(`\/`)) || bytes.Contains(b, []byte(`\u00`)) {
		plain := unescape(b)
		if h := s.replace(plain); !bytes.Equal(h, plain) {
			return h
		}
	}
	return s.replace(b)
}

func (s *secrets) replace(b []byte) []byte {
	for _, f := range *s.forms.Load() {
		if bytes.Contains(b, f) {
			b = bytes.ReplaceAll(b, f, []byte(hidden))
		}
	}
	return b
}

func (s *secrets) hideText(text string) string { return string(s.hide([]byte(text))) }

// hideError takes secrets out of an error's text; an error without any stays itself.
func (s *secrets) hideError(err error) error {
	if text := err.Error(); s.hideText(text) != text {
		return errors.New(s.hideText(text))
	}
	return err
}

// unescape writes what JSON escapes without need as it is: \/ and printable ASCII as \u002f.
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		if b[i+1] == '/' {
			out = append(out, '/')
			i++
			continue
		}
		if b[i+1] == 'u' && i+6 <= len(b) {
			if c, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16); err == nil && c >= ' ' && c <= '~' && c != '"' && c != '\\' {
				out = append(out, byte(c))
				i += 5
				continue
			}
		}
		out = append(out, b[i], b[i+1]) // a pair, so that the second backslash of two begins nothing
		i++
	}
	return out
}
