package emulator

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Every row of the error table, by the knob that brings it about. Unless said
// otherwise, one id that is linked is asked to be removed, and is not.
func TestErrors(t *testing.T) {
	long := slices.Repeat([]string{"12345678901234567890"}, 96) // 2015 characters
	parent := fmt.Sprintf("/crm/v8/Campaigns/%d", uint64(campaign))
	one := fmt.Sprintf("%s/Leads?ids=%d", parent, uint64(lead))
	tests := []struct {
		name     string
		settings string
		method   string // DELETE if empty
		path     string // one if empty
		header   []string
		status   int
		values   []string
	}{
		{name: "item no permission", settings: "id-errors=%d:NO_PERMISSION", status: 400, values: []string{"data.0.code", "NO_PERMISSION", "data.0.status", "error"}},
		{name: "item locked", settings: "id-errors=%d:RECORD_LOCKED", status: 400, values: []string{"data.0.code", "RECORD_LOCKED", "data.0.message", "record is locked"}},
		{name: "item not approved", settings: "id-errors=%d:NOT_APPROVED", status: 400, values: []string{"data.0.code", "NOT_APPROVED"}},
		{name: "item duplicate", settings: "id-errors=%d:DUPLICATE_DATA", status: 400, values: []string{"data.0.code", "DUPLICATE_DATA"}},
		{name: "item of any code", settings: "id-errors=%d:SOME_NEW_CODE", status: 400, values: []string{"data.0.code", "SOME_NEW_CODE", "data.0.message", "some new code"}},
		{name: "error share", settings: "error-share=100% error-code=RECORD_LOCKED", status: 400, values: []string{"data.0.code", "RECORD_LOCKED"}},

		{name: "module unknown", path: "/crm/v8/Nothing/1/Leads?ids=1", status: 400, values: []string{"code", "INVALID_MODULE", "details.resource_path_index", "0", "data", "<none>"}},
		{name: "module refused", settings: "module-errors=Campaigns:INVALID_MODULE", status: 400, values: []string{"code", "INVALID_MODULE", "details.resource_path_index", "0"}},
		{name: "module not supported", settings: "module-errors=Campaigns:NOT_SUPPORTED", status: 400, values: []string{"code", "NOT_SUPPORTED", "details.resource_path_index", "0"}},
		{name: "list not supported", settings: "list-errors=Campaigns.Leads:NOT_SUPPORTED", status: 400, values: []string{"code", "NOT_SUPPORTED", "details.resource_path_index", "0"}},
		{name: "list unknown", path: parent + "/Nothing?ids=1", status: 400, values: []string{"code", "INVALID_DATA", "details.resource_path_index", "2"}},
		{name: "list of another case", path: parent + "/leads?ids=1", status: 400, values: []string{"code", "INVALID_DATA", "details.resource_path_index", "2"}},
		{name: "list refused", settings: "list-errors=Campaigns.Leads:INVALID_DATA", status: 400, values: []string{"code", "INVALID_DATA", "details.resource_path_index", "2"}},
		{name: "list hidden", settings: "hidden-lists=Campaigns.Leads", status: 400, values: []string{"code", "INVALID_DATA", "details.resource_path_index", "2"}},
		{name: "list of any code", settings: "list-errors=Campaigns.Leads:FEATURE_NOT_ENABLED", status: 400, values: []string{"code", "FEATURE_NOT_ENABLED", "details.resource_path_index", "<none>"}},
		{name: "lookup list", path: "/crm/v8/Accounts/1/Contacts?ids=1", status: 400, values: []string{"code", "NOT_SUPPORTED"}},
		{name: "denied list", path: "/crm/v8/Deals/1/Contacts?ids=1", status: 400, values: []string{"code", "NOT_SUPPORTED"}},

		{name: "parent unknown", path: "/crm/v8/Campaigns/7/Leads?ids=1", status: 400, values: []string{"code", "INVALID_DATA", "details.resource_path_index", "1", "message", "the related id given seems to be invalid"}},
		{name: "parent is no id", path: "/crm/v8/Campaigns/abc/Leads?ids=1", status: 400, values: []string{"code", "INVALID_DATA", "details.resource_path_index", "1"}},
		{name: "parent missing", settings: "missing=3652397000000001001", status: 400, values: []string{"code", "INVALID_DATA", "details.resource_path_index", "1"}},
		{name: "parent missing, 404", settings: "missing=3652397000000001001 missing-parent=404", status: 404, values: []string{"code", "INVALID_DATA", "details.resource_path_index", "<none>", "message", "The record does not exist"}},
		{name: "parent refused", settings: "parent-errors=3652397000000001001:RECORD_LOCKED", status: 400, values: []string{"code", "RECORD_LOCKED", "details.resource_path_index", "1"}},

		{name: "parent permission, by path", settings: "parent-errors=3652397000000001001:NO_PERMISSION", status: 403, values: []string{"code", "NO_PERMISSION", "details.resource_path_index", "1"}},
		{name: "parent permission, empty", settings: "parent-errors=3652397000000001001:NO_PERMISSION permission-details=empty", status: 403, values: []string{"code", "NO_PERMISSION", "details", "{}"}},
		{name: "parent permission, named", settings: "parent-errors=3652397000000001001:NO_PERMISSION permission-details=named", status: 403, values: []string{"details.permissions.0", "Crm_Implied_Edit_Campaigns"}},
		{name: "list permission, empty", settings: "list-errors=Campaigns.Leads:NO_PERMISSION permission-details=empty", status: 403, values: []string{"code", "NO_PERMISSION", "details", "{}"}},
		{name: "list refuses every token", settings: "list-errors=Campaigns.Leads:INVALID_TOKEN", status: 401, values: []string{"code", "INVALID_TOKEN"}},
		{name: "one id refuses the call", settings: "refused-ids=%d:RECORD_LOCKED", path: one + ",5", status: 400, values: []string{"code", "RECORD_LOCKED", "details.id", "3652397000000925128", "data", "<none>", "status", "error"}},
		{name: "one id refuses the call, any code", settings: "refused-ids=%d:NO_PERMISSION", status: 403, values: []string{"code", "NO_PERMISSION", "details.id", "3652397000000925128"}},

		{name: "strict", settings: "strict=true", path: one + ",5", status: 400, values: []string{"code", "INVALID_DATA", "details", "{}", "data", "<none>"}},
		{name: "other module, call", settings: "other-module=5 other-module-answer=call", path: one + ",5", status: 400, values: []string{"code", "INVALID_DATA", "details", "{}", "data", "<none>"}},
		{name: "not digits", path: one + ",12a", status: 400, values: []string{"code", "UNABLE_TO_PARSE_DATA_TYPE"}},
		{name: "empty id", path: one + ",,5", status: 400, values: []string{"code", "UNABLE_TO_PARSE_DATA_TYPE"}},
		{name: "21 digits", path: one + ",123456789012345678901", status: 400, values: []string{"code", "UNABLE_TO_PARSE_DATA_TYPE"}},
		{name: "encoded commas refused", settings: "encoded-commas=refuse", path: one + "%2C5", status: 400, values: []string{"code", "UNABLE_TO_PARSE_DATA_TYPE"}},
		{name: "101 ids", path: one + strings.Repeat(",5", 100), status: 400, values: []string{"code", "LIMIT_EXCEEDED", "details.limit", "100", "details.param_name", "ids"}},
		{name: "2001 characters", path: parent + "/Leads?ids=" + strings.Join(long, ","), status: 400, values: []string{"code", "LIMIT_EXCEEDED", "details.limit", "2000"}},
		{name: "no ids", path: parent + "/Leads", status: 400, values: []string{"code", "REQUIRED_PARAM_MISSING", "details.param_name", "ids"}},
		{name: "empty ids", path: parent + "/Leads?ids=", status: 400, values: []string{"code", "REQUIRED_PARAM_MISSING"}},

		{name: "privilege", settings: "module-errors=Campaigns:AUTHORIZATION_FAILED", status: 400, values: []string{"code", "AUTHORIZATION_FAILED"}},
		{name: "permission", settings: "list-errors=Campaigns.Leads:NO_PERMISSION", status: 403, values: []string{"code", "NO_PERMISSION", "details.permissions.0", "Crm_Implied_Edit_Campaigns"}},
		{name: "scope", settings: "scopes=ZohoCRM.modules.leads.ALL", status: 401, values: []string{"code", "OAUTH_SCOPE_MISMATCH"}},
		{name: "scope for reading only", settings: "scopes=ZohoCRM.modules.campaigns.READ", status: 401, values: []string{"code", "OAUTH_SCOPE_MISMATCH"}},
		{name: "scope, 403", settings: "scopes=ZohoCRM.org.READ scope-status=403", status: 403, values: []string{"code", "OAUTH_SCOPE_MISMATCH"}},
		{name: "scope of both", settings: "scopes=ZohoCRM.modules.campaigns.DELETE scope-both=true", status: 401, values: []string{"code", "OAUTH_SCOPE_MISMATCH"}},
		{name: "scope of a list", settings: "list-errors=Campaigns.Leads:OAUTH_SCOPE_MISMATCH", status: 401, values: []string{"code", "OAUTH_SCOPE_MISMATCH"}},

		{name: "wrong method", method: "PATCH", status: 400, values: []string{"code", "INVALID_REQUEST_METHOD"}},
		{name: "wrong method, 405", method: "PATCH", settings: "wrong-method=405", status: 405, values: []string{"code", "INVALID_REQUEST_METHOD"}},
		{name: "wrong path", path: "/crm/v8/Campaigns/1/2/3/4", status: 404, values: []string{"code", "INVALID_URL_PATTERN"}},
		{name: "wrong root", path: "/", status: 404, values: []string{"code", "INVALID_URL_PATTERN"}},
		{name: "wrong version", path: "/crm/v9/Campaigns/1/Leads?ids=1", status: 404, values: []string{"code", "INVALID_URL_PATTERN"}},
		{name: "wrong name", path: "/crm/v8/9Campaigns/1/Leads?ids=1", status: 404, values: []string{"code", "INVALID_URL_PATTERN"}},
		{name: "refused version", settings: "refused-versions=v8", status: 400, values: []string{"code", "API_NOT_SUPPORTED"}},

		{name: "no header", header: []string{"Authorization", ""}, status: 401, values: []string{"code", "AUTHENTICATION_FAILURE"}},
		{name: "bearer", header: []string{"Authorization", "Bearer 1000.emulator.access"}, status: 401, values: []string{"code", "INVALID_TOKEN"}},
		{name: "bad token", header: []string{"Authorization", "Zoho-oauthtoken 1000.x"}, status: 401, values: []string{"code", "INVALID_TOKEN"}},
		{name: "bad token, other code", settings: "tokens-refused=true token-code=INVALID_OAUTHTOKEN", status: 401, values: []string{"code", "INVALID_OAUTHTOKEN"}},
		{name: "no ready token", settings: "access-token=none", header: []string{"Authorization", "Zoho-oauthtoken none"}, status: 401, values: []string{"code", "INVALID_TOKEN"}},

		{name: "too large", settings: "fault-script=*:413", status: 413},
		{name: "unsupported media", settings: "fault-script=*:415", status: 415},
		{name: "any refusal", settings: "fault-script=*:API_NOT_SUPPORTED", status: 400, values: []string{"code", "API_NOT_SUPPORTED"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			settings := strings.ReplaceAll(tt.settings, "%d", fmt.Sprint(uint64(lead)))
			e, c := serve(t, strings.Fields(settings)...)
			method, path := tt.method, tt.path
			if method == "" {
				method = "DELETE"
			}
			if path == "" {
				path = one
			}
			c.do(method, path, "", tt.header...).want(t, tt.status, tt.values...)
			if !e.Linked("Campaigns", campaign, "Leads", lead) || e.Books().Removed != 0 {
				t.Error("the link was removed")
			}
		})
	}
}

