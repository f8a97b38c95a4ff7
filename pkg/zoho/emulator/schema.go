package emulator

import (
	"slices"
	"strings"
)

// listKind is what stands behind a related list.
type listKind uint8

const (
	noList     listKind = iota
	linkList            // many-to-many: delinking removes a relation
	recordList          // the list holds records: delinking deletes them (D, S)
	lookupList          // one-to-many: what delinking does is unknown (?)
	deniedList          // seen to be refused (R)
)

// schema holds the lists of zoho-api's modules, beside those that come to be
// known because links are put in.
var schema = map[string]map[string]listKind{
	// D: the supported relations.
	"Campaigns":       {"Leads": linkList, "Contacts": linkList},
	"Products":        {"Leads": linkList, "Accounts": linkList, "Contacts": linkList, "Deals": linkList, "Price_Books": linkList},
	"Appointments__s": {"Services__s": linkList},
	// The reverse direction, where it was seen: D, K, R, I.
	"Leads":       {"Campaigns": linkList, "Products": linkList},
	"Contacts":    {"Deals": linkList},
	"Accounts":    {"Products": linkList, "Contacts": lookupList, "Deals": lookupList},
	"Price_Books": {"Products": linkList},
	// D: contact roles have the same form. R: plain contacts are refused.
	"Deals": {contactRoles: linkList, "Contacts": deniedList},
}

const contactRoles = "Contact_Roles"

// recordLists are there in every module, and hold records.
var recordLists = []string{"Notes", "Attachments", "Emails", "Tasks", "Events", "Calls", "Open_Activities", "Closed_Activities"}

// moduleOf names the module whose records a list holds.
func moduleOf(list string) string {
	if list == contactRoles {
		return "Contacts"
	}
	return list
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
