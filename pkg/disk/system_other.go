//go:build !unix && !windows

package disk

import "os"

const (
	openFlags   = 0
	renamesOpen = false
)

func isTooLong(error) bool { return false }

func isLink(error) bool { return false }

func names(os.FileInfo) int { return 1 }
