package emulator

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// The demo org: how many records it has, and where their ids begin.
const (
	demoCampaigns  = 30
	demoLeads      = 2000
	demoContacts   = 180
	demoAccounts   = 40
	demoProducts   = 12
	demoPriceBooks = 4
	demoDeals      = 25

	campaignIDs  = 4876876000000412001
	leadIDs      = 4876876000000731044
	contactIDs   = 4876876000000655010
	accountIDs   = 4876876000000648003
	productIDs   = 4876876000000581007
	priceBookIDs = 4876876000000583002
	dealIDs      = 4876876000000690005
	viewIDs      = 4876876000000087501
)

// demoCompany is the company of the demo org, unless a knob names another one.
const demoCompany = "Northern Trail Supplies (demo)"

// Demo returns an emulator with a small, believable org: 30 campaigns with names and dates, 2,000
// leads, some contacts, accounts, products, price books and deals, and links among them with their
// fields. It is the same org every time, whatever the seed.
func Demo(cfg Config) *Emulator {
	cfg.Demo = true
	return New(cfg)
}

// A demo fills an emulator with the demo org.
type demo struct {
	e   *Emulator
	rng *rand.Rand
}

func (e *Emulator) fillDemo() {
	d := demo{e, rand.New(rand.NewPCG(30, demoLeads))}
	d.accounts()
	d.people("Leads", leadIDs, demoLeads)
	d.people("Contacts", contactIDs, demoContacts)
	d.campaigns()
	d.products()
	d.deals()
	d.states()
}

// pick draws one of words.
func (d *demo) pick(words []string) string { return words[d.rng.IntN(len(words))] }

// id is the id of the nth record of a module. Ids of a real org have gaps, too.
func demoID(first uint64, n int) uint64 { return first + uint64(n)*3 }

func (d *demo) owner() map[string]any {
	n := d.rng.IntN(len(demoOwners))
	return map[string]any{"id": fmt.Sprint(4876876000000068001 + n), "name": demoOwners[n]}
}

func (d *demo) accounts() {
	for i := range demoAccounts {
		d.e.SetRecord("Accounts", demoID(accountIDs, i), map[string]any{
			"Account_Name": demoCompanies[i%len(demoCompanies)], "Industry": d.pick(demoIndustries), "Owner": d.owner(),
		})
	}
}

// people makes leads or contacts.
func (d *demo) people(module string, first uint64, n int) {
	for i := range n {
		given, family, company := d.pick(demoGiven), d.pick(demoFamily), d.pick(demoCompanies)
		fields := map[string]any{
			"First_Name": given, "Last_Name": family, "Full_Name": given + " " + family, "Owner": d.owner(),
			"Email":        strings.ToLower(fmt.Sprintf("%s.%s%d@example.com", given, family, i+1)),
			"Created_Time": d.day(2023, 1000).Add(time.Duration(d.rng.IntN(600)) * time.Minute).Format("2006-01-02T15:04:05-07:00"),
		}
		if module == "Leads" {
			fields["Company"], fields["Lead_Source"], fields["Lead_Status"] = company, d.pick(demoSources), d.pick(demoStatuses)
		} else {
			account := d.rng.IntN(demoAccounts)
			fields["Account_Name"] = map[string]any{"id": fmt.Sprint(demoID(accountIDs, account)), "name": demoCompanies[account%len(demoCompanies)]}
		}
		d.e.SetRecord(module, demoID(first, i), fields)
	}
}

// day draws a day of the days that begin with a year.
func (d *demo) day(year, days int) time.Time {
	return time.Date(year, time.January, 1+d.rng.IntN(days), 8, 0, 0, 0, time.UTC)
}

// campaigns makes a campaign for each month from early 2023 on, with members.
func (d *demo) campaigns() {
	for i := range demoCampaigns {
		id := demoID(campaignIDs, i)
		start := time.Date(2023, time.February+time.Month(i*5/4), 1+d.rng.IntN(20), 0, 0, 0, 0, time.UTC)
		end := start.AddDate(0, 0, 14+d.rng.IntN(45))
		kind := demoKinds[i%len(demoKinds)]
		status := "Complete"
		switch {
		case end.Year() > 2025:
			status = "Planning"
		case end.Year() == 2025 && end.Month() > time.June:
			status = "Active"
		}
		d.e.SetRecord("Campaigns", id, map[string]any{
			"Campaign_Name": fmt.Sprintf("%s %s %d", demoSeasons[(int(start.Month())-1)/3], kind, start.Year()),
			"Type":          kind, "Status": status, "Owner": d.owner(),
			"Start_Date": start.Format(time.DateOnly), "End_Date": end.Format(time.DateOnly),
			"Budgeted_Cost": json.Number(fmt.Sprint(500 * (1 + d.rng.IntN(30)))),
		})
		d.members(id, "Leads", leadIDs, demoLeads, 25+d.rng.IntN(300))
		d.members(id, "Contacts", contactIDs, demoContacts, d.rng.IntN(25))
	}
	for n, v := range []View{
		{Name: "Ended before 2025", Where: "End_Date < '2025-01-01'"},
		{Name: "Active campaigns", Where: "Status = 'Active'"},
	} {
		v.ID = demoID(viewIDs, n)
		// A condition of our own that cannot be read is caught by the test of the demo.
		_ = d.e.AddView("Campaigns", v)
	}
}

