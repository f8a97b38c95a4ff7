package report

import "delink/pkg/zoho"

// Emulator is the name of the emulator inside this process, in place of an org's id and host.
const Emulator = "emulator"

// IsOfOther reports whether a summary is known to be of another CRM than now. A rehearsal is of
// another one, also if it is not known what now is.
func (s *Summary) IsOfOther(now zoho.Identity) bool {
	before := s.Identity()
	return now.Compare(before) == zoho.Different || before.Org == Emulator && now.Org != Emulator
}

// CRMNames are the names that the rows about one CRM have in a result file; nil if it is not known
// which CRM that is.
type CRMNames map[string]bool

// NamesOfCRM gives the names that rows about a CRM have in the results of a run with that summary,
// which may be nil.
func NamesOfCRM(now zoho.Identity, s *Summary) CRMNames {
	if now.Name() == "" {
		return nil
	}
	names := CRMNames{}
	if now.Org != "" {
		names[now.Org] = true
	}
	if s != nil && now.Compare(s.Identity()) == zoho.Same {
		// A run that did not come to know the org's id has written the host.
		for _, id := range []zoho.Identity{now, s.Identity()} {
			names[id.Org], names[id.Host] = true, true
		}
	}
	return names
}

// IsStranger reports whether a row is about another CRM. A row without a CRM is of a run that did not
// come to know its CRM, and has sent nothing. If the CRM is not known, only the emulator is known to be
// another one.
func (names CRMNames) IsStranger(org string) bool {
	if names == nil {
		return org == Emulator
	}
	return org != "" && !names[org]
}
