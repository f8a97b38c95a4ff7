package zoho_test

import (
	"testing"

	"delink/pkg/zoho"
)

func TestAPIName(t *testing.T) {
	for name, want := range map[string]string{
		"Leads": "Leads", "leads": "Leads", "Lead": "Leads", " LEAD ": "Leads",
		"Price Books": "Price_Books", "price book": "Price_Books", "Price_Books": "Price_Books", "pricebooks": "Price_Books",
		"Potentials": "Deals", "potential": "Deals", "deal": "Deals",
		"Appointments": "Appointments__s", "appointments__s": "Appointments__s",
		"contact roles": "Contact_Roles", "meetings": "Events", "note": "Notes",
		// what is not known is not touched
		"Projects": "Projects", "projects": "projects", "services": "services", "Services": "Services",
		"Campaigns1": "Campaigns1", "Lead s": "Lead s", "Leads!": "Leads!", "PRICE-BOOKS": "Price_Books", "Kampagnen": "Kampagnen", "": "", "_": "_",
	} {
		if got := zoho.APIName(name); got != want {
			t.Errorf("%q is turned into %q, want %q", name, got, want)
		}
	}
}

// No two modules may share a name, and every API name must be one.
func TestModulesHaveNamesOfTheirOwn(t *testing.T) {
	owner := map[string]string{}
	for _, m := range zoho.Modules() {
		if !zoho.ValidName(m.API) {
			t.Errorf("%q is not an API name", m.API)
		}
		for _, name := range append([]string{m.API, m.One, m.Many}, m.Also...) {
			key := zoho.Fold(name)
			if other, taken := owner[key]; taken && other != m.API {
				t.Errorf("%q names %s and %s", name, other, m.API)
			}
			owner[key] = m.API
		}
	}
}

func TestFold(t *testing.T) {
	for name, want := range map[string]string{
		"Parent_ID": "parentid", " parent-id\u00a0": "parentid", "Kampagne-ÄÖ": "kampagneäö", "データID": "データid", "\xff": "",
	} {
		if got := zoho.Fold(name); got != want {
			t.Errorf("Fold(%q) = %q, want %q", name, got, want)
		}
	}
}
