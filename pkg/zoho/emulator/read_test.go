package emulator

import (
	"fmt"
	"strings"
	"testing"
)

const both = "&fields=id&converted=both&approved=both"

func (c client) read(query string) reply {
	c.t.Helper()
	return c.do("GET", fmt.Sprintf("/crm/v8/Campaigns/%d/Leads?%s", uint64(campaign), query), "")
}

func TestRead(t *testing.T) {
	e, c := serve(t, "converted=3652397000000925129", "unapproved=3652397000000925130")
	c.delink(lead + 3)
	ids := "ids=" + join(lead, lead+1, lead+2, lead+3, 5)
	tests := []struct {
		query string
		want  []uint64
	}{
		{ids + both + "&sort_by=id&sort_order=asc", []uint64{lead, lead + 1, lead + 2}},
		{ids + both, []uint64{lead + 2, lead + 1, lead}}, // descending is the default
		{ids + both + "&sort_order=desc", []uint64{lead + 2, lead + 1, lead}},
		{ids + "&fields=id", []uint64{lead}},
		{ids + "&fields=id&converted=both", []uint64{lead + 1, lead}},
		{ids + "&fields=id&approved=both", []uint64{lead + 2, lead}},
		{ids + "&fields=id&converted=true&approved=both", []uint64{lead + 1}},
		{ids + "&fields=id&converted=both&approved=false", []uint64{lead + 2}},
		{"sort_order=asc" + both, []uint64{lead, lead + 1, lead + 2, lead + 4, lead + 5, lead + 6, lead + 7, lead + 8, lead + 9}},
		{"sort_order=asc&per_page=2&page=2" + both, []uint64{lead + 2, lead + 4}},
	}
	for _, tt := range tests {
		r := c.read(tt.query)
		r.want(t, 200, "info.count", fmt.Sprint(len(tt.want)), fmt.Sprintf("data.%d", len(tt.want)), "<none>")
		for i, id := range tt.want {
			if got := r.get(fmt.Sprintf("data.%d.id", i)); got != fmt.Sprint(id) {
				t.Errorf("%s: item %d is %s", tt.query, i, got)
			}
		}
	}
	c.read("per_page=2"+both).want(t, 200, "info.more_records", "true", "info.page", "1", "info.per_page", "2")
	if r := c.read("ids=5,6" + both); r.status != 204 || r.body != "" {
		t.Errorf("%+v", r)
	}
	if r := c.read("page=9" + both); r.status != 204 {
		t.Errorf("%+v", r)
	}
	c.read("ids=5").want(t, 400, "code", "REQUIRED_PARAM_MISSING", "details.param_name", "fields")
	c.read("per_page=201"+both).want(t, 400, "code", "INVALID_DATA", "details.param_name", "per_page")
	c.read("page=0"+both).want(t, 400, "details.param_name", "page")
	c.read("sort_by=Last_Name"+both).want(t, 400, "details.param_name", "sort_by")
	c.read("sort_order=up"+both).want(t, 400, "details.param_name", "sort_order")
	c.read("page_token=x"+both).want(t, 400, "details.param_name", "page_token")
	c.read("page=11"+both).want(t, 400, "code", "LIMIT_EXCEEDED", "details.limit", "2000")
	c.read("ids=1x"+both).want(t, 400, "code", "UNABLE_TO_PARSE_DATA_TYPE")
	c.do("GET", "/crm/v8/Campaigns/7/Leads?fields=id", "").want(t, 400, "details.resource_path_index", "1")
	e.Update(func(cfg *Config) { cfg.Scopes = Names{"ZohoCRM.modules.campaigns.DELETE"} })
	c.read("fields=id").want(t, 401, "code", "OAUTH_SCOPE_MISMATCH")
	if b := e.Books(); b.Calls["read"] != 23 || b.Calls["delink"] != 1 {
		t.Errorf("books %+v", b)
	}
}

