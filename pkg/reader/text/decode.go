package text

import "io"

// decoded reads text in another encoding as UTF-8.
type decoded struct {
	src  io.Reader
	from decoder
	in   []byte // what was read and not yet decoded
	buf  []byte
	err  error
}

// decoder knows an encoding.
type decoder interface {
	// decode turns bytes into UTF-8, as far as p has room for it, and says how many bytes it has
	// written and how many it has taken. It leaves a character whose end is missing, unless the
	// text has ended.
	decode(p, in []byte, ended bool) (n, taken int)
	// left says what is wrong with bytes that decode has left at the end of the text; nil if
	// nothing is.
	left(in []byte) error
}

func newDecoded(src io.Reader, from decoder) *decoded {
	return &decoded{src: src, from: from, buf: make([]byte, 0, 64<<10)}
}

// roomForOne is what the longest sequence of bytes that is decoded at a time can become.
const roomForOne = 16

// Read gives UTF-8. p must have room for some characters.
func (r *decoded) Read(p []byte) (int, error) {
	if len(p) < roomForOne {
		return 0, io.ErrShortBuffer
	}
	for {
		n, taken := r.from.decode(p, r.in, r.err != nil)
		if r.in = r.in[taken:]; n > 0 {
			return n, nil
		}
		if r.err != nil {
			if wrong := r.from.left(r.in); wrong != nil && r.err == io.EOF {
				r.err = wrong
			}
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
