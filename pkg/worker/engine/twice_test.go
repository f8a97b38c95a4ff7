package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"delink/pkg/outcome"
)

// newDoubleRig has tasks that need two calls each, and are prepared before each of them.
func newDoubleRig(t *testing.T, number int) *rig {
	r := newRig(t, number)
	r.isDouble = func(int) bool { return true }
	return r
}

// The second call of a task waits until it was prepared for it: the harness checks that. No slot
// waits for that, as long as the disk is faster than the API.
func TestPreparedAgain(t *testing.T) {
	for _, slots := range []int{1, 2, 4, 25} {
		t.Run(fmt.Sprintf("%d slots", slots), func(t *testing.T) {
			in(t, func(t *testing.T) {
				const tasks = 200
				r := newDoubleRig(t, tasks)
				r.settings.Slots = slots
				r.latency, r.prepareCost = steady(time.Second), 100*time.Millisecond
				r.mustEnd(outcome.Completed)
				r.want(tasks, 0)
				if len(r.calls) != 2*tasks || r.engine.Stats().Retries != 0 {
					t.Errorf("%d calls, %+v", len(r.calls), r.engine.Stats())
				}
				// The first call, and the last one, wait for the disk.
				if most := time.Duration(2*tasks/slots+1)*time.Second + 400*time.Millisecond; r.took > most {
					t.Errorf("took %v, want at most %v", r.took, most)
				}
				if slots == 25 && r.prepares > 40 {
					t.Errorf("%d tasks were prepared twice in %d goes", tasks, r.prepares)
				}
			})
		})
	}
}

// Few tasks are half done at any time, whatever goes wrong, even if the disk is slower than the API.
func TestFewAreHalfDoneTwice(t *testing.T) {
	for _, slots := range []int{1, 3, 10} {
		for _, cost := range []time.Duration{10 * time.Millisecond, 5 * time.Second} {
			t.Run(fmt.Sprintf("%d slots, %v", slots, cost), func(t *testing.T) {
				in(t, func(t *testing.T) {
					r := newDoubleRig(t, 200)
					r.settings.Slots, r.prepareCost = slots, cost
					most := 0
					r.latency = func(call) time.Duration {
						begun := map[int]bool{}
						for _, c := range r.calls {
							begun[c.task] = true
						}
						most = max(most, len(begun)-len(r.ends))
						return rand.N(time.Second)
					}
					faults := map[int]int{}
					r.fault = always(func(c call) bool {
						if c.n%7 != 0 || faults[c.task] > 1 { // no task runs out of attempts
							return false
						}
						faults[c.task]++
						return true
					}, unanswered())
					r.mustEnd(outcome.Completed)
					r.want(200, 0)
					if window := max(slots, leastWindow); most > window+slots {
						t.Errorf("%d tasks were half done at a time", most)
					}
				})
			})
		}
	}
}

// If a task cannot be prepared for its second call, that call is not made. The operation is told of
// every task that was called.
func TestPreparingAgainFails(t *testing.T) {
	disk := errors.New("disk full")
	for _, slots := range []int{1, 6} {
		for n := 2; n < 6; n++ {
			t.Run(fmt.Sprintf("%d slots, go %d", slots, n), func(t *testing.T) {
				in(t, func(t *testing.T) {
					r := newDoubleRig(t, 100)
					r.settings.Slots, r.latency = slots, steady(time.Second)
					r.prepareCost = 300 * time.Millisecond
					var before map[int]bool
					r.failPrepare = func(i int) error {
						if i < n {
							before = map[int]bool{}
							for task := range r.preparedAgain {
								before[task] = true
							}
							return nil
						}
						return disk
					}
					if err := r.mustEnd(outcome.Broken); !errors.Is(err, disk) {
						t.Error(err)
					}
					for _, c := range r.calls {
						if c.second && !before[c.task] {
							t.Errorf("task %d was called once more", c.task)
						}
					}
				})
			})
		}
	}
}

