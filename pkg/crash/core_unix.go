//go:build unix

package crash

import "syscall"

// forbidCoreDumps keeps the system from writing a core dump of this process. An error is ignored,
// because the program can do nothing about it.
func forbidCoreDumps() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
