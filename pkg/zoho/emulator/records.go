package emulator

import (
	"net/http"
	"strconv"
	"strings"

	"delink/pkg/zoho/emulator/coql"
)

// maxRecordIDs bounds ids of GET on a module: 1,024 characters (D).
const maxRecordIDs = 1024

// records answers GET on a module: its records, or those of a custom view, by page.
func (c *call) records(module string) answer {
	q := c.r.URL.Query()
	if a, ok := c.checkRead(q); !ok {
		return a
	}
	if a, ok := c.checkModule(path{module: module}, "READ"); !ok {
		return a
	}
	list := module + "?cvid=" + q.Get("cvid")
	pg, bad := c.pageOf(q, list)
	if bad != nil {
		return c.invalid(bad)
	}
	var filter coql.Condition
	if id := q.Get("cvid"); id != "" {
		v, ok := c.e.books.view(module, func(v view) bool { return strconv.FormatUint(v.id, 10) == id })
		if !ok {
			return c.invalid(&problem{param: "cvid"})
		}
		filter = v.where
	}
	ids, a, ok := c.recordIDs(module)
	if !ok {
		return a
	}
	if filter != nil {
		var chosen []uint64
		for _, id := range ids {
			if filter.Holds(c.value(module, id)) {
				chosen = append(chosen, id)
			}
		}
		ids = chosen
	}
	ids, info := pg.cut(visibilityOf(q.Get).shown(c.cfg, ids), list, c.cfg.ListEnd, c.now())
	if len(ids) == 0 {
		return answer{status: http.StatusNoContent}
	}
	records := make([]map[string]any, len(ids))
	for i, id := range ids {
		records[i] = c.record(module, id, strings.Split(q.Get("fields"), ","))
	}
	return answer{status: http.StatusOK, body: toJSON(map[string]any{"data": records, "info": info})}
}

// recordIDs returns the records of a module in order: those that the call names, or all.
func (c *call) recordIDs(module string) ([]uint64, answer, bool) {
	d := parseIDs(c.r, "")
	if !d.given {
		if c.cfg.Links == "all" {
			return nil, c.endless(), false
		}
		return c.existing(module, c.e.books.recordIDs(module)), answer{}, true
	}
	if len(d.text) > maxRecordIDs {
		return nil, c.invalid(&problem{param: "ids", limit: maxRecordIDs, text: "the limit of ids is exceeded"}), false
	}
	if a, ok := c.checkIDs(d); !ok {
		return nil, a, false
	}
	return c.existing(module, d.sorted()), answer{}, true
}

// existing returns those of ids that are records of the module.
func (c *call) existing(module string, ids []uint64) []uint64 {
	var there []uint64
	for _, id := range ids {
		if c.e.hasParent(c.cfg, module, id) {
			there = append(there, id)
		}
	}
	return there
}

// value is a record as a condition sees it. A name with a dot goes into a lookup field.
func (c *call) value(module string, id uint64) coql.Record {
	fields := c.e.books.records[recordKey{module, id}]
	return func(name string) any {
		if name == "id" {
			return strconv.FormatUint(id, 10)
		}
		if v, ok := fields[name]; ok {
			return v
		}
		name, rest, dotted := strings.Cut(name, ".")
		if lookup, ok := fields[name].(map[string]any); ok && dotted {
			return lookup[rest]
		}
		return nil
	}
}