// A list of 2,500 is read by pages up to 2,000 records, then by token.
func TestReadPages(t *testing.T) {
	e, c := serve(t)
	e.Link("Campaigns", campaign, "Leads", leads(2500)...)
	seen := map[string]bool{}
	collect := func(r reply) {
		t.Helper()
		r.want(t, 200)
		for i := range 200 {
			if id := r.get(fmt.Sprintf("data.%d.id", i)); id != "<none>" {
				seen[id] = true
			}
		}
	}
	var r reply
	for page := 1; page <= 10; page++ {
		r = c.read(fmt.Sprintf("page=%d%s", page, both))
		collect(r)
	}
	for r.get("info.more_records") == "true" {
		r = c.read("page_token=" + r.get("info.next_page_token") + both)
		collect(r)
	}
	if len(seen) != 2500 {
		t.Errorf("%d records", len(seen))
	}
}

// Each form of an answer that must not be believed hides a record, and keeps the rest true.
func TestReadAnswers(t *testing.T) {
	query := "ids=" + join(lead, lead+1, lead+2) + both
	tests := map[string][]string{
		"whole":    {"info.count", "3", "data.2.id", "<some>", "info.more_records", "false"},
		"beside":   {"info.count", "2", "data.1.id", "<some>", "data.2", "<none>", "code", "INTERNAL_ERROR", "status", "error"},
		"envelope": {"code", "INTERNAL_ERROR", "data", "<none>"},
		"empty":    {"data", "[]", "info.count", "0"},
		"token":    {"info.count", "2", "data.2", "<none>", "info.more_records", "<none>", "info.next_page_token", "<some>"},
		"more":     {"info.count", "2", "data.2", "<none>", "info.more_records", "true"},
		"twice":    {"info.count", "3", "data.2.id", "<first>"},
		"count":    {"info.count", "3", "data.1.id", "<some>", "data.2", "<none>"},
	}
	for form, want := range tests {
		_, c := serve(t, "read-answer="+form)
		r := c.read(query)
		r.want(t, 200)
		for i := 0; i < len(want); i += 2 {
			got, wanted := r.get(want[i]), want[i+1]
			switch wanted {
			case "<some>":
				if got == "<none>" || got == "null" {
					t.Errorf("%s: %s is %s", form, want[i], got)
				}
			case "<first>":
				wanted = r.get("data.0.id")
				fallthrough
			default:
				if got != wanted {
					t.Errorf("%s: %s is %s, want %s", form, want[i], got, wanted)
				}
			}
		}
	}
	_, c := serve(t, "read-answer=nothing")
	if r := c.read(query); r.status != 204 {
		t.Errorf("%+v", r)
	}
}

func TestReadLinksAll(t *testing.T) {
	_, c := serve(t, "links=all")
	c.delink(lead).want(t, 200)
	c.read("ids="+join(lead, lead+1)+both).want(t, 200, "data.0.id", fmt.Sprint(uint64(lead+1)), "data.1", "<none>")
	c.read("fields=id").want(t, 400, "code", "NOT_SUPPORTED")
	c.counts(`{"related_list":{"api_name":"Leads"}}`).want(t, 400, "code", "NOT_SUPPORTED")
}

func (c client) counts(entries string) reply {
	c.t.Helper()
	return c.do("POST", fmt.Sprintf("/crm/v8/Campaigns/%d/actions/get_related_records_count", uint64(campaign)),
		`{"get_related_records_count":[`+entries+`]}`)
}

func TestCount(t *testing.T) {
	e, c := serve(t, "converted=3652397000000925129")
	e.Link("Campaigns", campaign, "Contacts", 1, 2)
	c.delink(lead)
	c.counts(`{"related_list":{"api_name":"Leads"}},{"related_list":{"api_name":"Contacts"}},{"related_list":{"api_name":"Leads"},"params":{"converted":"both"}}`).
		want(t, 200, "get_related_records_count.0.count", "8", "get_related_records_count.1.count", "2",
			"get_related_records_count.1.related_list.api_name", "Contacts", "get_related_records_count.2.count", "9")
	c.counts(``).want(t, 400, "code", "MANDATORY_NOT_FOUND")
	c.counts(`{}`).want(t, 400, "code", "EXPECTED_FIELD_MISSING")
	c.counts(`{"related_list":{"api_name":"Nothing"}}`).want(t, 400, "code", "INVALID_DATA", "details.resource_path_index", "2")
	if n := e.Books().Calls["count"]; n != 4 {
		t.Errorf("%d calls", n)
	}
}

