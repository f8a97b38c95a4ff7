package worker

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"delink/pkg/chunker"
	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// sides are what a run knows of the other sides of its relations. A batch that is turned is sent
// from the other side of its links: see chunker.Batch. What the other side says that it removed is
// settled, once it is proven that both sides show the same links: see trialStep. Everything else
// goes back, and is sent from the side of the input: a refusal of the other side fails no link, and
// "no such relation" may only mean that a record is not shown from there.
type sides struct {
	regroup func(positions []uint32) (next func() (chunker.Batch, bool))
	of      map[zoho.Relation]*side // by the relation of the input
	refused refusals                // of the other sides: they say nothing of the input's side

	trial bool           // one goes on: nothing new is begun
	rest  *chunker.Batch // behind the link that is tried
	open  int            // links of turned tasks that have neither an outcome nor gone back

	back     map[outcome.History][]uint32 // positions of links that went back, and are to be grouped
	answered int                          // how many of them a call had named
	largest  int                          // links of the largest turned batch
	again    func() (chunker.Batch, bool) // gives the batches of those that are grouped; nil if none are left

	// Of links that went back: positions of those without an outcome that a call of this run may
	// have removed, and what is known of such calls.
	mayBeGone  map[int]bool
	attempts   map[int]int // calls that named them, of all links that went back
	unanswered *zoho.Error
	foreign    bool
}

// side is what a run knows of the other side of a relation.
type side struct {
	other  zoho.Relation
	proven bool
	tried  int         // links with which that was tried
	back   *zoho.Error // why nothing is sent there any more
	lost   int         // tasks in a row that went unanswered
	alike  int         // see refusesAll
	tokens int         // trials that were refused for their token
	went   tallyOf     // why links went back
}

// mostTrials is how many links of a relation are tried before it is turned back as a whole.
const mostTrials = 10

func newSides(regroup func(positions []uint32) func() (chunker.Batch, bool)) sides {
	return sides{
		regroup: regroup, of: map[zoho.Relation]*side{}, refused: newRefusals(),
		back: map[outcome.History][]uint32{}, mayBeGone: map[int]bool{}, attempts: map[int]int{},
	}
}

// side gives what is known of the other side of a turned batch's relation.
func (s *sides) side(relation, other zoho.Relation) *side {
	if s.of[relation] == nil {
		s.of[relation] = &side{other: other, went: tallyOf{}}
	}
	return s.of[relation]
}

func (d *Delink) sideOf(t *task) *side { return d.sides.side(t.turned, t.relation) }

// tallyOf counts links by a reason.
type tallyOf map[string]int

// String names the most frequent reasons.
func (t tallyOf) String() string {
	var reasons []string
	for why := range t {
		reasons = append(reasons, why)
	}
	slices.SortFunc(reasons, func(a, b string) int {
		if t[a] != t[b] {
			return t[b] - t[a]
		}
		return strings.Compare(a, b)
	})
	const shown = 3
	var b strings.Builder
	for i, why := range reasons[:min(len(reasons), shown)] {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%d: %s", t[why], why)
	}
	if len(reasons) > shown {
		b.WriteString("; …")
	}
	return b.String()
}

// nextBatch gives the next batch: one of links that went back, if so many of them wait or nothing
// else is left, or else one of the source. Batches of a relation that was turned back are not given.
func (d *Delink) nextBatch() (chunker.Batch, bool) {
	s := &d.sides
	for !s.trial {
		if s.again != nil {
			if b, ok := s.again(); ok {
				return b, true
			}
			s.again = nil
		}
		// The more links wait, the fuller are their batches. But a kill puts them in doubt, and the
		// journal keeps them. So no more wait than can be in flight.
		if s.answered > 0 && s.answered >= d.engine.Slots()*s.largest {
			s.group()
			continue
		}
		b, ok := d.takeBatch()
		switch {
		case !ok && (s.open > 0 || len(s.back) == 0):
			return b, false
		case !ok:
			s.group()
		case !b.IsTurned():
			return b, true
		default:
			side := s.side(b.Turned, b.Relation)
			e := s.refused.of(b.Relation, parentRecord{b.Relation.Module, b.Parent})
			if e == nil {
				e = side.back
			}
			if e == nil {
				s.largest = max(s.largest, len(b.Pos))
				return s.withTrial(side, b), true
			}
			s.putBack(side, b.Pos, b.History, reason(e.Code))
		}
	}
	return chunker.Batch{}, false
}

// takeBatch takes the rest of the batch of which a link was tried, or the next one of the source.
func (d *Delink) takeBatch() (b chunker.Batch, ok bool) {
	if rest := d.sides.rest; rest != nil {
		d.sides.rest = nil
		return *rest, true
	}
	return d.next()
}

// withTrial gives the first link of a batch alone, if its relation is not proven.
func (s *sides) withTrial(side *side, b chunker.Batch) chunker.Batch {
	if side.proven {
		return b
	}
	if len(b.Pos) > 1 {
		rest := b
		rest.Related, rest.Pos = b.Related[1:], b.Pos[1:]
		s.rest = &rest
		b.Related, b.Pos = b.Related[:1:1], b.Pos[:1:1]
	}
	return b
}

