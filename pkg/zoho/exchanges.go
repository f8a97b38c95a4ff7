package zoho

import (
	"sync"
	"time"
)

// Exchanges keeps what passed over the wire. Its Add is an Observe of Options.
type Exchanges struct {
	mu  sync.Mutex
	all []Exchange
}

// Add notes an exchange.
func (e *Exchanges) Add(x Exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, x)
}

// Since gives the exchanges behind the first n, and how many there are now.
func (e *Exchanges) Since(n int) ([]Exchange, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[n:len(e.all):len(e.all)], len(e.all)
}

// Skew is how far the clock of the other side is ahead of ours, by the answer that came fastest.
// The header has whole seconds, so half a second is added to it. known is false if no answer has a
// date.
func (e *Exchanges) Skew() (ahead time.Duration, known bool) {
	all, _ := e.Since(0)
	var fastest time.Duration
	for _, x := range all {
		took := x.Ended.Sub(x.Sent)
		if x.Date.IsZero() || known && took >= fastest {
			continue
		}
		fastest, known = took, true
		ahead = x.Date.Add(time.Second / 2).Sub(x.Sent.Add(took / 2))
	}
	return ahead, known
}
