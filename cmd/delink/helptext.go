package main

import (
	"strings"
	"unicode/utf8"
)

// A help text is written as people read it: paragraphs, and indented lines below them. An indented
// line with a name, two spaces or more, and what it is, is a row of a table. Other indented lines
// are to be typed, and stay as they are. Help and manual pages are both made of such texts.

// helpPart is a part of a help text. One of its fields is set.
type helpPart struct {
	paragraph string      // on one line
	rows      [][2]string // of a table
	lines     []string    // to be typed
}

// partsOf takes a help text apart.
func partsOf(text string) []helpPart {
	var all []helpPart
	for part := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		var sentences, indented []string
		for line := range strings.SplitSeq(part, "\n") {
			if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
				indented = append(indented, strings.TrimSpace(line))
				continue
			}
			sentences = append(sentences, line)
		}
		if len(sentences) > 0 {
			all = append(all, helpPart{paragraph: strings.Join(strings.Fields(strings.Join(sentences, " ")), " ")})
		}
		if rows, ok := rowsOf(indented); ok {
			all = append(all, helpPart{rows: rows})
		} else if len(indented) > 0 {
			all = append(all, helpPart{lines: indented})
		}
	}
	return all
}

// rowsOf gives the rows of a table; ok is false if a line is none.
func rowsOf(lines []string) (rows [][2]string, ok bool) {
	for _, line := range lines {
		name, about, found := cutRow(line)
		if !found {
			return nil, false
		}
		rows = append(rows, [2]string{name, about})
	}
	return rows, len(rows) > 0
}

// cutRow takes a line apart where two spaces or more are.
func cutRow(line string) (name, about string, found bool) {
	name, about, found = strings.Cut(line, "  ")
	return name, strings.TrimSpace(about), found
}

// sheet is the paper of a help text.
type sheet struct{ width int }

// Widths of help texts.
const (
	widestHelp = 100 // longer lines are hard to read
	widestName = 26  // the text of a longer name begins below the name
	leastText  = 32  // a narrower second column is hard to read, so texts stand below names
	indent     = "  "
	deeper     = "    " // of a text below its name
)

// text lays out a help text.
func (s sheet) text(text string) string {
	var b strings.Builder
	for i, part := range partsOf(text) {
		if i > 0 {
			b.WriteString("\n")
		}
		switch {
		case part.paragraph != "":
			b.WriteString(s.fill(part.paragraph, "", ""))
		case part.rows != nil:
			b.WriteString(s.rows(part.rows, s.column(part.rows)))
		default:
			for _, line := range part.lines {
				b.WriteString(s.command(line))
			}
		}
	}
	return b.String()
}

// column gives the width of the column of names, with what is before and behind it; 0 if there is
// no room for two columns.
func (s sheet) column(rows [][2]string) int {
	widest := 0
	for _, r := range rows {
		if n := utf8.RuneCountInString(r[0]); n <= widestName {
			widest = max(widest, n)
		}
	}
	if column := len(indent) + widest + len("  "); s.width-column >= leastText {
		return column
	}
	return 0
}

// rows lays out names and what they are: in two columns or, if column is 0, one below the other.
func (s sheet) rows(rows [][2]string, column int) string {
	var b strings.Builder
	for _, r := range rows {
		name := indent + r[0]
		switch {
		case r[1] == "":
			b.WriteString(name + "\n")
		case column == 0:
			b.WriteString(indent + strings.TrimSpace(r[0]) + "\n" + s.fill(r[1], deeper, deeper))
		case utf8.RuneCountInString(name)+len("  ") > column:
			b.WriteString(name + "\n" + s.fill(r[1], strings.Repeat(" ", column), strings.Repeat(" ", column)))
		default:
			b.WriteString(s.fill(r[1], name+strings.Repeat(" ", column-utf8.RuneCountInString(name)), strings.Repeat(" ", column)))
		}
	}
	return b.String()
}

// fill breaks a paragraph into lines. Its first line begins with first, the others with rest.
func (s sheet) fill(paragraph, first, rest string) string {
	var b strings.Builder
	line, empty := first, true
	for _, word := range strings.Fields(paragraph) {
		switch {
		case empty:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= s.width:
			line += " " + word
		default:
			b.WriteString(line + "\n")
			line = rest + word
		}
		empty = false
	}
	return b.String() + strings.TrimRight(line, " ") + "\n"
}

// examples lays out commands and what they do: in two columns or, where that is too wide, what a
// command does as a comment above it. The longest command without a comment makes no column wider.
func (s sheet) examples(text string) string {
	column, widest := 0, 0
	var rows [][2]string
	for line := range strings.Lines(text) {
		command, about, _ := cutRow(strings.TrimSpace(line))
		rows = append(rows, [2]string{command, about})
		if about != "" {
			column = max(column, len(indent)+utf8.RuneCountInString(command)+len("  "))
			widest = max(widest, utf8.RuneCountInString(about))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		switch {
		case r[1] == "":
			b.WriteString(s.command(r[0]))
		case column+widest <= s.width:
			b.WriteString(indent + r[0] + strings.Repeat(" ", column-len(indent)-utf8.RuneCountInString(r[0])) + r[1] + "\n")
		default:
			b.WriteString(s.fill(r[1], indent+"# ", indent+"# ") + s.command(r[0]))
		}
	}
	return b.String()
}

// command lays out a command. Where it is too long, it goes on in another line, so that a shell
// takes what is copied for one command.
func (s sheet) command(command string) string {
	const goesOn = ` \`
	if utf8.RuneCountInString(indent+command) <= s.width {
		return indent + command + "\n"
	}
	var b strings.Builder
	line := indent
	for _, word := range s.units(command) {
		switch {
		case line == indent:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word)+len(goesOn) <= s.width:
			line += " " + word
		default:
			b.WriteString(line + goesOn + "\n")
			line = indent + indent + word
		}
	}
	return b.String() + line + "\n"
}

// units are the words of a command, but a flag is one with the word behind it, which is often its
// value, if both fit in a line.
func (s sheet) units(command string) []string {
	var units []string
	for _, word := range shellWords(command) {
		last := len(units) - 1
		value := word == "-" || !strings.HasPrefix(word, "-")
		if value && last >= 0 && strings.HasPrefix(units[last], "-") && !strings.Contains(units[last], " ") {
			if both := units[last] + " " + word; utf8.RuneCountInString(indent+indent+both+" \\") <= s.width {
				units[last] = both
				continue
			}
		}
		units = append(units, word)
	}
	return units
}

// shellWords takes a command apart where spaces are, but not inside quotes.
func shellWords(command string) []string {
	var words []string
	var quote rune
	begin := 0
	for i, r := range command {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && r == ' ':
			words = append(words, command[begin:i])
			begin = i + 1
		}
	}
	return append(words, command[begin:])
}
