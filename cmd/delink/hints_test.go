package main

import (
	"strings"
	"testing"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// Every code for which a person can do something has a hint.
func TestHints(t *testing.T) {
	for _, code := range strings.Fields(`
		DUPLICATE_DATA NO_PERMISSION RECORD_LOCKED NOT_APPROVED INVALID_MODULE NOT_SUPPORTED INVALID_DATA
		UNABLE_TO_PARSE_DATA_TYPE LIMIT_EXCEEDED MANDATORY_NOT_FOUND REQUIRED_PARAM_MISSING AUTHORIZATION_FAILED
		INVALID_REQUEST_METHOD INVALID_TOKEN INVALID_OAUTHTOKEN AUTHENTICATION_FAILURE
		OAUTH_SCOPE_MISMATCH INVALID_URL_PATTERN TOO_MANY_REQUESTS LIMIT_REACHED RATE_LIMIT_EXCEEDED INTERNAL_ERROR
		FEATURE_NOT_SUPPORTED METHOD_NOT_ALLOWED REQUEST_ENTITY_TOO_LARGE REQUEST_URI_TOO_LONG UNSUPPORTED_MEDIA_TYPE
		invalid_code invalid_client invalid_client_secret
		FOREIGN_ANSWER SERVER_ERROR NOT_CONNECTED REDIRECTED RECORD_DELETED NO_ACCESS_TOKEN ACCESS_TOKEN_REFUSED
		NOT_TRUSTED PROXY BLOCKED TOO_MANY_TOKENS NO_REFRESH_TOKEN`) {
		if zoho.Explain(code) == "" || hintForCode(code) == "" || hintFor(&zoho.Error{Kind: zoho.Denied, Code: code}) != hintForCode(code) {
			t.Errorf("%s: %q, %q", code, zoho.Explain(code), hintForCode(code))
		}
	}
	for code, hint := range hints {
		if zoho.Explain(code) == "" {
			t.Errorf("%s has a hint and no text", code)
		}
		if strings.HasSuffix(hint, ".") || hint != strings.TrimSpace(hint) || hint == "" {
			t.Errorf("%s: %q", code, hint)
		}
	}
	if hint := hintForCode("invalid_module"); hint != hints["INVALID_MODULE"] {
		t.Errorf("in lower case: %q", hint)
	}
	if hint := hintForCode("SOMETHING_NEW"); hint != "" {
		t.Errorf("%q", hint)
	}
}

// A client of the wrong kind is told of both kinds, whichever way to log in was chosen.
func TestHintsForClients(t *testing.T) {
	for _, code := range []string{"unauthorized_client", "unsupported_grant_type", "invalid_redirect_uri"} {
		for _, selfClient := range []bool{false, true} {
			s := &signIn{selfClient: selfClient}
			exit, hint := judge(s.refusal(&zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: code}))
			if exit != outcome.ExitRefused || !strings.Contains(hint, "Non-browser Application") || !strings.Contains(hint, "Self Client") {
				t.Errorf("%s, %v: exit %d, %q", code, selfClient, exit, hint)
			}
		}
	}
}

// Where the code does not say enough, the part of the path, the version or the kind of the error
// decides.
func TestHintsWithoutCodes(t *testing.T) {
	for _, c := range []struct {
		e    zoho.Error
		want string
	}{
		{zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeParent, Code: "INVALID_DATA"}, "look for it in the CRM"},
		{zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeList, Code: "INVALID_DATA"}, "check their API names"},
		{zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeParent, Code: "400"}, "look for it in the CRM"},
		{zoho.Error{Kind: zoho.Nameless, Scope: zoho.ScopeBatch, Code: "INVALID_DATA"}, "check that module, relation and ids"},
		{zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeParent, Code: "RECORD_LOCKED"}, "unlock it"},
		{zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: "something_new"}, "check the data centre"},
		{zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: zoho.CodeLockedOut}, "wait ten minutes"},
		{zoho.Error{Kind: zoho.Unanswered, Code: zoho.CodeNoAnswer}, ""},
		{zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeRun, Code: notSupported, Version: "v4"}, "leave out --api-version"},
		{zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeRun, Code: notSupported, Version: "v8"}, "run may work with an older version"},
		{zoho.Error{Kind: zoho.Refused, Scope: zoho.ScopeRun, Code: notSupported}, "--api-version does not help here"},
	} {
		if got := hintFor(&c.e); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%+v: %q, want %q", c.e, got, c.want)
		}
	}
}
