package zoho

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Which answers are a page, and which are none: a record that is missing without a word would be
// missing from an export, too.
func TestPages(t *testing.T) {
	const a, b = `{"id":"3652397000000900001"}`, `{"id":"3652397000000900002"}`
	two := []ID{idA, idB}
	for _, c := range []struct {
		name   string
		status int
		body   string
		ids    []ID
		more   bool
		token  string
		code   string
	}{
		{"last", 200, `{"data":[` + a + `,` + b + `],"info":{"more_records":false,"count":2,"page":1,"next_page_token":null}}`, two, false, "", ""},
		{"more", 200, `{"data":[` + a + `,` + b + `],"info":{"more_records":true,"next_page_token":"x.y"}}`, two, true, "x.y", ""},
		{"more, without a token", 200, `{"data":[` + a + `],"info":{"more_records":true,"count":1,"next_page_token":null}}`, two[:1], true, "", ""},
		{"numbers", 200, "\ufeff{\"data\":[{\"id\":3652397000000900001}],\"info\":{\"more_records\":false,\"count\":\"1\",\"page\":\"1\"}}\n", two[:1], false, "", ""},
		{"none", 204, "", nil, false, "", ""},
		{"none, in words", 200, `{"data":[],"info":{"more_records":false,"count":0}}`, nil, false, "", ""},
		{"not said whether there are more", 200, `{"data":[` + a + `],"info":{"count":1}}`, nil, false, "", CodeForeignAnswer},
		{"more is null", 200, `{"data":[` + a + `],"info":{"more_records":null}}`, nil, false, "", CodeForeignAnswer},
		{"more in words", 200, `{"data":[` + a + `],"info":{"more_records":"false"}}`, nil, false, "", CodeForeignAnswer},
		{"no info", 200, `{"data":[` + a + `]}`, nil, false, "", CodeForeignAnswer},
		{"info is a list", 200, `{"data":[` + a + `],"info":[{"more_records":false}]}`, nil, false, "", CodeForeignAnswer},
		{"info twice", 200, `{"info":{"more_records":true},"data":[` + a + `],"Info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"data twice", 200, `{"data":[` + a + `],"Data":[` + b + `],"info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"a token, and no more", 200, `{"data":[` + a + `],"info":{"more_records":false,"next_page_token":"x"}}`, nil, false, "", CodeForeignAnswer},
		{"a token that is none", 200, `{"data":[` + a + `],"info":{"more_records":true,"next_page_token":{}}}`, nil, false, "", CodeForeignAnswer},
		{"nothing, and more of it", 200, `{"data":[],"info":{"more_records":true,"next_page_token":"x"}}`, nil, false, "", CodeForeignAnswer},
		{"another page", 200, `{"data":[` + a + `],"info":{"more_records":false,"page":2}}`, nil, false, "", CodeForeignAnswer},
		{"fewer than counted", 200, `{"data":[` + a + `],"info":{"more_records":false,"count":2}}`, nil, false, "", CodeForeignAnswer},
		{"more than counted", 200, `{"data":[` + a + `,` + b + `],"info":{"more_records":false,"count":1}}`, nil, false, "", CodeForeignAnswer},
		{"one twice", 200, `{"data":[` + a + `,` + a + `],"info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"descending", 200, `{"data":[` + b + `,` + a + `],"info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"no id", 200, `{"data":[{"Id":"1"}],"info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"no valid id", 200, `{"data":[{"id":"01"}],"info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"null record", 200, `{"data":[null],"info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"data is an object", 200, `{"data":` + a + `,"info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"an error beside it", 200, `{"data":[` + a + `],"info":{"more_records":false},"code":"INTERNAL_ERROR","status":"error"}`, nil, false, "", "INTERNAL_ERROR"},
		{"a refusal beside it", 200, `{"data":[` + a + `],"info":{"more_records":false},"code":"INVALID_MODULE","status":"error"}`, nil, false, "", CodeForeignAnswer},
		{"cut off", 200, `{"data":[` + a, nil, false, "", CodeForeignAnswer},
		{"page of a gateway", 200, "<html>", nil, false, "", CodeForeignAnswer},
		{"nothing", 200, "", nil, false, "", CodeForeignAnswer},
		{"204 with a body", 204, "x", nil, false, "", CodeForeignAnswer},
		{"part", 206, `{"data":[` + a + `],"info":{"more_records":false}}`, nil, false, "", CodeForeignAnswer},
		{"data with an error status", 500, `{"data":[` + a + `],"info":{"more_records":false}}`, nil, false, "", CodeServerError},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := over(t, canned{status: c.status, body: c.body})
			for name, read := range map[string]func() (Page, error){
				"links": func() (Page, error) {
					return client.Links(t.Context(), token(t, client), campaignLeads, parentID, PageOf{})
				},
				"records": func() (Page, error) { return client.Records(t.Context(), token(t, client), "Leads", 0, PageOf{}) },
				"query": func() (Page, error) {
					return client.Query(t.Context(), token(t, client), "select id from Leads where id > 0")
				},
			} {
				p, err := read()
				if name == "query" && (c.name == "descending" || c.name == "another page") {
					continue // its order is what it asks for, and it has no pages
				}
				if c.code != "" {
					if e := failure(t, err); e.Code != c.code || e.Kind != Unanswered || len(p.Records) > 0 {
						t.Errorf("%s: %+v, %+v", name, e, p)
					}
					continue
				}
				var ids []ID
				for _, r := range p.Records {
					ids = append(ids, r.ID)
				}
				if err != nil || !cmp.Equal(ids, c.ids) || p.More != c.more || p.Token != c.token {
					t.Errorf("%s: %+v, %v", name, p, err)
				}
			}
		})
	}
}

// What a cell shows of each kind of value, and whose field it is.
func TestFieldsOfRecords(t *testing.T) {
	const body = `{"data":[{
		"$member_info":{"Member_Status":"Sent","Note":null,"id":"77","Created_Time":"x","Modified_Time":"y","$z":1},
		"Member_Status":"of somebody else","Contact_Role":{"name":"Buyer","id":"5"},"list_price":9.50,"$approved":true,
		"Last_Name":"Ann \"A\"\nB","Owner":{"name":"Bo","id":6,"email":"bo@example.com"},"Account_Name":{"id":"7"},"Nobody":{"name":null,"id":"8"},
		"Layout":{"id":"9","kind":"x"},"Tag":[ {"name" : "a"} ],"Yes":true,"Count":12345678901234567890,"Gone":null,"ID":"mine","$x":1,
		"id":"3652397000000900001"}],"info":{"more_records":false}}`
	client := over(t, canned{status: 200, body: body})
	asked := []string{"Last_Name", "Owner", "Account_Name", "Nobody", "Layout", "Tag", "Yes", "Count", "Gone", "ID", "$x", "list_price"}
	fields := Fields{
		"Last_Name": "Ann \"A\"\nB", "Owner": "Bo", "Owner.id": "6", "Account_Name.id": "7", "Nobody.id": "8", "Layout": `{"id":"9","kind":"x"}`,
		"Tag": `[{"name":"a"}]`, "Yes": "true", "Count": "12345678901234567890", "ID": "mine", "$x": "1", "list_price": "9.50",
	}
	own := Fields{"Member_Status": "Sent", "Contact_Role": "Buyer", "Contact_Role.id": "5"}
	got, err := client.Links(t.Context(), token(t, client), campaignLeads, parentID, PageOf{Fields: asked})
	if diff := cmp.Diff(Page{Records: []Record{{ID: idA, Own: own, Fields: fields}}}, got); err != nil || diff != "" {
		t.Errorf("links: %v\n%s", err, diff)
	}
	got, err = client.Records(t.Context(), token(t, client), "Leads", 0, PageOf{Fields: asked})
	if diff := cmp.Diff(Page{Records: []Record{{ID: idA, Fields: fields}}}, got); err != nil || diff != "" {
		t.Errorf("records: %v\n%s", err, diff)
	}
	got, err = client.Links(t.Context(), token(t, client), campaignLeads, parentID, PageOf{})
	if err != nil || got.Records[0].Own["list_price"] != "9.50" || got.Records[0].Fields != nil {
		t.Errorf("%+v, %v", got, err)
	}
	for member, want := range map[string]Fields{`null`: nil, `{}`: nil, `{"A":1}`: {"A": "1"}, `{"A":null}`: {}, `[]`: {"": ""}, `"x"`: {"": ""}} {
		c := over(t, canned{status: 200, body: `{"data":[{"id":"3652397000000900001","$member_info":` + member + `}]}`})
		states, err := c.LinkFields(t.Context(), token(t, c), campaignLeads, parentID, []ID{idA})
		if _, foreign := want[""]; foreign {
			if e := failure(t, err); e.Code != CodeForeignAnswer {
				t.Errorf("%s: %+v", member, e)
			}
			continue
		}
		if err != nil || !states[0].Linked || !cmp.Equal(states[0].Fields, want) {
			t.Errorf("%s: %+v, %v", member, states, err)
		}
	}
}

// What stands on the wire.
func TestReadForms(t *testing.T) {
	var got *http.Request
	var content map[string]string
	client := over(t, trip(func(r *http.Request) (*http.Response, error) {
		got, content = r, nil
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(r.Body).Decode(&content); err != nil {
				t.Error(err)
			}
		}
		return canned{status: 204}.RoundTrip(r)
	}))
	client.options.Version = "v2"
	links := func(r Relation, p PageOf) func() error {
		return func() error { _, err := client.Links(t.Context(), token(t, client), r, parentID, p); return err }
	}
	records := func(view ID, p PageOf) func() error {
		return func() error { _, err := client.Records(t.Context(), token(t, client), "Leads", view, p); return err }
	}
	all := "&sort_by=id&sort_order=asc&per_page=200&converted=both&approved=both&page=1"
	for want, call := range map[string]func() error{
		"/crm/v8/Campaigns/3652397000000400001/Leads?fields=id" + all:                                                         links(campaignLeads, PageOf{}),
		"/crm/v8/Campaigns/3652397000000400001/Leads?fields=id,Last_Name,A%26b" + all:                                         links(campaignLeads, PageOf{Number: 1, Fields: []string{"id", "Last_Name", "A&b"}}),
		"/crm/v8/Deals/3652397000000400001/Contact_Roles?fields=id,Contact_Role" + all:                                        links(Relation{"Deals", "Contact_Roles"}, PageOf{}),
		"/crm/v8/Products/3652397000000400001/Price_Books?fields=id,list_price" + all:                                         links(Relation{"Products", "Price_Books"}, PageOf{Fields: []string{"list_price"}}),
		"/crm/v8/Leads?fields=id&sort_by=id&sort_order=asc&per_page=200&converted=true&page=7":                                records(0, PageOf{Number: 7, Converted: "true", WithoutApproved: true}),
		"/crm/v8/Leads?fields=id&sort_by=id&sort_order=asc&per_page=200&converted=both&approved=both&page_token=a%2Fb&cvid=5": records(5, PageOf{Token: "a/b"}),
	} {
		if err := call(); err != nil || got.Method != http.MethodGet || got.URL.RequestURI() != want {
			t.Errorf("%s %s, want %s (%v)", got.Method, got.URL.RequestURI(), want, err)
		}
	}
	const query = `select id from Leads where Last_Name = 'A"<é' and id > 0`
	if _, err := client.Query(t.Context(), token(t, client), query); err != nil || got.Method != http.MethodPost || got.URL.RequestURI() != "/crm/v8/coql" ||
		got.Header.Get("Content-Type") != "application/json" || content["select_query"] != query {
		t.Errorf("%v %v %v", got, content, err)
	}
	_, _ = client.LinkFields(t.Context(), token(t, client), Relation{"Price_Books", "Products"}, parentID, []ID{idA, idB})
	if q := got.URL.Query(); q.Get("fields") != "id,list_price" || q.Get("ids") != "3652397000000900001,3652397000000900002" || q.Get("approved") != "both" || q.Get("converted") != "both" {
		t.Error(got.URL)
	}
	_, _ = linked(t, client, []ID{idA})
	if q := got.URL.Query(); q.Get("fields") != "id" {
		t.Error(got.URL)
	}
}

// What refusals of reads say: which parameter, which scope, and that no id is the reason.
func TestRefusedReads(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		kind       Kind
		scope      Scope
		code       string
		param      string
	}{
		{"parameter", `{"code":"INVALID_DATA","details":{"param_name":"approved"},"message":"x","status":"error"}`, 400, Refused, ScopeBatch, "INVALID_DATA", "approved"},
		{"parameter in a list", `{"code":"INVALID_DATA","details":[{"param_name":"approved"}],"message":"x","status":"error"}`, 400, Refused, ScopeBatch, "INVALID_DATA", "approved"},
		{"limit", `{"code":"LIMIT_EXCEEDED","details":{"limit":200,"clause":"limit"},"message":"x","status":"error"}`, 400, Refused, ScopeBatch, "LIMIT_EXCEEDED", "limit"},
		{"page", `{"code":"LIMIT_EXCEEDED","details":{"limit":2000,"param_name":"page","clause":"y"},"message":"x","status":"error"}`, 400, Refused, ScopeBatch, "LIMIT_EXCEEDED", "page"},
		{"syntax", `{"code":"SYNTAX_ERROR","details":{"near":"x"},"message":"x","status":"error"}`, 400, Refused, ScopeBatch, "SYNTAX_ERROR", ""},
		{"no such module", `{"code":"INVALID_MODULE","details":{"resource_path_index":0},"message":"x","status":"error"}`, 400, Refused, ScopeList, "INVALID_MODULE", ""},
		{"scope", `{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"x","status":"error"}`, 401, Denied, ScopeList, "OAUTH_SCOPE_MISMATCH", ""},
		{"token", `{"code":"INVALID_TOKEN","details":{},"message":"x","status":"error"}`, 401, BadToken, ScopeRun, "INVALID_TOKEN", ""},
		{"too many", "", 429, Throttled, ScopeRun, "TOO_MANY_REQUESTS", ""},
		{"permission", `{"code":"NO_PERMISSION","details":{},"message":"x","status":"error"}`, 403, Denied, ScopeParent, "NO_PERMISSION", ""},
	} {
		client := over(t, canned{status: c.status, body: c.body})
		_, ofLinks := client.Links(t.Context(), token(t, client), campaignLeads, parentID, PageOf{})
		_, ofRecords := client.Records(t.Context(), token(t, client), "Leads", 0, PageOf{})
		_, ofQuery := client.Query(t.Context(), token(t, client), "x")
		_, ofViews := client.Views(t.Context(), "Leads")
		for what, err := range map[string]error{"links": ofLinks, "records": ofRecords, "query": ofQuery, "views": ofViews} {
			scope := c.scope
			if scope == ScopeParent && what != "links" { // they are about none
				scope = ScopeList
			}
			e := failure(t, err)
			if e.Kind != c.kind || e.Scope != scope || e.Code != c.code || e.Param != c.param || e.Unproven != (scope == ScopeParent) {
				t.Errorf("%s, %s: %+v", c.name, what, e)
			}
			needs := map[string]string{
				"links":   "x; the call needs ZohoCRM.modules.campaigns.READ and ZohoCRM.modules.leads.READ, or ZohoCRM.modules.ALL",
				"records": "x; the call needs ZohoCRM.modules.leads.READ, or ZohoCRM.modules.ALL",
				"query":   "x; the call needs ZohoCRM.coql.READ and ZohoCRM.modules.<module>.READ, or ZohoCRM.coql.READ and ZohoCRM.modules.ALL",
				"views":   "x; the call needs ZohoCRM.settings.custom_views.READ",
			}[what]
			if (e.Detail == needs) != (c.name == "scope") {
				t.Errorf("%s, %s: %s", c.name, what, e.Detail)
			}
			if c.kind == BadToken && what == "links" && !client.Renew(err) {
				t.Error("the token that was refused is not known")
			}
		}
	}
}

