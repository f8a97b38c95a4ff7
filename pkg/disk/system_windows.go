package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openFlags: Windows has no flag for it, so openPrivate looks at the name afterwards.
const openFlags = 0

// renamesOpen says that a file cannot be renamed or replaced while it is open.
const renamesOpen = false

func isTooLong(err error) bool {
	return errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE)
}

func isLink(error) bool { return false }

func names(os.FileInfo) int { return 1 }

// lockFile locks the last byte that a file can have. Locks are mandatory on Windows: one on bytes
// that hold data would keep us from reading them.
func lockFile(f *os.File) error {
	at := windows.Overlapped{Offset: 0xfffffffe, OffsetHigh: 0x7fffffff}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errHeld
	}
	return err
}
