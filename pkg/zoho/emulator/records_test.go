package emulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// crmWithRecords has campaigns 1 to 5, of which the odd ones have ended.
func crmWithRecords(t *testing.T, settings ...string) (*Emulator, client) {
	e, c := serve(t, settings...)
	for i := range uint64(5) {
		id := i + 1
		e.SetRecord("Campaigns", id, map[string]any{
			"Campaign_Name": fmt.Sprintf("Campaign %d", id), "End_Date": fmt.Sprintf("202%d-06-30", 3+id%2*2), "Budget": float64(100 * id),
			"Owner": map[string]any{"id": "77", "name": "Ann"},
		})
	}
	return e, c
}

func (c client) query(q string) reply {
	c.t.Helper()
	b, _ := json.Marshal(map[string]string{"select_query": q})
	return c.do("POST", "/crm/v8/coql", string(b))
}

// ids are the ids of an answer's data, in order.
func (r reply) ids() string {
	var all []string
	for i := 0; r.get(fmt.Sprintf("data.%d", i)) != "<none>" && r.json != nil; i++ {
		all = append(all, r.get(fmt.Sprintf("data.%d.id", i)))
	}
	return strings.Join(all, " ")
}

func TestQuery(t *testing.T) {
	e, c := crmWithRecords(t)
	c.query("select Campaign_Name, Owner.name from Campaigns where id = 2").want(t, 200,
		"data.0.id", "2", "data.0.Campaign_Name", "Campaign 2", "data.0.Owner.name", "<none>", "info.count", "1", "info.more_records", "false")
	for q, want := range map[string]string{
		"where End_Date < '2025-01-01' order by id":                           "2 4",
		"where (Budget >= 200 and Budget < 500) and id > 2 order by id":       "3 4",
		"where Owner.name = 'Ann' order by Budget desc limit 2":               "5 4",
		"where Campaign_Name like '%5' or Budget in (100) order by id":        "1 5",
		"where id > 0 order by id limit 2 offset 1":                           "2 3",
		"where id > 3 order by id":                                            "4 5 3652397000000001001", // the last has no fields
		"where Campaign_Name is null":                                         "3652397000000001001",
		"where (id < 1000) and (Campaign_Name is not null) order by id desc":  "5 4 3 2 1",
		"where id not in (1, 2) and End_Date between '2020-01-01' and '2024'": "4",
	} {
		if got := c.query("select id from Campaigns " + q).ids(); got != want {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
	c.query("select id from Campaigns where id > 0 limit 2").want(t, 200, "info.count", "2", "info.more_records", "true")
	if r := c.query("select id from Campaigns where id = 99"); r.status != 204 {
		t.Errorf("%+v", r)
	}
	// Leads exist that only links name.
	if got := c.query("select id from Leads where id > 0 order by id limit 2").ids(); got != "3652397000000925128 3652397000000925129" {
		t.Error(got)
	}
	c.query("select id from Campaigns").want(t, 400, "code", "SYNTAX_ERROR", "details.clause", "where")
	c.query("select id from Campaigns where id >").want(t, 400, "code", "SYNTAX_ERROR", "details.near", "")
	c.query("select id from Campaigns where id > 1 and id > 2 and id > 3").want(t, 400, "code", "SYNTAX_ERROR", "details.near", "id")
	c.query("select id from Nothing where id > 0").want(t, 400, "code", "INVALID_MODULE")
	c.query("select id from Campaigns where id > 0 limit 2001").want(t, 400, "code", "LIMIT_EXCEEDED", "details.limit", "2000")
	c.query("select id, Campaign_Nam from Campaigns where id > 0").want(t, 400, "code", "INVALID_QUERY", "details.column_name", "Campaign_Nam")
	c.query("select id from Campaigns where id > 0 and End_Dat is null").want(t, 400, "code", "INVALID_QUERY", "details.column_name", "End_Dat")
	c.query("select id from Campaigns where id > 0 order by Nam").want(t, 400, "code", "INVALID_QUERY", "details.column_name", "Nam")
	c.query("select id from Leads where Emial is null limit 1").want(t, 200) // its records have no fields
	e.Update(func(cfg *Config) { cfg.UnknownColumns = "empty" })
	if r := c.query("select id from Campaigns where End_Dat > '2024'"); r.status != 204 {
		t.Errorf("%+v", r)
	}
	c.do("POST", "/crm/v8/coql", "{}").want(t, 400, "code", "MANDATORY_NOT_FOUND")
	c.do("GET", "/crm/v8/coql", "").want(t, 400, "code", "INVALID_REQUEST_METHOD")
	e.Update(func(cfg *Config) { cfg.Scopes = Names{"ZohoCRM.modules.ALL"} })
	c.query("select id from Campaigns where id > 0").want(t, 401, "code", "OAUTH_SCOPE_MISMATCH")
	e.Update(func(cfg *Config) { cfg.Scopes = Names{"ZohoCRM.coql.READ"} })
	c.query("select id from Campaigns where id > 0").want(t, 401, "code", "OAUTH_SCOPE_MISMATCH")
}

// A query costs by its limit, and no more than ten are in flight.
func TestQueryLimits(t *testing.T) {
	_, c := serve(t, "query-limit=200")
	c.query("select id from Leads where id > 0 limit 201").want(t, 400, "code", "LIMIT_EXCEEDED", "details.limit", "200")
	c.query("select id from Leads where id > 0 limit 200").want(t, 200)
	for limit, credits := range map[int]int{1: 1, 200: 1, 201: 2, 1000: 2, 1001: 3, 2000: 3} {
		e, c := serve(t)
		c.query(fmt.Sprintf("select id from Leads where id > 0 limit %d", limit)).want(t, 200)
		if b := e.Books(); b.Credits != credits {
			t.Errorf("limit %d costs %d", limit, b.Credits)
		}
	}
	e, c := serve(t)
	c.query("select id from Leads where id > 0").want(t, 200)
	if b := e.Books(); b.Credits != 1 {
		t.Errorf("without a limit: %d", b.Credits)
	}
	inBubble(t, []string{"latency=1s", "in-flight=none"}, func(t *testing.T, e *Emulator, c client) {
		e.Link("Campaigns", campaign, "Leads", lead)
		statuses := make(chan int)
		for range 12 {
			go func() { statuses <- c.query("select id from Leads where id > 0").status }()
		}
		refused := 0
		for range 12 {
			if <-statuses == 429 {
				refused++
			}
		}
		if refused != 2 {
			t.Errorf("%d of 12 queries were refused", refused)
		}
		c.query("select id from Leads where id > 0").want(t, 200)
	})
}

func TestRecords(t *testing.T) {
	e, c := crmWithRecords(t, "converted=3652397000000925130", "unapproved=3652397000000925131", "missing=3")
	get := func(query string) reply { return c.do("GET", "/crm/v8/"+query, "") }
	get("Campaigns?fields=id,Campaign_Name,Nothing&sort_order=asc&per_page=2").want(t, 200, "data.0.id", "1",
		"data.0.Campaign_Name", "Campaign 1", "data.0.Nothing", "null", "data.0.End_Date", "<none>", "info.more_records", "true", "info.count", "2")
	if got := get("Campaigns?fields=id&sort_order=asc&per_page=2&page=2").ids(); got != "4 5" {
		t.Error(got)
	}
	if got := get("Campaigns?fields=id&ids=5,99,1").ids(); got != "5 1" {
		t.Error(got)
	}
	for query, n := range map[string]string{"": "8", "&converted=both": "9", "&converted=both&approved=both": "10", "&converted=true": "1"} {
		get("Leads?fields=id"+query).want(t, 200, "info.count", n)
	}
	get("Campaigns").want(t, 400, "code", "REQUIRED_PARAM_MISSING", "details.param_name", "fields")
	get("Campaigns?fields=id&cvid=1").want(t, 400, "code", "INVALID_DATA", "details.param_name", "cvid")
	get("Nothing?fields=id").want(t, 400, "code", "INVALID_MODULE")
	get("Campaigns?fields=id&ids="+strings.Repeat("3652397000000925130,", 51)+"3652397000000925130").want(t, 400, "code", "LIMIT_EXCEEDED", "details.limit", "1024")
	if r := get("Products?fields=id"); r.status != 204 {
		t.Errorf("%+v", r)
	}
	if b := e.Books(); b.Calls["records"] != 12 {
		t.Errorf("books %+v", b)
	}
	_, c = serve(t, "links=all")
	get("Campaigns?fields=id").want(t, 400, "code", "NOT_SUPPORTED")
	get("Campaigns?fields=id&ids=4").want(t, 200, "data.0.id", "4")
	c.query("select id from Campaigns where id > 0").want(t, 400, "code", "NOT_SUPPORTED")
}

func TestViews(t *testing.T) {
	e, c := crmWithRecords(t)
	if err := e.AddView("Campaigns", 42, "Ended campaigns", "End_Date < '2025-01-01'"); err != nil {
		t.Fatal(err)
	}
	if err := e.AddView("Campaigns", 43, "Wrong", "End_Date <"); err == nil {
		t.Error("a wrong view was taken")
	}
	r := c.do("GET", "/crm/v8/settings/custom_views?module=Campaigns", "")
	r.want(t, 200, "custom_views.0.name", "All Campaigns", "custom_views.1.name", "Ended campaigns", "custom_views.1.id", "42",
		"custom_views.1.system_name", "ENDED_CAMPAIGNS", "custom_views.2", "<none>", "info.count", "2")
	get := func(cvid string) string {
		return c.do("GET", "/crm/v8/Campaigns?fields=id&sort_order=asc&cvid="+cvid, "").ids()
	}
	if got := get("42"); got != "2 4" {
		t.Error(got)
	}
	if got := get(r.get("custom_views.0.id")); got != "1 2 3 4 5 3652397000000001001" {
		t.Error(got)
	}
	if got := c.query("select id from Ended_campaigns where id > 2").ids(); got != "4" {
		t.Error(got)
	}
	c.do("GET", "/crm/v8/settings/custom_views", "").want(t, 400, "code", "REQUIRED_PARAM_MISSING")
	c.do("GET", "/crm/v8/settings/custom_views?module=Nothing", "").want(t, 400, "code", "INVALID_MODULE")
	e.Update(func(cfg *Config) { cfg.Scopes = Names{"ZohoCRM.modules.ALL"} })
	c.do("GET", "/crm/v8/settings/custom_views?module=Campaigns", "").want(t, 401, "code", "OAUTH_SCOPE_MISMATCH")
}

// Page tokens: good for one list and one order, for a day, without page, and up to an end.
func TestPageTokens(t *testing.T) {
	inBubble(t, []string{"list-end=6"}, func(t *testing.T, e *Emulator, c client) {
		e.Link("Campaigns", campaign, "Leads", leads(10)...)
		e.Link("Campaigns", 7, "Leads", leads(10)...)
		for _, order := range []string{"asc", "desc"} {
			first := c.read("per_page=4&sort_order=" + order + both)
			token := "page_token=" + first.get("info.next_page_token")
			second := c.read("per_page=4&sort_order=" + order + "&" + token + both)
			// The end cuts the page off: there are more, and no token leads to them.
			second.want(t, 200, "info.count", "2", "info.more_records", "true", "info.next_page_token", "null")
			if strings.Contains(first.ids(), second.get("data.0.id")) || order == "asc" != (second.get("data.0.id") > first.get("data.3.id")) {
				t.Errorf("%s: %s, then %s", order, first.ids(), second.ids())
			}
			c.read("page=2&per_page=4&sort_order="+order+"&"+token+both).want(t, 400, "details.param_name", "page_token")
			c.do("GET", "/crm/v8/Campaigns/7/Leads?sort_order="+order+"&"+token+both, "").want(t, 400, "details.param_name", "page_token")
		}
		token := c.read("per_page=4&sort_order=asc" + both).get("info.next_page_token")
		c.read("per_page=4&sort_order=desc&page_token="+token+both).want(t, 400, "details.param_name", "page_token")
		time.Sleep(24 * time.Hour)
		c.read("per_page=4&sort_order=asc&page_token="+token+both).want(t, 200)
		time.Sleep(2 * time.Second)
		c.read("per_page=4&sort_order=asc&page_token="+token+both).want(t, 400, "details.param_name", "page_token")
		synctest.Wait()
	})
}

// In descending order, links that are added move the pages; a token does not move.
func TestPagesMove(t *testing.T) {
	e, c := serve(t)
	first := c.read("per_page=5" + both)
	e.Link("Campaigns", campaign, "Leads", lead+50)
	if r := c.read("per_page=5&page=2" + both); r.get("data.0.id") != first.get("data.4.id") {
		t.Errorf("%s, then %s", first.ids(), r.ids())
	}
	if r := c.read("per_page=5&page_token=" + first.get("info.next_page_token") + both); r.get("data.0.id") != fmt.Sprint(uint64(lead+4)) {
		t.Errorf("%s, then %s", first.ids(), r.ids())
	}
}
