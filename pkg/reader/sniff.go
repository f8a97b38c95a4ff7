package reader

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	"delink/pkg/reader/scan"
)

// sampleSize is how much of the text is looked at to find out its line ends and delimiter.
const sampleSize = 64 << 10

// delimiters are the characters that can separate columns.
var delimiters = []struct {
	b     byte
	name  string
	words []string // which ParseDelimiter takes for it
}{
	{',', "commas", []string{",", "comma"}},
	{';', "semicolons", []string{";", "semicolon"}},
	{'\t', "tabs", []string{"\t", "tab", `\t`}},
	{'|', "bars", []string{"|", "pipe", "bar"}},
}

// ParseDelimiter reads the name of a delimiter: the character itself, or a word for it.
func ParseDelimiter(s string) (byte, error) {
	word := strings.TrimSuffix(strings.ToLower(s), "s")
	for _, d := range delimiters {
		for _, w := range d.words {
			if w == word {
				return d.b, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is not a delimiter: it is comma, semicolon, tab or pipe", s)
}

// DelimiterName is the word for a delimiter that ParseDelimiter takes.
func DelimiterName(b byte) string {
	for _, d := range delimiters {
		if d.b == b {
			return d.words[1]
		}
	}
	return ""
}

// alienText are texts that are no CSV files, by how they begin.
var alienText = []struct {
	begin      *regexp.Regexp
	what, hint string
}{
	{
		regexp.MustCompile(`(?i)^\s*(<!doctype|<html|<head|<body|<meta|<table|<script|<div|<!--)`), "a web page (HTML)",
		"what was downloaded may be a login or error page: look at it in a browser, and export again",
	},
	{regexp.MustCompile(`(?i)^\s*<\?xml`), "XML", "export it as CSV"},
	{regexp.MustCompile(`^\s*(\{\s*("|\}|\z)|\[\s*([\[{"\]]|\z))`), "JSON", "export it as CSV"},
}

// sepLine is Excel's first line, which names the delimiter.
var sepLine = regexp.MustCompile(`(?i)^("?)sep=([^\r\n"])("?)(\r+\n|\n|\r|\z)`)

// sniffLineEnd finds out what ends lines from the end of the first line that is not blank. Quotes
// may hold line ends, and toggle whatever the delimiter is.
func sniffLineEnd(text []byte) string {
	inQuotes, blank := false, true
	for i, c := range text {
		switch {
		case c == '"':
			inQuotes, blank = !inQuotes, false
		case c != '\n' && c != '\r':
			blank = blank && (c == ' ' || c == '\t')
		case inQuotes || blank:
		case c == '\n':
			return "\n"
		default:
			returns := len(text[i:]) - len(bytes.TrimLeft(text[i:], "\r"))
			switch {
			case i+returns == len(text) || text[i+returns] != '\n':
				return "\r"
			case returns > 1:
				return "\r\r\n"
			}
			return "\r\n"
		}
	}
	return "\n"
}

// sniff finds out the line end and the delimiter from the beginning of the text, and refuses what
// is no CSV file.
func (r *records) sniff(d *Dialect, opt Options) *InputError {
	text := r.win.Sample(sampleSize)
	for _, a := range alienText {
		if a.begin.Match(text) {
			return &InputError{Line: 1, Col: 1, Cause: "the file is " + a.what + ", not a CSV file", Hint: a.hint}
		}
	}
	d.LineEnd = sniffLineEnd(text)
	if sep := sepLine.FindSubmatch(text); sep != nil && len(sep[1]) == len(sep[3]) {
		d.Sep = string(sep[0])
		d.LineEnd = sniffLineEnd(text[len(sep[0]):])
		if len(text) == len(sep[0]) {
			d.LineEnd = "\n"
		}
		d.Comma = sep[2][0]
		if DelimiterName(d.Comma) == "" && opt.Delimiter == 0 {
			return &InputError{
				Line: 1, Col: 5 + len(sep[1]), Cause: fmt.Sprintf("the first line says that the columns are separated by %q", sep[2]),
				Hint: "save it again with commas, semicolons, tabs or bars between the columns",
			}
		}
	}
	if opt.Delimiter != 0 {
		d.Comma = opt.Delimiter
	}
	if d.Comma != 0 {
		return nil
	}
	return r.sniffDelimiter(d, opt, text)
}

// sniffDelimiter takes the delimiter with which the header names a link. In a file that an earlier
// run has written, that is the one of its own columns, whatever the others look like. If there is
// no such delimiter, it takes the one that makes the most columns, so that the message names the
// columns that people see.
func (r *records) sniffDelimiter(d *Dialect, opt Options, text []byte) *InputError {
	var fit []string
	most := 0
	for _, candidate := range delimiters {
		try := *d
		try.Comma = candidate.b
		h, ahead := peekHeader(try, text, r.win.Whole())
		if h == nil {
			continue
		}
		if len(h.Columns) > max(most, 1) && fit == nil {
			most, d.Comma = len(h.Columns), candidate.b
		}
		if h.isOfRun() {
			d.Comma = candidate.b
			return nil
		}
		if len(h.Columns) > 1 && h.resolve(opt, ahead) == nil {
			fit = append(fit, candidate.name)
			d.Comma = candidate.b
		}
	}
	if len(fit) > 1 {
		return &InputError{
			Line: 1, Col: 1, Cause: "the columns may be separated by " + strings.Join(fit, " or by "),
			Remedy: GiveDelimiter{},
		}
	}
	if d.Comma == 0 {
		d.Comma = ','
	}
	return nil
}

// peekHeader gives the header that a text has if it is of that dialect, and a look at the rows
// below; nil if it cannot be.
func peekHeader(d Dialect, text []byte, whole bool) (h *Header, ahead lookAhead) {
	r := &records{win: &scan.Window{Buf: text, Err: io.ErrShortBuffer}, scan: scan.Scanner{Comma: d.Comma, Newline: d.newline()}, at: len(d.Sep)}
	if whole {
		r.win.Err = io.EOF
	}
	for {
		rec, row, err := r.next()
		if err != nil || row.Fault != nil {
			return nil, nil
		}
		if r.scan.Blank(text) {
			continue
		}
		h = &Header{Dialect: d, Raw: r.text(rec), Line: 1, Columns: r.scan.Values(text)}
		r.findTail(h)
		return h, r.ahead(h)
	}
}
