package emulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of a list (D, S): up to 200 records a page, and pages by number up to
// 2,000 records; then page_token leads on.
const (
	maxPerPage = 200
	maxByPage  = 2000
)

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

// A view says which records of a list are shown.
type view struct {
	converted, approved string // true, false or both
}

// viewOf reads the two parameters, whose defaults hide converted leads and
// unapproved records (D).
func viewOf(get func(string) string) view {
	v := view{get("converted"), get("approved")}
	if v.converted == "" {
		v.converted = "false"
	}
	if v.approved == "" {
		v.approved = "true"
	}
	return v
}

func (v view) shows(cfg *Config, id uint64) bool {
	fits := func(wanted string, is bool) bool { return wanted == "both" || wanted == strconv.FormatBool(is) }
	return fits(v.converted, cfg.Converted[id]) && fits(v.approved, !cfg.Unapproved[id])
}

// read answers GET on a related list.
func (c *call) read(p path) answer {
	q := c.r.URL.Query()
	fields := q.Get("fields")
	if fields == "" {
		c.e.books.violation("read without fields")
		return c.refuse(http.StatusBadRequest, "REQUIRED_PARAM_MISSING", map[string]any{"param_name": "fields"},
			"One of the expected parameter is missing")
	}
	if q.Get("converted") != "both" || q.Get("approved") != "both" {
		c.e.books.violation("read without converted=both and approved=both: it hides links")
	}
	d := parseIDs(c.r, "")
	if d.given {
		if a, ok := c.checkIDs(d); !ok {
			return a
		}
	}
	key, a, ok := c.place(p, "READ")
	if !ok {
		return a
	}
	pg, bad := pageOf(q)
	if bad != "" {
		return c.refuse(http.StatusBadRequest, "INVALID_DATA", map[string]any{"param_name": bad}, "the parameter "+bad+" is invalid")
	}
	if pg.token == "" && pg.page*pg.perPage > maxByPage {
		return c.refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", map[string]any{"param_name": "page", "limit": maxByPage},
			"pages end at 2000 records; use page_token")
	}
	ids, ok := c.e.visible(c.cfg, p, key, viewOf(q.Get), d)
	if !ok {
		return c.endless()
	}
	ids, more := pg.cut(ids)
	if len(ids) == 0 {
		return answer{status: http.StatusNoContent}
	}
	records := make([]map[string]any, len(ids))
	for i, id := range ids {
		records[i] = c.record(p, key, id, strings.Split(fields, ","))
	}
	info := map[string]any{
		"per_page": pg.perPage, "count": len(ids), "page": pg.page, "more_records": more,
		"next_page_token": nil, "previous_page_token": nil, "page_token_expiry": nil,
	}
	if more {
		info["next_page_token"] = tokenAfter(ids[len(ids)-1])
		info["page_token_expiry"] = time.Now().Add(24 * time.Hour).Format(time.RFC3339)
	}
	return c.distort(records, info)
}

// distort answers a read as knob read-answer wants it. All forms but the whole answer hide a record
// that is linked; a client that believes them takes a link for removed.
func (c *call) distort(records []map[string]any, info map[string]any) answer {
	body := map[string]any{"data": records, "info": info}
	n := len(records) - 1
	switch c.cfg.ReadAnswer {
	case "nothing":
		return answer{status: http.StatusNoContent}
	case "envelope":
		return c.refuse(http.StatusOK, "INTERNAL_ERROR", nil, "Internal Server Error")
	case "empty":
		body["data"], info["count"] = []any{}, 0
	case "beside":
		body["data"], info["count"] = records[:n], n
		body["code"], body["status"] = "INTERNAL_ERROR", "error"
		body["message"], body["details"] = "Internal Server Error", map[string]any{}
	case "token":
		body["data"], info["count"] = records[:n], n
		info["next_page_token"] = "emulator-more"
		delete(info, "more_records")
	case "more":
		body["data"], info["count"] = records[:n], n
		info["more_records"] = true
	case "twice":
		body["data"] = append(records[:max(n, 1):max(n, 1)], records[0])
	case "count":
		body["data"] = records[:n]
	}
	return answer{status: http.StatusOK, body: toJSON(body)}
}

// endless refuses to list what has no end.
func (c *call) endless() answer {
	return c.refuse(http.StatusBadRequest, "NOT_SUPPORTED", nil, "with links=all there is no list of all links: give ids")
}

// visible returns the linked ids of a list that a view shows, in order: those
// asked for, or all. ok is false if there is no end to them.
func (e *Emulator) visible(cfg *Config, p path, key groupKey, v view, d delinking) (ids []uint64, ok bool) {
	if !d.given && cfg.Links == "all" {
		return nil, false
	}
	var g *group
	if i, found := e.books.groups[key]; found {
		g = &e.books.sets[i]
	}
	if !d.given {
		if g == nil {
			return nil, true
		}
		for l := range g.all() {
			if l.linked() && v.shows(cfg, l.id) {
				ids = append(ids, l.id)
			}
		}
		return ids, true
	}
	for _, it := range d.items {
		linked := e.defaultLinked(cfg, p.module, key.parent, it.id)
		if g != nil {
			if l := g.find(it.id); l != nil {
				linked = l.linked()
			}
		}
		if it.known && linked && v.shows(cfg, it.id) {
			ids = append(ids, it.id)
		}
	}
	return ids, true
}

// record is one related record. What the link itself carries comes in
// $member_info in campaigns (D, R), beside the other fields elsewhere.
func (c *call) record(p path, key groupKey, id uint64, fields []string) map[string]any {
	r := map[string]any{"id": c.id(strconv.FormatUint(id, 10))}
	own := c.e.books.fields[fieldKey{key, id}]
	for _, name := range fields {
		if name = strings.TrimSpace(name); name != "id" && name != "" {
			r[name] = nil
		}
	}
	if p.module == "Campaigns" || p.list == "Campaigns" {
		r["$member_info"] = own
		return r
	}
	for name, value := range own {
		r[name] = value
	}
	return r
}

// A page is a cut of a list.
type page struct {
	page, perPage int
	token         string // goes on behind an id, instead of by number
	after         uint64
}

// pageOf reads a page, or names the parameter that is wrong.
func pageOf(q url.Values) (p page, bad string) {
	p = page{page: 1, perPage: maxPerPage, token: q.Get("page_token")}
	if s := q.Get("per_page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxPerPage {
			return page{}, "per_page"
		}
		p.perPage = n
	}
	if s := q.Get("page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return page{}, "page"
		}
		p.page = n
	}
	if p.token != "" {
		hex, ok := strings.CutPrefix(p.token, pageTokenPrefix)
		after, err := strconv.ParseUint(hex, 16, 64)
		if !ok || err != nil {
			return page{}, "page_token"
		}
		p.after = after
	}
	return p, ""
}

const pageTokenPrefix = "emulator-after-"

func tokenAfter(id uint64) string { return pageTokenPrefix + strconv.FormatUint(id, 16) }

// cut returns the page of ids, and whether there are more.
func (p page) cut(ids []uint64) (cut []uint64, more bool) {
	start := (p.page - 1) * p.perPage
	if p.token != "" {
		start = 0
		for start < len(ids) && ids[start] <= p.after {
			start++
		}
	}
	start = min(start, len(ids))
	end := min(start+p.perPage, len(ids))
	return ids[start:end], end < len(ids)
}

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
		v := viewOf(func(name string) string { s, _ := ask.Params[name].(string); return s })
		ids, ok := c.e.visible(c.cfg, p, key, v, delinking{})
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
