package zoho

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"delink/pkg/zoho/emulator"
)

// link links the usual related records again.
func link(t *testing.T, c *Client, ids ...ID) (Answer, error) {
	t.Helper()
	links := make([]NewLink, len(ids))
	for i, id := range ids {
		links[i] = NewLink{ID: id}
	}
	return c.Link(t.Context(), token(t, c), campaignLeads, parentID, links)
}

// What stands on the wire.
func TestLinkForm(t *testing.T) {
	var line, body, kind string
	client := over(t, trip(func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		line, body, kind = r.Method+" "+r.URL.RequestURI(), string(b), r.Header.Get("Content-Type")
		return canned{status: 200, body: `{"data":[{"code":"SUCCESS","status":"success"}]}`}.RoundTrip(r)
	}))
	for _, c := range []struct {
		relation   string
		links      []NewLink
		path, body string
	}{
		{"Campaigns.Leads", []NewLink{{idA, Fields{"Member_Status": `"a" <é`, "Empty": "", "B": "7"}}, {idB, nil}}, "", `{"data":[{"id":"3652397000000900001","B":"7","Member_Status":"\"a\" <é"},{"id":"3652397000000900002"}]}`},
		{"Products.Price_Books", []NewLink{{idA, Fields{"list_price": "9.50"}}}, "", `{"data":[{"id":"3652397000000900001","list_price":9.50}]}`},
		{"Products.Price_Books", []NewLink{{idA, Fields{"list_price": "9,50"}}}, "", `{"data":[{"id":"3652397000000900001","list_price":"9,50"}]}`},
		{"Products.Price_Books", []NewLink{{idA, Fields{"list_price": "1}],\"x\":[{\"y\":1"}}}, "", `{"data":[{"id":"3652397000000900001","list_price":"1}],\"x\":[{\"y\":1"}]}`},
		{"Deals.Contact_Roles", []NewLink{{idA, Fields{"Contact_Role": "Buyer", "Contact_Role.id": "5"}}}, "/3652397000000900001", `{"data":[{"Contact_Role":{"name":"Buyer","id":"5"}}]}`},
		{"Deals.Contact_Roles", []NewLink{{idA, Fields{"Contact_Role": "", "Contact_Role.id": "5", "A": "1", "id": "9", "$x": "1"}}}, "/3652397000000900001", `{"data":[{"A":"1","Contact_Role":{"id":"5"}}]}`},
		{"Deals.Contact_Roles", []NewLink{{idA, Fields{"Contact_Role": "Buyer", "Contact_Role.id": ""}}}, "/3652397000000900001", `{"data":[{"Contact_Role":"Buyer"}]}`},
	} {
		r, _ := ParseRelation(c.relation)
		_, err := client.Link(t.Context(), token(t, client), r, parentID, c.links)
		if want := "PUT /crm/v8/" + r.Module + "/3652397000000400001/" + r.List + c.path; err != nil || line != want || body != c.body || kind != "application/json" {
			t.Errorf("%s\n%s\nwant %s\n%s (%s, %v)", line, body, want, c.body, kind, err)
		}
	}
	line = ""
	for _, links := range [][]NewLink{nil, make([]NewLink, MaxIDs+1)} {
		_, err := client.Link(t.Context(), token(t, client), campaignLeads, parentID, links)
		if e := failure(t, err); e.Kind != Refused || e.Sent || e.Code != "LIMIT_EXCEEDED" || line != "" {
			t.Errorf("%+v, %s", e, line)
		}
	}
	_, err := client.Link(t.Context(), token(t, client), Relation{"Deals", "Contact_Roles"}, parentID, make([]NewLink, 2))
	if e := failure(t, err); e.Kind != Refused || e.Sent || line != "" {
		t.Errorf("%+v, %s", e, line)
	}
}

