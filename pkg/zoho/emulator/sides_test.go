package emulator

import (
	"fmt"
	"slices"
	"testing"
)

// turnedPath is the path of the same link, seen from the lead.
func turnedPath(lead uint64) string {
	return fmt.Sprintf("/crm/v8/Leads/%d/Campaigns?ids=%d", lead, uint64(campaign))
}

// A link is one link, whichever record it is seen from.
func TestOtherSide(t *testing.T) {
	e, c := serve(t)
	c.do("GET", turnedPath(lead)+both, "").want(t, 200, "data.0.id", fmt.Sprint(uint64(campaign)), "data.1", "<none>")
	c.do("DELETE", turnedPath(lead), "").want(t, 200, "data.0.message", "relation removed")
	c.delink(lead).want(t, 400, "data.0.message", "relation not found")
	if r := c.read("ids=" + join(lead) + both); r.status != 204 {
		t.Errorf("%+v", r)
	}
	// And the other way round.
	c.delink(lead+1).want(t, 200)
	c.do("DELETE", turnedPath(lead+1), "").want(t, 400, "data.0.message", "relation not found")
	if r := c.do("GET", turnedPath(lead+1)+both, ""); r.status != 204 {
		t.Errorf("%+v", r)
	}
	s, turned := e.State("Campaigns", campaign, "Leads", lead), e.State("Leads", lead, "Campaigns", campaign)
	if s.Linked || turned.Linked || s.Sent != 2 || turned.Sent != 2 || s.Removed.IsZero() || !s.Removed.Equal(turned.Removed) {
		t.Errorf("states %+v and %+v", s, turned)
	}
	// Linking again with a field, from the lead's side.
	c.do("PUT", fmt.Sprintf("/crm/v8/Leads/%d/Campaigns", uint64(lead)), fmt.Sprintf(`{"data":[{"id":"%d","Member_Status":"Sent"}]}`, uint64(campaign))).
		want(t, 200, "data.0.message", "relation added")
	c.read("ids="+join(lead)+both).want(t, 200, "data.0.$member_info.Member_Status", "Sent")
	c.do("GET", turnedPath(lead)+both, "").want(t, 200, "data.0.$member_info.Member_Status", "Sent")

	b := e.Books()
	if b.Removed != 2 || b.Restored != 1 || b.Links != 10 || b.Linked != 9 {
		t.Errorf("books %+v", b)
	}
	lists := slices.Collect(e.Lists())
	want := []ListState{{"Campaigns", campaign, "Leads", 2, 9}, {"Leads", lead, "Campaigns", 1, 1}, {"Leads", lead + 1, "Campaigns", 1, 0}}
	if !slices.Equal(lists, want) {
		t.Errorf("lists %+v", lists)
	}
	for s := range e.States() {
		if s.Module != "Campaigns" {
			t.Errorf("the link is kept twice: %+v", s)
		}
	}
}

// Links that are put in from one side can be unlinked and listed from the other.
func TestLoadOtherSide(t *testing.T) {
	e, c := serve(t)
	e.Link("Leads", lead+20, "Campaigns", campaign, 7)
	e.Unlink("Leads", lead, "Campaigns", campaign)
	e.SetFields("Leads", lead+20, "Campaigns", campaign, map[string]any{"Member_Status": "Planned"})
	if e.Linked("Campaigns", campaign, "Leads", lead) || !e.Linked("Campaigns", 7, "Leads", lead+20) {
		t.Error("links of the other side")
	}
	c.read("ids="+join(lead, lead+20)+both).want(t, 200, "data.0.$member_info.Member_Status", "Planned", "data.1", "<none>")
	c.do("GET", fmt.Sprintf("/crm/v8/Leads/%d/Campaigns?sort_order=asc%s", lead+20, both), "").
		want(t, 200, "data.0.id", "7", "data.1.id", fmt.Sprint(uint64(campaign)), "data.2", "<none>")
	c.do("POST", fmt.Sprintf("/crm/v8/Leads/%d/actions/get_related_records_count", lead+20),
		`{"get_related_records_count":[{"related_list":{"api_name":"Campaigns"}}]}`).want(t, 200, "get_related_records_count.0.count", "2")
	// Asking for an id makes no record of it.
	c.delink(99)
	c.do("DELETE", "/crm/v8/Leads/99/Campaigns?ids=7", "").want(t, 400, "details.resource_path_index", "1")
}

