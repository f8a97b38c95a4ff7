package emulator

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A link that is there gets the fields that come with it and keeps the others.
func TestRelationUpdated(t *testing.T) {
	e, c := serve(t)
	e.SetFields("Campaigns", campaign, "Leads", lead, map[string]any{"Member_Status": "Planned", "Note": "x"})
	c.put(fmt.Sprintf(`{"data":[{"id":"%d","Member_Status":"Sent"},{"id":"%d"}]}`, uint64(lead), uint64(lead+1))).want(t, 200,
		"data.0.code", "SUCCESS", "data.0.message", "relation updated", "data.1.message", "relation updated")
	c.read("ids="+join(lead)+both).want(t, 200, "data.0.$member_info.Member_Status", "Sent", "data.0.$member_info.Note", "x")
	if b := e.Books(); b.Restored != 0 {
		t.Errorf("books %+v", b)
	}
}

// A link that is made again has another id and other times.
func TestRelinkedAnew(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, e *Emulator, c client) {
		e.Link("Campaigns", campaign, "Leads", leads(3)...)
		before := c.read("sort_order=asc" + both)
		c.delink(lead).want(t, 200)
		time.Sleep(time.Minute)
		c.put(fmt.Sprintf(`{"data":[{"id":"%d"}]}`, uint64(lead))).want(t, 200, "data.0.message", "relation added")
		after := c.read("sort_order=asc" + both)
		for _, name := range []string{"id", "Created_Time", "Modified_Time"} {
			if at := "data.0.$member_info." + name; before.get(at) == after.get(at) || after.get(at) == "<none>" {
				t.Errorf("%s is still %s", name, after.get(at))
			}
			if at := "data.1.$member_info." + name; before.get(at) != after.get(at) || after.get(at) == "<none>" {
				t.Errorf("%s of another link became %s", name, after.get(at))
			}
		}
		if before.get("data.1.$member_info.id") == before.get("data.2.$member_info.id") {
			t.Error("two links have one id")
		}
	})
}

// What cannot be linked without a field, or only one by one.
func TestMandatoryFields(t *testing.T) {
	e, c := serve(t)
	e.Link("Products", 1, priceBooks, 2)
	e.Link("Deals", 3, contactRoles, 4)
	for _, path := range []string{"/crm/v8/Products/1/Price_Books", "/crm/v8/Price_Books/2/Products"} {
		id := map[bool]string{true: "2", false: "1"}[strings.HasSuffix(path, priceBooks)]
		c.do("PUT", path, `{"data":[{"id":"`+id+`"}]}`).want(t, 400, "data.0.code", "MANDATORY_NOT_FOUND",
			"data.0.details.api_name", "list_price", "data.0.details.json_path", "$.data[0].list_price", "data.0.details.id", "<none>")
		c.do("PUT", path, `{"data":[{"id":"`+id+`","list_price":9.5}]}`).want(t, 200, "data.0.code", "SUCCESS")
	}
	c.do("GET", "/crm/v8/Products/1/Price_Books?ids=2"+both, "").want(t, 200, "data.0.list_price", "9.5")

	const roles = "/crm/v8/Deals/3/Contact_Roles"
	c.do("PUT", roles, `{"data":[{"id":"4","Contact_Role":{"name":"Buyer"}}]}`).want(t, 400, "code", "INVALID_REQUEST_METHOD")
	c.do("PUT", roles+"/4", `{"data":[{}]}`).want(t, 400, "data.0.details.json_path", "$.data[0].Contact_Role")
	c.do("PUT", roles+"/4", `{"data":[{"Contact_Role":{"name":"Buyer","id":"9"}}]}`).want(t, 200, "data.0.details.id", "4")
	c.do("PUT", roles+"/4", `{"data":[{"Contact_Role":{}},{"Contact_Role":{}}]}`).want(t, 400, "code", "LIMIT_EXCEEDED", "details.limit", "1")
	c.do("GET", roles+"?ids=4"+both, "").want(t, 200, "data.0.Contact_Role.name", "Buyer", "data.0.Contact_Role.id", "9")
	c.do("DELETE", roles+"?ids=4", "").want(t, 200)
	c.do("DELETE", roles+"?ids=4", "").want(t, 400, "data.0.message", "contact role not deleted")
	e.Update(func(cfg *Config) { cfg.ContactRoles = "list" })
	c.do("PUT", roles, `{"data":[{"id":"4","Contact_Role":{"name":"Buyer"}}]}`).want(t, 200, "data.0.message", "relation added")
	c.do("PUT", roles+"/4", `{"data":[{"Contact_Role":{"name":"User"}}]}`).want(t, 200, "data.0.message", "relation updated")

	// Lists that hold no links cannot be linked.
	for _, list := range []string{"Notes", "Contacts"} {
		c.do("PUT", "/crm/v8/Deals/3/"+list, `{"data":[{"id":"4"}]}`).want(t, 400, "code", "NOT_SUPPORTED")
	}
}

