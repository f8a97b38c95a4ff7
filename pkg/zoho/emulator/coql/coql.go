// Package coql reads queries in COQL, Zoho's query language, and says which records they select.
//
// It knows the part of the language that docs/zoho-api.md, section 6.2, describes: comparisons, in,
// like, is null and between, joined by and/or, with order by, limit and offset.
package coql

import (
	"fmt"
	"slices"
)

// A Query is a select statement that was read.
type Query struct {
	Fields []string // what it selects, as written
	From   string   // the module, or the custom view
	Where  Condition
	Order  []Order
	Limit  int // -1 where the query does not say
	Offset int
}

// Order is one field of an order by.
type Order struct {
	Field      string
	Descending bool
}

// A Record gives the value of a field: a string, a number, a bool, or nil where it has none.
type Record func(field string) any

// A Condition decides about records.
type Condition interface {
	Holds(r Record) bool
	// Fields are the fields that it compares, as written.
	Fields() []string
}

// An Error says why a query cannot be read.
type Error struct {
	Clause string // the clause that is missing, or ""
	Near   string // what stands where the query goes wrong, or ""
	Reason string
}

func (e *Error) Error() string {
	switch {
	case e.Clause != "":
		return fmt.Sprintf("the clause %s is missing", e.Clause)
	case e.Near != "":
		return fmt.Sprintf("near %q: %s", e.Near, e.Reason)
	}
	return "at the end: " + e.Reason
}

// Named are all fields that the query names, as written.
func (q *Query) Named() []string {
	all := slices.Concat(q.Fields, q.Where.Fields())
	for _, o := range q.Order {
		all = append(all, o.Field)
	}
	return all
}

// Sort puts records in the order of the query. Records that its order by does not tell apart keep
// their places.
func (q *Query) Sort(records []Record) {
	slices.SortStableFunc(records, func(a, b Record) int {
		for _, o := range q.Order {
			c := compareOrder(a(o.Field), b(o.Field))
			if o.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

// both is two conditions joined by and, or by or.
type both struct {
	left, right Condition
	or          bool
}

func (b both) Holds(r Record) bool {
	if b.or {
		return b.left.Holds(r) || b.right.Holds(r)
	}
	return b.left.Holds(r) && b.right.Holds(r)
}

// Fields are those of both.
func (b both) Fields() []string { return slices.Concat(b.left.Fields(), b.right.Fields()) }

// comparison is a field, an operator and what the field is compared with.
type comparison struct {
	field string
	op    operator
	not   bool
	with  []literal
}

type operator string

const (
	equal   operator = "="
	unequal operator = "!="
	less    operator = "<"
	atMost  operator = "<="
	more    operator = ">"
	atLeast operator = ">="
	in      operator = "in"
	like    operator = "like"
	between operator = "between"
	isNull  operator = "is null"
)

// Fields is the one field.
func (c comparison) Fields() []string { return []string{c.field} }

// Holds compares. A field without a value satisfies nothing but is null, as in SQL.
func (c comparison) Holds(r Record) bool {
	v := r(c.field)
	if c.op == isNull {
		return (v == nil || v == "") != c.not
	}
	if v == nil {
		return false
	}
	return c.holds(v) != c.not
}

func (c comparison) holds(v any) bool {
	switch c.op {
	case in:
		return slices.ContainsFunc(c.with, func(l literal) bool { return compare(v, l) == 0 })
	case like:
		return matches(text(v), c.with[0].text)
	case between:
		low, high := compare(v, c.with[0]), compare(v, c.with[1])
		return low >= 0 && low != apart && high <= 0
	default:
		return c.op.accepts(compare(v, c.with[0]))
	}
}

// accepts reports whether the result of compare is what the operator asks for.
func (op operator) accepts(d int) bool {
	switch {
	case d == apart || op == unequal:
		return op == unequal && d != 0
	case op == less:
		return d < 0
	case op == atMost:
		return d <= 0
	case op == more:
		return d > 0
	case op == atLeast:
		return d >= 0
	}
	return d == 0
}
