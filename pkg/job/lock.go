package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

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
	if r := notWritable(err, parts); r != nil {
		return nil, r
	}
	return nil, fmt.Errorf("nothing was sent: the files of the run cannot be locked: %w", err)
}

// heedPaths gives an error of lock, for the files that the user gave a path. Another folder does not
// move these.
func (f Files) heedPaths(err error) error {
	r := new(Refusal)
	if !errors.As(err, &r) || r.Remedy != AnotherFolder {
		return err
	}
	for _, p := range f.written() {
		if p.role == r.Role && *p.path != "" {
			r.Remedy = AnotherPlace
		}
	}
	return r
}

// notWritable gives the Refusal for a folder in which this user can make no file; nil for any other
// error. Its role is that of the first file that would be there.
func notWritable(err error, parts []part) *Refusal {
	at := new(fs.PathError)
	if !errors.As(err, &at) || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return nil
	}
	if _, err := os.Lstat(at.Path); err == nil {
		return nil // the file is there, and it is the one that cannot be written
	}
	folder := filepath.Dir(at.Path)
	i := slices.IndexFunc(parts, func(p part) bool { return *p.path != "" && filepath.Dir(*p.path) == folder })
	r := refuseFile(AnotherFolder, parts[max(i, 0)].role, at.Err, "nothing can be written in the folder %s", folder)
	if r.Role == RoleInvalid || r.Role == RoleOutput || r.Role == RolePage {
		r.Remedy = AnotherPlace
	}
	return r
}

// TryFolder makes sure that this user can make a file in the folder of a path. It gives a Refusal if
// not, so that nobody waits for a file that cannot be there.
func TryFolder(on disk.Disk, role Role, path string) error {
	release, err := on.Reserve(path, 0)
	if err == nil {
		release()
		return nil
	}
	if r := notWritable(err, []part{{role, &path}}); r != nil {
		return r
	}
	return err
}

func roleOf(path string, parts []part) Role {
	for _, p := range parts {
		if *p.path == path {
			return p.role
		}
	}
	return NoRole
}
