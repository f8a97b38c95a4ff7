package parallel

import (
	"testing"
	"testing/synctest"
	"time"
)

// Each function waits for the other to begin, and Both waits for the one that takes longer, even if
// the other one panics.
func TestBoth(t *testing.T) {
	for _, c := range []struct{ f, g time.Duration }{{0, time.Second}, {time.Second, 0}} {
		for _, panics := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				f, g := make(chan struct{}), make(chan struct{})
				begun := time.Now()
				func() {
					defer func() { _ = recover() }()
					Both(func() {
						close(f)
						<-g
						time.Sleep(c.f)
						if panics {
							panic("f fails")
						}
					}, func() {
						close(g)
						<-f
						time.Sleep(c.g)
					})
				}()
				if took := time.Since(begun); took != time.Second {
					t.Errorf("f takes %v, g takes %v, and both %v", c.f, c.g, took)
				}
			})
		}
	}
}
