package main

import "fmt"

// setAs gives the name under which a credential is set in the environment, its own or that of its
// file; empty if it is not.
func (p *program) setAs(name string) string {
	for _, name := range []string{name, name + "_FILE"} {
		if unquoted(p.getenv(name)) != "" {
			return name
		}
	}
	return ""
}

// tokenVariables gives the variables that hold a token. A login in the environment beats those that
// are stored.
func (p *program) tokenVariables() (set []string) {
	for _, name := range []string{"ZOHO_REFRESH_TOKEN", "ZOHO_ACCESS_TOKEN"} {
		if name = p.setAs(name); name != "" {
			set = append(set, name)
		}
	}
	return set
}

// beats says of each variable for which commands do not use a stored login why that is.
func (p *program) beats(s *storedLogin) (notes []string) {
	for _, name := range p.tokenVariables() {
		notes = append(notes, name+" is set in the environment and is used instead of this login: unset it to use this one")
	}
	id, secret := p.setAs("ZOHO_CLIENT_ID"), p.setAs("ZOHO_CLIENT_SECRET")
	set, _ := p.secret("ZOHO_CLIENT_ID") // a command that needs it says what is wrong with it
	switch {
	case len(notes) > 0: // the client is that of the token
	case id != "" && set != s.ClientID:
		notes = append(notes, id+" has another client than this login: unset it to use this one")
	case id == "" && secret != "":
		notes = append(notes, secret+" is set without ZOHO_CLIENT_ID: unset it to use this login")
	}
	for _, name := range []string{variableOf("dc"), "ZOHO_DC"} {
		written := p.setting(name)
		if written == "" {
			continue
		}
		if dc, err := readCentre(written); err != nil || dc != s.DC {
			notes = append(notes, fmt.Sprintf("%s is %s, and this login is of %s: unset %[1]s to use it", name, written, s.DC))
		}
		break // the first one counts
	}
	if org := p.getenv(variableOf("org")); !s.is("", org) {
		notes = append(notes, fmt.Sprintf("%s is %s, and this login is of %s: unset %[1]s to use it", variableOf("org"), org, s.full()))
	}
	return notes
}
