package zoho

import (
	"context"
	"net/url"
	"strconv"
)

// View is a custom view of a module: a filter that has a name.
type View struct {
	ID         ID
	Name       string // what people see
	SystemName string // what does not change with the language
}

// mostViewPages bounds the pages of views that are read: far more than an org can have.
const mostViewPages = 50

// Views asks for the custom views of a module. It needs the scope
// ZohoCRM.settings.custom_views.READ. It makes one call for each 200 views. Its errors are of type
// *Error.
//
// GET /crm/v8/settings/custom_views?module=… (S)
func (c *Client) Views(ctx context.Context, module string) ([]View, error) {
	var views []View
	seen := map[ID]bool{}
	for page := 1; page <= mostViewPages; page++ {
		var body struct {
			Views []struct {
				ID         text `json:"id"`
				Name       text `json:"name"`
				Display    text `json:"display_value"`
				SystemName text `json:"system_name"`
			} `json:"custom_views"`
			Info struct {
				More bool `json:"more_records"`
			} `json:"info"`
		}
		path := "/settings/custom_views?module=" + url.QueryEscape(module)
		if page > 1 {
			path += "&page=" + strconv.Itoa(page)
		}
		if err := c.get(ctx, path, &body); err != nil {
			e := AsError(err)
			e.hasNoIDs()
			e.hasNoParent()
			e.needsScopes("the call needs ZohoCRM.settings.custom_views.READ")
			return nil, e
		}
		if body.Views == nil {
			return nil, foreign()
		}
		for _, v := range body.Views {
			id, err := ParseID(string(v.ID))
			if err != nil || seen[id] {
				return nil, foreign()
			}
			seen[id] = true
			name := v.Name.text()
			if shown := v.Display.text(); shown != "" { // the name of a system view is in English (S)
				name = shown
			}
			views = append(views, View{ID: id, Name: name, SystemName: v.SystemName.text()})
		}
		if !body.Info.More {
			return views, nil
		}
		if len(body.Views) == 0 {
			break
		}
	}
	return nil, foreign()
}
