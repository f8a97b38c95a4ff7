// Package demo makes a small, believable org for the emulator: campaigns with names and dates,
// leads and contacts, products with prices, deals with roles, and the links among them with their
// fields.
package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// How many records the org has.
const (
	Campaigns  = 30
	Leads      = 2000
	Contacts   = 180
	Accounts   = 40
	Products   = 12
	PriceBooks = 4
	Deals      = 25
	Converted  = 40 // of the leads
	Unapproved = 12 // of the leads
)

// The id of the first record of each kind.
const (
	ownerIDs     = 4876876000000068001
	campaignIDs  = 4876876000000412001
	leadIDs      = 4876876000000731044
	contactIDs   = 4876876000000655010
	accountIDs   = 4876876000000648003
	productIDs   = 4876876000000581007
	priceBookIDs = 4876876000000583002
	dealIDs      = 4876876000000690005
	viewIDs      = 4876876000000087501
	roleIDs      = 4876876000000006801
)

// Company is the name of the org.
const Company = "Northern Trail Supplies (demo)"

// A CRM is what an org can be made in.
type CRM interface {
	SetRecord(module string, id uint64, fields map[string]any)
	Link(module string, parent uint64, list string, related ...uint64)
	SetFields(module string, parent uint64, list string, related uint64, fields map[string]any)
	AddView(module string, id uint64, name, where string) error
}

// States are the leads that reads do not show unless they are asked to.
type States struct {
	Converted, Unapproved []uint64
}

// Fill makes the org in a CRM. It is the same org every time.
func Fill(crm CRM) (States, error) {
	d := org{crm, rand.New(rand.NewPCG(Campaigns, Leads))}
	d.accounts()
	d.people("Leads", leadIDs, Leads)
	d.people("Contacts", contactIDs, Contacts)
	d.campaigns()
	d.products()
	d.deals()
	return States{d.draw(leadIDs, Leads, Converted), d.draw(leadIDs, Leads, Unapproved)}, d.views()
}

// An org is one under way.
type org struct {
	crm CRM
	rng *rand.Rand
}

// pick draws one of words.
func (d *org) pick(words []string) string { return words[d.rng.IntN(len(words))] }

// idOf is the id of the nth record of a kind. There are gaps, as in a real org.
func idOf(first uint64, n int) uint64 { return first + uint64(n)*3 }

func (d *org) owner() map[string]any {
	n := d.rng.IntN(len(owners))
	return map[string]any{"id": fmt.Sprint(idOf(ownerIDs, n)), "name": owners[n]}
}

func (d *org) accounts() {
	for i := range Accounts {
		d.crm.SetRecord("Accounts", idOf(accountIDs, i), map[string]any{
			"Account_Name": companies[i%len(companies)], "Industry": d.pick(industries), "Owner": d.owner(),
		})
	}
}

// people makes leads or contacts.
func (d *org) people(module string, first uint64, n int) {
	for i := range n {
		given, family, company := d.pick(givenNames), d.pick(familyNames), d.pick(companies)
		fields := map[string]any{
			"First_Name": given, "Last_Name": family, "Full_Name": given + " " + family, "Owner": d.owner(),
			"Email":        strings.ToLower(fmt.Sprintf("%s.%s%d@example.com", given, family, i+1)),
			"Created_Time": d.day(2023, 1000).Add(time.Duration(d.rng.IntN(600)) * time.Minute).Format("2006-01-02T15:04:05-07:00"),
		}
		if module == "Leads" {
			fields["Company"], fields["Lead_Source"], fields["Lead_Status"] = company, d.pick(sources), d.pick(leadStatuses)
		} else {
			account := d.rng.IntN(Accounts)
			fields["Account_Name"] = map[string]any{"id": fmt.Sprint(idOf(accountIDs, account)), "name": companies[account%len(companies)]}
		}
		d.crm.SetRecord(module, idOf(first, i), fields)
	}
}

// day draws a day of the days that begin with a year.
func (d *org) day(year, days int) time.Time {
	return time.Date(year, time.January, 1+d.rng.IntN(days), 8, 0, 0, 0, time.UTC)
}