// members links a campaign to n people, each with a status.
func (d *demo) members(campaign uint64, list string, first uint64, people, n int) {
	d.e.Parent("Campaigns", campaign)
	for _, i := range d.rng.Perm(people)[:n] {
		id := demoID(first, i)
		d.e.Link("Campaigns", campaign, list, id)
		d.e.SetFields("Campaigns", campaign, list, id, map[string]any{"Member_Status": d.pick(demoMember)})
	}
}

// products makes products and price books, with the prices that link them, and some interest.
func (d *demo) products() {
	for i := range demoPriceBooks {
		d.e.SetRecord(priceBooks, demoID(priceBookIDs, i), map[string]any{"Price_Book_Name": demoBooks[i], "Active": i < 3})
	}
	for i := range demoProducts {
		id, price := demoID(productIDs, i), 20+d.rng.IntN(40)*10
		d.e.SetRecord("Products", id, map[string]any{
			"Product_Name": demoGoods[i], "Product_Code": fmt.Sprintf("NT-%03d", 100+7*i), "Product_Active": i%6 != 5,
			"Unit_Price": json.Number(fmt.Sprint(price)),
		})
		for n := range demoPriceBooks {
			book := demoID(priceBookIDs, n)
			d.e.Link("Products", id, priceBooks, book)
			d.e.SetFields("Products", id, priceBooks, book, map[string]any{"list_price": json.Number(fmt.Sprintf("%d.%02d", price*(10-n)/10, 95))})
		}
		for _, n := range d.rng.Perm(demoLeads)[:d.rng.IntN(60)] {
			d.e.Link("Products", id, "Leads", demoID(leadIDs, n))
		}
		for _, n := range d.rng.Perm(demoContacts)[:d.rng.IntN(15)] {
			d.e.Link("Products", id, "Contacts", demoID(contactIDs, n))
		}
		for _, n := range d.rng.Perm(demoAccounts)[:d.rng.IntN(8)] {
			d.e.Link("Products", id, "Accounts", demoID(accountIDs, n))
		}
	}
}

// deals makes deals, each with contacts that have a role.
func (d *demo) deals() {
	for i := range demoDeals {
		id, account := demoID(dealIDs, i), d.rng.IntN(demoAccounts)
		name := demoCompanies[account%len(demoCompanies)]
		d.e.SetRecord("Deals", id, map[string]any{
			"Deal_Name": name + ", " + d.pick(demoGoods), "Stage": d.pick(demoStages), "Amount": json.Number(fmt.Sprint(1000 * (1 + d.rng.IntN(50)))),
			"Account_Name": map[string]any{"id": fmt.Sprint(demoID(accountIDs, account)), "name": name},
		})
		for _, n := range d.rng.Perm(demoContacts)[:1+d.rng.IntN(3)] {
			contact, role := demoID(contactIDs, n), d.pick(demoRoles)
			d.e.Link("Deals", id, contactRoles, contact)
			d.e.SetFields("Deals", id, contactRoles, contact, map[string]any{"Contact_Role": map[string]any{"name": role, "id": listID("Contact_Role", role)}})
		}
	}
}

// states makes a few leads converted, and a few not approved, unless knobs name others.
func (d *demo) states() {
	converted, unapproved := IDs{}, IDs{}
	for _, n := range d.rng.Perm(demoLeads)[:40] {
		converted[demoID(leadIDs, n)] = true
	}
	for _, n := range d.rng.Perm(demoLeads)[:12] {
		unapproved[demoID(leadIDs, n)] = true
	}
	d.e.Update(func(c *Config) {
		if c.Converted == nil {
			c.Converted = converted
		}
		if c.Unapproved == nil {
			c.Unapproved = unapproved
		}
		if c.Company == Default().Company {
			c.Company = demoCompany
		}
	})
}
