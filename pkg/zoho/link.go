package zoho

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// NewLink is a link to be made, with fields of its own.
type NewLink struct {
	ID     ID // of the related record
	Fields Fields
}

// Names of fields without which some links cannot be made (D S).
const (
	listPrice   = "list_price"
	contactRole = "Contact_Role"
)

const contactRoles = "Contact_Roles"

// LinksSingly reports whether links of a relation are made one by one: for contact roles, no other
// form is documented (D S).
func LinksSingly(r Relation) bool { return r.List == contactRoles }

// MandatoryField is the field that a link of the relation cannot be made without (D S); empty if
// there is none.
//
// Contacts.Deals shows the same links as Deals.Contact_Roles (I), and nobody documents a field for
// it. A role that a read showed is sent along there, and a link without one is left for the CRM to
// judge: it names the field if it misses it.
func MandatoryField(r Relation) string {
	switch {
	case r.List == contactRoles:
		return contactRole
	case r == Relation{"Products", "Price_Books"}, r == Relation{"Price_Books", "Products"}:
		return listPrice
	}
	return ""
}

// Link makes links of one parent record to up to MaxIDs related records, each named once, or to
// exactly one where LinksSingly says so. A link that is there gets the fields that come with it, and
// is Linked like one that is made. It answers for every id in their order, or with an *Error.
//
// PUT …/{module}/{record_id}/{related_list} {"data":[{"id":…,FIELD:…}]}, for contact roles
// …/{related_list}/{related_id} {"data":[{FIELD:…}]} (D S). The own fields are documented for v8.
func (c *Client) Link(ctx context.Context, t Token, r Relation, parent ID, links []NewLink) (Answer, error) {
	path := fmt.Sprintf("/%s/%s/%s", r.Module, parent, r.List)
	singly := LinksSingly(r)
	if len(links) == 0 || len(links) > MaxIDs || singly && len(links) > 1 {
		return Answer{}, &Error{Kind: Refused, Code: CodeLimitExceeded} // a mistake of the caller's: nothing is sent
	}
	if singly {
		path += "/" + links[0].ID.String()
	}
	reply, err := c.callWith(ctx, t, http.MethodPut, readVersion, path, linkBody(links, singly))
	if err != nil {
		return Answer{}, err
	}
	if reply.torn != nil {
		return Answer{}, reply.withoutBody(t)
	}
	ids := make([]ID, len(links))
	for i, l := range links {
		ids[i] = l.ID
	}
	body := decode(reply.body)
	if body != nil && len(body.Data) > 0 && reply.byID() {
		if e := unlinkedInData(ids, reply, body.Data); e != nil {
			e.token = t
			e.nameScopes(r, "UPDATE")
			return Answer{}, e
		}
		return Answer{Status: reply.status, Items: matchLinks(ids, body.Data)}, nil
	}
	e := reply.instead(t, body)
	if a, ok := blamedLinks(ids, reply.status, e, body); ok {
		return a, nil
	}
	e.blameParent(parent, body)
	e.nameScopes(r, "UPDATE")
	return Answer{}, e
}

// linkBody is the body of a call that links. In the single form, the path has the id.
func linkBody(links []NewLink, singly bool) []byte {
	b := []byte(`{"data":[`)
	for i, l := range links {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		if !singly {
			b = appendText(appendName(b, "id"), l.ID.String())
		}
		b = append(l.Fields.appendTo(b), '}')
	}
	return append(b, "]}"...)
}

// linkVerdict is what an item says of the link that was to be made.
//
// A link that was made and one that was there differ in their wording alone, which is not read. No
// error means that the link is not there: it may have been there before. Codes that refuse a call
// for now, and errors of the CRM's own, say nothing for good.
func (r result) linkVerdict() Verdict {
	code := strings.ToUpper(r.Code.text())
	failed, went := strings.EqualFold(string(r.Status), "error"), strings.EqualFold(string(r.Status), "success")
	success := code == "SUCCESS" || went && number(code) && code[0] == '2'
	switch {
	case success && failed, code == "":
		return Silent
	case success:
		return Linked
	case went:
		return Silent
	case number(code):
		if n, _ := strconv.Atoi(code); !failed || n < 400 || n >= 500 {
			return Silent
		}
		if code == "401" || code == "408" || code == "429" {
			return Silent
		}
		return Failed
	}
	switch refusals[code].kind {
	case Unanswered, Throttled, BadToken:
		return Silent
	default:
		return Failed
	}
}

