package doctor

import (
	"sync"
	"time"

	"delink/pkg/zoho"
)

// Exchanges keeps what passed over the wire. Its Add is an Observe of zoho.Options.
type Exchanges struct {
	mu  sync.Mutex
	all []zoho.Exchange
}

// Add notes an exchange.
func (e *Exchanges) Add(x zoho.Exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, x)
}

// since gives the exchanges behind the first n, and how many there are now.
func (e *Exchanges) since(n int) ([]zoho.Exchange, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[n:len(e.all):len(e.all)], len(e.all)
}

// skew is how far the clock of the other side is ahead of ours, by the answer that came fastest.
// The header has whole seconds, so half a second is added to it. known is false if no answer has a
// date.
func (e *Exchanges) skew() (ahead time.Duration, known bool) {
	all, _ := e.since(0)
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