// Every version that knows the call takes it.
func TestVersions(t *testing.T) {
	e, c := serve(t)
	for i, version := range []string{"v2", "v2.1", "v3", "v4", "v5", "v6", "v7", "v8"} {
		path := fmt.Sprintf("/crm/%s/Campaigns/%d/Leads?ids=%d", version, uint64(campaign), lead+uint64(i))
		c.do("DELETE", path, "").want(t, 200, "data.0.code", "SUCCESS")
	}
	for _, version := range []string{"v1", "v2.2", "v21", "v9", "2"} {
		path := fmt.Sprintf("/crm/%s/Campaigns/%d/Leads?ids=%d", version, uint64(campaign), uint64(lead))
		c.do("DELETE", path, "").want(t, 404, "code", "INVALID_URL_PATTERN")
	}
	if b := e.Books(); b.Removed != 8 {
		t.Errorf("books %+v", b)
	}
}

// Every form of the answer to a call that is carried out.
func TestAnswers(t *testing.T) {
	tests := []struct {
		name     string
		settings string
		ids      []uint64
		status   int
		values   []string
	}{
		{"all bad 207", "all-bad=207", []uint64{5}, 207, []string{"data.0.message", "relation not found"}},
		{"all bad 200", "all-bad=200", []uint64{5}, 200, []string{"data.0.message", "relation not found"}},
		{"mixed 200", "mixed=200", []uint64{lead, 5}, 200, []string{"data.1.code", "INVALID_DATA"}},
		{"absent code", "absent-code=MANDATORY_NOT_FOUND", []uint64{5}, 400, []string{"data.0.code", "MANDATORY_NOT_FOUND", "data.0.message", "relation not found"}},
		{"reversed", "order=reversed", []uint64{lead, lead + 1}, 200, []string{"data.1.details.id", "3652397000000925128"}},
		{"sorted", "order=sorted", []uint64{lead + 1, lead}, 200, []string{"data.0.details.id", "3652397000000925128"}},
		{"as sent", "", []uint64{lead + 1, lead}, 200, []string{"data.0.details.id", "3652397000000925129"}},
		{"no details on errors", "no-details=errors", []uint64{lead, 5}, 207, []string{"data.0.details.id", "3652397000000925128", "data.1.details", "{}"}},
		{"no details", "no-details=always", []uint64{lead, 5}, 207, []string{"data.0.details", "{}", "data.1.details", "{}"}},
		{"no details at random", "no-details=random no-details-share=1", []uint64{lead, 5}, 207, []string{"data.0.details", "{}", "data.1.details", "{}"}},
		{"missing items", "missing-items=100%", []uint64{lead}, 200, []string{"data", "[]"}},
		{"extra items", "extra-items=100%", []uint64{lead}, 200, []string{"data.0.details.id", "3652397000000925128", "data.1.code", "SUCCESS", "data.2", "<none>"}},
		{"duplicates not found", "", []uint64{lead, lead}, 207, []string{"data.0.code", "SUCCESS", "data.1.message", "relation not found"}},
		{"duplicates each", "duplicates=each", []uint64{lead, lead}, 200, []string{"data.0.code", "SUCCESS", "data.1.code", "SUCCESS"}},
		{"duplicates once", "duplicates=once", []uint64{lead, lead}, 200, []string{"data.0.code", "SUCCESS", "data.1", "<none>"}},
		{"other module not found", "other-module=3652397000000925128", []uint64{lead}, 400, []string{"data.0.message", "relation not found"}},
		{"other module item", "other-module=3652397000000925128 other-module-answer=item", []uint64{lead, lead + 1}, 207, []string{"data.0.code", "INVALID_DATA", "data.0.message", "the related id given seems to be invalid", "data.1.code", "SUCCESS"}},
		{"strict", "strict=true", []uint64{lead, lead + 1}, 200, []string{"data.1.code", "SUCCESS"}},
		{"details array", "details-form=array", []uint64{lead}, 200, []string{"data.0.details.0.id", "3652397000000925128"}},
		{"details empty array", "details-form=empty-array", []uint64{lead}, 200, []string{"data.0.details", "[]"}},
		{"code number", "code-form=number", []uint64{lead, 5}, 207, []string{"data.0.code", "200", "data.1.code", "400"}},
		{"code number outside data", "code-form=number-envelope", []uint64{lead}, 200, []string{"data.0.code", "SUCCESS"}},
		{"id number", "id-form=number", []uint64{lead}, 200, []string{"data.0.details.id", "3652397000000925128"}},
		{"upper", "wording=upper", []uint64{lead}, 200, []string{"data.0.message", "RELATION REMOVED"}},
		{"delete list", "delete-lists=Campaigns.Leads", []uint64{lead}, 200, []string{"data.0.code", "SUCCESS", "data.0.message", "record deleted"}},
		{"related scope is there", "scopes=ZohoCRM.modules.campaigns.DELETE,ZohoCRM.modules.leads.DELETE scope-both=true", []uint64{lead}, 200, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, c := serve(t, strings.Fields(tt.settings)...)
			r := c.delink(tt.ids...)
			r.want(t, tt.status, tt.values...)
			if strings.Contains(tt.settings, "id-form") && !strings.Contains(r.body, `"id":3652397000000925128}`) {
				t.Errorf("id is no number: %s", r.body)
			}
		})
	}
}

