package engine

import (
	"slices"
	"time"
)

// queue holds the tasks that are to be called. New tasks are taken from the operation before a slot
// is free for them: they have to be prepared, and no slot should wait for that.
//
//	Operation.Next ─▶ ahead ─ Prepare ─▶ ready ──▶ front ─▶ a worker
//	                                               ▲   │
//	          again ─ Prepare ─▶ parked: to be ────┘   │
//	            ▲                called again ◀────────┤
//	            └──────────────────────────────────────┘
//
// A task comes to again if its next call has to be prepared, too. That goes before new tasks, in the
// same call of Prepare, and the slots go on with other tasks meanwhile.
type queue struct {
	window  int    // how many tasks are ahead or ready at most, and how many are half done
	ahead   []Task // tasks that are being prepared
	ready   []Task // tasks that are prepared
	again   []Task // tasks that have been called, and are to be prepared once more
	parked  []Task // tasks that wait to be called again, in no order
	front   Task   // goes next; nil if none was chosen yet
	drained bool   // the operation has no other task: see More

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
	for _, t := range q.ahead {
		if t.state().waits {
			q.parked = append(q.parked, t)
		} else {
			q.ready = append(q.ready, t)
		}
	}
	q.ahead = nil
}

func (q *queue) isEmpty() bool {
	return q.drained && q.front == nil && len(q.ahead)+len(q.ready)+len(q.again)+len(q.parked) == 0
}

// halfDone gives the tasks that are to be called again.
func (q *queue) halfDone(yield func(Task) bool) {
	for _, t := range slices.Concat(q.parked, q.again) {
		if !yield(t) {
			return
		}
	}
	for _, t := range q.ahead {
		if t.state().waits && !yield(t) {
			return
		}
	}
}

// refill has tasks prepared that are to be prepared once more. When half of the window is used up,
// it takes new tasks from the operation, too. Tasks that are settled without a call are not
// prepared and do not fill the window. Many of them may come in a row, so each round checks whether
// the run stops or a sync has to come first.
func (d *dispatcher) refill() {
	q := &d.queue
	if q.preparing() {
		return
	}
	q.ahead, q.again = q.again, nil
	d.takeNew()
	if len(q.ahead) > 0 {
		q.prepare <- q.ahead
	}
}

// takeNew takes new tasks from the operation.
func (d *dispatcher) takeNew() {
	q := &d.queue
	if q.drained || len(q.ready) > q.window/2 {
		return
	}
	again := len(q.ahead)
	for len(q.ready)+len(q.ahead)-again < q.window && !d.exposed() && d.stop.Err() == nil {
		t, ok := d.op.Next()
		if !ok {
			q.drained = true
			break
		}
		if !d.op.SettleUncalled(t) {
			q.ahead = append(q.ahead, t)
		}
	}
}

// take chooses the task in front. Of the parked tasks that are due, it takes the smallest: if an
// operation halves tasks to find a bad id, the smallest part is nearest to it. If none is due, take
// chooses a new task: see mayBegin. If take chooses none, due is the time of the first parked task.
// Parked tasks for which the budgets have no room are passed over, as long as anything else goes on.
func (d *dispatcher) take(now time.Time) (due time.Time) {
	q := &d.queue
	d.refill()
	room, _ := d.room()
	first, ready, goesOn := -1, -1, d.inFlight > 0 || q.preparing()
	for i, t := range q.parked {
		if room < 1+t.CallsLeft() {
			continue
		}
		if first < 0 || t.state().due.Before(q.parked[first].state().due) {
			first = i
		}
		if !t.state().due.After(now) && (ready < 0 || t.Size() < q.parked[ready].Size()) {
			ready = i
		}
	}
	switch {
	case ready >= 0:
		q.unpark(ready)
	case len(q.ready) > 0 && d.mayBegin(q.ready[0]):
		q.front = q.ready[0]
		q.ready = q.ready[1:]
	case first >= 0:
		return q.parked[first].state().due
	case len(q.parked) > 0 && !goesOn: // the budget ends the run
		q.unpark(0)
	}
	return due
}

// unpark puts a parked task in front.
func (q *queue) unpark(i int) {
	q.front = q.parked[i]
	q.parked = slices.Delete(q.parked, i, i+1)
}

// mayBegin reports whether a new task may be called. So few tasks are half done at any time: fewer
// are parked than there are slots, and those that are being prepared again do not fill the window.
// No other task is begun beside one that must be alone, or if the budget of calls is needed for
// those that have begun.
func (d *dispatcher) mayBegin(t Task) bool {
	q := &d.queue
	half := 0
	for x := range q.halfDone {
		if half++; d.op.Alone(x) {
			return false
		}
	}
	if len(q.parked) >= d.engine.settings.Slots || half >= q.window {
		return false
	}
	return d.affords(t) || half+d.inFlight == 0 // if nothing goes on, the budget ends the run
}

// putBack puts a new task that is in front back among the prepared ones, if the budget of calls is
// needed for those that have begun. The budget was enough when the task was chosen.
func (d *dispatcher) putBack() {
	t := d.queue.front
	if t == nil || t.state().called || d.affords(t) {
		return
	}
	goesOn := d.inFlight > 0
	for range d.queue.halfDone {
		goesOn = true
	}
	if goesOn {
		d.queue.front, d.queue.ready = nil, slices.Insert(d.queue.ready, 0, t)
	}
}
