package reader

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// InputError says why the input as a whole cannot be read, or cannot be read further.
type InputError struct {
	File      string
	Line, Col int    // where: physical line and byte in it, both from 1; Col 0 if it is not known
	Cause     string // what is wrong
	Hint      string // what to do about it, may be empty
	Remedy    Remedy // what Options can do about it, or nil
	Err       error  // what the source of the bytes said, or nil
}

// Error is the place and the cause, without the hint.
func (e *InputError) Error() string {
	s := place(e.File, e.Line, e.Col) + ": " + e.Cause
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap is what the source of the bytes said.
func (e *InputError) Unwrap() error { return e.Err }

// RowError says why a row cannot be used.
type RowError struct {
	File          string
	Line          int    // the physical line on which the row starts
	AtLine, AtCol int    // where the value is: physical line and byte in it, both from 1
	Column        string // the column's name; empty where the row as a whole is wrong
	Number        int    // the column's number from 1; 0 where the row as a whole is wrong
	Value         string // the value, shortened
	Reason        string // what is wrong with the value, or with the row
	Hint          string // what to do about it, may be empty
	Undecoded     bool   // the value is not text in the encoding that the input is read in
}

// Error is the place and the cause, without the hint: links.csv:1042:21: column 4, related_id
// "12x4" is not a record id. The line is the one on which the row starts.
func (e *RowError) Error() string {
	var s strings.Builder
	if e.AtLine == e.Line {
		s.WriteString(place(e.File, e.Line, e.AtCol))
	} else {
		s.WriteString(place(e.File, e.Line, 0))
	}
	s.WriteString(": " + e.what())
	if e.AtLine != e.Line {
		fmt.Fprintf(&s, " (in line %d)", e.AtLine)
	}
	return s.String()
}

// what is the cause with the column's number: column 4, related_id "12x4" is not a record id.
func (e *RowError) what() string {
	if column := fmt.Sprintf("column %d", e.Number); e.Number > 0 && e.Column != column {
		return column + ", " + e.Message()
	}
	return e.Message()
}

// Message is the cause without the place: related_id "12x4" is not a record id.
func (e *RowError) Message() string {
	switch {
	case e.Column == "":
		return e.Reason
	case e.Value == "":
		return e.Column + " " + e.Reason
	}
	return e.Column + " " + strconv.Quote(e.Value) + " " + e.Reason
}

func place(file string, line, col int) string {
	if !utf8.ValidString(file) || strings.ContainsFunc(file, func(r rune) bool { return !unicode.IsPrint(r) }) {
		file = strconv.Quote(file) // it could upset a terminal, and is no text that a log can hold
	}
	switch {
	case line == 0:
		return file
	case col == 0:
		return fmt.Sprintf("%s:%d", file, line)
	}
	return fmt.Sprintf("%s:%d:%d", file, line, col)
}

// maxShown is how much of a value a message shows, in characters.
const maxShown = 40

// shorten cuts a value to what a message can show.
func shorten(s string) string {
	n := 0
	for i := range s {
		if n++; n > maxShown {
			return s[:i] + "…"
		}
	}
	return strings.Clone(s) // a row's text does not outlive its chunk, and must not keep it alive
}

// plain is a column's name as a message can show it: quoted if it has characters that could upset a
// terminal.
func plain(name string) string {
	name = shorten(strings.TrimSpace(name))
	if q := strconv.Quote(name); q != `"`+name+`"` || name == "" {
		return q
	}
	return name
}
