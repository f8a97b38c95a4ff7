package reader

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// lineBreaks are characters that people and programs take for a line end, and this package does
// not: a file whose lines end in them is one long header. Line ends in quotes belong here too: a
// quote that is not closed joins lines.
var lineBreaks = []struct{ text, name string }{
	{`\r\n`, `the four characters \r\n`},
	{`\n`, `the two characters \n`},
	{`\r`, `the two characters \r`},
	{"\u0085", "next-line characters (U+0085)"},
	{"\u2028", "line separators (U+2028)"},
	{"\u2029", "paragraph separators (U+2029)"},
	{"\v", "vertical tabs"},
	{"\f", "form feeds"},
	{"\x1e", "record separators (U+001E)"},
	{"\r\n", ""},
	{"\n", ""},
	{"\r", ""},
}

// idInName finds what looks like a record id in a header: a run of as many digits as ids have in
// practice, an id with Zoho's prefix, or an id that a spreadsheet has changed.
var idInName = regexp.MustCompile(`[0-9]{15,}|zcrm_[0-9]+|[0-9][.,]?[0-9]*[eE]\+[0-9]{2}`)

// idInside refuses a header that holds what looks like a record id: it has a row in it, which would
// be lost.
func (h *Header) idInside() *InputError {
	for i, name := range h.Columns {
		if id := idInName.FindString(name); id != "" {
			return h.fail(i, fmt.Sprintf("the header holds what looks like a record id, %q: a row may have become a part of it", shorten(id)), h.hintJoined())
		}
	}
	return nil
}

// joined refuses an input without rows if its header looks like several lines in one.
func (r *records) joined() error {
	h := r.header
	if _, found := h.lineBreak(); !found {
		return nil
	}
	err := h.fail(0, "there are no rows: the header looks like several lines that were joined", h.hintJoined())
	err.File = r.file
	return err
}

func (h *Header) hintJoined() string {
	switch name, found := h.lineBreak(); {
	case name != "":
		return "the lines seem to end in " + name + ", which are no line ends: write the file with line feeds"
	case found:
		return "the quotes of the header hold line ends: look for a quote that is not closed"
	}
	return "look at the line ends and the quotes of the first line; if it is the name of a column, change it"
}

// lineBreak finds what may have been meant for a line end in the header: it cuts the header into
// lines that have as many delimiters as one another. The name is empty for a real line end, in
// quotes.
func (h *Header) lineBreak() (name string, found bool) {
	for _, b := range lineBreaks {
		lines := strings.Split(strings.TrimSuffix(string(h.Raw), b.text), b.text)
		n := strings.Count(lines[0], string(h.Comma))
		if len(lines) > 1 && n > 0 && strings.Count(lines[1], string(h.Comma)) == n {
			return b.name, true
		}
	}
	return "", false
}

// joinedLines says what joins the lines of a header that names no link; empty if nothing does.
func (h *Header) joinedLines() string {
	if bytes.IndexByte(h.Raw, h.Comma) < 0 {
		return ""
	}
	if name, _ := h.lineBreak(); name != "" {
		return h.hintJoined()
	}
	return ""
}
