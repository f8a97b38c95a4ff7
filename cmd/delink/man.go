package main

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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

// manPages are the commands that have a page: all but help, and what is the same in all programs.
func manPages(cmd *cobra.Command) []*cobra.Command {
	pages := []*cobra.Command{cmd}
	for _, below := range cmd.Commands() {
		switch {
		case below.Hidden, below.Name() == "help", cmd.Name() == "completion":
		default:
			pages = append(pages, manPages(below)...)
		}
	}
	return pages
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// ragged leaves words whole and lines uneven: what is to be typed must not have hyphens or spaces
// that do not belong to it.
const ragged = ".nr HY 0\n.ad l\n"

// roff is a page in the making, in the language of man(7).
type roff struct{ strings.Builder }

// manPage is the page of a command.
func manPage(cmd *cobra.Command, of build) string {
	cmd.InitDefaultHelpFlag()
	var r roff
	day, _, _ := strings.Cut(of.Date, "T")
	fmt.Fprintf(&r, ".TH %q 1 %q \"delink %s\" \"delink manual\"\n"+ragged, strings.ToUpper(pageName(cmd)), day, of.Version)
	r.section("name")
	fmt.Fprintf(&r, "%s \\- %s\n", escape(pageName(cmd)), prose(cmd.Short))
	r.section("synopsis")
	r.synopsis(cmd)
	r.section("description")
	r.text(strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short+".")))
	r.commands(cmd)
	r.flags("options", cmd.LocalFlags())
	r.flags("options of all commands", cmd.InheritedFlags())
	if !cmd.HasParent() {
		r.everywhere()
	}
	if cmd.HasExample() {
		r.section("examples")
		r.text(cmd.Example)
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
	if cmd.HasAvailableFlags() {
		r.WriteString("[\\fIFLAGS\\fP]\n")
	}
}

// text writes paragraphs. Lines that begin with a space are tables or commands, and stay as they
// are.
func (r *roff) text(text string) {
	asIs := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		switch {
		case line == "" && !asIs:
			r.WriteString(".PP\n")
			continue
		case line == "":
			r.WriteString(".EE\n.PP\n")
			asIs = false
			continue
		case indented && !asIs:
			r.WriteString(".EX\n")
		case !indented && asIs:
			r.WriteString(".EE\n")
		}
		asIs = indented
		if indented {
			r.WriteString(escape(line) + "\n")
			continue
		}
		r.WriteString(prose(line) + "\n")
	}
	if asIs {
		r.WriteString(".EE\n")
	}
}

func (r *roff) commands(cmd *cobra.Command) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	r.section("commands")
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() {
			fmt.Fprintf(r, ".TP\n.B %s\n%s\n", escape(below.Name()), prose(below.Short))
		}
	}
}

func (r *roff) flags(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	r.section(title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		r.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(r, "\\fB%s\\fP, ", escape("-"+f.Shorthand))
		}
		fmt.Fprintf(r, "\\fB%s\\fP", escape("--"+f.Name))
		if value != "" {
			fmt.Fprintf(r, " \\fI%s\\fP", escape(value))
		}
		if !slices.Contains([]string{"", "false", "0", "0s", "[]"}, f.DefValue) {
			usage += " (default " + f.DefValue + ")"
		}
		r.WriteString("\n" + prose(usage) + "\n")
	})
}

// everywhere writes what holds for all commands. It stands in the page of the program.
func (r *roff) everywhere() {
	r.section("exit status")
	r.text(exitCodes())
	r.section("environment")
	for _, v := range []struct{ name, about string }{
		{"ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN", "The login. It beats a login that delink auth login has stored."},
		{"ZOHO_ACCESS_TOKEN", "A ready access token, for about an hour."},
		{"ZOHO_CLIENT_ID_FILE, ...", "Each of these can be read from a file instead."},
		{"ZOHO_DC, ZOHO_ACCOUNTS_URL, ZOHO_API_DOMAIN", "Where to go: the data centre, or the hosts themselves."},
		{"HTTPS_PROXY, NO_PROXY", "The proxy for calls, and the hosts that are called without it."},
		{"SSL_CERT_FILE", "A file with root certificates, instead of those of the system. Where there are none, built-in ones count."},
		{"DELINK_...", "Every flag has a variable: --max-calls is DELINK_MAX_CALLS. A flag beats its variable."},
		{"NO_COLOR", "No colours, if it is set."},
	} {
		fmt.Fprintf(r, ".TP\n.B %s\n%s\n", escape(v.name), prose(v.about))
	}
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

// flagInText is a flag's name in a sentence. Its hyphens must stay what they are, to be copied.
var flagInText = regexp.MustCompile(`(^|[\s(])--?[a-z][a-z-]*`)

// prose makes a line of a sentence, in which roff may break lines and hyphens may be typographic.
func prose(s string) string {
	s = flagInText.ReplaceAllStringFunc(signs.Replace(s), func(flag string) string { return strings.ReplaceAll(flag, "-", `\-`) })
	return guarded(s)
}

// escape makes a line that looks on the page just as it is.
func escape(s string) string { return guarded(strings.ReplaceAll(signs.Replace(s), "-", `\-`)) }

// guarded keeps roff from reading a line as a command.
func guarded(s string) string {
	if strings.HasPrefix(s, ".") {
		return `\&` + s
	}
	return s
}
