package zoho

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"delink/pkg/zoho/internal/web"
)

// Delink asks to remove the links of one parent record to up to MaxIDs related records, each named
// once, with a token from Ready or Token. It answers for every id, or with an *Error.
//
// DELETE {api-domain}/crm/{version}/{module}/{record_id}/{related_list}?ids=… (D)
func (c *Client) Delink(ctx context.Context, t Token, r Relation, parent ID, ids []ID) (Answer, error) {
	path := appendIDs(fmt.Appendf(nil, "/%s/%s/%s?ids=", r.Module, parent, r.List), ids)
	reply, err := c.call(ctx, t, http.MethodDelete, c.options.Version, string(path))
	if err != nil {
		return Answer{}, err
	}
	body := decode(reply.body)
	if a, ok := deletion(ids, reply.status, body, reply.body); ok {
		return a, nil
	}
	if reply.torn != nil {
		return Answer{}, reply.withoutBody(t)
	}
	if body != nil && len(body.Data) > 0 && reply.byID() {
		if e := refusedInData(len(ids), reply, body.Data); e != nil {
			return Answer{}, e
		}
		items, _ := match(ids, body.Data)
		return Answer{Status: reply.status, Items: items}, nil
	}
	e := classify(reply.status, reply.header, body)
	if a, ok := blamed(ids, reply.status, e, body); ok {
		return a, nil
	}
	e.blameParent(parent, body)
	e.token, e.Version = t, c.options.Version
	e.nameScopes(r, "DELETE")
	return Answer{}, e
}

func appendIDs(path []byte, ids []ID) []byte {
	path = slices.Grow(path, (MaxIDDigits+1)*len(ids))
	for i, id := range ids {
		if i > 0 {
			path = append(path, ',') // literal: %2C would triple the commas, and 100 ids would be too long (D)
		}
		path = id.Append(path)
	}
	return path
}

// Linked asks which of up to MaxIDs related records are linked to the parent record, in one call
// with that token. The answer has a value for each id, in their order, or there is an *Error.
//
// GET …/{related_list}?ids=…&fields=id&converted=both&approved=both: without the last two,
// converted leads and unapproved records are hidden and the answer would be wrong (D). They are
// documented for v8, so v8 is what is asked, whatever version delinks.
func (c *Client) Linked(ctx context.Context, t Token, r Relation, parent ID, ids []ID) ([]bool, error) {
	states, err := c.linkStates(ctx, t, r, parent, ids, LookFor{}, onlyIDs)
	if err != nil {
		return nil, err
	}
	linked := make([]bool, len(states))
	for i, s := range states {
		linked[i] = s.Linked
	}
	return linked, nil
}

// LinkState is what a read shows of one link.
type LinkState struct {
	Linked bool
	Fields Fields // the link's own; nil if there are none
}

// LinkFields is Linked with the links' own fields. It asks for the field that is mandatory where
// the link is made again. The others come without being asked for (D, R).
func (c *Client) LinkFields(ctx context.Context, t Token, r Relation, parent ID, ids []ID) ([]LinkState, error) {
	return c.LookUp(ctx, t, r, parent, ids, LookFor{Fields: ownFields(r, nil)})
}

// LookFor is how LookUp asks.
type LookFor struct {
	Fields          []string // besides id
	WithoutApproved bool     // leave the parameter approved out, as PageOf does
}

// LookUp is LinkFields for a caller who decides which fields are asked for by name. Whatever comes
// besides id belongs to the link.
func (c *Client) LookUp(ctx context.Context, t Token, r Relation, parent ID, ids []ID, what LookFor) ([]LinkState, error) {
	return c.linkStates(ctx, t, r, parent, ids, what, restIsOwn)
}

func (c *Client) linkStates(ctx context.Context, t Token, r Relation, parent ID, ids []ID, what LookFor, rest rest) ([]LinkState, error) {
	query := strings.Join(append([]string{"id"}, what.Fields...), ",") + "&converted=both"
	if !what.WithoutApproved {
		query += "&approved=both"
	}
	path := appendIDs(fmt.Appendf(nil, "/%s/%s/%s?fields=%s&per_page=200&ids=", r.Module, parent, r.List, query), ids)
	reply, err := c.call(ctx, t, http.MethodGet, readVersion, string(path))
	if err != nil {
		return nil, err
	}
	switch {
	case reply.torn != nil:
		return nil, reply.withoutBody(t)
	case reply.empty():
		return make([]LinkState, len(ids)), nil
	case reply.status == http.StatusOK:
		if states, ok := among(ids, decodeList(reply.body, columns{rest: rest})); ok {
			return states, nil
		}
	}
	e := reply.instead(t, decode(reply.body))
	e.nameScopes(r, "READ")
	return nil, e
}

// Count asks how many records a related list of the parent record holds, in one call with that
// token. Without the parameters, converted leads and records that are not approved would not be
// counted (S). Its errors are of type *Error.
//
// POST …/{module}/{record_id}/actions/get_related_records_count (S)
func (c *Client) Count(ctx context.Context, t Token, r Relation, parent ID) (int, error) {
	const what = "get_related_records_count"
	path := fmt.Sprintf("/%s/%s/actions/%s", r.Module, parent, what)
	content := fmt.Sprintf(`{"%s":[{"related_list":{"api_name":"%s"},"params":{"converted":"both","approved":"both"}}]}`, what, r.List)
	reply, err := c.callWith(ctx, t, http.MethodPost, readVersion, path, []byte(content))
	if err != nil {
		return 0, err
	}
	if reply.torn != nil {
		return 0, reply.withoutBody(t)
	}
	var body struct {
		Counts []struct {
			Count *int `json:"count"`
		} `json:"get_related_records_count"`
	}
	if reply.status == http.StatusOK && json.Unmarshal(web.TrimBody(reply.body), &body) == nil && len(body.Counts) == 1 && body.Counts[0].Count != nil {
		return *body.Counts[0].Count, nil
	}
	e := classify(reply.status, reply.header, decode(reply.body))
	if reply.status < 300 {
		e = &Error{Kind: Unanswered, Sent: true, Status: reply.status, Code: CodeForeignAnswer}
	}
	e.token = t
	e.nameScopes(r, "READ")
	return 0, e
}
