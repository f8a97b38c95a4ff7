package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"delink/pkg/zoho/emulator/coql"
)

// A View is a custom view of a module: a filter with a name.
type View struct {
	ID    uint64
	Name  string // as people see it: Ended campaigns
	Where string // the condition, in COQL

	module string
	where  coql.Condition
}

// systemName is the name of a view in queries.
func (v View) systemName() string { return strings.ReplaceAll(v.Name, " ", "_") }

// AddView gives a module a custom view.
func (e *Emulator) AddView(module string, v View) error {
	where, err := coql.ParseCondition(v.Where)
	if err != nil {
		return fmt.Errorf("the view %s: %w", v.Name, err)
	}
	v.module, v.where = module, where
	e.lock()
	defer e.mu.Unlock()
	e.books.views[module] = append(e.books.views[module], v)
	return nil
}

// view returns the first view of a module for which a test holds.
func (b *ledger) view(module string, holds func(View) bool) (View, bool) {
	for _, v := range b.viewsOf(module) {
		if holds(v) {
			return v, true
		}
	}
	return View{}, false
}

// viewNamed returns the view that a query may name instead of a module.
func (b *ledger) viewNamed(name string) (View, bool) {
	for module := range b.views {
		if v, ok := b.view(module, func(v View) bool { return v.systemName() == name }); ok {
			return v, true
		}
	}
	return View{}, false
}

// viewsOf returns the views of a module. Every module has one of all records.
func (b *ledger) viewsOf(module string) []View {
	id, _ := strconv.ParseUint(listID(module, "all"), 10, 64)
	all := View{ID: id, Name: "All " + strings.ReplaceAll(module, "_", " "), module: module}
	return append([]View{all}, b.views[module]...)
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
			"id":             c.id(strconv.FormatUint(v.ID, 10)),
			"name":           v.Name,
			"display_value":  v.Name,
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
