package zoho

import (
	"testing"

	"pgregory.net/rapid"
)

func TestCompareIdentities(t *testing.T) {
	org := Identity{Org: "1", Host: "a", Login: "x"}
	tests := []struct {
		name string
		a, b Identity
		want Sameness
	}{
		{"the same", org, org, Same},
		{"one org through two logins and hosts", org, Identity{Org: "1", Host: "b", Login: "y"}, Same},
		{"two orgs of one login", org, Identity{Org: "2", Host: "a", Login: "x"}, Different},
		{"an org is not known, the login and the host are the same", org, Identity{Host: "a", Login: "x"}, Same},
		{"an org is not known, another login", org, Identity{Host: "a", Login: "y"}, NotShown},
		{"no org is known, another access token", Identity{Host: "a", Login: "token:x"}, Identity{Host: "a", Login: "token:y"}, Same},
		{"no org is known, an access token and another login", Identity{Host: "a", Login: "token:x"}, Identity{Host: "a", Login: "y"}, Same},
		{"no org is known, another login", Identity{Host: "a", Login: "x"}, Identity{Host: "a", Login: "y"}, NotShown},
		{"an org is not known, another access token", Identity{Org: "1", Host: "a", Login: "token:x"}, Identity{Host: "a", Login: "token:y"}, NotShown},
		{"an org is not known, no login", org, Identity{Host: "a"}, NotShown},
		{"an org is not known, another host", org, Identity{Host: "b", Login: "x"}, Different},
		{"only the orgs are known", Identity{Org: "1"}, Identity{Org: "1"}, Same},
		{"an org and no more on one side, no org on the other", Identity{Org: "1"}, Identity{Host: "a", Login: "x"}, NotShown},
		{"the same login, no host", Identity{Login: "x"}, Identity{Login: "x"}, NotShown},
		{"nothing is known", Identity{}, Identity{}, NotShown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, back := test.a.Compare(test.b), test.b.Compare(test.a); got != test.want || back != test.want {
				t.Errorf("%d, and the other way round %d, want %d", got, back, test.want)
			}
		})
	}
}

func TestIdentityIsOneWord(t *testing.T) {
	word := rapid.StringMatching(`[0-9A-Za-z.:\[\]_-]*`)
	rapid.Check(t, func(t *rapid.T) {
		id := Identity{word.Draw(t, "org"), word.Draw(t, "host"), word.Draw(t, "login")}
		if got, ok := ParseIdentity(id.String()); !ok || got != id {
			t.Fatalf("%q is read as %+v, %v", id.String(), got, ok)
		}
		if name := id.Name(); name != id.Org && (id.Org != "" || name != id.Host) {
			t.Fatalf("%+v is called %q", id, name)
		}
	})
	for _, s := range []string{"", "a", "a|b", "a|b|c|d"} {
		if id, ok := ParseIdentity(s); ok {
			t.Errorf("%q is read as %+v", s, id)
		}
	}
}
