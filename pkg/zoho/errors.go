package zoho

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"delink/pkg/zoho/internal/web"
)

// Scope says how far an error reaches.
type Scope int

// The scopes, from the narrowest.
const (
	ScopeBatch  Scope = iota // the ids of this call
	ScopeParent              // every batch of this parent record
	ScopeList                // every batch of this module and related list
	ScopeRun                 // nothing more can go through
)

// Kind says what an error means for the ids that were sent, and so what a caller can do.
type Kind int

// The kinds of errors of a call.
const (
	// Refused: the CRM said no, for good, and removed nothing.
	Refused Kind = iota
	// Nameless: the CRM refused the whole call, and does not say because of what: perhaps because
	// of some id that it does not name. It removed nothing. Halves of the call may go through.
	Nameless
	// Unanswered: no answer that can be trusted; the ids may have been removed. Sending again is
	// safe: what was removed answers "relation not found".
	Unanswered
	// Unsent: the call never reached the CRM (no token, no connection): nothing was removed.
	Unsent
	// Throttled: too many calls, in flight or in 24 hours. Nothing was removed.
	Throttled
	// BadToken: the access token is not accepted (any more). Nothing was removed.
	BadToken
	// Denied: refused for want of a scope, a permission or a valid login. Nothing was removed.
	Denied
)

// Error is a call that gave no answer by id. Its text is for the people who run delink: what
// happened, in plain words. It holds neither token nor secret.
type Error struct {
	Kind   Kind
	Scope  Scope
	Sent   bool   // a call reached the API: not so where there was no token or no connection
	Status int    // HTTP status; 0 when there was no answer
	Code   string // Zoho's code, or one of ours in the same style where there is none
	Detail string // Zoho's own words
	Param  string // the parameter, or the clause of a query, that was refused; empty if Zoho names none
	Cause  error  // the transport's or token source's error, if there is one

	// Version is the version of the API that was called, for calls of which Options say it. It is empty
	// for the others, which always call the current one.
	Version string

	// Unproven says of Denied for a parent record that the CRM did not say what is refused: the
	// permission may be missing for this parent record, or for the whole list. A second parent
	// record of the list that is refused in the same way proves the latter.
	Unproven bool

	RetryAfter  time.Duration // what the CRM asks to wait, with a 429 or an error of its own; 0 if it does not say
	CreditsGone bool          // for Throttled: it said that the credits of the last 24 hours are used up

	// Lasting says of Unsent that trying again would fail in the same way: the certificate is not
	// trusted, or the proxy refuses.
	Lasting bool

	// Running says of Unanswered that the caller did not wait any longer: the CRM may still be at
	// work on the call.
	Running bool

	// token is the one that was refused, for BadToken.
	token Token
}

// Error says what happened and, behind a colon, what Zoho said.
func (e *Error) Error() string {
	text := e.explanation()
	switch {
	case e.Cause != nil && text == "":
		return e.Cause.Error()
	case e.Cause != nil:
		return text + ": " + e.Cause.Error()
	case text == "" && e.Detail == "":
		return fmt.Sprintf("the CRM answered %s (HTTP %d)", e.Code, e.Status)
	case text == "":
		return fmt.Sprintf("the CRM answered %s: %s", e.Code, e.Detail)
	case e.Detail == "":
		return text
	}
	return text + ": " + e.Detail
}

// AsError finds the Error in an error of a call. Any other error counts as a call that went unanswered.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Unanswered, Sent: true, Code: CodeNoAnswer, Cause: err}
}

// Has reports whether the code is that one, in any case.
func (e *Error) Has(code string) bool { return strings.EqualFold(e.Code, code) }

// IsAbout reports whether a call was refused because of a parameter. Look-ups are Nameless then: they
// have ids, one of which could be the reason.
func (e *Error) IsAbout(param string) bool {
	return (e.Kind == Refused || e.Kind == Nameless) && strings.EqualFold(e.Param, param)
}

