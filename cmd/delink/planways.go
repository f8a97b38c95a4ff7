package main

import (
	"fmt"
	"time"

	"delink/pkg/job"
	"delink/pkg/progress"
)

// wayView is a relation whose other side needs fewer calls, as people and programs see it.
type wayView struct {
	Module   string `json:"module"`
	Relation string `json:"relation"`
	From     string `json:"from"` // the relation of the other side
	Calls    int    `json:"calls"`
	Written  int    `json:"calls_as_written"`
	Used     bool   `json:"used"`
	Unused   string `json:"unused"` // why it is not; empty if it is

	side string // the module of the other side
}

func waysOf(ways []job.Way) []wayView {
	views := []wayView{}
	for _, w := range ways {
		views = append(views, wayView{
			Module: w.Relation.Module, Relation: w.Relation.List, From: w.Other.String(), side: w.Other.Module,
			Calls: w.Calls, Written: w.Written, Used: w.Unused == "", Unused: string(w.Unused),
		})
	}
	return views
}

// whyUnused is why the other side is not used, for people.
var whyUnused = map[string]string{
	string(job.UnusedNever):        "--fewest-calls never",
	string(job.UnusedSnapshot):     "not with --snapshot, since the links' own fields may be shown differently there",
	string(job.UnusedUndocumented): "not used, since Zoho does not document it; --fewest-calls always does",
	string(job.UnusedMaxCalls):     "not used, since --max-calls leaves no calls beyond the check that this works",
	string(job.UnusedNotAllowed):   "not used, since the org does not say that it can be delinked there",
}

// text says how many calls both sides need, and which is used.
func (w *wayView) text() string {
	calls, written := progress.Number(w.Calls), progress.Number(w.Written)
	of := w.Module + "." + w.Relation
	if w.Used {
		return fmt.Sprintf("%s: %s from the side of %s, with a check that this works; %s as in the input", of, calls, w.side, written)
	}
	return fmt.Sprintf("%s: %s as in the input; %s from the side of %s (%s)", of, written, calls, w.side, whyUnused[w.Unused])
}

// paceWords say how the time of a call is known.
var paceWords = map[job.PaceFrom]string{
	job.PaceOfQuestions: ", as the org answers now",
	job.PaceOfLastRun:   ", as in the last run",
	job.PaceGuess:       ", which is a guess",
}

// timeText says how long the calls take, and on what that rests.
func timeText(d time.Duration, slots int, p job.Pace) string {
	answer := p.Answer.Round(time.Millisecond)
	return fmt.Sprintf("%s, with %d calls at a time and %v for each%s", about(d), slots, max(answer, time.Millisecond), paceWords[p.From])
}

// creditsText compares the credits that are needed with those that are left; empty if nothing is
// known, or nothing lacks. reserve is what is not to be used.
func creditsText(p *job.Proposal, reserve int) string {
	s := progress.Number(p.Credits) + " needed"
	if p.Left != nil {
		s += ", " + progress.Number(*p.Left) + " left"
	}
	late := ""
	if reserve > 0 {
		s += ", " + progress.Number(reserve) + " kept in reserve"
		if p.Left == nil { // docs/zoho-api.md, section 4
			late = "; the org says what is left only after half of a day's credits, so a reserve of more than half may not be kept"
		}
	}
	switch {
	case p.Nights > 1:
		return s + fmt.Sprintf(": with these limits it takes %s runs", progress.Number(p.Nights)) + daysText(p) + late
	case p.Nights == 0:
		return s + ": more than one run, and the org does not say how many credits a day brings" + late
	case p.Left == nil && late == "":
		return ""
	}
	return s + late
}

// daysText says when the runs of a proposal can be made. Those that only end because they have made
// all the calls of --max-calls can follow each other at once.
func daysText(p *job.Proposal) string {
	switch p.Days {
	case 0:
		return ", and the org does not say how many credits a day brings"
	case 1:
		return ""
	case p.Nights:
		return ", one a day"
	}
	return fmt.Sprintf(", on %s days at least", progress.Number(p.Days))
}