// A stop at any moment leaves no task out: the harness checks that each that was called has ended.
func TestStopBetweenCalls(t *testing.T) {
	for _, slots := range []int{1, 4, 25} {
		for after := 50 * time.Millisecond; after < 5*time.Second; after += 170 * time.Millisecond {
			in(t, func(t *testing.T) {
				r := newDoubleRig(t, 100)
				r.settings.Slots = slots
				r.latency, r.prepareCost, r.syncCost = steady(300*time.Millisecond), 200*time.Millisecond, 70*time.Millisecond
				time.AfterFunc(after, func() { r.halt(outcome.Deadline) })
				if after%3 == 0 {
					time.AfterFunc(after+100*time.Millisecond, func() { r.cut(outcome.Interrupted) })
				}
				reason, _ := r.run()
				if want := outcome.Deadline; reason != want && len(r.ends) < 100 {
					t.Errorf("ended by %s", reason)
				}
			})
		}
	}
}

// Of a budget of calls, as much is used as can be: no task is begun that cannot be finished.
func TestMaxCallsOfTwo(t *testing.T) {
	for _, slots := range []int{1, 4, 25} {
		for _, most := range []int{1, 2, 3, 10, 39, 40} {
			for _, faulty := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d slots, %d calls, faults %v", slots, most, faulty), func(t *testing.T) {
					in(t, func(t *testing.T) {
						r := newDoubleRig(t, 20)
						r.settings.Slots, r.settings.MaxCalls = slots, most
						r.latency = func(call) time.Duration { return rand.N(time.Second) }
						r.prepareCost = 100 * time.Millisecond
						bad := 0
						if faulty && most > 2 {
							bad = 1
							r.fault = always(nth(2), unanswered())
						}
						want := outcome.MaxCalls
						if most >= 40+bad {
							want = outcome.Completed
						}
						r.mustEnd(want)
						if !faulty && len(r.calls) != min(most, 40)/2*2 {
							t.Errorf("%d calls", len(r.calls))
						}
						if n := r.count(answered); n < (min(most, 40)-bad)/2-bad || len(r.calls) > most {
							t.Errorf("%d tasks were answered with %d calls, of which %d went unanswered", n, len(r.calls), bad)
						}
					})
				})
			}
		}
	}
}

// A new task that was chosen gives way if the budget of calls has become too small for it.
func TestMaxCallsGivesWay(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newDoubleRig(t, 20)
		r.settings.Slots, r.settings.MaxCalls, r.settings.Rate = 4, 4, NewRate(1)
		r.latency = steady(500 * time.Millisecond)
		r.fault = always(nth(1), unanswered())
		r.mustEnd(outcome.MaxCalls)
		r.wantAnswered(1)
	})
}

// A task that must be alone is so in both of its calls.
func TestAloneTwice(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newDoubleRig(t, 40)
		r.settings.Slots = 4
		r.isAlone = func(task int) bool { return task%10 == 5 }
		r.latency, r.prepareCost = steady(time.Second), 300*time.Millisecond
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
	})
}

// An attempt at the first call does not count for the second one.
func TestAttemptsOfEachCall(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newDoubleRig(t, 1)
		r.settings.MaxAttempts = 3
		r.fault = always(nth(1, 2, 4, 5), unanswered())
		r.mustEnd(outcome.Completed)
		r.want(1, 0)
		if s := r.engine.Stats(); s.Calls != 6 || s.Retries != 4 {
			t.Errorf("%+v", s)
		}
	})
	in(t, func(t *testing.T) { // a second call that never came there is no attempt
		r := newDoubleRig(t, 10)
		r.fault = always(func(c call) bool { return c.second && c.n%3 == 0 && c.n < 9 }, unsent())
		r.mustEnd(outcome.Completed)
		r.want(10, 0)
		if s := r.engine.Stats(); s.Calls != 20 || s.Retries != 0 {
			t.Errorf("%+v", s)
		}
	})
}
