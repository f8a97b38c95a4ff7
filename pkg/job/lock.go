package job

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"delink/pkg/disk"
)

// lock holds the result file for this process.
func lock(on disk.Disk, results string) (unlock func(), err error) {
	at := results
	if target, err := filepath.EvalSymlinks(results); err == nil { // two names of one file have one lock
		at = target
	}
	unlock, err = on.Lock(at)
	var held *disk.Locked
	switch {
	case errors.As(err, &held):
		return nil, refusef("wait until it ends, or give this run another file with --results", "%s is being written by %s", results, held.By)
	case errors.Is(err, fs.ErrNotExist): // there is no such folder
		return nil, &Refusal{Cause: "results cannot be written beside " + results, Err: err, Hint: "choose another place with --results"}
	case err != nil:
		return nil, fmt.Errorf("nothing was sent: results cannot be written beside %s (--results chooses another place): %w", results, err)
	}
	return unlock, nil
}
