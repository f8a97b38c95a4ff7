package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// A token that cannot be made: nothing is sent meanwhile.
func TestNoToken(t *testing.T) {
	denied := &zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: "invalid_code"}
	for _, c := range []struct {
		name   string
		making func(n int) (time.Duration, error)
		stop   bool // after a minute
		want   outcome.Reason
		err    error
		tokens int
	}{
		{"after some tries", func(n int) (time.Duration, error) {
			if n < 4 {
				return time.Second, unsent()
			}
			return time.Second, nil
		}, false, outcome.Completed, nil, 4},
		{"never", func(int) (time.Duration, error) { return time.Second, unsent() }, false, outcome.Broken, unsent(), 5},
		{"refused", func(int) (time.Duration, error) { return time.Second, denied }, false, outcome.LoginRefused, denied, 1},
		{"while it stops", func(int) (time.Duration, error) { return time.Hour, nil }, true, outcome.Interrupted, nil, 1},
		{"never, while it stops", func(int) (time.Duration, error) { return time.Hour, unsent() }, true, outcome.Interrupted, nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 30)
				r.settings.Slots = 3
				r.none, r.making = true, c.making
				if c.stop {
					time.AfterFunc(time.Minute, func() { r.halt(outcome.Interrupted) })
				}
				if err := r.mustEnd(c.want); fmt.Sprint(err) != fmt.Sprint(c.err) {
					t.Errorf("%v, want %v", err, c.err)
				}
				if r.tokens != c.tokens {
					t.Errorf("%d tokens were asked for, want %d", r.tokens, c.tokens)
				}
				if c.want == outcome.Completed {
					r.want(30, 0)
				} else if len(r.calls) > 0 {
					t.Errorf("%d calls", len(r.calls))
				}
				if c.stop && r.took != time.Minute {
					t.Errorf("the stop waited for a token: took %v", r.took)
				}
			})
		})
	}
}

// A hard stop does not wait for a token either.
func TestHardStopWithoutToken(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 3)
		r.none = true
		r.making = func(int) (time.Duration, error) { return time.Hour, nil }
		time.AfterFunc(time.Minute, func() { r.cut(outcome.Interrupted) })
		r.mustEnd(outcome.Interrupted)
		if r.took != time.Minute || len(r.calls) > 0 {
			t.Errorf("took %v, with %d calls", r.took, len(r.calls))
		}
	})
}

// A token that dies every 13 calls, with many calls in flight, costs no task.
func TestTokenDies(t *testing.T) {
	for _, slots := range []int{1, 25} {
		t.Run(fmt.Sprintf("%d slots", slots), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 500)
				r.settings.Slots = slots
				r.latency = func(call) time.Duration { return 100*time.Millisecond + rand.N(400*time.Millisecond) }
				used := map[zoho.Token]int{}
				r.fault = func(c call) *zoho.Error {
					if used[c.token]++; used[c.token] > 13 {
						return badToken()
					}
					return nil
				}
				r.mustEnd(outcome.Completed)
				r.want(500, 0)
				if r.tokens < 500/13-1 || r.tokens > 500/13+1 {
					t.Errorf("%d tokens were made", r.tokens)
				}
			})
		})
	}
}

// A login that is dead gets one new token, and no more.
func TestDeadLogin(t *testing.T) {
	for _, slots := range []int{1, 2, 25} {
		t.Run(fmt.Sprintf("%d slots", slots), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 500)
				r.settings.Slots = slots
				r.latency = func(call) time.Duration { return 100*time.Millisecond + rand.N(400*time.Millisecond) }
				r.fault = always(every, badToken())
				r.mustEnd(outcome.LoginRefused)
				if r.tokens != 1 || len(r.calls) > 4*slots || r.count(left) != len(r.ends) {
					t.Errorf("%d tokens were made, %d calls", r.tokens, len(r.calls))
				}
			})
		})
	}
}

// Tokens that die one after another are no dead login, as long as calls go through with them.
func TestTokensDieInARow(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 30)
		r.fault = always(func(c call) bool { return c.n%2 == 0 }, badToken())
		r.mustEnd(outcome.Completed)
		r.want(30, 0)
	})
	in(t, func(t *testing.T) { // the judgement waits for the call that is still on its way
		r := newRig(t, 6)
		r.settings.Slots = 2
		r.latency = func(c call) time.Duration {
			if c.n == 1 {
				return time.Minute
			}
			return time.Second
		}
		r.fault = always(nth(2, 3), badToken())
		r.mustEnd(outcome.Completed)
		r.want(6, 0)
		if at := r.starts(); at[3] != time.Minute {
			t.Errorf("%v", at)
		}
	})
}

// One refusal for its token does not deny a task, though others went through with that token.
func TestOneRefusalIsNoDenial(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRig(t, 20)
		r.settings.Slots = 2
		r.latency = func(c call) time.Duration {
			if c.n == 1 {
				return 3500 * time.Millisecond
			}
			return time.Second
		}
		r.fault = always(nth(1), badToken())
		r.mustEnd(outcome.Completed)
		r.want(20, 0)
	})
}

// A task that is refused for its token although others go through with that token is denied what it
// asks for. It does not cost a new token for ever.
func TestTokenIsGoodForOthers(t *testing.T) {
	for _, slots := range []int{2, 10} {
		t.Run(fmt.Sprintf("%d slots", slots), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRig(t, 300)
				r.settings.Slots, r.settings.MaxCalls = slots, 1000
				r.latency = func(call) time.Duration { return 100*time.Millisecond + rand.N(400*time.Millisecond) }
				r.fault = always(func(c call) bool { return c.task == 30 || c.task == 170 }, badToken())
				r.mustEnd(outcome.Completed)
				r.want(298, 2)
				if r.ends[30] != denied || r.ends[170] != denied {
					t.Errorf("%s, %s", r.ends[30], r.ends[170])
				}
				if r.tokens > 30 {
					t.Errorf("%d tokens were made for two tasks", r.tokens)
				}
			})
		})
	}
}
