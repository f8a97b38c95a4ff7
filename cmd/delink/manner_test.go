package main

import (
	"io"
	"sync"
	"testing"
)

// A signal can be told of while the flags about messages are taken. The race detector sees if they
// get in each other's way.
func TestSignalWhileFlagsAreTaken(t *testing.T) {
	u := newUI(io.Discard, func(string) string { return "" })
	var both sync.WaitGroup
	both.Go(func() {
		for _, format := range []string{formatJSON, formatText, formatJSON} {
			u.configure(true, format, "warn")
		}
	})
	both.Go(func() {
		for range 10 {
			u.error("stopped by a signal", "")
			u.note("stopping")
		}
	})
	both.Wait()
	u.finish()
}
