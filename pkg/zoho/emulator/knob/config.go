package knob

import "time"

// Config holds all knobs. A field with its zero value has the default that its tag names. [List]
// and [Config.Set] go by the tags. Maps and slices in it are replaced and never changed, so copies
// of a Config can share them.
type Config struct {
	// Links says what is linked before anything is removed. With "listed", it is the links that
	// were put in, and a parent record without links has to be put in as well. With "all", every id
	// of every list is linked until it is removed, and only links that a call named take memory.
	Links string `subject:"What is there" knob:"links" default:"listed" values:"listed|all" help:"what is linked: only what was loaded, or every id until it is removed"`

	// Demo fills the books with the demo org when the emulator is made; see the function Demo.
	Demo bool `knob:"demo" default:"false" help:"begin with a small, believable org: 30 campaigns, 2,000 leads and more. Counts from the start"`

	// The login. Grants and their form are D. AccessToken is a token that is valid whatever happens
	// to the others; "none" means that there is no such token.
	ClientID     string `subject:"The login" knob:"client-id" default:"1000.EMULATOR" help:"OAuth client id"`
	ClientSecret string `knob:"client-secret" default:"emulator-secret" help:"OAuth client secret"`
	RefreshToken string `knob:"refresh-token" default:"1000.emulator.refresh" help:"the refresh token that is good"`
	GrantCode    string `knob:"grant-code" default:"1000.emulator.grant" help:"grant code of a self client, good once"`
	AccessToken  string `knob:"access-token" default:"1000.emulator.access" help:"an access token that is always good; none for no such token"`
	APIDomain    string `knob:"api-domain" default:"" help:"api_domain of the token answer; empty: the host that was asked"`

	// What token answers may lack or have otherwise (R).
	APIDomainForm string `knob:"api-domain-form" default:"url" values:"url|bare|slash|missing" help:"api_domain with its scheme, without it, with a slash at the end, or not at all"`
	OfflineAccess string `knob:"offline-access" default:"granted" values:"granted|missing" help:"a grant code gives a refresh token, or was made without offline access and gives none"`
	TokenType     string `knob:"token-content-type" default:"application/json" values:"application/json|text/plain|text/html|application/octet-stream|none" help:"how the token endpoint labels its JSON"`

	// Scopes. Every token has the same ones (D). Whether a call on a list needs the scope of the
	// related module as well is I.
	Scopes      Names `knob:"scopes" default:"ZohoCRM.modules.ALL,ZohoCRM.settings.related_lists.READ,ZohoCRM.settings.custom_views.READ,ZohoCRM.coql.READ,ZohoCRM.org.READ" help:"scopes granted, with commas"`
	ScopeBoth   bool  `knob:"scope-both" default:"false" help:"a list needs the related module's scope as well"`
	ScopeStatus int   `knob:"scope-status" default:"401" values:"401|403" help:"status of OAUTH_SCOPE_MISMATCH"`

	// Tokens. One refresh token gives 10 access tokens in 10 minutes. 15 can be valid; the 16th
	// makes the oldest invalid (D). Errors come with 200. The lock-out comes with 400 or 200, and
	// asking makes it longer (R). Where expires_in_sec is there too, expires_in is in milliseconds
	// (K).
	TokenLife     time.Duration `subject:"Tokens" knob:"token-life" default:"1h" help:"how long an access token lives"`
	TokenCalls    int           `knob:"token-calls" default:"0" help:"an access token becomes invalid after so many calls; 0: never"`
	TokenLimits   string        `knob:"token-limits" default:"on" values:"on|off" help:"10 tokens in 10 minutes, 15 valid ones"`
	TokenLockout  time.Duration `knob:"token-lockout" default:"10m" help:"how long Access Denied lasts after the last attempt"`
	TokensRefused bool          `knob:"tokens-refused" default:"false" help:"the API refuses every token, fresh ones too"`
	ExpiresInMs   bool          `knob:"expires-in-ms" default:"false" help:"expires_in in milliseconds, with expires_in_sec beside it"`
	TokenErrors   int           `knob:"token-errors" default:"200" values:"200|400" help:"status of the token endpoint's errors"`
	DeniedStatus  int           `knob:"denied-status" default:"400" values:"400|200|401|403|429" help:"status of the lock-out"`
	DeniedForm    string        `knob:"denied-form" default:"documented" values:"documented|access-denied|throttles|translated|html" help:"words of the lock-out: Access Denied, access_denied, throttles_limit_exceeded, another language, or a page"`
	LockedOut     bool          `knob:"locked-out" default:"false" help:"the token endpoint refuses every request as one too many"`
	TokenCode     string        `knob:"token-code" default:"INVALID_TOKEN" values:"INVALID_TOKEN|INVALID_OAUTHTOKEN|AUTHENTICATION_FAILURE" help:"code of the 401 for a bad token"`
	TokenLatency  Span          `knob:"token-latency" default:"0s" help:"answer time of the token endpoint: 300ms, or 200ms..600ms"`

	// The device flow (D). What the user decides, and after how many polls, is for the knobs to say.
	// The documentation has times in milliseconds (D), and its examples in seconds (R). The data
	// centre of the user is in user_location (D), or in location (R). A second login of a user has a
	// refresh token only with prompt=consent (D).
	DevicePolls    int           `subject:"The device flow" knob:"device-polls" default:"1" words:"none=-1" help:"polls of a device that answer authorization_pending; none, or a number"`
	DeviceInterval time.Duration `knob:"device-interval" default:"30s" help:"how often a device may poll"`
	DeviceLife     time.Duration `knob:"device-life" default:"5m" help:"how long the code of a device is good"`
	DeviceUnit     string        `knob:"device-unit" default:"milliseconds" values:"milliseconds|seconds" help:"unit of the times that the answer to a device has"`
	DeviceSlowDown int           `knob:"device-slow-downs" default:"0" help:"the first polls of a device that answer slow_down, even if they are in time"`
	DeviceAnswer   string        `knob:"device-answer" default:"allowed" values:"allowed|access_denied|expired|other_dc" help:"what the user of a device decides; other_dc: to allow it, in another data centre, where the next poll has to go"`
	DeviceLocation string        `knob:"device-location" default:"eu" help:"data centre that other_dc names"`
	DeviceDCField  string        `knob:"device-location-field" default:"user_location" values:"user_location|location" help:"name of the field for it"`

	// Revoking. The documentation has the token in the URL (D); public code has it in the form, too
	// (R). A token that is not valid answers 400 (D).
	Revoke string `knob:"revoke" default:"accepted" values:"accepted|url-only|refused|unsupported" help:"a refresh token can be revoked; only if the URL has it; never; or the address does not exist"`

	// The org, as GET /crm/v8/org shows it. Edition and Users make the limits.
	OrgID   string `subject:"The org" knob:"org-id" default:"60001234567" help:"the org's id, as in soid=ZohoCRM.<id>"`
	OrgType string `knob:"org-type" default:"production" values:"production|sandbox|developer" help:"type of the org"`
	Company string `knob:"company" default:"Emulated Inc." help:"company_name of the org"`
	Edition string `knob:"edition" default:"enterprise" values:"free|standard|professional|enterprise|zohoone|ultimate|crmplus" help:"paid_type of the org, makes the limits"`
	Users   int    `knob:"users" default:"100" help:"licensed users, makes the credits"`

	// Limits (D). Calls in flight are those of the org and app, credits those of the last 24 hours.
	// 0 is the limit of the edition, -1 is no limit.
	InFlight int `subject:"Limits" knob:"in-flight" default:"edition" words:"edition=0|none=-1" help:"most calls at the same time; edition, none, or a number"`
	Credits  int `knob:"credits" default:"edition" words:"edition=0|none=-1" help:"credits per rolling 24 hours; edition, none, or a number"`

	// The form of a 429. It need not say which limit was hit (D). The bodies and
	// X-API-CREDITS-REMAINING are R; Retry-After and X-RATELIMIT-* are ?.
	ThrottleCode   string        `subject:"Refusals of too many calls (429)" knob:"throttle-code" default:"TOO_MANY_REQUESTS" values:"TOO_MANY_REQUESTS|LIMIT_REACHED|RATE_LIMIT_EXCEEDED" help:"code in a 429"`
	ThrottleBody   string        `knob:"throttle-body" default:"envelope" values:"envelope|number|html|empty" help:"body of a 429"`
	CreditsAnswer  string        `knob:"credits-answer" default:"text" values:"text|header|plain" help:"how a 429 says that the credits are gone; plain: not at all"`
	CreditsHeader  string        `knob:"credits-header" default:"half" values:"half|never|always" help:"when X-API-CREDITS-REMAINING comes; half: once half are used"`
	RetryAfter     string        `knob:"retry-after" default:"none" values:"none|seconds|date|nonsense" help:"form of Retry-After in a 429"`
	RetryAfterWait time.Duration `knob:"retry-after-wait" default:"5s" help:"what Retry-After says, if it comes"`
	RateHeaders    string        `knob:"rate-headers" default:"never" values:"never|throttled|always" help:"when X-RATELIMIT-* come"`

	// Time. ClockSkew changes nothing but the header Date. A call is in flight from its arrival
	// until its answer is made. How long Zoho takes, and whether it goes on when the client has
	// left, is ?.
	Latency      Span          `subject:"Time" knob:"latency" default:"0s" help:"answer time of the API: 300ms, or 200ms..600ms"`
	LatencyPerID time.Duration `knob:"latency-per-id" default:"0s" help:"added to the answer time for each id"`
	ClockSkew    Shift         `knob:"clock-skew" default:"0s" help:"how far the clock of the API is ahead, as the header Date shows it; -5m is behind"`
	Work         string        `knob:"work" default:"start" values:"start|end|always" help:"a call's work is done at the start of its answer time; at the end, but not if the client has left; or at the end, always"`

	// Faults, as gateways and networks make them (R). A script goes by the number of the call among
	// those that were not refused at once: "1-50:429". Seed also decides about latency, order and
	// all other chances.
	Seed        uint64        `subject:"Faults" knob:"seed" default:"1" help:"seed of everything random"`
	Faults      Mix           `knob:"faults" default:"" help:"chance of each fault: drop-after:1%,500:0.02"`
	FaultScript Script        `knob:"fault-script" default:"" help:"faults by number of the call: 3:reset-after,5-9:429,7:torn,*:html"`
	Late        time.Duration `knob:"late" default:"10s" help:"when the work of a fault with -late is done, counted from the call's arrival"`
	TornStatus  int           `knob:"torn-status" default:"own" words:"own=0" values:"own|200|207|400|404|500|502" help:"status of answers that are cut off; own: that of the answer"`
	FaultsOn    Names         `knob:"faults-on" default:"delink" help:"kinds of calls that fail and are numbered: delink, read, count, link, records, query, org, lists, views, token, revoke, device, all"`

	// The answer to a delink. 207 for mixed results is D and S, 400 where no link was removed is S.
	// The order of data is not promised. What items may lack, and what happens to repeated ids, is
	// ?. The code of an absent link is INVALID_DATA (D) or MANDATORY_NOT_FOUND (S).
	AllBad         int    `subject:"Answers to a delink" knob:"all-bad" default:"400" values:"400|207|200" help:"status when no id of a batch was removed"`
	Mixed          int    `knob:"mixed" default:"207" values:"207|200" help:"status when some ids were removed and some not"`
	Strict         bool   `knob:"strict" default:"false" help:"one id that cannot be removed fails the whole call, and the answer names none"`
	AbsentCode     string `knob:"absent-code" default:"INVALID_DATA" values:"INVALID_DATA|MANDATORY_NOT_FOUND" help:"code of relation not found"`
	Order          string `knob:"order" default:"sent" values:"sent|shuffled|reversed|sorted" help:"order of data"`
	NoDetails      string `knob:"no-details" default:"never" values:"never|errors|always|random" help:"items that lack details.id"`
	NoDetailsShare Share  `knob:"no-details-share" default:"0.5" help:"chance that an item lacks details with no-details=random"`
	MissingItems   Share  `knob:"missing-items" default:"0" help:"chance that an id is not answered"`
	ExtraItems     Share  `knob:"extra-items" default:"0" help:"chance that a call answers an id nobody asked for"`
	Duplicates     string `knob:"duplicates" default:"not-found" values:"not-found|each|once" help:"the same id twice in a call: the second is not found, both are removed, or there is one answer"`

	// The calls beside the delink. That both records see the same link is D; Contacts.Deals being
	// the other side of contact roles is I. Which fields reads show, whether a list of contact
	// roles can be sent, what linking costs, and the largest limit of a query is unsure
	// (docs/zoho-api.md, section 6).
	Sides          string        `subject:"Other calls" knob:"sides" default:"same" values:"same|without-roles|separate" help:"a link and its other side are the same link; but not Contacts.Deals and contact roles; or never. Counts from the start"`
	OwnFields      string        `knob:"own-fields" default:"always" values:"always|asked" help:"when reads show the link's own fields"`
	MemberInfo     string        `knob:"member-info" default:"full" values:"full|fields" help:"$member_info with the link's id and times, or only with its fields"`
	ListPrice      string        `knob:"list-price" default:"shown" values:"shown|hidden" help:"whether reads show list_price"`
	ApprovedParam  string        `knob:"approved-param" default:"accept" values:"accept|refuse" help:"the parameter approved, which older versions refuse"`
	ReadLag        time.Duration `knob:"read-lag" default:"0s" help:"how long reads and counts go on to show what was before a change of a link"`
	ListEnd        int           `knob:"list-end" default:"100000" help:"the record at which page tokens end"`
	ContactRoles   string        `knob:"contact-roles" default:"single" values:"single|list" help:"linking contact roles: only in the single form, or as a list too"`
	LinkCredits    string        `knob:"link-credits" default:"call" values:"call|ten" help:"linking costs a credit for each call, or for each ten items"`
	QueryLimit     int           `knob:"query-limit" default:"2000" values:"2000|200" help:"largest limit of a COQL query"`
	UnknownColumns string        `knob:"unknown-columns" default:"refuse" values:"refuse|empty" help:"queries that name a field which no record of the module has: refused, or empty"`

	// The form of any answer. Objects, strings and the plain wording are D; the others are R.
	DetailsForm   string `subject:"The form of any answer" knob:"details-form" default:"object" values:"object|array|empty-array" help:"form of details"`
	CodeForm      string `knob:"code-form" default:"string" values:"string|number|number-envelope" help:"code as a number: everywhere, or only outside data"`
	IDForm        string `knob:"id-form" default:"string" values:"string|number" help:"ids in answers as strings or JSON numbers"`
	Wording       string `knob:"wording" default:"plain" values:"plain|upper|varied" help:"messages as documented, in capitals, or in other words"`
	Decor         string `knob:"decor" default:"none" values:"none|bom|space|both" help:"byte order mark before, white space behind the body"`
	ReadAnswer    string `knob:"read-answer" default:"whole" values:"whole|beside|envelope|empty|nothing|token|more|twice|count" help:"what reads of links answer: the truth; part of it beside an error; an error with 200; no data; 204; part of it with a page token, more_records, an id twice or a count of all"`
	EncodedCommas string `knob:"encoded-commas" default:"accept" values:"accept|refuse" help:"%2C in ids"`
	WrongMethod   int    `knob:"wrong-method" default:"400" values:"400|405" help:"status of INVALID_REQUEST_METHOD"`

	// What is wrong with some of the records. Ids are those of related records unless the name says
	// otherwise. An id that never was linked is not found (I); what an id of another module gets is
	// ?.
	IDErrors          IDCodes `subject:"Records with something wrong" knob:"id-errors" default:"" help:"item errors: 123:RECORD_LOCKED,124:NO_PERMISSION"`
	RefusedIDs        IDCodes `knob:"refused-ids" default:"" help:"ids that refuse their whole call, without data, and are named in details: 123:RECORD_LOCKED"`
	ErrorShare        Share   `knob:"error-share" default:"0" help:"share of all ids that answer error-code, always the same ones"`
	ErrorCode         string  `knob:"error-code" default:"NO_PERMISSION" help:"code for error-share"`
	Absent            IDs     `knob:"absent" default:"" help:"ids that are linked nowhere"`
	AbsentShare       Share   `knob:"absent-share" default:"0" help:"share of all ids that are linked nowhere, with links=all"`
	OtherModule       IDs     `knob:"other-module" default:"" help:"ids of another module"`
	OtherModuleAnswer string  `knob:"other-module-answer" default:"not-found" values:"not-found|item|call" help:"an id of another module is not found, is an error of its own, or fails the call"`
	Converted         IDs     `knob:"converted" default:"" help:"converted leads: hidden from reads without converted=both"`
	ConvertedParents  string  `knob:"converted-parents" default:"refused" values:"refused|all|count|allowed" help:"converted leads as parent records: refused but for reads, refused always, refused by counts only, allowed"`
	ConvertedLinks    string  `knob:"converted-links" default:"refused" values:"refused|allowed" help:"linking a converted lead again"`
	ConvertedCode     string  `knob:"converted-code" default:"ID_ALREADY_CONVERTED" help:"code of id already converted"`
	Unapproved        IDs     `knob:"unapproved" default:"" help:"unapproved records: hidden from reads without approved=both"`
	Missing           IDs     `knob:"missing" default:"" help:"parents that do not exist"`
	MissingParent     int     `knob:"missing-parent" default:"400" values:"400|404" help:"status for a parent that does not exist"`
	ParentErrors      IDCodes `knob:"parent-errors" default:"" help:"parents whose calls are refused: 77:RECORD_LOCKED"`
	PermissionDetails string  `knob:"permission-details" default:"path" values:"path|empty|named" help:"details of NO_PERMISSION: the index for a parent and permissions for a list, nothing, or permissions"`

	// What is wrong with modules and lists. A list is written Module.List. That delinks delete
	// records on some lists is D and S; what they do on one-to-many lists is ?.
	ModuleErrors    NameCodes `subject:"Modules and lists with something wrong" knob:"module-errors" default:"" help:"codes that modules answer: Campaigns:INVALID_MODULE"`
	ListErrors      NameCodes `knob:"list-errors" default:"" help:"codes that lists answer: Products.Leads:NO_PERMISSION"`
	HiddenLists     Names     `knob:"hidden-lists" default:"" help:"lists hidden in the layout"`
	DeleteLists     Names     `knob:"delete-lists" default:"" help:"lists whose delinking deletes records, beside Notes and the like"`
	KeptLists       Names     `knob:"kept-lists" default:"" help:"lists of which the org says that they cannot be disassociated"`
	ListLabels      Labels    `knob:"list-labels" default:"" help:"what the org calls lists: Campaigns.Leads:Leads of the campaign,Leads.Campaigns:Fairs"`
	LookupLists     string    `knob:"lookup-lists" default:"refused" values:"refused|removed|deleted" help:"what delinking does to one-to-many lists such as Accounts.Contacts"`
	RefusedVersions Names     `knob:"refused-versions" default:"" help:"API versions that answer API_NOT_SUPPORTED: v2,v3"`
}

// Default returns the configuration with every default filled in.
func Default() Config {
	return Config{}.WithDefaults()
}
