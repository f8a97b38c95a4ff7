package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"delink/pkg/zoho/emulator/coql"
)

// A view is a custom view of a module: a filter with a name.
type view struct {
	id     uint64
	name   string // as people see it: Ended campaigns
	module string
	where  coql.Condition // nil for all records
}

// systemName is the name of a view in queries.
func (v view) systemName() string { return strings.ReplaceAll(v.name, " ", "_") }

// AddView gives a module a custom view: its id, its name as people see it, and its condition in
// COQL.
func (e *Emulator) AddView(module string, id uint64, name, where string) error {
	condition, err := coql.ParseCondition(where)
	if err != nil {
		return fmt.Errorf("the view %s: %w", name, err)
	}
	e.lock()
	defer e.mu.Unlock()
	e.books.views[module] = append(e.books.views[module], view{id, name, module, condition})
	return nil
}

// view returns the first view of a module for which a test holds.
func (b *ledger) view(module string, holds func(view) bool) (view, bool) {
	for _, v := range b.viewsOf(module) {
		if holds(v) {
			return v, true
		}
	}
	return view{}, false
}

// viewNamed returns the view that a query may name instead of a module.
func (b *ledger) viewNamed(name string) (view, bool) {
	for module := range b.views {
		if v, ok := b.view(module, func(v view) bool { return v.systemName() == name }); ok {
			return v, true
		}
	}
	return view{}, false
}

// viewsOf returns the views of a module. Every module has one of all records.
func (b *ledger) viewsOf(module string) []view {
	id, _ := strconv.ParseUint(listID(module, "all"), 10, 64)
	all := view{id: id, name: "All " + strings.ReplaceAll(module, "_", " "), module: module}
	return append([]view{all}, b.views[module]...)
}

// customViews answers GET /crm/{version}/settings/custom_views?module=X.
func (c *call) customViews() answer {
	if !c.granted("ZohoCRM.settings.custom_views.READ", "ZohoCRM.settings.custom_views.ALL", "ZohoCRM.settings.ALL") {
		return c.scopeMismatch()
	}
	module := c.r.URL.Query().Get("module")
	if a, ok := c.checkSettingsModule(module); !ok {
		return a
	}
	var views []any
	for i, v := range c.e.books.viewsOf(module) {
		views = append(views, map[string]any{
			"id":             c.id(strconv.FormatUint(v.id, 10)),
			"name":           v.name,
			"display_value":  v.name,
			"system_name":    strings.ToUpper(v.systemName()),
			"system_defined": i == 0,
			"default":        i == 0,
			"favorite":       nil,
			"category":       "public_views",
			"module":         map[string]any{"api_name": module, "id": c.id(listID(module, ""))},
		})
	}
	info := map[string]any{"per_page": maxPerPage, "count": len(views), "page": 1, "more_records": false}
	return answer{status: http.StatusOK, body: toJSON(map[string]any{"custom_views": views, "info": info})}
}
