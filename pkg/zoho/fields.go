package zoho

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Fields are fields of a link or of a record, by API name, each as the text of a cell. A lookup
// has two: NAME is its name, and NAME.id its id. Numbers and booleans are their JSON text. Other
// objects and arrays are JSON without spaces. What is null is left out.
type Fields map[string]string

// field reads the value of a field and puts it where it belongs.
func (c *cursor) field(to *Fields, name string) {
	switch c.next() {
	case 'n':
		c.skip()
	case '"':
		to.set(name, string(unquoted(c.value())))
	case '{', '[':
		v := c.value().Clone()
		if c.err != nil {
			return
		}
		if id, called, ok := lookup(v); ok {
			if called != "" {
				to.set(name, called)
			}
			to.set(name+".id", id)
			return
		}
		if c.err = v.Compact(); c.err == nil {
			to.set(name, string(v))
		}
	default:
		to.set(name, string(c.value()))
	}
}

// show makes fields that are not nil: fields are shown, even if none of them has a value.
func (f *Fields) show() {
	if *f == nil {
		*f = Fields{}
	}
}

func (f *Fields) set(name, value string) {
	f.show()
	(*f)[name] = strings.ToValidUTF8(value, "\uFFFD")
}

// lookup takes a lookup field apart: an object with an id and a name, or with an id alone, as
// queries give it. Some lookups have more, such as the e-mail address of an owner.
func lookup(v jsontext.Value) (id, called string, ok bool) {
	if v.Kind() != '{' {
		return "", "", false
	}
	c := newCursor(v, strict)
	hasName, more := false, false
	c.object(func(name []byte) {
		switch string(name) {
		case "id":
			id = string(c.text())
		case "name":
			hasName = true
			kind := c.next()
			if kind != 'n' && kind != '"' {
				c.fail()
			}
			called = string(c.text())
		default:
			more = true
			c.skip()
		}
	})
	return id, called, c.done() && id != "" && (hasName || !more)
}

// appendTo adds fields to a JSON object that is being written, in the order of their names.
// NAME and NAME.id are one lookup. Texts that are empty are not sent. Nor are names that are not
// those of fields: id, and what begins with $.
func (f Fields) appendTo(b []byte) []byte {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		base, isID := strings.CutSuffix(name, ".id")
		switch {
		case f[name] == "" || name == "id" || base == "" || strings.HasPrefix(name, "$"):
		case isID:
			b = appendName(b, base)
			b = append(b, '{')
			if called := f[base]; called != "" {
				b = appendText(appendName(b, "name"), called)
			}
			b = appendText(appendName(b, "id"), f[name])
			b = append(b, '}')
		case f[name+".id"] != "": // it comes with the id
		case name == listPrice && isNumber(f[name]):
			b = append(appendName(b, name), f[name]...)
		default:
			b = appendText(appendName(b, name), f[name])
		}
	}
	return b
}

// appendName adds a name to a JSON object that is being written.
func appendName(b []byte, name string) []byte {
	if n := len(b); n > 0 && b[n-1] != '{' {
		b = append(b, ',')
	}
	return append(appendText(b, name), ':')
}

// appendText adds a JSON string. What is not UTF-8 becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	// Its only error is about UTF-8.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// isNumber reports whether a text is a JSON number, and nothing beside it.
func isNumber(s string) bool {
	v := jsontext.Value(s)
	return strings.TrimSpace(s) == s && v.Kind() == '0' && v.IsValid()
}
