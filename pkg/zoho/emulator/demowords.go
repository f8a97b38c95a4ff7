package emulator

// The words that the demo org is made of.
var (
	demoSeasons = []string{"Winter", "Spring", "Summer", "Autumn"}
	demoKinds   = []string{"Webinar", "Newsletter", "Trade show", "Mailing", "Telemarketing", "Partner day", "Sample offer"}
	demoOwners  = []string{"Ines Halvorsen", "Tomás Rey", "Priya Nair", "Jonas Weber"}
	demoMember  = []string{"Planned", "Invited", "Sent", "Sent", "Received", "Opened", "Opened", "Responded", "Bounced", "Opted Out"}

	demoSources  = []string{"Web Download", "Trade Show", "Cold Call", "Partner", "Advertisement", "Employee Referral", "External Referral"}
	demoStatuses = []string{
		"Not Contacted", "Not Contacted", "Attempted to Contact", "Contact in Future", "Contacted", "Pre-Qualified", "Lost Lead", "Junk Lead",
	}
	demoStages     = []string{"Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost"}
	demoRoles      = []string{"Decision Maker", "Influencer", "Product Management", "Purchasing"}
	demoIndustries = []string{"Retail", "Tourism", "Education", "Manufacturing", "Logistics", "Public Sector"}

	demoGiven = []string{
		"Ada", "Ahmed", "Akiko", "Alina", "Bea", "Björn", "Carla", "Chen", "Daniel", "Dilara", "Elif", "Emil", "Esther", "Farid", "Fatou", "Gustav",
		"Hana", "Henrik", "Ida", "Imran", "Iris", "Jakub", "Jun", "Kofi", "Lena", "Lucía", "Mads", "Maya", "Milan", "Nadia", "Noor", "Olga", "Omar",
		"Paula", "Quinn", "Rania", "Ravi", "Sofia", "Sven", "Tariq", "Thu", "Uma", "Vera", "Wim", "Yara", "Zoltán",
	}
	demoFamily = []string{
		"Abe", "Adeyemi", "Almeida", "Andersen", "Bakker", "Bauer", "Brandt", "Castillo", "Costa", "Demir", "Dubois", "Eriksen", "Fischer", "Garcia",
		"Haddad", "Hansen", "Horvath", "Ito", "Jensen", "Kaya", "Khan", "Kim", "Kowalski", "Larsson", "Lopez", "Mensah", "Moreau", "Müller", "Nguyen",
		"Novak", "O'Brien", "Okafor", "Olsen", "Patel", "Petrov", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Tan", "Vargas", "Virtanen", "Wagner", "Zhang",
	}
	demoCompanies = []string{
		"Alpine Huts Cooperative", "Bay Street Outfitters", "Blue Heron Travel", "Canyon School of Climbing", "Cedar & Sons", "Coastline Rentals",
		"Compass Logistics", "Eagle Ridge Resort", "Fjord Ferries", "Forest Academy", "Glacier Guides", "Green Valley Council", "Harbour Sports",
		"High Pass Lodges", "Juniper Tours", "Kestrel Bikes", "Lakeside Camps", "Maple Events", "Meridian Freight", "Moorland Museum", "North Shore Retail",
		"Old Mill Brewery", "Pine Street Gym", "Polar Light Hotels", "Quarry Works", "Red Rock Rafting", "Riverbend Schools", "Saltmarsh Kayaks",
		"Silver Birch Clinics", "Snowline Ski Hire", "Stone Bridge Hostels", "Summit Sports", "Tidewater Diving", "Timberline Furniture", "Trailhead Media",
		"Upland Farms", "Valley Bus Company", "Westwind Sailing", "Willow Creek Library", "Windmill Energy",
	}
	demoGoods = []string{
		"Two-person tent", "Down sleeping bag", "Hiking poles", "Trekking backpack 60 l", "Water filter", "Camping stove", "Head torch", "Rain jacket",
		"Climbing rope 70 m", "Snowshoes", "First-aid kit", "Map case",
	}
	demoBooks = []string{"Retail", "Schools and clubs", "Wholesale", "Clearance 2023"}
)
