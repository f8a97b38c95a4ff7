package zoho

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseID(t *testing.T) {
	for s, want := range map[string]error{
		"": ErrIDEmpty, "x": ErrIDNotDigits, "-1": ErrIDNotDigits, "1 ": ErrIDNotDigits, "1.5": ErrIDNotDigits, "١": ErrIDNotDigits,
		"0": ErrIDLeadingZero, "0123": ErrIDLeadingZero, "99999999999999999999": ErrIDTooLong, "123456789012345678901": ErrIDTooLong,
		"18446744073709551616": ErrIDTooLong, "18446744073709551615": nil, "3652397000000925128": nil, "1": nil,
	} {
		if id, err := ParseID(s); err != want || err == nil && id.String() != s {
			t.Errorf("%q: %v, %v", s, id, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		id := ID(rapid.Uint64Min(1).Draw(t, "id"))
		if back, err := ParseID(id.String()); err != nil || back != id {
			t.Fatalf("%v: %v, %v", id, back, err)
		}
	})
}

func TestRelations(t *testing.T) {
	for s, ok := range map[string]bool{
		"Campaigns.Leads": true, "Appointments__s.services": true, "_x.Y9": true,
		"": false, "Campaigns": false, "Campaigns.": false, ".Leads": false, "9a.b": false, "a.b.c": false, "a b.c": false, "Ca/mp.Leads": false, "é.a": false,
	} {
		if r, err := ParseRelation(s); (err == nil) != ok || ok && r.String() != s {
			t.Errorf("%q: %v, %v", s, r, err)
		}
	}
	for s, want := range map[string]string{"campaigns.lead": "Campaigns.Leads", " Price Books . products ": "Price_Books.Products", "Deals.contact roles": "Deals.Contact_Roles"} {
		if r, err := ParseRelation(s); err != nil || r.String() != want {
			t.Errorf("%q: %v, %v", s, r, err)
		}
	}
	for s, want := range map[string]Class{
		"Campaigns.Leads": Supported, "Campaigns.leads": Supported, "Deals.Contact_Roles": Supported, "Deals.Contacts": Unlisted,
		"Accounts.Contacts": Unlisted, "Leads.Notes": HoldsRecords, "Custom.NOTES": HoldsRecords, "Leads.Attachments": HoldsRecords, "Leads.Emails": HoldsRecords, "Leads.Activities": HoldsRecords,
	} {
		r, err := ParseRelation(s)
		if got := ClassOf(r); err != nil || got != want {
			t.Errorf("%s is %d, want %d (%v)", s, got, want, err)
		}
	}
	if got := ClassOf(Relation{"Campaigns", "leads"}); got != Unlisted { // the case of API names matters
		t.Errorf("Campaigns.leads is %d", got)
	}
	if got := SupportedLists("Campaigns"); !slices.Equal(got, []string{"Contacts", "Leads"}) {
		t.Error(got)
	}
	all := SupportedRelations()
	if len(all) != len(supported) || all[0] != (Relation{"Accounts", "Products"}) || slices.Index(all, Relation{"Campaigns", "Contacts"}) > slices.Index(all, Relation{"Campaigns", "Leads"}) {
		t.Errorf("supported relations, sorted: %v", all)
	}
	if got := SupportedLists("Nothing"); len(got) != 0 {
		t.Error(got)
	}
	for r := range supported {
		if !ValidName(r.Module) || !ValidName(r.List) || ClassOf(r) != Supported {
			t.Errorf("%v is supported and class %d", r, ClassOf(r))
		}
	}
}

// The hosts of each data centre, as the table of section 5 has them.
func TestDataCentres(t *testing.T) {
	for name, want := range map[string][2]string{
		"us": {"accounts.zoho.com", "zohoapis.com"},
		"eu": {"accounts.zoho.eu", "zohoapis.eu"},
		"in": {"accounts.zoho.in", "zohoapis.in"},
		"au": {"accounts.zoho.com.au", "zohoapis.com.au"},
		"jp": {"accounts.zoho.jp", "zohoapis.jp"},
		"ca": {"accounts.zohocloud.ca", "zohoapis.ca"},
		"cn": {"accounts.zoho.com.cn", "zohoapis.com.cn"},
		"sa": {"accounts.zoho.sa", "zohoapis.sa"},
		"uk": {"accounts.zoho.uk", "zohoapis.uk"},
		"ae": {"accounts.zoho.ae", "zohoapis.ae"},
	} {
		d, err := DataCentreByName(strings.ToUpper(name))
		if err != nil || d.Name != name || d.Accounts != "https://"+want[0] || d.API != "https://www."+want[1] ||
			d.Sandbox != "https://sandbox."+want[1] || d.Develop != "https://developer."+want[1] {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		for _, u := range []string{d.Accounts, d.API, d.Sandbox, d.Develop} {
			if got, err := CheckBaseURL(u); err != nil || got != u {
				t.Errorf("%s: %q, %v", u, got, err)
			}
		}
	}
	for address, want := range map[string]string{
		"crm.zoho.eu": "eu", "https://crm.zoho.com.au/crm/org123/tab/Home": "au", "CRM.Zoho.com": "us", "zoho.in": "in", "crm.zohocloud.ca": "ca",
		"accounts.zoho.com.cn": "cn", "https://crm.zoho.eu": "eu", "notzoho.eu": "", "zoho.eu.example": "", "example/crm.zoho.eu": "", "": "",
	} {
		if d, err := DataCentreByName(address); d.Name != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", address, d.Name, err)
		}
	}
	for _, d := range DataCentres() {
		if found, err := DataCentreByName(d.CRM()); err != nil || found != d {
			t.Errorf("%s: %+v, %v", d.CRM(), found, err)
		}
		if found, err := DataCentreByName(d.Console()); err != nil || found != d {
			t.Errorf("%s: %+v, %v", d.Console(), found, err)
		}
	}
	if n := len(DataCentreNames()); n != 10 {
		t.Errorf("%d data centres", n)
	}
	if _, err := DataCentreByName("mars"); err == nil || !strings.Contains(err.Error(), "us, eu, in") {
		t.Error(err)
	}
}

// Tokens travel to a base URL: in the clear to this machine only.
func TestCheckBaseURL(t *testing.T) {
	for s, want := range map[string]string{
		"https://www.zohoapis.com":                      "https://www.zohoapis.com",
		"https://www.zohoapis.com/":                     "https://www.zohoapis.com",
		"https://gateway.example/zoho/":                 "https://gateway.example/zoho",
		"https://accounts.zoho.eu/oauth/v2/token":       "https://accounts.zoho.eu",
		"https://accounts.zoho.eu/oauth/v2/token/":      "https://accounts.zoho.eu",
		"https://accounts.zoho.eu/oauth/v2":             "https://accounts.zoho.eu",
		"https://www.zohoapis.eu/crm/v8":                "https://www.zohoapis.eu",
		"https://www.zohoapis.eu/crm/v2.1/":             "https://www.zohoapis.eu",
		"https://www.zohoapis.eu/crm":                   "https://www.zohoapis.eu",
		"https://gateway.example/zoho/crm/v8":           "https://gateway.example/zoho",
		"https://www.zohoapis.eu/crm/v8/Leads":          "",
		"https://accounts.zoho.eu/oauth/v3/device/code": "",
		"http://localhost:8080":                         "http://localhost:8080",
		"http://127.0.0.1:1":                            "http://127.0.0.1:1",
		"http://127.9.9.9":                              "http://127.9.9.9",
		"http://[::1]:1":                                "http://[::1]:1",
		"http://www.zohoapis.com":                       "",
		"http://localhost.evil.example":                 "",
		"http://127.0.0.1.evil.example":                 "",
		"http://192.168.1.1":                            "",
		"http://0.0.0.0":                                "",
		"":                                              "",
		"www.zohoapis.com":                              "",
		"//www.zohoapis.com":                            "",
		"https://":                                      "",
		"ftp://host":                                    "",
		"file:///etc/passwd":                            "",
		"https://user:secret@host":                      "",
		"https://user:secret@ho st":                     "",
		"https://host?x=1":                              "",
		"https://host?":                                 "",
		"https://host#x":                                "",
		"https://host#":                                 "",
		"https://ho st":                                 "",
	} {
		got, err := CheckBaseURL(s)
		if (err == nil) != (want != "") || got != want {
			t.Errorf("%q: %q, %v", s, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret@") {
			t.Errorf("%q: the password is told: %v", s, err)
		}
	}
}

// Lists that hold records have many names, and no list of links has one of these.
func TestNamesOfRecords(t *testing.T) {
	for _, name := range strings.Fields(`Notes Attachments Emails Email_Details Emails__s Tasks Events Calls Meetings Tasks_History
		Events_History Calls_History Invited_Events Open_Tasks Open_Events Open_Calls Stage_History Locking_Information__s CheckLists
		Social Visits Visits_Zoho_Livedesk Zoho_Livedesk Cadences Cadences__s Voice_of_the_Customer Activities Open_Activities
		Activities_Chronological Upcoming_Activities Activities_History Notes__s
		Tasks__s Calls__s Meetings__s Events__s Sent_Emails SentEmails OpenTasks open_meetings TASKS__S Closed_Calls Tasks1 Calls_2
		Task Note Emails_Sent_Emails Received_Mails Custom_History Deal_History__s`) {
		if !namesRecords(name) || ClassOf(Relation{"Leads", name}) != HoldsRecords || !HoldsRecordsOf(List{Name: "X", Module: name}) {
			t.Errorf("%s does not hold records", name)
		}
	}
	for _, name := range strings.Fields(`Leads Contacts Accounts Deals Potentials Campaigns Products Price_Books Vendors Cases Solutions Quotes
		Sales_Orders Purchase_Orders Invoices Appointments__s Services services Services__s Contact_Roles Call_Centers Event_Sponsors
		Email_Templates Taskforce Recalls Socials_Team s __s X Child_Accounts Zoho_Survey Devents`) {
		if namesRecords(name) {
			t.Errorf("%s holds records", name)
		}
	}
}

// A list that holds records is recognised by its own name and by that of its module, however the
// module is written.
func TestListsThatHoldRecords(t *testing.T) {
	for list, want := range map[string]List{
		`{"api_name":"Leads","module":{"api_name":"Leads","id":"1"}}`:         {Name: "Leads", Module: "Leads"},
		`{"api_name":"Remarks","module":{"api_name":"Notes","id":"1"}}`:       {Name: "Remarks", Module: "Notes"},
		`{"api_name":"Remarks","module":"Notes"}`:                             {Name: "Remarks", Module: "Notes"},
		`{"api_name":"Files","module":{"api_name":"ATTACHMENTS","id":null}}`:  {Name: "Files", Module: "ATTACHMENTS"},
		`{"api_name":"Notes","module":{"api_name":"Custom_Module","id":"1"}}`: {Name: "Notes", Module: "Custom_Module"},
		`{"api_name":"Notes","module":null}`:                                  {Name: "Notes"},
		`{"api_name":"Leads","module":null}`:                                  {Name: "Leads"},
		`{"api_name":"Leads","module":[1]}`:                                   {Name: "Leads"},
		`{"api_name":"Leads"}`:                                                {Name: "Leads"},
	} {
		got, err := over(t, canned{status: 200, body: `{"related_lists":[` + list + `]}`}).Lists(t.Context(), "Campaigns")
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v, %v", list, got, err)
			continue
		}
		if holds := HoldsRecordsOf(got[0]); holds != (want.Name != "Leads") {
			t.Errorf("%s: holds records: %v", list, holds)
		}
	}
}
