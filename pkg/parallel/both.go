// Package parallel puts a second processor to work on large inputs and result files. Both does two
// things at the same time, and Parts reads a file while a goroutine decodes it. When they return,
// nothing is left running.
package parallel

import (
	"sync"

	"delink/pkg/crash"
)

// Both calls two functions at the same time, f in the caller's goroutine, and returns when both
// have returned.
func Both(f, g func()) {
	var other sync.WaitGroup
	other.Go(func() {
		defer crash.Guard()
		g()
	})
	defer other.Wait()
	f()
}