// beginTurned notes a new task that is turned. If its relation is not proven, it is a trial.
func (d *Delink) beginTurned(t *task) {
	d.sides.open += len(t.ids)
	if side := d.sideOf(t); !side.proven {
		side.tried++
		d.sides.trial = true
		t.trial = trialSees
	}
}

// putBack notes links that go back.
func (s *sides) putBack(side *side, pos []int, h outcome.History, why string) {
	for _, p := range pos {
		s.back[h] = append(s.back[h], uint32(p))
		if h.OfThisRun() {
			s.mayBeGone[p] = true
		}
	}
	side.went[why] += len(pos)
}

// group has the links that went back sent from the side of the input.
func (s *sides) group() {
	var parts []func() (chunker.Batch, bool)
	for _, h := range []outcome.History{outcome.InDoubt, outcome.Unanswered, outcome.Clear, outcome.LeftUnknown} {
		if len(s.back[h]) == 0 {
			continue
		}
		next := s.regroup(s.back[h])
		parts = append(parts, func() (chunker.Batch, bool) {
			b, ok := next()
			b.History = h
			return b, ok
		})
	}
	clear(s.back)
	s.answered = 0
	s.again = func() (b chunker.Batch, ok bool) {
		for len(parts) > 0 {
			if b, ok = parts[0](); ok {
				return b, true
			}
			parts = parts[1:]
		}
		return b, false
	}
}

// goBack has the links of a turned task sent from the side of the input.
func (d *Delink) goBack(t *task, why string) {
	s, side := &d.sides, d.sideOf(t)
	if t.other != nil {
		d.engine.Park(t.other, 0)
		t.other = nil
	}
	if t.history.OfThisRun() {
		s.unanswered, s.foreign = t.unanswered, s.foreign || t.foreign
	}
	s.putBack(side, t.pos, t.history, why)
	for _, p := range t.pos {
		if t.Attempts > 0 {
			s.attempts[p] = t.Attempts
		}
	}
	s.answered += len(t.pos)
	d.turnedEnds(t, len(t.pos))
	if t.trial != noTrial && !side.proven && side.tried >= mostTrials {
		d.turnBack(t, &zoho.Error{Kind: zoho.Refused, Code: zoho.CodeNotLinked, Detail: "none of the first links could be removed from there"})
	}
}

// turnedEnds notes that links of a turned task have an outcome, or went back.
func (d *Delink) turnedEnds(t *task, links int) {
	d.sides.open -= links
	if t.trial != noTrial {
		d.sides.trial = false
	}
	d.engine.More()
}

// turnBack has no more links of a task's relation sent from the other side.
func (d *Delink) turnBack(t *task, e *zoho.Error) {
	side := d.sideOf(t)
	if side.back != nil {
		return
	}
	side.back = e
	d.engine.Notef("links of %s are removed from the side of %s, as they are in the input: %s cannot be used: %s", t.turned, t.turned.Module, t.relation, e)
}

// turnsBack settles a turned task without a call, if its other side is refused.
func (d *Delink) turnsBack(t *task) bool {
	side := d.sideOf(t)
	e := side.back
	if e == nil {
		e = d.sides.refused.of(t.relation, t.parentRecord())
	}
	switch {
	case t.trial.looks():
		return false
	case e != nil:
		d.goBack(t, reason(e.Code))
		return true
	case t.trial == trialSends && t.badToken:
		// Perhaps the token has expired, and perhaps a scope is missing. The look-ups of the next
		// trial will be accepted: so the login is not taken for one that is refused.
		// Each trial may cost a token, and Zoho gives few of them.
		if side.tokens++; side.tokens > 1 {
			d.turnBack(t, &zoho.Error{Kind: zoho.Denied, Status: http.StatusUnauthorized, Code: "401"})
		}
		d.goBack(t, reason("401"))
		return true
	}
	return false
}

// abandonSides settles the links that went back and were not sent, when the run ends. If a call of
// this run may have removed them, they are Unknown.
func (d *Delink) abandonSides() {
	s := &d.sides
	if pos := slices.Sorted(maps.Keys(s.mayBeGone)); len(pos) > 0 {
		left := &task{piece: piece{pos: pos, ids: make([]zoho.ID, len(pos)), history: outcome.Unanswered}, unanswered: s.unanswered}
		d.write(left.unknown(time.Now()))
	}
	byName := func(a, b zoho.Relation) int { return strings.Compare(a.String(), b.String()) }
	for _, relation := range slices.SortedFunc(maps.Keys(s.of), byName) {
		side := s.of[relation]
		if links := side.links(); links > 0 {
			what := "links of %s were"
			if links == 1 {
				what = "link of %s was"
			}
			d.engine.Notef("%d "+what+" not removed from the side of %s, and went back to the side of %s (%s)",
				links, relation, side.other.Module, relation.Module, side.went)
		}
	}
}

// links is how many links went back.
func (s *side) links() (n int) {
	for _, links := range s.went {
		n += links
	}
	return n
}

// write records outcomes.
func (d *Delink) write(out []outcome.Outcome) {
	if s := &d.sides; len(s.attempts) > 0 {
		for i := range out {
			out[i].Attempts += s.attempts[out[i].Pos]
			delete(s.attempts, out[i].Pos)
			delete(s.mayBeGone, out[i].Pos)
		}
	}
	d.results.write(out)
}
