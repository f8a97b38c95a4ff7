package export

import (
	"fmt"
	"time"

	"delink/pkg/job"
	"delink/pkg/zoho"
)

// Plan is what an export is about to do. A person sees it before links are listed.
type Plan struct {
	Relation zoho.Relation
	Org      *zoho.Org // nil where it is not known
	Parents  int
	Listed   int       // parent records that an earlier run has closed
	Since    time.Time // when that run began
	Links    int       // that were counted of the other parent records
	Counted  int       // of how many parent records
	Calls    int       // that are still to be made
	Spent    int       // calls that were made
	Slots    int       // calls in flight at most
	Time     time.Duration
	Warnings []string
	Output   string
}

// plan counts what is still to be done.
func (x *run) plan() *Plan {
	c := &x.config
	p := &Plan{
		Relation: c.Relation, Org: x.inquiry.Org, Parents: len(x.parents), Listed: x.taken, Since: x.earlier.since(),
		Spent: x.summary.Calls, Output: c.Output,
	}
	readings := 1
	if c.Converted != Both || c.Approved != Both {
		readings = 2
	}
	longest := 0
	for i := range x.parents {
		one := &x.parents[i]
		if one.state != open {
			continue
		}
		if one.counted >= 0 {
			p.Counted++
			p.Links += one.counted
		}
		calls := readings * max(1, (one.counted+perPage-1)/perPage)
		p.Calls += calls
		longest = max(longest, calls)
	}
	left, _ := x.callsLeft()
	p.Slots = slotsWithin(left, longest, x.slots())
	p.Time = max(job.Estimate(p.Calls, p.Slots, c.PerSecond), time.Duration(longest)*job.AnswerTime)
	if problem := x.inquiry.Problem; problem != nil {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s: run would refuse these links", problem))
	}
	return p
}

// slotsWithin gives how many parent records are listed at a time. The calls for those in flight
// alternate. So if there are k of them, they come to their ends within k times as many calls as the
// longest takes. If calls are limited, k is so small that these are within the limit. Else the calls
// could be spent on parent records of which none comes to its end, and the next run would have to
// begin with all of them again. A limit of 0 is none.
func slotsWithin(maxCalls, longest, slots int) int {
	if maxCalls <= 0 {
		return slots
	}
	return max(1, min(slots, maxCalls/max(1, longest)))
}
