package worker

import (
	"strings"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// A trial goes alone, and is read back before any other link of its relation is sent.
func TestTrial(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, after(some(campaignLeads, 10, 5), priceBooks, 10, 5), "latency=1s")
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 100})
		for relation, first := range map[zoho.Relation]string{campaignLeads: "leads", priceBooks: "books"} {
			sent := 0
			var trial call
			for _, c := range r.calls {
				if c.relation != relation || !sends(c) {
					continue
				}
				switch sent++; {
				case sent == 1:
					trial = c
				case c.at.Sub(trial.at) < 2*time.Second:
					t.Errorf("%s: call %d is made before the trial was read back", first, c.n)
				}
			}
			if len(trial.ids) != 1 {
				t.Errorf("%s: the trial has %d links", first, len(trial.ids))
			}
			for _, c := range r.calls {
				if d := c.at.Sub(trial.at); c.n != trial.n && d > -time.Second && d < time.Second {
					t.Errorf("%s: call %d goes beside the trial", first, c.n)
				}
			}
		}
	})
}

// A success that no look-up shows ends the run, and nothing else was sent. Reads may be late by
// less than the time between two looks.
func TestTrialIsNotShown(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 20, 5), "read-lag=1m")
		r.settings.Slots = 1
		err := r.mustEnd(outcome.Broken)
		r.want(relinked{unknown: 1})
		if zoho.AsError(err).Code != zoho.CodeNotShown || !strings.Contains(err.Error(), "1000000") {
			t.Error(err)
		}
		if r.count(sends) != 1 {
			t.Errorf("%d calls were made", r.count(sends))
		}
		if o := r.out[0]; o.Code != zoho.CodeNotShown {
			t.Errorf("%+v", o)
		}
	})
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 20, 5), "read-lag=4s")
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 100})
	})
}

// A trial that goes unanswered and is not there is unknown; the next link is tried then.
func TestTrialUnanswered(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 3, 5), "fault-script=1-6:drop")
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 13, unknown: 2})
		if n := r.count(func(c call) bool { return sends(c) && len(c.ids) == 1 }); n != 7 {
			t.Errorf("%d calls with one link", n)
		}
	})
}

// A trial that cannot be read back is unknown, and proves nothing.
func TestTrialCannotBeReadBack(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 1, 3), "faults-on=read", "fault-script=2-4:502")
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 2, unknown: 1})
		if n := r.count(func(c call) bool { return sends(c) && len(c.ids) == 1 }); n != 3 {
			t.Errorf("%d calls with one link", n)
		}
	})
}

// Links that cannot be looked up are not sent.
func TestRelinkBlind(t *testing.T) {
	for _, c := range []struct {
		knobs   []string
		reason  outcome.Reason
		open    outcome.History
		failed  int
		unknown int
	}{
		{[]string{"read-answer=beside"}, outcome.Completed, outcome.Clear, 9, 0},
		{[]string{"read-answer=more"}, outcome.Completed, outcome.Clear, 9, 0},
		{[]string{"read-answer=envelope"}, outcome.Completed, outcome.LeftUnknown, 0, 9},
		{[]string{"faults-on=read", "fault-script=*:reset"}, outcome.Completed, outcome.InDoubt, 0, 9},
		{[]string{"list-errors=Campaigns.Leads:INVALID_DATA"}, outcome.Completed, outcome.Clear, 9, 0},
		{[]string{"list-errors=Campaigns.Leads:INVALID_DATA"}, outcome.Completed, outcome.InDoubt, 0, 9},
		{[]string{"missing=1000,1001,1002"}, outcome.Completed, outcome.Clear, 9, 0},
		{[]string{"scopes=ZohoCRM.modules.Campaigns.UPDATE"}, outcome.LoginRefused, outcome.Clear, 0, 0},
		{[]string{"scopes=ZohoCRM.modules.Campaigns.UPDATE"}, outcome.LoginRefused, outcome.InDoubt, 0, 0},
	} {
		t.Run(strings.Join(c.knobs, " "), func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRelinkRig(t, with(c.open, some(campaignLeads, 3, 3)), c.knobs...)
				r.put(0, 3, 4, 5, 7, 8) // an empty list is a plain answer, whatever the knobs
				r.mustEnd(c.reason)
				r.want(relinked{failed: c.failed, unknown: c.unknown})
				if r.count(sends) > 0 {
					t.Error("links were sent")
				}
			})
		})
	}
}