// Records that are gone, and leads that were converted meanwhile, do not come back.
func TestRelinkRefused(t *testing.T) {
	settings := []string{"missing=3652397000000925129", "converted=3652397000000925130"}
	body := fmt.Sprintf(`{"data":[{"id":"%d"},{"id":"%d"},{"id":"%d"},{"id":"99"}]}`, uint64(lead), uint64(lead+1), uint64(lead+2))
	_, c := serve(t, settings...)
	c.delink(leads(3)...)
	c.put(body).want(t, 207, "data.0.message", "relation added",
		"data.1.code", "INVALID_DATA", "data.1.details.json_path", "$.data[1].id",
		"data.2.code", "ID_ALREADY_CONVERTED", "data.2.message", "id already converted", "data.2.details.api_name", "id",
		"data.3.code", "INVALID_DATA")
	_, c = serve(t, append(settings, "converted-links=allowed")...)
	c.delink(leads(3)...)
	c.put(body).want(t, 207, "data.2.message", "relation added")
}

func TestLinkCredits(t *testing.T) {
	for knob, want := range map[string]int{"call": 3, "ten": 1 + 1 + 3} {
		e, c := serve(t, "link-credits="+knob)
		e.Link("Campaigns", campaign, "Leads", leads(21)...)
		for _, n := range []int{1, 10, 21} {
			var items []string
			for _, id := range leads(n) {
				items = append(items, fmt.Sprintf(`{"id":"%d"}`, id))
			}
			c.put(`{"data":[`+strings.Join(items, ",")+`]}`).want(t, 200)
		}
		if b := e.Books(); b.Credits != want {
			t.Errorf("%s: %d credits", knob, b.Credits)
		}
	}
}

// Which of the link's own fields a read shows.
func TestOwnFieldKnobs(t *testing.T) {
	tests := []struct {
		settings, query, status, price string // <none> for what is not shown
	}{
		{"own-fields=always", "id", "Sent", "9"},
		{"own-fields=asked", "id", "<none>", "<none>"},
		{"own-fields=asked", "id,$member_info,list_price", "Sent", "9"},
		{"list-price=hidden", "id,list_price", "Sent", "null"},
		{"list-price=hidden", "id", "Sent", "<none>"},
	}
	for _, tt := range tests {
		e, c := serve(t, tt.settings)
		e.SetFields("Campaigns", campaign, "Leads", lead, map[string]any{"Member_Status": "Sent"})
		e.Link("Products", 1, priceBooks, 2)
		e.SetFields("Products", 1, priceBooks, 2, map[string]any{"list_price": 9})
		rest := "&converted=both&approved=both&fields=" + tt.query
		if got := c.read("ids=" + join(lead) + rest).get("data.0.$member_info.Member_Status"); got != tt.status {
			t.Errorf("%+v: %s", tt, got)
		}
		if got := c.do("GET", "/crm/v8/Products/1/Price_Books?ids=2"+rest, "").get("data.0.list_price"); got != tt.price {
			t.Errorf("%+v: %s", tt, got)
		}
	}
	e, c := serve(t, "member-info=fields")
	e.SetFields("Campaigns", campaign, "Leads", lead, map[string]any{"Member_Status": "Sent"})
	c.read("ids="+join(lead, lead+1)+"&sort_order=asc"+both).want(t, 200, "data.0.$member_info", `{"Member_Status":"Sent"}`, "data.1.$member_info", "null")
}

