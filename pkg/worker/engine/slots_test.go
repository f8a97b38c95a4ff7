package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"delink/pkg/outcome"
)

func TestAllIsWell(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 30)
		r.mustEnd(outcome.Completed)
		r.want(30, 0)
		for i, c := range r.calls {
			if c.task != i {
				t.Errorf("call %d is of task %d", c.n, c.task)
			}
		}
		if s := r.engine.Stats(); s.Calls != 30 || s.Retries != 0 || s.Throttled != 0 || s.Slots != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestNothingToDo(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 0)
		r.mustEnd(outcome.Completed)
		if r.prepares+r.syncs > 0 {
			t.Error("something was prepared or synced")
		}
	})
}

// The slots are kept full, though tasks have to be prepared and what became of them has to be
// brought to disk.
func TestSlotsAreKeptFull(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 3000)
		r.settings.Slots = 20
		r.latency = func(call) time.Duration { return 200*time.Millisecond + rand.N(400*time.Millisecond) }
		r.prepareCost, r.syncCost = 180*time.Millisecond, 5*time.Millisecond
		r.mustEnd(outcome.Completed)
		r.want(3000, 0)
		if share := r.busy.Seconds() / r.took.Seconds() / 20; share < 0.97 || r.peak != 20 {
			t.Errorf("share %.3f, at most %d in flight", share, r.peak)
		}
	})
}

// Disk that is slower than the API holds the calls back, so that few ends of tasks are not on disk
// at any time.
func TestSlowDiskHoldsBack(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 200)
		r.settings.Slots = 4
		r.latency, r.syncCost = steady(10*time.Millisecond), time.Second
		r.mustEnd(outcome.Completed)
		if r.took < 20*time.Second {
			t.Errorf("took %v for 200 tasks with at most 9 unsynced a second", r.took)
		}
	})
}

// New tasks are prepared a window ahead, many in one go. The harness checks that no task is called
// before, and that there are never more than the window.
func TestPrepare(t *testing.T) {
	for _, c := range []struct{ slots, window int }{{1, 4}, {2, 4}, {3, 4}, {4, 4}, {5, 5}, {25, 25}} {
		t.Run(fmt.Sprintf("%d slots", c.slots), func(t *testing.T) {
			in(t, func(t *testing.T) {
				const tasks = 200
				r := newRig(t, tasks)
				r.settings.Slots = c.slots
				r.latency, r.prepareCost = steady(time.Second), 100*time.Millisecond
				r.mustEnd(outcome.Completed)
				if r.ahead != c.window {
					t.Errorf("%d tasks were prepared ahead, want %d", r.ahead, c.window)
				}
				if most := tasks*2/c.window + 2; r.prepares > most {
					t.Errorf("%d tasks were prepared in %d goes, want at most %d", tasks, r.prepares, most)
				}
				// Only the first calls wait for it.
				if most := time.Duration(tasks/c.slots+1)*time.Second + 400*time.Millisecond; r.took > most {
					t.Errorf("took %v, want at most %v", r.took, most)
				}
			})
		})
	}
}

// A task that cannot be prepared ends the run: neither it nor any later one is called.
func TestPrepareFails(t *testing.T) {
	disk := errors.New("disk full")
	for _, slots := range []int{1, 6} {
		for _, n := range []int{1, 3} {
			t.Run(fmt.Sprintf("%d slots, go %d", slots, n), func(t *testing.T) {
				in(t, func(t *testing.T) {
					r := newRig(t, 100)
					r.settings.Slots = slots
					r.latency = steady(time.Second)
					before := 0
					r.failPrepare = func(i int) error {
						if i < n {
							before = len(r.prepared)
							return nil
						}
						return disk
					}
					if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) {
						t.Error(err)
					}
					if len(r.calls) > before || r.prepares != n {
						t.Errorf("%d calls, and %d tasks were prepared well, in %d goes", len(r.calls), before, r.prepares)
					}
				})
			})
		}
	}
}

// A stop does not wait for tasks that could still be prepared, and calls none of those that are.
func TestStopWhilePreparing(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 100)
		r.prepareCost = time.Minute
		time.AfterFunc(time.Second, func() { r.halt(outcome.Deadline) })
		r.mustEnd(outcome.Deadline)
		if len(r.calls) > 0 || r.took != time.Minute || r.taken != 4 {
			t.Errorf("%d calls, %d tasks taken, took %v", len(r.calls), r.taken, r.took)
		}
	})
}

