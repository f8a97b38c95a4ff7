package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// closing is how the ending of a job is told.
type closing struct {
	json       bool // the summary goes to standard output
	emulator   bool
	failAbsent bool
	words      endingWords
	monitor    *monitor
	again      commandLine // the command that was given
	page       string      // the report; empty for none
}

// endingWords are the words of an ending that differ between run and undo.
type endingWords struct {
	first   outcome.Status            // is told even if its count is 0
	notes   map[outcome.Status]string // in place of those of package outcome
	inDoubt string                    // the note of pending links of which some are in doubt; has their number
	// idle has why there was nothing to do. It has the name of the input, but for EarlierDone where
	// and when that was.
	idle map[job.Idle]string
}

var runWords = endingWords{
	first:   outcome.Removed,
	inDoubt: "not sent by this run; %s in doubt: an earlier run may have removed them, and the next run sends them first",
	idle: map[job.Idle]string{
		job.EarlierDone:   "nothing to do: an earlier run finished with this input%s%s",
		job.NoRows:        "nothing to do: %s has a header, but no rows",
		job.NoUsableRows:  "nothing to do: %s has no row that can be used",
		job.EarlierEnough: "nothing to do: an earlier run has done every link of %s",
	},
}

// end writes how a job ended. It always returns an error, with the exit code.
func (p *program) end(f closing, end *job.Ending) error {
	s := end.Summary
	f.monitor.ended(s)
	code := s.ExitCode
	if f.json {
		if e := s.Encode(p.stdout); e != nil {
			end.Err = errors.Join(end.Err, e)
			code = outcome.ExitBroken
		}
	}
	if end.Err != nil {
		p.tellError(end.Err)
	}
	if end.Idle == job.EarlierDone && code == outcome.ExitDone && s.IsBad(f.failAbsent) {
		code = outcome.ExitFailures // --fail-absent is new
	}
	if code == outcome.ExitFailures {
		p.ui.brief(failuresText(s, end, f.failAbsent))
	}
	next := f.next(s, end)
	switch end.Idle {
	case job.EarlierDone:
		p.ui.result("nothing to do", f.words.nothingToDo(s, end, orgOf(f.emulator, end.Org))+next.text(), append([]any{"summary", s}, next.fields()...)...)
		return ended{code}
	case job.NothingRemoved:
		p.ui.result("nothing to do", fmt.Sprintf(f.words.idle[end.Idle], end.Input), "summary", s)
		return ended{code}
	case job.NoRows, job.NoUsableRows, job.EarlierEnough:
		p.ui.say(f.words.idle[end.Idle], end.Input)
	case job.NotIdle:
	}
	p.ui.result("ended", f.words.ending(s, end, f.page)+next.text(), append([]any{"summary", s}, next.fields()...)...)
	return ended{code}
}

// failuresText says in one line what is not as wanted. absent says that absent links are not.
func failuresText(s *report.Summary, end *job.Ending, absent bool) string {
	var counts []string
	for _, f := range outcome.Table {
		if n := s.Of(f.Status); n > 0 && (f.Bad || absent && f.Status == outcome.Absent) {
			counts = append(counts, progress.Number(n)+" "+string(f.Status))
		}
	}
	text := fmt.Sprintf("%s: %s of %s", end.Input, strings.Join(counts, ", "), counted(s.Links, "link", "links"))
	if end.Failures != "" {
		text += "; see " + end.Failures
	}
	return text
}

func (p *program) tellError(err error) {
	var api *zoho.Error
	hint := ""
	if errors.As(err, &api) {
		hint = hintFor(api)
	}
	p.ui.error(err.Error(), hint)
}

// shownCauses is how many causes of failure an ending lists.
const shownCauses = 5