// An older org that refuses approved hides what is not approved.
func TestApprovedParam(t *testing.T) {
	e, c := serve(t, "approved-param=refuse", "unapproved=3652397000000925128")
	c.read("ids="+join(lead, lead+1)+both).want(t, 400, "code", "INVALID_DATA", "details.param_name", "approved")
	c.read("ids="+join(lead, lead+1)+"&fields=id&converted=both").want(t, 200, "info.count", "1")
	if b := e.Books(); len(b.Violations) != 0 {
		t.Error(b.Violations)
	}
}

func TestCountLimit(t *testing.T) {
	_, c := serve(t)
	const one = `{"related_list":{"api_name":"Leads"}},`
	c.counts(strings.TrimSuffix(strings.Repeat(one, 20), ",")).want(t, 200, "get_related_records_count.19.count", "10")
	c.counts(strings.TrimSuffix(strings.Repeat(one, 21), ",")).want(t, 400, "code", "LIMIT_EXCEEDED", "details.limit", "20")
}

// What an export lists can be put in again, with its names and fields.
func TestLoadFields(t *testing.T) {
	e, c := serve(t)
	n, err := e.Load(strings.NewReader("module,parent_id,relation,related_id,parent_name,link.Member_Status,record.Email\n" +
		"Campaigns,9,Leads,1,Spring,Sent,a@example.com\nCampaigns,9,Leads,2,Spring,,\nProducts,3,Price_Books,4,,,\n"))
	if n != 3 || err != nil {
		t.Fatal(n, err)
	}
	r := c.do("GET", "/crm/v8/Campaigns/9/Leads?fields=Email&sort_order=asc&converted=both&approved=both", "")
	r.want(t, 200, "data.0.$member_info.Member_Status", "Sent", "data.0.Email", "a@example.com", "data.1.$member_info.Member_Status", "null", "data.1.Email", "null")
	c.do("GET", "/crm/v8/Campaigns?fields=Campaign_Name&ids=9", "").want(t, 200, "data.0.Campaign_Name", "Spring")
	if _, err := e.Load(strings.NewReader("module,parent_id,relation,related_id,link.list_price,link.Contact_Role\nDeals,1,Contact_Roles,2,,Buyer\nProducts,3,Price_Books,4,7.5,\n")); err != nil {
		t.Fatal(err)
	}
	c.do("GET", "/crm/v8/Deals/1/Contact_Roles?ids=2"+both, "").want(t, 200, "data.0.Contact_Role.name", "Buyer")
	c.do("GET", "/crm/v8/Products/3/Price_Books?ids=4"+both, "").want(t, 200, "data.0.list_price", "7.5")
}

func TestLoadRecords(t *testing.T) {
	_, c := serve(t)
	load := func(csv string) reply { return c.do("POST", "/_emulator/records", csv, "Authorization", "") }
	if r := load("module,id,Campaign_Name\nCampaigns,9,Spring\nProducts,8,\n"); r.status != 200 || r.body != "2 records\n" {
		t.Errorf("%+v", r)
	}
	c.do("GET", "/crm/v8/Campaigns?fields=Campaign_Name&ids=9", "").want(t, 200, "data.0.Campaign_Name", "Spring")
	c.do("GET", "/crm/v8/Products?fields=Product_Name", "").want(t, 200, "data.0.id", "8", "data.0.Product_Name", "null")
	for _, bad := range []string{"", "id\n1\n", "module,id\nA!,1\n", "module,id\nA,x\n", "module,id\nA\n"} {
		if r := load(bad); r.status != 400 || r.body == "" {
			t.Errorf("%q: %+v", bad, r)
		}
	}
}
