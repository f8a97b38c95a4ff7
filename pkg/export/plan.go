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
	Asked    int       // calls that asked the org about itself
	Slots    int       // calls in flight at most
	Time     time.Duration
	Warnings []string
	Wanted   string // see Config.Wanted
	Output   string
}

// plan counts what is still to be done.
func (x *run) plan() *Plan {
	c := &x.config
	p := &Plan{
		Relation: c.Relation, Org: x.inquiry.Org, Parents: len(x.parents), Listed: x.taken, Since: x.earlier.since(),
		Spent: x.summary.Calls, Asked: x.inquiry.Asked, Slots: x.slots(), Output: c.Output, Wanted: c.Wanted(),
	}
	longest, tooLong := 0, 0
	left, limited := x.callsLeft()
	for i := range x.parents {
		one := &x.parents[i]
		if one.state != open {
			continue
		}
		if one.counted >= 0 {
			p.Counted++
			p.Links += one.counted
		}
		calls := c.readings() * one.pagesCounted()
		p.Calls += calls
		longest = max(longest, calls)
		if limited && calls > left {
			tooLong++
		}
	}
	p.Time = max(job.Estimate(p.Calls, p.Slots, c.PerSecond, job.AnswerTime), time.Duration(longest)*job.AnswerTime)
	if problem := x.inquiry.Problem; problem != nil {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s: run would refuse these links", problem))
	}
	if tooLong > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("the limit of calls leaves %d for lists, and %d parent records take more each: they are not listed", left, tooLong))
	}
	return p
}

// pagesCounted is how many pages the links of a parent record take, as far as they were counted.
func (p *parent) pagesCounted() int { return max(1, (p.counted+perPage-1)/perPage) }

// readings is how often the links of a parent record are read.
func (c *Config) readings() int {
	if c.Converted != Both || c.Approved != Both {
		return 2
	}
	return 1
}
