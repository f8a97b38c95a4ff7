// Package crash ends the program with exit code 1 after a bug.
//
// The Go runtime ends a program with exit code 2 when a goroutine panics and when SIGQUIT arrives.
// Exit code 2 of delink says that nothing was sent, which would be wrong if links were sent before.
// Guard takes a panic, and Quit a SIGQUIT. Prepare covers the errors that neither can take.
package crash

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// ExitCode says that the program could not go on.
const ExitCode = 1

// patience is how long the last message waits for a standard error that nobody reads.
const patience = time.Second

// mostStacks is how much Quit writes of the stacks, in bytes.
const mostStacks = 1 << 20

// Prepare covers what Guard cannot: a panic in a goroutine of a library, and errors of the runtime
// that no function can recover from. They end the program with SIGABRT instead of exit code 2. No
// core dump is written, because the memory holds credentials.
func Prepare() {
	forbidCoreDumps()
	debug.SetTraceback("crash")
}

// Guard ends the program if the goroutine panics. Every goroutine of the program begins with
//
//	defer crash.Guard()
func Guard() {
	if cause := recover(); cause != nil {
		end(fmt.Sprintf("delink has a bug, please report it\npanic: %v\n\n%s", cause, debug.Stack()))
	}
}

// Quit writes the stacks of all goroutines and ends the program, as the runtime does on SIGQUIT.
func Quit() {
	stacks := make([]byte, mostStacks)
	end("SIGQUIT\n\n" + string(stacks[:runtime.Stack(stacks, true)]))
}

// end writes a message and ends the program.
func end(message string) {
	told := make(chan struct{})
	go func() {
		defer close(told)
		_, _ = io.WriteString(os.Stderr, "\n"+message+"\n")
	}()
	select {
	case <-told:
	case <-time.After(patience):
	}
	os.Exit(ExitCode)
}
