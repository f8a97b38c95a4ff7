package zoho

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// DataCentre is where an org lives. A token of one is worth nothing in another.
type DataCentre struct {
	Name     string
	Accounts string // base URL of the token endpoint
	API      string // base URL of the API for production orgs
	Sandbox  string
	Develop  string // developer editions
}

// dataCentres are the known data centres (K; uk and ae: R).
var dataCentres = []DataCentre{
	dataCentre("us", "accounts.zoho.com", "zohoapis.com"),
	dataCentre("eu", "accounts.zoho.eu", "zohoapis.eu"),
	dataCentre("in", "accounts.zoho.in", "zohoapis.in"),
	dataCentre("au", "accounts.zoho.com.au", "zohoapis.com.au"),
	dataCentre("jp", "accounts.zoho.jp", "zohoapis.jp"),
	dataCentre("ca", "accounts.zohocloud.ca", "zohoapis.ca"),
	dataCentre("cn", "accounts.zoho.com.cn", "zohoapis.com.cn"),
	dataCentre("sa", "accounts.zoho.sa", "zohoapis.sa"),
	dataCentre("uk", "accounts.zoho.uk", "zohoapis.uk"),
	dataCentre("ae", "accounts.zoho.ae", "zohoapis.ae"),
}

func dataCentre(name, accounts, api string) DataCentre {
	return DataCentre{
		Name:     name,
		Accounts: "https://" + accounts,
		API:      "https://www." + api,
		Sandbox:  "https://sandbox." + api,
		Develop:  "https://developer." + api,
	}
}

// CRM is the host at which people use the CRM, which they know from the address line of the browser.
func (d DataCentre) CRM() string { return "crm." + d.domain() }

// Console is the base URL of the page where clients are registered.
func (d DataCentre) Console() string { return "https://api-console." + d.domain() }

func (d DataCentre) domain() string { return strings.TrimPrefix(d.Accounts, "https://accounts.") }

// DataCentreByName finds a data centre by its short name, or by an address that people know: that of
// a page of the CRM, or of any other page of Zoho there. The error lists those that there are.
func DataCentreByName(name string) (DataCentre, error) {
	host := hostOf(name)
	i := slices.IndexFunc(dataCentres, func(d DataCentre) bool {
		return strings.EqualFold(d.Name, name) || host == d.domain() || strings.HasSuffix(host, "."+d.domain())
	})
	if i < 0 {
		return DataCentre{}, fmt.Errorf("data centre %q is not known: choose one of %s", name, strings.Join(DataCentreNames(), ", "))
	}
	return dataCentres[i], nil
}

// hostOf gives the host of an address in lower case, with or without its scheme.
func hostOf(address string) string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		rest = address
	}
	host, _, _ := strings.Cut(rest, "/")
	return strings.ToLower(host)
}

// DataCentres are the known data centres.
func DataCentres() []DataCentre { return slices.Clone(dataCentres) }

// DataCentreNames are the short names of the known data centres.
func DataCentreNames() []string {
	names := make([]string, len(dataCentres))
	for i, d := range dataCentres {
		names[i] = d.Name
	}
	return names
}

// CheckBaseURL accepts an absolute https URL, and plain http only to loopback, because tokens
// travel in it. It returns the URL without a slash at its end, and without the path of the token
// endpoint or of the API, which people copy along. Any other path stays: a gateway may want it.
func CheckBaseURL(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil && strings.Contains(s, "@"): // which may have a password before it
		return "", errors.New("the value is not a URL: write it as https://host")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("%q is not a URL: write it as https://host", s)
	case u.User != nil || strings.ContainsAny(s, "?#"):
		return "", fmt.Errorf("%q must be a host only: no user, query or fragment", u.Redacted())
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "", fmt.Errorf("%q would send the token unencrypted: plain http is for loopback only, use https", s)
	}
	base := knownPath.ReplaceAllString(strings.TrimRight(s, "/"), "")
	if insideAPI.MatchString(base) {
		return "", fmt.Errorf("%q is the address of one call: write the host alone, as in %s://%s", s, u.Scheme, u.Host)
	}
	return strings.TrimRight(base, "/"), nil
}

var (
	// knownPath is the path of all calls or of the token endpoint, at the end of a URL.
	knownPath = regexp.MustCompile(`/(oauth(/v\d+(/token)?)?|crm(/v\d+(\.\d+)?)?)$`)
	// insideAPI is a path below it.
	insideAPI = regexp.MustCompile(`/(oauth|crm)/v\d`)
)

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
