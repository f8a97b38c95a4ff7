package text

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// otherDecoder decodes an encoding of golang.org/x/text.
//
// A decoder of that package puts U+FFFD in the place of bytes that are no character in the
// encoding. Here they are kept: each becomes half a surrogate pair, U+DC00 and the byte, whose
// three bytes are not UTF-8. So a value that has them is found, and messages can show the bytes.
// The bytes themselves could be UTF-8 by chance.
type otherDecoder struct {
	decoder transform.Transformer
	isASCII bool   // bytes below 0x80 between two characters are ASCII
	unknown []byte // how the encoding writes U+FFFD; nil if it does not
}

func newOtherDecoder(e encoding.Encoding) *otherDecoder {
	d := &otherDecoder{decoder: e.NewDecoder().Transformer}
	var ascii [utf8.RuneSelf]byte
	for i := range ascii {
		ascii[i] = byte(i)
	}
	same, err := e.NewDecoder().Bytes(ascii[:])
	d.isASCII = err == nil && bytes.Equal(same, ascii[:])
	if unknown, err := e.NewEncoder().Bytes([]byte(string(utf8.RuneError))); err == nil {
		d.unknown = unknown
	}
	return d
}

func (*otherDecoder) left([]byte) error { return nil } // decode leaves nothing

func (d *otherDecoder) decode(p, in []byte, ended bool) (n, taken int) {
	for taken < len(in) {
		if d.isASCII {
			run := in[taken:min(len(in), taken+len(p)-n)]
			if i := slices.IndexFunc(run, func(c byte) bool { return c >= utf8.RuneSelf }); i >= 0 {
				run = run[:i]
			}
			n += copy(p[n:], run)
			taken += len(run)
		}
		if taken == len(in) || len(p)-n < roomForOne {
			return n, taken
		}
		size, of := d.one(p[n:], in[taken:], ended)
		if of == 0 {
			return n, taken // the rest of the character is still to come
		}
		n, taken = n+size, taken+of
	}
	return n, taken
}

// one decodes the shortest beginning of in that the decoder takes: a character, or bytes that are
// none. It takes nothing if more has to be read.
func (d *otherDecoder) one(p, in []byte, ended bool) (n, taken int) {
	for k := 1; k <= len(in); k++ {
		n, taken, _ := d.decoder.Transform(p, in[:k], ended && k == len(in))
		if taken == 0 {
			continue
		}
		was := in[:taken]
		if bytes.Contains(p[:n], []byte(string(utf8.RuneError))) && !bytes.Equal(was, d.unknown) {
			return keep(p, was), taken
		}
		return n, taken
	}
	return 0, 0
}

// keep writes bytes that are no character as half a surrogate pair each. ASCII among them stays
// what it is, so that no line end and no delimiter is lost, if other bytes show that something is
// wrong.
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
