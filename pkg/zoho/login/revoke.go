package login

import (
	"context"
	"errors"
	"net/url"

	"delink/pkg/zoho"
)

// Revoke makes the refresh token of a login invalid, and with it the access tokens that were made
// with it (D). The token is in the form, where no log of addresses keeps it. Zoho's documentation
// has it in the URL; public code has it in either place (R). If it was not revoked, the error is
// Denied for an answer that says so, else Unsent.
//
// POST {accounts}/oauth/v2/token/revoke (D)
func (s Server) Revoke(ctx context.Context, c Credentials) error {
	a := s.post(ctx, s.endpoint()+"/revoke", url.Values{"token": {c.RefreshToken}})
	said := readRefusal(a.body)
	// The answer to a token that was revoked is {"status":"success"} (D).
	if a.err == nil && a.status >= 200 && a.status < 300 && said.Status == "success" && said.Error == "" {
		return nil
	}
	return a.failure(ctx, newSecrets(c.ClientSecret, c.RefreshToken))
}

// IsRevoked reports whether an error of Source.Token says that the refresh token is not valid any
// more.
func IsRevoked(err error) bool {
	var e *zoho.Error
	return errors.As(err, &e) && (e.Code == "invalid_code" || e.Code == "invalid_grant")
}