func TestEnvelopeForms(t *testing.T) {
	for setting, want := range map[string][]string{
		"details-form=array":        {"details.0.resource_path_index", "2"},
		"details-form=empty-array":  {"details", "[]"},
		"code-form=number":          {"code", "400", "status", "error"},
		"code-form=number-envelope": {"code", "400"},
		"wording=upper":             {"message", "THE RELATION NAME GIVEN SEEMS TO BE INVALID"},
		"wording=varied":            {"message", "The relation name given seems to be invalid."},
	} {
		_, c := serve(t, setting, "hidden-lists=Campaigns.Leads")
		c.delink(lead).want(t, 400, want...)
	}
}

func TestDecor(t *testing.T) {
	for decor, want := range map[string][2]string{
		"bom": {"\xef\xbb\xbf{", "}"}, "space": {"{", "}\r\n \t\n"}, "both": {"\xef\xbb\xbf{", "}\r\n \t\n"}, "none": {"{", "}"},
	} {
		_, c := serve(t, "decor="+decor)
		r := c.delink(lead)
		if r.status != 200 || !strings.HasPrefix(r.body, want[0]) || !strings.HasSuffix(r.body, want[1]) {
			t.Errorf("%s: %d %q", decor, r.status, r.body)
		}
	}
}

func TestShuffledAndVaried(t *testing.T) {
	_, c := serve(t, "order=shuffled", "wording=varied")
	r := c.delink(leads(10)...)
	r.want(t, 200)
	order, words := []string{}, map[string]bool{}
	for i := range 10 {
		order = append(order, r.get(fmt.Sprintf("data.%d.details.id", i)))
		words[r.get(fmt.Sprintf("data.%d.message", i))] = true
	}
	if slices.IsSorted(order) || len(words) < 2 {
		t.Errorf("order %v, words %v", order, words)
	}
	// The same seed gives the same.
	_, c = serve(t, "order=shuffled", "wording=varied")
	if again := c.delink(leads(10)...); again.body != r.body {
		t.Errorf("another answer with the same seed:\n%s\n%s", r.body, again.body)
	}
	_, c = serve(t, "order=shuffled", "wording=varied", "seed=2")
	if other := c.delink(leads(10)...); other.body == r.body {
		t.Error("the same answer with another seed")
	}
}

