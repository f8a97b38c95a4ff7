package recap

import (
	"maps"
	"slices"

	"delink/pkg/trace"
)

// spanLengths are those that a series can have, in seconds. Each is a multiple of the one before.
var spanLengths = []int64{1, 5, 15, 60, 300, 900, 3600, 21600, 86400, 604800}

// series sums up what happened, by spans of time. When it has too many spans, they become longer.
type series struct {
	seconds int64
	most    int // spans
	spans   map[int64]*span
}

// span is what happened in a span of time.
type span struct {
	settled, bad int
	calls        trace.Sum
	byHow        map[trace.How]int
	answers      trace.Times
}

func newSeries(seconds int64, most int) *series {
	return &series{seconds: seconds, most: most, spans: map[int64]*span{}}
}

func (s *series) at(unix int64) *span {
	from := floor(unix, s.seconds)
	p := s.spans[from]
	if p != nil {
		return p
	}
	if len(s.spans) >= s.most && s.widen() {
		return s.at(unix)
	}
	p = &span{byHow: map[trace.How]int{}}
	s.spans[from] = p
	return p
}

func floor(unix, seconds int64) int64 { return unix - ((unix%seconds)+seconds)%seconds }

// widen makes the spans longer. It returns false if they cannot become longer.
func (s *series) widen() bool {
	i := slices.Index(spanLengths, s.seconds)
	if i == len(spanLengths)-1 {
		return false
	}
	old := s.spans
	s.seconds, s.spans = spanLengths[i+1], map[int64]*span{}
	for _, from := range slices.Sorted(maps.Keys(old)) {
		to := floor(from, s.seconds)
		if s.spans[to] == nil {
			s.spans[to] = old[from]
			continue
		}
		s.spans[to].merge(old[from])
	}
	return true
}

func (p *span) merge(o *span) {
	p.settled += o.settled
	p.bad += o.bad
	if o.calls.Calls > 0 {
		p.calls.Merge(&o.calls)
	}
	p.answers.Merge(&o.answers)
	for how, n := range o.byHow {
		p.byHow[how] += n
	}
}

// add takes calls. Those of a long Sum count where it begins.
func (s *series) add(c *trace.Sum) {
	p := s.at(c.From)
	p.calls.Merge(c)
	p.byHow[c.How] += c.Calls
	if c.How.Answered() {
		p.answers.Merge(&c.Times)
	}
}

// settle takes an outcome.
func (s *series) settle(unix int64, bad bool) {
	p := s.at(unix)
	p.settled++
	if bad {
		p.bad++
	}
}

func (p *span) refused() int {
	return p.byHow[trace.Refused] + p.byHow[trace.Nameless] + p.byHow[trace.Denied] + p.byHow[trace.BadToken]
}

func (p *span) missing() int { return p.byHow[trace.Unanswered] + p.byHow[trace.Unsent] }

// course gives the spans as arrays. runAt gives the run of a moment.
func (s *series) course(runAt func(unix int64) int) (c Course) {
	c.Seconds = s.seconds
	for _, from := range slices.Sorted(maps.Keys(s.spans)) {
		p := s.spans[from]
		c.Start = append(c.Start, from)
		c.Run = append(c.Run, runAt(from+s.seconds-1))
		c.Settled = append(c.Settled, p.settled)
		c.Bad = append(c.Bad, p.bad)
		c.Calls = append(c.Calls, p.calls.Calls)
		c.OK = append(c.OK, p.byHow[trace.OK])
		c.Refused = append(c.Refused, p.refused())
		c.Missing = append(c.Missing, p.missing())
		c.Throttled = append(c.Throttled, p.byHow[trace.Throttled])
		a := answerTimes(&p.answers)
		c.Median, c.P90, c.P99 = append(c.Median, a.Median), append(c.P90, a.P90), append(c.P99, a.P99)
		c.InFlight = append(c.InFlight, p.calls.InFlight)
		c.Allowed = append(c.Allowed, p.calls.Least)
		c.AllowedMax = append(c.AllowedMax, p.calls.Most)
		c.PausedMS = append(c.PausedMS, p.calls.Pause)
	}
	return c
}

func answerTimes(t *trace.Times) AnswerTimes {
	return AnswerTimes{t.Quantile(0.5), t.Quantile(0.9), t.Quantile(0.99)}
}
