package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
)

// commandLine is a command that a person can copy from the screen: the one that was given, or one that
// goes on with what it did.
type commandLine struct {
	command string // run
	what    string // the input, or the relation of an export
	flags   []flagGiven
}

// flagGiven is a flag of a command line.
type flagGiven struct{ name, word string }

// onScreenOnly are flags that change what is shown, and not what is done.
var onScreenOnly = []string{"json", "dry-run", "offline", "quiet", "log-format", "log-level"}

// asGiven is the command that was given. Flags from the environment are part of it, since another shell
// may not have them. No flag holds a secret.
func asGiven(cmd *cobra.Command, what string) commandLine {
	c := commandLine{command: cmd.Name(), what: what}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(onScreenOnly, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, v := range values {
			word := "--" + f.Name + "=" + v
			if f.Value.Type() == "bool" && v == "true" {
				word = "--" + f.Name
			}
			c.flags = append(c.flags, flagGiven{f.Name, word})
		}
	})
	if what == job.Stdin && !cmd.Flags().Changed("results") {
		c.flags = append(c.flags, flagGiven{"results", "--results=links.results.csv"})
	}
	return c
}

// with gives the command with a flag that has no value.
func (c commandLine) with(name string) commandLine {
	c = c.without(name)
	c.flags = append(c.flags, flagGiven{name, "--" + name})
	return c
}

// without gives the command without some flags.
func (c commandLine) without(names ...string) commandLine {
	c.flags = slices.DeleteFunc(slices.Clone(c.flags), func(f flagGiven) bool { return slices.Contains(names, f.name) })
	return c
}

// String is the whole command, quoted for a shell.
func (c commandLine) String() string {
	what := c.what
	if what != job.Stdin && strings.HasPrefix(what, "-") { // else it would be taken for a flag
		what = "./" + what
	}
	words := []string{"delink", c.command, shellQuote(what)}
	for _, f := range c.flags {
		words = append(words, shellQuote(f.word))
	}
	return strings.Join(words, " ")
}

// shellQuote quotes a word if a shell would read it as something else.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:,%+@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// nextStep is the one way to go on that an ending recommends.
type nextStep struct {
	to      string // what the command does; empty if there is nothing to go on with
	command commandLine
}

// text gives the step for the end of a text.
func (n nextStep) text() string {
	if n.to == "" {
		return ""
	}
	return "\n\n  to " + n.to + "\n" + commandIndent + n.command.String()
}

// fields gives the step for a record.
func (n nextStep) fields() []any {
	if n.to == "" {
		return nil
	}
	return []any{"next", n.command.String()}
}

// commandIndent stands before a command on a line of its own. Such a line is not broken, so that it can
// be copied: see wrap.
const commandIndent = "  "

// isCommand reports whether a line is a command that is to be copied.
func isCommand(line string) bool { return strings.HasPrefix(line, commandIndent+"delink ") }
