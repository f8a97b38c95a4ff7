package main

import (
	"fmt"
	"strings"
	"time"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/report"
)

// nothingToDo says that an earlier run has settled all links of this input: when, with which
// outcomes. org may be empty.
func (w *endingWords) nothingToDo(s *report.Summary, end *job.Ending, org string) string {
	where, when := "", ""
	if org != "" {
		where = " in " + org
	}
	if s.EndedAt != nil {
		when = " on " + shownMoment(*s.EndedAt)
	}
	return fmt.Sprintf(w.idle[job.EarlierDone], where, when) + "\n" + earlierNumbers(s, end)
}

// earlierNumbers tells what earlier runs have done, and where that is written down.
func earlierNumbers(s *report.Summary, end *job.Ending) string {
	rows := [][2]string{{"links", fmt.Sprintf("%s: %s", progress.Number(s.Links), countsText(s))}}
	if all := allRuns(s.Job); all != "" {
		rows = append(rows, [2]string{"runs", all})
	}
	return strings.TrimSuffix(table(append(rows, filesMade(end, "")...)), "\n")
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
	least := ""
	if t.Killed > 0 { // it could not write down its last calls
		least = "at least "
	}
	return fmt.Sprintf("in all %s runs since %s: %s%s", progress.Number(t.Runs), shownMoment(t.StartedAt), least, strings.Join(parts, ", "))
}

// shownMoment gives a time of a summary as people see it.
func shownMoment(s string) string {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return at.UTC().Format("2006-01-02 15:04") + " UTC"
}