// A share of all ids is wrong, and stays wrong.
func TestShares(t *testing.T) {
	e, c := serve(t, "links=all", "error-share=20%", "absent-share=20%")
	bad := func() (errors, absent string) {
		for chunk := range slices.Chunk(leads(1000), 100) {
			r := c.delink(chunk...)
			for i, id := range chunk {
				switch r.get(fmt.Sprintf("data.%d.code", i)) {
				case "NO_PERMISSION":
					errors += fmt.Sprint(id, " ")
				case "INVALID_DATA":
					absent += fmt.Sprint(id, " ")
				}
			}
		}
		return
	}
	errors, absent := bad()
	if n := strings.Count(errors, " "); n < 140 || n > 260 {
		t.Errorf("%d errors of 1000", n)
	}
	if n := strings.Count(absent, " "); n < 100 || n > 220 { // 20 % of the other 80 %
		t.Errorf("%d absent of 1000", n)
	}
	if again, _ := bad(); again != errors {
		t.Error("other ids are wrong now")
	}
	if e.Books().Removed != 1000-strings.Count(errors, " ")-strings.Count(absent, " ") {
		t.Errorf("books %+v", e.Books())
	}
}

// What is deleted, removed and refused by lists of other kinds.
func TestListKinds(t *testing.T) {
	e, c := serve(t)
	e.Link("Deals", 1, "Contact_Roles", 11)
	e.Link("Leads", 2, "Notes", 21)
	e.Link("Accounts", 3, "Contacts", 31, 32)
	e.Link("My_Module", 4, "Things", 41)
	c.do("DELETE", "/crm/v8/Deals/1/Contact_Roles?ids=11", "").want(t, 200, "data.0.message", "relation removed")
	c.do("DELETE", "/crm/v8/Deals/1/Contact_Roles?ids=11", "").want(t, 400, "data.0.message", "contact role not deleted")
	c.do("DELETE", "/crm/v8/Leads/2/Notes?ids=21", "").want(t, 200, "data.0.message", "record deleted")
	c.do("DELETE", "/crm/v8/My_Module/4/Things?ids=41", "").want(t, 200, "data.0.message", "relation removed")
	c.do("DELETE", "/crm/v8/Accounts/3/Contacts?ids=31", "").want(t, 400, "code", "NOT_SUPPORTED")
	e.Update(func(cfg *Config) { cfg.LookupLists = "removed" })
	c.do("DELETE", "/crm/v8/Accounts/3/Contacts?ids=31", "").want(t, 200, "data.0.message", "relation removed")
	e.Update(func(cfg *Config) { cfg.LookupLists = "deleted" })
	c.do("DELETE", "/crm/v8/Accounts/3/Contacts?ids=32", "").want(t, 200, "data.0.message", "record deleted")
	if b := e.Books(); b.Deleted != 2 || b.Removed != 3 {
		t.Errorf("books %+v", b)
	}
}

