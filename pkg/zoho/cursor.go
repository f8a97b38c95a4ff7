package zoho

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// cursor reads one JSON text from its beginning to its end. After the first error it reads nothing
// more.
type cursor struct {
	dec   *jsontext.Decoder
	err   error
	known map[string]text // texts that came before: most items of an answer have the same
}

// How a cursor reads objects.
var (
	lenient = jsontext.AllowDuplicateNames(true)
	strict  = jsontext.AllowDuplicateNames(false)
)

func newCursor(body []byte, names jsontext.Options) *cursor {
	return &cursor{
		// A gateway may cut a character in two; what becomes a message is mended later.
		dec:   jsontext.NewDecoder(bytes.NewBuffer(body), names, jsontext.AllowInvalidUTF8(true)),
		known: map[string]text{},
	}
}

var errForm = errors.New("a value has another type than the API documents")

// fail ends the reading: the text is not what it should be.
func (c *cursor) fail() { c.err = errForm }

// done reports whether the whole text was read, and nothing else follows.
func (c *cursor) done() bool {
	if c.err != nil {
		return false
	}
	_, err := c.dec.ReadToken()
	return err == io.EOF
}

// next is the kind of the next value: '{', '[', '"', '0', 't', 'f' or 'n'. It is 0 where there is
// none.
func (c *cursor) next() jsontext.Kind {
	if c.err != nil {
		return 0
	}
	return c.dec.PeekKind()
}

// object reads an object. For each of its names it calls field, which has to read the value.
func (c *cursor) object(field func(name []byte)) {
	c.token()
	for c.err == nil {
		if c.next() == '}' {
			c.token()
			return
		}
		if name := c.value(); len(name) > 1 {
			field(unquoted(name))
		}
	}
}

// array reads an array. For each of its elements it calls element, which has to read it.
func (c *cursor) array(element func()) {
	c.token()
	for c.err == nil {
		if c.next() == ']' {
			c.token()
			return
		}
		element()
	}
}

// text reads a string or a number. It skips anything else.
func (c *cursor) text() text {
	switch c.next() {
	case '"':
		return c.remember(unquoted(c.value()))
	case '0':
		return text(c.value())
	default:
		c.skip()
		return ""
	}
}

// remember gives the text of bytes, the same one for the same bytes. Ids differ from item to item,
// and are not kept.
func (c *cursor) remember(b []byte) text {
	if len(b) == 0 || b[0] >= '0' && b[0] <= '9' {
		return text(b)
	}
	if t, ok := c.known[string(b)]; ok {
		return t
	}
	t := text(b)
	c.known[string(t)] = t
	return t
}

// skip reads a value of any type.
func (c *cursor) skip() { c.value() }

func (c *cursor) value() (v jsontext.Value) {
	if c.err == nil {
		v, c.err = c.dec.ReadValue()
	}
	return v
}

func (c *cursor) token() {
	if c.err == nil {
		_, c.err = c.dec.ReadToken()
	}
}

// unquoted is the text of a JSON string.
func unquoted(v jsontext.Value) []byte {
	if len(v) < 2 {
		return nil
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	// Its only error is half a surrogate pair, for which it writes a mark.
	b, _ := jsontext.AppendUnquote(nil, v)
	return b
}

// is reports whether a name of an object is the one that is meant, in any case.
func is(name []byte, meant string) bool {
	return string(name) == meant || len(name) == len(meant) && bytes.EqualFold(name, []byte(meant))
}

// UnmarshalJSON is for the few answers that package encoding/json reads.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) > 1 && b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9'):
		*t = text(b)
	}
	return nil
}