func (c client) put(body string) reply {
	c.t.Helper()
	return c.do("PUT", fmt.Sprintf("/crm/v8/Campaigns/%d/Leads", uint64(campaign)), body)
}

func TestLinkAgain(t *testing.T) {
	e, c := serve(t, "id-errors=11:NOT_APPROVED", "other-module=12")
	e.SetFields("Campaigns", campaign, "Leads", lead, map[string]any{"Member_Status": "Planned"})
	c.read("ids="+join(lead)+"&fields=id,Last_Name&converted=both&approved=both").
		want(t, 200, "data.0.$member_info.Member_Status", "Planned", "data.0.Last_Name", "null")
	c.delink(lead).want(t, 200)
	c.put(fmt.Sprintf(`{"data":[{"id":"%d"}]}`, uint64(lead))).want(t, 200, "data.0.message", "relation added")
	c.read("ids="+join(lead)+both).want(t, 200, "data.0.$member_info.Member_Status", "null") // delinking lost it
	c.delink(lead).want(t, 200)
	c.put(fmt.Sprintf(`{"data":[{"id":%d,"Member_Status":"Active"},{"id":"11"},{"id":"12"},{"id":"x"},{}]}`, uint64(lead))).want(t, 207,
		"data.0.code", "SUCCESS", "data.0.details.id", fmt.Sprint(uint64(lead)),
		"data.1.code", "NOT_APPROVED", "data.1.details.json_path", "$.data[1].id", "data.1.details.id", "<none>",
		"data.2.code", "INVALID_DATA", "data.3.code", "INVALID_DATA", "data.4.code", "MANDATORY_NOT_FOUND")
	c.read("ids="+join(lead)+both).want(t, 200, "data.0.$member_info.Member_Status", "Active")
	c.put(`{"data":[{"id":"x"}]}`).want(t, 400, "data.0.code", "INVALID_DATA")
	c.put(`{"data":[]}`).want(t, 400, "code", "MANDATORY_NOT_FOUND")
	c.put(`no JSON`).want(t, 400, "code", "INVALID_DATA")
	c.put(`{"data":[`+strings.Repeat(`{"id":"1"},`, 100)+`{"id":"1"}]}`).want(t, 400, "code", "LIMIT_EXCEEDED", "details.limit", "100")
	c.put(strings.Repeat(" ", maxBody+1)).want(t, 413)
	c.do("PUT", "/crm/v8/Campaigns/7/Leads", `{"data":[{"id":"1"}]}`).want(t, 400, "details.resource_path_index", "1")
	if b := e.Books(); b.Restored != 2 || b.Removed != 2 || b.Calls["link"] != 8 || !e.Linked("Campaigns", campaign, "Leads", lead) {
		t.Errorf("books %+v", b)
	}
}

// Elsewhere than in campaigns, the link's own fields are the record's.
func TestOwnFields(t *testing.T) {
	e, c := serve(t)
	e.Link("Products", 1, "Price_Books", 2)
	e.SetFields("Products", 1, "Price_Books", 2, map[string]any{"list_price": 9.5})
	c.do("GET", "/crm/v8/Products/1/Price_Books?fields=id,list_price"+"&converted=both&approved=both", "").want(t, 200, "data.0.list_price", "9.5")
}