// With links=all everything is linked that was not removed or declared absent.
func TestLinksAll(t *testing.T) {
	e, c := serve(t, "links=all", "absent=9", "missing=8")
	c.do("DELETE", "/crm/v8/Any/7/Thing?ids=1,9", "").want(t, 207, "data.0.code", "SUCCESS", "data.1.message", "relation not found")
	c.do("DELETE", "/crm/v8/Any/7/Thing?ids=1", "").want(t, 400, "data.0.message", "relation not found")
	c.do("DELETE", "/crm/v8/Any/8/Thing?ids=1", "").want(t, 400, "details.resource_path_index", "1")
	e.Unlink("Any", 7, "Thing", 2)
	c.do("DELETE", "/crm/v8/Any/7/Thing?ids=2,3", "").want(t, 207, "data.0.message", "relation not found", "data.1.code", "SUCCESS")
	for id, want := range map[uint64]bool{1: false, 2: false, 3: false, 4: true, 9: false} {
		if got := e.Linked("Any", 7, "Thing", id); got != want {
			t.Errorf("%d linked: %v", id, got)
		}
	}
	if e.Linked("Any", 8, "Thing", 4) {
		t.Error("linked to a parent that is missing")
	}
}

func TestParentWithoutLinks(t *testing.T) {
	e, c := serve(t)
	e.Parent("Campaigns", 77)
	e.Parent("My_Module", 78)
	c.do("DELETE", "/crm/v8/Campaigns/77/Leads?ids=1", "").want(t, 400, "data.0.message", "relation not found")
	c.do("DELETE", "/crm/v8/My_Module/78/Notes?ids=1", "").want(t, 400, "data.0.message", "relation not found")
}