func TestViews(t *testing.T) {
	one := `{"id":"1","name":"Ended","display_value":"Ended campaigns","system_name":"ENDED"}`
	for body, want := range map[string][]View{
		`{"custom_views":[` + one + `],"info":{"more_records":false}}`: {{1, "Ended campaigns", "ENDED"}},
		`{"custom_views":[{"id":2,"name":"A","system_name":null}]}`:    {{2, "A", ""}},
		`{"custom_views":[]}`:   {},
		`{"custom_views":null}`: nil,
		`{}`:                    nil,
		`{"custom_views":[` + one + `,` + one + `]}`:                       nil,
		`{"custom_views":[{"name":"A"}]}`:                                  nil,
		`{"custom_views":[` + one + `],"info":{"more_records":true}}`:      nil, // the same page for ever
		`{"custom_views":[` + one + `],"info":{"more_records":"perhaps"}}`: nil,
	} {
		c := over(t, canned{status: 200, body: body})
		got, err := c.Views(t.Context(), "Campaigns")
		if want == nil {
			if e := failure(t, err); e.Kind != Unanswered || e.Code != CodeForeignAnswer {
				t.Errorf("%s: %+v", body, e)
			}
			continue
		}
		if err != nil || len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	var asked []url.Values
	c := over(t, trip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Query())
		body := `{"custom_views":[{"id":"1","name":"A"}],"info":{"more_records":true}}`
		if len(asked) > 1 {
			body = `{"custom_views":[{"id":"2","name":"B"}],"info":{"more_records":false}}`
		}
		return canned{status: 200, body: body}.RoundTrip(r)
	}))
	views, err := c.Views(t.Context(), "Leads")
	if err != nil || len(views) != 2 || views[1].ID != 2 || len(asked) != 2 || asked[0].Has("page") || asked[1].Get("page") != "2" || asked[1].Get("module") != "Leads" {
		t.Errorf("%+v, %v, %v", views, err, asked)
	}
}

// A read says that a record is there only where its id is in the answer, whatever comes.
func FuzzPage(f *testing.F) {
	for _, body := range []string{
		`{"data":[{"id":"1","$member_info":{"A":"b"},"C":{"name":"d","id":"2"}},{"id":2,"E":[1]}],"info":{"more_records":false,"count":2}}`,
		`{"data":[],"info":{"more_records":true}}`, `{"data":[{"id":"1"}],"info":{"more_records":true,"next_page_token":"x"}}`, "", "[]",
	} {
		f.Add(body, 200)
	}
	f.Fuzz(func(t *testing.T, body string, status int) {
		if status < 200 || status > 599 {
			return
		}
		c := over(t, canned{status: status, body: body})
		p, err := c.Links(t.Context(), token(t, c), campaignLeads, parentID, PageOf{Fields: []string{"E"}})
		if err != nil {
			failure(t, err)
			return
		}
		last := ID(0)
		for _, r := range p.Records {
			if r.ID <= last || status != 200 {
				t.Fatalf("status %d, %v after %v", status, r.ID, last)
			}
			last = r.ID
		}
		if p.Token != "" && !p.More || p.More && len(p.Records) == 0 {
			t.Fatalf("%+v", p)
		}
	})
}
