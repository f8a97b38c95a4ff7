package doctor

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"delink/pkg/zoho"
)

// org is an org of which only the related lists are known, and which notes what it is asked.
type org struct {
	lists   map[string][]zoho.List
	refuse  map[string]error // by the question, such as "lists of Courses"
	records []string         // modules whose records were asked for
}

func (o *org) Token(context.Context) (zoho.Token, error) { return zoho.Token{}, nil }
func (o *org) Ready() (zoho.Token, bool)                 { return zoho.Token{}, true }
func (o *org) Renew(error) bool                          { return true }
func (o *org) Credits() (int, bool)                      { return 0, false }
func (o *org) Base(context.Context) (string, error)      { return "", nil }
func (o *org) Reach(context.Context) error               { return nil }
func (o *org) Accepts(context.Context) error             { return o.refuse["version"] }
func (o *org) Org(context.Context) (zoho.Org, error)     { return zoho.Org{}, o.refuse["org"] }

func (o *org) Lists(_ context.Context, module string) ([]zoho.List, error) {
	return o.lists[module], o.refuse["lists of "+module]
}

func (o *org) Views(context.Context, string) ([]zoho.View, error) { return nil, o.refuse["views"] }

func (o *org) Records(_ context.Context, _ zoho.Token, module string, _ zoho.ID, _ zoho.PageOf) (zoho.Page, error) {
	o.records = append(o.records, module)
	return zoho.Page{}, o.refuse["records of "+module]
}

func (o *org) Query(context.Context, zoho.Token, string) (zoho.Page, error) {
	return zoho.Page{}, o.refuse["query"]
}

// check gives the check of a name, about something.
func check(t *testing.T, f *Findings, name Name, about string) Check {
	t.Helper()
	for _, c := range f.Checks() {
		if c.Name == name && c.About == about {
			return c
		}
	}
	t.Fatalf("there is no check %s of %q", name, about)
	return Check{}
}

// Lists of custom modules have any name. Which module their records are of, the org says.
func TestModuleOfCustomList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{lists: map[string][]zoho.List{
			"Courses":  {{Name: "Attendees3", Module: "Students", CanDelink: zoho.Yes}, {Name: "Rooms", Module: "Rooms", CanDelink: zoho.Yes}},
			"Students": {{Name: "Notes", Module: "Notes", CanDelink: zoho.No}, {Name: "Attended", Module: "Courses", CanDelink: zoho.Yes}},
		}}
		r := zoho.Relation{Module: "Courses", List: "Attendees3"}
		f := Examine(t.Context(), Case{CRM: o, Seen: &zoho.Exchanges{}, Relations: []zoho.Relation{r}})
		if other, sure := f.OtherSide(r); other != (zoho.Relation{Module: "Students", List: "Attended"}) || sure {
			t.Errorf("the other side is %s, %v", other, sure)
		}
		if c := check(t, f, OtherSide, "Students.Attended"); c.State != OK {
			t.Errorf("%+v", c)
		}
		check(t, f, Scope, "ZohoCRM.modules.students.DELETE")
		if got := fmt.Sprint(o.records); got != "[Courses Students]" {
			t.Errorf("the records of %s were asked for", got)
		}
		if f.OtherToDelink(r) != (zoho.Relation{}) {
			t.Error("a list that only perhaps shows the same links is to be delinked")
		}
	})
}

// A scope that is missing can look like a token that is not accepted. Once a call was answered, it is
// the former, in whichever round.
func TestScopeOfRelatedModuleLooksLikeToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := &zoho.Error{Kind: zoho.BadToken, Status: 401, Code: "INVALID_TOKEN", Scope: zoho.ScopeRun, Sent: true}
		o := &org{
			lists:  map[string][]zoho.List{"Courses": {{Name: "Attendees3", Module: "Students", CanDelink: zoho.Yes}}},
			refuse: map[string]error{"lists of Students": bad, "records of Students": bad},
		}
		r := zoho.Relation{Module: "Courses", List: "Attendees3"}
		f := Examine(t.Context(), Case{CRM: o, Seen: &zoho.Exchanges{}, Relations: []zoho.Relation{r}})
		if f.Refused != nil {
			t.Fatal(f.Refused)
		}
		if c := check(t, f, Scope, "ZohoCRM.modules.students.READ"); !c.Lacks {
			t.Errorf("%+v", c)
		}
		if c := check(t, f, Scope, "ZohoCRM.modules.courses.READ"); c.State != OK {
			t.Errorf("%+v", c)
		}
	})
}
