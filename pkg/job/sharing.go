package job

import "delink/pkg/disk"

// ResolveFile follows the symbolic links of a path and makes sure that a file can be there. It
// gives a Refusal if not.
func ResolveFile(role Role, path string) (string, error) { return resolve(role, path) }

// LockFile locks a file for this process. It gives a Refusal if another process holds it.
func LockFile(on disk.Disk, role Role, path string) (disk.Held, error) {
	return lock(on, part{role, &path})
}
