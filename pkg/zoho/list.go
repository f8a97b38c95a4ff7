package zoho

import (
	"slices"
	"strconv"

	"delink/pkg/zoho/internal/web"
)

// recordList is the answer of a read. It is strict where an envelope is lenient: a record that is
// missing from a list that is none would be taken for one whose link was removed.
type recordList struct {
	ids   []text // of the records
	data  bool   // there is a list of records
	more  bool   // something says that this is not the first and only page
	error bool   // an error stands beside the list
	count text   // of the records on this page, as far as it is said
}

// decodeList reads a list of records; nil if the body is not one JSON object that has each name
// once.
func decodeList(body []byte) *recordList {
	c := newCursor(web.TrimBody(body), strict)
	var l recordList
	if c.next() != '{' {
		return nil
	}
	c.object(func(name []byte) {
		switch {
		case is(name, "data") && c.next() == '[':
			l.data = true
			c.array(func() { l.ids = append(l.ids, c.recordID()) })
		case is(name, "data"):
			c.fail()
		case is(name, "info") && c.next() == '{':
			c.info(&l)
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

func (c *cursor) recordID() (id text) {
	if c.next() != '{' {
		c.fail()
		return ""
	}
	c.object(func(name []byte) {
		if is(name, "id") {
			id = c.text()
		} else {
			c.skip()
		}
	})
	return id
}

func (c *cursor) info(l *recordList) {
	c.object(func(name []byte) {
		switch {
		case is(name, "more_records"):
			l.more = l.more || c.next() != 'f' && c.next() != 'n'
			c.skip()
		case is(name, "next_page_token"):
			empty := c.next() == 'n'
			l.more = c.text() != "" || l.more || !empty
		case is(name, "page"):
			empty := c.next() == 'n'
			l.more = c.text() != "1" && !empty || l.more
		case is(name, "count"):
			l.count = c.text()
		default:
			c.skip()
		}
	})
}

// whole reports whether the list is all that there is: no error stands beside it, nothing says that
// there is another page, and as many records came as were counted.
func (l *recordList) whole() bool {
	return l.data && !l.error && !l.more && (l.count == "" || string(l.count) == strconv.Itoa(len(l.ids)))
}

// among says which of ids are in a list. ok is false if the list is not plainly one, and all that
// there is of these ids: links that are missing from it would be taken for removed.
func among(ids []ID, list *recordList) (linked []bool, ok bool) {
	if list == nil || !list.whole() {
		return nil, false
	}
	linked = make([]bool, len(ids))
	for _, s := range list.ids {
		id, err := ParseID(string(s))
		i := slices.Index(ids, id)
		if err != nil || i < 0 || linked[i] {
			// The list was not filtered by our ids, or it is not one of records. What is missing
			// may be on another page.
			return nil, false
		}
		linked[i] = true
	}
	return linked, true
}
