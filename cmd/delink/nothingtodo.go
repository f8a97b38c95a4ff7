package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/report"
)

// nextCommands are whole commands that can follow one that had nothing to do.
type nextCommands struct {
	again  string // the same command
	verify string
	undo   string // empty for an undo
}

// nextOf gives the commands that can follow a command about a job.
func nextOf(cmd *cobra.Command, input string) nextCommands {
	n := nextCommands{again: sameJob(cmd, cmd.Name(), input), verify: sameJob(cmd, "verify", input)}
	if cmd.Name() == "plan" {
		n.again = sameJob(cmd, "run", input)
	}
	if cmd.Name() != "undo" {
		n.undo = sameJob(cmd, "undo", input)
	}
	return n
}

// sameJob gives a command about the job of another one, quoted for a shell. It has the flags that say
// what the input is, which CRM it is about, and where its files are.
func sameJob(cmd *cobra.Command, name, input string) string {
	var form inputFlags
	var crm crmFlags
	kept := pflag.NewFlagSet("", pflag.ContinueOnError)
	form.define(kept)
	crm.define(kept, "")
	kept.String("results", "", "")
	if name == "verify" || name == "run" {
		kept.String("summary", "", "")
	}
	if name == "run" {
		kept.String("failures", "", "")
	}
	return commandFor(cmd, name, input, func(flag string) bool { return kept.Lookup(flag) != nil })
}

// nothingToDo says that an earlier run has settled all links of this input: when, with which
// outcomes, and what can be done now. org may be empty.
func (w *endingWords) nothingToDo(s *report.Summary, org string, next nextCommands) string {
	where, when := "", ""
	if org != "" {
		where = " in " + org
	}
	if s.EndedAt != nil {
		when = " on " + shownMoment(*s.EndedAt)
	}
	rows := [][2]string{{"links", fmt.Sprintf("%s: %s", progress.Number(s.Links), countsText(s))}}
	if all := allRuns(s.Job); all != "" {
		rows = append(rows, [2]string{"runs", all})
	}
	rows = append(rows, [2]string{"results", s.Results})
	if s.Failures != nil {
		rows = append(rows, [2]string{"failures", *s.Failures})
	}
	return fmt.Sprintf(w.idle[job.EarlierDone], where, when) + "\n" + table(rows) + "\n" + strings.TrimSuffix(table(next.offers(s)), "\n")
}

// offers gives the commands that make sense after a run, and what each does.
func (n *nextCommands) offers(s *report.Summary) (rows [][2]string) {
	if s.Failed > 0 {
		rows = append(rows, [2]string{n.again + " --retry-failed", "sends " + counted(s.Failed, "failed link", "failed links") + " again"})
	}
	rows = append(rows, [2]string{n.verify, "asks the CRM whether the results are true"})
	if n.undo != "" && s.Removed > 0 {
		rows = append(rows, [2]string{n.undo, "links again what was removed"})
	}
	return rows
}

// countsText gives the counts of a summary in one line, in the order in which people see them.
func countsText(s *report.Summary) string {
	var counts []string
	for _, f := range outcome.Table {
		if n := s.Of(f.Status); n > 0 {
			counts = append(counts, progress.Number(n)+" "+string(f.Status))
		}
	}
	return strings.Join(counts, ", ")
}

// allRuns tells of all runs of a job; empty if there was no more than one.
func allRuns(t *report.Totals) string {
	if t == nil || t.Runs < 2 {
		return ""
	}
	parts := []string{counted(t.Calls, "call", "calls")}
	if t.Retries > 0 {
		parts = append(parts, progress.Number(t.Retries)+" of them repeated")
	}
	if t.Throttled > 0 {
		parts = append(parts, progress.Number(t.Throttled)+" refused as too many")
	}
	parts = append(parts, progress.Duration(time.Duration(t.Seconds*float64(time.Second))))
	return fmt.Sprintf("in all %s runs since %s: %s", progress.Number(t.Runs), shownMoment(t.StartedAt), strings.Join(parts, ", "))
}

// shownMoment gives a time of a summary as people see it.
func shownMoment(s string) string {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return at.UTC().Format("2006-01-02 15:04") + " UTC"
}