func TestMandatoryField(t *testing.T) {
	for name, want := range map[string]string{
		"Products.Price_Books": "list_price", "Price_Books.Products": "list_price", "Deals.Contact_Roles": "Contact_Role", "X.Contact_Roles": "Contact_Role",
		"Contacts.Deals": "", "Campaigns.Leads": "", "Products.Leads": "", "Accounts.Products": "", "Leads.Price_Books": "",
	} {
		r, _ := ParseRelation(name)
		if got := MandatoryField(r); got != want || LinksSingly(r) != (want == "Contact_Role") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What an answer says of each link.
func TestLinkAnswers(t *testing.T) {
	good := func(id ID) string {
		return fmt.Sprintf(`{"code":"SUCCESS","details":{"id":"%s"},"message":"relation added","status":"success"}`, id)
	}
	at := func(path, code string) string {
		return fmt.Sprintf(`{"code":%q,"details":{"api_name":"f","json_path":%q},"message":"wrong","status":"error"}`, code, path)
	}
	bare := func(code, status string) string {
		return fmt.Sprintf(`{"code":%q,"details":{},"message":"m","status":%q}`, code, status)
	}
	item := func(id ID, v Verdict, code, message string) Item {
		return Item{id, v, code, message, v == Linked && strings.Contains(strings.ToLower(message), "updated")}
	}
	updated := func(id ID, words string) string { return strings.Replace(good(id), "relation added", words, 1) }
	linked := func(id ID) Item { return item(id, Linked, "SUCCESS", "relation added") }
	missing := func(id ID) Item { return item(id, Silent, CodeNotInAnswer, "") }
	for _, c := range []struct {
		name   string
		status int
		data   []string
		want   [2]Item
	}{
		{"both", 200, []string{good(idB), good(idA)}, [2]Item{linked(idA), linked(idB)}},
		{"updated, in other words", 200, []string{updated(idA, "record updated"), updated(idB, "old record deleted")}, [2]Item{
			item(idA, Linked, "SUCCESS", "record updated"), item(idB, Linked, "SUCCESS", "old record deleted"),
		}},
		{"by place", 207, []string{at("$.data[1].id", "INVALID_DATA"), good(idA)}, [2]Item{linked(idA), item(idB, Failed, "INVALID_DATA", "f: wrong")}},
		{
			"by other places", 400,
			[]string{at("data[1]", "MANDATORY_NOT_FOUND"), at("$.data[0]", "X")},
			[2]Item{item(idA, Failed, "X", "f: wrong"), item(idB, Failed, "MANDATORY_NOT_FOUND", "f: wrong")},
		},
		{
			"by id, as a number", 207,
			[]string{`{"code":"INVALID_DATA","details":{"id":3652397000000900002},"message":"relation not found","status":"error"}`, good(idA)},
			[2]Item{linked(idA), item(idB, Failed, "INVALID_DATA", "relation not found")},
		},
		{
			"of a duplicate, the id is that of the other record", 207,
			[]string{good(idA), `{"code":"DUPLICATE_DATA","details":{"id":"9","api_name":"f","json_path":"$.data[1].f"},"message":"d","status":"error"}`},
			[2]Item{linked(idA), item(idB, Failed, "DUPLICATE_DATA", "f: d")},
		},
		{
			"id and place disagree", 207,
			[]string{`{"code":"X","details":{"id":"3652397000000900001","json_path":"$.data[1].f"},"message":"d","status":"error"}`},
			[2]Item{missing(idA), missing(idB)},
		},
		{"a place that was not sent", 207, []string{good(idA), at("$.data[2].id", "X")}, [2]Item{linked(idA), missing(idB)}},
		{"a place that cannot be", 207, []string{good(idA), at("$.data[99999999999999999999].id", "X")}, [2]Item{linked(idA), item(idB, Failed, "X", "f: wrong")}},
		{"a stranger", 200, []string{good(idA), good(idC), bare("SUCCESS", "success")}, [2]Item{linked(idA), missing(idB)}},
		{"one is missing", 200, []string{good(idA)}, [2]Item{linked(idA), missing(idB)}},
		{
			"nameless, all the same", 200,
			[]string{bare("SUCCESS", "success"), bare("SUCCESS", "success")},
			[2]Item{item(idA, Linked, "SUCCESS", "m"), item(idB, Linked, "SUCCESS", "m")},
		},
		{"nameless, not the same", 207, []string{bare("SUCCESS", "success"), bare("X", "error")}, [2]Item{missing(idA), missing(idB)}},
		{"nameless, one for two", 200, []string{bare("SUCCESS", "success")}, [2]Item{missing(idA), missing(idB)}},
		{"nameless, for the other", 207, []string{good(idA), bare("X", "error")}, [2]Item{linked(idA), item(idB, Failed, "X", "m")}},
		{"twice, the same", 200, []string{good(idA), good(idA), good(idB)}, [2]Item{linked(idA), linked(idB)}},
		{
			"contradiction", 207,
			[]string{good(idA), at("$.data[0].id", "X"), good(idB)},
			[2]Item{item(idA, Silent, CodeContradiction, "SUCCESS and X"), linked(idB)},
		},
		{
			"contradiction, other order", 207,
			[]string{at("$.data[0].id", "X"), good(idA), good(idA), good(idB)},
			[2]Item{item(idA, Silent, CodeContradiction, "CONTRADICTION and SUCCESS"), linked(idB)},
		},
		{
			"broken", 207,
			[]string{at("$.data[0]", "INTERNAL_ERROR"), at("$.data[1]", "TOO_MANY_REQUESTS")},
			[2]Item{item(idA, Silent, "INTERNAL_ERROR", "f: wrong"), item(idB, Silent, "TOO_MANY_REQUESTS", "f: wrong")},
		},
		{"no code", 207, []string{at("$.data[0]", ""), `null`}, [2]Item{item(idA, Silent, CodeForeignAnswer, "f: wrong"), item(idB, Silent, CodeForeignAnswer, "")}},
		{
			"both success and error", 200,
			[]string{strings.Replace(good(idA), `"status":"success"`, `"status":"error"`, 1), strings.Replace(good(idB), "SUCCESS", "X", 1)},
			[2]Item{item(idA, Silent, "SUCCESS", "relation added"), item(idB, Silent, "X", "relation added")},
		},
		{"numbers", 207, []string{strings.Replace(good(idA), `"SUCCESS"`, `200`, 1), at("$.data[1]", "400")}, [2]Item{item(idA, Linked, "200", "relation added"), item(idB, Failed, "400", "f: wrong")}},
		{"numbers of trouble", 207, []string{at("$.data[0]", "500"), at("$.data[1]", "429")}, [2]Item{item(idA, Silent, "500", "f: wrong"), item(idB, Silent, "429", "f: wrong")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := link(t, over(t, canned{status: c.status, body: `{"data":[` + strings.Join(c.data, ",") + `]}`}), idA, idB)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want[:], a.Items); diff != "" || a.Status != c.status || a.Deleted {
				t.Error(diff)
			}
		})
	}
}

// An item that names a place in the request is about that link, however few items there are.
func TestItemsByPlaceAreNoRefusals(t *testing.T) {
	const body = `{"data":[{"code":"INVALID_DATA","details":{"api_name":"id","json_path":"$.data[0].id"},"message":"x","status":"error"}]}`
	for _, status := range []int{400, 403, 404} {
		a, err := link(t, over(t, canned{status: status, body: body}), idA)
		if err != nil || a.Items[0].Verdict != Failed {
			t.Errorf("%d: %+v, %v", status, a, err)
		}
		a, err = link(t, over(t, canned{status: status, body: body}), idA, idB)
		if err != nil || a.Items[0].Verdict != Failed || a.Items[1].Verdict != Silent {
			t.Errorf("%d: %+v, %v", status, a, err)
		}
	}
}

// What whole calls answer.
func TestRefusedLinks(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		kind       Kind
		scope      Scope
		code       string
	}{
		{"no such list", `{"code":"INVALID_DATA","details":{"resource_path_index":2},"message":"x","status":"error"}`, 400, Refused, ScopeList, "INVALID_DATA"},
		{"no such parent", `{"code":"INVALID_DATA","details":{"resource_path_index":1},"message":"x","status":"error"}`, 400, Refused, ScopeParent, "INVALID_DATA"},
		{"no such parent, by its id", `{"code":"INVALID_DATA","details":{"id":"3652397000000400001"},"message":"x","status":"error"}`, 400, Refused, ScopeParent, "INVALID_DATA"},
		{"no such parent, in data", `{"data":[{"code":"INVALID_DATA","details":{"resource_path_index":1},"message":"x","status":"error"}]}`, 400, Refused, ScopeParent, "INVALID_DATA"},
		{"nameless", `{"code":"INVALID_DATA","details":{},"message":"x","status":"error"}`, 400, Nameless, ScopeBatch, "INVALID_DATA"},
		{"nameless, in data", `{"data":[{"code":"INVALID_DATA","details":{},"message":"x","status":"error"}]}`, 400, Nameless, ScopeBatch, "INVALID_DATA"},
		{"the body", `{"code":"MANDATORY_NOT_FOUND","details":{"api_name":"data","json_path":"$.data"},"message":"x","status":"error"}`, 400, Refused, ScopeBatch, "MANDATORY_NOT_FOUND"},
		{"scope", `{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"x","status":"error"}`, 401, Denied, ScopeList, "OAUTH_SCOPE_MISMATCH"},
		{"token", `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"status":"success"}]}`, 401, BadToken, ScopeRun, "INVALID_TOKEN"},
		{"too many", "", 429, Throttled, ScopeRun, "TOO_MANY_REQUESTS"},
		{"redirected", `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"status":"success"}]}`, 302, Refused, ScopeRun, CodeRedirected},
		{"broken", `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"status":"success"}]}`, 500, Unanswered, ScopeBatch, CodeServerError},
		{"nothing", "", 200, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"204", "", 204, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"no data", `{"data":[]}`, 200, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"page", "<html>", 200, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"refused with 200", `{"code":"INVALID_MODULE","details":{},"message":"x","status":"error"}`, 200, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"success without data", `{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"relation added","status":"success"}`, 200, Unanswered, ScopeBatch, CodeForeignAnswer},
		{"an internal error with 200", `{"code":"INTERNAL_ERROR","details":{},"message":"x","status":"error"}`, 200, Unanswered, ScopeBatch, "INTERNAL_ERROR"},
		{"cut off", `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"status":"success"}`, 200, Unanswered, ScopeBatch, CodeForeignAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := link(t, over(t, canned{status: c.status, body: c.body}), idA, idB)
			if err == nil {
				t.Fatalf("%+v", a)
			}
			e := failure(t, err)
			if e.Kind != c.kind || e.Scope != c.scope || e.Code != c.code || !e.Sent {
				t.Errorf("%+v", e)
			}
			if c.name == "scope" && e.Detail != "x; the call needs ZohoCRM.modules.campaigns.UPDATE and ZohoCRM.modules.leads.UPDATE, or ZohoCRM.modules.ALL" {
				t.Error(e.Detail)
			}
		})
	}
	// A refusal of the whole call that names one link is that link's; the others can be sent again.
	for _, details := range []string{`{"id":"3652397000000900002"}`, `{"json_path":"$.data[1].f"}`, `[{"json_path":"data[1]"}]`} {
		a, err := link(t, over(t, canned{status: 400, body: `{"code":"INVALID_DATA","details":` + details + `,"message":"x","status":"error"}`}), idA, idB)
		if err != nil || a.Items[0].Verdict != Untouched || a.Items[1].Verdict != Failed || a.Items[1].Message != "x" {
			t.Errorf("%s: %+v, %v", details, a, err)
		}
	}
}

