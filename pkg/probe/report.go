package probe

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"delink/pkg/zoho"
)

// Point is a point that docs/zoho-api.md calls unsure.
type Point string

// The points that a probe finds out about.
const (
	ApprovedParameter Point = "approved_parameter" // whether reads accept it
	OwnFieldsWithID   Point = "own_fields_with_id" // whether a read with fields=id shows the link's own fields
	MemberInfo        Point = "member_info"        // what $member_info has
	ListPrice         Point = "list_price"         // whether a read shows it
	PageOrder         Point = "page_order"         // whether pages come by ascending id
	LookUpOrder       Point = "look_up_order"      // in which order a look-up answers for several ids
	QueryLimit        Point = "query_limit"        // the largest limit of a query
	LinkWhileLinked   Point = "link_while_linked"  // what linking a link that is there answers
	Removal           Point = "delink"             // what a delink answers
	NamesID           Point = "delink_names_id"    // whether that answer names the id
	ReadAfterDelink   Point = "read_after_delink"  // how long a read goes on to show the link
	AllBadBatch       Point = "all_bad_batch"      // what a delink answers that removes nothing
	LinkAgain         Point = "link_again"         // what linking again answers
	ReadAfterLink     Point = "read_after_link"    // how long a read does not show the link
	FieldsBack        Point = "fields_back"        // whether the link has its own fields again
	SameLink          Point = "other_side"         // whether the other side shows the same link
	CallCredits       Point = "credits"            // what calls cost
)

// Fact is what an org really does at one point. It has no names of people, and no values of fields.
type Fact struct {
	Point Point  `json:"point"`
	Side  string `json:"side"`  // the relation that was called; empty if that does not matter
	Value string `json:"value"` // for programs
	Found string `json:"found"` // for people
}

// Step is what a call of a probe was for.
type Step string

// The steps.
const (
	StepLook              Step = "look up"
	StepPage              Step = "list"
	StepQuery             Step = "query"
	StepRelinkWhileLinked Step = "link while linked"
	StepDelink            Step = "delink"
	StepDelinkAgain       Step = "delink again"
	StepLink              Step = "link again"
	StepRestore           Step = "restore"
)

// Call is one call of a probe, and the form of its answer.
type Call struct {
	Step         Step   `json:"step"`
	Method       string `json:"method"`
	Path         string `json:"path"`
	Status       int    `json:"http_status"`
	Shape        string `json:"shape"`
	CreditsLeft  *int   `json:"credits_left"` // null if the answer does not say
	CreditsUsed  *int   `json:"credits_used"` // null if it is not known; other programs may have used some as well
	Milliseconds int64  `json:"milliseconds"`
}

// Report is what a probe has found, and how it left the link.
type Report struct {
	Target Target
	Facts  []Fact
	Calls  []Call

	Blocked string // why nothing was changed at all; empty if something was
	Err     error  // why the probe ended early, or nil
	Deleted bool   // the CRM said that it deleted a record

	Restored bool        // the link is as it was
	Missing  []string    // if it is not: what is missing, in words
	Fields   zoho.Fields // the link's own fields before
	Record   string      // the file that has them; empty if it is not there (any more)
}

// fact adds a fact.
func (r *Report) fact(point Point, side zoho.Relation, value, found string) {
	f := Fact{Point: point, Value: value, Found: found}
	if side != (zoho.Relation{}) {
		f.Side = side.String()
	}
	r.Facts = append(r.Facts, f)
}

// note adds calls from what passed over the wire. left is what the last answer before them said of
// the credits; -1 if nothing.
func (r *Report) note(step Step, passed []zoho.Exchange, left int) {
	for _, x := range passed {
		c := Call{Step: step, Method: x.Method, Path: x.Path, Status: x.Status, Shape: x.Shape, Milliseconds: x.Ended.Sub(x.Sent).Milliseconds()}
		if x.Credits >= 0 {
			now := x.Credits
			c.CreditsLeft = &now
			if used := left - now; left >= 0 && used >= 0 {
				c.CreditsUsed = &used
			}
		}
		left = x.Credits
		r.Calls = append(r.Calls, c)
	}
}

// differing are the names of fields of a link that it does not have any more as they were.
func differing(before, now zoho.Fields) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if now[name] != before[name] {
			names = append(names, name)
		}
	}
	return names
}

// creditsFact says what the calls cost, by step.
func (p *probe) creditsFact() {
	var known []Step
	costs := map[Step][]int{}
	for _, c := range p.report.Calls {
		if c.CreditsUsed == nil || c.Status >= 400 && c.Step != StepDelinkAgain {
			continue
		}
		if costs[c.Step] == nil {
			known = append(known, c.Step)
		}
		if !slices.Contains(costs[c.Step], *c.CreditsUsed) {
			costs[c.Step] = append(costs[c.Step], *c.CreditsUsed)
		}
	}
	if len(known) == 0 {
		p.report.fact(CallCredits, zoho.Relation{}, "unknown", "Zoho did not say how many credits are left, so nothing is known of what calls cost")
		return
	}
	each := make([]string, len(known))
	for i, step := range known {
		each[i] = string(step)
		for n, used := range costs[step] {
			if n > 0 {
				each[i] += " or"
			}
			each[i] += fmt.Sprintf(" %d", used)
		}
	}
	value := strings.Join(each, ", ")
	p.report.fact(CallCredits, zoho.Relation{}, value, "taken for each call: "+value)
}
