package emulator

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Bounds of a list (D, S): up to 200 records a page, and pages by number up to 2,000 records;
// behind them, page_token leads on for 24 hours.
const (
	maxPerPage    = 200
	maxByPage     = 2000
	pageTokenLife = 24 * time.Hour
)

// A page is a cut of a list.
type page struct {
	page, perPage int
	ascending     bool
	token         *pageToken // goes on behind a record, instead of by number; nil for none
}

// A pageToken is what next_page_token says, in hexadecimal.
type pageToken struct {
	after   uint64 // the last record of the page before
	seen    uint64 // the records up to it
	expires int64  // in Unix seconds
	list    uint64 // a hash of what is listed: a token is good for one list
}

func (t pageToken) String() string {
	return fmt.Sprintf("emulator.%x.%x.%x.%x", t.after, t.seen, t.expires, t.list)
}

// A problem is a parameter that is wrong.
type problem struct {
	param string
	limit int    // what is exceeded, 0 if nothing is
	text  string // what is wrong, "" if the name says it
}

// pageOf reads which page of a list is asked for. list identifies what is listed.
func (c *call) pageOf(q url.Values, list string) (page, *problem) {
	p := page{page: 1, perPage: maxPerPage}
	if s := q.Get("per_page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxPerPage {
			return p, &problem{param: "per_page"}
		}
		p.perPage = n
	}
	if s := q.Get("page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return p, &problem{param: "page"}
		}
		p.page = n
	}
	if by := q.Get("sort_by"); by != "" && !slices.Contains([]string{"id", "Created_Time", "Modified_Time"}, by) {
		return p, &problem{param: "sort_by"}
	}
	// D: descending is the default.
	switch q.Get("sort_order") {
	case "asc":
		p.ascending = true
	case "", "desc":
	default:
		return p, &problem{param: "sort_order"}
	}
	text := q.Get("page_token")
	if text == "" {
		if p.page*p.perPage > maxByPage {
			return p, &problem{param: "page", limit: maxByPage, text: "pages end at 2000 records; use page_token"}
		}
		return p, nil
	}
	if q.Has("page") {
		c.e.books.violation("page together with page_token")
		return p, &problem{param: "page_token", text: "page and page_token exclude each other"}
	}
	t := pageToken{}
	n, err := fmt.Sscanf(text, "emulator.%x.%x.%x.%x", &t.after, &t.seen, &t.expires, &t.list)
	switch {
	case n != 4 || err != nil || t.list != hashOf(list, p.ascending):
		return p, &problem{param: "page_token"}
	case c.now().Unix() > t.expires:
		return p, &problem{param: "page_token", text: "the page token has expired"}
	}
	p.token = &t
	return p, nil
}

func hashOf(list string, ascending bool) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, list, ascending)
	return h.Sum64()
}

// invalid refuses a call for one of its parameters.
func (c *call) invalid(p *problem) answer {
	code, details, text := "INVALID_DATA", map[string]any{"param_name": p.param}, p.text
	if p.limit > 0 {
		code, details["limit"] = "LIMIT_EXCEEDED", p.limit
	}
	if text == "" {
		text = "the parameter " + p.param + " is invalid"
	}
	return c.refuse(http.StatusBadRequest, code, details, text)
}

// cut returns the page of ids, which are in ascending order, and what info says about it. end is
// the record at which tokens end.
func (p page) cut(ids []uint64, list string, end int, now time.Time) ([]uint64, map[string]any) {
	if !p.ascending {
		ids = slices.Clone(ids)
		slices.Reverse(ids)
	}
	start := (p.page - 1) * p.perPage
	seen := start
	if p.token != nil {
		seen = int(p.token.seen)
		start = slices.IndexFunc(ids, func(id uint64) bool {
			return id != p.token.after && id > p.token.after == p.ascending
		})
		if start < 0 {
			start = len(ids)
		}
	}
	start = min(start, len(ids))
	stop := min(start+p.perPage, len(ids), start+max(end-seen, 0))
	more := stop < len(ids)
	info := map[string]any{
		"per_page": p.perPage, "count": stop - start, "page": p.page, "more_records": more,
		"sort_by": "id", "sort_order": map[bool]string{true: "asc", false: "desc"}[p.ascending],
		"next_page_token": nil, "previous_page_token": nil, "page_token_expiry": nil,
	}
	seen += stop - start
	if more && stop > start && seen < end {
		expires := now.Add(pageTokenLife)
		t := pageToken{ids[stop-1], uint64(seen), expires.Unix(), hashOf(list, p.ascending)}
		info["next_page_token"], info["page_token_expiry"] = t.String(), expires.Format(time.RFC3339)
	}
	return ids[start:stop], info
}
