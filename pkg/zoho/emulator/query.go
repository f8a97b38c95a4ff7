package emulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"delink/pkg/zoho/emulator/coql"
)

// defaultLimit is the limit of a query that has none (D).
const defaultLimit = 200

// query answers POST /crm/{version}/coql (docs/zoho-api.md, section 6.2).
func (c *call) query(body []byte) answer {
	var asked struct {
		Query string `json:"select_query"`
	}
	if err := json.Unmarshal(body, &asked); err != nil || asked.Query == "" {
		return c.refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND",
			map[string]any{"api_name": "select_query", "json_path": "$.select_query"}, "required field not found")
	}
	if !c.granted("ZohoCRM.coql.READ") {
		return c.scopeMismatch()
	}
	q, err := coql.Parse(asked.Query)
	if err != nil {
		return c.syntaxError(err)
	}
	if q.Limit < 0 {
		q.Limit = defaultLimit
	}
	if q.Limit > c.cfg.QueryLimit {
		return c.refuse(http.StatusBadRequest, "LIMIT_EXCEEDED",
			map[string]any{"limit": c.cfg.QueryLimit, "clause": "limit"}, "the limit of records is exceeded")
	}
	c.charge(queryCredits(q.Limit) - 1) // enter has taken one already
	module, filter := q.From, coql.Condition(nil)
	if v, ok := c.e.books.viewNamed(q.From); ok {
		module, filter = v.module, v.where
	}
	if a, ok := c.checkModule(path{module: module}, "READ"); !ok {
		return a
	}
	if c.cfg.Links == "all" {
		return c.endless()
	}
	if c.cfg.UnknownColumns == "refuse" {
		if name, unknown := c.unknownColumn(q, module); unknown {
			return c.refuse(http.StatusBadRequest, "INVALID_QUERY", map[string]any{"column_name": name}, "column given seems to be invalid")
		}
	}
	return c.selectRecords(q, module, filter)
}

// queryCredits is what a query costs by its limit (D).
func queryCredits(limit int) int {
	switch {
	case limit <= 200:
		return 1
	case limit <= 1000:
		return 2
	}
	return 3
}

// systemFields are there in every module.
var systemFields = []string{"id", "Owner", "Created_By", "Modified_By", "Created_Time", "Modified_Time"}

// unknownColumn returns the first field of a query that no record of the module has. A module whose
// records have no fields knows every name.
func (c *call) unknownColumn(q *coql.Query, module string) (name string, unknown bool) {
	known := map[string]bool{}
	for key, fields := range c.e.books.records {
		if key.module != module {
			continue
		}
		for name := range fields {
			known[name] = true
		}
	}
	if len(known) == 0 {
		return "", false
	}
	known[nameField(module)] = true
	for _, name := range systemFields {
		known[name] = true
	}
	for _, name := range q.Named() {
		if of, _, _ := strings.Cut(name, "."); !known[name] && !known[of] {
			return name, true
		}
	}
	return "", false
}

func (c *call) selectRecords(q *coql.Query, module string, filter coql.Condition) answer {
	var found []coql.Record
	for _, id := range c.existing(module, c.e.books.recordIDs(module)) {
		r := c.value(module, id)
		if q.Where.Holds(r) && (filter == nil || filter.Holds(r)) {
			found = append(found, r)
		}
	}
	q.Sort(found)
	found = found[min(q.Offset, len(found)):]
	more := len(found) > q.Limit
	found = found[:min(q.Limit, len(found))]
	if len(found) == 0 {
		return answer{status: http.StatusNoContent}
	}
	rows := make([]map[string]any, len(found))
	for i, r := range found {
		id, _ := r("id").(string)
		rows[i] = map[string]any{"id": c.id(id)}
		for _, name := range q.Fields {
			if name != "id" {
				rows[i][name] = r(name)
			}
		}
	}
	info := map[string]any{"count": len(rows), "more_records": more}
	return answer{status: http.StatusOK, body: toJSON(map[string]any{"data": rows, "info": info})}
}

func (c *call) syntaxError(err error) answer {
	details := map[string]any{}
	message := "error occurred while parsing the query"
	var e *coql.Error
	if errors.As(err, &e) {
		if e.Clause != "" {
			details["clause"], message = e.Clause, "missing clause"
		} else {
			details["near"] = e.Near
		}
	}
	return c.refuse(http.StatusBadRequest, "SYNTAX_ERROR", details, message)
}
