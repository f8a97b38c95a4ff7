package coql

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A literal is a value in a query.
type literal struct {
	kind kind
	text string
}

type kind uint8

const (
	words kind = iota // in quotes
	number
	truth // true or false
)

// apart is what compare returns for values that cannot be compared. It is neither less nor equal.
const apart = 2

// compare returns -1, 0 or 1 as v is less than, equal to or more than l, or apart.
func compare(v any, l literal) int {
	switch x := v.(type) {
	case bool:
		if l.text == strconv.FormatBool(x) {
			return 0
		}
		return apart
	case string:
		if l.kind == truth {
			return apart
		}
		return compareText(x, l)
	}
	return compareNumbers(text(v), l.text)
}

func compareText(v string, l literal) int {
	switch {
	// An id is digits, whether the query quotes it or not.
	case digits(v) && digits(l.text):
		return compareNumbers(v, l.text)
	case l.kind == number:
		return compareNumbers(v, l.text)
	}
	// Times may be written in different zones.
	at, err1 := time.Parse(time.RFC3339, v)
	with, err2 := time.Parse(time.RFC3339, l.text)
	if err1 == nil && err2 == nil {
		return at.Compare(with)
	}
	return strings.Compare(v, l.text)
}

// compareNumbers compares whole numbers exactly: an id has more digits than a float64 can hold.
func compareNumbers(a, b string) int {
	if digits(a) && digits(b) {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err1 != nil || err2 != nil {
		return apart
	}
	return cmp.Compare(x, y)
}

// compareOrder compares for order by. Records without a value come first.
func compareOrder(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	if d := compare(a, literal{text: text(b)}); d != apart {
		return d
	}
	return strings.Compare(text(a), text(b))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case json.Number:
		return x.String()
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// matches reports whether s is like a pattern, in which % stands for any characters.
func matches(s, pattern string) bool {
	parts := strings.Split(pattern, "%")
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok || len(parts) == 1 {
		return ok && s == ""
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, last)
}