// causesText shows why links failed, or are not known, with a hint for each code. rest says where
// the causes are that it does not show.
func causesText(causes []report.Cause, hintFor func(code string) string, rest string) string {
	var b strings.Builder
	for i, c := range causes {
		if i == shownCauses {
			fmt.Fprintf(&b, "  … and %d more causes%s\n", len(causes)-i, rest)
			break
		}
		fmt.Fprintf(&b, "\n  %s × %s: %s\n", progress.Number(c.Links), c.Code, c.Message)
		if hint := hintFor(c.Code); hint != "" {
			fmt.Fprintf(&b, "    hint: %s\n", hint)
		}
	}
	return b.String()
}

// ending gives the text about how a run ended.
func (w *endingWords) ending(s *report.Summary, end *job.Ending, page string) string {
	var b strings.Builder
	b.WriteString(whyEnded(s.Reason, s.ExitCode, s.Seconds, s.Calls) + "\n")
	b.WriteString(table(w.counts(s, end)))
	if all := allRuns(s.Job); all != "" {
		b.WriteString("  " + all + "\n")
	}
	b.WriteString(w.nothingFound(s, end.Causes))
	rest := ""
	if all := cmp.Or(end.Failures, end.Results); all != "" {
		rest = ", see " + all
	}
	b.WriteString(causesText(end.Causes, hintForCode, rest))
	if files := table(filesMade(end, page)); files != "" {
		b.WriteString("\n" + files)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// nothingFound says what is usually wrong where not one link of an input, or not one record that it
// names, was there. Records of the wrong side are refused as unknown ids or, where the CRM looks at the
// parent record alone, told to have no such link.
func (w *endingWords) nothingFound(s *report.Summary, causes []report.Cause) string {
	unknownID := 0
	for _, c := range causes {
		if c.Status == outcome.Failed && slices.Contains([]string{zoho.CodeInvalidData, "400", "404"}, strings.ToUpper(c.Code)) {
			unknownID += c.Links
		}
	}
	switch {
	case w.first != outcome.Removed || s.Links == 0 || s.Absent+unknownID < s.Links:
		return ""
	case unknownID == 0:
		return "\n  none of the links was there. Usually it is the wrong file or the wrong org, parent record and " +
			"related record are swapped, or the links were removed before\n"
	}
	return "\n  none of the links could be removed, because their records were not found. Usually parent record and " +
		"related record are swapped, or it is the wrong file or the wrong org\n"
}

// counts are the rows of an ending that say how many links have each status.
func (w *endingWords) counts(s *report.Summary, end *job.Ending) (rows [][2]string) {
	for _, f := range outcome.Table {
		if n := s.Of(f.Status); n > 0 || f.Status == w.first {
			note := cmp.Or(w.notes[f.Status], f.Note)
			if f.Status == outcome.Pending && end.InDoubt > 0 {
				note = fmt.Sprintf(w.inDoubt, progress.Number(end.InDoubt))
			}
			rows = append(rows, [2]string{string(f.Status), strings.TrimSpace(fmt.Sprintf("%s  %s", progress.Number(n), note))})
		}
	}
	return rows
}

// filesMade are the rows of an ending that name the files that are there.
func filesMade(end *job.Ending, page string) (rows [][2]string) {
	for _, r := range [][2]string{{"results", end.Results}, {"failures", end.Failures}, {"snapshot", end.Snapshot}, {"report", page}} {
		if r[1] != "" {
			rows = append(rows, r)
		}
	}
	return rows
}

// whyEnded says why a command ended, how long it took, and how many calls.
func whyEnded(reason outcome.Reason, exit int, seconds float64, calls int) string {
	took := fmt.Sprintf("%s, %s", progress.Duration(time.Duration(seconds*float64(time.Second))), counted(calls, "call", "calls"))
	switch text := reason.Ending().Text; {
	case exit == outcome.ExitInterrupted:
		return "stopped at once by a second Ctrl-C or signal, after " + took
	case reason == outcome.Completed:
		return text + " in " + took
	default:
		return text + ", after " + took
	}
}
