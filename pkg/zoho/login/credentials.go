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

// The scopes that delink can use, by purpose (D).
const (
	ScopeDelink = "ZohoCRM.modules.ALL"                 // to remove links, and to look up those that went unanswered
	ScopeLists  = "ZohoCRM.settings.related_lists.READ" // to check relations before the first call
	ScopeOrg    = "ZohoCRM.org.READ"                    // to show the org, and to know its edition's limits
	ScopeQuery  = "ZohoCRM.coql.READ"                   // to find parent records by a condition, and their names
	ScopeViews  = "ZohoCRM.settings.custom_views.READ"  // to find parent records by a custom view
)
