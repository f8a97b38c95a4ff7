package emulator

import (
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

// A visibility says which records a read shows.
type visibility struct {
	converted, approved string // true, false or both
}

// visibilityOf reads the two parameters, whose defaults hide converted leads and records that are
// not approved (D, S).
func visibilityOf(get func(string) string) visibility {
	v := visibility{get("converted"), get("approved")}
	if v.converted == "" {
		v.converted = "false"
	}
	if v.approved == "" {
		v.approved = "true"
	}
	return v
}

func (v visibility) shows(cfg *Config, id uint64) bool {
	fits := func(wanted string, is bool) bool { return wanted == "both" || wanted == strconv.FormatBool(is) }
	return fits(v.converted, cfg.Converted[id]) && fits(v.approved, !cfg.Unapproved[id])
}

// shown returns those of ids that are shown.
func (v visibility) shown(cfg *Config, ids []uint64) []uint64 {
	var shown []uint64
	for _, id := range ids {
		if v.shows(cfg, id) {
			shown = append(shown, id)
		}
	}
	return shown
}

// read answers GET on a related list.
func (c *call) read(p path) answer {
	q := c.r.URL.Query()
	if a, ok := c.checkRead(q); !ok {
		return a
	}
	if q.Get("converted") != "both" || q.Get("approved") != "both" && c.cfg.ApprovedParam == "accept" {
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
	list := p.module + "/" + p.parent + "/" + p.list
	pg, bad := c.pageOf(q, list)
	if bad != nil {
		return c.invalid(bad)
	}
	ids, ok := c.visible(key, visibilityOf(q.Get), d)
	if !ok {
		return c.endless()
	}
	ids, info := pg.cut(ids, list, c.cfg.ListEnd, c.now())
	if len(ids) == 0 {
		return answer{status: http.StatusNoContent}
	}
	fields := strings.Split(q.Get("fields"), ",")
	records := make([]map[string]any, len(ids))
	for i, id := range ids {
		records[i] = c.record(moduleOf(p.list), id, fields)
		c.addOwnFields(records[i], p, key, id)
	}
	return c.distort(records, info)
}

// checkRead refuses reads that lack what is mandatory or have what this org does not know.
func (c *call) checkRead(q url.Values) (answer, bool) {
	if q.Get("fields") == "" {
		c.e.books.violation("read without fields")
		return c.refuse(http.StatusBadRequest, "REQUIRED_PARAM_MISSING", map[string]any{"param_name": "fields"},
			"One of the expected parameter is missing"), false
	}
	if c.cfg.ApprovedParam == "refuse" && q.Has("approved") {
		return c.invalid(&problem{param: "approved"}), false
	}
	return answer{}, true
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
	return c.refuse(http.StatusBadRequest, "NOT_SUPPORTED", nil, "with links=all there is no list of everything: give ids")
}

// visible returns the linked ids of a list that are shown, in order: those asked for, or all. ok is
// false if there is no end to them.
func (c *call) visible(key groupKey, v visibility, d delinking) (ids []uint64, ok bool) {
	reads := reading{}
	if c.cfg.ReadLag > 0 {
		reads.since = c.now().Add(-c.cfg.ReadLag)
	}
	if d.given {
		for _, id := range d.sorted() {
			if c.e.linked(c.cfg, key, id, reads) {
				ids = append(ids, id)
			}
		}
		return v.shown(c.cfg, ids), true
	}
	if c.cfg.Links == "all" {
		return nil, false
	}
	return v.shown(c.cfg, c.e.books.relatedIDs(key, reads)), true
}

// record is a record with the fields that were asked for. A field that it does not have is null.
func (c *call) record(module string, id uint64, fields []string) map[string]any {
	known := c.e.books.records[recordKey{module, id}]
	r := make(map[string]any, len(fields)+2)
	for _, name := range fields {
		if name = strings.TrimSpace(name); name != "" {
			r[name] = known[name]
		}
	}
	r["id"] = c.id(strconv.FormatUint(id, 10))
	return r
}

// foundation is when all links were made that no PUT made.
var foundation = time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC)

// addOwnFields puts into a record what the link itself carries: in $member_info for campaigns
// (D, R), beside the record's fields elsewhere.
func (c *call) addOwnFields(r map[string]any, p path, key groupKey, id uint64) {
	at := c.e.books.at(key, id)
	own := c.e.books.fields[at]
	if p.module != "Campaigns" && p.list != "Campaigns" {
		for name, value := range own {
			_, asked := r[name]
			if (asked || c.cfg.OwnFields == "always") && (name != "list_price" || c.cfg.ListPrice == "shown") {
				r[name] = value
			}
		}
		return
	}
	_, asked := r["$member_info"]
	if !asked && c.cfg.OwnFields != "always" {
		return
	}
	if c.cfg.MemberInfo == "fields" {
		r["$member_info"] = own
		return
	}
	made, again := c.e.books.made[at]
	if !again {
		made = foundation
	}
	when := made.UTC().Format(time.RFC3339)
	info := map[string]any{"Member_Status": nil, "Created_Time": when, "Modified_Time": when}
	maps.Copy(info, own)
	info["id"] = c.id(c.linkID(at, made))
	r["$member_info"] = info
}

// linkID makes up the id of a link. A link that is made again has another one.
func (c *call) linkID(k linkKey, made time.Time) string {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, k.group.parent, k.related, c.e.books.relations[k.group.relation], made.UnixNano())
	return strconv.FormatUint(3_652_397_000_000_000_000+h.Sum64()%1_000_000_000_000, 10)
}
