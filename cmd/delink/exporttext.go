package main

import (
	"fmt"
	"strings"
	"time"

	"delink/pkg/export"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
)

// exportPlanView is the plan of an export as people and programs see it.
type exportPlanView struct {
	Module      string   `json:"module"`
	Relation    string   `json:"relation"`
	Org         *orgView `json:"org"` // null where it is not known
	Parents     int      `json:"parents"`
	Listed      int      `json:"listed"` // parent records that an earlier run has listed
	Links       int      `json:"links"`  // of the others
	NotCounted  int      `json:"not_counted"`
	Calls       int      `json:"calls"`
	Credits     int      `json:"credits"`
	Questions   int      `json:"questions"` // as of planView
	Concurrency int      `json:"concurrency"`
	Seconds     float64  `json:"seconds"` // expected
	Warnings    []string `json:"warnings"`
	Output      string   `json:"output"`

	since  time.Time
	spent  int
	wanted string
}

func newExportPlanView(p *export.Plan) *exportPlanView {
	v := &exportPlanView{
		Module: p.Relation.Module, Relation: p.Relation.List, Parents: p.Parents, Listed: p.Listed, Links: p.Links,
		NotCounted:  p.Parents - p.Listed - p.Counted,
		Calls:       p.Calls,
		Credits:     p.Calls, // a page takes one credit (docs/zoho-api.md, section 4)
		Questions:   p.Asked,
		Concurrency: p.Slots, Seconds: p.Time.Seconds(), Warnings: append([]string{}, p.Warnings...), Output: p.Output,
		since: p.Since, spent: p.Spent, wanted: p.Wanted,
	}
	if p.Org != nil {
		v.Org = &orgView{p.Org.Name, p.Org.Type, p.Org.Edition}
	}
	return v
}

// text gives the plan for people.
func (v *exportPlanView) text() string {
	var b strings.Builder
	wanted := ""
	if v.wanted != "" {
		wanted = ", of which " + v.wanted + " are written"
	}
	fmt.Fprintf(&b, "list %s of %s%s\n\n", counted(v.Links, "link to "+v.Relation, v.Relation), counted(v.Parents-v.Listed, "record of "+v.Module, v.Module), wanted)
	var rows [][2]string
	if v.Org != nil {
		rows = append(rows, [2]string{"org", v.Org.text()})
	}
	rows = append(rows, [2]string{"parents", progress.Number(v.Parents)})
	if v.Listed > 0 {
		rows = append(rows, [2]string{"listed", fmt.Sprintf("%s by an earlier export, begun at %s", counted(v.Listed, "parent record", "parent records"), v.since.Local().Format(time.DateTime))})
	}
	if v.NotCounted > 0 {
		rows = append(rows, [2]string{"not counted", counted(v.NotCounted, "parent record", "parent records")})
	}
	output := v.Output
	if output == export.Stdout {
		output = "standard output"
	}
	rows = append(rows,
		[2]string{"calls", fmt.Sprintf("%s more, of one credit each; %s made already", progress.Number(v.Calls), progress.Number(v.spent))},
		[2]string{"time", timeText(time.Duration(v.Seconds*float64(time.Second)), v.Concurrency, job.Pace{Answer: job.AnswerTime, From: job.PaceOfRehearsal})},
		[2]string{"output", output})
	b.WriteString(table(rows))
	for _, w := range v.Warnings {
		fmt.Fprintf(&b, "\n  warning: %s\n", w)
	}
	return b.String()
}

// endExport writes how an export ended. It returns an error with the exit code.
func (p *program) endExport(f *exportFlags, end *export.Ending) error {
	s := end.Summary
	code := s.ExitCode
	if f.json {
		if e := s.Encode(p.stdout); e != nil {
			p.tellError(e)
			code = outcome.ExitBroken
		}
	}
	if end.Err != nil {
		p.tellError(end.Err)
	}
	next := nextExport(s, f.command)
	p.ui.result("ended", exportEnding(s, end.Wanted)+next.text(), append([]any{"summary", s}, next.fields()...)...)
	if code == outcome.ExitFailures && p.ui.manner().quiet {
		missing := "parent records"
		if n := len(s.Incomplete); n > 0 {
			missing = "links of " + counted(n, "parent record", "parent records")
		}
		p.ui.error("the export is not complete: "+missing+" may be missing", "")
	}
	return ended{code}
}

// shownParents is how many incomplete parent records an ending lists.
const shownParents = 20

// exportEnding gives the text about how an export ended. wanted says which links were to be written.
func exportEnding(s *export.Summary, wanted string) string {
	var b strings.Builder
	b.WriteString(exportReason(s) + "\n")
	listed := fmt.Sprintf("%s of %s listed", progress.Number(s.Complete), progress.Number(s.Parents))
	if s.Complete > 0 {
		listed += ", each with as many links as were counted"
	}
	if s.Since != nil {
		listed += fmt.Sprintf("; %s by an export begun at %s", progress.Number(s.Earlier), *s.Since)
	}
	rows := [][2]string{{"parents", listed}, {"links", progress.Number(s.Links)}}
	if s.Output != nil {
		output := *s.Output
		if output == export.Stdout {
			output = "standard output"
		}
		written := progress.Number(s.Rows)
		if wanted != "" {
			written += ": " + wanted
		}
		rows = append(rows, [2]string{"rows", written}, [2]string{"output", output})
	}
	b.WriteString(table(rows))
	if s.Problem != nil {
		fmt.Fprintf(&b, "\n  parent records may be missing: %s\n", *s.Problem)
	}
	if len(s.Incomplete) > 0 {
		fmt.Fprintf(&b, "\n  not complete: %s, of which links may be missing\n", counted(len(s.Incomplete), "parent record", "parent records"))
	}
	for i, in := range s.Incomplete {
		if i == shownParents {
			fmt.Fprintf(&b, "  … and %d more; --json lists them all\n", len(s.Incomplete)-i)
			break
		}
		fmt.Fprintf(&b, "    %s %s: %s (%s)\n", s.Module, in.Parent, in.Reason, counted(in.Listed, "link listed", "links listed"))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// exportReason says why an export ended.
func exportReason(s *export.Summary) string {
	text := whyEnded(s.Reason, s.ExitCode, s.Seconds, s.Calls)
	switch {
	case s.Reason != outcome.Completed:
		return text + "; no output was written"
	case s.ExitCode == outcome.ExitFailures:
		return text + ", but not complete"
	}
	return text
}

// nextExport is how to go on with an export.
func nextExport(s *export.Summary, again commandLine) nextStep {
	switch {
	case s.Reason != outcome.Completed:
		return again.sameAgain("to go on" + onceReady(s.Reason))
	case s.ExitCode == outcome.ExitFailures:
		return again.sameAgain("to list what is missing")
	}
	return nextStep{}
}
