package login

import (
	"time"

	"delink/pkg/zoho"
)

// token is an access token with its end.
type token struct {
	zoho.Token
	expires time.Time // zero if not known
	scopes  string    // granted, with spaces between them; empty if the token endpoint does not say
	foreign bool      // the token's answer named an API domain that cannot be used, which the settings override
}

// expiryMargin is how long before its end a token is no longer used, so that it does not die on the
// way.
const expiryMargin = 30 * time.Second

func (t token) usable(now time.Time) bool {
	return t.Secret() != "" && (t.expires.IsZero() || now.Before(t.expires.Add(-expiryMargin)))
}

// What the life of a token can be. Zoho's live for an hour (D).
const (
	lifeMin = 2 * expiryMargin
	lifeMax = 24 * time.Hour
)

// lifeOf is how long a token lives, from the two fields of the answer. It is 0 if that is not said,
// or makes no sense. Such a token is used until the CRM refuses it: asking for one for each call
// would end in a lock-out.
//
// Where expires_in_sec is there too, expires_in is in milliseconds (K).
func lifeOf(expiresIn, expiresInSec float64) time.Duration {
	said := expiresInSec
	if said <= 0 {
		said = expiresIn
	}
	if said <= lifeMin.Seconds() || said > lifeMax.Seconds() {
		return 0
	}
	return time.Duration(said * float64(time.Second))
}
