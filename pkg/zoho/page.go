package zoho

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Record is a record of a page.
type Record struct {
	ID     ID
	Own    Fields // those of the link itself; nil for records of a module, and for a link without any
	Fields Fields // those that were asked for
}

// Page is one page of a list.
type Page struct {
	Records []Record
	More    bool   // there is another page
	Token   string // next_page_token, which leads to it; empty if there is none
}

// PageOf says which page of a list to read. Number and Token exclude each other: pages have numbers
// up to record 2,000, and are reached by the token of the page before them behind that (D, S).
type PageOf struct {
	Number          int      // from 1; 0 is 1, too
	Token           string   // next_page_token of the page before
	Converted       string   // which records to show: both (the default), true or false
	Approved        string   // the same
	WithoutApproved bool     // leave the parameter approved out: older versions refuse it, and hide records that are not approved
	Fields          []string // of the records, besides id
}

// query is the query of a page. also are fields that are asked for besides.
//
// Without converted and approved, converted leads and records that are not approved are hidden (D,
// S). The order by id keeps records that are added meanwhile from shifting the pages (I).
func (p PageOf) query(also ...string) string {
	q := "?fields=id"
	for _, name := range append(slices.Clone(p.Fields), also...) {
		if name != "id" && name != "" {
			q += "," + url.QueryEscape(name)
		}
	}
	q += "&sort_by=id&sort_order=asc&per_page=200&converted=" + url.QueryEscape(cmp.Or(p.Converted, "both"))
	if !p.WithoutApproved {
		q += "&approved=" + url.QueryEscape(cmp.Or(p.Approved, "both"))
	}
	if p.Token != "" {
		return q + "&page_token=" + url.QueryEscape(p.Token)
	}
	return q + "&page=" + strconv.Itoa(p.number())
}

// number is the number of the page; 0 for one that is reached by a token.
func (p PageOf) number() int {
	if p.Token != "" {
		return 0
	}
	return max(p.Number, 1)
}

// Links reads one page of a related list of the parent record, at most 200 links by ascending id.
// What an answer has besides id and the fields that were asked for belongs to the link itself. Its
// errors are of type *Error.
//
// GET …/{module}/{record_id}/{related_list}?fields=…&sort_by=id&… (D, S)
func (c *Client) Links(ctx context.Context, t Token, r Relation, parent ID, p PageOf) (Page, error) {
	path := fmt.Sprintf("/%s/%s/%s", r.Module, parent, r.List) + p.query(ownFields(r, p.Fields)...)
	page, e := c.page(ctx, t, reading{path: path, keep: columns{p.Fields, restIsOwn}, number: p.number(), sorted: true})
	if e == nil {
		return page, nil
	}
	e.nameScopes(r, "READ")
	return Page{}, e
}

// ownFields are the fields of a link that a read asks for by name, where nobody did: those without
// which it cannot be made again. Others come without being asked for (D, R).
func ownFields(r Relation, asked []string) []string {
	if name := MandatoryField(r); name != "" && !slices.Contains(asked, name) {
		return []string{name}
	}
	return nil
}

// FieldsToAskFor are the fields of a link that a read can ask for by name, to see whether the org
// shows more of it then: the one without which it cannot be made, or else, for members of campaigns,
// where their fields are.
func FieldsToAskFor(r Relation) []string {
	switch name := MandatoryField(r); {
	case name != "":
		return []string{name}
	case r.Module == campaigns || r.List == campaigns:
		return []string{MemberInfo}
	}
	return nil
}

const campaigns = "Campaigns"

// Records reads one page of the records of a module, or of one of its custom views; view 0 is all
// records. They come by ascending id, at most 200. Its errors are of type *Error.
//
// GET /{module}?fields=…&cvid=… (D)
func (c *Client) Records(ctx context.Context, t Token, module string, view ID, p PageOf) (Page, error) {
	path := "/" + module + p.query()
	if view != 0 {
		path += "&cvid=" + view.String()
	}
	page, e := c.page(ctx, t, reading{path: path, keep: columns{p.Fields, restIsLost}, number: p.number(), sorted: true})
	if e == nil {
		return page, nil
	}
	e.hasNoParent()
	e.needsScopes(fmt.Sprintf("the call needs ZohoCRM.modules.%s.READ, or ZohoCRM.modules.ALL", strings.ToLower(module)))
	return Page{}, e
}

// Query runs one query in COQL. It gives the records with the fields that the query selects, in the
// order that it asks for: nobody checks that order here. Page.More says that there are more records
// than its limit. Its errors are of type *Error: a limit that is too large for the org has the code
// LIMIT_EXCEEDED.
//
// POST /crm/v8/coql {"select_query":…} (D). It needs the scope ZohoCRM.coql.READ beside that of the
// module.
func (c *Client) Query(ctx context.Context, t Token, query string) (Page, error) {
	content := append(appendText(appendName([]byte("{"), "select_query"), query), '}')
	page, e := c.page(ctx, t, reading{path: "/coql", content: content, keep: columns{rest: restIsKept}})
	if e == nil {
		return page, nil
	}
	e.hasNoParent()
	e.needsScopes("the call needs ZohoCRM.coql.READ and ZohoCRM.modules.<module>.READ, or ZohoCRM.coql.READ and ZohoCRM.modules.ALL")
	return Page{}, e
}

// reading is a call that reads a page.
type reading struct {
	path    string
	content []byte // of a POST; nil is a GET
	keep    columns
	number  int  // of the page, 0 if it has none
	sorted  bool // by ascending id
}

func (c *Client) page(ctx context.Context, t Token, r reading) (Page, *Error) {
	method := http.MethodGet
	if r.content != nil {
		method = http.MethodPost
	}
	reply, err := c.callWith(ctx, t, method, readVersion, r.path, r.content)
	if err != nil {
		return Page{}, AsError(err)
	}
	switch {
	case reply.torn != nil:
		return Page{}, reply.withoutBody(t)
	case reply.empty():
		return Page{}, nil
	case reply.status == http.StatusOK:
		if p, ok := decodeList(reply.body, r.keep).page(r.number, r.sorted); ok {
			return p, nil
		}
	}
	e := reply.instead(t, decode(reply.body))
	e.hasNoIDs()
	return Page{}, e
}

// empty reports whether an answer says that a list has no records.
func (r reply) empty() bool {
	return r.status == http.StatusNoContent && len(bytes.TrimSpace(r.body)) == 0
}

// instead is the error of an answer that is not what was asked for. A success that is something
// else proves nothing, whatever it says.
func (r reply) instead(t Token, body *envelope) *Error {
	e := classify(r.status, r.header, body)
	if r.status < 300 && (e.Kind != Unanswered || strings.EqualFold(e.Code, "SUCCESS")) {
		e = &Error{Kind: Unanswered, Sent: true, Status: r.status, Code: CodeForeignAnswer}
	}
	e.token = t
	return e
}

// hasNoIDs is for the refusal of a call that named no ids: none of them can be the reason.
func (e *Error) hasNoIDs() {
	if e.Kind == Nameless {
		e.Kind = Refused
	}
}

// hasNoParent widens the reach of a refusal of a call that is about no parent record.
func (e *Error) hasNoParent() {
	if e.Scope == ScopeParent {
		e.Scope, e.Unproven = ScopeList, false
	}
}