// An empty look-up is believed only with a proof. Behind a gateway that answers every read with an
// empty success, or in a CRM that counts links and shows none, no link is sent.
func TestRelinkBehindAGateway(t *testing.T) {
	for _, c := range []struct {
		name   string
		knobs  []string
		there  bool // each parent record has one of its links
		org    bool
		reason outcome.Reason
		made   int
	}{
		{"counted", nil, false, false, outcome.Completed, 12},
		{"counted, and reads show nothing", []string{"read-answer=nothing"}, true, true, outcome.Broken, 0},
		{"gateway", []string{"read-answer=nothing", "faults-on=count", "fault-script=*:empty"}, false, true, outcome.Broken, 0},
		{"not counted", []string{"faults-on=count", "fault-script=*:502"}, false, false, outcome.Broken, 0},
		{"not counted, but the org answers", []string{"faults-on=count", "fault-script=*:502"}, false, true, outcome.Broken, 0},
		{"not counted at first", []string{"faults-on=count", "fault-script=1-2:502"}, false, false, outcome.Completed, 12},
		{"refused", []string{"faults-on=count", "fault-script=*:NOT_SUPPORTED"}, false, false, outcome.Broken, 0},
		{"refused, but the org answers", []string{"faults-on=count", "fault-script=*:NOT_SUPPORTED"}, false, true, outcome.Completed, 12},
		{"the first parent record is refused", []string{"missing=1000"}, false, false, outcome.Completed, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, slots := range []int{1, 4} {
				in(t, func(t *testing.T) {
					r := newRelinkRig(t, some(campaignLeads, 4, 3), c.knobs...)
					r.settings.OrgAnswers, r.settings.Slots = c.org, slots
					if c.there {
						r.put(1, 4, 7, 10)
					}
					err := r.mustEnd(c.reason)
					if c.reason == outcome.Broken && zoho.AsError(err).Code != zoho.CodeEmptyAnswers {
						t.Error(err)
					}
					if n := r.is(outcome.Restored); n != c.made {
						t.Errorf("%d links were made", n)
					}
					if c.reason == outcome.Broken && len(r.out)+r.count(sends) > 0 {
						t.Errorf("%v", r.out)
					}
					if r.counts > 3*4 || r.pages > 2*4 {
						t.Errorf("%d counts, %d pages", r.counts, r.pages)
					}
				})
			}
		})
	}
	in(t, func(t *testing.T) { // the lists are empty, so one link is tried
		r := newRelinkRig(t, some(campaignLeads, 4, 3), "read-answer=nothing")
		r.settings.Slots = 1
		if err := r.mustEnd(outcome.Broken); zoho.AsError(err).Code != zoho.CodeNotShown {
			t.Error(err)
		}
		r.want(relinked{unknown: 1})
	})
}

// A link that was refused by its id behind a call that went unanswered is not called failed, if
// reads are not known to show what is there.
func TestRelinkRefusedAndNotShown(t *testing.T) {
	for answer, want := range map[string]relinked{"whole": {restored: 1}, "nothing": {unknown: 1}} {
		in(t, func(t *testing.T) {
			r := newRelinkRig(t, some(campaignLeads, 1, 1), "latency=100ms", "late=3s", "fault-script=1:504-late", "read-answer="+answer)
			r.settings.Jitter = func(time.Duration) time.Duration { return 0 }
			time.AfterFunc(250*time.Millisecond, func() { r.set("id-errors=1000000:RECORD_LOCKED") })
			r.mustEnd(outcome.Completed)
			r.want(want)
			if sent := r.count(sends); sent != 2 {
				t.Errorf("%d calls that make links", sent)
			}
		})
	}
}

// A link that an earlier run may have made is restored where it is found, and sent where it is not.
func TestRelinkOpenHistories(t *testing.T) {
	for _, history := range []outcome.History{outcome.LeftUnknown, outcome.InDoubt} {
		in(t, func(t *testing.T) {
			r := newRelinkRig(t, with(history, some(campaignLeads, 1, 5)), "id-errors=1000003:RECORD_LOCKED")
			r.put(0, 4)
			r.mustEnd(outcome.Completed)
			r.want(relinked{restored: 4, failed: 1})
			if o := r.out[0]; !strings.Contains(o.Message, "an earlier run") {
				t.Errorf("%+v", o)
			}
		})
	}
}

