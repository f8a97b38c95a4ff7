package emulator

import (
	"slices"
	"strings"
)

// listKind is what stands behind a related list.
type listKind uint8

const (
	noList     listKind = iota
	linkList            // many-to-many: delinking removes a link
	recordList          // the list holds records: delinking deletes them (D, S)
	lookupList          // one-to-many: what delinking does is unknown (?)
	deniedList          // seen to be refused (R)
)

// schema holds the lists that docs/zoho-api.md names, in sections 1 and 6.4. Others come to be
// known when links are put in.
var schema = map[string]map[string]listKind{
	// D: the relations that Zoho's documentation lists.
	"Campaigns":       {"Leads": linkList, "Contacts": linkList},
	"Products":        {"Leads": linkList, "Accounts": linkList, "Contacts": linkList, "Deals": linkList, "Price_Books": linkList},
	"Appointments__s": {"Services__s": linkList},
	// The other sides, with the evidence that section 6.4 gives: D, K, R, I.
	"Leads":       {"Campaigns": linkList, "Products": linkList},
	"Contacts":    {"Deals": linkList, "Campaigns": linkList, "Products": linkList},
	"Accounts":    {"Products": linkList, "Contacts": lookupList, "Deals": lookupList},
	"Price_Books": {"Products": linkList},
	// D: contact roles have the same form. R: plain contacts are refused.
	"Deals": {contactRoles: linkList, "Contacts": deniedList, "Products": linkList},
}

const (
	contactRoles = "Contact_Roles"
	priceBooks   = "Price_Books"
)

// otherSides pairs relations whose links are the same, seen from either record (docs/zoho-api.md,
// section 6.4).
var otherSides = pairs([][2]relation{
	{{"Campaigns", "Leads"}, {"Leads", "Campaigns"}},
	{{"Campaigns", "Contacts"}, {"Contacts", "Campaigns"}},
	{{"Products", "Leads"}, {"Leads", "Products"}},
	{{"Products", "Accounts"}, {"Accounts", "Products"}},
	{{"Products", "Contacts"}, {"Contacts", "Products"}},
	{{"Products", "Deals"}, {"Deals", "Products"}},
	{{"Products", priceBooks}, {priceBooks, "Products"}},
	{{"Appointments__s", "Services__s"}, {"Services__s", "Appointments__s"}},
	// I: a contact's deals are those in which the contact has a role.
	{{"Deals", contactRoles}, {"Contacts", "Deals"}},
})

func pairs(list [][2]relation) map[relation]relation {
	m := map[relation]relation{}
	for _, p := range list {
		m[p[0]], m[p[1]] = p[1], p[0]
	}
	return m
}

// recordLists are there in every module, and hold records.
var recordLists = []string{"Notes", "Attachments", "Emails", "Tasks", "Events", "Calls", "Open_Activities", "Closed_Activities"}

// moduleOf names the module whose records a list holds.
func moduleOf(list string) string {
	if list == contactRoles {
		return "Contacts"
	}
	return list
}

// mandatory names the field that a link cannot be made without (D, S), or "".
func mandatory(module, list string) string {
	switch {
	case list == contactRoles:
		return "Contact_Role"
	case list == priceBooks, module == priceBooks && list == "Products":
		return "list_price"
	}
	return ""
}

// hasModule reports whether the org has the module.
func (e *Emulator) hasModule(cfg *Config, module string) bool {
	return cfg.Links == "all" || schema[module] != nil || e.books.lists[module] != nil
}

// kindOf says what stands behind a list, noList if the module has no such list.
func (e *Emulator) kindOf(cfg *Config, module, list string) listKind {
	if containsList(cfg.DeleteLists, module, list) {
		return recordList
	}
	if kind := schema[module][list]; kind != noList {
		return kind
	}
	if slices.Contains(recordLists, list) {
		return recordList
	}
	if cfg.Links == "all" || slices.Contains(e.books.lists[module], list) {
		return linkList
	}
	return noList
}

// listNames are the lists of a module, sorted.
func (e *Emulator) listNames(module string) []string {
	names := slices.Clone(recordLists)
	for list := range schema[module] {
		names = append(names, list)
	}
	names = append(names, e.books.lists[module]...)
	slices.Sort(names)
	return slices.Compact(names)
}

func containsList(names []string, module, list string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		m, l, _ := strings.Cut(name, ".")
		return m == module && l == list
	})
}

// nameField is the field that holds the name of a module's records.
func nameField(module string) string {
	switch module {
	case "Campaigns", "Products", "Accounts", "Deals", priceBooks:
		return strings.TrimSuffix(module, "s") + "_Name"
	case "Leads", "Contacts":
		return "Full_Name"
	}
	return "Name"
}
