package job

import "delink/pkg/suspicion"

// Suspected is the error for an input that can be read and is likely to be a mistake.
type Suspected struct {
	Input     string // its name
	Suspicion suspicion.Suspicion
}

// Error is the input and what is odd about it.
func (e *Suspected) Error() string { return e.Input + ": " + e.Suspicion.String() }

// suspected gives the suspicion for which the input is refused, or nil. These are suspicions that
// are certain and, with Strict, all others. Rounded ids that the user accepts are no reason.
func (p *Input) suspected() *Suspected {
	for _, s := range p.Suspicions {
		accepted := s.Kind == suspicion.RoundedIDs && p.Config.AcceptRounded
		if (s.Certain || p.Config.Strict) && !accepted {
			return &Suspected{p.source.name, s}
		}
	}
	return nil
}
