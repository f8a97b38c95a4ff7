package export

import (
	"context"
	"iter"
	"slices"

	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/worker"
	"delink/pkg/worker/engine"
)

// mostQueries is how many queries may be in flight (docs/zoho-api.md).
const mostQueries = 10

// read finds the parent records, counts their links and lists them.
func (x *run) read(stop, hard context.Context) (outcome.Reason, error) {
	searches, slots := x.searches()
	if reason, err := x.drive(stop, hard, searches, slots, func(engine.Stats) progress.Moment {
		return progress.Moment{Done: int(x.found.Load()), Total: len(x.ids), Unit: "parent records", Verb: "found"}
	}); reason != outcome.Completed || err != nil {
		return reason, err
	}
	x.arrange()
	toCount := 0
	for range x.uncounted() {
		toCount++
	}
	if x.world.Found != nil {
		x.world.Found(len(x.parents), toCount)
	}
	if reason, err := x.drive(stop, hard, x.uncounted(), x.slots(), func(engine.Stats) progress.Moment {
		return progress.Moment{Done: int(x.counted.Load()), Total: toCount, Unit: "parent records", Verb: "counted"}
	}); reason != outcome.Completed || err != nil {
		return reason, err
	}
	p := x.plan()
	if x.world.Tell != nil {
		x.world.Tell(p)
	}
	return x.drive(stop, hard, x.listings(), x.slots(), func(s engine.Stats) progress.Moment {
		return progress.Moment{Done: s.Done, Total: p.Links}
	})
}

// searches are the errands that find the parent records, and how many of them may be in flight.
func (x *run) searches() (errands iter.Seq[worker.Errand], slots int) {
	slots = min(x.slots(), mostQueries)
	return func(yield func(worker.Errand) bool) {
		switch p := &x.config.Parents; {
		case p.Where != "":
			yield(&query{x: x, where: p.Where, limit: mostOfQuery})
		case p.View != "" || p.All: // one errand, which is no query, so that the limit makes no difference
			yield(x.newRecords(x.view.ID))
		default:
			for ids := range slices.Chunk(x.ids, mostNames) {
				if !yield(&names{x: x, ids: ids}) {
					return
				}
			}
		}
	}, slots
}

// uncounted gives an errand for each parent record whose links are to be counted.
func (x *run) uncounted() iter.Seq[worker.Errand] {
	return func(yield func(worker.Errand) bool) {
		for i := range x.parents {
			if p := &x.parents[i]; p.state == open && p.counted < 0 && !yield(&counting{x: x, p: p}) {
				return
			}
		}
	}
}

// listings gives an errand for each parent record that is not closed. Those for which the calls are
// not enough go last: they would end the run before the others.
func (x *run) listings() iter.Seq[worker.Errand] {
	left, limited := x.callsLeft()
	var tooLong []*parent
	return func(yield func(worker.Errand) bool) {
		for i := range x.parents {
			switch p := &x.parents[i]; {
			case p.state != open:
			case limited && x.config.readings()*p.pagesCounted() > left:
				tooLong = append(tooLong, p)
			case !yield(x.newListing(p)):
				return
			}
		}
		for _, p := range tooLong {
			if !yield(x.newListing(p)) {
				return
			}
		}
	}
}

// slots is how many calls may be in flight.
func (x *run) slots() int { return x.config.SlotsFor(x.inquiry.Org) }

// callsLeft is how many calls this run may still make, if they are limited.
func (x *run) callsLeft() (left int, limited bool) {
	return max(0, x.config.MaxCalls-x.summary.Calls), x.config.MaxCalls > 0
}

// drive runs errands within the limits of the whole export. look shows how they go on, and may be
// called at any time, also when they are at their end.
func (x *run) drive(stop, hard context.Context, errands iter.Seq[worker.Errand], slots int, look func(engine.Stats) progress.Moment) (outcome.Reason, error) {
	limits := x.config.Settings(slots, x.world.Note)
	left, limited := x.callsLeft()
	if limits.MaxCalls = left; limited && left == 0 {
		for range errands { // there is one
			return outcome.MaxCalls, nil
		}
	}
	// Whoever looks has the errands of this call, whatever x is at later.
	run := worker.NewErrands(x.crm, errands, func() error { return x.spool.file.Sync() }, limits)
	x.engine = run
	if x.world.Watch != nil {
		defer x.world.Watch(func() progress.Moment {
			s := run.Stats()
			m := look(s)
			m.InFlight, m.Slots, m.Stopping = s.InFlight, s.Slots, s.Stopping
			return m
		})()
	}
	reason, err := run.Run(stop, hard)
	s := run.Stats()
	x.summary.Calls += s.Calls
	x.summary.Retries += s.Retries
	x.summary.Throttled += s.Throttled
	return reason, err
}
