package main

import (
	"errors"
	"fmt"
	"strings"

	"delink/pkg/job"
	"delink/pkg/reader"
	"delink/pkg/reader/text"
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
	if s.Kind == suspicion.UnusedOption && s.Part != suspicion.Parent {
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
	case errors.As(r, &option):
		hinted.Hint = optionHint(option)
	}
	return &hinted
}

// optionHint is the hint for a value that is given for all rows.
func optionHint(e *reader.OptionError) string {
	switch {
	case e.Problem == nil:
		return fmt.Sprintf("--%s and --columns both say what the %s is: leave one out", flagOf(e.Part), e.Part)
	case e.Part == "parent_id":
		return "open the record in the CRM: its id is the number at the end of the page's address"
	}
	return e.Problem.Hint
}

func suspectedHint(s suspicion.Suspicion) string {
	if s.Certain && s.Kind == suspicion.UnusedOption {
		return "leave out --parent-id, or take the rows of other parent records out of the file"
	}
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
		if r.Is != (text.Encoding{}) {
			flags = "say --encoding " + r.Is.String() + " instead"
		}
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
				switch part {
				case "module":
					all[i] += "--module " + r.Module + " "
				case "relation":
					all[i] += "--relation " + r.List + " "
				}
			}
			all[i] += "to remove " + r.List + " from " + r.Module
		}
		return "add " + strings.Join(all, ", or ")
	}
	if c.OnlyID != "" {
		return fmt.Sprintf("if %s has the ids of the related records (%s), --parent-id ID gives the parent record (of %s) for all rows; "+
			"if it has those of the parent records, export again with the ids of the related records, too", c.OnlyID, c.For.List, c.For.Module)
	}
	var parts []string
	if len(c.Columns) > 0 {
		parts = append(parts, "--columns "+strings.Join(c.Columns, `="…",`)+`="…" says which column is which`)
	}
	if len(c.Constants) == 1 && c.Constants[0] == "parent_id" {
		parts = append(parts, "if it is the same record in all rows, --parent-id ID can stand in for it")
	} else if len(c.Constants) > 0 {
		flags := make([]string, len(c.Constants))
		for i, part := range c.Constants {
			flags[i] = "--" + flagOf(part)
			if part == "parent_id" {
				flags[i] += " ID"
			}
		}
		parts = append(parts, listed(flags)+" can stand in for a column that is the same in all rows")
	}
	return strings.Join(parts, "; ")
}

// flagOf is the name of the flag that gives a part of a link for all rows.
func flagOf(part string) string { return strings.ReplaceAll(part, "_", "-") }

// listed joins words: a, b and c.
func listed(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
