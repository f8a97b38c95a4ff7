package zoho

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Module is a standard module of Zoho CRM, or a related list that is called like none, with the
// names under which people know it.
type Module struct {
	API  string   // the API name: Price_Books
	One  string   // the label of one of its records: Price Book
	Many string   // the label of the module: Price Books
	Also []string // what it is called elsewhere
}

// standard are the modules whose API names are documented (D), with their labels in an org that has
// renamed none. The related list of services is not among them: its API name is not known, so
// nothing can be turned into it.
var standard = []Module{
	{"Leads", "Lead", "Leads", nil},
	{"Contacts", "Contact", "Contacts", nil},
	{"Accounts", "Account", "Accounts", nil},
	{"Deals", "Deal", "Deals", []string{"Potential", "Potentials"}},
	{"Campaigns", "Campaign", "Campaigns", nil},
	{"Products", "Product", "Products", nil},
	{"Price_Books", "Price Book", "Price Books", nil},
	{"Vendors", "Vendor", "Vendors", nil},
	{"Cases", "Case", "Cases", nil},
	{"Solutions", "Solution", "Solutions", nil},
	{"Quotes", "Quote", "Quotes", nil},
	{"Sales_Orders", "Sales Order", "Sales Orders", nil},
	{"Purchase_Orders", "Purchase Order", "Purchase Orders", nil},
	{"Invoices", "Invoice", "Invoices", nil},
	{"Appointments__s", "Appointment", "Appointments", nil},
	{"Contact_Roles", "Contact Role", "Contact Roles", nil},
	// Lists that hold records are refused, and must be known under every name for that.
	{"Notes", "Note", "Notes", nil},
	{"Attachments", "Attachment", "Attachments", nil},
	{"Activities", "Activity", "Activities", nil},
	{"Tasks", "Task", "Tasks", nil},
	{"Events", "Event", "Events", []string{"Meeting", "Meetings"}},
	{"Calls", "Call", "Calls", nil},
	{"Emails", "Email", "Emails", nil},
}

// byName finds standard modules by all their names, with and without a space between the words.
var byName = func() map[string]*Module {
	m := map[string]*Module{}
	for i := range standard {
		s := &standard[i]
		for _, name := range append([]string{s.API, s.One, s.Many}, s.Also...) {
			m[words(name)], m[Fold(name)] = s, s
		}
	}
	return m
}()

// words are the words of a name, in lower case and with one space between them.
func words(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r == '_' || r == '-' || unicode.IsSpace(r)
	}), " ")
}

// FindModule finds a standard module by its API name or a label, in any case and with any space
// between the words: Price_Books, price book, PriceBooks. It gives nil for others.
func FindModule(name string) *Module { return byName[words(name)] }

// APIName turns a name of a module or a related list into its API name, and passes on what it does
// not know.
func APIName(name string) string {
	if m := FindModule(name); m != nil {
		return m.API
	}
	return name
}

// PlaceOfNames is where people find API names in the CRM.
const PlaceOfNames = "Setup › Developer Hub › APIs and SDKs › API Names"

// nameFields has the fields that hold the names of records, where that is not Name.
var nameFields = map[string]string{
	"Campaigns": "Campaign_Name", "Products": "Product_Name", "Accounts": "Account_Name", "Deals": "Deal_Name", "Price_Books": "Price_Book_Name",
	"Vendors": "Vendor_Name", "Leads": "Full_Name", "Contacts": "Full_Name", "Quotes": "Subject", "Sales_Orders": "Subject",
	"Purchase_Orders": "Subject", "Invoices": "Subject", "Cases": "Subject", "Solutions": "Solution_Title",
}

// NameField is the field that holds the name of a module's records.
func NameField(module string) string { return cmp.Or(nameFields[module], "Name") }

// Modules are the standard modules.
func Modules() []Module { return standard }

// Fold is what is left of a name when case, spaces and punctuation do not count: its letters and
// digits.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
