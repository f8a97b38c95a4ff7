package text

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow is the memory that unpacking may take: what zstd --long needs, and no more.
const maxZstdWindow = 128 << 20

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

// unpack gives what is compressed in a source. Nothing runs beside the reading, so there is nothing
// to close.
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

// members reads the members of a gzip file, one behind the other. Package gzip would take other
// bytes behind the last member for one that is incomplete.
type members struct {
	packed *bufio.Reader
	member *gzip.Reader
}

var errWindow = errors.New("the zstd file was compressed with a larger window than 128 MiB: unpack it first")

// HintRead says what to do about an error of a source.
func HintRead(err error) string {
	if err == errWindow {
		return "" // it says so itself
	}
	return "copy the file or export it again"
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

// next begins the next member. Its error is io.EOF if nothing follows, or nothing but zeros, which
// tapes and disks leave.
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

// unpacked reads what was compressed. It tells errors of the source from faults of the compression.
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
