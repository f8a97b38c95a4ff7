package report

import (
	"bufio"
	"bytes"
	"io"

	"delink/pkg/disk"
)

// Follower reads the result file of a run that goes on. Each time it reads what is new. The zero
// Follower has read nothing.
type Follower struct {
	at   int64  // it has read up to this byte
	last []byte // what stands before that byte
}

// lastMax is how many bytes of the last line are kept. They have the line's time, so no other file
// has the same bytes at the same place.
const lastMax = 256

// Read calls visit for each whole row that it has not yet read and that begins at a byte or later.
// The byte must be the beginning of a row. If the file is another one than before, Read calls anew
// first, and begins anew. After an error, it starts over the next time.
func (f *Follower) Read(on disk.Disk, path string, from int64, anew func(), visit func(*Row)) (err error) {
	defer func() {
		if err != nil {
			*f = Follower{}
		}
	}()
	file, err := f.open(on, path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if f.at == 0 {
		anew()
	}
	if from > f.at {
		before := make([]byte, min(from-f.at, lastMax))
		if err := skip(file, from-f.at-int64(len(before))); err != nil {
			return err
		}
		if _, err := io.ReadFull(file, before); err != nil {
			return err
		}
		f.at, f.last = from, before
	}
	lines := &wholeLines{in: bufio.NewReaderSize(file, 1<<16), keepLast: true}
	if _, err := readRows(path, lines, func(row *Row, _ int64) error { visit(row); return nil }); err != nil {
		return err
	}
	if lines.size > 0 {
		f.at, f.last = f.at+lines.size, lines.last
	}
	return nil
}

// open opens the file at the byte up to which it was read. If that is not the same file any more,
// it is opened at its beginning.
func (f *Follower) open(on disk.Disk, path string) (io.ReadCloser, error) {
	file, err := on.Read(path)
	if err != nil || f.at == 0 {
		return file, err
	}
	before := make([]byte, len(f.last))
	if skip(file, f.at-int64(len(f.last))) == nil {
		if _, err := io.ReadFull(file, before); err == nil && bytes.Equal(before, f.last) {
			return file, nil
		}
	}
	*f = Follower{}
	_ = file.Close()
	return on.Read(path)
}

// skip passes over bytes.
func skip(file io.Reader, n int64) error {
	if s, ok := file.(io.Seeker); ok {
		_, err := s.Seek(n, io.SeekCurrent)
		return err
	}
	_, err := io.CopyN(io.Discard, file, n)
	return err
}
