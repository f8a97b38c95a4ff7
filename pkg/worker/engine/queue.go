package engine

import (
	"slices"
	"time"
)

// queue holds the tasks that are to be called. New tasks are taken from the operation before a slot
// is free for them: they have to be prepared, and no slot should wait for that.
//
//	Operation.Next ─▶ ahead ─ Prepare ─▶ ready ─▶ front ─▶ a worker
//	                                              ▲ │
//	                                              └─┴ parked: to be called again
type queue struct {
	window  int    // how many tasks are ahead or ready at most
	ahead   []Task // tasks that are being prepared
	ready   []Task // tasks that are prepared
	parked  []Task // tasks that wait to be called again, in no order
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
// prepared. Tasks that are settled without a call are not prepared and do not fill the window. Many
// of them may come in a row, so each round checks whether the run stops or a sync has to come
// first.
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

// take chooses the task in front. Of the parked tasks that are due, it takes the smallest: if an
// operation halves tasks to find a bad id, the smallest part is nearest to it. If none is due, take
// chooses a new task, but only while fewer tasks are parked than there are slots. So few tasks are
// half done at any time. If take chooses none, due is the time of the first parked task.
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
