package zoho

import "strings"

// usual reads an answer by ids in the form in which it nearly always comes, to the byte:
//
//	{"data":[{"code":"SUCCESS","details":{"id":"3652…"},"message":"relation removed","status":"success"},…]}
//
// It is nil for every other text, which the cursor has to read, and gives what the cursor would.
// Each text that came before is kept once, and not the body.
func usual(body []byte) *envelope {
	const begin, end = `{"data":[{"code":"`, `"}]}`
	s := usualText{rest: string(body)}
	if !s.pass(begin) || !strings.HasSuffix(s.rest, end) {
		return nil
	}
	e := &envelope{Data: make([]result, 0, MaxIDs)}
	var last result
	for {
		var r result
		r.Code = s.again(last.Code, `","details":{"id":"`)
		r.Details.ID = s.text(`"},"message":"`)
		r.Message = s.again(last.Message, `","status":"`)
		r.Status = s.again(last.Status, `"}`)
		if s.other {
			return nil
		}
		e.Data = append(e.Data, r)
		switch last = r; {
		case s.rest == "]}":
			return e
		case !s.pass(`,{"code":"`):
			return nil
		}
	}
}

// usualText is a text that is held against the usual one.
type usualText struct {
	rest  string
	other bool // it is not the usual one
}

// pass passes over what has to come next, and reports whether it did.
func (s *usualText) pass(what string) (ok bool) {
	s.rest, ok = strings.CutPrefix(s.rest, what)
	s.other = s.other || !ok
	return ok
}

// text reads the inside of a string of plain characters, and what has to follow it. It is a part of
// the body, and must not be kept.
func (s *usualText) text(behind string) text {
	n := 0
	for n < len(s.rest) && isUsual(s.rest[n]) {
		n++
	}
	t := s.rest[:n]
	s.rest = s.rest[n:]
	s.pass(behind)
	return text(t)
}

// again is text for what may be kept. last is the text that the item before has in its place, and
// nearly always that of this one, too: it is in memory once.
func (s *usualText) again(last text, behind string) text {
	if n := len(last); strings.HasPrefix(s.rest, string(last)) && strings.HasPrefix(s.rest[n:], behind) {
		s.rest = s.rest[n+len(behind):]
		return last
	}
	return text(strings.Clone(string(s.text(behind))))
}

// isUsual reports whether a character stands for itself inside a JSON string, and is one byte.
func isUsual(c byte) bool { return c >= ' ' && c <= '~' && c != '"' && c != '\\' }
