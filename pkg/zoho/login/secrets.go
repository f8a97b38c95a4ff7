package login

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// secrets are what must not come back from a server into a message or a record: proxies and
// debugging pages echo requests. The type is never printed.
//
// Secrets are looked for in two ways. A secret as a whole is found in every form that JSON and URLs
// give it, whatever stands around it. A part of a secret, or one that is encoded, is found where a
// run of characters that secrets and encodings are made of has enough of it in a row (see leaks).
type secrets struct {
	known atomic.Pointer[known]

	mu     sync.Mutex
	values func() (fixed, tokens []string) // a function, into which package fmt does not look
}

// known are the texts that are looked for.
type known struct {
	forms [][]byte            // every form of every secret, the longest first
	grams map[string]struct{} // every gramLen bytes in a row of every secret
}

const (
	hidden = "***"
	// secretMin is the length from which a secret is one: hiding every "1" would hide what people
	// need to know.
	secretMin = 8
	// gramLen is how many bytes of a secret in a row are recognised. Access tokens begin with
	// "1000." or the like, and go on with 64 hexadecimal digits: so few of them are of no use to
	// anybody.
	gramLen = 12
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
	k := &known{grams: map[string]struct{}{}}
	var forms []string
	for _, v := range slices.Concat(fixed, tokens) {
		if len(v) < secretMin {
			continue
		}
		escaped, _ := json.Marshal(v) // a string, which cannot fail
		inJSON := string(unescape(escaped[1 : len(escaped)-1]))
		query := url.QueryEscape(v)
		forms = append(forms, v, query, lowerEscapes(query), url.PathEscape(v), inJSON)
		for i := 0; i+gramLen <= len(v); i++ {
			if gram := v[i : i+gramLen]; strings.Trim(gram, "0123456789") != "" { // digits alone are ids
				k.grams[gram] = struct{}{}
			}
		}
	}
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	for _, f := range slices.Compact(forms) {
		k.forms = append(k.forms, []byte(f))
	}
	s.known.Store(k)
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

// hide replaces secrets in what a server sent. Where there is none, it gives back what it was
// given.
func (s *secrets) hide(b []byte) []byte {
	k := s.known.Load()
	// What is escaped comes first: \u0031000 holds the text 1000, which must not be taken out of
	// it.
	if bytes.Contains(b, []byte(`\/`)) || bytes.Contains(b, []byte(`\u00`)) {
		plain := unescape(b)
		if h := k.hideRuns(k.replace(plain)); !bytes.Equal(h, plain) {
			return h
		}
	}
	return k.hideRuns(k.replace(b))
}

// replace takes out secrets as a whole.
func (k *known) replace(b []byte) []byte {
	for _, f := range k.forms {
		// The processor looks for up to 63 bytes at once, and tokens are longer. In a text of ids,
		// which begin with the same digits, the difference is tenfold.
		if bytes.Contains(b, f[:min(len(f), 60)]) && bytes.Contains(b, f) {
			b = bytes.ReplaceAll(b, f, []byte(hidden))
		}
	}
	return b
}

// hideRuns takes out runs of characters with a part of a secret.
func (k *known) hideRuns(b []byte) []byte {
	if len(k.grams) == 0 {
		return b
	}
	var out []byte
	done := 0
	for i := gramLen - 1; i < len(b); i += gramLen { // a run that is long enough has one of these places
		if !ofSecrets[b[i]] {
			continue
		}
		start, end := i, i+1
		for start > done && ofSecrets[b[start-1]] {
			start--
		}
		for end < len(b) && ofSecrets[b[end]] {
			end++
		}
		if end-start >= gramLen && k.leaks(b[start:end]) {
			out = append(append(out, b[done:start]...), hidden...)
			done = end
		}
		i = end - end%gramLen - 1 // the last place that is looked at within the run
	}
	if out == nil {
		return b
	}
	return append(out, b[done:]...)
}

// ofSecrets are the characters that secrets, percent-encoding, base64 and hexadecimal are made of.
// Quotes are not: a run ends with its JSON string.
var ofSecrets = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.%+/_-~=") {
		t[c] = true
	}
	return t
}()

// leaks reports whether a run has a part of a secret, as it is, or in percent-encoding, base64 or
// hexadecimal, also if these come in one another.
func (k *known) leaks(run []byte) bool {
	if len(bytes.Trim(run, "0123456789")) == 0 { // an id
		return false
	}
	const deep = 3 // encodings in one another
	level := [][]byte{run}
	for range deep {
		var next [][]byte
		for _, text := range level {
			if k.inText(text) {
				return true
			}
			next = append(next, decoded(text)...)
		}
		level = next
	}
	return false
}

// inText reports whether a text has gramLen bytes in a row of a secret.
func (k *known) inText(text []byte) bool {
	for i := 0; i+gramLen <= len(text); i++ {
		if _, ok := k.grams[string(text[i:i+gramLen])]; ok {
			return true
		}
	}
	return false
}

// decoded are the texts that a text may be an encoding of.
func decoded(text []byte) (all [][]byte) {
	if len(text) > maxEncoded {
		text = text[:maxEncoded]
	}
	if bytes.IndexByte(text, '%') >= 0 {
		all = append(all, percentDecoded(text))
	}
	for part := range bytes.SplitSeq(text, []byte{'='}) { // which ends base64, or a name before it
		part = bytes.Map(func(r rune) rune { // the alphabet of URLs
			switch r {
			case '-':
				return '+'
			case '_':
				return '/'
			case '.', '~', '%':
				return -1
			}
			return r
		}, part)
		for shift := range min(4, len(part)) { // the run may begin with something else
			quads := part[shift : len(part)-(len(part)-shift)%4]
			b := make([]byte, base64.RawStdEncoding.DecodedLen(len(quads)))
			if n, err := base64.RawStdEncoding.Decode(b, quads); err == nil && n >= gramLen {
				all = append(all, b[:n])
			}
		}
		for shift := range min(2, len(part)) {
			pairs := part[shift : len(part)-(len(part)-shift)%2]
			b := make([]byte, len(pairs)/2)
			if n, err := hex.Decode(b, pairs); err == nil && n >= gramLen {
				all = append(all, b[:n])
			}
		}
	}
	return all
}

// maxEncoded is far above the length of an encoded secret, in bytes. A run may be a picture.
const maxEncoded = 16 << 10

// percentDecoded writes %41 as A.
func percentDecoded(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			if c, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(c))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
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
