package reader

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// mark is the byte order mark, in UTF-8.
const mark = "\ufeff"

// beginSize is how much of a source is looked at to find out what it is: a tar archive says it in its second half KiB.
const beginSize = 512

// maxZstdWindow is the memory that unpacking may take: what zstd --long needs, and no more.
const maxZstdWindow = 128 << 20

// begun is a source whose beginning is known, and what ended it.
type begun struct {
	begin []byte
	src   io.Reader
	err   error
}

func begin(src io.Reader) *begun {
	b := &begun{begin: make([]byte, 0, beginSize), src: src}
	for tries := 0; len(b.begin) < beginSize && b.err == nil; {
		n, err := src.Read(b.begin[len(b.begin):beginSize])
		b.begin, b.err = b.begin[:len(b.begin)+n], err
		if tries++; n > 0 {
			tries = 0
		}
		if tries == 100 && err == nil {
			b.err = io.ErrNoProgress
		}
	}
	return b
}

func (b *begun) Read(p []byte) (n int, err error) {
	switch {
	case len(b.begin) > 0:
		n = copy(p, b.begin)
		b.begin = b.begin[n:]
		return n, nil
	case b.err == nil:
		n, b.err = b.src.Read(p)
	}
	return n, b.err
}

func (b *begun) has(mark string) bool { return bytes.HasPrefix(b.begin, []byte(mark)) }

// text makes UTF-8 text without a byte order mark of a source: it unpacks and decodes what it recognises, and says of other
// things what they are.
func text(file string, src io.Reader) (_ io.Reader, d Dialect, _ error) {
	in := begin(src)
	if len(in.begin) == 0 && in.err != io.EOF {
		return nil, d, &InputError{File: file, Cause: "cannot be read", Err: in.err}
	}
	if packing := in.packing(); packing != "" {
		plain, err := unpack(in, packing)
		if err != nil {
			return nil, d, &InputError{File: file, Line: 1, Cause: "cannot be unpacked", Err: err, Hint: hintRead(err)}
		}
		if in = begin(plain); len(in.begin) == 0 && in.err != io.EOF {
			return nil, d, &InputError{File: file, Line: 1, Cause: "cannot be unpacked", Err: in.err, Hint: hintRead(in.err)}
		}
		if in.packing() != "" {
			return nil, d, &InputError{File: file, Line: 1, Col: 1, Cause: "the file is compressed twice", Hint: "unpack it first"}
		}
	}
	if alien := in.alien(); alien != nil {
		return nil, d, &InputError{File: file, Line: 1, Col: 1, Cause: "the file is " + alien.what, Hint: alien.hint}
	}
	for _, m := range []struct {
		begin string
		order byteOrder
	}{{"\xef\xbb\xbf", nil}, {"\xff\xfe", binary.LittleEndian}, {"\xfe\xff", binary.BigEndian}} {
		if !in.has(m.begin) {
			continue
		}
		in.begin = in.begin[len(m.begin):]
		d.BOM, d.order = true, m.order
		if d.order != nil {
			return newFromUTF16(in, d.order), d, nil
		}
	}
	return in, d, nil
}

// packing is what compresses the source, or empty.
func (b *begun) packing() string {
	switch {
	case b.has("\x1f\x8b"):
		return "gzip"
	case b.has("\x28\xb5\x2f\xfd"):
		return "zstd"
	}
	return ""
}

// unpack gives what is compressed in a source. Nothing runs beside the reading, so there is nothing to close.
func unpack(in *begun, packing string) (io.Reader, error) {
	u := &unpacked{in: in, packing: packing}
	var err error
	if packing == "gzip" {
		u.plain, err = newMembers(in)
	} else {
		u.plain, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
	}
	if err != nil {
		return nil, u.why(err)
	}
	return u, nil
}

// members are those of a gzip file, one behind the other. Package gzip would call what is behind the last one a member that ends
// too early.
type members struct {
	packed *bufio.Reader
	member *gzip.Reader
}

var errWindow = errors.New("the zstd file was compressed with a larger window than 128 MiB: unpack it first")

// hintRead says what to do about an error of a source.
func hintRead(err error) string {
	if err == errWindow {
		return "" // it says so itself
	}
	return hintAgain
}

var errBehind = errors.New("something else follows what is compressed")

