//go:build !linux && !windows && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd && !illumos

package disk

import (
	"errors"
	"os"
)

// lockFile fails: without locks, two runs could write one file.
func lockFile(*os.File) error { return errors.ErrUnsupported }
