package job

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

// Stdin is the name of the standard input among inputs.
const Stdin = "-"

// source is an input that can be read twice: once for the plan, and at the end for the failures
// file. What cannot be opened again, standard input or a pipe, is kept in a file beside the results
// while the run goes on.
type source struct {
	name  string   // for messages
	path  string   // to read again; empty for a pipe
	spool *os.File // the copy of a pipe, or nil
	size  int64    // of the copy
	sum   hash.Hash
	first io.ReadCloser
}

// openSource opens an input. Where it is a pipe, spool is the folder for its copy; empty if it is
// read only once.
func openSource(input string, stdin io.Reader, spool string) (*source, error) {
	s := &source{name: input, path: input, sum: sha256.New()}
	if input == Stdin {
		s.name = "standard input"
		return s, s.keep(io.NopCloser(stdin), spool)
	}
	f, err := os.Open(input)
	if err != nil {
		return nil, &Refusal{Err: err, Hint: "give the path of a CSV file, or - for standard input"}
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, errors.Join(err, f.Close())
	case info.IsDir():
		return nil, errors.Join(refusef("give the path of a CSV file", "%s is a folder", input), f.Close())
	case !info.Mode().IsRegular():
		return s, s.keep(f, spool)
	}
	s.first = f
	return s, nil
}

// keep copies what can be read only once.
func (s *source) keep(from io.ReadCloser, folder string) error {
	s.first, s.path = from, ""
	if folder == "" {
		return nil
	}
	f, err := os.CreateTemp(folder, ".delink-input-*") // created with mode 0600
	if err != nil {
		return errors.Join(&Refusal{Cause: "no place for a copy of " + s.name, Err: err}, from.Close())
	}
	s.spool = f
	_ = os.Remove(f.Name()) // the open file is enough, where the system lets go of the name: a kill leaves nothing behind
	s.size, err = io.Copy(f, from)
	if err = errors.Join(err, from.Close()); err != nil {
		s.remove()
		return fmt.Errorf("%s: %w", s.name, err)
	}
	s.first = io.NopCloser(io.NewSectionReader(f, 0, s.size))
	return nil
}

// reader gives the bytes of the first pass; their digest is known when it has been read to its end.
func (s *source) reader() io.Reader { return io.TeeReader(s.first, s.sum) }

// digest reads what is left, and gives the SHA-256 of the whole.
func (s *source) digest() (string, error) {
	_, err := io.Copy(s.sum, s.first)
	return hex.EncodeToString(s.sum.Sum(nil)), errors.Join(err, s.first.Close())
}

// again opens the input for the second pass. verify, called at its end, tells whether it is the
// same as before.
func (s *source) again(digest string) (r io.Reader, verify func() error, closeIt func(), err error) {
	var in io.ReadCloser
	if s.spool != nil {
		in = io.NopCloser(io.NewSectionReader(s.spool, 0, s.size))
	} else if in, err = os.Open(s.path); err != nil {
		return nil, nil, nil, err
	}
	sum := sha256.New()
	tee := io.TeeReader(in, sum)
	verify = func() error {
		if _, err := io.Copy(io.Discard, tee); err != nil {
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != digest {
			return fmt.Errorf("%s was changed while delink ran: the failures file would not match it", s.name)
		}
		return nil
	}
	return tee, verify, func() { _ = in.Close() }, nil
}

// remove deletes the copy of a pipe.
func (s *source) remove() {
	if s.spool != nil {
		_ = s.spool.Close()
		_ = os.Remove(s.spool.Name()) // where an open file keeps its name
	}
}