// linkItem is the item for an id.
func (r result) linkItem(id ID) Item {
	code := r.Code.text()
	if code == "" {
		code = CodeForeignAnswer
	}
	verdict := r.linkVerdict()
	wasThere := verdict == Linked && strings.Contains(strings.ToLower(string(r.Message)), "updated")
	return Item{ID: id, Verdict: verdict, Code: code, Message: r.Details.said(r.Message), WasThere: wasThere}
}

// nobody is the place of what names something that was not sent.
const nobody = -1

// place is the place among ids of what the details name: by an id, else by a place in the request,
// which is all that errors have (S). It is nobody where they name something that was not sent, or
// two things. ok is false where they name nothing.
func (d *details) place(ids []ID) (i int, ok bool) {
	id, err := ParseID(strings.TrimPrefix(string(d.ID), "zcrm_"))
	byID := slices.Index(ids, id)
	byPath, hasPath := d.pathPlace()
	if hasPath && byPath >= len(ids) {
		byPath = nobody
	}
	switch {
	case err != nil:
		return byPath, hasPath
	case hasPath && byID >= 0 && byID != byPath:
		return nobody, true
	case byID < 0 && hasPath: // of a duplicate, the id is that of the other record
		return byPath, true
	}
	return byID, true
}

// pathPlace is the place of an item in the request that json_path names: $.data[0].id, $.data[0],
// data[0].
func (d *details) pathPlace() (int, bool) {
	path, ok := strings.CutPrefix(strings.TrimPrefix(string(d.JSONPath), "$."), "data[")
	digits, _, closed := strings.Cut(path, "]")
	n, err := strconv.ParseUint(digits, 10, 16)
	return int(n), ok && closed && err == nil
}

// matchLinks gives each id that was sent its item of the answer, as match does: by id, by the place
// in the request, or, where items name neither, only if it does not matter which is whose.
func matchLinks(ids []ID, data []result) []Item {
	items := make([]Item, len(ids))
	for i, id := range ids {
		items[i] = Item{ID: id, Code: CodeNotInAnswer}
	}
	answered := make([]bool, len(ids))
	var nameless []result
	left := len(ids)
	same := true
	for _, r := range data {
		switch i, named := r.Details.place(ids); {
		case !named:
			nameless = append(nameless, r)
			same = same && r.Code == nameless[0].Code && r.linkVerdict() == nameless[0].linkVerdict()
		case i == nobody:
			same = false
		case answered[i]:
			items[i] = agree(items[i], r.linkItem(ids[i]))
		default:
			items[i] = r.linkItem(ids[i])
			answered[i] = true
			left--
		}
	}
	if same && len(nameless) == left {
		for i, id := range ids {
			if !answered[i] {
				items[i] = nameless[0].linkItem(id)
			}
		}
	}
	return items
}

// unlinkedInData is refusedInData for a call that links: an item that names a place in the request
// is about that one.
func unlinkedInData(ids []ID, reply reply, data []result) *Error {
	for _, r := range data {
		if _, named := r.Details.place(ids); named {
			return nil
		}
	}
	return refusedInData(len(ids), reply, data)
}

// blamedLinks is blamed for a call that links: a refusal may name ids by their place, too, and
// never says that a link is not there.
func blamedLinks(ids []ID, status int, e *Error, body *envelope) (a Answer, ok bool) {
	if body == nil {
		return Answer{}, false
	}
	at := *body
	switch i, named := at.Details.place(ids); {
	case named && i == nobody:
		at.Details.ID = ""
	case named:
		at.Details.ID = text(ids[i].String())
	}
	a, ok = blamed(ids, status, e, &at)
	for i := range a.Items {
		if a.Items[i].Verdict == Absent {
			a.Items[i].Verdict = Failed
		}
	}
	return a, ok
}
