package main

import (
	"errors"
	"fmt"
	"strings"

	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/suspicion"
)

// The packages that read and check an input say what is wrong as values. This file says what to do
// about it, and which flag helps.

// warningView is a suspicion as people and programs see it.
type warningView struct {
	Text  string `json:"text"`  // what the suspicion is, and how many rows it is about
	Hint  string `json:"hint"`  // what it may come from
	Count int    `json:"count"` // rows
	Lines []int  `json:"lines"` // the first ones
}

func warningsOf(all []suspicion.Suspicion) []warningView {
	views := make([]warningView, len(all))
	for i, s := range all {
		views[i] = warningView{Text: suspicionText(s), Hint: suspicionHint(s), Count: s.Count, Lines: s.Lines}
	}
	return views
}

// suspicionText is the suspicion in words, with the flag of an option.
func suspicionText(s suspicion.Suspicion) string {
	if s.Kind == suspicion.UnusedOption {
		return "--" + s.String()
	}
	return s.String()
}

// suspicionHint says what a suspicion may come from.
func suspicionHint(s suspicion.Suspicion) string {
	switch s.Kind {
	case suspicion.UnusedOption:
		return "the flag stands in for a column that is missing: leave it out, or take the column out if it is wrong"
	case suspicion.RoundedIDs:
		return roundedHint(s.Rounded)
	case suspicion.OwnRelated:
		return "the same column may have been taken twice"
	case suspicion.Swapped:
		return "parent and related record may be swapped in some rows"
	case suspicion.TwoOrgs:
		return "ids of one org share their leading digits: one of the columns may be of another org, or of a sandbox"
	case suspicion.StrayIDs:
		return "ids of one org share their leading digits: these may be of another org, of a sandbox, or mistyped"
	}
	return ""
}

func roundedHint(r suspicion.Rounding) string {
	if r == suspicion.To15Digits {
		return "a spreadsheet keeps 15 digits of a number and writes zeros for the rest, which makes another record's id: export again, or format the column as text"
	}
	return "a program that takes ids for numbers (pandas, JavaScript, JSON tools) rounds them, which makes another record's id: export again, and have ids read as text"
}

// withInputHint gives a refusal with a hint about the input, if the input is the reason.
func withInputHint(r *job.Refusal) *job.Refusal {
	var (
		odd    *job.Suspected
		input  *reader.InputError
		option *reader.OptionError
	)
	hinted := *r
	switch {
	case errors.As(r, &odd):
		hinted.Hint = suspectedHint(odd.Suspicion)
	case errors.As(r, &input):
		hinted.Hint = inputHint(input)
	case errors.As(r, &option) && option.Twice:
		hinted.Hint = fmt.Sprintf("--%s and --columns both say what the %s is: leave one out", option.Part, option.Part)
	}
	return &hinted
}

func suspectedHint(s suspicion.Suspicion) string {
	if s.Certain {
		return suspicionHint(s) + "; if they are the records' true ids, add --accept-rounded-ids"
	}
	return suspicionHint(s) + "; without --strict this is a warning"
}

// inputHint is the hint for an input that cannot be read, with the flags that help.
func inputHint(e *reader.InputError) string {
	var flags string
	switch r := e.Remedy.(type) {
	case nil:
		return e.Hint
	case reader.GiveDelimiter:
		flags = "say which with --delimiter"
		if r.Delimiter != 0 {
			flags = "add --delimiter " + reader.DelimiterName(r.Delimiter)
		}
	case reader.OmitDelimiter:
		flags = "leave out --delimiter"
	case reader.GiveEncoding:
		return e.Hint + ", or " + encodingHint(r)
	case reader.CorrectEncoding:
		flags = "leave out --encoding, or say with it how the file is really encoded"
	case reader.ChooseColumns:
		flags = "say which, for example --columns " + shellQuote(r.Example.String())
	case reader.CorrectColumns:
		flags = "correct --columns"
	case reader.Complete:
		flags = completeHint(r)
	}
	if e.Hint == "" {
		return flags
	}
	return e.Hint + "; " + flags
}

// encodingHint says how to tell the encoding of a text.
func encodingHint(r reader.GiveEncoding) string {
	var ways []string
	for _, likely := range r.Likely {
		if likely.Reads == "" {
			return "add --encoding " + likely.Encoding.String()
		}
		ways = append(ways, fmt.Sprintf("--encoding %s if this means %q", likely.Encoding, likely.Reads))
	}
	if ways == nil {
		return "say with --encoding how it is encoded"
	}
	return "say how it is encoded: " + strings.Join(ways, ", ")
}

// completeHint says how to tell what a header lacks.
func completeHint(c reader.Complete) string {
	if len(c.Relations) > 0 {
		all := make([]string, len(c.Relations))
		for i, r := range c.Relations {
			for _, part := range c.Constants {
				value := r.Module
				if part == "relation" {
					value = r.List
				}
				all[i] += "--" + part + " " + value + " "
			}
			all[i] += "to remove " + r.List + " from " + r.Module
		}
		return "add " + strings.Join(all, ", or ")
	}
	var parts []string
	if len(c.Constants) > 0 {
		parts = append(parts, "--"+strings.Join(c.Constants, " and --")+" can stand in for a column that is the same in all rows")
	}
	if len(c.Columns) > 0 {
		parts = append(parts, "--columns "+strings.Join(c.Columns, `="…",`)+`="…" says which column is which`)
	}
	return strings.Join(parts, "; ")
}
