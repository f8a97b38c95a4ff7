package emulator

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// link answers PUT on a related list: it links again, and gives the links the fields that come with
// the ids (D, S; docs/zoho-api.md, section 6.3).
func (c *call) link(p path, body []byte) answer {
	var asked struct {
		Data []map[string]any `json:"data"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&asked); err != nil {
		return c.refuse(http.StatusBadRequest, "INVALID_DATA", nil, "the body is not the JSON that is expected")
	}
	limit := maxIDs
	if p.single != "" {
		limit = 1
	}
	switch n := len(asked.Data); {
	case n == 0:
		return c.refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND",
			map[string]any{"api_name": "data", "json_path": "$.data"}, "required field not found")
	case n > limit:
		return c.refuse(http.StatusBadRequest, "LIMIT_EXCEEDED",
			map[string]any{"api_name": "data", "limit": limit}, "the limit of records is exceeded")
	}
	key, a, ok := c.place(p, "UPDATE")
	if !ok {
		return a
	}
	if c.cfg.LinkCredits == "ten" {
		c.charge((len(asked.Data) - 1) / 10) // enter has taken one already
	}
	if p.single != "" {
		asked.Data[0]["id"] = p.single
	}
	items := make([]map[string]any, len(asked.Data))
	good, codes := 0, make([]string, len(asked.Data))
	for i, record := range asked.Data {
		text := idText(record["id"])
		r := c.relink(p, key, text, record)
		codes[i] = r.code
		if r.code == "SUCCESS" {
			good++
			items[i] = map[string]any{"code": r.code, "details": map[string]any{"id": c.id(text)}, "message": c.word(r.message), "status": "success"}
			continue
		}
		// An error names the place in the request, not the id (S).
		details := map[string]any{"api_name": r.field, "json_path": "$.data[" + strconv.Itoa(i) + "]." + r.field}
		items[i] = map[string]any{"code": r.code, "details": details, "message": c.word(r.message), "status": "error"}
	}
	status := http.StatusOK
	switch {
	case good == 0:
		status = c.cfg.AllBad
	case good < len(items):
		status = c.cfg.Mixed
	}
	return answer{status: status, codes: codes, body: toJSON(map[string]any{"data": items})}
}

// A relinking is what became of one item of a PUT.
type relinking struct {
	code, message string
	field         string // of an error: the field that is wrong
}

// relink makes one link, or gives one that is there its fields.
func (c *call) relink(p path, key groupKey, text string, record map[string]any) relinking {
	cfg, b := c.cfg, &c.e.books
	id, err := strconv.ParseUint(text, 10, 64)
	code := cfg.IDErrors[id]
	needed := mandatory(p.module, p.list)
	switch {
	case text == "":
		return relinking{"MANDATORY_NOT_FOUND", "required field not found", "id"}
	case err == nil && code != "":
		return relinking{code, itemMessage(code), "id"}
	case err != nil, cfg.OtherModule[id], !c.e.hasParent(cfg, moduleOf(p.list), id):
		return relinking{"INVALID_DATA", pathMessage, "id"}
	case cfg.Converted[id] && cfg.ConvertedLinks == "refused":
		return relinking{cfg.ConvertedCode, msgConverted, "id"}
	case needed != "" && record[needed] == nil:
		return relinking{"MANDATORY_NOT_FOUND", "required field not found", needed}
	}
	at := b.at(key, id)
	message := msgUpdated
	if l := c.e.entry(cfg, key, id); !l.Linked() {
		l.Restore()
		b.Restored++
		b.made[at] = c.now()
		message = msgAdded
	}
	delete(record, "id")
	if len(record) > 0 {
		own := map[string]any{}
		maps.Copy(own, b.fields[at])
		maps.Copy(own, record)
		b.fields[at] = own
	}
	return relinking{code: "SUCCESS", message: message}
}

// idText is an id of a request, which may have come as a JSON number.
func idText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
