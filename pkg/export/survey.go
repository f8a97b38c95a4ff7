package export

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"delink/pkg/progress"
)

// survey is what people should know about the links of an export: why there are none, or fewer than
// they may think.
type survey struct {
	x       *run
	links   int                       // of which own fields are shown, and whose records are wanted
	own     map[string]bool           // the own fields that there are
	values  map[string]map[string]int // of the own fields by which links are chosen: how many links have each
	filled  map[string]bool           // the fields of related records that have a value in some row
	unshown []unshown
}

// unshown are the links of a parent record of which no own field is shown, although links are to be
// chosen by one.
type unshown struct {
	p     *parent
	links int
	first []string // ids of some of them
}

// Numbers of what is kept and told.
const (
	mostValues  = 1000 // different values of a field that are counted
	toldValues  = 10
	toldUnshown = 5
)

func newSurvey(x *run) survey {
	s := survey{x: x, own: map[string]bool{}, values: map[string]map[string]int{}, filled: map[string]bool{}}
	for name := range x.config.Link {
		s.values[name] = map[string]int{}
	}
	return s
}

// look takes up a link.
func (s *survey) look(p *parent, l *link) {
	for name := range l.Own {
		s.own[name] = true
	}
	if l.Not {
		return
	}
	if _, known := s.x.config.Link.holds(l.Own); !known {
		if n := len(s.unshown); n == 0 || s.unshown[n-1].p != p {
			s.unshown = append(s.unshown, unshown{p: p})
		}
		u := &s.unshown[len(s.unshown)-1]
		if u.links++; len(u.first) < toldUnshown {
			u.first = append(u.first, l.ID.String())
		}
		return
	}
	s.links++
	for name, count := range s.values {
		value := l.Own[name]
		if _, there := count[value]; there || len(count) < mostValues || slices.Contains(s.x.config.Link[name], value) {
			count[value]++
		}
	}
}

// fill takes up a link that goes out.
func (s *survey) fill(l *link) {
	for _, name := range s.x.config.Fields {
		if !s.filled[name] && l.field(name) != "" {
			s.filled[name] = true
		}
	}
}

// field is a field of the related record.
func (l *link) field(name string) string { return cmp.Or(l.Fields[name], l.Own[name]) }

// tell says what people should know of an output with some rows.
func (s *survey) tell(rows int) error {
	if len(s.x.parents) == 0 {
		s.x.notef("%s", s.x.foundNone())
	}
	for _, name := range slices.Sorted(maps.Keys(s.x.config.Link)) {
		if s.links > 0 {
			s.tellValues(name)
		}
	}
	var empty []string
	for _, name := range s.x.config.Fields {
		if !s.filled[name] {
			empty = append(empty, recordColumn+name)
		}
	}
	if len(empty) > 0 && rows > 0 {
		s.x.notef("%s: empty in all rows; see whether the records have such a field, and whether this is its API name", strings.Join(empty, ", "))
	}
	return s.notShown()
}

// tellValues says which values there are, if no link has one that is wanted.
func (s *survey) tellValues(name string) {
	count := s.values[name]
	if !s.own[name] {
		there := "none is shown"
		if len(s.own) > 0 {
			there = "there is " + strings.Join(slices.Sorted(maps.Keys(s.own)), ", ")
		}
		s.x.notef("no link has a field %s of its own; %s", name, there)
		return
	}
	missing := slices.DeleteFunc(slices.Clone(s.x.config.Link[name]), func(v string) bool { return count[v] > 0 })
	if len(missing) == 0 {
		return
	}
	there := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	more := ""
	if len(there) > toldValues {
		there, more = there[:toldValues], ", …"
	}
	for i, v := range there {
		if v == "" {
			there[i] = "links without a value"
		}
	}
	are := "there are"
	if len(there) == 1 {
		are = "there is only"
	}
	s.x.notef("none of %s links has %s %s; %s %s%s", progress.Number(s.links), name, quotedOr(missing), are, strings.Join(there, ", "), more)
}

// notShown notes that parent records are not complete, because links of theirs could not be chosen.
// The same command lists them again.
func (s *survey) notShown() error {
	names := strings.Join(slices.Sorted(maps.Keys(s.x.config.Link)), ", ")
	for _, u := range s.unshown {
		ids := strings.Join(u.first, ", ")
		if u.links > len(u.first) {
			ids += ", …"
		}
		if u.p.state != closed {
			continue // it is not complete for another reason
		}
		u.p.state = failed
		s.x.failures[u.p.id] = failure{code: CodeNotShown, reason: fmt.Sprintf("%d links are left out, because the CRM shows no field of their own, so that %s is not known: %s", u.links, names, ids)}
		if err := s.x.spool.begin(u.p.id); err != nil {
			return err
		}
	}
	return nil
}

// foundNone says that there are no parent records, and what to look at.
func (x *run) foundNone() string {
	module := x.config.Relation.Module
	switch p := &x.config.Parents; {
	case p.Where != "":
		return fmt.Sprintf("no %s meet the condition %q: look at the names and values in it, and whether this login sees the records", module, p.Where)
	case p.View != "":
		return fmt.Sprintf("the view %q shows no %s to this login: look at its criteria, and at who may see them", p.View, module)
	}
	return fmt.Sprintf("this login sees no %s: look at its role and profile", module)
}
