package login

import (
	"fmt"
	"io"
)

// Credentials are what access tokens are made from. Either AccessToken is ready to use, or the
// other three make one.
type Credentials struct {
	ClientID, ClientSecret, RefreshToken string
	AccessToken                          string
}

// Format prints a placeholder, whatever the verb.
func (Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "(login)") }

// Scope is a scope that delink can use.
type Scope struct {
	Name string
	For  string // what delink does with it
}

// The names of scopes (D).
const (
	ScopeModules = "ZohoCRM.modules.ALL"
	ScopeLists   = "ZohoCRM.settings.related_lists.READ"
	ScopeOrg     = "ZohoCRM.org.READ"
	ScopeQuery   = "ZohoCRM.coql.READ"
	ScopeViews   = "ZohoCRM.settings.custom_views.READ"
)

// Scopes are those that a login should have. Without all but the first, delink goes on with less.
var Scopes = []Scope{
	{ScopeModules, "to remove links, to read them, and to link again"},
	{ScopeLists, "to check relations before the first call"},
	{ScopeOrg, "to show the org, and to know its limits"},
	{ScopeQuery, "to find parent records by a condition, and their names (export)"},
	{ScopeViews, "to find parent records by a custom view (export)"},
}
