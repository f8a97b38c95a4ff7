package zoho

import (
	"net/http"
	"slices"
	"strings"
)

// verdict is what a code means for a whole call.
type verdict struct {
	kind  Kind
	scope Scope
}

// refusals, by code, for calls that are refused as a whole (docs/zoho-api.md cites D and S for
// each). INVALID_DATA is not here: its meaning depends on the part of the path that it names.
var refusals = map[string]verdict{
	CodeInvalidModule:           {Refused, ScopeList},
	"NOT_SUPPORTED":             {Refused, ScopeList},
	"FEATURE_NOT_SUPPORTED":     {Refused, ScopeList},
	"UNABLE_TO_PARSE_DATA_TYPE": {Nameless, ScopeBatch},
	CodeLimitExceeded:           {Refused, ScopeBatch},
	"MANDATORY_NOT_FOUND":       {Refused, ScopeBatch},
	"REQUIRED_PARAM_MISSING":    {Refused, ScopeBatch},
	"AUTHORIZATION_FAILED":      {Denied, ScopeList},
	CodeScopeMismatch:           {Denied, ScopeList},
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
		e.Code, e.Detail, e.Param = body.code(), body.Details.said(body.Message), body.Details.Param.text()
	}
	e.Kind, e.Scope = meaning(status, e.Code, body.pathIndex())
	e.reach(body)
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

// meaning is what a status, a code and a part of the path say of the whole call. The status decides
// first: what a failing server or a refused token says besides proves nothing.
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
	case code == CodeInvalidData:
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
	return Nameless, ScopeBatch // whatever it is, some of the ids may go through
}

// reach sets how far a refusal reaches, by the part of the path that it names (S). A permission
// that is missing for one parent record says nothing about the others. A lock on a parent record
// holds for all of its batches.
//
// NO_PERMISSION that names neither permissions nor a part of the path is believed of its parent
// record only.
func (e *Error) reach(body *envelope) {
	index := body.pathIndex()
	unknown := e.Kind == Nameless && !hasMeaning(e.Code)
	switch refused := e.Kind == Refused || e.Kind == Denied || unknown; {
	case !refused || e.Scope == ScopeRun:
	case index == 1:
		e.Kind, e.Scope = Refused, ScopeParent
	case (index == 0 || index == 2) && unknown:
		e.Kind, e.Scope = Refused, ScopeList
	case (index == 0 || index == 2) && e.Scope == ScopeBatch:
		e.Scope = ScopeList
	case index < 0 && isPermission(e.Code) && e.Kind == Denied && (body == nil || len(body.Details.Permissions) == 0):
		e.Scope, e.Unproven = ScopeParent, true
	}
}

// hasMeaning reports whether a code is one that this package knows, or a number.
func hasMeaning(code string) bool {
	code = strings.ToUpper(code)
	_, known := refusals[code]
	return known || code == CodeInvalidData || number(code)
}

// isPermission reports whether a code may be about one record alone. Codes that are about the user
// or the login are not.
func isPermission(code string) bool {
	return strings.EqualFold(code, "NO_PERMISSION") || code == "403"
}

// blameParent lets a refusal that names the parent record by its id reach as far as that.
func (e *Error) blameParent(parent ID, body *envelope) {
	batch := e.Kind == Nameless || e.Kind == Refused && e.Scope == ScopeBatch || e.Unproven
	if body != nil && batch && body.pathIndex() < 0 && body.Details.names(parent) {
		e.Kind, e.Scope, e.Unproven = Refused, ScopeParent, false
	}
}

// blamed is the answer by id of a call that was refused as a whole because of ids that the refusal
// names: these are Failed, or Absent, and the others Untouched. ok is false if it names none of the
// ids that were sent.
//
//	400 {"code":"RECORD_LOCKED","details":{"id":"3652397000000925128"},"message":"…","status":"error"}
func blamed(ids []ID, status int, e *Error, body *envelope) (a Answer, ok bool) {
	if body == nil || status < 400 || status >= 500 || body.pathIndex() >= 0 {
		return Answer{}, false
	}
	switch {
	case e.Kind == Nameless, e.Kind == Refused && e.Scope == ScopeBatch, e.Unproven:
	default:
		return Answer{}, false
	}
	r := result{Code: text(e.Code), Details: body.Details, Message: body.Message, Status: "error"}
	verdict := Failed
	if r.verdict() == Absent {
		verdict = Absent
	}
	a = Answer{Status: status, Items: make([]Item, len(ids))}
	for i, id := range ids {
		a.Items[i] = Item{ID: id, Verdict: Untouched, Code: e.Code}
		if body.Details.names(id) {
			a.Items[i] = Item{ID: id, Verdict: verdict, Code: e.Code, Message: e.Detail}
			ok = true
		}
	}
	return a, ok
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

// refusedInData is the error of a call that was refused as a whole, where the refusal stands in
// data, as answers by id do. It is nil if data has answers by id. A refusal of the whole call is
// recognised by what it is about: every item is about the same part of the path, or there is one
// item and it names no id.
func refusedInData(sent int, reply reply, data []result) *Error {
	first := data[0]
	_, named := first.id()
	placed := !slices.ContainsFunc(data, func(r result) bool {
		return r.Details.PathIndex == "" || r.Details.PathIndex != first.Details.PathIndex || r.verdict() != Failed
	})
	// With a status of success and several ids, one item without an id may be about any of them.
	whole := len(data) == 1 && !named && first.verdict() != Removed && (sent == 1 || reply.status >= 300)
	if placed || whole {
		e := classify(reply.status, reply.header, &envelope{Code: first.Code, Message: first.Message, Details: first.Details})
		switch reaches := (e.Kind == Refused || e.Kind == Denied) && e.Scope != ScopeBatch; {
		case reaches && !placed && sent == 1 && first.verdict() != Absent: // as likely of this id
		case reaches && !placed && sent == 1: // of the parent record, or of this id: nobody knows
			return &Error{Kind: Nameless, Sent: true, Status: reply.status, Code: first.Code.text(), Detail: first.Message.text()}
		case reaches:
			return e
		}
	}
	if r, ok := nameless(sent, data); ok && reply.status == http.StatusBadRequest {
		return &Error{Kind: Nameless, Sent: true, Status: reply.status, Code: r.Code.text(), Detail: r.Message.text()}
	}
	return nil
}

// nameless is the item that refuses a whole call because of some id that it does not name. The
// older documentation can be read as if there were such answers (D). ok is false if data has
// answers by id.
func nameless(sent int, data []result) (r result, ok bool) {
	if len(data) == sent {
		return result{}, false
	}
	for _, r := range data {
		if _, named := r.id(); named || r.verdict() != Absent && r.verdict() != Failed {
			return result{}, false
		}
	}
	return data[0], true
}
