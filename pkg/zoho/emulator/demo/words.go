package demo

// The words that the org is made of.
var (
	seasons        = []string{"Winter", "Spring", "Summer", "Autumn"}
	kinds          = []string{"Webinar", "Newsletter", "Trade show", "Mailing", "Telemarketing", "Partner day", "Sample offer"}
	owners         = []string{"Ines Halvorsen", "Tomás Rey", "Priya Nair", "Jonas Weber"}
	memberStatuses = []string{"Planned", "Invited", "Sent", "Sent", "Received", "Opened", "Opened", "Responded", "Bounced", "Opted Out"}

	sources      = []string{"Web Download", "Trade Show", "Cold Call", "Partner", "Advertisement", "Employee Referral", "External Referral"}
	leadStatuses = []string{
		"Not Contacted", "Not Contacted", "Attempted to Contact", "Contact in Future", "Contacted", "Pre-Qualified", "Lost Lead", "Junk Lead",
	}
	stages     = []string{"Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost"}
	roles      = []string{"Decision Maker", "Influencer", "Product Management", "Purchasing"}
	industries = []string{"Retail", "Tourism", "Education", "Manufacturing", "Logistics", "Public Sector"}

	givenNames = []string{
		"Ada", "Ahmed", "Akiko", "Alina", "Bea", "Björn", "Carla", "Chen", "Daniel", "Dilara", "Elif", "Emil", "Esther", "Farid", "Fatou", "Gustav",
		"Hana", "Henrik", "Ida", "Imran", "Iris", "Jakub", "Jun", "Kofi", "Lena", "Lucía", "Mads", "Maya", "Milan", "Nadia", "Noor", "Olga", "Omar",
		"Paula", "Quinn", "Rania", "Ravi", "Sofia", "Sven", "Tariq", "Thu", "Uma", "Vera", "Wim", "Yara", "Zoltán",
	}
	familyNames = []string{
		"Abe", "Adeyemi", "Almeida", "Andersen", "Bakker", "Bauer", "Brandt", "Castillo", "Costa", "Demir", "Dubois", "Eriksen", "Fischer", "Garcia",
		"Haddad", "Hansen", "Horvath", "Ito", "Jensen", "Kaya", "Khan", "Kim", "Kowalski", "Larsson", "Lopez", "Mensah", "Moreau", "Müller", "Nguyen",
		"Novak", "O'Brien", "Okafor", "Olsen", "Patel", "Petrov", "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Tan", "Vargas", "Virtanen", "Wagner", "Zhang",
	}
	companies = []string{
		"Alpine Huts Cooperative", "Bay Street Outfitters", "Blue Heron Travel", "Canyon School of Climbing", "Cedar & Sons", "Coastline Rentals",
		"Compass Logistics", "Eagle Ridge Resort", "Fjord Ferries", "Forest Academy", "Glacier Guides", "Green Valley Council", "Harbour Sports",
		"High Pass Lodges", "Juniper Tours", "Kestrel Bikes", "Lakeside Camps", "Maple Events", "Meridian Freight", "Moorland Museum", "North Shore Retail",
		"Old Mill Brewery", "Pine Street Gym", "Polar Light Hotels", "Quarry Works", "Red Rock Rafting", "Riverbend Schools", "Saltmarsh Kayaks",
		"Silver Birch Clinics", "Snowline Ski Hire", "Stone Bridge Hostels", "Summit Sports", "Tidewater Diving", "Timberline Furniture", "Trailhead Media",
		"Upland Farms", "Valley Bus Company", "Westwind Sailing", "Willow Creek Library", "Windmill Energy",
	}
	goods = []string{
		"Two-person tent", "Down sleeping bag", "Hiking poles", "Trekking backpack 60 l", "Water filter", "Camping stove", "Head torch", "Rain jacket",
		"Climbing rope 70 m", "Snowshoes", "First-aid kit", "Map case",
	}
	books = []string{"Retail", "Schools and clubs", "Wholesale", "Clearance 2023"}
)
