package emulator

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// maxCounts is how many lists one call can count (S).
const maxCounts = 20

// count answers POST get_related_records_count (S).
func (c *call) count(p path, body []byte) answer {
	const what = "get_related_records_count"
	var asked map[string][]struct {
		RelatedList struct {
			Name string `json:"api_name"`
		} `json:"related_list"`
		Params map[string]any `json:"params"`
	}
	if err := json.Unmarshal(body, &asked); err != nil || len(asked[what]) == 0 {
		return c.refuse(http.StatusBadRequest, "MANDATORY_NOT_FOUND",
			map[string]any{"api_name": what, "json_path": "$." + what}, "required field not found")
	}
	if len(asked[what]) > maxCounts {
		return c.refuse(http.StatusBadRequest, "LIMIT_EXCEEDED",
			map[string]any{"api_name": what, "limit": maxCounts, "json_path": "$." + what}, "the limit of lists is exceeded")
	}
	counts := make([]map[string]any, 0, len(asked[what]))
	for i, ask := range asked[what] {
		p.list = ask.RelatedList.Name
		if !isName(p.list) {
			return c.refuse(http.StatusBadRequest, "EXPECTED_FIELD_MISSING",
				map[string]any{"json_path": "$." + what + "[" + strconv.Itoa(i) + "].related_list.api_name"}, "one of the expected fields is missing")
		}
		key, a, ok := c.place(p, "READ")
		if !ok {
			return a
		}
		v := visibilityOf(func(name string) string { s, _ := ask.Params[name].(string); return s })
		ids, ok := c.visible(key, v, delinking{})
		if !ok {
			return c.endless()
		}
		counts = append(counts, map[string]any{
			"count":        len(ids),
			"related_list": map[string]any{"api_name": p.list, "id": listID(p.module, p.list)},
		})
	}
	return answer{status: http.StatusOK, body: toJSON(map[string]any{what: counts})}
}
