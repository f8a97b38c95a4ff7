package main

import (
	"strings"

	"delink/pkg/zoho"
)

// hintFor says what a person can do about an error of a call or a token: which flag, variable or
// page of the CRM helps. It is empty where there is nothing to say.
func hintFor(e *zoho.Error) string {
	if e.SaysOnlyWhere() {
		return placeHints[e.Scope]
	}
	if strings.EqualFold(e.Code, notSupported) {
		return versionHint(e.Version)
	}
	hint := hintForCode(e.Code)
	if hint == "" && e.Kind == zoho.Denied && e.Scope == zoho.ScopeRun {
		return "check the data centre (--dc), or log in again with delink auth login"
	}
	return hint
}

// hintForCode is hintFor if only the code of an error is known, as in results. The code is one of
// Zoho's or one of package zoho. Upper and lower case are the same.
func hintForCode(code string) string {
	if hint, ok := hints[code]; ok {
		return hint
	}
	return hints[strings.ToUpper(code)]
}

// notSupported is Zoho's code for a version of the API that does not know a call.
const notSupported = "API_NOT_SUPPORTED"

// versionHint is for a version of the API that the org refuses. --api-version is of use for the calls
// that remove links alone: all others call the current version, which is the default, too.
func versionHint(version string) string {
	switch current := zoho.Versions[len(zoho.Versions)-1]; version {
	case "":
		return "--api-version does not help here: this call is made with " + current + " alone; check ZOHO_API_DOMAIN, and ask Zoho whether this org has " + current
	case current:
		return "run may work with an older version: --api-version " + zoho.Versions[len(zoho.Versions)-2]
	}
	return "leave out --api-version"
}

// placeHints are for errors that say no more than which part of the path is wrong.
var placeHints = map[zoho.Scope]string{
	zoho.ScopeParent: "look for it in the CRM, and check that it is of this org, and not of a sandbox or another one",
	zoho.ScopeList:   "check their API names (" + zoho.PlaceOfNames + "), and the module's page layout",
}

// kindsOfClient says which kinds of client there are logins for.
const kindsOfClient = "delink auth login takes a client of the type Non-browser Application, and delink auth login --self-client one of the type Self Client"

