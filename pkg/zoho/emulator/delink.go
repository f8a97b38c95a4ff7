package emulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Bounds of ids in one call (D, S, K).
const (
	maxIDs      = 100
	maxIDsChars = 2000
	maxIDDigits = 20
)

// A delinking is the ids of a call, as they came.
type delinking struct {
	text    string // the ids, decoded
	given   bool   // there were ids
	encoded bool   // the commas were percent-encoded
	items   []item
	bad     bool // some are no ids
	repeats bool // an id is there twice
}

// An item is one id of a call and what became of it.
type item struct {
	text  string
	id    uint64
	known bool // id holds the number: twenty digits may not fit into it
	code  string
	msg   string
}

// ask reads the ids of a delink call and notes the call in the books, whatever becomes of it.
func (c *call) ask(p path) delinking {
	d := parseIDs(c.r, p.single)
	parent, err := strconv.ParseUint(p.parent, 10, 64)
	e := c.e
	e.lock()
	defer e.mu.Unlock()
	b := &e.books
	if c.r.ContentLength != 0 {
		b.violation("DELETE with a body")
	}
	if c.r.Header.Get("X-EXTERNAL") != "" {
		b.violation("header X-EXTERNAL: external ids are not emulated")
	}
	if d.encoded {
		b.Encoded++
		b.violation("ids with encoded commas (%2C)")
	}
	if d.repeats {
		b.violation("the same id twice in a call")
	}
	n := len(d.items)
	switch {
	case !d.given:
		b.violation("ids are missing")
	case n > maxIDs:
		b.violation("more than 100 ids in a call")
	case len(d.text) > maxIDsChars:
		b.violation("more than 2000 characters of ids")
	case d.bad:
		b.violation("ids that are not digits and commas")
	}
	if n == 0 || err != nil {
		return d
	}
	b.IDs += n
	b.MaxIDs = max(b.MaxIDs, n)
	if b.MinIDs == 0 || n < b.MinIDs {
		b.MinIDs = n
	}
	key := b.key(p.module, parent, p.list)
	b.group(key).calls++
	for i := range d.items {
		if it := &d.items[i]; it.known {
			e.entry(c.cfg, key, it.id).Count()
		}
	}
	return d
}

