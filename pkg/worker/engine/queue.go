package engine

import (
	"slices"
	"time"
)

// queue holds the tasks that are to be called. New tasks are taken from the operation some time
// ahead, because they have to be prepared and no slot should wait for that.
//
//	Operation.Next ─▶ ahead ─ Prepare ─▶ ready ─▶ front ─▶ a worker
//	                                              ▲ │
//	                                              └─┴ parked: to be called again
type queue struct {
	window  int    // how many tasks are ahead or ready at most
	ahead   []Task // are being prepared
	ready   []Task // are prepared
	parked  []Task // wait to be called again, in no order
	front   Task   // goes next; nil if none was chosen yet
	drained bool   // the operation has no other task

	prepare  chan []Task
	prepared chan error
}

// leastWindow lets an engine with few slots prepare more than one task at a time.
const leastWindow = 4

func newQueue(slots int) queue {
	return queue{window: max(slots, leastWindow), prepare: make(chan []Task, 1), prepared: make(chan error, 1)}
}

func (q *queue) preparing() bool { return len(q.ahead) > 0 }

func (q *queue) isPrepared() {
	q.ready = append(q.ready, q.ahead...)
	q.ahead = nil
}

func (q *queue) isEmpty() bool {
	return q.drained && q.front == nil && len(q.ahead)+len(q.ready)+len(q.parked) == 0
}

// refill takes new tasks from the operation when half of the window is used up, and has them
// prepared. Tasks that need no call are not prepared: many of them may come in a row, so refill
// ends early for whatever else ends sending.
func (d *dispatcher) refill() {
	q := &d.queue
	if q.drained || q.preparing() || len(q.ready) > q.window/2 {
		return
	}
	for len(q.ready)+len(q.ahead) < q.window && !d.exposed() && d.stop.Err() == nil {
		t, ok := d.op.Next()
		if !ok {
			q.drained = true
			break
		}
		if !d.op.SettleUncalled(t) {
			q.ahead = append(q.ahead, t)
		}
	}
	if len(q.ahead) > 0 {
		q.prepare <- q.ahead
	}
}

// take chooses the task in front. Of the parked tasks that are due, it takes the smallest: where an
// operation halves tasks to find out what is wrong with one, the smallest part tells first.
// Otherwise it takes a new task, but not while as many are parked as there are slots, so that few
// tasks are half done at any time. Where it takes none, it returns when the first parked one is
// due.
func (d *dispatcher) take(now time.Time) (due time.Time) {
	q := &d.queue
	d.refill()
	first, ready := -1, -1
	for i, t := range q.parked {
		if first < 0 || t.state().due.Before(q.parked[first].state().due) {
			first = i
		}
		if !t.state().due.After(now) && (ready < 0 || t.Size() < q.parked[ready].Size()) {
			ready = i
		}
	}
	if ready >= 0 {
		q.front = q.parked[ready]
		q.parked = slices.Delete(q.parked, ready, ready+1)
		return due
	}
	if len(q.ready) > 0 && len(q.parked) < d.engine.settings.Slots && !slices.ContainsFunc(q.parked, d.op.Alone) {
		q.front = q.ready[0]
		q.ready = q.ready[1:]
		return due
	}
	if first >= 0 {
		due = q.parked[first].state().due
	}
	return due
}
