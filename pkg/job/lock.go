package job

import (
	"errors"
	"fmt"

	"delink/pkg/disk"
)

// lockFiles locks every file that a run writes, for this process. The files are to be written
// through the disk that it returns.
func lockFiles(on disk.Disk, f Files) (disk.Held, error) {
	return lock(on, part{RoleResults, &f.Results}, part{RoleFailures, &f.Failures}, part{RoleSummary, &f.Summary}, part{RoleSnapshot, &f.Snapshot})
}

// LockFile locks a file for this process. It gives a Refusal if another process holds it.
func LockFile(on disk.Disk, role Role, path string) (disk.Held, error) {
	return lock(on, part{role, &path})
}

// ResolveFile follows the symbolic links of a path and makes sure that a file can be there. It
// gives a Refusal if not.
func ResolveFile(role Role, path string) (string, error) { return resolve(role, path) }

func lock(on disk.Disk, parts ...part) (disk.Held, error) {
	var paths []string
	for _, p := range parts {
		if *p.path != "" {
			paths = append(paths, *p.path)
		}
	}
	held, err := on.Lock(paths...)
	if err == nil {
		return held, nil
	}
	var locked *disk.Locked
	if errors.As(err, &locked) {
		role := roleOf(locked.Name, parts)
		return nil, refuseFile(WaitOrAnother, role, nil, "%s is being written by %s", locked.Name, locked.By)
	}
	if way := new(disk.InTheWay); errors.As(err, &way) {
		return nil, refuseFile(AnotherPlace, parts[0].role, nil, "%s", way.Error())
	}
	return nil, fmt.Errorf("nothing was sent: the files of the run cannot be locked: %w", err)
}

func roleOf(path string, parts []part) Role {
	for _, p := range parts {
		if *p.path == path {
			return p.role
		}
	}
	return NoRole
}
