package zoho

import "strings"

// Explain says in plain words what a code means for somebody who removes links: a code of Zoho or
// one of ours, in any case. It is empty for a code that is not known.
func Explain(code string) string {
	if text, ok := explanations[code]; ok {
		return text
	}
	return explanations[strings.ToUpper(code)]
}

// explanations, by code. The codes are documented for the delink call (D) or its OpenAPI file (S)
// unless a source is named.
var explanations = map[string]string{
	"AUTHENTICATION_FAILURE":    "the access token is not accepted",
	"AUTHORIZATION_FAILED":      "the user of this login may not do this",
	"API_NOT_SUPPORTED":         "this version of the API does not support the call",
	"DUPLICATE_DATA":            "the CRM refuses the record as a duplicate",
	"EXPIRED_VALUE":             "a value in the call has expired",
	"FEATURE_NOT_SUPPORTED":     "the org's edition does not have this feature",
	"ID_ALREADY_CONVERTED":      "the lead is converted",
	"INTERNAL_ERROR":            "the CRM had an internal error",
	CodeInvalidData:             "the CRM does not accept an id or a name in the call",
	CodeInvalidModule:           "the CRM does not know the module",
	"INVALID_OAUTHTOKEN":        "the access token is not accepted",
	"INVALID_REQUEST_METHOD":    "the CRM does not accept this kind of call here",
	"INVALID_TOKEN":             "the access token is not accepted",
	"INVALID_URL_PATTERN":       "the CRM does not know this address",
	CodeLimitExceeded:           "the call is larger than the CRM allows",
	"LIMIT_REACHED":             "too many calls",
	"MANDATORY_NOT_FOUND":       "the CRM says that something is missing in the call",
	"NOT_APPROVED":              "the record waits for an approval",
	"NOT_SUPPORTED":             "the CRM does not support delinking in this related list",
	"NO_PERMISSION":             "the user of this login lacks a permission",
	CodeScopeMismatch:           "the login lacks a scope",
	"RATE_LIMIT_EXCEEDED":       "too many calls",
	"RECORD_LOCKED":             "the record is locked",
	"RECORD_IN_BLUEPRINT":       "the record is in a blueprint that forbids the change",
	"REQUIRED_PARAM_MISSING":    "the CRM says that something is missing in the call",
	"TOO_MANY_REQUESTS":         "too many calls",
	"UNABLE_TO_PARSE_DATA_TYPE": "the CRM cannot read an id in the call",

	// The token endpoint (R). Its errors come with HTTP 200 as well as 400.
	"invalid_code":           "the refresh token is not accepted",
	"invalid_client":         "the client id is not accepted",
	"invalid_client_secret":  "the client secret is not accepted",
	"invalid_grant":          "the refresh token is not accepted",
	"access_denied":          "the login is refused",
	"invalid_redirect_uri":   "the client is not one for this kind of login",
	"invalid_scope":          "a scope is not accepted",
	"unauthorized_client":    "the client may not do this",
	"unsupported_grant_type": "the client is not one for this kind of login",
	"expired":                "the code has expired",
	"other_dc":               "the user is in another data centre",
	CodeLockedOut:            "too many access tokens were asked for, and Zoho has locked this login out for a while",

	// Statuses that come without a code.
	"METHOD_NOT_ALLOWED":       "the CRM does not accept this kind of call here",
	"REQUEST_ENTITY_TOO_LARGE": "the call is larger than the CRM allows",
	"REQUEST_URI_TOO_LONG":     "the call is longer than the CRM, or a proxy on the way, allows",
	"UNSUPPORTED_MEDIA_TYPE":   "the CRM does not accept this kind of call here",

	// Numbers in the place of codes (R): the status is all that they say.
	"400": "the CRM does not accept the call, and gives only a number as the reason",
	"401": "the access token is not accepted, or lacks a scope",
	"403": "the user of this login lacks a permission, or the login a scope",
	"404": "the CRM does not know the record, or the address",
	"405": "the CRM does not accept this kind of call here",
	"429": "too many calls",
	"500": "the CRM had an internal error",

	// Codes of ours.
	CodeNoAnswer:       "no answer came",
	CodeNotLinked:      "there is no such link",
	CodeFieldHidden:    "the CRM does not show a field that the link cannot be made without",
	CodeForeignAnswer:  "the answer is not from Zoho CRM",
	CodeServerError:    "the CRM had an error",
	CodeNotConnected:   "no connection to the CRM",
	CodeNoToken:        "no access token",
	CodeTokenRefused:   "the access token is not accepted or has expired, and there is no refresh token to make another",
	CodeRedirected:     "the CRM sent delink to another address",
	CodeRecordDeleted:  "the CRM deleted the record instead of the link",
	CodeContradiction:  "the CRM gave two answers that contradict each other",
	CodeNotInAnswer:    "the CRM's answer does not mention this id",
	CodeUnproven:       "the link is not shown, and nothing proves that this login sees the list",
	CodeLinkedAlready:  "the link is there already",
	CodeNotShown:       "the CRM said that it made the link, and no look-up has shown it",
	CodeStillShown:     "the CRM said that it removed the link, and no look-up has shown that it is gone",
	CodeEmptyAnswers:   "look-ups get empty answers, and nothing shows that these come from the CRM",
	CodeTooManyTokens:  "too many access tokens were needed",
	CodeNoRefreshToken: "the login gave no refresh token",
	CodeBlocked:        "the accounts host does not let this machine in",
	CodeNotTrusted:     "no secure connection",
	CodeProxy:          "the proxy cannot be used",
}

// Codes of Zoho on which something depends.
const (
	CodeInvalidData   = "INVALID_DATA" // something in the path or the ids is wrong; only its index says what
	CodeInvalidModule = "INVALID_MODULE"
	CodeInvalidQuery  = "INVALID_QUERY"
	CodeLimitExceeded = "LIMIT_EXCEEDED"
	CodeScopeMismatch = "OAUTH_SCOPE_MISMATCH"
)

// places explain codes without a meaning of their own, by the part of the path that they are about.
var places = map[Scope]string{
	ScopeParent: "the parent record does not exist, or the user of this login may not see it",
	ScopeList:   "the CRM does not know the module or the related list, or the layout hides the list",
}