// hints has what to do, by code. zoho.Explain has what the codes mean.
var hints = map[string]string{
	"AUTHENTICATION_FAILURE":    "check the data centre (--dc), or log in again with delink auth login",
	"AUTHORIZATION_FAILED":      "give the user's profile the permission to edit and delete records of both modules, or log in as another user",
	notSupported:                "name another version with --api-version, or leave it out",
	"DUPLICATE_DATA":            "look at the two records in the CRM",
	"EXPIRED_VALUE":             "run again",
	"FEATURE_NOT_SUPPORTED":     "check whether the org's edition has this module and related list",
	"ID_ALREADY_CONVERTED":      "Zoho neither links a converted lead again nor takes it as a parent record; the contact or account that it became may be linked by hand",
	"INTERNAL_ERROR":            "run again later; Zoho's status page may say more",
	"INVALID_DATA":              "check that module, relation and ids are of this org, and not of a sandbox or another one",
	"INVALID_MODULE":            "use the module's API name (" + zoho.PlaceOfNames + ")",
	"INVALID_OAUTHTOKEN":        "check the data centre (--dc), or log in again with delink auth login",
	"INVALID_REQUEST_METHOD":    "check ZOHO_API_DOMAIN and --api-version",
	"INVALID_TOKEN":             "check the data centre (--dc), or log in again with delink auth login",
	"INVALID_URL_PATTERN":       "check ZOHO_API_DOMAIN, --dc and --api-version",
	"LIMIT_EXCEEDED":            "set a smaller --batch-size, and report this: delink should not have sent it",
	"LIMIT_REACHED":             "wait, or set a smaller --concurrency",
	"MANDATORY_NOT_FOUND":       "report this: delink should not have sent it",
	"NOT_APPROVED":              "approve or reject it in the CRM",
	"NOT_SUPPORTED":             "check the relation's API name (" + zoho.PlaceOfNames + ")",
	"NO_PERMISSION":             "give the user's profile the permission to edit and delete records of both modules",
	"OAUTH_SCOPE_MISMATCH":      "log in again (delink auth login), which asks for all scopes that delink needs",
	"RATE_LIMIT_EXCEEDED":       "wait, or set a smaller --concurrency",
	"RECORD_LOCKED":             "unlock it in the CRM",
	"RECORD_IN_BLUEPRINT":       "finish its blueprint transition in the CRM",
	"REQUIRED_PARAM_MISSING":    "report this: delink should not have sent it",
	"TOO_MANY_REQUESTS":         "wait, or set a smaller --concurrency",
	"UNABLE_TO_PARSE_DATA_TYPE": "check the ids: they may have been changed by a spreadsheet",

	// Codes of the token endpoint (docs/zoho-api.md, section 5).
	"invalid_code":           "it was revoked, or it is of another data centre: log in again (delink auth login), or check --dc (or ZOHO_DC) and ZOHO_REFRESH_TOKEN",
	"invalid_client":         "check ZOHO_CLIENT_ID, and --dc (or ZOHO_DC): a client belongs to one data centre unless it is enabled for more",
	"invalid_client_secret":  "check ZOHO_CLIENT_SECRET: each data centre of a client has a secret of its own",
	"invalid_grant":          "it was revoked, or it is of another data centre: log in again (delink auth login), or check --dc (or ZOHO_DC) and ZOHO_REFRESH_TOKEN",
	"access_denied":          "the user or an administrator may have revoked it: log in again (delink auth login)",
	"invalid_redirect_uri":   kindsOfClient,
	"invalid_scope":          "check the scopes that were asked for (delink auth login --self-client names them)",
	"unauthorized_client":    kindsOfClient,
	"unsupported_grant_type": kindsOfClient,
	"other_dc":               "name the data centre with --dc",
	zoho.CodeLockedOut:       "wait ten minutes or more before the next run: asking again makes the lock-out longer",

	// Statuses that come without a code.
	"METHOD_NOT_ALLOWED":       "check ZOHO_API_DOMAIN and --api-version",
	"REQUEST_ENTITY_TOO_LARGE": "set a smaller --batch-size, and report this: delink should not have sent it",
	"REQUEST_URI_TOO_LONG":     "set a smaller --batch-size",
	"UNSUPPORTED_MEDIA_TYPE":   "check ZOHO_API_DOMAIN and --api-version",

	// Numbers in place of codes, which say no more than the HTTP status (docs/zoho-api.md, section
	// 2).
	"400":                   "check that module, relation and ids are of this org, and not of a sandbox or another one",
	"401":                   "check the data centre (--dc) and the login's scopes, or log in again with delink auth login",
	"403":                   "check the permissions of the user's profile for both modules, and the login's scopes",
	"404":                   "check the parent records' ids, ZOHO_API_DOMAIN, --dc and --api-version",
	"405":                   "check ZOHO_API_DOMAIN and --api-version",
	"429":                   "wait, or set a smaller --concurrency",
	"500":                   "run again later; Zoho's status page may say more",
	zoho.CodeForeignAnswer:  "a proxy or gateway on the way may have answered: check the network and ZOHO_API_DOMAIN",
	zoho.CodeUnproven:       "look at one of the parent records in the CRM with the user of this login: if the list is empty there, the links are gone; if it is not, this login may not see its records, or a proxy or gateway on the way answers",
	zoho.CodeEmptyAnswers:   "look at one of the parent records in the CRM with the user of this login: it may not see the records of the list, or a proxy or gateway on the way may answer",
	zoho.CodeServerError:    "run again later; Zoho's status page may say more",
	zoho.CodeFieldHidden:    "run without --snapshot; if you may want to undo this, first add the field to the input, in a column called link.NAME",
	zoho.CodeNotShown:       "look for the link in the CRM with the user of this login; if it is there, this login may not see the records of the list",
	zoho.CodeNotConnected:   "check the network, the proxy settings and ZOHO_API_DOMAIN",
	zoho.CodeNoToken:        "the accounts host did not give one: run again later, and check the network, --dc and ZOHO_ACCOUNTS_URL",
	zoho.CodeTokenRefused:   "set a new ZOHO_ACCESS_TOKEN, or a login that can make them: ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN, or delink auth login",
	zoho.CodeRedirected:     "check ZOHO_API_DOMAIN and --dc",
	zoho.CodeRecordDeleted:  "look for it in the CRM's recycle bin, and do not run this relation again",
	zoho.CodeTooManyTokens:  "Zoho refused new access tokens again and again: check the login's scopes, and wait until the time that is named before the next run",
	zoho.CodeNoRefreshToken: "log in again; if that does not help, remove delink from the Connected Apps of your Zoho account first, or, with --self-client, generate another code",
	zoho.CodeBlocked:        "IP restrictions of the account or the org may keep this machine out (Allowed IP addresses, in the security settings of Zoho Accounts and of the CRM), or a firewall on the way may",
	zoho.CodeNotTrusted:     "if a proxy or firewall on the way has a certificate of its own, name the file with its root certificate in SSL_CERT_FILE; else check the host name and the clock",
	zoho.CodeProxy:          "check HTTPS_PROXY, its user and password, and NO_PROXY",
}
