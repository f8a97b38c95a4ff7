package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is the largest body of a request, in bytes.
const maxBody = 1 << 20

// A path is an API path, taken apart.
type path struct {
	version string
	kind    string // of the call: one of those that Books counts
	module  string
	parent  string // its id, as it was written
	list    string
	single  string // the related id of the single form
}

// routes are the calls beside those on a related list. A path is what comes behind the version; *
// stands for anything.
var routes = []struct{ path, method, kind string }{
	{"org", http.MethodGet, "org"},
	{"coql", http.MethodPost, "query"},
	{"settings/related_lists", http.MethodGet, "lists"},
	{"settings/custom_views", http.MethodGet, "views"},
	{"*", http.MethodGet, "records"},
	{"*/*/actions/get_related_records_count", http.MethodPost, "count"},
}

// methods are the kinds of calls on a related list by method.
var methods = map[string]string{
	http.MethodDelete: "delink",
	http.MethodGet:    "read",
	http.MethodPut:    "link",
}

// parsePath takes the path of an API call apart. found is false if the API has no such path,
// allowed if the path does not take the method.
func parsePath(method, urlPath string) (p path, found, allowed bool) {
	rest, ok := strings.CutPrefix(urlPath, "/crm/")
	if !ok {
		return path{}, false, false
	}
	version, rest, _ := strings.Cut(rest, "/")
	if !slices.Contains(versions, version) {
		return path{}, false, false
	}
	p.version = version
	parts := strings.Split(rest, "/")
	for _, r := range routes {
		if !fits(r.path, parts) {
			continue
		}
		p.kind = r.kind
		if strings.HasPrefix(r.path, "*") {
			p.module = parts[0]
		}
		if len(parts) > 2 {
			p.parent = parts[1]
		}
		return p, p.module == "" || isName(p.module), method == r.method
	}
	if len(parts) != 3 && len(parts) != 4 || slices.Contains(parts, "") {
		return path{}, false, false
	}
	p.module, p.parent, p.list = parts[0], parts[1], parts[2]
	if len(parts) == 4 {
		p.single = parts[3]
	}
	if !isName(p.module) || !isName(p.list) {
		return path{}, false, false
	}
	p.kind = methods[method]
	if p.single != "" && p.kind == "read" {
		p.kind = ""
	}
	return p, true, p.kind != ""
}

// fits reports whether the parts of a path are those of a route.
func fits(route string, parts []string) bool {
	words := strings.Split(route, "/")
	return slices.EqualFunc(words, parts, func(word, part string) bool { return word == part || word == "*" && part != "" })
}

// versions take the same calls (D).
var versions = []string{"v8", "v7", "v6", "v5", "v4", "v3", "v2.1", "v2"}

