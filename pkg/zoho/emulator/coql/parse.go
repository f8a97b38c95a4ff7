package coql

import (
	"slices"
	"strconv"
	"strings"
)

// Parse reads a query. Its error is an [*Error].
func Parse(query string) (*Query, error) {
	p, err := newParser(query)
	if err != nil {
		return nil, err
	}
	q := &Query{Limit: -1}
	for _, step := range []func(*Query) error{p.selection, p.where, p.orderBy, p.limit, p.end} {
		if err := step(q); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// ParseCondition reads what may stand behind where. Its error is an [*Error].
func ParseCondition(condition string) (Condition, error) {
	p, err := newParser(condition)
	if err != nil {
		return nil, err
	}
	c, err := p.condition(0)
	if err != nil {
		return nil, err
	}
	return c, p.end(nil)
}

// maxDepth bounds how deep brackets may be nested.
const maxDepth = 50

// A parser reads the tokens of a query from left to right.
type parser struct {
	tokens []token
}

// peek is the next token, of no kind at the end.
func (p *parser) peek() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	return p.tokens[0]
}

func (p *parser) next() token {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// word takes the next token if it is that keyword.
func (p *parser) word(keyword string) bool {
	t := p.peek()
	if t.kind != name || !strings.EqualFold(t.text, keyword) {
		return false
	}
	p.next()
	return true
}

// sign takes the next token if it is that sign.
func (p *parser) sign(sign string) bool {
	if t := p.peek(); t.kind != signs || t.text != sign {
		return false
	}
	p.next()
	return true
}

func (p *parser) fail(reason string) error {
	return &Error{Near: p.peek().text, Reason: reason}
}

// field takes the name of a field or a module.
func (p *parser) field() (string, error) {
	t := p.peek()
	if t.kind != name || slices.Contains(reserved, strings.ToLower(t.text)) {
		return "", p.fail("a name is expected here")
	}
	p.next()
	return t.text, nil
}

var reserved = []string{"select", "from", "where", "order", "by", "limit", "offset", "and", "or", "not", "in", "is", "like", "between"}

func (p *parser) selection(q *Query) error {
	if !p.word("select") {
		return &Error{Clause: "select"}
	}
	for {
		f, err := p.field()
		if err != nil {
			return err
		}
		q.Fields = append(q.Fields, f)
		if !p.sign(",") {
			break
		}
	}
	if !p.word("from") {
		return &Error{Clause: "from"}
	}
	var err error
	q.From, err = p.field()
	return err
}

func (p *parser) where(q *Query) error {
	if !p.word("where") {
		return &Error{Clause: "where"}
	}
	var err error
	q.Where, err = p.condition(0)
	return err
}

// condition takes one condition, or two that and or or joins. More than two need brackets.
func (p *parser) condition(depth int) (Condition, error) {
	left, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
	or := p.word("or")
	if !or && !p.word("and") {
		return left, nil
	}
	right, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
	if p.word("and") || p.word("or") {
		return nil, p.fail("three conditions need brackets")
	}
	return both{left, right, or}, nil
}

func (p *parser) operand(depth int) (Condition, error) {
	if !p.sign("(") {
		return p.comparison()
	}
	if depth == maxDepth {
		return nil, p.fail("the brackets are nested too deep")
	}
	c, err := p.condition(depth + 1)
	if err != nil {
		return nil, err
	}
	if !p.sign(")") {
		return nil, p.fail("a bracket is not closed")
	}
	return c, nil
}

func (p *parser) comparison() (Condition, error) {
	f, err := p.field()
	if err != nil {
		return nil, err
	}
	c := comparison{field: f}
	if t := p.peek(); t.kind == signs && slices.Contains(comparing, t.text) {
		p.next()
		c.op = operator(t.text)
		if c.op == "<>" {
			c.op = unequal
		}
		c.with, err = p.literals(1, "")
		return c, err
	}
	if p.word("is") {
		c.op, c.not = isNull, p.word("not")
		if !p.word("null") {
			return nil, p.fail("null is expected here")
		}
		return c, nil
	}
	c.not = p.word("not")
	switch {
	case p.word("in"):
		c.op = in
		c.with, err = p.list()
	case p.word("like"):
		c.op = like
		c.with, err = p.literals(1, "")
	case p.word("between"):
		c.op = between
		c.with, err = p.literals(2, "and")
	default:
		err = p.fail("an operator is expected here")
	}
	return c, err
}

var comparing = []string{"=", "!=", "<>", "<", "<=", ">", ">="}

// list takes values in brackets.
func (p *parser) list() ([]literal, error) {
	if !p.sign("(") {
		return nil, p.fail("a bracket is expected here")
	}
	var all []literal
	for {
		one, err := p.literals(1, "")
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
		if p.sign(")") {
			return all, nil
		}
		if !p.sign(",") {
			return nil, p.fail("a comma or a bracket is expected here")
		}
	}
}

// literals takes n values with a keyword between them.
func (p *parser) literals(n int, keyword string) ([]literal, error) {
	all := make([]literal, 0, n)
	for i := range n {
		if i > 0 && !p.word(keyword) {
			return nil, p.fail(keyword + " is expected here")
		}
		t := p.peek()
		switch {
		case t.kind == quoted:
			all = append(all, literal{words, t.text})
		case t.kind == numeral:
			all = append(all, literal{number, t.text})
		case t.kind == name && (strings.EqualFold(t.text, "true") || strings.EqualFold(t.text, "false")):
			all = append(all, literal{truth, strings.ToLower(t.text)})
		default:
			return nil, p.fail("a value is expected here")
		}
		p.next()
	}
	return all, nil
}

func (p *parser) orderBy(q *Query) error {
	if !p.word("order") {
		return nil
	}
	if !p.word("by") {
		return p.fail("by is expected here")
	}
	for {
		f, err := p.field()
		if err != nil {
			return err
		}
		o := Order{Field: f, Descending: p.word("desc")}
		if !o.Descending {
			p.word("asc")
		}
		q.Order = append(q.Order, o)
		if !p.sign(",") {
			return nil
		}
	}
}

// limit takes "limit 200", "limit 0, 200" with the offset first, and "limit 200 offset 0".
func (p *parser) limit(q *Query) error {
	if p.word("limit") {
		n, err := p.count()
		if err != nil {
			return err
		}
		q.Limit = n
		if p.sign(",") {
			q.Offset = n
			if q.Limit, err = p.count(); err != nil {
				return err
			}
		}
	}
	if p.word("offset") {
		n, err := p.count()
		if err != nil {
			return err
		}
		q.Offset = n
	}
	return nil
}

func (p *parser) count() (int, error) {
	n, err := strconv.Atoi(p.peek().text)
	if err != nil || n < 0 || p.peek().kind != numeral {
		return 0, p.fail("a whole number is expected here")
	}
	p.next()
	return n, nil
}

func (p *parser) end(*Query) error {
	if len(p.tokens) > 0 {
		return p.fail("nothing is expected here")
	}
	return nil
}