func TestFailIDs(t *testing.T) {
	e, c := serve(t)
	e.FailIDs("RECORD_LOCKED", lead)
	e.FailIDs("NO_PERMISSION", lead+1)
	c.delink(lead, lead+1, lead+2).want(t, 207, "data.0.code", "RECORD_LOCKED", "data.1.code", "NO_PERMISSION", "data.2.code", "SUCCESS")
}

// Twenty digits that no uint64 holds are an id like any other.
func TestHugeID(t *testing.T) {
	_, c := serve(t, "id-form=number")
	c.do("DELETE", fmt.Sprintf("/crm/v8/Campaigns/%d/Leads?ids=99999999999999999999,0007", uint64(campaign)), "").
		want(t, 400, "data.0.details.id", "99999999999999999999", "data.0.message", "relation not found", "data.1.details.id", "7")
}

func TestViolations(t *testing.T) {
	e, c := serve(t)
	path := fmt.Sprintf("/crm/v8/Campaigns/%d/Leads", uint64(campaign))
	c.do("DELETE", path+"?ids="+url.QueryEscape(join(lead, lead+1)), "").want(t, 200)
	c.do("DELETE", path+"?ids=1", "{}").want(t, 400)
	c.do("DELETE", path+"?ids=1,1", "")
	c.do("DELETE", path+"?ids=1x", "")
	c.do("DELETE", path, "")
	c.do("DELETE", path+"?ids=1", "", "X-EXTERNAL", "Campaigns.Ext")
	c.do("DELETE", path+"?ids="+strings.Repeat("1,", 100)+"2", "")
	c.do("DELETE", path+"?ids=1", "", "Authorization", "")
	c.do("DELETE", path+"?ids=1", "", "Authorization", "Bearer x")
	c.do("DELETE", path+"?ids=1", "", "Authorization", "Bearer x")
	c.do("GET", path, "")
	c.do("GET", path+"?fields=id", "")
	c.do("GET", "/oauth/v2/token", "")
	c.do("POST", "/oauth/v2/token?client_secret=x", "")
	want := []string{
		"ids with encoded commas (%2C)", "DELETE with a body", "the same id twice in a call", "ids that are not digits and commas",
		"ids are missing", "header X-EXTERNAL: external ids are not emulated", "more than 100 ids in a call",
		"header Authorization is missing", "header Authorization has the scheme Bearer, not Zoho-oauthtoken",
		"read without fields", "read without converted=both and approved=both: it hides links",
		"token asked for with GET", "token request with a header Authorization: credentials belong in the form",
		"token request with client_secret in the URL, where logs see it",
	}
	got := slices.DeleteFunc(e.Books().Violations, func(v string) bool { return slices.Contains(want, v) })
	if n := len(e.Books().Violations); n != len(want) || len(got) > 0 {
		t.Errorf("%d violations, want %d; not wanted: %q; all: %q", n, len(want), got, e.Books().Violations)
	}
	if e.Books().Encoded != 1 {
		t.Errorf("%d encoded", e.Books().Encoded)
	}
}
