package worker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// reply is what a question gets each time it is asked: an error, nil for an answer, or nothing.
type reply struct {
	err   *zoho.Error
	first bool // only the first time
	old   bool // only with the first token
	never bool // nothing comes
	spare bool
}

// org is asked questions.
type org struct {
	*fake
	questions []*Question
	asked     []int // how often each was
}

func newOrg(t *testing.T, replies ...reply) *org {
	o := &org{fake: newFake(t, nil), asked: make([]int, len(replies))}
	first := o.token
	for i, r := range replies {
		o.questions = append(o.questions, &Question{Spare: r.spare, Ask: func(ctx context.Context) error {
			o.mu.Lock()
			o.asked[i]++
			again, token := o.asked[i] > 1, o.token
			o.mu.Unlock()
			<-time.After(time.Second)
			switch {
			case r.never:
				<-ctx.Done()
				return &zoho.Error{Kind: zoho.Unanswered, Sent: true, Code: zoho.CodeNoAnswer, Cause: ctx.Err()}
			case r.err == nil || r.first && again || r.old && token != first:
				return nil
			}
			e := *r.err
			o.mu.Lock()
			o.held[&e] = token
			o.mu.Unlock()
			return &e
		}})
	}
	return o
}

// codes are the codes of the errors of the questions, empty for those that were answered.
func (o *org) codes() string {
	var codes []string
	for _, q := range o.questions {
		if q.Err == nil {
			codes = append(codes, "")
		} else {
			codes = append(codes, q.Err.Code)
		}
	}
	return fmt.Sprintf("%q", codes)
}

// Each question has its answer, or the reason why it has none. A 401 is the login's only if no
// question is answered.
func TestAsk(t *testing.T) {
	bad, denied, good := reply{err: badToken()}, reply{err: denial(zoho.ScopeList)}, reply{}
	login := reply{err: &zoho.Error{Kind: zoho.Denied, Scope: zoho.ScopeRun, Code: "invalid_code"}}
	for _, c := range []struct {
		name    string
		replies []reply
		codes   string
		err     string // its code
	}{
		{"all answered", []reply{good, good, good}, `["" "" ""]`, ""},
		{"one denied", []reply{good, denied, good}, `["" "OAUTH_SCOPE_MISMATCH" ""]`, ""},
		{"one unanswered at first", []reply{{err: unanswered(), first: true}, good}, `["" ""]`, ""},
		{"one unanswered", []reply{{err: unanswered()}, good}, `["SERVER_ERROR" ""]`, ""},
		{"one without an end", []reply{{never: true}, good}, `["NO_ANSWER" ""]`, ""},
		{"the token is old", []reply{{err: badToken(), old: true}, {err: badToken(), old: true}}, `["" ""]`, ""},
		{"a scope without its name, first", []reply{bad, good, good}, `["INVALID_TOKEN" "" ""]`, ""},
		{"a scope without its name, last", []reply{good, good, bad}, `["" "" "INVALID_TOKEN"]`, ""},
		{"every 401", []reply{bad, bad}, `["INVALID_TOKEN" "INVALID_TOKEN"]`, "INVALID_TOKEN"},
		{"the login is refused", []reply{login}, `["invalid_code"]`, "invalid_code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, slots int) {
				o := newOrg(t, c.replies...)
				err := Ask(t.Context(), o, o.questions, engine.Settings{Slots: slots})
				if o.codes() != c.codes {
					t.Errorf("%s, want %s", o.codes(), c.codes)
				}
				if (err == nil) != (c.err == "") || err != nil && zoho.AsError(err).Code != c.err {
					t.Errorf("%v, want %q", err, c.err)
				}
				if o.tokens > 4 {
					t.Errorf("%d tokens were made", o.tokens)
				}
			})
		})
	}
}

// Whatever becomes of a spare question, it is asked once, the others have their answers, and nobody
// waits for long. Only a token that is not valid is replaced, and the question is asked again.
func TestAskSpare(t *testing.T) {
	for _, c := range []struct {
		name  string
		reply reply
		code  string
		asked int
		most  time.Duration
	}{
		{"answered", reply{}, "", 1, time.Second},
		{"denied", reply{err: denial(zoho.ScopeRun)}, "OAUTH_SCOPE_MISMATCH", 1, time.Second},
		{"unanswered", reply{err: unanswered()}, "SERVER_ERROR", 1, time.Second},
		{"without an end", reply{never: true}, "NO_ANSWER", 1, spareTime},
		{"too many", reply{err: &zoho.Error{Kind: zoho.Throttled, Sent: true, Code: "TOO_MANY_REQUESTS", RetryAfter: time.Minute}}, "TOO_MANY_REQUESTS", 1, time.Second},
		{"no credits", reply{err: &zoho.Error{Kind: zoho.Throttled, Sent: true, Code: "TOO_MANY_REQUESTS", CreditsGone: true}}, "TOO_MANY_REQUESTS", 1, time.Second},
		{"no connection", reply{err: &zoho.Error{Kind: zoho.Unsent, Code: zoho.CodeNoAnswer}}, "NO_ANSWER", 1, time.Second},
		{"the token is old", reply{err: badToken(), old: true}, "", 2, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				c.reply.spare = true
				o := newOrg(t, reply{}, reply{}, c.reply)
				start := time.Now()
				err := Ask(t.Context(), o, o.questions, engine.Settings{Slots: 5})
				if err != nil || o.codes() != fmt.Sprintf("%q", []string{"", "", c.code}) {
					t.Errorf("%v, %s", err, o.codes())
				}
				if took := time.Since(start); o.asked[2] != c.asked || took > c.most {
					t.Errorf("it was asked %d times in %v, want %d times in %v at the most", o.asked[2], took, c.asked, c.most)
				}
			})
		})
	}
}

// A spare question that is answered says that the login is not refused.
func TestAskSpareOnly(t *testing.T) {
	in(t, func(t *testing.T) {
		o := newOrg(t, reply{err: badToken()}, reply{spare: true})
		if err := Ask(t.Context(), o, o.questions, engine.Settings{Slots: 5}); err != nil || o.codes() != `["INVALID_TOKEN" ""]` {
			t.Errorf("%v, %s", err, o.codes())
		}
	})
}

// When the caller leaves, Ask returns at once.
func TestAskIsLeft(t *testing.T) {
	in(t, func(t *testing.T) {
		o := newOrg(t, reply{never: true}, reply{}, reply{never: true})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		start := time.Now()
		if err := Ask(ctx, o, o.questions, engine.Settings{Slots: 5}); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if o.codes() != `["NO_ANSWER" "" "NO_ANSWER"]` {
			t.Error(o.codes())
		}
	})
}

// Nothing to ask is no error.
func TestAskNothing(t *testing.T) {
	if err := Ask(t.Context(), newFake(t, nil), nil, engine.Settings{Slots: 5}); err != nil {
		t.Error(err)
	}
}