func newMembers(in io.Reader) (*members, error) {
	packed := bufio.NewReaderSize(in, 64<<10)
	member, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	member.Multistream(false)
	return &members{packed, member}, nil
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.member.Read(p)
		if n > 0 || err != io.EOF {
			if err == io.EOF {
				err = nil // the next call tells
			}
			return n, err
		}
		if err := m.next(); err != nil {
			return 0, err
		}
	}
}

// next begins the next member. Its error is io.EOF if there is none: nothing more, or zeros, as tapes and disks leave them.
func (m *members) next() error {
	mark, err := m.packed.Peek(2)
	if string(mark) == "\x1f\x8b" {
		err = m.member.Reset(m.packed)
		m.member.Multistream(false)
		return err
	}
	if err != nil && err != io.EOF {
		return err
	}
	for {
		b, err := m.packed.ReadByte()
		switch {
		case err != nil:
			return err
		case b != 0:
			return errBehind
		}
	}
}

// unpacked tells what the source says from what is wrong with the compression.
type unpacked struct {
	in      *begun
	packing string
	plain   io.Reader
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.plain.Read(p)
	if err != nil && err != io.EOF {
		err = u.why(err)
	}
	return n, err
}

func (u *unpacked) why(err error) error {
	switch {
	case u.in.err != nil && u.in.err != io.EOF:
		return u.in.err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the %s file ends too early: it is incomplete", u.packing)
	case errors.Is(err, errBehind):
		return fmt.Errorf("behind the end of the %s file, %w", u.packing, err)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return errWindow
	}
	return fmt.Errorf("the %s file is damaged: %w", u.packing, err)
}

// alien is something that is no CSV file.
type alien struct {
	begin, what, hint string
}

const (
	hintUnpack   = "unpack it first"
	hintAgain    = "copy the file or export it again"
	hintWorkbook = "in the spreadsheet, save it as CSV UTF-8"
	hintUTF8     = "save it again as UTF-8 (in Excel: CSV UTF-8)"
)

// aliens are what people have that is named .csv, or is given for one. What begins alike is told apart by the order.
var aliens = []alien{
	{"\xff\xfe\x00\x00", "UTF-32 text", hintUTF8},
	{"\x00\x00\xfe\xff", "UTF-32 text", hintUTF8},
	{"PK\x03\x04", "", ""}, // a zip archive, see zipped
	{"PK\x05\x06", "an empty zip archive, not a CSV file", "export it again"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls), not a CSV file", hintWorkbook},
	{"%PDF-", "a PDF, not a CSV file", "export it as CSV"},
	{"BZh", "compressed with bzip2", hintUnpack},
	{"\xfd7zXZ\x00", "compressed with xz", hintUnpack},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive, not a CSV file", hintUnpack},
	{"Rar!\x1a\x07", "a RAR archive, not a CSV file", hintUnpack},
	{"SQLite format 3\x00", "an SQLite database, not a CSV file", "export the table as CSV"},
	{"PAR1", "a Parquet file, not a CSV file", "export it as CSV"},
}

// alien says what the source is if it is recognised as something else than text, or as text that cannot be told safely.
func (b *begun) alien() *alien {
	for i := range aliens {
		if !b.has(aliens[i].begin) {
			continue
		}
		if aliens[i].what == "" {
			return b.zipped()
		}
		return &aliens[i]
	}
	if len(b.begin) >= 262 && string(b.begin[257:262]) == "ustar" {
		return &alien{what: "a tar archive, not a CSV file", hint: hintUnpack}
	}
	if x := b.begin; len(x) >= 4 && (x[0] == 0) != (x[1] == 0) && (x[0] == 0) == (x[2] == 0) && (x[1] == 0) == (x[3] == 0) {
		return &alien{what: "UTF-16 text without the mark that says so", hint: hintUTF8}
	}
	return nil
}

// zipped tells a workbook from an archive by the names of the files in it.
func (b *begun) zipped() *alien {
	for _, name := range []string{"[Content_Types].xml", "_rels/", "xl/", "docProps/"} {
		if bytes.Contains(b.begin, []byte(name)) {
			return &alien{what: "an Excel workbook (.xlsx), not a CSV file", hint: hintWorkbook}
		}
	}
	if bytes.Contains(b.begin, []byte("application/vnd.oasis.opendocument")) {
		return &alien{what: "an OpenDocument workbook (.ods), not a CSV file", hint: hintWorkbook}
	}
	return &alien{what: "a zip archive, not a CSV file", hint: "unpack it first: Zoho gives large exports as zip archives"}
}
