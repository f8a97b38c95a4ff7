package job

import "delink/pkg/suspicion"

// Suspected is why an input is refused that can be read and is likely to be a mistake.
type Suspected struct {
	Input     string // its name
	Suspicion suspicion.Suspicion
}

// Error is the input and what is odd about it.
func (e *Suspected) Error() string { return e.Input + ": " + e.Suspicion.String() }

// suspected is what the input is refused for, or nil: ids that were rounded for certain, or with
// Strict whatever is odd. Rounded ids that were accepted are neither.
func (p *Input) suspected() *Suspected {
	for _, s := range p.Suspicions {
		rounded := s.Kind == suspicion.RoundedIDs
		if s.Certain && !p.Config.AcceptRounded || p.Config.Strict && !(rounded && p.Config.AcceptRounded) {
			return &Suspected{p.source.name, s}
		}
	}
	return nil
}
