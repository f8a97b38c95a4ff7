package disk

import (
	"errors"
	"math"
	"os"
	"syscall"
)

// setLock is F_OFD_SETLK: a lock that belongs to the open file, not to the process. fcntl(2)
// describes it; package syscall does not name it.
const setLock = 37

// lockFile locks the last byte that a file can have. On a Windows share, locks are mandatory: one
// on bytes that hold data, which flock(2) would take there, would keep us from reading them.
func lockFile(f *os.File) error {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: math.MaxInt64 - 1, Len: 1}
	err := syscall.FcntlFlock(f.Fd(), setLock, &lock)
	if errors.Is(err, syscall.EINVAL) { // a file system or a sandbox without such locks
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return errHeld
	}
	return err
}
