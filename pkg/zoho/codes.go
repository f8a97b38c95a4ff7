package zoho

import (
	"net/http"
	"strings"
)

// Explanation is an error code in plain words: what it means for somebody who removes links, and what to do about it.
type Explanation struct {
	Text string
	Hint string
}

// Explain looks up a code, Zoho's or ours, in any case; both texts are empty for a code that is not known.
func Explain(code string) Explanation {
	if x, ok := explanations[code]; ok {
		return x
	}
	return explanations[strings.ToUpper(code)]
}

// explanations, by code. The codes are documented for the delink call (D) or its OpenAPI file (S) unless a source is
// named.
var explanations = map[string]Explanation{
	"AUTHENTICATION_FAILURE": {"the access token is not accepted", "check the credentials and the data centre (--dc); a new login may be needed"},
	"AUTHORIZATION_FAILED":   {"the user of this login may not do this", "give the user's profile the permission to edit and delete records of both modules, or log in as another user"},
	"API_NOT_SUPPORTED":      {"this version of the API does not support the call", "leave out --api-version"},
	"DUPLICATE_DATA":         {"the CRM refuses the record as a duplicate", "look at the two records in the CRM"},
	"EXPIRED_VALUE":          {"a value in the call has expired", "run again"},
	"FEATURE_NOT_SUPPORTED":  {"the org's edition does not have this feature", "compare the relation with what the org's edition offers"},
	"INTERNAL_ERROR":         {"the CRM had an internal error", "run again later; Zoho's status page may say more"},
	codeInvalidData:          {"the CRM does not accept an id or a name in the call", "check that module, relation and ids are of this org, and not of a sandbox or another one"},
	"INVALID_MODULE":         {"the CRM does not know the module", "use the module's API name (Setup > Developer Hub > APIs and SDKs > API names)"},
	"INVALID_OAUTHTOKEN":     {"the access token is not accepted", "check the credentials and the data centre (--dc); a new login may be needed"},
	"INVALID_REQUEST_METHOD": {"the CRM does not accept this kind of call here", "check ZOHO_API_DOMAIN and --api-version"},
	"INVALID_TOKEN":          {"the access token is not accepted", "check the credentials and the data centre (--dc); a new login may be needed"},
	"INVALID_URL_PATTERN":    {"the CRM does not know this address", "check ZOHO_API_DOMAIN, --dc and --api-version"},
	"LIMIT_EXCEEDED":         {"the call is larger than the CRM allows", "set a smaller --batch-size, and report this: delink should not have sent it"},
	"LIMIT_REACHED":          {"too many calls", "wait, or set a smaller --concurrency"},
	"MANDATORY_NOT_FOUND":    {"the CRM misses something in the call", "report this: delink should not have sent it"},
	"NOT_APPROVED":           {"the record waits for an approval", "approve or reject it in the CRM, then run again with --retry-failed"},
	"NOT_SUPPORTED":          {"the CRM does not support delinking in this related list", "check the relation's API name (Setup > Developer Hub > APIs and SDKs > API names)"},
	"NO_PERMISSION":          {"the user of this login lacks a permission", "give the user's profile the permission to edit and delete records of both modules, then run again with --retry-failed"},
	"OAUTH_SCOPE_MISMATCH":   {"the login lacks a scope", "create a login with the scope ZohoCRM.modules.ALL, or the DELETE scopes of both modules"},
	"RATE_LIMIT_EXCEEDED":    {"too many calls", "wait, or set a smaller --concurrency"},
	"RECORD_LOCKED":          {"the record is locked", "unlock it in the CRM, then run again with --retry-failed"},
	"RECORD_IN_BLUEPRINT":    {"the record is in a blueprint that forbids the change", "finish its transition in the CRM, then run again with --retry-failed"},
	"REQUIRED_PARAM_MISSING": {"the CRM misses something in the call", "report this: delink should not have sent it"},
	"TOO_MANY_REQUESTS":      {"too many calls", "wait, or set a smaller --concurrency"},

	"UNABLE_TO_PARSE_DATA_TYPE": {"the CRM cannot read an id in the call", "check the ids: they may have been changed by a spreadsheet"},

	// The token endpoint (R). Its errors come with HTTP 200 as well as 400.
	"invalid_code":           {"the refresh token is not accepted", "it was revoked, or it is of another data centre: check --dc (or ZOHO_DC) and ZOHO_REFRESH_TOKEN"},
	"invalid_client":         {"the client id is not accepted", "check ZOHO_CLIENT_ID, and --dc (or ZOHO_DC): a client belongs to one data centre unless it is enabled for more"},
	"invalid_client_secret":  {"the client secret is not accepted", "check ZOHO_CLIENT_SECRET: each data centre of a client has a secret of its own"},
	"invalid_grant":          {"the refresh token is not accepted", "it was revoked, or it is of another data centre: check --dc (or ZOHO_DC) and ZOHO_REFRESH_TOKEN"},
	"access_denied":          {"the login is refused", "the user or an administrator may have revoked it: log in anew (delink auth login)"},
	"invalid_redirect_uri":   {"the client is not one for this kind of login", "use a self client of the API console (delink auth login says how)"},
	"invalid_scope":          {"a scope is not accepted", "check the scopes that were asked for (delink auth login names them)"},
	"unauthorized_client":    {"the client may not do this", "use a self client of the API console (delink auth login says how)"},
	"unsupported_grant_type": {"the client is not one for this kind of login", "use a self client of the API console (delink auth login says how)"},
	codeLockedOut:            {"too many access tokens were asked for, and Zoho has locked this login out for a while", "wait ten minutes or more before the next run: asking again makes the lock-out longer"},

	// Statuses that come without a code.
	"METHOD_NOT_ALLOWED":       {"the CRM does not accept this kind of call here", "check ZOHO_API_DOMAIN and --api-version"},
	"REQUEST_ENTITY_TOO_LARGE": {"the call is larger than the CRM allows", "set a smaller --batch-size, and report this: delink should not have sent it"},
	"REQUEST_URI_TOO_LONG":     {"the call is longer than the CRM, or a proxy on the way, allows", "set a smaller --batch-size"},
	"UNSUPPORTED_MEDIA_TYPE":   {"the CRM does not accept this kind of call here", "check ZOHO_API_DOMAIN and --api-version"},

	// Numbers in the place of codes (R): the status is all that they say.
	"400": {"the CRM does not accept the call, and gives a number for a reason", "check that module, relation and ids are of this org, and not of a sandbox or another one"},
	"401": {"the access token is not accepted, or lacks a scope", "check the credentials, the data centre (--dc) and the login's scopes; a new login may be needed"},
	"403": {"the user of this login lacks a permission, or the login a scope", "check the permissions of the user's profile for both modules, and the login's scopes"},
	"404": {"the CRM does not know the record, or the address", "check the parent records' ids, ZOHO_API_DOMAIN, --dc and --api-version"},
	"405": {"the CRM does not accept this kind of call here", "check ZOHO_API_DOMAIN and --api-version"},
	"429": {"too many calls", "wait, or set a smaller --concurrency"},
	"500": {"the CRM had an internal error", "run again later; Zoho's status page may say more"},

	CodeNoAnswer:      {"no answer came", ""},
	CodeForeignAnswer: {"the answer is not from Zoho CRM", "a proxy or gateway on the way may have answered: check the network and ZOHO_API_DOMAIN"},
	CodeServerError:   {"the CRM had an error", "run again later; Zoho's status page may say more"},
	CodeNotConnected:  {"no connection to the CRM", "check the network, the proxy settings and ZOHO_API_DOMAIN"},
	CodeNoToken:       {"no access token", "the accounts host did not give one: run again later, and check the network, --dc and ZOHO_ACCOUNTS_URL"},
	CodeTokenRefused:  {"ZOHO_ACCESS_TOKEN is not accepted or has expired, and there is no refresh token to make another", "set a new one, or a login that can make them: ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN, or delink auth login"},
	CodeRedirected:    {"the CRM sent us to another address", "check ZOHO_API_DOMAIN and --dc"},
	CodeRecordDeleted: {"the CRM deleted the record instead of the link", "look for it in the CRM's recycle bin, and do not run this relation again"},
	CodeContradiction: {"the CRM gave two answers that contradict each other", ""},
	CodeNotInAnswer:   {"the CRM's answer does not mention this id", ""},
}