// What the CRM refuses for a parent record, a list or a login.
func TestRelinkRefusals(t *testing.T) {
	for _, c := range []struct {
		knobs  string
		reason outcome.Reason
		want   relinked
	}{
		{"parent-errors=1001:RECORD_LOCKED", outcome.Completed, relinked{restored: 9, failed: 3}},
		{"missing=1000", outcome.Completed, relinked{restored: 9, failed: 3}},
		{"missing=1001", outcome.Completed, relinked{restored: 9, failed: 3}},
		{"scopes=ZohoCRM.modules.Campaigns.READ,ZohoCRM.modules.Leads.READ", outcome.LoginRefused, relinked{failed: 1}},
		{"fault-script=*:INVALID_MODULE", outcome.Completed, relinked{failed: 12}},
		{"fault-script=2-:NO_PERMISSION", outcome.LoginRefused, relinked{restored: 1, failed: 2 + 3}},
		{"fault-script=1:NO_PERMISSION", outcome.LoginRefused, relinked{restored: 9, failed: 1}}, // of the parent record
		{"fault-script=3:OAUTH_SCOPE_MISMATCH", outcome.Completed, relinked{restored: 12}},       // the token was the reason
		{"fault-script=*:SOMETHING_NEW", outcome.Completed, relinked{failed: 12}},
		{"fault-script=3:SOMETHING_NEW", outcome.Completed, relinked{restored: 12}},
	} {
		t.Run(c.knobs, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRelinkRig(t, some(campaignLeads, 4, 3), c.knobs)
				r.settings.Slots = 1
				r.mustEnd(c.reason)
				r.want(c.want)
			})
		})
	}
}

// Many refusals in a row with a code that is not known are about the org, and so are ten tasks in a
// row that go unanswered.
func TestRelinkGivesUp(t *testing.T) {
	for knobs, want := range map[string]relinked{
		"fault-script=*:SOMETHING_NEW": {failed: refusedMax - 1},
		"fault-script=*:drop":          {unknown: lostMax - 1},
		"read-answer=envelope":         {failed: 5 * lostMax},
	} {
		t.Run(knobs, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRelinkRig(t, some(campaignLeads, 30, 5), knobs)
				r.settings.Slots = 1
				for parent := range 30 {
					if want.failed > refusedMax {
						r.put(5 * parent) // an empty list is a plain answer, whatever the knobs
					}
				}
				r.mustEnd(outcome.Broken)
				if want.unknown > 0 { // the last one is settled when the run ends
					want.unknown++
				}
				r.want(want)
			})
		})
	}
}

func TestRelinkLimits(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 10, 1), "error-share=0", "id-errors=1000002:A,1000004:A,1000006:A")
		r.settings.Slots, r.settings.MaxFailures = 1, 1
		r.mustEnd(outcome.Failures)
		if r.is(outcome.Failed) != 2 {
			t.Errorf("%v", r.out)
		}
	})
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 10, 2))
		r.settings.Slots, r.settings.MaxCalls = 1, 9
		r.mustEnd(outcome.MaxCalls)
		if n := r.worker.Stats().Calls; n != 9 {
			t.Errorf("%d calls", n)
		}
	})
}

// A hard stop leaves the links of calls that are cut off unknown, and the others pending.
func TestRelinkHardStop(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 40, 3), "fault-script=4-:hang")
		time.AfterFunc(30*time.Second, func() { r.cut(outcome.Interrupted) })
		r.mustEnd(outcome.Interrupted)
		// which of the first calls is for the rest of the trial's batch is chance
		r.want(relinked{restored: len(r.spy.said), unknown: len(r.unanswered)})
		if n := len(r.unanswered); n < 3*r.settings.Slots-1 || len(r.spy.said)+n != 18 {
			t.Errorf("%d links were cut off, %d made", n, len(r.spy.said))
		}
		if r.took != 30*time.Second {
			t.Errorf("took %v", r.took)
		}
	})
	in(t, func(t *testing.T) { // between a trial and its read-back
		r := newRelinkRig(t, some(campaignLeads, 4, 3), "read-lag=1m")
		time.AfterFunc(2*time.Second, func() { r.halt(outcome.Deadline) })
		r.mustEnd(outcome.Deadline)
		r.want(relinked{unknown: 1})
	})
}
