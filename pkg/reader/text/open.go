package text

import (
	"bytes"
	"io"
)

// Mark is the byte order mark, in UTF-8.
const Mark = "\ufeff"

// beginSize is how many bytes of a source are looked at to find out what it is. A tar archive has
// its mark at byte 257.
const beginSize = 512

// begun is a source whose first bytes have been looked at. They are read again from it.
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

func (b *begun) has(begin string) bool { return bytes.HasPrefix(b.begin, []byte(begin)) }

// Error says why a source is not read.
type Error struct {
	Line, Col int      // where: line and byte in it, both from 1; 0 if that is not known
	Cause     string   // what is wrong
	Hint      string   // what to do about it, may be empty
	Is        Encoding // what the text seems to be in, if Open was not told that; else zero
	IsNotTold bool     // the text is not in the encoding that Open was told
	Err       error    // what the source said, or nil
}

// Error is the cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Cause + ": " + e.Err.Error()
	}
	return e.Cause
}

// Unwrap is what the source said.
func (e *Error) Unwrap() error { return e.Err }

// Open gives the text of a source as UTF-8, without a byte order mark; marked reports whether there
// was one. told is the encoding of a source without a mark. A mark counts more: a file of failures
// has one, and is read with the same options as the input that it was made of. The errors of Open
// are of type *Error.
func Open(src io.Reader, told Encoding) (_ io.Reader, e Encoding, marked bool, _ error) {
	in := begin(src)
	if len(in.begin) == 0 && in.err != io.EOF {
		return nil, e, false, &Error{Cause: "cannot be read", Err: in.err}
	}
	if packing := in.packing(); packing != "" {
		plain, err := unpack(in, packing)
		if err != nil {
			return nil, e, false, &Error{Line: 1, Cause: "cannot be unpacked", Err: err, Hint: HintRead(err)}
		}
		if in = begin(plain); len(in.begin) == 0 && in.err != io.EOF {
			return nil, e, false, &Error{Line: 1, Cause: "cannot be unpacked", Err: in.err, Hint: HintRead(in.err)}
		}
		if in.packing() != "" {
			return nil, e, false, &Error{Line: 1, Col: 1, Cause: "the file is compressed twice", Hint: "unpack it first"}
		}
	}
	if alien := in.alien(); alien != nil {
		return nil, e, false, &Error{Line: 1, Col: 1, Cause: "the file is " + alien.what, Hint: alien.hint}
	}
	if is := in.bareUTF16(); is != (Encoding{}) && is != told {
		err := &Error{Line: 1, Col: 1, Cause: "the file is UTF-16 text without the mark that says so", Is: is}
		if err.IsNotTold = told != (Encoding{}); !err.IsNotTold {
			err.Hint = hintUTF8
		}
		return nil, e, false, err
	}
	for _, m := range []struct {
		begin    string
		encoding Encoding
	}{{Mark, Encoding{}}, {"\xff\xfe", utf16LE}, {"\xfe\xff", utf16BE}} {
		if !in.has(m.begin) {
			continue
		}
		in.begin = in.begin[len(m.begin):]
		return m.encoding.decoded(in), m.encoding, true, nil
	}
	if told.IsUTF16() && bytes.IndexByte(in.begin, 0) < 0 && len(in.begin) > 0 { // a delimiter is ASCII, and has a NUL byte
		return nil, e, false, &Error{Line: 1, Col: 1, Cause: "the file is not UTF-16 text", IsNotTold: true}
	}
	return told.decoded(in), told, false, nil
}

// decoded gives a text in the encoding as UTF-8.
func (e Encoding) decoded(in io.Reader) io.Reader {
	switch {
	case e.order != nil:
		return newDecoded(in, utf16Decoder{e.order})
	case e.other != nil:
		return newDecoded(in, newOtherDecoder(e.other))
	}
	return in
}