func TestSidesWithLinksAll(t *testing.T) {
	e, c := serve(t, "links=all", "absent=5")
	c.do("DELETE", "/crm/v8/Leads/1/Campaigns?ids=7,8,5", "").want(t, 207, "data.0.code", "SUCCESS", "data.1.code", "SUCCESS", "data.2.code", "INVALID_DATA")
	c.do("DELETE", "/crm/v8/Campaigns/7/Leads?ids=1,2", "").want(t, 207, "data.0.code", "INVALID_DATA", "data.1.code", "SUCCESS")
	c.do("GET", "/crm/v8/Leads/2/Campaigns?ids=7,9"+both, "").want(t, 200, "data.0.id", "9", "data.1", "<none>")
	if b := e.Books(); b.Removed != 3 {
		t.Errorf("books %+v", b)
	}
}

func TestSidesKnob(t *testing.T) {
	roles := func(c client) int { return c.do("DELETE", "/crm/v8/Contacts/3/Deals?ids=2", "").status }
	tests := []struct {
		sides       string
		lead, roles bool // the delink of the other side removed the link
	}{
		{"same", true, true}, {"without-roles", true, false}, {"separate", false, false},
	}
	for _, tt := range tests {
		e, c := serve(t, "sides="+tt.sides)
		e.Link("Deals", 2, contactRoles, 3)
		e.Link("Leads", lead, "Campaigns", 7) // the record and its list exist
		c.do("DELETE", turnedPath(lead), "")
		if got := !e.Linked("Campaigns", campaign, "Leads", lead); got != tt.lead {
			t.Errorf("%s: the lead's link is gone: %v", tt.sides, got)
		}
		if status := roles(c); (status == 200) != tt.roles || e.Linked("Deals", 2, contactRoles, 3) == tt.roles {
			t.Errorf("%s: the contact's deal answers %d", tt.sides, status)
		}
	}
}

// The org shows both sides, and both can be hidden or kept on their own.
func TestOtherSideRefused(t *testing.T) {
	_, c := serve(t, "hidden-lists=Leads.Campaigns")
	c.do("DELETE", turnedPath(lead), "").want(t, 400, "details.resource_path_index", "2")
	c.delink(lead).want(t, 200)
	_, c = serve(t, "scopes=ZohoCRM.modules.campaigns.ALL")
	c.do("DELETE", turnedPath(lead), "").want(t, 401, "code", "OAUTH_SCOPE_MISMATCH")
	c.delink(lead).want(t, 200)
	_, c = serve(t)
	for _, pair := range otherSides {
		if pair.module == "Services__s" { // no evidence that this side can be delinked
			continue
		}
		r := c.do("GET", "/crm/v8/settings/related_lists?extra_properties=true&module="+pair.module, "")
		found := false
		for i := 0; r.get(fmt.Sprintf("related_lists.%d", i)) != "<none>"; i++ {
			at := fmt.Sprintf("related_lists.%d.", i)
			found = found || r.get(at+"api_name") == pair.list && r.get(at+"record_operations.disassociate") == "true" && r.get(at+"module.api_name") == moduleOf(pair.list)
		}
		if !found {
			t.Errorf("%s.%s is not shown", pair.module, pair.list)
		}
	}
}

// Converted leads as parent records.
func TestConvertedParents(t *testing.T) {
	list := fmt.Sprintf("/crm/v8/Leads/%d/Campaigns", uint64(lead))
	count := fmt.Sprintf("/crm/v8/Leads/%d/actions/get_related_records_count", uint64(lead))
	tests := []struct {
		knob                      string
		delink, count, read, link int
	}{
		{"refused", 400, 400, 200, 400},
		{"all", 400, 400, 400, 400},
		{"count", 200, 400, 200, 200},
		{"allowed", 200, 200, 200, 200},
	}
	for _, tt := range tests {
		e, c := serve(t, fmt.Sprintf("converted=%d", uint64(lead)), "converted-parents="+tt.knob)
		e.Link("Campaigns", 7, "Leads", lead)
		check := func(what string, r reply, status int) {
			t.Helper()
			if r.status != status || status == 400 && (r.get("code") != "ID_ALREADY_CONVERTED" || r.get("message") != "id already converted") {
				t.Errorf("%s: %s: %+v", tt.knob, what, r)
			}
		}
		check("count", c.do("POST", count, `{"get_related_records_count":[{"related_list":{"api_name":"Campaigns"}}]}`), tt.count)
		check("read", c.do("GET", list+"?fields=id&converted=both&approved=both", ""), tt.read)
		check("delink", c.do("DELETE", list+"?ids=7", ""), tt.delink)
		check("link", c.do("PUT", list, `{"data":[{"id":"7"}]}`), tt.link)
		// Only leads are converted: a campaign with such an id is none.
		e.Update(func(cfg *Config) { cfg.Converted = IDs{lead: true, campaign: true} })
		// From the campaign's side nothing speaks against it.
		check("delink of the campaign", c.delink(lead), 200)
	}
}
