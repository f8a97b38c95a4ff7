package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/disk"
	"delink/pkg/job"
)

// commandLine is a command that a person can copy from the screen: the one that was given, or one that
// goes on with what it did.
type commandLine struct {
	command string // run
	what    string // the input, or the relation of an export
	flags   []flagGiven
	// flagsUnknown says that the command had flags that are not known, since only its files are.
	flagsUnknown bool
}

// flagGiven is a flag of a command line.
type flagGiven struct {
	name, word string
	unset      string // the word that sets the flag back to its default; empty if to leave it out is enough
}

// onScreenOnly are flags that change what is shown, and not what is done.
var onScreenOnly = []string{"json", "dry-run", "offline", "quiet", "log-format", "log-level"}

// asGiven is the command that was given. Flags from the environment are part of it, since another shell
// may not have them, but for those that do not count: see refuseForEmulator. No flag holds a secret.
func asGiven(cmd *cobra.Command, what string) commandLine {
	c := commandLine{command: cmd.Name(), what: what}
	left := onScreenOnly
	if emulator := cmd.Flags().Lookup("emulator"); emulator != nil && emulator.Value.String() == "true" {
		left = slices.Concat(left, meanAnOrg)
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch {
		case f.Name == "dry-run" && f.Annotations[fromTwin] != nil: // it is in force in the same environment
			c.flags = append(c.flags, flagGiven{name: f.Name, word: "--dry-run=false"})
			return
		case slices.Contains(left, f.Name):
			return
		}
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, v := range values {
			given := flagGiven{name: f.Name, word: "--" + f.Name + "=" + v}
			if f.Value.Type() == "bool" && v == "true" {
				given.word = "--" + f.Name
			}
			if f.Annotations[fromTwin] != nil {
				given.unset = "--" + f.Name + "=" + f.DefValue
			}
			c.flags = append(c.flags, given)
		}
	})
	if c.isGone() && !cmd.Flags().Changed("results") {
		c.flags = append(c.flags, flagGiven{name: "results", word: "--results=links.results.csv"})
	}
	return c
}

// as gives the command with the same input and flags by another name.
func (c commandLine) as(command string) commandLine {
	c.command = command
	return c
}

// isGone reports whether the input cannot be read again by its name: it came through a pipe.
func (c commandLine) isGone() bool { return c.what == job.Stdin || disk.IsStream(c.what) }

// has reports whether one of some flags is given.
func (c commandLine) has(names ...string) bool {
	return slices.ContainsFunc(c.flags, func(f flagGiven) bool { return slices.Contains(names, f.name) })
}

// names gives which of some flags are given, as people write them.
func (c commandLine) names(of ...string) (names []string) {
	for _, f := range c.flags {
		if slices.Contains(of, f.name) && !slices.Contains(names, "--"+f.name) {
			names = append(names, "--"+f.name)
		}
	}
	return names
}

// with gives the command with a flag that has no value.
func (c commandLine) with(name string) commandLine {
	c = c.without(name)
	c.flags = append(c.flags, flagGiven{name: name, word: "--" + name})
	return c
}

// without gives the command without some flags. Those from the environment are still in force where it
// is the same: see unset.
func (c commandLine) without(names ...string) commandLine {
	c.flags = slices.DeleteFunc(slices.Clone(c.flags), func(f flagGiven) bool { return slices.Contains(names, f.name) })
	return c
}

// unset gives the command without some flags, in any environment.
func (c commandLine) unset(names ...string) commandLine {
	old := c
	c = c.without(names...)
	for _, f := range old.flags {
		if f.unset != "" && slices.Contains(names, f.name) {
			c.flags = append(c.flags, flagGiven{name: f.name, word: f.unset})
		}
	}
	return c
}

// String is the whole command, quoted for a shell.
func (c commandLine) String() string {
	words := []string{"delink", c.command, shellQuote(asArgument(c.what))}
	for _, f := range c.flags {
		words = append(words, shellQuote(f.word))
	}
	return strings.Join(words, " ")
}

// asArgument gives the path of an input as an argument. It would be taken for a flag if it began with a
// hyphen.
func asArgument(path string) string {
	if path != job.Stdin && strings.HasPrefix(path, "-") {
		return "./" + path
	}
	return path
}

// shellQuote quotes a word if a shell would read it as something else.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:,%+@", r)
	}
	switch {
	case !utf8.ValidString(s), strings.ContainsFunc(s, unicode.IsControl):
		return ansiQuote(s)
	case s == "", strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }):
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// ansiQuote quotes a word with bytes that cannot be shown. The shells of today understand it.
func ansiQuote(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for _, c := range []byte(s) {
		switch {
		case c == '\'', c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "'"
}

// commandIndent stands before a command on a line of its own. Such a line is not broken, so that it can
// be copied: see wrap.
const commandIndent = "  "

// isCommand reports whether a line is a command that is to be copied.
func isCommand(line string) bool { return strings.HasPrefix(line, commandIndent+"delink ") }