func TestOrg(t *testing.T) {
	_, c := serve(t)
	c.do("GET", "/crm/v8/org", "").want(t, 200, "org.0.type", "production", "org.0.company_name", "Emulated Inc.",
		"org.0.license_details.paid_type", "enterprise", "org.0.license_details.paid", "true", "org.0.license_details.users_license_purchased", "100", "org.0.id", "60001234567")
	_, c = serve(t, "org-type=sandbox", "company=Acme", "edition=free", "users=3", "org-id=8")
	c.do("GET", "/crm/v8/org", "").want(t, 200, "org.0.type", "sandbox", "org.0.company_name", "Acme",
		"org.0.license_details.paid_type", "free", "org.0.license_details.paid", "false", "org.0.license_details.users_license_purchased", "3", "org.0.id", "8")
	c.do("POST", "/crm/v8/org", "").want(t, 400, "code", "INVALID_REQUEST_METHOD")
	_, c = serve(t, "scopes=ZohoCRM.modules.ALL")
	c.do("GET", "/crm/v8/org", "").want(t, 401, "code", "OAUTH_SCOPE_MISMATCH")
	c.do("GET", "/crm/v8/settings/related_lists?module=Leads", "").want(t, 401, "code", "OAUTH_SCOPE_MISMATCH")
}

func TestRelatedLists(t *testing.T) {
	e, c := serve(t, "hidden-lists=Campaigns.Contacts", "kept-lists=Products.Deals", "module-errors=Deals:NOT_SUPPORTED")
	e.Link("Campaigns", campaign, "Things", 1)
	lists := func(module, extra string) map[string]string {
		t.Helper()
		r := c.do("GET", "/crm/v8/settings/related_lists?module="+module+extra, "")
		r.want(t, 200)
		found := map[string]string{}
		for i := 0; r.get(fmt.Sprintf("related_lists.%d", i)) != "<none>"; i++ {
			at := func(name string) string { return r.get(fmt.Sprintf("related_lists.%d.%s", i, name)) }
			found[at("api_name")] = at("status") + " " + at("record_operations.disassociate") + " " + at("module.api_name")
		}
		return found
	}
	const extra = "&extra_properties=true"
	campaigns := lists("Campaigns", extra)
	for name, want := range map[string]string{
		"Leads": "visible true Leads", "Contacts": "user_hidden true Contacts", "Things": "visible true Things", "Notes": "visible false Notes",
	} {
		if campaigns[name] != want {
			t.Errorf("Campaigns.%s: %s", name, campaigns[name])
		}
	}
	if got := lists("Products", extra)["Deals"]; got != "visible false Deals" {
		t.Errorf("Products.Deals: %s", got)
	}
	if got := lists("Accounts", extra)["Contacts"]; got != "visible false Contacts" {
		t.Errorf("Accounts.Contacts: %s", got)
	}
	if got := lists("Campaigns", "")["Leads"]; got != "visible <none> Leads" {
		t.Errorf("without extra_properties: %s", got)
	}
	e.Update(func(cfg *Config) { cfg.ListLabels = Labels{"Campaigns.Leads": "Leads of the campaign"} })
	labels := map[string]string{}
	r := c.do("GET", "/crm/v8/settings/related_lists?module=Campaigns", "")
	for i := 0; r.get(fmt.Sprintf("related_lists.%d", i)) != "<none>"; i++ {
		labels[r.get(fmt.Sprintf("related_lists.%d.api_name", i))] = r.get(fmt.Sprintf("related_lists.%d.display_label", i))
	}
	if labels["Leads"] != "Leads of the campaign" || labels["Open_Activities"] != "Open Activities" {
		t.Errorf("labels %v", labels)
	}
	c.do("GET", "/crm/v8/settings/related_lists", "").want(t, 400, "code", "REQUIRED_PARAM_MISSING", "details.param_name", "module")
	c.do("GET", "/crm/v8/settings/related_lists?module=Nothing", "").want(t, 400, "code", "INVALID_MODULE")
	c.do("GET", "/crm/v8/settings/related_lists?module=Deals", "").want(t, 400, "code", "NOT_SUPPORTED")
}
