package job

import (
	"slices"

	"delink/pkg/reader"
	"delink/pkg/relation"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

// FewestCalls says from which side links are removed.
type FewestCalls string

// The ways to choose.
const (
	FewestAuto   FewestCalls = "auto"   // from the other side if Zoho documents that, and it needs fewer calls
	FewestAlways FewestCalls = "always" // from the other side if the org says that it can be done
	FewestNever  FewestCalls = "never"
)

// Way is how a relation of the input can be removed with fewer calls: from the other side of its
// links.
type Way struct {
	Relation, Other zoho.Relation
	Written         int    // calls, as the input has its links
	Calls           int    // calls from the other side, with those that prove that it can be used
	Unused          Unused // why it is not used; empty if it is
}

// Unused is why the other side is not used.
type Unused string

// Why it is not.
const (
	UnusedNever        Unused = "never"        // the user has said so
	UnusedSnapshot     Unused = "snapshot"     // it is not known which fields of a link the other side shows
	UnusedUndocumented Unused = "undocumented" // Zoho does not document it
	UnusedNotAllowed   Unused = "not_allowed"  // the org does not say that it can be delinked there
	UnusedMaxCalls     Unused = "max_calls"    // the run may make no more calls than the proof takes
)

// proofCalls is how many calls it costs at the most to prove that another side can be used: two
// look-ups, and the delink of one link alone.
const proofCalls = worker.TrialCalls

// otherSideOf gives the other side of a relation, if the input may be sent from there. A relation
// for which only the user vouches is sent as it is written. So is one whose other side is in the
// input as well: its rows may be about the same links.
func (p *Input) otherSideOf(r zoho.Relation) (other zoho.Relation, known bool) {
	other, known = zoho.OtherSide(r)
	if !known || slices.Contains(p.Config.Allow, r) || slices.Contains(p.Config.Allow, other) {
		return other, false
	}
	for _, c := range p.Set.Relations() {
		if c.Relation == other {
			return other, false
		}
	}
	return other, true
}

// has reports whether the input has a link or its other side.
func (p *Input) has(l reader.Link) bool {
	_, has := p.Set.Find(l)
	if other, known := l.OtherSide(); !has && known {
		_, has = p.Set.Find(other)
	}
	return has
}

// savesAtMost is how many calls the other side of a relation can save at the most.
func savesAtMost(written, links, size int) int { return written - (links+size-1)/size - proofCalls }

// otherModules are the modules whose lists have to be known before links are removed from there.
// Those of the input are asked for anyway.
func otherModules(in *Input) (modules []string) {
	if in.Config.FewestCalls == FewestNever || in.Config.Snapshot {
		return nil
	}
	size := in.Config.batchSize()
	for _, c := range in.Set.Relations() {
		other, known := in.otherSideOf(c.Relation)
		if !known || in.Config.FewestCalls != FewestAlways && !zoho.Documented(other) {
			continue
		}
		if savesAtMost(in.Set.CallsOf(c.Relation, size), c.Links, size) > 0 && !slices.Contains(append(modulesOf(in), modules...), other.Module) {
			modules = append(modules, other.Module)
		}
	}
	return modules
}

// chooseWays gives the relations whose other side needs fewer calls, and says which of them are used.
func (j *Job) chooseWays() (ways []Way) {
	size := j.config.batchSize()
	toSend := j.toSendBy()
	for _, c := range j.input.Set.Relations() {
		other, known := j.input.otherSideOf(c.Relation)
		n := toSend[c.Relation]
		if !known || n == nil || savesAtMost(n.calls, n.links, size) <= 0 {
			continue
		}
		w := Way{Relation: c.Relation, Other: other, Written: n.calls, Calls: j.turnedCalls(c.Relation, other, n.calls) + proofCalls}
		if w.Calls < w.Written {
			w.Unused = j.whyUnused(other)
			ways = append(ways, w)
		}
	}
	return ways
}

// share is what is to be sent of a relation.
type share struct{ links, calls int }

// toSendBy counts what is to be sent, by relation, as the input has it.
func (j *Job) toSendBy() map[zoho.Relation]*share {
	size := j.config.batchSize()
	by := map[zoho.Relation]*share{}
	if !j.book.HasHistory() {
		for _, c := range j.input.Set.Relations() {
			by[c.Relation] = &share{c.Links, j.input.Set.CallsOf(c.Relation, size)}
		}
		return by
	}
	for b := range j.book.Batches(size, j.config.RetryFailed) {
		if by[b.Relation] == nil {
			by[b.Relation] = &share{}
		}
		by[b.Relation].links += len(b.Pos)
		by[b.Relation].calls++
	}
	return by
}

// turnedCalls counts the calls from the other side, up to most.
func (j *Job) turnedCalls(r, other zoho.Relation, most int) (calls int) {
	size := j.config.batchSize()
	if !j.book.HasHistory() {
		return j.input.Set.TurnedCalls(r, other, size, nil, most)
	}
	for b := range j.book.BatchesFrom(map[zoho.Relation]zoho.Relation{r: other}, size, j.config.RetryFailed) {
		if b.IsTurned() {
			calls++
		}
		if calls >= most {
			break
		}
	}
	return calls
}

// whyUnused says why the other side of a relation is not used; empty if it is.
func (j *Job) whyUnused(other zoho.Relation) Unused {
	lists := j.answers.lists[other.Module]
	says := slices.ContainsFunc(lists, func(l zoho.List) bool { return l.Name == other.List && l.CanDelink == zoho.Yes })
	always := j.config.FewestCalls == FewestAlways
	switch {
	case j.config.FewestCalls == FewestNever:
		return UnusedNever
	case j.config.Snapshot:
		return UnusedSnapshot
	case j.config.MaxCalls > 0 && j.config.MaxCalls <= proofCalls:
		return UnusedMaxCalls
	case !always && !zoho.Documented(other):
		return UnusedUndocumented
	case relation.Check(other, nil, lists) != nil, (lists != nil || always) && !says:
		return UnusedNotAllowed
	}
	return ""
}

// sidesOf gives the other sides that are used.
func sidesOf(ways []Way) map[zoho.Relation]zoho.Relation {
	sides := map[zoho.Relation]zoho.Relation{}
	for _, w := range ways {
		if w.Unused == "" {
			sides[w.Relation] = w.Other
		}
	}
	return sides
}
