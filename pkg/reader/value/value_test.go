package value_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

func TestParseID(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       zoho.ID
		reason     string
	}{
		{"digits", "3652397000000925128", 3652397000000925128, ""},
		{"Zoho's prefix", "zcrm_3652397000000925128", 3652397000000925128, ""},
		{"apostrophe", "'12", 12, ""},
		{"formula", `="zcrm_12"`, 12, ""},
		{"spaces that nobody sees", "\u00a0\u200b12\u2060\ufeff", 12, ""},
		{"end of a DOS file", "12\x1a", 12, ""},
		{"nothing", " ", 0, "is empty"},
		{"prefix only", "zcrm_", 0, "is not a record id: it has no digits"},
		{"scientific", "3.6524E+18", 0, "is not a record id: Excel has changed this id, it cannot be recovered"},
		{"groups of digits", "3,652,397", 0, "is not a record id: Excel has changed this id, it cannot be recovered"},
		{"inside", "1\u200b2", 0, "is not a record id: 1 to 20 digits are expected"},
		{"sign", "-12", 0, "is not a record id: 1 to 20 digits are expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, p := value.ParseID(test.text)
			reason := ""
			if p != nil {
				reason = p.Reason
			}
			if got != test.want || reason != test.reason {
				t.Errorf("got %d, %q, want %d, %q", got, reason, test.want, test.reason)
			}
		})
	}
}

// What is read as an id has the id's digits in it, one behind the other.
func TestIDsAreNotRepaired(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ '="]{0,3}(zcrm_)?[0-9.,eE+ -]{0,22}["\x{a0}\x{1a}]{0,2}`).Draw(t, "text")
		id, p := value.ParseID(text)
		if (id == 0) != (p != nil) || p == nil && !strings.Contains(text, id.String()) {
			t.Fatalf("%q is %d, %v", text, id, p)
		}
	})
}

func TestParseRelation(t *testing.T) {
	for s, want := range map[string]zoho.Relation{
		"Campaigns.Leads":                 {Module: "Campaigns", List: "Leads"},
		" campaigns . leads ":             {Module: "Campaigns", List: "Leads"},
		"Campaigns.Leads of the campaign": {Module: "Campaigns", List: "Leads of the campaign"},
		"Campaigns.Nr. 5":                 {Module: "Campaigns", List: "Nr. 5"},
		"Campaigns":                       {}, "Campaigns.": {}, ".Leads": {}, "Camp aigns.Leads": {}, "Campaigns.12": {}, "Campaigns.a\tb": {}, "": {},
	} {
		if got, err := value.ParseRelation(s); got != want || (err == nil) != (want != zoho.Relation{}) {
			t.Errorf("%q is %v, %v", s, got, err)
		}
	}
}
