package zoho

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"delink/pkg/zoho/internal/web"
)

// recordList is the answer of a read. It is strict where an envelope is lenient: a record that is
// missing from a list that is none would be taken for one whose link was removed.
type recordList struct {
	records []listed
	data    bool // there is a list of records
	error   bool // an error stands beside the list
	info    pageInfo
}

// listed is a record of a list.
type listed struct {
	id          text
	own, fields Fields
}

// pageInfo is what an answer says of the page that it is.
type pageInfo struct {
	said     bool
	more     jsontext.Kind // what more_records is: 't', 'f', another kind, or 0 where it is missing
	anyToken bool          // next_page_token is there, and not null
	token    text          // next_page_token
	page     text
	oddPage  bool // page is neither a string nor a number
	count    text // of the records on this page, as far as it is said
}

// columns say which fields of a record are kept.
type columns struct {
	asked []string // go to the record's fields
	rest  rest
}

// rest is what becomes of the fields that nobody asked for.
type rest int

const (
	onlyIDs    rest = iota // no fields are kept at all
	restIsOwn              // they are those of the link itself
	restIsKept             // they go to the record's fields, as if they had been asked for
	restIsLost
)

// decodeList reads a list of records; nil if the body is not one JSON object that has each name
// once.
func decodeList(body []byte, keep columns) *recordList {
	c := newCursor(web.TrimBody(body), strict)
	var l recordList
	if c.next() != '{' {
		return nil
	}
	c.object(func(name []byte) {
		switch {
		case is(name, "data") && c.next() == '[' && !l.data:
			l.data = true
			c.array(func() { l.records = append(l.records, c.record(keep)) })
		case is(name, "data"):
			c.fail()
		case is(name, "info") && c.next() == '{' && !l.info.said:
			l.info = c.info()
		case is(name, "info") && l.info.said:
			c.fail()
		case is(name, "code"), is(name, "error"), is(name, "message"), is(name, "status"):
			l.error = l.error || c.next() != 'n'
			c.skip()
		default:
			c.skip()
		}
	})
	if !c.done() {
		return nil
	}
	return &l
}

// record reads a record. Names of fields count in their exact case: an org can have a field ID
// beside id.
func (c *cursor) record(keep columns) (r listed) {
	if c.next() != '{' {
		c.fail()
		return r
	}
	c.object(func(n []byte) {
		switch {
		case string(n) == "id":
			r.id = c.text()
			return
		case keep.rest == onlyIDs:
			c.skip()
			return
		}
		switch name := string(c.remember(n)); {
		case name == MemberInfo && keep.rest == restIsOwn:
			c.memberInfo(&r.own)
		case slices.Contains(keep.asked, name):
			c.field(&r.fields, name)
		case strings.HasPrefix(name, "$"): // what the API itself says of the record
			c.skip()
		case keep.rest == restIsOwn:
			if _, there := r.own[name]; there { // $member_info came first, and is the better place
				c.skip()
				return
			}
			c.field(&r.own, name)
		case keep.rest == restIsKept:
			c.field(&r.fields, name)
		default:
			c.skip()
		}
	})
	return r
}

// MemberInfo is where members of campaigns have the link's own fields (D, R).
const MemberInfo = "$member_info"

// memberInfo reads the link's own fields. The link's id and times cannot be written and are left
// out. A form that is not known ends the reading, since fields would be lost without a word.
func (c *cursor) memberInfo(own *Fields) {
	switch c.next() {
	case '{':
		c.object(func(n []byte) {
			name := string(c.remember(n))
			if name == "id" || strings.HasSuffix(name, "_Time") || strings.HasPrefix(name, "$") {
				c.skip()
				return
			}
			c.field(own, name)
		})
	case 'n':
		c.skip()
	default:
		c.fail()
	}
}

func (c *cursor) info() pageInfo {
	i := pageInfo{said: true}
	c.object(func(name []byte) {
		switch {
		case is(name, "more_records"):
			i.more = c.next()
			c.skip()
		case is(name, "next_page_token"):
			i.anyToken = c.next() != 'n'
			i.token = c.text()
		case is(name, "page"):
			kind := c.next()
			i.oddPage = kind != 'n' && kind != '"' && kind != '0'
			i.page = c.text()
		case is(name, "count"):
			i.count = c.text()
		default:
			c.skip()
		}
	})
	return i
}

// plain reports whether the answer is a list without an error beside it, with as many records as it
// counts.
func (l *recordList) plain() bool {
	return l.data && !l.error && (l.info.count == "" || string(l.info.count) == strconv.Itoa(len(l.records)))
}

// whole reports whether the list is all that there is: nothing says that there is another page.
func (l *recordList) whole() bool {
	i := l.info
	more := i.more != 0 && i.more != 'f' && i.more != 'n' || i.anyToken || i.oddPage || i.page != "" && i.page != "1"
	return l.plain() && !more
}

// among says which of ids are in a list, and with which fields of their links. ok is false if the
// list is not plainly one, and all that there is of these ids: links that are missing from it would
// be taken for removed.
func among(ids []ID, list *recordList) (links []LinkState, ok bool) {
	if list == nil || !list.whole() {
		return nil, false
	}
	links = make([]LinkState, len(ids))
	for _, r := range list.records {
		id, err := ParseID(string(r.id))
		i := slices.Index(ids, id)
		if err != nil || i < 0 || links[i].Linked {
			// The list was not filtered by our ids, or it is not one of records. What is missing
			// may be on another page.
			return nil, false
		}
		links[i] = LinkState{Linked: true, Fields: r.own}
	}
	return links, true
}

// page is one page of a list. ok is false if the list is not plainly one, or does not say whether
// there is another page: records would be missing without a word.
//
// number is the page that was asked for by its number, 0 if it was not. sorted says that the
// records were asked for in the order of their ids. Another order means that the pages shift while
// records are added.
func (l *recordList) page(number int, sorted bool) (p Page, ok bool) {
	if l == nil || !l.plain() {
		return Page{}, false
	}
	i := l.info
	p = Page{More: i.more == 't', Token: string(i.token)}
	switch {
	case i.more != 't' && i.more != 'f',
		i.anyToken && (!p.More || p.Token == ""),
		p.More && len(l.records) == 0, // such a list has no end
		number > 0 && (i.oddPage || i.page != "" && string(i.page) != strconv.Itoa(number)):
		return Page{}, false
	}
	p.Records = make([]Record, len(l.records))
	seen := make(map[ID]bool, len(l.records))
	var last ID
	for i, r := range l.records {
		id, err := ParseID(string(r.id))
		if err != nil || seen[id] || sorted && id < last {
			return Page{}, false
		}
		seen[id], last = true, id
		p.Records[i] = Record{ID: id, Own: r.own, Fields: r.fields}
	}
	return p, true
}
