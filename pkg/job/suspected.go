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
//
// ofNames says which suspicions are looked at: those that the org may remove, since they are about the
// names of lists, or those that it cannot.
func (p *Input) suspected(ofNames bool) *Suspected {
	for _, s := range p.Suspicions {
		if s.IsOfList() != ofNames {
			continue
		}
		accepted := s.Kind == suspicion.RoundedIDs && p.Config.AcceptRounded
		if (s.Certain || p.Config.Strict) && !accepted {
			return &Suspected{p.source.name, s}
		}
	}
	return nil
}
