package text

import (
	"bytes"
	"io"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// fromOther reads text in an encoding of golang.org/x/text.
//
// A decoder of that package puts U+FFFD in the place of bytes that are no character in the encoding.
// Here they are kept: each becomes half a surrogate pair, U+DC00 and the byte, whose three bytes are
// not UTF-8. So a value that has them is found, and messages can show the bytes. The bytes themselves
// could be UTF-8 by chance.
type fromOther struct {
	src     io.Reader
	decoder transform.Transformer
	isASCII bool   // bytes below 0x80 between two characters are ASCII
	unknown []byte // how the encoding writes U+FFFD; nil if it does not
	in      []byte // what was read and not yet decoded
	buf     []byte
	err     error
}

func newFromOther(src io.Reader, e encoding.Encoding) *fromOther {
	r := &fromOther{src: src, decoder: e.NewDecoder().Transformer, buf: make([]byte, 0, 64<<10)}
	var ascii [utf8.RuneSelf]byte
	for i := range ascii {
		ascii[i] = byte(i)
	}
	same, err := e.NewDecoder().Bytes(ascii[:])
	r.isASCII = err == nil && bytes.Equal(same, ascii[:])
	if unknown, err := e.NewEncoder().Bytes([]byte(string(utf8.RuneError))); err == nil {
		r.unknown = unknown
	}
	return r
}

// roomForOne is what the longest sequence of bytes that is decoded at a time can become.
const roomForOne = 16

// Read gives UTF-8. p must have room for some characters.
func (r *fromOther) Read(p []byte) (int, error) {
	if len(p) < roomForOne {
		return 0, io.ErrShortBuffer
	}
	for {
		if n := r.decode(p); n > 0 {
			return n, nil
		}
		if r.err != nil {
			return 0, r.err
		}
		rest := copy(r.buf[:cap(r.buf)], r.in)
		n, err := r.src.Read(r.buf[rest:cap(r.buf)])
		r.in, r.err = r.buf[:rest+n], err
		if n == 0 && err == nil {
			return 0, nil // the caller knows when to give up
		}
	}
}

// decode turns what was read into UTF-8, as far as p has room for it.
func (r *fromOther) decode(p []byte) (n int) {
	for len(r.in) > 0 {
		if r.isASCII {
			run := r.in[:min(len(r.in), len(p)-n)]
			if i := slices.IndexFunc(run, func(c byte) bool { return c >= utf8.RuneSelf }); i >= 0 {
				run = run[:i]
			}
			n += copy(p[n:], run)
			r.in = r.in[len(run):]
		}
		if len(r.in) == 0 || len(p)-n < roomForOne {
			return n
		}
		size, ok := r.one(p[n:])
		if !ok {
			return n // the rest of the character is still to come
		}
		n += size
	}
	return n
}

// one decodes the shortest beginning of what was read that the decoder takes: a character, or bytes
// that are none. It reports false if more has to be read.
func (r *fromOther) one(p []byte) (n int, ok bool) {
	for k := 1; k <= len(r.in); k++ {
		n, taken, _ := r.decoder.Transform(p, r.in[:k], k == len(r.in) && r.err == io.EOF)
		if taken == 0 {
			continue
		}
		was := r.in[:taken]
		r.in = r.in[taken:]
		if bytes.Contains(p[:n], []byte(string(utf8.RuneError))) && !bytes.Equal(was, r.unknown) {
			return keep(p, was), true
		}
		return n, true
	}
	return 0, false
}

// keep writes bytes that are no character as half a surrogate pair each. ASCII among them stays what
// it is, so that no line end and no delimiter is lost, if other bytes show that something is wrong.
func keep(p, was []byte) (n int) {
	isASCII := !slices.ContainsFunc(was, func(c byte) bool { return c >= utf8.RuneSelf })
	for _, c := range was {
		if c == '\n' || c == '\r' || c < utf8.RuneSelf && !isASCII {
			p[n] = c
			n++
			continue
		}
		n += putHalf(p[n:], 0xdc00|rune(c))
	}
	return n
}

// Shown gives a text of Open as a message can show it: with the bytes that are no character as they
// were in the source.
func (e Encoding) Shown(text string) string {
	if e.other == nil || utf8.ValidString(text) {
		return text
	}
	var was []byte
	for i := 0; i < len(text); i++ {
		if rest := text[i:]; len(rest) >= 3 && rest[0] == 0xed && 0xb0 <= rest[1] && rest[1] <= 0xb3 {
			was = append(was, rest[1]<<6|rest[2]&0x3f)
			i += 2
			continue
		}
		was = append(was, text[i])
	}
	return string(was)
}
