//go:build darwin || dragonfly || freebsd || netbsd || openbsd || illumos

package disk

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks an open file for as long as it is open.
func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errHeld
	}
	return err
}