// parseIDs reads the ids of a call: those of its query, or the single one of its path.
func parseIDs(r *http.Request, single string) delinking {
	d := delinking{text: single, given: single != ""}
	if !d.given {
		raw, _ := rawParam(r.URL.RawQuery, "ids")
		d.text = unescape(raw)
		d.given = d.text != ""
		d.encoded = strings.Contains(d.text, ",") && len(raw) != len(d.text)
	}
	if !d.given {
		return d
	}
	d.items = make([]item, 0, strings.Count(d.text, ",")+1)
	ascending := true
	for text := range strings.SplitSeq(d.text, ",") {
		id, err := strconv.ParseUint(text, 10, 64)
		if !isDigits(text) || len(text) > maxIDDigits {
			d.bad = true
			err = strconv.ErrSyntax
		}
		if n := len(d.items); n > 0 && d.items[n-1].id >= id {
			ascending = false
		}
		d.items = append(d.items, item{text: text, id: id, known: err == nil})
	}
	if !ascending {
		d.repeats = repeated(d.items)
	}
	return d
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func repeated(items []item) bool {
	seen := make(map[string]bool, len(items))
	for _, it := range items {
		if seen[it.text] {
			return true
		}
		seen[it.text] = true
	}
	return false
}

// delink answers DELETE on a related list.
func (c *call) delink(p path, d delinking) answer {
	if a, ok := c.checkIDs(d); !ok {
		return a
	}
	key, a, ok := c.place(p, "DELETE")
	if !ok {
		return a
	}
	for _, it := range d.items {
		if code := c.cfg.RefusedIDs[it.id]; code != "" && it.known {
			// R: no data, and details name the id that is the reason.
			return c.refuse(codeNumber(code), code, map[string]any{"id": c.id(it.text)}, itemMessage(code))
		}
	}
	kind := c.e.kindOf(c.cfg, p.module, p.list)
	msg := msgRemoved
	if kind == recordList || kind == lookupList && c.cfg.LookupLists == "deleted" {
		msg = msgDeleted
	}
	removed := c.judge(p, key, d.items, msg)
	if c.cfg.Strict && removed < len(d.items) {
		// ?: the older documentation can be read so. No id is named, and nothing is removed.
		return c.refuse(http.StatusBadRequest, "INVALID_DATA", nil, pathMessage)
	}
	if c.cfg.OtherModuleAnswer == "call" && slices.ContainsFunc(d.items, func(it item) bool { return c.cfg.OtherModule[it.id] }) {
		return c.refuse(http.StatusBadRequest, "INVALID_DATA", nil, pathMessage)
	}
	c.remove(key, d.items, msg)
	status := http.StatusOK
	switch {
	case removed == 0:
		status = c.cfg.AllBad
	case removed < len(d.items):
		status = c.cfg.Mixed
	}
	return c.items(status, c.arrange(d.items))
}

// sorted returns the ids of a call in order, each once.
func (d delinking) sorted() []uint64 {
	ids := make([]uint64, 0, len(d.items))
	for _, it := range d.items {
		if it.known {
			ids = append(ids, it.id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// checkIDs refuses ids that are missing, too many or malformed.
func (c *call) checkIDs(d delinking) (answer, bool) {
	param := map[string]any{"param_name": "ids"}
	switch {
	case !d.given:
		return c.refuse(http.StatusBadRequest, "REQUIRED_PARAM_MISSING", param, "One of the expected parameter is missing"), false
	case d.encoded && c.cfg.EncodedCommas == "refuse", d.bad:
		return c.refuse(http.StatusBadRequest, "UNABLE_TO_PARSE_DATA_TYPE", param, "either the request body or parameters is in wrong format"), false
	case len(d.items) > maxIDs:
		param["limit"] = maxIDs
	case len(d.text) > maxIDsChars:
		param["limit"] = maxIDsChars
	default:
		return answer{}, true
	}
	return c.refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", param, "the limit of ids is exceeded"), false
}

// judge decides about every id, without removing anything, and returns how many can be removed.
func (c *call) judge(p path, key groupKey, items []item, msg string) (removed int) {
	cfg := c.cfg
	var seen map[uint64]bool
	if cfg.Duplicates == "not-found" && len(items) > 1 {
		seen = repeatedIDs(items)
	}
	for i := range items {
		it := &items[i]
		code := ""
		switch {
		case cfg.IDErrors[it.id] != "" && it.known:
			code = cfg.IDErrors[it.id]
		case always(cfg, it.id, 0, cfg.ErrorShare):
			code = cfg.ErrorCode
		}
		earlier, repeated := seen[it.id]
		if repeated {
			seen[it.id] = true
		}
		switch {
		case code != "":
			it.code, it.msg = code, itemMessage(code)
		case cfg.OtherModule[it.id] && cfg.OtherModuleAnswer != "not-found":
			it.code, it.msg = "INVALID_DATA", pathMessage
		case !it.known, cfg.OtherModule[it.id], earlier, !c.e.entry(cfg, key, it.id).Linked():
			it.code, it.msg = cfg.AbsentCode, msgNotFound
			if p.list == contactRoles {
				it.msg = msgNoRole
			}
		default:
			it.code, it.msg = "SUCCESS", msg
			removed++
		}
	}
	return removed
}

// repeatedIDs returns the ids that are there more than once. The value becomes true when one was
// seen.
func repeatedIDs(items []item) map[uint64]bool {
	ids := make([]uint64, len(items))
	for i, it := range items {
		ids[i] = it.id
	}
	if !slices.IsSorted(ids) {
		slices.Sort(ids)
	}
	var again map[uint64]bool
	for i := 1; i < len(ids); i++ {
		if ids[i] == ids[i-1] {
			if again == nil {
				again = map[uint64]bool{}
			}
			again[ids[i]] = false
		}
	}
	return again
}

// itemMessage is the message that comes with an item's error code.
func itemMessage(code string) string {
	switch code {
	case "NO_PERMISSION":
		return "permission denied"
	case "RECORD_LOCKED":
		return "record is locked"
	case "NOT_APPROVED":
		return "record is not approved"
	case "DUPLICATE_DATA":
		return "duplicate data"
	}
	return plainMessage(code)
}

// remove removes the links that judge decided to remove.
func (c *call) remove(key groupKey, items []item, msg string) {
	b := &c.e.books
	now := c.now()
	for i := range items {
		if items[i].code != "SUCCESS" {
			continue
		}
		l := c.e.entry(c.cfg, key, items[i].id)
		if !l.Linked() {
			continue // the same id, a second time
		}
		l.Remove(now)
		if msg == msgDeleted {
			b.Deleted++
		} else {
			b.Removed++
		}
		if len(b.fields)+len(b.made) > 0 {
			k := b.at(key, items[i].id)
			delete(b.fields, k)
			delete(b.made, k)
		}
	}
}

// arrange puts the items in the order of the answer, and drops and adds some, as the knobs say.
func (c *call) arrange(items []item) []item {
	cfg := c.cfg
	if cfg.Duplicates == "once" && len(items) > 1 {
		seen := make(map[string]bool, len(items))
		items = slices.DeleteFunc(items, func(it item) bool {
			again := seen[it.text]
			seen[it.text] = true
			return again
		})
	}
	if cfg.MissingItems > 0 {
		items = slices.DeleteFunc(items, func(item) bool { return c.chance(cfg.MissingItems) })
	}
	if c.chance(cfg.ExtraItems) {
		// An id that nobody asked for.
		id := c.rng.Uint64N(1e18) + 1
		items = append(items, item{text: strconv.FormatUint(id, 10), id: id, known: true, code: "SUCCESS", msg: msgRemoved})
	}
	switch cfg.Order {
	case "shuffled":
		c.rng.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	case "reversed":
		slices.Reverse(items)
	case "sorted":
		slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.id, b.id) })
	}
	return items
}

// items is the answer {"data":[...]}. It is put together by hand, because this is most of the work
// of a call.
func (c *call) items(status int, items []item) answer {
	b := make([]byte, 0, 16+128*len(items))
	a := answer{status: status, codes: make([]string, len(items))}
	b = append(b, `{"data":[`...)
	for i := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.appendItem(b, &items[i])
		a.codes[i] = items[i].code
	}
	b = append(b, `]}`...)
	a.body = b
	return a
}

func (c *call) appendItem(b []byte, it *item) []byte {
	b = append(b, `{"code":`...)
	if c.cfg.CodeForm == "number" {
		b = strconv.AppendInt(b, int64(codeNumber(it.code)), 10)
	} else {
		b = appendString(b, it.code)
	}
	status := "error"
	if it.code == "SUCCESS" {
		status = "success"
	}
	b = append(b, `,"details":`...)
	b = c.appendDetails(b, it, status)
	b = append(b, `,"message":`...)
	b = appendString(b, c.word(it.msg))
	b = append(b, `,"status":"`...)
	b = append(b, status...)
	return append(b, `"}`...)
}

func (c *call) appendDetails(b []byte, it *item, status string) []byte {
	array := c.cfg.DetailsForm != "object"
	if c.cfg.DetailsForm == "empty-array" || c.noDetails(status) {
		if array {
			return append(b, `[]`...)
		}
		return append(b, `{}`...)
	}
	if array {
		b = append(b, '[')
	}
	b = append(b, `{"id":`...)
	if c.cfg.IDForm == "number" {
		b = append(b, bare(it.text)...)
	} else {
		b = append(b, '"')
		b = append(b, it.text...) // digits
		b = append(b, '"')
	}
	b = append(b, '}')
	if array {
		b = append(b, ']')
	}
	return b
}

// noDetails decides whether an item lacks its id.
func (c *call) noDetails(status string) bool {
	switch c.cfg.NoDetails {
	case "errors":
		return status == "error"
	case "always":
		return true
	case "random":
		return c.chance(c.cfg.NoDetailsShare)
	}
	return false
}

// appendString appends s as JSON.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if ch := s[i]; ch < ' ' || ch >= 0x7f || ch == '"' || ch == '\\' {
			j, _ := json.Marshal(s)
			return append(b, j...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
