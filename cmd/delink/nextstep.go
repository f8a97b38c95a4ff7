package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// nextStep is the one way to go on that an ending recommends.
type nextStep struct {
	how     string // what to do, and what comes of it; empty if there is nothing to go on with
	command commandLine
}

// sameAgain recommends the command that was given. what is what it does: "to go on".
func (c commandLine) sameAgain(what string) nextStep { return c.again(c, what) }

// again recommends a command that differs a little from the one that was given.
func (c commandLine) again(next commandLine, what string) nextStep {
	how := "run the same command again"
	for _, name := range []string{"restart", "if-changed"} { // to start over once more would lose what was done
		if c.has(name) {
			next = next.unset(name)
			how += ", without --" + name
		}
	}
	if next.has("retry-failed") && !c.has("retry-failed") {
		how += ", with --retry-failed"
	}
	if c.isGone() {
		how += ", with the same input"
	}
	if c.flagsUnknown {
		how += ", with the flags that it had"
	}
	if strings.Contains(how, ",") {
		how += ","
	}
	return nextStep{how + " " + what, next}
}

// text gives the step for the end of a text.
func (n nextStep) text() string {
	if n.how == "" {
		return ""
	}
	return "\n\n  " + n.how + "\n" + commandIndent + n.command.String()
}

// line gives the command alone; empty if there is none.
func (n nextStep) line() string {
	if n.how == "" {
		return ""
	}
	return n.command.String()
}

// fields gives the step for a record.
func (n nextStep) fields() []any {
	if n.how == "" {
		return nil
	}
	return []any{"next", n.line()}
}

// next is how to go on, if something is left to do. There is one way, so that nobody has to choose.
//
// What is pending or unknown is sent again by the same command. What failed is sent again too if a flag
// says so, and that is better than a run of the failures file: the job stays one, for verify, undo and
// report. That file is the way for rows that have to be corrected, and where the input is gone.
func (f *closing) next(s *report.Summary, end *job.Ending) nextStep {
	open := theLinks(s, outcome.Pending, outcome.Unknown)
	deleted := new(zoho.Error)
	inVain := len(end.Causes) > 0 && !slices.ContainsFunc(end.Causes, func(c report.Cause) bool { return !staysFailed[c.Code] })
	switch retry := f.again.with("retry-failed"); {
	case errors.As(end.Err, &deleted) && deleted.Code == zoho.CodeRecordDeleted:
		return nextStep{}
	case f.again.isGone() && s.Pending == 0 && end.Failures != "" && s.Failed+s.Unknown > 0:
		return nextStep{"run the failures file to retry " + theLinks(s, outcome.Failed, outcome.Unknown) + onceMended(s, end), f.ofFailures(end.Failures)}
	case s.Failed > 0 && s.Pending > 0 && s.Reason == outcome.LoginRefused:
		return f.again.again(retry, "to go on with "+open+", and to retry "+theLinks(s, outcome.Failed)+onceReady(s.Reason))
	case s.Pending > 0 && s.Failed > 0 && s.Reason == outcome.Failures: // those that fail again would stop it again
		return f.again.sameAgain("to go on with " + open + "; look first why links failed" + seeFailures(end))
	case s.Pending > 0:
		return f.again.sameAgain("to go on with " + open + onceReady(s.Reason))
	case s.Failed > 0 && s.Unknown == 0 && inVain:
		return nextStep{}
	case s.Failed > 0:
		return f.again.again(retry, "to retry "+theLinks(s, outcome.Failed, outcome.Unknown)+onceMended(s, end))
	case s.Unknown > 0:
		return f.again.sameAgain("to find out about " + open)
	case s.Invalid > 0 && end.Failures != "":
		rows := plural(s.Invalid, "the row that is invalid", "the rows that are invalid")
		return nextStep{fmt.Sprintf("correct %s in %s, in the columns module, parent_id, relation and related_id, then run that file", rows, end.Failures), f.ofFailures(end.Failures).without("skip-invalid")}
	}
	return nextStep{}
}

// theLinks gives the links that have one of some statuses: the failed link, the 3 pending or unknown
// links.
func theLinks(s *report.Summary, statuses ...outcome.Status) string {
	n := 0
	var are []string
	for _, status := range statuses {
		if s.Of(status) > 0 {
			n += s.Of(status)
			are = append(are, string(status))
		}
	}
	which := strings.Join(are, " or ")
	if n == 1 {
		return "the " + which + " link"
	}
	return "the " + progress.Number(n) + " " + which + " links"
}

// onceMended says what has to happen before links that failed are sent again: otherwise they fail
// again.
func onceMended(s *report.Summary, end *job.Ending) string {
	if s.Failed == 0 {
		return ""
	}
	return ", once " + plural(s.Failed, "its cause is", "their causes are") + " dealt with" + seeFailures(end)
}

// seeFailures names the failures file, if it is there.
func seeFailures(end *job.Ending) string {
	if end.Failures == "" {
		return ""
	}
	return ": see " + end.Failures
}

// staysFailed has the codes of what nobody can change: a lead stays converted.
var staysFailed = map[string]bool{"ID_ALREADY_CONVERTED": true}

// ofFailures is the command that runs a failures file. The file says by itself how it is to be read,
// and has files of its own beside it.
func (f *closing) ofFailures(path string) commandLine {
	c := f.again.without("module", "parent-id", "relation", "columns", "delimiter", "encoding", "output-dir", "retry-failed")
	c = c.unset("invalid", "results", "failures", "summary", "report", "restart", "if-changed")
	c.what = path
	return c
}

// onceReady says what has to happen before the same command can go on.
func onceReady(reason outcome.Reason) string {
	switch reason {
	case outcome.Credits:
		return ", once there are credits again: they come back 24 hours after each was used"
	case outcome.LoginRefused:
		return ", once the login is accepted"
	case outcome.Completed, outcome.Interrupted, outcome.Deadline, outcome.MaxCalls, outcome.Failures, outcome.Broken:
	}
	return ""
}
