package zoho

import (
	"context"
	"fmt"
)

// MostNames is how many records a call for names can be about. Their ids may have 1,024 characters
// (S).
const MostNames = 48

// Names asks for the names of up to MostNames records of a module. Records that have none, or that
// are not there, are left out. Its errors are of type *Error.
//
// GET /{module}?fields=…&ids=… (S)
func (c *Client) Names(ctx context.Context, module string, ids []ID) (map[ID]string, error) {
	token, err := c.Token(ctx)
	if err != nil {
		return nil, err
	}
	field := NameField(module)
	path := appendIDs(fmt.Appendf(nil, "/%s?fields=id,%s&ids=", module, field), ids)
	page, e := c.page(ctx, token, reading{path: string(path), keep: columns{[]string{field}, restIsLost}})
	if e != nil {
		e.hasNoParent()
		return nil, e
	}
	names := map[ID]string{}
	for _, r := range page.Records {
		if name := r.Fields[field]; name != "" {
			names[r.ID] = name
		}
	}
	return names, nil
}
