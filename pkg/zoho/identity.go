package zoho

import (
	"cmp"
	"strings"
)

// Identity says which CRM a run speaks to. What was settled in one CRM says nothing about another
// one.
type Identity struct {
	Org   string // the org's id; empty if it is not known
	Host  string // of the API, such as www.zohoapis.com
	Login string // a digest of the login; empty if there is none
}

// PassingLogin begins the digest of an access token, which is another one after an hour. It cannot
// show that two runs have two logins.
const PassingLogin = "token:"

// Name is what files call the CRM: the org's id, or the API's host where the id is not known.
func (i Identity) Name() string { return cmp.Or(i.Org, i.Host) }

// Sameness is what can be shown about two identities.
type Sameness int

// What can be shown.
const (
	NotShown  Sameness = iota // they may be the same CRM or not
	Same                      // they are the same CRM
	Different                 // they are two CRMs
)

// Compare says whether two identities are of one CRM. The ids of the orgs decide if both are known.
// Else it takes the same host and the same login to show that they are the same. If no id is known,
// and one login was an access token, the host is all there is to go by.
func (i Identity) Compare(other Identity) Sameness {
	switch {
	case i.Org != "" && other.Org != "":
		if i.Org == other.Org {
			return Same
		}
		return Different
	case i.Host != other.Host && i.Host != "" && other.Host != "":
		return Different
	case i.Host == "" || i.Host != other.Host || i.Login == "" || other.Login == "":
		return NotShown
	case i.Login == other.Login:
		return Same
	case i.Org == "" && other.Org == "" && (strings.HasPrefix(i.Login, PassingLogin) || strings.HasPrefix(other.Login, PassingLogin)):
		return Same
	}
	return NotShown
}

// String writes an identity as one word, which ParseIdentity reads.
func (i Identity) String() string { return i.Org + "|" + i.Host + "|" + i.Login }

// ParseIdentity reads what String wrote; false if it is something else.
func ParseIdentity(s string) (Identity, bool) {
	parts := strings.Split(s, "|")
	if len(parts) != 3 {
		return Identity{}, false
	}
	return Identity{parts[0], parts[1], parts[2]}, true
}
