package text

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"delink/pkg/nearest"
	"delink/pkg/zoho"
)

// Encoding is how the characters of a text are written as bytes. The zero Encoding is UTF-8 of which
// nobody has said that it is UTF-8. Encodings are equal if they are the same one.
type Encoding struct {
	name  string            // which ParseEncoding takes
	order byteOrder         // of UTF-16
	other encoding.Encoding // neither UTF-8 nor UTF-16
}

// byteOrder is the order of the two bytes of a UTF-16 unit.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var (
	utf16LE = Encoding{name: "utf-16le", order: binary.LittleEndian}
	utf16BE = Encoding{name: "utf-16be", order: binary.BigEndian}

	// Windows1252 is what programs for Western Europe write that know no Unicode. They call it ANSI.
	Windows1252 = Encoding{name: "windows-1252", other: charmap.Windows1252}
	// Macintosh is what such programs write on a Mac.
	Macintosh = Encoding{name: "macintosh", other: charmap.Macintosh}
)

// ParseEncoding finds an encoding by one of the names that browsers know (the Encoding Standard of
// the WHATWG), or a code page by the name that IANA has for it, such as IBM850. The error for another
// name has the names that are likely to be meant.
func ParseEncoding(name string) (Encoding, error) {
	other, err := htmlindex.Get(name)
	if page, e := ianaindex.IANA.Encoding(name); err != nil && e == nil && page != nil {
		if _, is := page.(*charmap.Charmap); is {
			other, err = page, nil
		}
	}
	if err == nil && other != encoding.Replacement { // which stands for what no browser decodes any more
		known, nameless := htmlindex.Name(other)
		if nameless != nil { // a code page
			known = strings.ToLower(strings.TrimSpace(name))
		}
		switch known {
		case "utf-8":
			return Encoding{name: known}, nil
		case utf16LE.name:
			return utf16LE, nil
		case utf16BE.name:
			return utf16BE, nil
		}
		return Encoding{name: known, other: other}, nil
	}
	return Encoding{}, fmt.Errorf("%q is not the name of an encoding: perhaps %s", name, strings.Join(likelyEncodings(name), ", "))
}

// String is the name of the encoding. It is empty for the zero Encoding.
func (e Encoding) String() string { return e.name }

// IsUTF16 reports whether it is UTF-16, of either order of bytes.
func (e Encoding) IsUTF16() bool { return e.order != nil }

// IsTranscoded reports whether the text that Open gives has other bytes than the source.
func (e Encoding) IsTranscoded() bool { return e.order != nil || e.other != nil }

// Append adds text, as Open has given it, to b: in UTF-16 if the source was that, else in UTF-8.
// Other encodings are not written, since nothing in a file says that it is in one of them.
func (e Encoding) Append(b, text []byte) []byte {
	if e.order == nil {
		return append(b, text...)
	}
	return appendUTF16(b, e.order, text)
}

// Read gives a text in the encoding as UTF-8.
func (e Encoding) Read(b []byte) string {
	text, _ := io.ReadAll(e.decoded(bytes.NewReader(b))) // what is read before an error counts
	return string(text)
}

// EncodingNames gives the names of all encodings that browsers know, those that people need most
// often first.
func EncodingNames() []string {
	names := []string{"windows-1252", "iso-8859-15", "macintosh", "utf-8", utf16LE.name, utf16BE.name}
	for _, all := range [][]encoding.Encoding{charmap.All, japanese.All, simplifiedchinese.All, traditionalchinese.All, korean.All} {
		for _, e := range all {
			name, err := htmlindex.Name(e)
			if err == nil && e != charmap.XUserDefined && !slices.Contains(names, name) {
				if known, err := ParseEncoding(name); err == nil && known.name == name {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// called has what people call an encoding that is not its name.
var called = map[string]string{
	"ansi": "windows-1252", "western": "windows-1252", "excel": "windows-1252",
	"macroman": "macintosh", "applemacroman": "macintosh",
	"utf8bom": "utf-8", "utf8sig": "utf-8", "utf16bom": "utf-16le",
	"cp932": "shift_jis", "cp936": "gbk", "cp949": "euc-kr", "cp950": "big5", "cp65001": "utf-8",
	"latin9": "iso-8859-15", "latin0": "iso-8859-15", "dos": "ibm850", "hzgb2312": "gbk",
}

// likelyEncodings gives the names that are likely to be meant by one that is none: one to five.
func likelyEncodings(name string) []string {
	if known, ok := called[zoho.Fold(name)]; ok {
		return []string{known}
	}
	names := EncodingNames()
	if page := digits(name); len(page) > 1 {
		var same []string
		for _, n := range names {
			if digits(n) == page {
				same = append(same, n)
			}
		}
		if same != nil {
			return same
		}
	}
	if near := nearest.Names(name, names, 3); near != nil {
		return near
	}
	return names[:3]
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