// isName reports whether s has the form of an API name: [A-Za-z_][A-Za-z0-9_]* (S).
func isName(s string) bool {
	for i := range len(s) {
		switch ch := s[i]; {
		case ch >= 'A' && ch <= 'Z', ch >= 'a' && ch <= 'z', ch == '_':
		case ch >= '0' && ch <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != ""
}

// serveAPI is the API host.
func (e *Emulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	p, found, allowed := parsePath(r.Method, r.URL.Path)
	kind := p.kind
	if !found || !allowed {
		kind = "other"
	}
	c := e.begin(w, r, kind)
	switch {
	case !found:
		c.turnAway(c.refuse(http.StatusNotFound, "INVALID_URL_PATTERN", nil,
			"Please check if the URL trying to access is a correct one"))
		return
	case !allowed:
		c.turnAway(c.refuse(c.cfg.WrongMethod, "INVALID_REQUEST_METHOD", nil,
			"The http request method type is not a valid one"))
		return
	case slices.Contains(c.cfg.RefusedVersions, p.version):
		c.turnAway(c.refuse(http.StatusBadRequest, "API_NOT_SUPPORTED", nil, "the API is not supported in this version"))
		return
	}
	var d delinking
	if kind == "delink" {
		d = c.ask(p)
	}
	if a, ok := c.authorize(); !ok {
		c.turnAway(a)
		return
	}
	if a, ok := c.enter(); !ok {
		c.turnAway(a)
		return
	}
	c.draw()
	c.serve(p, d)
}

// serve carries out a call that has got a slot.
func (c *call) serve(p path, d delinking) {
	latency := c.span(c.cfg.Latency)
	switch c.kind {
	case "delink":
		latency += time.Duration(len(d.items)) * c.cfg.LatencyPerID
		c.run(latency, func(c *call) answer { return c.delink(p, d) })
	case "read":
		c.run(latency, func(c *call) answer { return c.read(p) })
	case "records":
		c.run(latency, func(c *call) answer { return c.records(p.module) })
	case "org":
		c.run(latency, (*call).org)
	case "lists":
		c.run(latency, (*call).relatedLists)
	case "views":
		c.run(latency, (*call).customViews)
	case "link":
		c.runWithBody(latency, func(c *call, body []byte) answer { return c.link(p, body) })
	case "count":
		c.runWithBody(latency, func(c *call, body []byte) answer { return c.count(p, body) })
	case "query":
		c.runWithBody(latency, (*call).query)
	}
}

// runWithBody runs a call that has a body. The body is read before the wait, because the server
// does not notice that a client has left while a body is unread.
func (c *call) runWithBody(latency time.Duration, work func(*call, []byte) answer) {
	body, err := readBody(c.w, c.r)
	c.run(latency, func(c *call) answer {
		if err != nil {
			return c.refuse(http.StatusRequestEntityTooLarge, "REQUEST_BODY_TOO_LARGE", nil, "the body is too large")
		}
		return work(c, body)
	})
}

// turnAway refuses a call without delay and without a fault.
func (c *call) turnAway(a answer) {
	c.locked(func(*call) answer { return a })
	c.send(a)
}

// place checks the path of a call on a related list and returns its key.
func (c *call) place(p path, operation string) (groupKey, answer, bool) {
	none := groupKey{}
	if a, ok := c.checkModule(p, operation); !ok {
		return none, a, false
	}
	if a, ok := c.checkList(p, operation); !ok {
		return none, a, false
	}
	id, a, ok := c.checkParent(p)
	if !ok {
		return none, a, false
	}
	return c.e.books.key(p.module, id, p.list), answer{}, true
}

// checkModule refuses modules that the org does not have, and those that the scopes do not cover.
func (c *call) checkModule(p path, operation string) (answer, bool) {
	if code := c.cfg.ModuleErrors[p.module]; code != "" {
		return c.pathError(code, 0, p.module), false
	}
	if !c.e.hasModule(c.cfg, p.module) {
		return c.refuse(http.StatusBadRequest, "INVALID_MODULE", index(0), "the module name given seems to be invalid"), false
	}
	if scope := c.missingScope(operation, p); scope != "" {
		return c.scopeMismatch(), false
	}
	return answer{}, true
}

func (c *call) scopeMismatch() answer {
	return c.refuse(c.cfg.ScopeStatus, "OAUTH_SCOPE_MISMATCH", nil, "invalid oauth scope to access this URL")
}

// checkList refuses lists that the module does not have, and those that do not know the operation.
func (c *call) checkList(p path, operation string) (answer, bool) {
	cfg := c.cfg
	if code := cfg.ListErrors[p.module+"."+p.list]; code != "" {
		return c.pathError(code, 2, p.module), false
	}
	kind := c.e.kindOf(cfg, p.module, p.list)
	refused := kind == deniedList ||
		operation == "DELETE" && kind == lookupList && cfg.LookupLists == "refused" ||
		operation == "UPDATE" && kind != linkList
	switch {
	case kind == noList, containsList(cfg.HiddenLists, p.module, p.list):
		return c.refuse(http.StatusBadRequest, "INVALID_DATA", index(2), "the relation name given seems to be invalid"), false
	case refused:
		return c.refuse(http.StatusBadRequest, "NOT_SUPPORTED", index(0), "the module is not supported for this operation"), false
	case operation == "UPDATE" && p.list == contactRoles && p.single == "" && cfg.ContactRoles == "single":
		// D: only the single form is documented.
		return c.refuse(cfg.WrongMethod, "INVALID_REQUEST_METHOD", nil, "The http request method type is not a valid one"), false
	}
	return answer{}, true
}

// checkParent refuses parent records that do not exist, or that cannot be used.
func (c *call) checkParent(p path) (uint64, answer, bool) {
	cfg := c.cfg
	refuse := func(status int, code string, details map[string]any, message string) (uint64, answer, bool) {
		return 0, c.refuse(status, code, details, message), false
	}
	id, err := strconv.ParseUint(p.parent, 10, 64)
	if err != nil || len(p.parent) > 20 {
		return refuse(http.StatusBadRequest, "INVALID_DATA", index(1), pathMessage)
	}
	if code := cfg.ParentErrors[id]; code != "" {
		details := index(1)
		if code == "NO_PERMISSION" && cfg.PermissionDetails != "path" {
			details = c.permissions(p.module)
		}
		return refuse(codeNumber(code), code, details, plainMessage(code))
	}
	if !c.e.hasParent(cfg, p.module, id) {
		if cfg.MissingParent == http.StatusNotFound {
			return refuse(http.StatusNotFound, "INVALID_DATA", nil, "The record does not exist")
		}
		return refuse(http.StatusBadRequest, "INVALID_DATA", index(1), pathMessage)
	}
	if cfg.Converted[id] && p.module == "Leads" && refusesConverted(cfg, p.kind) {
		return refuse(http.StatusBadRequest, cfg.ConvertedCode, index(1), msgConverted)
	}
	return id, answer{}, true
}

// refusesConverted reports whether a kind of call refuses converted leads as parent records: counts
// do (S), delinks perhaps (I).
func refusesConverted(c *Config, kind string) bool {
	switch c.ConvertedParents {
	case "all":
		return true
	case "refused":
		return kind != "read"
	case "count":
		return kind == "count"
	}
	return false
}

// pathError is the refusal with a code that a knob gives a module (at 0) or a list (at 2).
func (c *call) pathError(code string, at int, module string) answer {
	switch code {
	case "INVALID_MODULE", "NOT_SUPPORTED":
		return c.refuse(http.StatusBadRequest, code, index(0), "the module name given seems to be invalid")
	case "INVALID_DATA":
		return c.refuse(http.StatusBadRequest, code, index(at), "the relation name given seems to be invalid")
	case "NO_PERMISSION":
		return c.refuse(http.StatusForbidden, code, c.permissions(module), "permission denied")
	case "OAUTH_SCOPE_MISMATCH":
		return c.scopeMismatch()
	case "AUTHORIZATION_FAILED":
		return c.refuse(http.StatusBadRequest, code, nil, "User does not have sufficient privilege to delete records")
	}
	return c.refuse(codeNumber(code), code, nil, plainMessage(code))
}

// permissions are details that name what the user may not do, or nothing if a knob says so.
func (c *call) permissions(module string) map[string]any {
	if c.cfg.PermissionDetails == "empty" {
		return nil
	}
	return map[string]any{"permissions": []string{"Crm_Implied_Edit_" + module}}
}

// hasParent reports whether a record exists.
func (e *Emulator) hasParent(cfg *Config, module string, id uint64) bool {
	if cfg.Missing[id] {
		return false
	}
	return cfg.Links == "all" || e.books.hasRecord(module, id)
}

// missingScope returns the scope that the call lacks, or "". Delinking needs DELETE, reading READ,
// and linking again UPDATE (D, I).
func (c *call) missingScope(operation string, p path) string {
	modules := []string{p.module}
	if c.cfg.ScopeBoth && p.list != "" {
		modules = append(modules, moduleOf(p.list))
	}
	for _, module := range modules {
		// Both spellings of Price_Books were seen: price_books, pricebooks.
		name := strings.ToLower(module)
		short := strings.ReplaceAll(name, "_", "")
		if !c.granted("ZohoCRM.modules.ALL",
			"ZohoCRM.modules."+name+".ALL", "ZohoCRM.modules."+name+"."+operation,
			"ZohoCRM.modules."+short+".ALL", "ZohoCRM.modules."+short+"."+operation) {
			return "ZohoCRM.modules." + name + "." + operation
		}
	}
	return ""
}

// granted reports whether one of the scopes is granted.
func (c *call) granted(scopes ...string) bool {
	return slices.ContainsFunc(c.cfg.Scopes, func(granted string) bool {
		return slices.ContainsFunc(scopes, func(s string) bool { return strings.EqualFold(s, granted) })
	})
}

// rawParam returns a query parameter as it was sent, and whether it was.
func rawParam(query, name string) (string, bool) {
	for pair := range strings.SplitSeq(query, "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value, true
		}
	}
	return "", false
}

// unescape undoes percent encoding. It returns text that is not well-formed as it is.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}
