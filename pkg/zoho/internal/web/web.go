// Package web holds what every exchange with a host of Zoho needs, whether it is for a call or for
// a token: no redirects, no request that is sent twice, errors in plain words, and texts of servers
// on one line.
package web

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"unicode"
)

// MaxBody is how much of a body is read, in bytes. The answer for 100 ids has about 25,000.
const MaxBody = 4 << 20

// Direct gives a client that follows no redirect. A redirect can lead anywhere, the request holds
// secrets, and a DELETE would become a GET.
func Direct(client *http.Client) *http.Client {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// OnlyOnce keeps package net/http from sending a request a second time by itself. Its transport
// does so with a GET whose kept connection dies before the answer, if the request can be replayed.
// A request with a body that cannot be read again is never replayed. This body is empty, and the
// transport finds that out before it writes the header, so HTTP/1 carries no trace of it.
func OnlyOnce(req *http.Request) { req.Body, req.GetBody = empty{}, nil }

// empty is a body without content, which unlike http.NoBody is not known to be empty.
type empty struct{}

func (empty) Read([]byte) (int, error) { return 0, io.EOF }
func (empty) Close() error             { return nil }

// TrimBody removes what gateways put around a body: a byte order mark and white space.
func TrimBody(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
}

// maxText is the longest text that is kept, in bytes. Zoho's messages are one line, but a gateway
// can send a whole page.
const maxText = 500

// Line gives a text of a server on one line, without control characters, so that it can stand in a
// file and on a terminal.
func Line(s string) string {
	s = s[:min(len(s), maxText)]
	if IsPrintable(s) { // nearly always, and this is done for every link
		return s
	}
	s = strings.ToValidUTF8(s, "?")
	return strings.Join(strings.FieldsFunc(s, isUnruly), " ")
}

// isUnruly reports whether a character has no place on a line: control characters, line ends, and
// marks that change the direction of the text behind them.
func isUnruly(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// IsPrintable reports whether a text is plain ASCII without control characters.
func IsPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
