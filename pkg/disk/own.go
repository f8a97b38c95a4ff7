package disk

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"time"
)

// A user may correct a file of ours by hand, the failures file above all. Its digest, in a hidden
// file beside it, tells whether that happened: .links.failures.csv.delink-digest. The digest is
// written before the file. If a crash comes between the two, the file counts as changed, and
// nothing is lost.

// State says whose content a file has.
type State int

// The states of a file that ReplaceOwn writes.
const (
	Missing State = iota // there is no file
	Ours                 // the content is what delink wrote
	Changed              // somebody changed the file, or somebody else made it
)

// StateOf compares a file with the digest of what delink wrote.
func StateOf(on Disk, name string) (State, error) {
	f, err := on.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Missing, nil
	}
	if err != nil {
		return Changed, err
	}
	defer f.Close()
	wrote, err := readDigest(on, name)
	if err != nil || wrote == "" {
		return Changed, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return Changed, err
	}
	if digestLine(sum) != wrote {
		return Changed, nil
	}
	return Ours, nil
}

// readDigest is what the hidden file says; empty if there is none.
func readDigest(on Disk, name string) (string, error) {
	f, err := on.Read(Hidden(name, digestOf))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	line, err := io.ReadAll(io.LimitReader(f, 1<<10))
	return string(line), err
}

func digestLine(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) + "\n" }

// ReplaceOwn replaces a file of ours. A file that was changed since delink wrote it gets a new name
// first; aside is that name, or empty.
func ReplaceOwn(on Disk, name string, now time.Time, write func(io.Writer) error) (aside string, err error) {
	err = on.Replace(name, func(w io.Writer) error {
		sum := sha256.New()
		if err := write(io.MultiWriter(w, sum)); err != nil {
			return err
		}
		if aside, err = KeepChanged(on, name, now); err != nil {
			return err
		}
		return on.Replace(Hidden(name, digestOf), func(w io.Writer) error {
			_, err := io.WriteString(w, digestLine(sum))
			return err
		})
	})
	return aside, err
}

// RemoveOwn removes a file of ours. A file that was changed since delink wrote it gets a new name
// instead; aside is that name, or empty.
func RemoveOwn(on Disk, name string, now time.Time) (aside string, err error) {
	if aside, err = KeepChanged(on, name, now); err != nil {
		return aside, err
	}
	return aside, errors.Join(on.Remove(name), on.Remove(Hidden(name, digestOf)))
}

// KeepChanged gives a file a new name if it was changed since delink wrote it; aside is that name,
// or empty.
func KeepChanged(on Disk, name string, now time.Time) (aside string, err error) {
	state, err := StateOf(on, name)
	if err != nil || state != Changed {
		return "", err
	}
	return PutAside(on, name, now)
}

// PutAside gives a file a new name with the time in it, and returns that name; it is empty if there
// is no file.
func PutAside(on Disk, name string, now time.Time) (aside string, err error) {
	aside, err = Aside(on, name, now)
	if err == nil {
		err = on.Rename(name, aside)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return aside, nil
}