// codeLockedOut is what the token endpoint says to whoever has asked too often (R).
const codeLockedOut = "Access Denied"

// codeInvalidData says that something in the path or the ids is wrong; only its index says what.
const codeInvalidData = "INVALID_DATA"

// places explain it where the index says what.
var places = map[Scope]Explanation{
	ScopeParent: {"the parent record does not exist, or the user of this login may not see it", "look for it in the CRM, and check that it is of this org, and not of a sandbox or another one"},
	ScopeList:   {"the CRM does not know the module or the related list, or the layout hides the list", "check their API names (Setup > Developer Hub > APIs and SDKs > API names), and the module's page layout"},
}

// verdict is what a code means for a whole call.
type verdict struct {
	kind  Kind
	scope Scope
}

// refusals, by code, for calls that are refused as a whole (zoho-api.md, section 3, cites D and S for each). INVALID_DATA
// is not here: its meaning depends on the part of the path that it names.
var refusals = map[string]verdict{
	"INVALID_MODULE":            {Refused, ScopeList},
	"NOT_SUPPORTED":             {Refused, ScopeList},
	"FEATURE_NOT_SUPPORTED":     {Refused, ScopeList},
	"UNABLE_TO_PARSE_DATA_TYPE": {Nameless, ScopeBatch},
	"LIMIT_EXCEEDED":            {Refused, ScopeBatch},
	"MANDATORY_NOT_FOUND":       {Refused, ScopeBatch},
	"REQUIRED_PARAM_MISSING":    {Refused, ScopeBatch},
	"AUTHORIZATION_FAILED":      {Denied, ScopeList},
	"OAUTH_SCOPE_MISMATCH":      {Denied, ScopeList},
	"NO_PERMISSION":             {Denied, ScopeList},
	"INVALID_REQUEST_METHOD":    {Refused, ScopeRun},
	"API_NOT_SUPPORTED":         {Refused, ScopeRun},
	"INVALID_URL_PATTERN":       {Refused, ScopeRun},
	"INVALID_TOKEN":             {BadToken, ScopeRun},
	"INVALID_OAUTHTOKEN":        {BadToken, ScopeRun},
	"AUTHENTICATION_FAILURE":    {BadToken, ScopeRun},
	"TOO_MANY_REQUESTS":         {Throttled, ScopeRun},
	"LIMIT_REACHED":             {Throttled, ScopeRun},
	"RATE_LIMIT_EXCEEDED":       {Throttled, ScopeRun},
	"INTERNAL_ERROR":            {Unanswered, ScopeBatch},
}

