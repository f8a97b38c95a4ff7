package login

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
)

// The scopes of a token are those that the token endpoint named when it made the token, also for a
// later run that takes the token from the cache.
func TestScopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		a := &accounts{answer: func(int) (int, string) {
			return 200, `{"access_token":"1000.hush","scope":"ZohoCRM.modules.ALL ZohoCRM.org.READ","expires_in":3600}`
		}}
		want := []string{"ZohoCRM.modules.ALL", "ZohoCRM.org.READ"}
		for range 2 {
			s := NewSource(refreshable, a.server(), NewCache(folder, refreshable, "https://accounts.example"))
			if got := s.Scopes(); got != nil {
				t.Errorf("scopes %q before there is a token", got)
			}
			if _, err := s.Token(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := s.Scopes(); !slices.Equal(got, want) {
				t.Errorf("scopes %q", got)
			}
		}
		if n := a.asked.Load(); n != 1 {
			t.Errorf("%d tokens", n)
		}
		silent := NewSource(refreshable, (&accounts{answer: good}).server(), nil)
		if _, err := silent.Token(context.Background()); err != nil || silent.Scopes() != nil {
			t.Errorf("%v, scopes %q", err, silent.Scopes())
		}
	})
}
