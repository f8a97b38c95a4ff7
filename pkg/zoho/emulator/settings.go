package emulator

import (
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
)

// org answers GET /crm/{version}/org.
func (c *call) org() answer {
	cfg := c.cfg
	if !c.granted("ZohoCRM.org.READ", "ZohoCRM.org.ALL") {
		return c.scopeMismatch()
	}
	paid := cfg.Edition != "free"
	return answer{status: http.StatusOK, body: toJSON(map[string]any{"org": []any{map[string]any{
		"id":           c.id(cfg.OrgID),
		"zgid":         cfg.OrgID,
		"type":         cfg.OrgType,
		"company_name": cfg.Company,
		"domain_name":  "org" + cfg.OrgID,
		"country_code": "US",
		"time_zone":    "Etc/UTC",
		"max_per_page": maxPerPage,
		"license_details": map[string]any{
			"paid":                    paid,
			"paid_type":               cfg.Edition,
			"paid_expiry":             nil,
			"trial_type":              nil,
			"trial_expiry":            nil,
			"users_license_purchased": cfg.Users,
		},
	}}})}
}

// relatedLists answers GET /crm/{version}/settings/related_lists?module=X.
func (c *call) relatedLists() answer {
	cfg, q := c.cfg, c.r.URL.Query()
	if !c.granted("ZohoCRM.settings.related_lists.READ", "ZohoCRM.settings.related_lists.ALL", "ZohoCRM.settings.ALL") {
		return c.scopeMismatch()
	}
	module := q.Get("module")
	if a, ok := c.checkSettingsModule(module); !ok {
		return a
	}
	var lists []any
	for i, list := range c.e.listNames(module) {
		kind := c.e.kindOf(cfg, module, list)
		status := "visible"
		if containsList(cfg.HiddenLists, module, list) {
			status = "user_hidden"
		}
		related := moduleOf(list)
		l := map[string]any{
			"id":              c.id(listID(module, list)),
			"sequence_number": strconv.Itoa(i + 1),
			"api_name":        list,
			"display_label":   labelOf(cfg, module, list),
			"name":            list,
			"module":          map[string]any{"api_name": related, "id": c.id(listID(related, ""))},
			"href":            module + "/{ENTITYID}/" + list,
			"action":          nil,
			"type":            listType(kind),
			"status":          status,
		}
		// S: these come only if they are asked for.
		if q.Get("extra_properties") == "true" {
			l["record_operations"] = map[string]any{
				"edit": true, "create": true, "bulk_edit": false, "assign": kind == linkList, "delete": kind == recordList,
				"disassociate": kind == linkList && !containsList(cfg.KeptLists, module, list),
			}
		}
		lists = append(lists, l)
	}
	return answer{status: http.StatusOK, body: toJSON(map[string]any{"related_lists": lists})}
}

// checkSettingsModule refuses a call about the settings of a module that the org does not have.
func (c *call) checkSettingsModule(module string) (answer, bool) {
	param := map[string]any{"param_name": "module"}
	switch code := c.cfg.ModuleErrors[module]; {
	case module == "":
		return c.refuse(http.StatusBadRequest, "REQUIRED_PARAM_MISSING", param, "One of the expected parameter is missing"), false
	case code != "":
		return c.pathError(code, 0, module), false
	case !isName(module), !c.e.hasModule(c.cfg, module):
		return c.refuse(http.StatusBadRequest, "INVALID_MODULE", param, "the module name given seems to be invalid"), false
	}
	return answer{}, true
}

// labelOf is what people see of a list: what the org has called it, else the words of its API name.
func labelOf(cfg *Config, module, list string) string {
	if label := cfg.ListLabels[module+"."+list]; label != "" {
		return label
	}
	return strings.ReplaceAll(strings.TrimSuffix(list, "__s"), "_", " ")
}

func listType(kind listKind) string {
	if kind == linkList {
		return "multiselectlookup"
	}
	return "default"
}

// listID makes up an id that stays the same.
func listID(module, list string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(module + "." + list))
	return strconv.FormatUint(3_652_397_000_000_000_000+h.Sum64()%1_000_000_000, 10)
}