// classify says what an answer without data means. body is nil if it is not a JSON object.
func classify(status int, header http.Header, body *envelope) *Error {
	e := &Error{Sent: true, Status: status}
	if body != nil {
		e.Code, e.Detail = body.code(), body.Details.said(body.Message)
	}
	e.Kind, e.Scope = meaning(status, e.Code, body.pathIndex())
	e.reach(body.pathIndex())
	if e.Code == "" {
		e.Code = codeOfStatus(status, e.Kind)
	}
	if e.Kind == Throttled || e.Kind == Unanswered {
		e.RetryAfter = retryAfter(header)
	}
	if e.Kind == Throttled {
		e.CreditsGone = creditsGone(header, body)
	}
	return e
}

func meaning(status int, code string, pathIndex int) (Kind, Scope) {
	code = strings.ToUpper(code)
	known, isKnown := refusals[code]
	switch {
	case status == http.StatusTooManyRequests:
		return Throttled, ScopeRun
	case status >= 500 || status == http.StatusRequestTimeout || status < 200:
		return Unanswered, ScopeBatch
	case status == http.StatusUnauthorized && (!isKnown || known.kind != Denied):
		return BadToken, ScopeRun
	case status >= 300 && status < 400:
		return Refused, ScopeRun
	case status >= 400 && number(code): // the name is missing (R): the status and the path tell what they can
		switch status {
		case http.StatusBadRequest, http.StatusNotFound:
			return invalid(status, pathIndex)
		case http.StatusForbidden:
			return Denied, ScopeList
		}
	case code == codeInvalidData:
		return invalid(status, pathIndex)
	}
	switch {
	case isKnown:
		return known.kind, known.scope
	case status == http.StatusMethodNotAllowed, status == http.StatusRequestEntityTooLarge,
		status == http.StatusUnsupportedMediaType, status == http.StatusRequestURITooLong:
		return Refused, ScopeRun
	case status < 300, code == "":
		return Unanswered, ScopeBatch // a success or a refusal that is not in Zoho's form proves nothing
	}
	return Refused, ScopeBatch
}

// reach lets a refusal reach as far as the part of the path that it names (S): a permission that is missing for one parent
// record says nothing about the others, and a lock on it is there for all of its batches.
func (e *Error) reach(pathIndex int) {
	switch refused := e.Kind == Refused || e.Kind == Denied; {
	case !refused || e.Scope == ScopeRun:
	case pathIndex == 1:
		e.Kind, e.Scope = Refused, ScopeParent
	case (pathIndex == 0 || pathIndex == 2) && e.Scope == ScopeBatch:
		e.Scope = ScopeList
	}
}

// invalid says what INVALID_DATA is about, by the part of the path that it names (S).
func invalid(status, pathIndex int) (Kind, Scope) {
	switch {
	case pathIndex == 0, pathIndex == 2: // the module, the related list
		return Refused, ScopeList
	case pathIndex == 1, pathIndex < 0 && status == http.StatusNotFound: // the parent record
		return Refused, ScopeParent
	}
	return Nameless, ScopeBatch
}

func codeOfStatus(status int, kind Kind) string {
	switch {
	case kind == Throttled:
		return "TOO_MANY_REQUESTS"
	case kind == BadToken:
		return "INVALID_TOKEN"
	case status >= 300 && status < 400:
		return CodeRedirected
	case status >= 500:
		return CodeServerError
	case kind == Unanswered:
		return CodeForeignAnswer
	}
	return strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_"))
}
