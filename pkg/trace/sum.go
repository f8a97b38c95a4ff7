package trace

import (
	"time"

	"delink/pkg/worker/engine"
)

// Sum stands for the calls of one kind that began within some time and ended alike.
type Sum struct {
	SumKey
	Calls    int   `json:"calls"`
	IDs      int   `json:"ids"`
	Retries  int   `json:"retries"`     // calls that repeat an earlier one
	InFlight int   `json:"in_flight"`   // the most
	Least    int   `json:"allowed"`     // the fewest calls that could be in flight
	Most     int   `json:"allowed_max"` // and the most
	Pause    int64 `json:"pause_ms"`    // of all together
	Times    Times `json:"times"`
}

// SumKey is what the calls of a Sum have in common.
type SumKey struct {
	From    int64           `json:"from"` // Unix time
	Seconds int64           `json:"seconds"`
	Kind    engine.CallKind `json:"kind"`
	How     How             `json:"how"`
	Status  int             `json:"status"`
}

// SumOf gives the Sum of one call, for the span of so many seconds in which it was sent.
func SumOf(c *Call, seconds int64) *Sum {
	s := &Sum{
		SumKey: SumKey{span(c.Sent.Unix(), seconds), seconds, c.Kind, c.How, c.Status},
		Calls:  1, IDs: c.IDs, InFlight: c.InFlight, Least: c.Allowed, Most: c.Allowed, Pause: c.Pause.Milliseconds(),
	}
	if c.Attempt > 1 {
		s.Retries = 1
	}
	s.Times.Add(c.Took)
	return s
}

// span gives the beginning of the span that has a moment.
func span(unix, seconds int64) int64 { return unix - ((unix%seconds)+seconds)%seconds }

// Start is when the span of the sum begins.
func (s *Sum) Start() time.Time { return time.Unix(s.From, 0) }

// Merge adds the calls of o.
func (s *Sum) Merge(o *Sum) {
	if s.Calls == 0 || o.Least < s.Least {
		s.Least = o.Least
	}
	s.Calls += o.Calls
	s.IDs += o.IDs
	s.Retries += o.Retries
	s.InFlight = max(s.InFlight, o.InFlight)
	s.Most = max(s.Most, o.Most)
	s.Pause += o.Pause
	s.Times.Merge(&o.Times)
}

// widen gives the key of a longer span.
func (k SumKey) widen(seconds int64) SumKey {
	if seconds > k.Seconds {
		k.From, k.Seconds = span(k.From, seconds), seconds
	}
	return k
}
