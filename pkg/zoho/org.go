package zoho

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"delink/pkg/zoho/internal/web"
)

// Org is the organisation that a login belongs to.
type Org struct {
	ID      string
	Name    string
	Type    string // production, sandbox or developer, in lower case; empty if the CRM does not say
	Edition string // as the CRM calls it, such as "enterprise"; empty if it does not say
	Users   int    // licensed users; 0 if it does not say
}

// Zoho's limits on calls in flight: that of the largest editions, and that of the smallest, which
// fits every org (D).
const (
	MostSlots  = 25
	LeastSlots = 5
)

// Slots is how many calls may be in flight for the org's edition, per org and app (D); false if the
// edition is not known.
func (o Org) Slots() (n int, known bool) {
	e, known := o.edition()
	return e.slots, known
}

// edition is what Zoho's limits are for an edition (D). Credits are those of a rolling 24 hours:
// base and so many for each user, but no more than most where there is a most.
type edition struct {
	name                string // the letters of it
	slots               int
	base, perUser, most int
}

var editions = []edition{
	{"crmplus", MostSlots, 50_000, 2_000, 0},
	{"ultimate", MostSlots, 50_000, 2_000, 0},
	{"zohoone", 20, 50_000, 1_000, 5_000_000},
	{"enterprise", 20, 50_000, 1_000, 5_000_000},
	{"professional", 15, 50_000, 500, 3_000_000},
	{"standard", 10, 50_000, 250, 100_000},
	{"free", LeastSlots, 5_000, 0, 0},
}

func (o Org) edition() (e edition, known bool) {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(o.Edition))
	for _, e := range editions {
		if strings.Contains(letters, e.name) {
			return e, true
		}
	}
	return edition{}, false
}

// DailyCredits is how many credits the org's edition has for its users in any 24 hours (D); false if
// the edition or the number of users is not known.
func (o Org) DailyCredits() (n int, known bool) {
	e, known := o.edition()
	if !known || e.perUser > 0 && o.Users <= 0 {
		return 0, false
	}
	n = e.base + e.perUser*o.Users
	if e.most > 0 {
		n = min(n, e.most)
	}
	return n, true
}

// Org asks which org the login belongs to. It needs the scope ZohoCRM.org.READ. Its errors are of
// type *Error.
//
// GET /crm/v8/org (D)
func (c *Client) Org(ctx context.Context) (Org, error) {
	var body struct {
		Org []struct {
			ID      text `json:"id"`
			Name    text `json:"company_name"`
			Type    text `json:"type"`
			License struct {
				PaidType  text `json:"paid_type"`
				TrialType text `json:"trial_type"`
				Users     text `json:"users_license_purchased"`
			} `json:"license_details"`
		} `json:"org"`
	}
	if err := c.get(ctx, "/org", &body); err != nil {
		return Org{}, err
	}
	if len(body.Org) == 0 {
		return Org{}, foreign()
	}
	o := body.Org[0]
	edition := o.License.PaidType.text()
	if edition == "" {
		edition = o.License.TrialType.text()
	}
	users, _ := strconv.Atoi(o.License.Users.text()) // what is no number is not known
	return Org{ID: o.ID.text(), Name: o.Name.text(), Type: strings.ToLower(o.Type.text()), Edition: edition, Users: max(users, 0)}, nil
}

// Accepts asks whether the org accepts the version in which links are removed. It needs the scope
// of Org. Its errors are of type *Error.
func (c *Client) Accepts(ctx context.Context) error {
	var body struct {
		Org json.RawMessage `json:"org"`
	}
	err := c.getIn(ctx, c.options.Version, "/org", &body)
	if e := new(Error); errors.As(err, &e) {
		e.Version = c.options.Version
	}
	return err
}

// Reach asks the API's host for anything, without a token. It returns nil if there was an answer,
// whatever it says: the host can be reached.
func (c *Client) Reach(ctx context.Context) error {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base(Token{})+"/", nil)
	if err != nil {
		return unsent(err)
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	sent := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		e := unsent(web.Because(ctx, err))
		e.Hinder(err)
		return e
	}
	defer resp.Body.Close()
	c.observe(req, sent, reply{status: resp.StatusCode, header: resp.Header})
	return nil
}

// List is a related list of a module, as the org has it.
type List struct {
	Name      string // API name
	Module    string // API name of the module that its records are of; empty if the CRM does not say
	Label     string // what people see
	Hidden    bool   // in the layout: calls for it are refused (D)
	CanDelink Answerable
}

// Answerable is what an org says to a question: yes, no, or nothing.
type Answerable int

// The answers.
const (
	NotSaid Answerable = iota
	Yes
	No
)

// Lists asks for the related lists of a module. It needs the scope
// ZohoCRM.settings.related_lists.READ. Its errors are of type *Error.
//
// GET /crm/v8/settings/related_lists?module=…&extra_properties=true: record_operations.disassociate
// says whether the records can be delinked, status is visible, user_hidden or
// scheduled_for_deletion (S).
func (c *Client) Lists(ctx context.Context, module string) ([]List, error) {
	var body struct {
		Lists []struct {
			Name       text            `json:"api_name"`
			Label      text            `json:"display_label"`
			Status     text            `json:"status"`
			Module     named           `json:"module"`
			Operations json.RawMessage `json:"record_operations"`
		} `json:"related_lists"`
	}
	if err := c.get(ctx, "/settings/related_lists?extra_properties=true&module="+url.QueryEscape(module), &body); err != nil {
		return nil, err
	}
	if body.Lists == nil {
		return nil, foreign()
	}
	lists := make([]List, len(body.Lists))
	for i, l := range body.Lists {
		lists[i] = List{
			Name:   l.Name.text(),
			Module: text(l.Module).text(),
			Label:  l.Label.text(),
			Hidden: l.Status != "" && !strings.EqualFold(string(l.Status), "visible"),
		}
		var operations struct {
			Disassociate *bool `json:"disassociate"`
		}
		if json.Unmarshal(l.Operations, &operations) == nil && operations.Disassociate != nil {
			lists[i].CanDelink = No
			if *operations.Disassociate {
				lists[i].CanDelink = Yes
			}
		}
	}
	return lists, nil
}

// named is an API name that comes in an object (S) or alone (in older versions). Anything else is
// empty.
type named text

func (n *named) UnmarshalJSON(b []byte) error {
	var object struct {
		Name text `json:"api_name"`
	}
	if len(b) > 0 && b[0] == '{' {
		err := json.Unmarshal(b, &object)
		*n = named(object.Name)
		return err
	}
	return (*text)(n).UnmarshalJSON(b)
}

// get reads a resource of the org into a value.
func (c *Client) get(ctx context.Context, path string, into any) error {
	return c.getIn(ctx, readVersion, path, into)
}

func (c *Client) getIn(ctx context.Context, version, path string, into any) error {
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	reply, err := c.call(ctx, token, http.MethodGet, version, path)
	if err != nil {
		return err
	}
	if reply.torn != nil {
		return reply.withoutBody(token)
	}
	if reply.status == http.StatusOK && json.Unmarshal(web.TrimBody(reply.body), into) == nil {
		return nil
	}
	e := classify(reply.status, reply.header, decode(reply.body))
	e.token = token
	return e
}

func foreign() *Error {
	return &Error{Kind: Unanswered, Sent: true, Status: http.StatusOK, Code: CodeForeignAnswer}
}