// No answer says that a link is there again where the body broke off.
func TestTornLinks(t *testing.T) {
	body := `{"data":[{"code":"SUCCESS","details":{"id":"3652397000000900001"},"message":"relation added","status":"success"}]}`
	page := `{"data":[{"id":"3652397000000900001"}],"info":{"more_records":false}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := page
		if r.Method == http.MethodPut {
			b = body
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(b)+1))
		_, _ = io.WriteString(w, b)
	}))
	defer server.Close()
	c := at(t, server.URL, time.Minute)
	_, linking := link(t, c, idA)
	_, fields := c.LinkFields(t.Context(), token(t, c), campaignLeads, parentID, []ID{idA})
	_, links := c.Links(t.Context(), token(t, c), campaignLeads, parentID, PageOf{})
	_, records := c.Records(t.Context(), token(t, c), "Leads", 0, PageOf{})
	_, query := c.Query(t.Context(), token(t, c), "x")
	_, views := c.Views(t.Context(), "Leads")
	for what, err := range map[string]error{"link": linking, "fields": fields, "links": links, "records": records, "query": query, "views": views} {
		if e := failure(t, err); e.Kind != Unanswered || e.Code != CodeNoAnswer {
			t.Errorf("%s: %+v", what, e)
		}
	}
}

// Every call against the emulator, with each of its forms.
func TestEmulatorOfUndo(t *testing.T) {
	const campaign, book, product, deal = 11, 21, 31, 41
	const leads = 450
	for _, setting := range []string{
		"decor=both", "own-fields=asked", "member-info=fields", "list-price=hidden", "approved-param=refuse", "contact-roles=list", "query-limit=200", "list-end=400",
		"id-form=number", "details-form=array", "details-form=empty-array", "wording=varied", "converted=101", "unapproved=101", "code-form=number-envelope", "all-bad=200", "all-bad=207",
	} {
		t.Run(setting, func(t *testing.T) {
			var config emulator.Config
			if err := config.SetAll(setting); err != nil {
				t.Fatal(err)
			}
			crm := emulator.New(config)
			for i := range uint64(leads) {
				crm.Link("Campaigns", campaign, "Leads", 101+i)
				crm.SetRecord("Leads", 101+i, map[string]any{"Last_Name": fmt.Sprint("L", i), "Owner": map[string]any{"name": "Ann", "id": "7"}})
			}
			crm.SetFields("Campaigns", campaign, "Leads", 101, map[string]any{"Member_Status": "Sent"})
			crm.Link("Products", product, "Price_Books", book)
			crm.SetFields("Products", product, "Price_Books", book, map[string]any{"list_price": 9.5})
			crm.Link("Deals", deal, "Contact_Roles", 51)
			crm.SetFields("Deals", deal, "Contact_Roles", 51, map[string]any{"Contact_Role": map[string]any{"name": "Buyer", "id": "5"}})
			crm.SetRecord("Campaigns", 12, map[string]any{"Campaign_Name": "Old"})
			if err := crm.AddView("Leads", 900, "Few leads", "id < 104"); err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(crm)
			defer server.Close()
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			z, err := NewClient(&oneToken{token: NewToken(emulator.Default().AccessToken, "")}, client, Options{APIDomain: server.URL, Version: "v8", Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			ctx, tok := t.Context(), token(t, z)

			// The list, page by page.
			p := PageOf{Fields: []string{"Last_Name", "Owner"}}
			if setting == "approved-param=refuse" {
				_, err := z.Links(ctx, tok, campaignLeads, campaign, p)
				if e := failure(t, err); e.Param != "approved" || e.Kind != Refused {
					t.Errorf("%+v", e)
				}
				_, err = z.LinkFields(ctx, tok, campaignLeads, campaign, []ID{101})
				if e := failure(t, err); e.Param != "approved" {
					t.Errorf("%+v", e)
				}
				p.WithoutApproved = true
			}
			var got []Record
			for {
				page, err := z.Links(ctx, tok, campaignLeads, campaign, p)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page.Records...)
				if !page.More || page.Token == "" {
					if page.More != (setting == "list-end=400") {
						t.Errorf("more %v, token %q", page.More, page.Token)
					}
					break
				}
				p.Token = page.Token
			}
			want := leads
			if setting == "list-end=400" {
				want = 400
			}
			own := Fields{"Member_Status": "Sent"}
			if setting == "own-fields=asked" {
				own = nil
			}
			if diff := cmp.Diff(Record{101, own, Fields{"Last_Name": "L0", "Owner": "Ann", "Owner.id": "7"}}, got[0]); len(got) != want || diff != "" {
				t.Errorf("%d records\n%s", len(got), diff)
			}
			p.Token, p.Number = "", 3
			if page, err := z.Links(ctx, tok, campaignLeads, campaign, p); err != nil || setting != "list-end=400" && (page.More || len(page.Records) != 50) {
				t.Errorf("%d records, %v", len(page.Records), err)
			}

			// Records, views and queries.
			views, err := z.Views(ctx, "Leads")
			if err != nil || len(views) != 2 || views[1] != (View{900, "Few leads", "FEW_LEADS"}) {
				t.Fatal(views, err)
			}
			few, err := z.Records(ctx, tok, "Leads", views[1].ID, PageOf{Fields: []string{"Last_Name"}, WithoutApproved: p.WithoutApproved})
			if diff := cmp.Diff(Page{Records: []Record{{101, nil, Fields{"Last_Name": "L0"}}, {102, nil, Fields{"Last_Name": "L1"}}, {103, nil, Fields{"Last_Name": "L2"}}}}, few); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
			rows, err := z.Query(ctx, tok, "select id, Last_Name from Leads where id > 101 order by id limit 2")
			if diff := cmp.Diff(Page{More: true, Records: []Record{{102, nil, Fields{"Last_Name": "L1"}}, {103, nil, Fields{"Last_Name": "L2"}}}}, rows); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
			if rows, err := z.Query(ctx, tok, "select id from Leads where id > 100000"); err != nil || len(rows.Records) > 0 || rows.More {
				t.Errorf("%+v, %v", rows, err)
			}
			rows, err = z.Query(ctx, tok, "select id from Leads where id > 0 order by id limit 2000")
			if setting == "query-limit=200" {
				if e := failure(t, err); e.Code != "LIMIT_EXCEEDED" || e.Param != "limit" || e.Kind != Refused || e.Scope != ScopeBatch {
					t.Errorf("%+v", e)
				}
			} else if err != nil || len(rows.Records) != leads || rows.More {
				t.Errorf("%d rows, %v", len(rows.Records), err)
			}

			// Remove, link again, and look.
			relink := func(r Relation, parent, id ID, fields Fields) {
				t.Helper()
				if _, err := z.Delink(ctx, tok, r, parent, []ID{id}); err != nil {
					t.Fatal(err)
				}
				a, err := z.Link(ctx, tok, r, parent, []NewLink{{id, fields}})
				if err != nil {
					t.Fatal(err)
				}
				if v := a.Items[0].Verdict; v != Linked && (setting != "converted=101" || id != 101 || v != Failed) {
					t.Errorf("%v: %+v", r, a)
				}
				if setting == "approved-param=refuse" {
					return
				}
				states, err := z.LinkFields(ctx, tok, r, parent, []ID{id, 999})
				if setting == "converted=101" && id == 101 {
					fields = nil
				}
				if setting == "list-price=hidden" && fields["list_price"] != "" || setting == "own-fields=asked" && fields["Member_Status"] != "" {
					fields = nil
				}
				if err != nil || states[0].Linked != (setting != "converted=101" || id != 101) || states[1].Linked || !cmp.Equal(states[0].Fields, fields) {
					t.Errorf("%v: %+v, %v, want %v", r, states, err, fields)
				}
			}
			relink(campaignLeads, campaign, 101, Fields{"Member_Status": "Planned"})
			relink(Relation{"Products", "Price_Books"}, product, book, Fields{"list_price": "9.5"})
			relink(Relation{"Price_Books", "Products"}, book, product, Fields{"list_price": "8"})
			relink(Relation{"Deals", "Contact_Roles"}, deal, 51, Fields{"Contact_Role": "Buyer", "Contact_Role.id": "5"})

			// Errors by place.
			a, err := z.Link(ctx, tok, campaignLeads, campaign, []NewLink{{8888, nil}, {102, nil}, {8889, nil}})
			if err != nil || a.Items[0].Verdict != Failed || a.Items[1].Verdict != Linked || a.Items[2].Verdict != Failed || !strings.HasPrefix(a.Items[2].Message, "id: ") {
				t.Errorf("%+v, %v", a, err)
			}
			a, err = z.Link(ctx, tok, Relation{"Products", "Price_Books"}, product, []NewLink{{book, nil}})
			if err != nil || a.Items[0].Verdict != Failed || a.Items[0].Code != "MANDATORY_NOT_FOUND" || !strings.HasPrefix(a.Items[0].Message, "list_price: ") {
				t.Errorf("%+v, %v", a, err)
			}
			_, err = z.Link(ctx, tok, campaignLeads, 77, []NewLink{{102, nil}})
			if e := failure(t, err); setting != "details-form=empty-array" && (e.Kind != Refused || e.Scope != ScopeParent) {
				t.Errorf("%+v", e)
			}
			if b := crm.Books(); len(b.Violations) > 0 && setting != "approved-param=refuse" {
				t.Errorf("%+v", b.Violations)
			}
		})
	}
}

// Whatever comes: an item for each link in their order, and no link is there again unless an item
// says so.
func FuzzRelink(f *testing.F) {
	for _, body := range []string{
		`{"data":[{"code":"SUCCESS","details":{"id":"1"},"message":"relation added","status":"success"},{"code":"X","details":{"json_path":"$.data[1].id"},"status":"error"}]}`,
		`{"code":"INVALID_DATA","details":{"json_path":"data[0]"},"message":"x","status":"error"}`, `{"data":[null,{}]}`, "", "[]",
	} {
		f.Add(body, 200)
		f.Add(body, 400)
	}
	f.Fuzz(func(t *testing.T, body string, status int) {
		if status < 200 || status > 599 {
			return
		}
		a, err := link(t, over(t, canned{status: status, body: body}), 1, 2, 3)
		if err != nil {
			failure(t, err)
			return
		}
		if len(a.Items) != 3 || a.Deleted {
			t.Fatalf("%+v", a)
		}
		for i, item := range a.Items {
			switch {
			case item.ID != ID(i+1), item.Verdict == Absent, item.Verdict == Removed, item.Verdict == Deleted:
				t.Fatalf("%+v", item)
			case item.Verdict == Linked && !strings.Contains(strings.ToLower(body), "success") && !strings.Contains(body, `\u`) && !strings.Contains(body, "ſ"):
				t.Fatalf("%q links %v", body, item.ID)
			}
		}
	})
}