// campaigns makes a campaign for each month from early 2023 on, with members.
func (d *org) campaigns() {
	for i := range Campaigns {
		id := idOf(campaignIDs, i)
		start := time.Date(2023, time.February+time.Month(i*5/4), 1+d.rng.IntN(20), 0, 0, 0, 0, time.UTC)
		end := start.AddDate(0, 0, 14+d.rng.IntN(45))
		kind := kinds[i%len(kinds)]
		status := "Complete"
		switch {
		case end.Year() > 2025:
			status = "Planning"
		case end.Year() == 2025 && end.Month() > time.June:
			status = "Active"
		}
		d.crm.SetRecord("Campaigns", id, map[string]any{
			"Campaign_Name": fmt.Sprintf("%s %s %d", seasons[(int(start.Month())-1)/3], kind, start.Year()),
			"Type":          kind, "Status": status, "Owner": d.owner(),
			"Start_Date": start.Format(time.DateOnly), "End_Date": end.Format(time.DateOnly),
			"Budgeted_Cost": json.Number(fmt.Sprint(500 * (1 + d.rng.IntN(30)))),
		})
		d.members(id, "Leads", leadIDs, Leads, 25+d.rng.IntN(300))
		d.members(id, "Contacts", contactIDs, Contacts, d.rng.IntN(25))
	}
}

// views makes the custom views.
func (d *org) views() error {
	if err := d.crm.AddView("Campaigns", idOf(viewIDs, 0), "Ended before 2025", "End_Date < '2025-01-01'"); err != nil {
		return err
	}
	return d.crm.AddView("Campaigns", idOf(viewIDs, 1), "Active campaigns", "Status = 'Active'")
}

// draw draws n of the ids of a kind.
func (d *org) draw(first uint64, of, n int) []uint64 {
	ids := make([]uint64, n)
	for i, nth := range d.rng.Perm(of)[:n] {
		ids[i] = idOf(first, nth)
	}
	return ids
}

// members links a campaign to n people, each with a status.
func (d *org) members(campaign uint64, list string, first uint64, people, n int) {
	for _, id := range d.draw(first, people, n) {
		d.crm.Link("Campaigns", campaign, list, id)
		d.crm.SetFields("Campaigns", campaign, list, id, map[string]any{"Member_Status": d.pick(memberStatuses)})
	}
}

// products makes products and price books, with the prices that link them, and some interest.
func (d *org) products() {
	for i := range PriceBooks {
		d.crm.SetRecord("Price_Books", idOf(priceBookIDs, i), map[string]any{"Price_Book_Name": books[i], "Active": i < 3})
	}
	for i := range Products {
		id, price := idOf(productIDs, i), 20+d.rng.IntN(40)*10
		d.crm.SetRecord("Products", id, map[string]any{
			"Product_Name": goods[i], "Product_Code": fmt.Sprintf("NT-%03d", 100+7*i), "Product_Active": i%6 != 5,
			"Unit_Price": json.Number(fmt.Sprint(price)),
		})
		for n := range PriceBooks {
			book := idOf(priceBookIDs, n)
			d.crm.Link("Products", id, "Price_Books", book)
			d.crm.SetFields("Products", id, "Price_Books", book, map[string]any{"list_price": json.Number(fmt.Sprintf("%d.%02d", price*(10-n)/10, 95))})
		}
		d.crm.Link("Products", id, "Leads", d.draw(leadIDs, Leads, d.rng.IntN(60))...)
		d.crm.Link("Products", id, "Contacts", d.draw(contactIDs, Contacts, d.rng.IntN(15))...)
		d.crm.Link("Products", id, "Accounts", d.draw(accountIDs, Accounts, d.rng.IntN(8))...)
	}
}

// deals makes deals, each with contacts that have a role.
func (d *org) deals() {
	for i := range Deals {
		id, account := idOf(dealIDs, i), d.rng.IntN(Accounts)
		name := companies[account%len(companies)]
		d.crm.SetRecord("Deals", id, map[string]any{
			"Deal_Name": name + ", " + d.pick(goods), "Stage": d.pick(stages), "Amount": json.Number(fmt.Sprint(1000 * (1 + d.rng.IntN(50)))),
			"Account_Name": map[string]any{"id": fmt.Sprint(idOf(accountIDs, account)), "name": name},
		})
		for _, contact := range d.draw(contactIDs, Contacts, 1+d.rng.IntN(3)) {
			role := d.pick(roles)
			d.crm.Link("Deals", id, "Contact_Roles", contact)
			d.crm.SetFields("Deals", id, "Contact_Roles", contact, map[string]any{"Contact_Role": map[string]any{"name": role, "id": fmt.Sprint(idOf(roleIDs, slices.Index(roles, role)))}})
		}
	}
}