// nameScopes says which scopes a call for a relation needs, where the login lacks one: those of
// both modules (K).
func (e *Error) nameScopes(r Relation, operation string) {
	related := r.List
	if m := FindModule(related); m != nil {
		related = m.API
	}
	e.needsScopes(fmt.Sprintf("the call needs ZohoCRM.modules.%s.%s and ZohoCRM.modules.%s.%s, or ZohoCRM.modules.ALL",
		strings.ToLower(r.Module), operation, strings.ToLower(related), operation))
}

// needsScopes adds what a call needs to the error of a login that lacks a scope.
func (e *Error) needsScopes(needs string) {
	if e.Has(CodeScopeMismatch) {
		e.Detail = strings.TrimPrefix(e.Detail+"; "+needs, "; ")
	}
}

// Unwrap gives the transport's error.
func (e *Error) Unwrap() error { return e.Cause }

// SaysOnlyWhere reports whether the code has no meaning of its own, so that all the error says is
// which part of the path is wrong. Scope tells which: the parent record, or the module or list.
func (e *Error) SaysOnlyWhere() bool {
	_, ok := places[e.Scope]
	return ok && e.Kind == Refused && (e.Code == CodeInvalidData || number(e.Code))
}

// explanation is that of the code, or of the part of the path that a code without a meaning of its
// own is about.
func (e *Error) explanation() string {
	if e.SaysOnlyWhere() {
		return places[e.Scope]
	}
	return Explain(e.Code)
}

// CodeLockedOut is what the token endpoint says to whoever has asked too often (R). Lock-outs that
// come in other words get it, too.
const CodeLockedOut = "Access Denied"

// Codes of ours, for what comes without one of Zoho's.
const (
	CodeNoAnswer       = "NO_ANSWER"            // a time-out, a reset, an empty or torn body
	CodeForeignAnswer  = "FOREIGN_ANSWER"       // a body that is not Zoho's: a gateway's page
	CodeServerError    = "SERVER_ERROR"         // 5xx without a code
	CodeNotConnected   = "NOT_CONNECTED"        // no connection could be made
	CodeNoToken        = "NO_ACCESS_TOKEN"      // the token endpoint gave none
	CodeTokenRefused   = "ACCESS_TOKEN_REFUSED" // the only access token that there is
	CodeTooManyTokens  = "TOO_MANY_TOKENS"      // as many were asked for as Zoho gives
	CodeNoRefreshToken = "NO_REFRESH_TOKEN"     // a grant code gave an access token alone
	CodeBlocked        = "BLOCKED"              // a web page with HTTP 403 in the place of a token
	CodeNotTrusted     = "NOT_TRUSTED"          // no secure connection, for a reason that stays
	CodeProxy          = "PROXY"                // the proxy cannot be used
	CodeRedirected     = "REDIRECTED"           // 3xx: the API does not redirect
	CodeRecordDeleted  = "RECORD_DELETED"       // a success that deleted a record
	CodeContradiction  = "CONTRADICTION"        // two answers for one id that do not agree
	CodeFieldHidden    = "FIELD_HIDDEN"         // a read does not show a field that a link cannot be made without
	CodeNotLinked      = "NOT_LINKED"           // a read shows that there is no such link
	CodeNotInAnswer    = "NOT_IN_ANSWER"        // an answer came, but none of its items names the id
	CodeUnproven       = "UNPROVEN"             // an empty answer, and nothing shows that reads tell the truth
	CodeLinkedAlready  = "ALREADY_LINKED"       // a look-up found a link that was to be made
	CodeNotShown       = "NOT_SHOWN"            // a success that made a link, which look-ups do not show
	CodeStillShown     = "STILL_SHOWN"          // a success that removed a link, which look-ups still show
	CodeEmptyAnswers   = "EMPTY_ANSWERS"        // look-ups that may be answered by a gateway
)

// unsent is the error of a call that was never sent.
func unsent(cause error) *Error { return &Error{Kind: Unsent, Code: CodeNotConnected, Cause: cause} }

// Hinder notes what kept a request from being sent, where trying again would not help. err is the
// transport's error itself.
func (e *Error) Hinder(err error) {
	switch web.ObstacleOf(err) {
	case web.NoTrust:
		e.Code, e.Lasting = CodeNotTrusted, true
	case web.Proxy:
		e.Code, e.Lasting = CodeProxy, true
	case web.NoObstacle:
	}
}
