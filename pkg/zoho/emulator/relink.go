package emulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// link answers PUT on a related list: it links again, and gives the links the
// fields that come with the ids (D).
func (c *call) link(p path, body []byte) answer {
	var asked struct {
		Data []map[string]any `json:"data"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&asked); err != nil {
		return c.refuse(http.StatusBadRequest, "INVALID_DATA", nil, "the body is not the JSON that is expected")
	}
	switch n := len(asked.Data); {
	case n == 0:
		return c.refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND",
			map[string]any{"api_name": "data", "json_path": "$.data"}, "required field not found")
	case n > maxIDs:
		return c.refuse(http.StatusBadRequest, "LIMIT_EXCEEDED",
			map[string]any{"api_name": "data", "limit": maxIDs}, "the limit of records is exceeded")
	}
	key, a, ok := c.place(p, "UPDATE")
	if !ok {
		return a
	}
	items := make([]map[string]any, len(asked.Data))
	added, codes := 0, make([]string, len(asked.Data))
	for i, record := range asked.Data {
		text := idText(record["id"])
		code, message := c.relink(p, key, text, record)
		codes[i] = code
		if code == "SUCCESS" {
			added++
			items[i] = map[string]any{"code": code, "details": map[string]any{"id": c.id(text)}, "message": c.word(msgAdded), "status": "success"}
			continue
		}
		// An error names the place in the request, not the id (D).
		details := map[string]any{"api_name": "id", "json_path": "$.data[" + strconv.Itoa(i) + "].id"}
		items[i] = map[string]any{"code": code, "details": details, "message": c.word(message), "status": "error"}
	}
	status := http.StatusOK
	switch {
	case added == 0:
		status = c.cfg.AllBad
	case added < len(items):
		status = c.cfg.Mixed
	}
	return answer{status: status, codes: codes, body: toJSON(map[string]any{"data": items})}
}

// relink makes one link and returns the item's code and, of an error, message.
func (c *call) relink(p path, key groupKey, text string, record map[string]any) (code, message string) {
	id, err := strconv.ParseUint(text, 10, 64)
	switch {
	case text == "":
		return "MANDATORY_NOT_FOUND", "required field not found"
	case err != nil, c.cfg.OtherModule[id]:
		return "INVALID_DATA", pathMessage
	case c.cfg.IDErrors[id] != "":
		return c.cfg.IDErrors[id], itemMessage(c.cfg.IDErrors[id])
	}
	b := &c.e.books
	if l := c.e.entry(c.cfg, p.module, b.group(key), id); !l.linked() {
		l.restore()
		b.Restored++
	}
	delete(record, "id")
	if len(record) > 0 {
		b.fields[fieldKey{key, id}] = record
	}
	return "SUCCESS", ""
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
