package job

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"delink/pkg/disk"
)

// Stdin is the name of the standard input among inputs.
const Stdin = "-"

// source is an input that can be read twice: once for the plan, and at the end for the failures
// file. An input that cannot be opened again, such as standard input or a pipe, is copied to a
// hidden file beside the results while the run goes on.
type source struct {
	name   string   // for messages
	path   string   // to read again; empty for a stream
	copied *os.File // the copy of a stream, or nil
	remove func()   // closes and deletes the copy
	size   int64    // of the copy
	sum    *digest
	first  io.ReadCloser
}

// openSource opens an input. A stream is copied to a hidden file beside the file results. If
// results is empty, it is not copied, and can be read only once.
func openSource(input string, stdin io.Reader, results string) (*source, error) {
	s := &source{name: input, path: input, sum: newDigest(), remove: func() {}}
	if input == Stdin {
		s.name = inputName(input)
		return s, s.keep(io.NopCloser(stdin), results)
	}
	f, err := os.Open(input)
	if err != nil {
		r := &Refusal{Err: err, Hint: "give the path of a CSV file, or - for standard input"}
		if errors.Is(err, fs.ErrNotExist) {
			r.Cause, r.Err = "there is no file "+input, nil
		}
		return nil, r
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, errors.Join(err, f.Close())
	case info.IsDir():
		return nil, errors.Join(refusef("give the path of a CSV file", "%s is a folder", input), f.Close())
	case disk.IsStream(input):
		return s, s.keep(f, results)
	}
	s.first = f
	return s, nil
}

// keep makes the copy of a stream.
func (s *source) keep(from io.ReadCloser, results string) error {
	s.first, s.path = from, ""
	if results == "" {
		return nil
	}
	f, remove, err := disk.Scratch(results, disk.Input)
	if err != nil {
		return errors.Join(&Refusal{Cause: "there is no place for a copy of " + s.name, Err: err}, from.Close())
	}
	s.copied, s.remove = f, remove
	s.size, err = io.Copy(f, from)
	if err = errors.Join(err, from.Close()); err != nil {
		s.remove()
		return fmt.Errorf("%s: %w", s.name, err)
	}
	s.first = io.NopCloser(io.NewSectionReader(f, 0, s.size))
	return nil
}

// reader returns the bytes of the first pass. Their digest is known once they are read to the end.
func (s *source) reader() io.Reader { return io.TeeReader(s.first, s.sum) }

// digest reads what is left, and returns the SHA-256 of the whole.
func (s *source) digest() (string, error) {
	_, err := io.Copy(s.sum, s.first)
	return s.sum.String(), errors.Join(err, s.first.Close())
}

// again opens the input for the second pass. verify is to be called after the last row. It returns
// an error if the input is not the same as in the first pass.
func (s *source) again(digest string) (r io.Reader, verify func() error, closeIt func(), err error) {
	var in io.ReadCloser
	if s.copied != nil {
		in = io.NopCloser(io.NewSectionReader(s.copied, 0, s.size))
	} else if in, err = os.Open(s.path); err != nil {
		return nil, nil, nil, err
	}
	sum := newDigest()
	tee := io.TeeReader(in, sum)
	verify = func() error {
		if _, err := io.Copy(io.Discard, tee); err != nil {
			return err
		}
		if sum.String() != digest {
			return fmt.Errorf("%s was changed while delink ran: the failures file would not match it", s.name)
		}
		return nil
	}
	return tee, verify, func() { _ = in.Close() }, nil
}
