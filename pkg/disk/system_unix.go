//go:build unix

package disk

import (
	"errors"
	"os"
	"syscall"
)

// openFlags keep an open from following a symbolic link, and from waiting for the other end of a
// pipe.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// renamesOpen says that a file can be renamed and replaced while it is open.
const renamesOpen = true

func isTooLong(err error) bool { return errors.Is(err, syscall.ENAMETOOLONG) }

// isLink reports whether an open failed because the name is a symbolic link. FreeBSD says EMLINK.
func isLink(err error) bool { return errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK) }

// names is how many names a file has.
func names(info os.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}
