package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
)

// manCommand is hidden: the pages are for those who make packages. Without an argument it lists the
// pages, and with the name of one it prints it.
func (p *program) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man [PAGE]",
		Short:   "lists the manual pages, or prints one",
		Example: `  delink man delink-run | man -l -`,
		Hidden:  true,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			pages := manPages(cmd.Root())
			if len(args) == 0 {
				for _, page := range pages {
					fmt.Fprintln(p.stdout, pageName(page))
				}
				return nil
			}
			i := slices.IndexFunc(pages, func(page *cobra.Command) bool { return pageName(page) == args[0] })
			if i < 0 || len(args) > 1 {
				return usageError{fmt.Errorf("there is no such page"), "delink man lists the pages"}
			}
			_, err := io.WriteString(p.stdout, manPage(pages[i], thisBuild()))
			return err
		},
	}
}

// manPages are the commands that have a page: all but help, topics, and what is the same in all
// programs. Topics are sections of the program's page.
func manPages(cmd *cobra.Command) []*cobra.Command {
	pages := []*cobra.Command{cmd}
	for _, below := range cmd.Commands() {
		switch {
		case below.Hidden, below.Name() == helpName, below.IsAdditionalHelpTopicCommand(), cmd.Name() == "completion":
		default:
			pages = append(pages, manPages(below)...)
		}
	}
	return pages
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// A page leaves words whole and lines uneven: what is to be typed must not have hyphens or spaces
// that do not belong to it. man(7) takes the first only before the title.
const wholeWords, unevenLines = ".nr HY 0\n", ".ad l\n"

// roff is a page in the making, in the language of man(7).
type roff struct{ strings.Builder }

// manPage is the page of a command.
func manPage(cmd *cobra.Command, of build) string {
	var r roff
	day, _, _ := strings.Cut(of.Date, "T")
	fmt.Fprintf(&r, wholeWords+".TH %q 1 %q \"delink %s\" \"delink manual\"\n"+unevenLines, strings.ToUpper(pageName(cmd)), day, of.Version)
	r.section("name")
	fmt.Fprintf(&r, "%s \\- %s\n", escape(pageName(cmd)), prose(cmd.Short))
	r.section("synopsis")
	r.synopsis(cmd)
	r.section("description")
	r.text(aboutOf(cmd))
	r.commands(cmd)
	r.flags(cmd)
	r.more(cmd)
	if cmd.HasExample() {
		r.section("examples")
		r.asIs(strings.Split(strings.Trim(cmd.Example, "\n"), "\n"))
	}
	r.seeAlso(cmd)
	return r.String()
}

func (r *roff) section(title string) { fmt.Fprintf(r, ".SH %s\n", strings.ToUpper(title)) }

func (r *roff) synopsis(cmd *cobra.Command) {
	_, arguments, _ := strings.Cut(cmd.Use, " ")
	if cmd.HasAvailableSubCommands() {
		arguments = "COMMAND"
	}
	fmt.Fprintf(r, ".B %s\n", escape(cmd.CommandPath()))
	if arguments != "" {
		fmt.Fprintf(r, ".I %s\n", escape(arguments))
	}
	r.WriteString("[\\fIFLAGS\\fP]\n")
}

// text writes a help text.
func (r *roff) text(text string) {
	for i, part := range partsOf(text) {
		if i > 0 && part.rows == nil {
			r.WriteString(".PP\n")
		}
		switch {
		case part.paragraph != "":
			r.WriteString(prose(part.paragraph) + "\n")
		case part.rows != nil:
			r.rows(part.rows)
		default:
			r.asIs(part.lines)
		}
	}
}

// rows writes names and what they are.
func (r *roff) rows(rows [][2]string) {
	for _, row := range rows {
		fmt.Fprintf(r, ".TP\n.B %s\n%s\n", escape(row[0]), prose(row[1]))
	}
}

// asIs writes lines that are to be typed.
func (r *roff) asIs(lines []string) {
	r.WriteString(".EX\n")
	for _, line := range lines {
		r.WriteString(escape(line) + "\n")
	}
	r.WriteString(".EE\n")
}

func (r *roff) commands(cmd *cobra.Command) {
	if rows := commandRows(cmd); len(rows) > 0 {
		r.section("commands")
		r.rows(rows)
	}
}

// flags writes the flags of a command in the groups of its help.
func (r *roff) flags(cmd *cobra.Command) {
	r.section("options")
	groups := groupedFlags(cmd)
	for _, g := range groups {
		if len(groups) > 1 {
			fmt.Fprintf(r, ".SS %s\n", escape(g.heading))
		}
		for _, f := range g.flags {
			name, value, text := flagText(f)
			r.WriteString(".TP\n")
			if f.Shorthand != "" {
				fmt.Fprintf(r, "\\fB%s\\fP, ", escape("-"+f.Shorthand))
			}
			fmt.Fprintf(r, "\\fB%s\\fP", escape(name))
			if value != "" {
				fmt.Fprintf(r, " \\fI%s\\fP", escape(value))
			}
			r.WriteString("\n" + prose(text) + "\n")
		}
	}
}

// more writes the exit codes, and what else a page has beside the help of its command: the page of
// the program has the topics.
func (r *roff) more(cmd *cobra.Command) {
	if cmd.Name() == emulatorName {
		r.section("knobs")
		r.text(knobText())
	}
	r.section("exit status")
	if cmd.HasParent() {
		r.text(exitCodes())
		return
	}
	r.text(topic(cmd, "exit-codes"))
	r.section("environment")
	r.text(topic(cmd, "environment"))
	r.section("files")
	r.text(topic(cmd, "files"))
}

func (r *roff) seeAlso(cmd *cobra.Command) {
	var others []string
	if cmd.HasParent() {
		others = append(others, pageName(cmd.Parent()))
	}
	for _, page := range manPages(cmd)[1:] {
		if page.Parent() == cmd {
			others = append(others, pageName(page))
		}
	}
	if len(others) == 0 {
		return
	}
	r.section("see also")
	for i, other := range others {
		comma := ","
		if i == len(others)-1 {
			comma = ""
		}
		fmt.Fprintf(r, ".BR %s (1)%s\n", escape(other), comma)
	}
}

// signs are characters that roff would print as others.
var signs = strings.NewReplacer(`\`, `\e`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`)

// inRoff has roff print characters as they are. It knows those beyond ASCII by their numbers,
// whatever the encoding of the page.
func inRoff(s string) string {
	var b strings.Builder
	for _, r := range signs.Replace(s) {
		if r > unicode.MaxASCII {
			fmt.Fprintf(&b, `\[u%04X]`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// flagInText is a flag's name in a sentence. Its hyphens must stay what they are, to be copied.
var flagInText = regexp.MustCompile(`(^|[\s(])--?[a-z][a-z-]*`)

// prose makes a line of a sentence, in which roff may break lines and hyphens may be typographic.
func prose(s string) string {
	s = flagInText.ReplaceAllStringFunc(inRoff(s), func(flag string) string { return strings.ReplaceAll(flag, "-", `\-`) })
	return guarded(s)
}

// escape makes a line that looks on the page just as it is.
func escape(s string) string { return guarded(strings.ReplaceAll(inRoff(s), "-", `\-`)) }

// guarded keeps roff from reading a line as a command.
func guarded(s string) string {
	if strings.HasPrefix(s, ".") {
		return `\&` + s
	}
	return s
}
