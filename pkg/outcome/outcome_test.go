package outcome

import (
	"errors"
	"fmt"
	"testing"
)

// Every history makes something of every piece of evidence; these are all cells of the table.
func TestJudge(t *testing.T) {
	type verdict struct {
		status  Status
		settled bool
	}
	answered := map[Evidence]verdict{
		SaidRemoved:      {Removed, true},
		SaidNotThere:     {Absent, true},
		RefusedByID:      {Failed, true},
		StillLinked:      {Failed, true},
		RefusedAndLinked: {Failed, true},
		NoEvidence:       {Failed, true},
	}
	open := map[Evidence]verdict{
		SaidRemoved:      {Removed, true},
		SaidNotThere:     {Gone, true},
		RefusedByID:      {Failed, false},
		StillLinked:      {Unknown, true},
		RefusedAndLinked: {Failed, true},
		NoEvidence:       {Unknown, true},
	}
	for history, table := range map[History]map[Evidence]verdict{Clear: answered, LeftUnknown: open, InDoubt: open, Unanswered: open, Elsewhere: open} {
		for evidence, want := range table {
			t.Run(fmt.Sprintf("%d and %d", history, evidence), func(t *testing.T) {
				status, settled := history.Judge(evidence)
				if settled != want.settled || settled && status != want.status {
					t.Errorf("%s, %v; want %+v", status, settled, want)
				}
			})
		}
	}
}

// These are all cells of the table for links that are to be made.
func TestJudgeLink(t *testing.T) {
	type verdict struct {
		status  Status
		settled bool
	}
	answered := map[LinkEvidence]verdict{
		SaidLinked:        {Restored, true},
		SaidUpdated:       {Present, true},
		SeenLinked:        {Present, true},
		NotSeen:           {Pending, false},
		NotSeenAgain:      {Failed, true},
		RefusedToLink:     {Failed, true},
		RefusedAndNotSeen: {Failed, true},
		NothingSeen:       {Failed, true},
	}
	open := map[LinkEvidence]verdict{
		SaidLinked:        {Restored, true},
		SaidUpdated:       {Restored, true},
		SeenLinked:        {Restored, true},
		NotSeen:           {Pending, false},
		NotSeenAgain:      {Unknown, true},
		RefusedToLink:     {Failed, false},
		RefusedAndNotSeen: {Failed, true},
		NothingSeen:       {Unknown, true},
	}
	for history, table := range map[History]map[LinkEvidence]verdict{Clear: answered, LeftUnknown: open, InDoubt: open, Unanswered: open, Elsewhere: open} {
		for evidence, want := range table {
			t.Run(fmt.Sprintf("%d and %d", history, evidence), func(t *testing.T) {
				status, settled := history.JudgeLink(evidence)
				if settled != want.settled || settled && status != want.status {
					t.Errorf("%s, %v; want %+v", status, settled, want)
				}
			})
		}
	}
}

// These are the promises of the table of statuses.
func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		status                           Status
		inResults, toSend, retried, gone bool
	}{
		{Removed, true, false, false, true},
		{Gone, true, false, false, true},
		{Absent, true, false, false, true},
		{Failed, true, false, true, false},
		{Unknown, true, true, true, false},
		{Pending, false, true, true, false},
		{Duplicate, true, false, false, false},
		{Invalid, true, false, false, false},
		{Restored, true, false, false, false},
		{Present, true, false, false, false},
	} {
		t.Run(string(c.status), func(t *testing.T) {
			if c.status.InResults() != c.inResults || c.status.ToSend(false) != c.toSend || c.status.ToSend(true) != c.retried || (c.status.Claims() == NotLinked) != c.gone {
				t.Errorf("%+v", c.status)
			}
		})
	}
	if len(Table) != 10 || Status("kept").InResults() {
		t.Error("there are other statuses")
	}
}

func TestEnd(t *testing.T) {
	for _, c := range []struct {
		reason  Reason
		pending int
		bad     bool
		state   State
		exit    int
	}{
		{Completed, 0, false, Finished, ExitDone},
		{Completed, 0, true, Finished, ExitFailures},
		{Completed, 1, false, Stopped, ExitBroken},
		{Completed, 1, true, Stopped, ExitBroken},
		{Interrupted, 0, false, Stopped, ExitStopped},
		{Interrupted, 7, true, Stopped, ExitStopped},
		{Deadline, 7, false, Stopped, ExitStopped},
		{MaxCalls, 7, false, Stopped, ExitStopped},
		{Credits, 7, false, Stopped, ExitStopped},
		{Failures, 7, true, Stopped, ExitStopped},
		{Failures, 0, true, Finished, ExitFailures},
		{LoginRefused, 7, true, Stopped, ExitRefused},
		{LoginRefused, 0, true, Stopped, ExitRefused},
		{Broken, 7, false, Stopped, ExitBroken},
		{Broken, 0, false, Stopped, ExitBroken},
		{"tired", 0, false, Stopped, ExitBroken},
	} {
		t.Run(fmt.Sprintf("%s, %d pending, bad %v", c.reason, c.pending, c.bad), func(t *testing.T) {
			told := c.reason
			if c.state == Finished { // whatever limit was reached with the last link
				told = Completed
			}
			if state, reason, exit := End(c.reason, c.pending, c.bad, false); state != c.state || reason != told || exit != c.exit {
				t.Errorf("%s, %s, exit %d; want %s, %s, exit %d", state, reason, exit, c.state, told, c.exit)
			}
			cutExit := c.exit
			if c.exit == ExitStopped { // only what would be resumed is called interrupted
				cutExit = ExitInterrupted
			}
			if state, reason, exit := End(c.reason, c.pending, c.bad, true); state != c.state || reason != told || exit != cutExit {
				t.Errorf("cut off: %s, %s, exit %d; want %s, %s, exit %d", state, reason, exit, c.state, told, cutExit)
			}
		})
	}
}

func TestReasonIsError(t *testing.T) {
	var reason Reason
	if err := fmt.Errorf("halt: %w", Deadline); !errors.As(err, &reason) || reason != Deadline {
		t.Errorf("%v", err)
	}
}
