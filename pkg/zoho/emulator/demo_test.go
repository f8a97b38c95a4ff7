package emulator

import (
	"fmt"
	"testing"
	"time"

	"delink/pkg/zoho/emulator/demo"
)

// The demo org is what the README's tour and the documentation say.
func TestDemo(t *testing.T) {
	e := Demo(Config{})
	_, c := serveIt(t, e)
	c.do("GET", "/crm/v8/org", "").want(t, 200, "org.0.company_name", demo.Company)
	all := "&converted=both&approved=both"
	c.do("GET", "/crm/v8/Campaigns?fields=id"+all, "").want(t, 200, "info.count", "30", "info.more_records", "false")
	if n := len(e.books.recordIDs("Leads")); n != demo.Leads {
		t.Errorf("%d leads", n)
	}
	for module, n := range map[string]int{"Contacts": demo.Contacts, "Accounts": demo.Accounts, "Products": demo.Products, priceBooks: demo.PriceBooks, "Deals": demo.Deals} {
		c.do("GET", "/crm/v8/"+module+"?fields=id"+all, "").want(t, 200, "info.count", fmt.Sprint(n))
	}
	names := map[string]bool{}
	r := c.do("GET", "/crm/v8/Campaigns?sort_order=asc&fields=Campaign_Name,Status,Start_Date,End_Date"+all, "")
	for i := range demo.Campaigns {
		at := fmt.Sprintf("data.%d.", i)
		start, err1 := time.Parse(time.DateOnly, r.get(at+"Start_Date"))
		end, err2 := time.Parse(time.DateOnly, r.get(at+"End_Date"))
		names[r.get(at+"Campaign_Name")] = true
		if err1 != nil || err2 != nil || !start.Before(end) || r.get(at+"Status") == "null" {
			t.Errorf("campaign %d: %v to %v", i, start, end)
		}
		leads := c.do("GET", fmt.Sprintf("/crm/v8/Campaigns/%s/Leads?per_page=1&fields=Last_Name,Lead_Status%s", r.get(at+"id"), all), "")
		if leads.get("data.0.$member_info.Member_Status") == "null" || leads.get("data.0.Last_Name") == "null" || leads.get("data.0.Lead_Status") == "null" {
			t.Errorf("campaign %d has no leads: %s", i, leads.body)
		}
	}
	if len(names) != demo.Campaigns {
		t.Errorf("%d names of campaigns", len(names))
	}
	views := c.do("GET", "/crm/v8/settings/custom_views?module=Campaigns", "")
	views.want(t, 200, "custom_views.1.name", "Ended before 2025", "custom_views.2.name", "Active campaigns")
	ended := c.do("GET", "/crm/v8/Campaigns?fields=id&cvid="+views.get("custom_views.1.id")+all, "")
	query := c.query("select id from Campaigns where End_Date < '2025-01-01'")
	if n := ended.get("info.count"); n != query.get("info.count") || n == "30" || n == "<none>" {
		t.Errorf("%s campaigns ended, the query says %s", n, query.get("info.count"))
	}
	c.query("select Deal_Name from Deals where Account_Name.name is not null limit 1").want(t, 200)
	deal := fmt.Sprintf("/crm/v8/Deals/%d/Contact_Roles?fields=id%s", uint64(4876876000000690005), all)
	if role := c.do("GET", deal, "").get("data.0.Contact_Role.name"); role == "<none>" {
		t.Error("a deal without a role")
	}
	price := fmt.Sprintf("/crm/v8/Price_Books/%d/Products?fields=id%s", uint64(4876876000000583002), all)
	if p := c.do("GET", price, "").get("data.0.list_price"); p == "<none>" {
		t.Error("a product without a price")
	}
	cfg := e.Config()
	if len(cfg.Converted) != demo.Converted || len(cfg.Unapproved) != demo.Unapproved {
		t.Errorf("%d converted, %d not approved", len(cfg.Converted), len(cfg.Unapproved))
	}
}

// It is the same org every time, whatever the seed.
func TestDemoIsTheSame(t *testing.T) {
	a, b := Demo(Config{}), Demo(Config{Seed: 99, Company: "Mine"})
	var states []State
	for s := range a.States() {
		states = append(states, s)
	}
	i := 0
	for s := range b.States() {
		if i >= len(states) || s != states[i] {
			t.Fatalf("link %d is %+v", i, s)
		}
		i++
	}
	if i != len(states) || i < 4000 || i > 8000 {
		t.Errorf("%d and %d links", len(states), i)
	}
	t.Logf("%d links", i)
	for k, fields := range a.books.records {
		if fmt.Sprint(fields) != fmt.Sprint(b.books.records[k]) {
			t.Errorf("%v: %v and %v", k, fields, b.books.records[k])
		}
	}
	if b.Config().Company != "Mine" {
		t.Error(b.Config().Company)
	}
}
