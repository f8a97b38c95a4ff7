//go:build unix

package crash

import "syscall"

// forbidCoreDumps lets the system write no core dump of this process. It is no loss if that fails.
func forbidCoreDumps() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