// Tasks that became needless by what happened to others are not called.
func TestSettled(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 30)
		r.settled = func(task int) bool { return task%3 == 0 && r.called() > 0 }
		r.mustEnd(outcome.Completed)
		r.want(21, 9)
		if len(r.calls) != 21 {
			t.Errorf("%d calls", len(r.calls))
		}
	})
	in(t, func(t *testing.T) { // nor are those prepared that were not taken yet
		r := newRig(t, 3000)
		r.settings.Slots, r.settings.MaxCalls = 3, 8
		r.syncCost = time.Millisecond
		r.settled = func(task int) bool { return task >= 8 && r.called() > 0 }
		r.mustEnd(outcome.Completed)
		r.want(8, 2992)
		if n := len(r.prepared); n > 12 {
			t.Errorf("%d tasks were prepared", n)
		}
	})
	in(t, func(t *testing.T) { // a stop does not wait for all of them
		r := newRig(t, 3000)
		r.syncCost = time.Second
		r.settled = func(task int) bool { return task > 0 }
		time.AfterFunc(time.Minute, func() { r.halt(outcome.Deadline) })
		r.mustEnd(outcome.Deadline)
		if r.took > 62*time.Second || len(r.ends) > 200 {
			t.Errorf("took %v, with %d tasks", r.took, len(r.ends))
		}
	})
	in(t, func(t *testing.T) { // not even if nothing is written for them
		r := newRig(t, 3000)
		silent := 0
		r.skipped = func(task int) bool {
			if silent++; silent == 100 {
				r.halt(outcome.Deadline)
			}
			return task > 0
		}
		r.mustEnd(outcome.Deadline)
		if silent > 102 {
			t.Errorf("%d tasks were taken behind the stop", silent-100)
		}
	})
}

// A task that must be alone waits until nothing is in flight, and nothing goes beside it.
func TestAlone(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 40)
		r.settings.Slots = 4
		r.isAlone = func(task int) bool { return task%10 == 5 }
		r.latency = steady(time.Second)
		r.fault = always(nth(6, 20), unanswered())
		r.mustEnd(outcome.Completed)
		r.want(40, 0)
		for _, c := range r.calls {
			for _, o := range r.calls {
				if r.isAlone(c.task) && o.n != c.n && o.at.Sub(c.at).Abs() < time.Second {
					t.Errorf("call %d goes beside call %d, which must be alone", o.n, c.n)
				}
			}
		}
		if r.peak != 4 {
			t.Errorf("at most %d in flight", r.peak)
		}
	})
}

// A slot does not wait for what the operation makes of a quiet answer, but for that of any other.
func TestQuiet(t *testing.T) {
	for _, quiet := range []bool{true, false} {
		in(t, func(t *testing.T) {
			r := newRig(t, 10)
			r.settings.Slots = 1
			r.latency = steady(time.Second)
			r.answerCost = time.Second / 2
			r.isQuiet = func(int) bool { return quiet }
			began := time.Now()
			r.mustEnd(outcome.Completed)
			r.want(10, 0)
			want := 15 * time.Second
			if quiet {
				want = 10*time.Second + r.answerCost
			}
			if took := time.Since(began); took != want {
				t.Errorf("quiet %v: took %v, and not %v", quiet, took, want)
			}
		})
	}
}

// Quiet answers that wait are bounded like all that is not on disk, however slow the operation is.
func TestQuietIsBounded(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 100)
		r.settings.Slots = 5
		r.latency = steady(time.Second)
		r.answerCost = time.Minute
		r.isQuiet = func(int) bool { return true }
		r.mustEnd(outcome.Completed)
		r.want(100, 0)
		for i, c := range r.calls {
			if open := i - r.answeredBy(c.at); open > 2*r.settings.Slots {
				t.Fatalf("call %d is made while %d others are in flight or not answered", c.n, open)
			}
		}
	})
}

// A task that must be alone waits for quiet answers, too: it may need what they say.
func TestAloneBehindQuiet(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 20)
		r.settings.Slots = 4
		r.latency = steady(time.Second)
		r.answerCost = time.Second / 2
		r.isQuiet = func(int) bool { return true }
		r.isAlone = func(task int) bool { return task%10 == 5 }
		r.mustEnd(outcome.Completed)
		r.want(20, 0)
		for i, c := range r.calls {
			if n := r.answeredBy(c.at); r.isAlone(c.task) && n < i {
				t.Errorf("task %d is called when %d of %d answers before it were taken", c.task, n, i)
			}
		}
	})
}
