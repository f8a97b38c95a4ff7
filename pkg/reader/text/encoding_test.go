package text_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"pgregory.net/rapid"

	"delink/pkg/reader/text"
)

func mustParse(t interface {
	Helper()
	Fatal(args ...any)
}, name string,
) text.Encoding {
	t.Helper()
	e, err := text.ParseEncoding(name)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func decode(src io.Reader, e text.Encoding) (string, error) {
	in, _, _, err := text.Open(src, e)
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(in)
	return string(got), err
}

// Text in any encoding, with bytes that are no character in it.
func TestEncodings(t *testing.T) {
	for _, test := range []struct{ name, encoding, bytes, want string }{
		{"Western Europe", "windows-1252", "Stra\xdfe,\x80,\x93a\x94", "Straße,€,“a”"},
		{"Latin-1 is read as browsers do", "ISO-8859-1", "\x80", "€"},
		{"Latin-9", "Latin-9", "\xa4", "€"},
		{"Central Europe", "cp1250", "\xe8", "č"},
		{"Russian", "windows-1251", "\xcf\xf0\xe8", "При"},
		{"Mac", "macintosh", "Stra\xa7e", "Straße"},
		{"DOS", "IBM850", "Stra\xe1e", "Straße"},
		{"Japanese", "Shift_JIS", "\x83\x8a\x81\x5b\x83\x68,\xb1", "リード,ｱ"},
		{"Japanese of Unix", "euc-jp", "\xa5\xea,\x8f\xa2\xaf", "リ,˘"},
		{"Japanese in shifts", "iso-2022-jp", "a,\x1b$B%j\x1b(B,b\n", "a,リ,b\n"},
		{"Chinese", "gb2312", "\xcf\xdf\xcb\xf7", "线索"},
		{"Chinese of four bytes", "gb18030", "\x90\x30\x81\x30", "𐀀"},
		{"Chinese, with a mark", "gb18030", "\x84\x31\x95\x33a", "\ufeffa"},
		{"Chinese, U+FFFD itself", "gb18030", "\x84\x31\xa4\x37", "\ufffd"},
		{"Taiwan", "big5", "\xab\xc8", "客"},
		{"Korean", "euc-kr", "\xb0\xed\xb0\xb4", "고객"},
		{"UTF-16 without a mark", "utf-16", "a\x00\xfc\x00", "aü"},
		{"UTF-16 without a mark, big end first", "utf-16be", "\x00a\x00\xfc", "aü"},
		{"UTF-8", "utf8", "ü\xff", "ü\xff"},
		{"a mark counts more", "windows-1252", "\xef\xbb\xbfü", "ü"},
		{"a mark of UTF-16 counts more", "utf-8", "\xff\xfea\x00", "a"},

		{"a byte that is nothing", "windows-1253", "a\xd2\xaa,\xe1", "a\xed\xb3\x92\xed\xb2\xaa,α"},
		{"half a character before a comma", "shift_jis", "\x83,\x83\x8a", "\xed\xb2\x83,リ"},
		{"half a character before a line end", "gbk", "\xcf\n", "\xed\xb3\x8f\n"},
		{"half a character at the end", "big5", "a\xab", "a\xed\xb2\xab"},
		{"four bytes that are nothing", "gb18030", "\x90\x30\x81,", "\xed\xb2\x900\xed\xb2\x81,"},
		{"a pair that is nothing", "iso-2022-jp", "\x1b$B)!\x1b(B,b", "\xed\xb0\xa9\xed\xb0\xa1,b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := mustParse(t, test.encoding)
			got, err := decode(strings.NewReader(test.bytes), e)
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
			if in, _, _, err := text.Open(iotest.OneByteReader(strings.NewReader(test.bytes)), e); err != nil {
				t.Error(err)
			} else if inPieces, err := io.ReadAll(in); err != nil || string(inPieces) != test.want {
				t.Errorf("byte by byte: got %q, %v", inPieces, err)
			}
		})
	}
}

// What an encoding writes is read as it was, wherever pieces of the file end.
func TestEncodingsComeBack(t *testing.T) {
	names := text.EncodingNames()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "encoding")
		other, err := htmlindex.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		sample := rapid.OneOf(rapid.RuneFrom([]rune("a1,;\"\n\r\t ")), rapid.RuneFrom([]rune("äßéčПриλリ線索客고ｱ€|\\~")), rapid.Rune())
		want := "parent_id," // so that it looks like nothing else
		for _, r := range rapid.SliceOfN(sample, 0, 60).Draw(t, "text") {
			// Some characters are read as another one than was written.
			b, err := other.NewEncoder().Bytes([]byte(string(r)))
			if same, e := other.NewDecoder().Bytes(b); err == nil && e == nil && string(same) == string(r) && r != 0x1b {
				want += string(r)
			}
		}
		want = strings.Repeat(want, rapid.SampledFrom([]int{1, 20_000}).Draw(t, "times"))
		written, err := other.NewEncoder().Bytes([]byte(want))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decode(bytes.NewReader(written), mustParse(t, name)); err != nil || got != want {
			t.Fatalf("%s: %.200q became %.200q, %v", name, want, got, err)
		}
	})
}

