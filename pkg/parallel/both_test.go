package parallel

import "testing"

// Each function waits for the other to begin.
func TestBoth(t *testing.T) {
	f, g := make(chan struct{}), make(chan struct{})
	ended := 0
	Both(func() { close(f); <-g }, func() { close(g); <-f; ended++ })
	if ended != 1 {
		t.Error("it did not wait for the second one")
	}
}
