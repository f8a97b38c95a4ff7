package text

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"

	"delink/pkg/reader/value"
)

// UTF-16 text is read as UTF-8, and written as UTF-16 again in files of the input's dialect. Every
// text comes back as it was: half a surrogate pair, which is no character, becomes three bytes that
// are not UTF-8, so that its row is refused like other rows that are not text, and those bytes
// become half a pair again. golang.org/x/text puts U+FFFD in its place, and the failures file would
// have another text than the input.

var errHalfUnit = errors.New("the file ends in the middle of a UTF-16 character: it is incomplete")

// utf16Decoder decodes UTF-16 without its mark.
type utf16Decoder struct{ order binary.ByteOrder }

func (d utf16Decoder) left(in []byte) error {
	if len(in) > 0 && string(in) != string(value.EndOfFile) { // DOS appends one byte
		return errHalfUnit
	}
	return nil
}

func (d utf16Decoder) decode(p, in []byte, ended bool) (n, taken int) {
	low := 0
	if d.order == binary.BigEndian {
		low = 1
	}
	all := len(in)
	for len(in) >= 2 && n+utf8.UTFMax <= len(p) {
		if c := in[low]; in[1-low] == 0 && c < utf8.RuneSelf {
			p[n] = c
			n++
			in = in[2:]
			continue
		}
		c := rune(d.order.Uint16(in))
		size := 2
		if isHigh(c) {
			if len(in) < 4 && !ended {
				break // the other half is still to come
			}
			if len(in) >= 4 {
				if pair := utf16.DecodeRune(c, rune(d.order.Uint16(in[2:]))); pair != utf8.RuneError {
					c, size = pair, 4
				}
			}
		}
		if utf16.IsSurrogate(c) {
			n += putHalf(p[n:], c)
		} else {
			n += utf8.EncodeRune(p[n:], c)
		}
		in = in[size:]
	}
	return n, all - len(in)
}

// putHalf writes half a surrogate pair as three bytes, which are not UTF-8.
func putHalf(p []byte, c rune) int {
	return copy(p, []byte{0xe0 | byte(c>>12), 0x80 | byte(c>>6)&0x3f, 0x80 | byte(c)&0x3f})
}

func isHigh(c rune) bool { return 0xd800 <= c && c < 0xdc00 }

// appendUTF16 turns UTF-8 text that a utf16Decoder has given back into UTF-16.
func appendUTF16(b []byte, order binary.AppendByteOrder, text []byte) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			b = order.AppendUint16(b, uint16(c))
			i++
			continue
		}
		c, n := utf8.DecodeRune(text[i:])
		switch {
		case c == utf8.RuneError && n == 1 && i+2 < len(text): // half a pair
			b = order.AppendUint16(b, uint16(text[i]&0xf)<<12|uint16(text[i+1]&0x3f)<<6|uint16(text[i+2]&0x3f))
			n = 3
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			b = order.AppendUint16(order.AppendUint16(b, uint16(high)), uint16(low))
		default:
			b = order.AppendUint16(b, uint16(c))
		}
		i += n
	}
	return b
}
