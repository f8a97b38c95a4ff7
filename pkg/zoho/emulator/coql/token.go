package coql

import "strings"

// A token is a word, a value or a sign of a query.
type token struct {
	kind tokenKind
	text string // of a quoted value: what is between the quotes
}

type tokenKind uint8

const (
	nothing tokenKind = iota
	name
	quoted
	numeral
	signs
)

func newParser(query string) (*parser, error) {
	p := &parser{}
	for rest := skipSpace(query); rest != ""; rest = skipSpace(rest) {
		t, n := scan(rest)
		if n == 0 {
			return nil, &Error{Near: rest[:1], Reason: "this character means nothing here"}
		}
		if t.kind == quoted && n < 0 {
			return nil, &Error{Near: rest, Reason: "the quote is not closed"}
		}
		p.tokens = append(p.tokens, t)
		rest = rest[n:]
	}
	return p, nil
}

func skipSpace(s string) string { return strings.TrimLeft(s, " \t\r\n") }

// scan returns the first token of s and its length in bytes: 0 if no token begins there, -1 if a
// quote is not closed.
func scan(s string) (token, int) {
	switch ch := s[0]; {
	case ch == '\'':
		return scanQuoted(s)
	case isLetter(ch):
		n := 1
		for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '.') {
			n++
		}
		return token{name, s[:n]}, n
	case isDigit(ch), (ch == '-' || ch == '.') && len(s) > 1 && isDigit(s[1]):
		n := 1
		for n < len(s) && (isDigit(s[n]) || s[n] == '.') {
			n++
		}
		return token{numeral, s[:n]}, n
	}
	for _, sign := range []string{"!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","} {
		if strings.HasPrefix(s, sign) {
			return token{signs, sign}, len(sign)
		}
	}
	return token{}, 0
}

// scanQuoted reads a quoted value. A quote inside is doubled, or has a backslash before it.
func scanQuoted(s string) (token, int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s), s[i] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
			b.WriteByte(s[i])
		case s[i] == '\'':
			return token{quoted, b.String()}, i + 1
		default:
			b.WriteByte(s[i])
		}
	}
	return token{kind: quoted}, -1
}

func isDigit(ch byte) bool { return '0' <= ch && ch <= '9' }

func isLetter(ch byte) bool {
	return 'a' <= ch && ch <= 'z' || 'A' <= ch && ch <= 'Z' || ch == '_' || ch == '$'
}