// No byte is lost: what is no character can be shown as it was.
func TestNoByteIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"windows-1253", "windows-874", "shift_jis", "euc-jp", "gbk", "gb18030", "big5", "euc-kr"}).Draw(t, "encoding")
		e := mustParse(t, name)
		other, err := htmlindex.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		b := rapid.SliceOfN(rapid.OneOf(rapid.ByteRange(0x80, 0xff), rapid.SampledFrom([]byte("a0,\"\n|@"))), 4, 40).Draw(t, "bytes")
		got, err := decode(bytes.NewReader(b), e)
		if err != nil {
			return // it looks like something else
		}
		whole, err := other.NewDecoder().Bytes(b)
		if err != nil {
			t.Fatal(err)
		}
		if isText := utf8.ValidString(got); isText != !bytes.ContainsRune(whole, utf8.RuneError) && !bytes.Contains(b, []byte("\x84\x31\xa4\x37")) {
			t.Fatalf("%q is %q, and the decoder says %q", b, got, whole)
		}
		for _, c := range []string{",", "\"", "\n"} { // which are no part of another character
			if strings.Count(got, c) != bytes.Count(b, []byte(c)) {
				t.Fatalf("%q has another number of %q: %q", b, c, got)
			}
		}
		if utf8.ValidString(got) && string(whole) != got {
			t.Fatalf("%q is %q, not %q", b, got, whole)
		}
	})
}

func TestShown(t *testing.T) {
	e := mustParse(t, "windows-1253")
	got, err := decode(strings.NewReader("Stra\xd2e \xe1"), e)
	if shown := e.Shown(got); err != nil || shown != "Stra\xd2e α" {
		t.Errorf("%q is shown as %q, %v", got, shown, err)
	}
}

func TestNamesOfEncodings(t *testing.T) {
	for name, want := range map[string]string{
		"latin1": "windows-1252", " Windows-1252 ": "windows-1252", "sjis": "shift_jis", "utf8": "utf-8", "unicode": "utf-16le",
		"gb2312": "gbk", "mac": "macintosh", "IBM437": "ibm437",
	} {
		if e, err := text.ParseEncoding(name); err != nil || e.String() != want {
			t.Errorf("%q is %q, %v", name, e, err)
		}
	}
	for name, want := range map[string]string{
		"ansi":         "windows-1252",
		"win1252":      "windows-1252",
		"cp932":        "shift_jis",
		"latin9":       "iso-8859-15",
		"windos-1251":  "windows-1251",
		"uft-8":        "utf-8",
		"shift-jiss":   "shift_jis",
		"mackintosh":   "macintosh",
		"iso 8859 15":  "iso-8859-15",
		"utf-7":        "utf-8",
		"hz-gb-2312":   "gbk",
		"":             "windows-1252, iso-8859-15, macintosh",
		"no such name": "windows-1252, iso-8859-15, macintosh",
	} {
		e, err := text.ParseEncoding(name)
		if err == nil || e != (text.Encoding{}) {
			t.Errorf("%q is %q", name, e)
			continue
		}
		if _, likely, _ := strings.Cut(err.Error(), "perhaps "); likely != want {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
	for _, name := range text.EncodingNames() {
		if e, err := text.ParseEncoding(name); err != nil || e.String() != name {
			t.Errorf("%q is %q, %v", name, e, err)
		}
	}
}

// No name is there twice.
func TestOtherEncodingsAreDifferent(t *testing.T) {
	seen := map[text.Encoding]string{}
	for _, name := range text.EncodingNames() {
		e := mustParse(t, name)
		if other, twice := seen[e]; twice {
			t.Errorf("%s is %s", name, other)
		}
		seen[e] = name
	}
	if len(seen) < 35 {
		t.Errorf("there are %d encodings only", len(seen))
	}
}

// A file of UTF-16 without its mark is refused, with the encoding that it seems to be in.
func TestBareUTF16(t *testing.T) {
	for name, b := range map[string]string{"utf-16le": "a\x00,\x00", "utf-16be": "\x00a\x00,"} {
		for _, told := range []text.Encoding{{}, mustParse(t, "windows-1252"), mustParse(t, "utf-8")} {
			_, _, _, err := text.Open(strings.NewReader(b), told)
			var e *text.Error
			if !errors.As(err, &e) || e.Is != mustParse(t, name) {
				t.Errorf("%s, told %q: %v", name, told, err)
			}
		}
	}
}

// What the source says is not lost, and comes behind the text before it.
func TestOtherEncodingOfASourceThatFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	src := io.MultiReader(strings.NewReader(strings.Repeat("\xe4", 600)+"\x83"), iotest.ErrReader(broken))
	got, err := decode(src, mustParse(t, "shift_jis"))
	if !errors.Is(err, broken) || len(got) < 600 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
